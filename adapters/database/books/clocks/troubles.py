"""What went wrong, since when and until when."""

from datetime import datetime

from sqlalchemy import select, tuple_

from adapters.database.tables import TroubleRow
from adapters.database.values import moment_of, number_of
from adapters.database.work import AnyRow, Work, table_of
from exchange.clocks.troubles import Symptom, Trouble, TroubleKind
from exchange.cursors import read_moment_cursor
from exchange.ledger import Page
from exchange.moments import from_milliseconds, to_milliseconds

_TROUBLES = table_of(TroubleRow)
_ALL = select(_TROUBLES)


class SqlTroubles:
    """`exchange.ledger.Troubles` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def begin(self, trouble: Trouble) -> bool:
        if self._lasts(trouble.symptom):
            return False
        began_at = to_milliseconds(trouble.began_at)
        row = (trouble.id, trouble.kind.value, trouble.subject, began_at, number_of(trouble.ended_at))
        self._work.insert(TroubleRow, [row])
        return True

    def end(self, symptom: Symptom, at: datetime) -> bool:
        held = _TROUBLES.c
        ended = _TROUBLES.update().where(held.kind == symptom.kind.value, held.subject == symptom.subject)
        return self._work.change(ended.where(held.ended_at.is_(None)).values(ended_at=to_milliseconds(at))) == 1

    def lasting(self) -> list[Trouble]:
        held = _TROUBLES.c
        return [_trouble(row) for row in self._work.rows(_ALL.where(held.ended_at.is_(None)).order_by(held.kind, held.subject))]

    def find(self, page: Page) -> list[Trouble]:
        held, found = _TROUBLES.c, _ALL
        if page.after:
            after = read_moment_cursor(page.after)
            found = found.where(tuple_(held.began_at, held.id) < tuple_(to_milliseconds(after.at), after.id))
        rows = self._work.rows(found.order_by(held.began_at.desc(), held.id.desc()).limit(page.limit))
        return [_trouble(row) for row in rows]

    def _lasts(self, symptom: Symptom) -> bool:
        held = _TROUBLES.c
        lasting = select(held.id).where(held.kind == symptom.kind.value, held.subject == symptom.subject)
        return self._work.first(lasting.where(held.ended_at.is_(None))) is not None


def _trouble(row: AnyRow) -> Trouble:
    return Trouble(
        id=row.id,
        kind=TroubleKind(row.kind),
        subject=row.subject,
        began_at=from_milliseconds(row.began_at),
        ended_at=moment_of(row.ended_at),
    )
