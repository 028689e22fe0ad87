"""What went wrong, since when and until when."""

from datetime import datetime

from sqlalchemy import select

from adapters.database.pages import newest_first
from adapters.database.tables import TroubleRow
from adapters.database.values import moment_of, number_of
from adapters.database.work import AnyRow, Work, table_of
from exchange.clocks.troubles import Symptom, Trouble, TroubleKind
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
        return [_trouble(row) for row in self._work.rows(newest_first(found, held.began_at, held.id, page))]

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
