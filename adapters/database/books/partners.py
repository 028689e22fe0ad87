"""The partners, their keys, and the assertions that they have used."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from adapters.database.tables import PartnerKeyRow, PartnerRow, UsedAssertionRow
from adapters.database.values import list_of, moment_of, stored
from adapters.database.work import Asked, Work, named, table_of
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.partners import Partner, PartnerKey, PartnerStatus

_PARTNERS = table_of(PartnerRow)
_KEYS = table_of(PartnerKeyRow)
_ASSERTIONS = table_of(UsedAssertionRow)
_all = Asked(lambda _: select(_PARTNERS).order_by(_PARTNERS.c.node))
_all_keys = Asked(lambda _: select(_KEYS).order_by(_KEYS.c.partner, _KEYS.c.position))
_one = Asked(lambda _: select(_PARTNERS).where(_PARTNERS.c.node == bindparam("node")))
_keys_of = Asked(lambda _: select(_KEYS).where(_KEYS.c.partner == bindparam("node")).order_by(_KEYS.c.position))


class SqlPartners:
    """`exchange.ledger.Partners` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def all(self) -> list[Partner]:
        keys: defaultdict[str, list[PartnerKey]] = defaultdict(list)
        for row in self._work.ask(_all_keys):
            key = named(_KEYS, row)
            keys[key["partner"]].append(_key(key))
        rows = [named(_PARTNERS, row) for row in self._work.ask(_all)]
        return [_partner(row, tuple(keys[row["node"]])) for row in rows]

    def get(self, node: str) -> Partner | None:
        row = self._work.ask_one(_one, node=node)
        if row is None:
            return None
        keys = [_key(named(_KEYS, key)) for key in self._work.ask(_keys_of, node=node)]
        return _partner(named(_PARTNERS, row), tuple(keys))

    def save(self, partner: Partner) -> None:
        values = stored(partner)
        del values["keys"]
        self._work.put(PartnerRow, values)
        self._work.change(_KEYS.delete().where(_KEYS.c.partner == partner.node))
        for position, key in enumerate(partner.keys):
            self._work.change(_KEYS.insert().values(partner=partner.node, position=position, **stored(key)))

    def use_assertion(self, issuer: str, jti: str, expires: datetime) -> bool:
        return self._work.claim(UsedAssertionRow, {"issuer": issuer, "jti": jti, "expires": to_milliseconds(expires)})


def _partner(row: dict[str, Any], keys: tuple[PartnerKey, ...]) -> Partner:
    values = {
        **row,
        "status": PartnerStatus(row["status"]),
        "claimed": list_of(row["claimed"], str),
        "confirmed": list_of(row["confirmed"], str),
        "known_at": from_milliseconds(row["known_at"]),
    }
    return Partner(**values, keys=keys)


def _key(row: dict[str, Any]) -> PartnerKey:
    return PartnerKey(
        kid=row["kid"],
        use=row["use"],
        x=row["x"],
        y=row["y"],
        not_before=from_milliseconds(row["not_before"]),
        not_after=moment_of(row["not_after"]),
        revoked_from=moment_of(row["revoked_from"]),
    )
