"""`woshou keys rotate --use data`, `keys data`, `keys forget`: the keys under which the ledger is sealed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from adapters.database.sealed.data_keys import DataKeys
from woshou.cli.call import Call, command
from woshou.cli.words import say
from woshou.wiring import open_ledger

_COLUMNS = {
    "kek": ("主密钥", "Key-encryption key"),
    "source": ("来源", "From"),
    "newest": ("当前", "Newest"),
    "here": ("可用", "Here"),
    "data_keys": ("所包裹的数据密钥", "Data keys under it"),
}


def install(app: typer.Typer) -> None:
    """Add the commands to the group of keys."""

    @command(app, "data", zh="列出主密钥及各自包裹的数据密钥数", en="List the key-encryption keys and what each wraps")
    def data(call: Call) -> None:
        # Not checked first: a key that is missing is to be listed.
        with _data_keys(call, check=False) as keys:
            states = keys.states()
            call.rows(states, _COLUMNS, left_to_wrap=keys.left_to_wrap())
            if missing := [state.kek for state in states if not state.here]:
                names = "、".join(missing)
                call.note(f"缺少主密钥 {names}：请恢复。", f"Missing: {', '.join(missing)}. Bring them back.")

    @command(app, "forget", zh="销毁不再使用的主密钥", en="Destroy a key-encryption key that wraps nothing any more")
    def forget(call: Call, kek: Annotated[str, typer.Argument(help=say("主密钥标识", "id of the key-encryption key"))]) -> None:
        call.told()
        with _data_keys(call) as keys:
            keys.forget(kek)
        call.done({"kek": kek}, f"主密钥 {kek} 已销毁。", f"The key-encryption key {kek} is destroyed.")


def rotate_data(call: Call) -> None:
    """Let a new key-encryption key wrap all data keys, while the node runs."""
    with _data_keys(call) as keys:
        with call.steps("重新包裹数据密钥", "Wrapping data keys anew") as progress:
            kek, wrapped = keys.rotate(progress)
        left = keys.left_to_wrap()
    call.done(
        {"kek": kek, "wrapped": wrapped, "left": left},
        f"主密钥 {kek}：重新包裹 {wrapped} 个数据密钥，剩余 {left} 个。" + ("" if left == 0 else "请再运行一次。"),
        f"Key {kek}: {wrapped} data keys wrapped anew, {left} left." + ("" if left == 0 else " Run it once more."),
    )


@contextmanager
def _data_keys(call: Call, *, check: bool = True) -> Iterator[DataKeys]:
    opened = open_ledger(call.settings())
    try:
        if opened.data_keys is None:
            raise LookupError("a node's ledger is always sealed")
        if check:
            opened.data_keys.check()
        yield opened.data_keys
    finally:
        opened.close()
