"""The engine counts what a recount counts: whatever happened, whenever days were closed, as of any moment."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.codes import Event, Kind, PriorityLevel, Purpose, RegisterKind, Result, Role
from exchange.conversation import Fact
from exchange.counting.figures import Figures
from exchange.counting.grid import GRID_RATES, By, GridQuery
from exchange.counting.query import Narrowing, ReportQuery
from exchange.jurisdiction import Category
from exchange.ledger import Ledger, Ledgers
from exchange.moments import Period, civil_day, day_start
from exchange.people.register import Entry, EntryFact
from exchange.rates import Cohort, RateName
from exchange.verbs.counting.close import close_exchanges, close_pages, make_page
from exchange.verbs.counting.grid import grid
from exchange.verbs.counting.recount import recount_exchanges, recount_page, recount_strays
from exchange.verbs.report import report
from exchange.work.assignment import Assignment, ReturnReason
from tests.builders import WUCHANG, XICHENG, a_day, an_id
from tests.building.sealing import open_database
from tests.ledger.conftest import EMPTY
from tests.rates.histories import HUBEI, WUHAN, History, Told, a_counting_node, an_open_entry, moment
from tests.rates.plain import counted_plainly, figures_of
from tests.rates.test_invariants import COUNTIES, MATTERS, histories, registers

A_MILLISECOND = timedelta(milliseconds=1)
NODE = a_counting_node()
JURISDICTIONS = (HUBEI, WUHAN, WUCHANG)


@contextmanager
def fresh(kind: str, request: pytest.FixtureRequest) -> Iterator[Ledgers]:
    """An empty ledger of a kind, for one example."""
    if kind == "memory":
        yield MemoryLedgers()
    elif kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            path = shutil.copy(request.getfixturevalue("migrated_sqlite"), Path(folder) / "woshou.db")
            database = open_database(f"sqlite:///{path}")
            yield database
            database.close()
    else:
        database, connection = request.getfixturevalue("migrated_postgresql")
        connection.execute(EMPTY)
        yield database


@st.composite
def told(draw: st.DrawFn) -> list[Told]:
    """Exchanges of several counties, townships, matters, partners and categories."""
    several = []
    for n, history in enumerate(draw(st.lists(histories(), min_size=3, max_size=12)), start=1):
        own = draw(st.sampled_from(COUNTIES))
        origin, destination = draw(st.permutations([own, XICHENG]))
        if draw(st.integers(0, 2)) == 2:
            history.facts = [at_midnight(fact) for fact in history.facts]
        several.append(
            history.of(
                n,
                role=draw(st.sampled_from(Role)),
                own=own,
                origin=origin,
                destination=destination,
                handled_by=draw(st.sampled_from([None, own + "001", own + "002"])),
                entry=an_id(draw(st.integers(1, 8))),
                category=draw(st.sampled_from(Category)),
                purpose=draw(st.sampled_from(Purpose)),
                **draw(st.sampled_from(MATTERS)),
            )
        )
    return several


def at_midnight(fact: Fact) -> Fact:
    """The fact, moved to the midnight after it: what happens at that very millisecond counts at it."""
    happened_at, known_at = (day_start(civil_day(at) + timedelta(days=1)) for at in (fact.happened_at, fact.known_at))
    return replace(fact, happened_at=happened_at, known_at=known_at)


@st.composite
def deeds(draw: st.DrawFn) -> tuple[list[Told], list[tuple[datetime, str, Any]]]:
    """What happens to a ledger in the order of time: facts become known, some are undone, days are closed now and then."""
    several = draw(told())
    happen: list[tuple[datetime, str, Any]] = []
    for one in several:
        for fact in one.facts:
            happen.append((fact.known_at, "fact", (one.exchange.key, fact)))
            if draw(st.integers(0, 7)) == 7:
                undone = fact.known_at + timedelta(days=draw(st.sampled_from([0, 0.1, 1, 12])))
                happen.append((undone, "undone", (one.exchange.key, fact, undone)))
                if draw(st.booleans()):
                    moved = timedelta(hours=draw(st.sampled_from([-7, 30])))
                    again = replace(fact, known_at=undone, happened_at=fact.happened_at + moved)
                    happen.append((undone, "fact", (one.exchange.key, again)))
        if one.exchange.key.role is Role.ASKED:
            for day in draw(st.lists(st.sampled_from([1, 1.5, 29, 30, 61, 63]), max_size=3, unique=True)):
                own = one.exchange.own
                township = draw(st.sampled_from([None, own + "001", own + "002"]))
                at = moment(day) if draw(st.booleans()) else day_start(civil_day(moment(day)))
                happen.append((at, "handed", (one.exchange.key, township)))
    for day in draw(st.lists(st.integers(0, 120), max_size=8)):
        limit = draw(st.sampled_from([1, 3, 500]))
        happen.append((moment(day) + timedelta(hours=draw(st.sampled_from([-9, 3]))), draw(CLOSINGS), limit))
    return several, sorted(happen, key=lambda deed: deed[0])


CLOSINGS = st.sampled_from(["exchanges", "pages", "all", "all", "all"])


def do(ledgers: Ledgers, at: datetime, what: str, about: Any) -> None:
    """One deed, in transactions of its own."""
    with ledgers.transaction() as ledger:
        if what == "fact":
            ledger.exchanges.add_facts([about])
        elif what == "undone":
            key, fact, undone = about
            ledger.exchanges.void_facts(key, [fact.message], undone)
        elif what == "handed":
            key, township = about
            reason = ReturnReason.NOT_OURS if township is None else None
            ledger.assignments.add([Assignment(exchange=key, township=township, at=at, due=None, reason=reason, by="key-1")])
        elif what in ("exchanges", "all"):
            while close_exchanges(ledger, at, about) and what == "all":
                pass
    if what in ("pages", "all"):
        with ledgers.transaction() as ledger:
            for page in close_pages(ledger, NODE, at):
                make_page(ledger, NODE, page, at)


@st.composite
def narrowings(draw: st.DrawFn) -> Narrowing:
    """Any filter, but for the purposes, whose few are not shown."""
    return Narrowing(
        category=draw(st.sampled_from([None, None, None, *Category])),
        kind=draw(st.sampled_from([None, None, None, Kind.QUERY, Kind.NOTICE])),
        event=draw(st.sampled_from([None, None, None, None, Event.BIRTH])),
        priority=draw(st.sampled_from([None, None, None, *PriorityLevel])),
        register=draw(st.sampled_from([None, None, None, *RegisterKind])),
        other=draw(st.sampled_from([None, None, "110000", HUBEI])),
    )


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Any days, calendar months and statistical months among them."""
    whole = [Period(first=a_day(-1), last=a_day(29)), Period(first=a_day(19), last=a_day(49))]
    first = draw(st.integers(-20, 60))
    return draw(st.sampled_from([*whole, Period(first=a_day(first), last=a_day(first + draw(st.integers(0, 150))))]))


@st.composite
def moments(draw: st.DrawFn, happen: list[tuple[datetime, str, Any]]) -> datetime:
    """An as-of moment: that of a deed, the millisecond before, a midnight beside it, or any other."""
    at = draw(st.sampled_from([deed[0] for deed in happen])) if draw(st.booleans()) else moment(draw(st.integers(0, 150)))
    midnight = day_start(civil_day(at))
    return draw(st.sampled_from([at, at - A_MILLISECOND, midnight, midnight + timedelta(days=1), midnight + A_MILLISECOND]))


def grid_figures(ledger: Ledger, query: ReportQuery, rate: RateName) -> list[tuple[int, int]]:
    """The two counts of each jurisdiction from the grid, over all matters, told apart each way."""
    several = []
    for by in By:
        made = grid(
            ledger,
            NODE,
            GridQuery(
                rate=rate,
                jurisdictions=query.jurisdictions,
                periods=(query.period,),
                as_of=query.as_of,
                by=by,
                cohort=query.cohort,
                narrowing=query.narrowing,
            ),
        )
        numerators, denominators = made.numerator.sum(axis=(1, 2)).tolist(), made.denominator.sum(axis=(1, 2)).tolist()
        several.append(list(zip(numerators, denominators, strict=True)))
    assert several[0] == several[1] == several[2]
    return several[0]


def check(ledger: Ledger, query: ReportQuery, rates: Iterable[RateName] = tuple(GRID_RATES)) -> tuple[Figures, ...]:
    """The engine's figures of all levels, each equal to what is counted plainly; and the grid's too."""
    made = report(ledger, NODE, query)
    plain = counted_plainly(ledger, NODE, query)
    for figures in made.figures:
        again = figures_of(NODE, plain, figures.jurisdiction, figures.township)
        assert figures.rates == again.rates, (query, figures.jurisdiction, figures.township)
    for rate in rates:
        expected = [(one.numerator, one.denominator) for code in query.jurisdictions for one in [made.of(code).rate(rate)]]
        assert grid_figures(ledger, query, rate) == expected, (query, rate)
    return made.figures


def differences(ledger: Ledger, now: datetime) -> list[object]:
    """What a recount finds."""
    found: list[object] = [*recount_exchanges(ledger, None).differences, *recount_strays(ledger)]
    return found + [one for page in ledger.counting.all_pages() if (one := recount_page(ledger, page, now)) is not None]


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_the_engine_counts_what_a_recount_counts_and_a_past_report_never_changes(kind, request):
    # The arithmetic is the domain's, whatever it stands on; a database takes ten times as long to ask.
    slowly = settings(max_examples=25 if kind == "memory" else 8, deadline=None, suppress_health_check=list(HealthCheck))

    @slowly
    @given(deeds(), registers(), st.data())
    def holds(told_and_done, entries: list[tuple[Entry, list[EntryFact]]], data: st.DataObject) -> None:
        several, happen = told_and_done
        with fresh(kind, request) as ledgers:
            with ledgers.transaction() as ledger:
                ledger.exchanges.add([one.exchange for one in several])
                ledger.entries.add([entry for entry, _ in entries])
                ledger.entries.add_facts([fact for _, facts in entries for fact in facts])
            stops = data.draw(st.lists(st.integers(0, len(happen)), max_size=2).map(sorted))
            before: list[tuple[ReportQuery, tuple[Figures, ...]]] = []
            for number, deed in enumerate([*happen, None]):
                if number in stops or deed is None:
                    now = deed[0] - A_MILLISECOND if deed is not None else happen[-1][0] + timedelta(days=200)
                    with ledgers.transaction(read_only=True) as ledger:
                        assert differences(ledger, now) == []
                        for _ in range(2):
                            query = ReportQuery(
                                jurisdictions=JURISDICTIONS,
                                period=data.draw(periods()),
                                as_of=min(data.draw(moments(happen)), now),
                                cohort=data.draw(st.sampled_from(Cohort)),
                                narrowing=data.draw(narrowings()),
                                parts=data.draw(st.booleans()),
                                rows=data.draw(st.sampled_from([frozenset(), frozenset(RateName)])),
                            )
                            before.append((query, check(ledger, query)))
                        for query, figures in before:
                            assert report(ledger, NODE, query).figures == figures
                if deed is not None:
                    do(ledgers, *deed)

    holds()


def a_bit_of_everything() -> list[Told]:
    """Exchanges that between them do everything that moves a figure, one of them all of it at midnights."""
    several = [
        History().answered(2, Result.NOT_FOUND),
        History(lag=3).answered(29).challenged(30, 60).answered(70).confirmed(71),
        History(received=4).answered(9).confirmed(10),
        History(received=5).answered(5.1),
        History(received=5).withdrawn(6),
        History(received=5).answered(6).withdrawn(7),
        History(received=5, due=12).withdrawn(14),
        History(received=7, due=None).withdrawn(8),
        History(received=8),
        History(received=1, due=8).answered(8.2).challenged(9, 16).answered(16.9),
    ]
    for history in several[1:3]:
        history.facts = [at_midnight(fact) for fact in history.facts]
    asked = [history.of(n, handled_by=WUCHANG + "001" if n % 2 else None) for n, history in enumerate(several, start=1)]
    asker = [history.of(n, role=Role.ASKER, entry=an_id(n)) for n, history in enumerate(several, start=1)]
    return asked + asker


@pytest.mark.parametrize("closed_on", [None, 8, 76])
def test_at_every_moment_at_which_something_happens_and_at_every_midnight(ledgers, closed_on):
    """Whatever was closed, up to which day, and what was undone since: one answer was voided on its own day, one later."""
    several = a_bit_of_everything()
    voided = {several[3].facts[1]: moment(5.4), several[0].facts[1]: moment(40)}
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([one.exchange for one in several])
        ledger.entries.add([an_open_entry(n)[0] for n in range(1, 11)])
        ledger.entries.add_facts([fact for n in range(1, 11) for fact in an_open_entry(n)[1]])
        ledger.exchanges.add_facts([(one.exchange.key, fact) for one in several for fact in one.facts])
    undo = [(at, one.exchange.key, fact) for one in several for fact, at in voided.items() if fact in one.facts]
    closed = None if closed_on is None else moment(closed_on)
    for before in (True, False):
        for at, key, fact in undo:
            if (closed is None or at <= closed) is before:
                do(ledgers, at, "undone", (key, fact, at))
        if before and closed is not None:
            do(ledgers, closed, "all", 500)
    happened = {at for one in several for fact in one.facts for at in (fact.happened_at, fact.known_at)} | {*voided.values()}
    midnights = {day_start(a_day(day)) for day in range(0, 78, 4)}
    beside = {at + timedelta(milliseconds=by) for at in happened for by in (-1, 0, 1)}
    with ledgers.transaction(read_only=True) as ledger:
        assert differences(ledger, moment(150)) == []
        # A database is asked of each third, another third for each day on which was closed.
        first, step = (0, 1) if isinstance(ledgers, MemoryLedgers) else ((closed_on or 0) % 3, 3)
        for number, as_of in [*enumerate(sorted(beside | midnights))][first::step]:
            query = ReportQuery(
                jurisdictions=(WUCHANG,),
                period=Period(first=a_day(-1), last=a_day(59)),
                as_of=as_of,
                cohort=[*Cohort][number % 2],
                narrowing=Narrowing(category=None),
                parts=True,
                rows=frozenset(RateName) if number % 5 == 0 else frozenset(),
            )
            check(ledger, query, [[*GRID_RATES][number % len(GRID_RATES)]])
