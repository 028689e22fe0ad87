"""What lies before coordinators."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from adapters.database.pages import beyond
from adapters.database.tables import EscalationRow
from adapters.database.values import day_of, iso_of, moment_of, number_of
from adapters.database.work import AnyRow, Values, Work, table_of
from exchange.clocks.escalation import Escalation, EscalationWhy
from exchange.codes import Role
from exchange.exchanges import ExchangeKey
from exchange.ledger import Page
from exchange.moments import from_milliseconds, to_milliseconds

_ESCALATIONS = table_of(EscalationRow)
_ALL = select(_ESCALATIONS)


class SqlEscalations:
    """`exchange.ledger.Escalations` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, escalations: Sequence[Escalation]) -> None:
        self._work.insert(EscalationRow, [_row(each) for each in escalations])

    def save(self, escalation: Escalation) -> None:
        self._work.update(EscalationRow, [_row(escalation)])

    def get(self, escalation: str) -> Escalation | None:
        row = self._work.first(_ALL.where(_ESCALATIONS.c.id == escalation))
        return None if row is None else _escalation(row)

    def standing(self, exchanges: Iterable[str]) -> Mapping[ExchangeKey, Escalation]:
        held = _ESCALATIONS.c
        lasting = _ALL.where(self._work.one_of(held.exchange, exchanges), held.resolved_at.is_(None))
        found = map(_escalation, self._work.rows(lasting.order_by(held.level, held.id)))
        return {each.key: each for each in found}

    def find(self, own: frozenset[str], page: Page, *, to: str | None, resolved: bool | None) -> list[Escalation]:
        held = _ESCALATIONS.c
        place = (held.raised_at, held.id)
        found = _ALL
        if to is not None:
            found = found.where(held.to == to)
        if resolved is not None:
            found = found.where(held.resolved_at.is_not(None) if resolved else held.resolved_at.is_(None))
        rows = self._work.newest(beyond(found, *place, page), held.own, own, place, page.limit)
        return [_escalation(row) for row in rows]

    def resolve(self, keys: Iterable[ExchangeKey], at: datetime) -> int:
        held, wanted = _ESCALATIONS.c, set(keys)
        lasting = select(held.id, held.link, held.exchange, held.role).where(
            self._work.one_of(held.exchange, sorted({key.exchange for key in wanted})), held.resolved_at.is_(None)
        )
        over = [row.id for row in self._work.rows(lasting) if ExchangeKey(row.link, row.exchange, Role(row.role)) in wanted]
        if not over:
            return 0
        resolved = _ESCALATIONS.update().where(self._work.one_of(held.id, over))
        return self._work.change(resolved.values(resolved_at=to_milliseconds(at)))


def _row(each: Escalation) -> Values:
    return (
        each.id,
        each.key.exchange,
        each.key.link,
        each.key.role.value,
        each.own,
        each.other,
        each.level,
        each.to,
        each.stays,
        each.why.value,
        iso_of(each.due),
        to_milliseconds(each.raised_at),
        number_of(each.acknowledged_at),
        number_of(each.resolved_at),
    )


def _escalation(row: AnyRow) -> Escalation:
    return Escalation(
        id=row.id,
        key=ExchangeKey(row.link, row.exchange, Role(row.role)),
        own=row.own,
        other=row.other,
        level=row.level,
        to=row.to,
        stays=row.stays,
        why=EscalationWhy(row.why),
        due=day_of(row.due),
        raised_at=from_milliseconds(row.raised_at),
        acknowledged_at=moment_of(row.acknowledged_at),
        resolved_at=moment_of(row.resolved_at),
    )
