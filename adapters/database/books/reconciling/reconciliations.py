"""The reconciliations, with their link steps and what they left out."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, select

from adapters.database.pages import newest_first
from adapters.database.tables import FailedPairRow, LeftOutRow, LinkStepRow, ReconciliationRow
from adapters.database.values import moment_of, stored
from adapters.database.work import AnyRow, Work, table_of
from exchange.ledger import Page
from exchange.moments import from_milliseconds
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import By, LeftOut, LinkStep, PairFailed, Reconciliation, Scope, Why

_RECONCILIATIONS = table_of(ReconciliationRow)
_LINKS = table_of(LinkStepRow)
_FAILED = table_of(FailedPairRow)
_LEFT_OUT = table_of(LeftOutRow)


class SqlReconciliations:
    """`exchange.ledger.Reconciliations` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def put(self, reconciliation: Reconciliation) -> None:
        self._work.put(ReconciliationRow, stored(reconciliation, "scope"))

    def get(self, reconciliation: str) -> Reconciliation | None:
        row = self._work.first(select(_RECONCILIATIONS).where(_RECONCILIATIONS.c.id == reconciliation))
        return None if row is None else _reconciliation(row)

    def find(self, page: Page) -> list[Reconciliation]:
        held = _RECONCILIATIONS.c
        found = newest_first(select(_RECONCILIATIONS), held.began_at, held.id, page)
        return [_reconciliation(row) for row in self._work.rows(found)]

    def unfinished(self, by: By, scope: Scope, day: date) -> Reconciliation | None:
        held = _RECONCILIATIONS.c
        begun = (held.business_date == day.isoformat(), held.ended_at.is_(None), held.by == by.value)
        same = (
            held.partner.is_not_distinct_from(scope.partner),
            held.origin.is_not_distinct_from(scope.origin),
            held.destination.is_not_distinct_from(scope.destination),
        )
        last = select(_RECONCILIATIONS).where(*begun, *same).order_by(held.began_at.desc(), held.id.desc()).limit(1)
        row = self._work.first(last)
        return None if row is None else _reconciliation(row)

    def put_link(self, step: LinkStep) -> None:
        self._work.put(LinkStepRow, stored(step))

    def links(self, reconciliation: str) -> list[LinkStep]:
        held = _LINKS.c
        rows = self._work.rows(select(_LINKS).where(held.reconciliation == reconciliation).order_by(held.partner))
        return [LinkStep(**{**row._mapping, "at": from_milliseconds(row.at)}) for row in rows]

    def put_failed(self, failed: PairFailed) -> None:
        self._work.put(FailedPairRow, stored(failed, "pair"))

    def failed(self, reconciliation: str) -> list[PairFailed]:
        held = _FAILED.c
        found = select(_FAILED).where(held.reconciliation == reconciliation).order_by(held.origin, held.destination)
        return [
            PairFailed(
                reconciliation=row.reconciliation,
                partner=row.partner,
                pair=Pair(origin=row.origin, destination=row.destination),
                at=from_milliseconds(row.at),
                trouble=row.trouble,
            )
            for row in self._work.rows(found)
        ]

    def leave_out(self, reconciliation: str, left_out: Sequence[LeftOut]) -> None:
        self._work.change(delete(_LEFT_OUT).where(_LEFT_OUT.c.reconciliation == reconciliation))
        rows = [
            (
                reconciliation,
                place,
                each.partner,
                None if each.pair is None else each.pair.origin,
                None if each.pair is None else each.pair.destination,
                each.why.value,
            )
            for place, each in enumerate(left_out)
        ]
        self._work.insert(LeftOutRow, rows)

    def left_out(self, reconciliation: str) -> list[LeftOut]:
        held = _LEFT_OUT.c
        rows = self._work.rows(select(_LEFT_OUT).where(held.reconciliation == reconciliation).order_by(held.place))
        return [
            LeftOut(
                partner=row.partner,
                pair=None if row.origin is None else Pair(origin=row.origin, destination=row.destination),
                why=Why(row.why),
            )
            for row in rows
        ]


def _reconciliation(row: AnyRow) -> Reconciliation:
    return Reconciliation(
        id=row.id,
        by=By(row.by),
        scope=Scope(partner=row.partner, origin=row.origin, destination=row.destination),
        business_date=date.fromisoformat(row.business_date),
        began_at=from_milliseconds(row.began_at),
        ended_at=moment_of(row.ended_at),
        links=row.links,
        pairs=row.pairs,
    )
