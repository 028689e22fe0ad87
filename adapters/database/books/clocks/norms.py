"""Rules and days that administrators have added."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from adapters.database.tables import HolidayRow, RulesFileRow, RulesUseRow
from adapters.database.values import stored
from adapters.database.work import Asked, Work, table_of
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.terms.calendar import DayKind
from exchange.terms.daytable import LoadedDay
from exchange.terms.rulebook import RulesFile, RulesKind, RulesUse

_FILES = table_of(RulesFileRow)
_USES = table_of(RulesUseRow)
_DAYS = table_of(HolidayRow)
# Asked for at every request.
_stamp = Asked(
    lambda work: select(
        *(select(func.count()).select_from(table).scalar_subquery().label(table.name) for table in (_FILES, _USES, _DAYS))
    )
)


class SqlNorms:
    """`exchange.ledger.Norms` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def stamp(self) -> int:
        return sum(self._work.ask(_stamp)[0])

    def add_file(self, file: RulesFile) -> None:
        self._work.insert(RulesFileRow, [tuple(stored(file).values())])

    def files(self) -> list[RulesFile]:
        rows = self._work.rows(select(_FILES).order_by(_FILES.c.kind, _FILES.c.version))
        return [
            RulesFile(**{**row._mapping, "kind": RulesKind(row.kind), "added_at": from_milliseconds(row.added_at)})
            for row in rows
        ]

    def add_use(self, use: RulesUse) -> None:
        self._work.insert(RulesUseRow, [tuple(stored(use).values())])

    def uses(self) -> list[RulesUse]:
        return [
            RulesUse(
                kind=RulesKind(row.kind),
                version=row.version,
                since=date.fromisoformat(row.since),
                known_at=from_milliseconds(row.known_at),
            )
            for row in self._work.rows(select(_USES).order_by(_USES.c.id))
        ]

    def add_days(self, days: Sequence[LoadedDay]) -> None:
        rows = [
            (day.day.isoformat(), day.kind.value, day.name, day.issued_on.isoformat(), to_milliseconds(day.known_at))
            for day in days
        ]
        self._work.insert(HolidayRow, rows)

    def days(self) -> list[LoadedDay]:
        return [
            LoadedDay(
                day=date.fromisoformat(row.day),
                kind=DayKind(row.kind),
                name=row.name,
                issued_on=date.fromisoformat(row.issued_on),
                known_at=from_milliseconds(row.known_at),
            )
            for row in self._work.rows(select(_DAYS).order_by(_DAYS.c.known_at, _DAYS.c.day, _DAYS.c.id))
        ]
