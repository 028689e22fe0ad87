"""`woshou apikey`: keys for the jurisdiction's own systems and clerks."""

import secrets
from dataclasses import replace
from typing import Annotated

import typer

from adapters.auditing.trail import concerning
from adapters.office import Office
from api.access import hash_secret
from api.rights import PEOPLE, LocalRole
from exchange.errors import NotFound
from exchange.ledger import ApiKey
from exchange.signin.account import NO_SECRET
from exchange.verbs.signin.keep import check_bound, new_key
from woshou.cli.call import Call, command, group
from woshou.cli.words import say

_SHOWN = {
    "id": ("编号", "Key"),
    "name": ("名称", "Name"),
    "jurisdiction": ("地区", "Jurisdiction"),
    "role": ("角色", "Role"),
    "created_at": ("建立", "Created"),
    "revoked_at": ("作废", "Revoked"),
}
_COLUMNS = {**_SHOWN, "account": ("登录账号", "An account's")}

BoundOption = Annotated[
    str | None,
    typer.Option("--jurisdiction", help=say("所属地区代码，省市县乡均可", "division that it is bound to, also a township")),
]


def shown(key: ApiKey) -> dict[str, object]:
    """A key without its hash, and whether it is an account's."""
    return {**{name: getattr(key, name) for name in _SHOWN}, "account": key.secret_hash == NO_SECRET}


def bound_to(call: Call, office: Office, jurisdiction: str | None, *, handles_people: bool) -> str:
    """The division that a key is to be bound to: the named one, or the only county served."""
    bound = office.node.divisions.normalise(jurisdiction) if jurisdiction else call.county(office, None)
    check_bound(office.node, bound, handles_people=handles_people)
    return bound


def install(app: typer.Typer) -> None:
    """Add the group."""
    apikey = group("接口密钥：建立、列出、作废", "API keys: create, list, revoke")
    app.add_typer(apikey, name="apikey")

    @command(apikey, "create", zh="建立密钥；密钥只显示一次", en="Make a key; it is shown once")
    def create(
        call: Call,
        name: Annotated[str, typer.Option(help=say("名称（系统或岗位）", "what it is for"))],
        role: Annotated[LocalRole, typer.Option(help=say("角色", "role"))],
        jurisdiction: BoundOption = None,
    ) -> None:
        with call.office() as office:
            bound = bound_to(call, office, jurisdiction, handles_people=role in PEOPLE)
            secret = secrets.token_hex(32)
            key = ApiKey(
                id=new_key(),
                secret_hash=hash_secret(secret),
                name=name,
                jurisdiction=bound,
                role=role,
                created_at=office.now(),
            )
            concerning([f"key:{key.id}"])
            with office.ledgers.transaction() as ledger:
                ledger.access.save_api_key(key)
        text = f"wsk_{key.id}_{secret}"
        call.done({**shown(key), "key": text}, f"密钥（只显示这一次）：\n{text}", f"The key, shown this once:\n{text}")

    @command(apikey, "list", zh="列出密钥", en="List keys")
    def list_keys(call: Call) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            keys = [shown(key) for key in ledger.access.api_keys()]
        call.rows(keys, _COLUMNS)

    @command(apikey, "revoke", zh="作废密钥", en="Revoke a key")
    def revoke(call: Call, key: Annotated[str, typer.Argument(help=say("密钥编号", "key"))]) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            held = ledger.access.api_key(key)
            if held is None:
                raise NotFound
            revoked = replace(held, revoked_at=held.revoked_at or office.now())
            ledger.access.save_api_key(revoked)
            concerning([f"key:{key}"])
        call.done(shown(revoked), f"密钥 {key} 已作废。", f"Key {key} is revoked.")
