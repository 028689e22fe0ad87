"""`woshou db`, `keys`, `clock`: what an operator does to keep a node going."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from adapters.clock import set_clock
from adapters.database.policies import Weakness
from adapters.keys.errors import UnusableKey
from adapters.keys.jose import PublicKey
from adapters.keys.keyring import Keyring
from exchange.errors import Conflict, Invalid
from exchange.moments import SHANGHAI, format_moment, parse_moment
from exchange.wire import ijson
from woshou.cli.call import Call, command, group
from woshou.cli.commands import data_keys
from woshou.cli.commands.data_keys import rotate_data
from woshou.cli.exits import Exit
from woshou.cli.words import say
from woshou.wiring import keyed_hash, keys_folder, open_clock, open_ledger

_KEY_COLUMNS = {
    "kid": ("密钥标识", "Key id"),
    "use": ("用途", "Use"),
    "not_before": ("启用", "From"),
    "not_after": ("停用", "Until"),
    "revoked_from": ("作废", "Revoked from"),
}


WEAKNESSES = {
    Weakness.SUPERUSER: (
        "数据库账号是超级用户，行级安全对其无效；请改用普通账号（docs/operations.md）。",
        "The database's login is a superuser, whom row-level security does not hold: use a plain one (docs/operations.md).",
    ),
    Weakness.BYPASSES: (
        "数据库账号有 BYPASSRLS，行级安全对其无效。",
        "The database's login has BYPASSRLS: row-level security does not hold it.",
    ),
    Weakness.OWNER: (
        "数据库账号拥有这些表，可自行解除行级安全；请另设所有者（database_owner_url）。",
        "The database's login owns the tables and could end their row-level security: give them another owner.",
    ),
    Weakness.OPEN_TABLE: (
        "有的表未启用行级安全；请由表的所有者运行 woshou db upgrade。",
        "A table is not under row-level security: run woshou db upgrade as its owner.",
    ),
    Weakness.READABLE: (
        "其他用户可访问数据库文件：chmod 600（账本与密钥库）。",
        "Others may open the database's files: chmod 600, the ledger and the key store.",
    ),
    Weakness.UNGUARDED: (
        "审计表的触发器缺失、停用或已被改动，其记录可被改写：查明是谁，运行 woshou audit verify；woshou db upgrade 重建触发器。",
        "A trigger that keeps the audit is gone, off or changed, so that its rows could be rewritten: find out by whom, run "
        "woshou audit verify; woshou db upgrade puts it back.",
    ),
}


class NoSimulatedClock(Conflict):
    """The node runs on the machine's clock."""

    code = "no-simulated-clock"
    zh = "该节点使用本机时钟，没有可设置的模拟时钟。"
    en = "The node runs on the machine's clock; there is no simulated one to set."


class NoMoment(Invalid):
    """Neither a moment nor a length of time."""

    code = "no-moment"
    zh = "时间格式应为 2026-03-02T09:00（北京时间）、2026-03-02T01:00:00.000Z 或 +5d、+3h。"
    en = "Write 2026-03-02T09:00 (Shanghai), 2026-03-02T01:00:00.000Z, or +5d, +3h."


def install(app: typer.Typer) -> None:
    """Add the groups."""
    database = group("数据库：升级、版本、检查", "Database: upgrade, revision, check")
    keys = group(
        "本节点密钥：查看、指纹、轮换、作废；账本的主密钥", "The node's keys: show, fingerprint, rotate, revoke; the ledger's"
    )
    clock = group("时钟：查看；沙箱可设置模拟时钟", "Clock: show; set it in a sandbox that runs on a simulated one")
    app.add_typer(database, name="db")
    app.add_typer(keys, name="keys")
    app.add_typer(clock, name="clock")
    _install_database(database)
    _install_keys(keys)
    data_keys.install(keys)
    _install_clock(clock)


def _install_database(app: typer.Typer) -> None:
    @command(
        app,
        "upgrade",
        zh="升级到最新版本；恢复备份后重新擦除",
        en="Bring the tables to the newest revision; erase again after a restore",
    )
    def upgrade(call: Call) -> None:
        settings = call.settings()
        opened = open_ledger(settings, keyed_hash(Keyring.open(keys_folder(settings))))
        try:
            opened.upgrade()
            revision = opened.revision()
            # After a restore: what was erased since the copy was made.
            erased = opened.data_keys.erase_again() if opened.data_keys is not None else 0
        finally:
            opened.close()
        call.done(
            {"revision": revision, "erased_again": erased},
            f"数据库版本：{revision}；重新擦除 {erased} 行。",
            f"Revision: {revision}; {erased} rows erased again.",
        )

    @command(app, "revision", zh="显示数据库版本", en="Show the tables' revision")
    def revision(call: Call) -> None:
        opened = open_ledger(call.settings())
        try:
            found, current = opened.revision(), opened.is_current()
        finally:
            opened.close()
        state = say("最新", "current") if current else say("需升级", "to be upgraded")
        call.done({"revision": found, "current": current}, f"{found}（{state}）", f"{found} ({state})")

    @command(app, "check", zh="检查数据库可用且为最新版本", en="Check that the database answers and is current")
    def check(call: Call) -> None:
        opened = open_ledger(call.settings())
        try:
            current = opened.is_current()
            if current:
                with opened.transaction(read_only=True) as ledger:
                    ledger.links.all()
                if opened.data_keys is not None:
                    opened.data_keys.check()
            weak = opened.weaknesses() if current else []
        finally:
            opened.close()
        told = [("数据库需升级。", "Upgrade it.")] if not current else [WEAKNESSES[weakness] for weakness in weak]
        told = told or [("数据库正常。", "All well.")]
        call.done({"current": current, "weaknesses": weak}, "\n".join(zh for zh, _ in told), "\n".join(en for _, en in told))
        if not current:
            raise typer.Exit(Exit.NOT_INITIALISED)
        if weak:
            raise typer.Exit(Exit.UNPROTECTED)


def _keyring(call: Call) -> tuple[Keyring, datetime]:
    settings = call.settings()
    return Keyring.open(keys_folder(settings)), open_clock(settings).now()


def _install_keys(app: typer.Typer) -> None:
    @command(app, "show", zh="列出全部公钥及其期限", en="List all public keys with their times")
    def show(call: Call) -> None:
        keyring, _ = _keyring(call)
        revoked = {row.kid: row.since for row in keyring.index.revocations}
        rows = [
            {
                "kid": key.public.kid,
                "use": key.use,
                "not_before": key.not_before,
                "not_after": key.not_after,
                "revoked_from": revoked.get(key.public.kid),
            }
            for key in keyring.index.keys
        ]
        here = keyring.recovery_still_here
        call.rows(rows, _KEY_COLUMNS, recovery=keyring.recovery_kid, recovery_still_here=here)
        if here:
            call.note("恢复密钥仍在本机，请移出离线保存。", "The recovery key is still on this machine: move it offline.")

    @command(app, "fingerprint", zh="显示供对方核对的指纹", en="Show the fingerprint that partners compare")
    def fingerprint(call: Call) -> None:
        keyring, now = _keyring(call)
        shown = keyring.fingerprint(now)
        call.done({"fingerprint": shown}, shown, shown)

    @command(app, "rotate", zh="轮换密钥，新旧密钥并存一段时间", en="Make new keys; the old ones stay valid for a while")
    def rotate(
        call: Call,
        overlap_days: Annotated[
            int, typer.Option(min=0, max=400, help=say("新旧并存天数", "days for which the old keys stay valid"))
        ] = 30,
        use: Annotated[
            Literal["sig", "enc", "both", "data"],
            typer.Option(
                help=say("签名、加密、两者，或账本的主密钥", "signing, encryption, both, or the ledger's key-encryption key")
            ),
        ] = "both",
    ) -> None:
        call.told()
        if use == "data":
            rotate_data(call)
            return
        keyring, now = _keyring(call)
        uses: dict[str, tuple[Literal["sig", "enc"], ...]] = {"sig": ("sig",), "enc": ("enc",), "both": ("sig", "enc")}
        renewed = keyring.rotate(now, timedelta(days=overlap_days), uses[use])
        shown = renewed.fingerprint(now)
        call.done({"fingerprint": shown}, f"已轮换。新指纹：{shown}", f"Rotated. The fingerprint is now: {shown}")

    @command(app, "adopt", zh="改用设备中的签名密钥", en="Sign by a key in a device, through a command")
    def adopt(
        call: Call,
        jwk: Annotated[Path, typer.Argument(help=say("公钥文件（JWK）", "the public key, a JWK file"))],
        command: Annotated[str, typer.Option(help=say("签名命令，不经 shell", "the command that signs; no shell"))],
        overlap_days: Annotated[
            int, typer.Option(min=0, max=400, help=say("新旧并存天数", "days for which the old keys stay valid"))
        ] = 30,
    ) -> None:
        call.told()
        keyring, now = _keyring(call)
        renewed = keyring.adopt(_public_key(jwk), command, now, timedelta(days=overlap_days))
        shown, kid = renewed.fingerprint(now), renewed.signing_key(now).kid
        call.done({"kid": kid, "fingerprint": shown}, f"现由设备签名。新指纹：{shown}", f"The device signs now: {shown}")

    @command(app, "revoke", zh="作废密钥：自某时起其签名存疑", en="Revoke a key: what it signed from a moment on is doubtful")
    def revoke(
        call: Call,
        kid: Annotated[str, typer.Argument(help=say("密钥标识", "key id"))],
        reason: Annotated[str, typer.Option(help=say("原因，将公开", "why; it is published"))],
        since: Annotated[str | None, typer.Option(help=say("自何时起，默认现在", "from when; now by default"))] = None,
    ) -> None:
        call.told()
        keyring, now = _keyring(call)
        moment = read_moment(since, now) if since else now
        keyring.revoke(kid, moment, reason)
        call.done({"kid": kid, "from": moment}, f"密钥 {kid} 已作废。", f"Key {kid} is revoked.")


def _public_key(path: Path) -> PublicKey:
    try:
        jwk = ijson.loads(path.read_bytes())
    except (OSError, ijson.NotIJSON) as exc:
        raise UnusableKey from exc
    if not isinstance(jwk, dict):
        raise UnusableKey
    return PublicKey.from_jwk(jwk)


def _install_clock(app: typer.Typer) -> None:
    @command(app, "show", zh="显示节点时钟", en="Show the node's clock")
    def show(call: Call) -> None:
        settings = call.settings()
        now = open_clock(settings).now()
        shown = now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        simulated = settings.clock is not None
        call.done(
            {"now": format_moment(now), "simulated": simulated},
            f"{shown}（{'模拟' if simulated else '本机'}时钟）",
            f"{shown} Shanghai ({'simulated' if simulated else 'the machine'}'s clock)",
        )

    @command(app, "set", zh="设置模拟时钟（仅沙箱）", en="Set the simulated clock (sandbox only)")
    def set_to(
        call: Call,
        moment: Annotated[str, typer.Argument(help=say("时刻，或 +5d、+3h", "a moment, or +5d, +3h"))],
        file: Annotated[
            Path | None,
            typer.Option(help=say("时钟文件，可在建立节点前写", "the clock's file, to write it before there is a node")),
        ] = None,
    ) -> None:
        if file is None:
            settings = call.settings()
            if settings.clock is None:
                raise NoSimulatedClock
            target, now = settings.clock, open_clock(settings).now()
        else:
            target, now = file, datetime.now(UTC)
        to = read_moment(moment, now)
        set_clock(target, to)
        call.done({"now": format_moment(to)}, f"时钟已设为 {format_moment(to)}", f"The clock shows {format_moment(to)}")


def read_moment(text: str, now: datetime) -> datetime:
    """A moment as an operator writes it: the wire form, a time of day in Shanghai, or a length of time from now."""
    if text[:1] == "+" and text[1:-1].isdigit() and text[-1:] in ("d", "h", "m"):
        number = int(text[1:-1])
        return now + {"d": timedelta(days=number), "h": timedelta(hours=number), "m": timedelta(minutes=number)}[text[-1]]
    try:
        return parse_moment(text) if text.endswith("Z") else datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError as exc:
        raise NoMoment from exc
