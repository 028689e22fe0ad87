"""Rule sets, house rules and days as bodies."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Self

from msgspec import Meta
from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from exchange.codes import Role
from exchange.people.record import Shape
from exchange.terms.calendar import DayKind, WorkingDays
from exchange.terms.daytable import LoadedDay
from exchange.terms.rulebook import Rulebook, RulesKind
from exchange.verbs.clocks.holidays import Concerned, Loading

TABLE_EXAMPLE: dict[str, Any] = {
    "issued_on": "2026-11-05",
    "days": [
        {"day": "2027-01-01", "kind": "holiday", "name": "元旦"},
        {"day": "2027-01-09", "kind": "workday", "name": "元旦调休"},
    ],
}


class DayGiven(Shape, frozen=True, kw_only=True):
    """One row of a table: the words are checked with the table, so that all that does not fit is told at once."""

    day: Annotated[str, Meta(max_length=40)]
    kind: Annotated[str, Meta(max_length=40)]
    name: Annotated[str, Meta(max_length=200)] | None = None


class DayTable(Shape, frozen=True, kw_only=True):
    """A year's notice; `issued_on` is the notice's own date. With `dry_run` nothing is stored."""

    days: Annotated[tuple[DayGiven, ...], Meta(min_length=1, max_length=2000)]
    issued_on: date | None = None
    dry_run: bool = False


class RulesShown(Shown):
    """One version of rules."""

    kind: RulesKind = Field(description="`shared`: named by agreements; `house`: this node's own")
    version: str = Field(examples=["woshou-2026.1"])
    digest: str
    current: bool = Field(description="what this node goes by today")
    used_from: list[date] = Field(description="the days from which it was, or will be, put to use here")

    @classmethod
    def listed(cls, kind: RulesKind, book: Rulebook[Any], today: date) -> list[Self]:
        """All versions of a kind."""
        current = book.current(today).version
        return [
            cls(
                kind=kind,
                version=version,
                digest=rules.digest,
                current=version == current,
                used_from=[use.since for use in book.uses if use.version == version],
            )
            for version, rules in sorted(book.versions.items())
        ]


class DayShown(Shown):
    """A day that an administrator has loaded, with both its times."""

    day: date
    kind: DayKind
    name: str | None
    issued_on: date = Field(description="when the notice was issued")
    known_at: Moment = Field(description="when this node came to know it")

    @classmethod
    def of(cls, loaded: LoadedDay) -> Self:
        """From the ledger."""
        return cls(day=loaded.day, kind=loaded.kind, name=loaded.name, issued_on=loaded.issued_on, known_at=loaded.known_at)


class YearShown(Shown):
    """A year's holidays and worked weekends, as this node goes by them."""

    year: int
    provisional: bool = Field(description="no notice is known: Monday to Friday are counted as working days")
    holidays: list[date]
    workdays: list[date] = Field(description="weekends that are worked")
    loaded: list[DayShown] = Field(description="what administrators have loaded, every word of it")

    @classmethod
    def of(cls, calendar: WorkingDays, loaded: Iterable[LoadedDay], year: int) -> Self:
        """From what the node goes by, and the ledger's days of all years."""
        days = [date.fromordinal(number) for number in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())]
        return cls(
            year=year,
            provisional=calendar.is_provisional(year),
            holidays=[day for day in days if calendar.is_public_holiday(day)],
            workdays=[day for day in days if day.weekday() > 4 and calendar.is_working_day(day)],
            loaded=[DayShown.of(each) for each in loaded if each.day.year == year],
        )


class ConcernedShown(Shown):
    """An exchange whose due date a table concerns; the receipt's date stands."""

    exchange: str = Field(examples=[EXAMPLE_ID])
    role: Role
    own: str = Field(examples=["110102"])
    other: str = Field(examples=["420106"])
    due: date
    computed: date = Field(description="what the calendar gives with the table")
    firm: bool
    differs: bool = Field(description="firm, and another day than the receipt's: a finding")

    @classmethod
    def of(cls, concerned: Concerned) -> Self:
        """From the verb."""
        exchange = concerned.exchange
        return cls(
            exchange=exchange.key.exchange,
            role=exchange.key.role,
            own=exchange.own,
            other=exchange.other,
            due=concerned.due,
            computed=concerned.computed,
            firm=concerned.firm,
            differs=concerned.differs,
        )


class LoadingShown(Shown):
    """What a table does, or would do."""

    days: int = Field(description="days that are new or other than before")
    firm_years: list[int] = Field(description="years of the table whose due dates are firm with it")
    concerned: list[ConcernedShown]
    dry_run: bool

    @classmethod
    def of(cls, loading: Loading, *, dry_run: bool) -> Self:
        """From the verb."""
        return cls(
            days=len(loading.days),
            firm_years=list(loading.firm_years),
            concerned=[ConcernedShown.of(each) for each in loading.concerned],
            dry_run=dry_run,
        )
