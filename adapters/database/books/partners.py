"""The partners, their keys, and the assertions that they have used."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select

from adapters.database.tables import PartnerKeyRow, PartnerRow, UsedAssertionRow
from adapters.database.values import list_of, moment_of, stored
from adapters.database.work import AnyRow, Work, table_of
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.partners import Partner, PartnerKey, PartnerStatus

_PARTNERS = table_of(PartnerRow)
_KEYS = table_of(PartnerKeyRow)
_ASSERTIONS = table_of(UsedAssertionRow)


class SqlPartners:
    """`exchange.ledger.Partners` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def all(self) -> list[Partner]:
        keys: defaultdict[str, list[PartnerKey]] = defaultdict(list)
        for row in self._work.rows(select(_KEYS).order_by(_KEYS.c.partner, _KEYS.c.position)):
            keys[row.partner].append(_key(row))
        rows = self._work.rows(select(_PARTNERS).order_by(_PARTNERS.c.node))
        return [_partner(row, tuple(keys[row.node])) for row in rows]

    def get(self, node: str) -> Partner | None:
        row = self._work.first(select(_PARTNERS).where(_PARTNERS.c.node == node))
        if row is None:
            return None
        keys = self._work.rows(select(_KEYS).where(_KEYS.c.partner == node).order_by(_KEYS.c.position))
        return _partner(row, tuple(map(_key, keys)))

    def save(self, partner: Partner) -> None:
        values = stored(partner)
        del values["keys"]
        self._work.put(PartnerRow, values)
        self._work.change(_KEYS.delete().where(_KEYS.c.partner == partner.node))
        for position, key in enumerate(partner.keys):
            self._work.change(_KEYS.insert().values(partner=partner.node, position=position, **stored(key)))

    def use_assertion(self, issuer: str, jti: str, expires: datetime) -> bool:
        return self._work.claim(UsedAssertionRow, {"issuer": issuer, "jti": jti, "expires": to_milliseconds(expires)})


def _partner(row: AnyRow, keys: tuple[PartnerKey, ...]) -> Partner:
    values = dict(row._mapping)
    values["status"] = PartnerStatus(row.status)
    values["claimed"] = list_of(row.claimed, str)
    values["confirmed"] = list_of(row.confirmed, str)
    values["known_at"] = from_milliseconds(row.known_at)
    return Partner(**values, keys=keys)


def _key(row: AnyRow) -> PartnerKey:
    return PartnerKey(
        kid=row.kid,
        use=row.use,
        x=row.x,
        y=row.y,
        not_before=from_milliseconds(row.not_before),
        not_after=moment_of(row.not_after),
        revoked_from=moment_of(row.revoked_from),
    )
