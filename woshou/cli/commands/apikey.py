"""`woshou apikey`: keys for the jurisdiction's own systems and clerks."""

import secrets
from dataclasses import replace
from typing import Annotated

import typer

from adapters.auditing.trail import concerning
from adapters.office import Office
from api.access import hash_secret
from api.rights import PEOPLE, LocalRole
from exchange.errors import Invalid, NotFound
from exchange.jurisdiction import Level
from exchange.ledger import ApiKey
from exchange.node import NotServed
from woshou.cli.call import Call, command, group
from woshou.cli.words import say

_COLUMNS = {
    "id": ("编号", "Key"),
    "name": ("名称", "Name"),
    "jurisdiction": ("地区", "Jurisdiction"),
    "role": ("角色", "Role"),
    "created_at": ("建立", "Created"),
    "revoked_at": ("作废", "Revoked"),
}


def shown(key: ApiKey) -> dict[str, object]:
    """A key without its hash."""
    return {name: getattr(key, name) for name in _COLUMNS}


class TownshipRole(Invalid):
    """A township answers what is assigned to it; it has no coordinators, operators and auditors of its own."""

    code = "township-role"
    zh = "乡镇、街道的密钥只能是经办人（clerk）或系统（system）。"
    en = "A township's key is a clerk's or a system's."


def _check_bound(office: Office, bound: str, role: LocalRole) -> None:
    """NotServed for a place that has nothing to do with this node, TownshipRole for a role that a township has not."""
    divisions, served = office.node.divisions, office.node.jurisdictions
    if divisions.level_of(bound) is Level.TOWNSHIP:
        if divisions.county_of(bound) not in served:
            raise NotServed
        if role not in PEOPLE:
            raise TownshipRole
    elif not any(divisions.contains(bound, county) for county in served):
        raise NotServed


def install(app: typer.Typer) -> None:
    """Add the group."""
    apikey = group("接口密钥：建立、列出、作废", "API keys: create, list, revoke")
    app.add_typer(apikey, name="apikey")

    @command(apikey, "create", zh="建立密钥；密钥只显示一次", en="Make a key; it is shown once")
    def create(
        call: Call,
        name: Annotated[str, typer.Option(help=say("名称（系统或岗位）", "what it is for"))],
        role: Annotated[LocalRole, typer.Option(help=say("角色", "role"))],
        jurisdiction: Annotated[
            str | None, typer.Option(help=say("所属地区代码，省市县乡均可", "division that it is bound to, also a township"))
        ] = None,
    ) -> None:
        with call.office() as office:
            divisions = office.node.divisions
            bound = divisions.normalise(jurisdiction) if jurisdiction else call.county(office, None)
            divisions.get(bound)
            _check_bound(office, bound, role)
            secret = secrets.token_hex(32)
            key = ApiKey(
                id=secrets.token_hex(6),
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
