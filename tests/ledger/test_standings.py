"""What entries count for is kept beside them: the sums are the same however much of it is settled, as of any moment."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, Result, Role
from exchange.conversation import FactKind
from exchange.counting.entries import EntrySum, place_of
from exchange.counting.registers.standing import NEVER, Standing, standing_of
from exchange.exchanges import Acceptance
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
from exchange.people.register import Entry, EntryFact, EntryFactKind
from exchange.verbs.counting.recount import recount_entries, recount_strays, repair
from exchange.verbs.counting.settle import settle_entries, standings_of
from tests.builders import WUCHANG, XICHENG, a_day, a_fact, a_moment, an_entry, an_entry_fact, an_id
from tests.ledger.test_engine import fresh
from tests.rates.histories import HANYANG, History, Told, an_open_entry, holding, moment, then
from tests.rates.test_invariants import COUNTIES, histories, registers

A_MILLISECOND = timedelta(milliseconds=1)
EVERYWHERE = frozenset({*COUNTIES, XICHENG})
CLOSED, REOPENED = EntryFactKind.CLOSED, EntryFactKind.REOPENED
Deed = tuple[datetime, str, Any]


@st.composite
def withdrawn(draw: st.DrawFn) -> History:
    """What is withdrawn before it was answered, in time or late."""
    received = draw(st.integers(0, 60))
    return History(received=received, due=draw(st.sampled_from([None, received + 15]))).withdrawn(
        received + draw(st.sampled_from([1, 15, 16]))
    )


@st.composite
def told(draw: st.DrawFn, register: list[tuple[Entry, list[EntryFact]]]) -> list[Told]:
    """Exchanges about these entries, most of them asked by the entry's own county; not all are accepted."""
    several = []
    for n, history in enumerate(draw(st.lists(histories() | withdrawn(), min_size=2, max_size=12)), start=1):
        entry, _ = draw(st.sampled_from(register))
        own = entry.jurisdiction if draw(st.integers(0, 3)) else draw(st.sampled_from(COUNTIES))
        several.append(
            history.of(
                n,
                role=draw(st.sampled_from([Role.ASKER, Role.ASKER, Role.ASKER, Role.ASKED])),
                own=own,
                entry=draw(st.sampled_from([entry.id, entry.id, entry.id, None])),
                result=draw(st.sampled_from([Result.CONFIRMED, Result.CORRECTED, Result.NOT_FOUND])),
                acceptance=draw(st.sampled_from([*[Acceptance.ACCEPTED] * 4, Acceptance.PENDING, Acceptance.REJECTED])),
            )
        )
    return several


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Told], list[tuple[Entry, list[EntryFact]]], list[Deed]]:
    """What happens to entries and to the exchanges about them, in the order in which it is written, and what is settled when."""
    register = draw(registers())
    several, happen = draw(told(register)), list[Deed]()
    late = st.sampled_from([0, 0, 0, 5, 40])
    for entry, facts in register:
        written = timedelta(days=draw(late))
        if draw(st.booleans()):
            facts[:] = [replace(fact, happened_at=day_start(civil_day(fact.happened_at))) for fact in facts]
        happen += [(fact.known_at + written, "moved", fact) for fact in facts]
        for day in draw(st.lists(st.integers(0, 120), max_size=2)):
            happen.append((moment(day), draw(st.sampled_from(["township", "township", "erased"])), entry.id))
    for one in several:
        written = timedelta(days=draw(late))
        for fact in one.facts:
            happen.append((fact.known_at + written, "fact", (one.exchange.key, fact)))
            if draw(st.integers(0, 3)) == 3:
                undone = fact.known_at + timedelta(days=draw(st.sampled_from([0, 0.1, 1, 12])))
                happen.append((undone + written, "undone", (one.exchange.key, fact, undone)))
                if draw(st.booleans()):
                    again = replace(fact, known_at=undone, happened_at=fact.happened_at + timedelta(hours=30))
                    happen.append((undone + written, "fact", (one.exchange.key, again)))
        for day in draw(st.lists(st.integers(0, 120), max_size=1)):
            other = draw(st.sampled_from([None, *(entry.id for entry, _ in register)]))
            happen.append((moment(day), "saved", (one.exchange.key, other, draw(st.sampled_from(Acceptance)))))
    for day in draw(st.lists(st.integers(0, 160), min_size=1, max_size=8)):
        happen.append((moment(day), "settled", draw(st.sampled_from([1, 3, 1000, 1000]))))
    return several, register, sorted(happen, key=lambda deed: deed[0])


def do(ledger: Ledger, what: str, about: Any) -> None:
    """One deed."""
    match what:
        case "moved":
            ledger.entries.add_facts([about])
        case "township":
            for entry in ledger.entries.load([about]).values():
                ledger.entries.save([replace(entry, township=f"{entry.jurisdiction}00{entry.version % 3}")])
        case "erased":
            ledger.entries.erase([about])
        case "fact":
            ledger.exchanges.add_facts([about])
        case "undone":
            key, fact, at = about
            ledger.exchanges.void_facts(key, [fact.message], at)
        case "saved":
            key, entry, acceptance = about
            (held,) = ledger.exchanges.load(key.link, key.role, [key.exchange]).values()
            ledger.exchanges.save([replace(held, entry=entry, acceptance=acceptance, version=held.version + 1)])
        case _:
            while settle_entries(ledger, about) and about == 1000:
                pass


def summed(ledger: Ledger, own: frozenset[str], last: date, as_of: datetime) -> list[EntrySum]:
    """The sums, in an order."""
    found = ledger.entries.sums(own, last, as_of)
    # A rate is a fraction: no other numbers will do.
    assert {type(number) for one in found for number in one[-4:]} <= {int}
    return sorted(found, key=repr)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_sums_are_those_of_the_facts_as_of_any_moment_however_much_is_settled(kind, request):
    slowly = settings(max_examples=40 if kind == "sqlite" else 25, deadline=None, suppress_health_check=list(HealthCheck))

    @slowly
    @given(lives(), st.data())
    def holds(life, data: st.DataObject) -> None:
        several, register, happen = life
        moments = [deed[0] for deed in happen] + [fact.happened_at for one in several for fact in one.facts]
        moves = [fact.happened_at for _, facts in register for fact in facts]
        moments += moves + [about[2] for _, what, about in happen if what == "undone"]
        stops = sorted({*data.draw(st.lists(st.integers(0, len(happen)), max_size=3)), len(happen)})
        memory = MemoryLedgers()
        with fresh(kind, request) as database:
            for ledgers in (memory, database):
                with ledgers.transaction() as ledger:
                    ledger.exchanges.add([one.exchange for one in several])
                    ledger.entries.add([entry for entry, _ in register])
            for start, stop in zip([0, *stops], stops, strict=False):
                for ledgers in (memory, database):
                    with ledgers.transaction() as ledger:
                        for _, what, about in happen[start:stop]:
                            do(ledger, what, about)
                with memory.transaction(read_only=True) as plain, database.transaction(read_only=True) as ledger:
                    assert recount_entries(ledger, "").differences == ()
                    for _ in range(4):
                        at = data.draw(st.sampled_from([*moments, moment(300)]))
                        as_of = data.draw(st.sampled_from([at, at - A_MILLISECOND, day_start(civil_day(at))]))
                        day = data.draw(st.sampled_from(moves))
                        last = civil_day(data.draw(st.sampled_from([as_of, day, day - A_MILLISECOND])))
                        own = data.draw(st.sampled_from([EVERYWHERE, EVERYWHERE, *(frozenset({county}) for county in COUNTIES)]))
                        assert summed(ledger, own, last, as_of) == summed(plain, own, last, as_of), (own, last, as_of)

    holds()


def about(n: int, history: History, **changes: Any) -> Told:
    """An exchange that Wuchang began about its entry 1."""
    return history.of(n, **({"role": Role.ASKER, "entry": an_id(1), "result": Result.CONFIRMED} | changes))


CONFIRMED = History(received=1).answered(2).confirmed(3)


@pytest.mark.parametrize(
    ("told", "moves", "expected"),
    [
        ([], [], (2026, 0, 0, False, False)),
        ([about(1, CONFIRMED)], [], (2026, 0, 3, True, True)),
        ([about(1, CONFIRMED)], [then(CLOSED, 1, 10, known=40)], (0, 10, 40, False, False)),
        ([about(1, CONFIRMED)], [then(CLOSED, 1, 10), then(REOPENED, 1, 400)], (2027, 400, 400, False, False)),
        ([about(1, History(received=1, lag=9))], [], (2026, 0, 10, True, False)),
        ([about(1, History(received=1).withdrawn(2))], [], (2026, 0, 2, False, False)),
        ([about(1, CONFIRMED, role=Role.ASKED)], [], (2026, 0, 0, False, False)),
        ([about(1, CONFIRMED, acceptance=Acceptance.REJECTED)], [], (2026, 0, 0, False, False)),
        ([about(1, CONFIRMED, entry=an_id(2))], [], (2026, 0, 0, False, False)),
    ],
)
def test_a_standing_says_what_counts_since_the_last_thing_that_it_follows_from(ledgers, told, moves, expected):
    entry, opened = an_open_entry(1)
    holding(told, [(entry, [*opened, *moves])], ledgers=ledgers)
    with ledgers.transaction() as ledger:
        assert settle_entries(ledger) > 0
        assert settle_entries(ledger) == 0
        year, moved, settled, exchanged, confirmed = expected
        standing = Standing(
            place=place_of(entry),
            year=year,
            moved_at=moment(moved),
            settled_at=moment(settled),
            exchanged=exchanged,
            confirmed=confirmed,
        )
        assert ledger.standings.load([entry.id, an_id(9)]) == {entry.id: standing}


def test_a_voided_fact_says_nothing_but_when_it_was_voided(ledger):
    entry, opened = an_open_entry(1)
    ledger.entries.add([entry])
    ledger.entries.add_facts(opened)
    one = about(1, CONFIRMED)
    ledger.exchanges.add([one.exchange])
    ledger.exchanges.add_facts([(one.exchange.key, fact) for fact in one.facts])
    ledger.exchanges.void_facts(one.exchange.key, [one.facts[-1].message], moment(50))
    settle_entries(ledger)
    standing = ledger.standings.load([entry.id])[entry.id]
    assert (standing.settled_at, standing.exchanged, standing.confirmed) == (moment(50), True, False)


def test_an_entry_about_which_another_county_asked_is_never_settled_for_it_depends_on_what_is_added_up():
    entry, opened = an_open_entry(1)
    with holding([about(1, CONFIRMED, own=HANYANG)], [(entry, opened)]).transaction() as ledger:
        standing = standings_of(ledger, [entry.id])[entry.id]
    assert (standing.settled_at, standing.exchanged) == (NEVER, True)


def test_an_entry_that_was_never_opened_has_no_standing():
    entry, opened = an_open_entry(1)
    assert standing_of(place_of(entry), [then(REOPENED, 1, 3), then(EntryFactKind.CHANGED, 1, 4)], []) is None
    assert standing_of(place_of(entry), opened, []) is not None


def queued(ledger: Ledger) -> list[str]:
    """What is queued since it was asked last."""
    found = ledger.standings.queued(99)
    ledger.standings.unqueue(number for number, _ in found)
    return sorted({entry for _, entry in found})


def test_whatever_an_entry_counts_by_queues_it(ledger):
    entries = [an_open_entry(n)[0] for n in (1, 2)]
    one, other = about(1, CONFIRMED), History().answered(1).of(2, entry=an_id(1))
    key, opened = one.exchange.key, one.facts[0]
    ledger.entries.add(entries)
    ledger.entries.add_facts([an_entry_fact(2, what=EntryFactKind.CHANGED)])
    ledger.exchanges.add([other.exchange])
    ledger.exchanges.add_facts([(other.exchange.key, fact) for fact in other.facts])
    assert queued(ledger) == []
    ledger.entries.add_facts([an_entry_fact(2)])
    assert queued(ledger) == [an_id(2)]
    ledger.entries.save([replace(entries[0], township=WUCHANG + "001")])
    assert queued(ledger) == [an_id(1)]
    ledger.exchanges.add_facts([(key, opened)])
    ledger.exchanges.add([one.exchange])
    assert queued(ledger) == [an_id(1)]
    ledger.exchanges.add_facts([(key, fact) for fact in one.facts[1:]])
    assert queued(ledger) == [an_id(1)]
    ledger.exchanges.void_facts(key, [opened.message], a_moment(60))
    assert queued(ledger) == [an_id(1)]
    ledger.exchanges.save([replace(one.exchange, entry=an_id(2))])
    assert queued(ledger) == [an_id(1), an_id(2)]
    ledger.exchanges.save([replace(one.exchange, entry=an_id(2), acceptance=Acceptance.REJECTED)])
    assert queued(ledger) == [an_id(2)]
    ledger.exchanges.save([replace(one.exchange, entry=None)])
    assert queued(ledger) == [an_id(2)]


def test_what_is_queued_twice_is_done_once_and_taken_off_by_its_numbers(ledger):
    ledger.standings.queue([an_id(2), an_id(1)])
    ledger.standings.queue([an_id(1)])
    assert ledger.standings.in_queue([an_id(1), an_id(3)]) == {an_id(1)}
    (first, _), *rest = ledger.standings.queued(2)
    ledger.standings.unqueue([first])
    assert ledger.standings.queued(9)[:1] == rest
    assert len(ledger.standings.queued(9)) == 2


def test_a_recount_finds_what_was_altered_and_what_is_of_no_entry_and_mends_it(ledger):
    told, entries = [about(1, CONFIRMED)], [an_open_entry(n) for n in (1, 2, 3)]
    ledger.exchanges.add([one.exchange for one in told])
    ledger.exchanges.add_facts([(one.exchange.key, fact) for one in told for fact in one.facts])
    ledger.entries.add([entry for entry, _ in entries])
    ledger.entries.add_facts([fact for _, facts in entries for fact in facts])
    settle_entries(ledger)
    held = dict(ledger.standings.load([an_id(1), an_id(2)]))
    stray = replace(held[an_id(1)], place=replace(held[an_id(1)].place, id=an_id(9)))
    ledger.standings.replace({an_id(1): replace(held[an_id(1)], confirmed=False), an_id(2): None, an_id(9): stray})
    first = recount_entries(ledger, "", 2)
    assert first.following == an_id(2)
    found = [*first.differences, *recount_entries(ledger, an_id(2), 2).differences, *recount_strays(ledger)]
    assert [(one.subject, one.stored, one.counted) for one in found] == [
        (f"entry {an_id(1)}", 2, 3),
        (f"entry {an_id(2)}", 0, 1),
        (f"entry {an_id(9)}", 3, 0),
    ]
    repair(ledger, found)
    assert ledger.standings.load([an_id(1), an_id(2), an_id(9)]) == held
    assert (*recount_entries(ledger, "").differences, *recount_strays(ledger)) == ()


def test_what_is_queued_is_not_compared(ledger):
    ledger.entries.add([an_open_entry(1)[0]])
    ledger.entries.add_facts(an_open_entry(1)[1])
    part = recount_entries(ledger, "")
    assert (part.entries, part.queued, part.differences) == (1, 1, ())


def test_the_histories_of_entries_are_given_in_the_order_of_time_erased_ones_too(ledger):
    closed = an_entry(1, closed_at=a_moment(30), close_reason=CloseReason.RETURNED)
    facts = [an_entry_fact(1, what=CLOSED, happened_at=a_moment(30)), an_entry_fact(1, happened_at=a_moment(10))]
    ledger.entries.add([closed, an_entry(2)])
    ledger.entries.add_facts(facts)
    ledger.entries.erase([closed.id])
    assert list(ledger.entries.histories([an_id(2), closed.id, an_id(3)])) == [
        (place_of(closed), (facts[1], facts[0])),
        (place_of(an_entry(2)), ()),
    ]
    assert (ledger.entries.keys("", 9), ledger.entries.keys(closed.id, 9)) == ([closed.id, an_id(2)], [an_id(2)])


def test_what_is_written_while_entries_are_settled_is_not_missed(request):
    """On PostgreSQL several write at one time: a fact that is not committed yet is not seen, and its entry stays queued."""
    with fresh("postgresql", request) as database:
        holding([about(1, History(received=1))], [an_open_entry(1)], ledgers=database)
        key = about(1, CONFIRMED).exchange.key
        confirmed = a_fact(FactKind.CONFIRMED, 3, happened_at=moment(3), known_at=moment(3), result=Result.CONFIRMED)
        with database.transaction() as writing:
            writing.exchanges.add_facts([(key, confirmed)])
            with database.transaction() as closing:
                while settle_entries(closing):
                    pass
        with database.transaction(read_only=True) as ledger:
            assert ledger.standings.in_queue([an_id(1)]) == {an_id(1)}
            assert [one.confirmed for one in summed(ledger, EVERYWHERE, a_day(9), moment(9))] == [1]
