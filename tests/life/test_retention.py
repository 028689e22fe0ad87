"""Retention on both sides: bodies, notes and persons go in time, and everything that was counted or promised stays."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.memory import MemoryLedgers
from exchange.clocks.retention import Retention, months_before
from exchange.codes import CloseReason, Item, Kind, MaritalStatus, Result, WithdrawalReason
from exchange.conversation import FactKind, NotInThisState, State
from exchange.counting.query import ReportQuery
from exchange.exchanges import Direction, LoggedMessage, NoteKept
from exchange.ledger import Held
from exchange.moments import Period, civil_day, day_start
from exchange.people.record import Record
from exchange.people.register import EntryFactKind
from exchange.verbs.clocks import retain
from exchange.verbs.report import report
from exchange.verbs.settling.give_back import lines_of
from exchange.wire import batch as wire
from exchange.wire.batch import Outcome
from exchange.wire.message import ChallengeBody, FeedbackBody, WithdrawalBody, note_of, read_message
from exchange.wire.proven import ErasedLine
from tests.builders import an_entry, an_entry_fact
from tests.life.test_link import INCOMPLETE
from tests.life.two_nodes import Side, Two, payload_of

DIVORCED = FeedbackBody(result=Result.CORRECTED, record=Record(marital_status=MaritalStatus.DIVORCED))
MISTAKE = WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE)
PIECES = (retain.erase_withdrawn, retain.erase_notes, *retain.NIGHTLY.values())


def tonight(side: Side) -> int:
    """All that retention does of one side; how much was erased."""
    erased = 0
    for piece in PIECES:
        while True:
            with side.ledgers.transaction() as ledger:
                some = piece(ledger, side.node, side.now, 2)
            erased += some
            if not some:
                break
    return erased


def log(side: Side, exchange: str) -> list[LoggedMessage]:
    with side.ledgers.transaction(read_only=True) as ledger:
        link = ledger.links.of(side.other_node)
        assert link is not None
        return ledger.messages.of_exchanges(link.id, [exchange])[exchange]


def lines(side: Side, exchange: str) -> list[bool]:
    """Whether each message of an exchange has its body still."""
    return [message.line is not None for message in log(side, exchange)]


def both(two: Two) -> tuple[Side, Side]:
    return two.xicheng, two.wuchang


def answer(two: Two, exchange: str, *, confirm: bool) -> None:
    two.wuchang.say(exchange, Kind.FEEDBACK, DIVORCED)
    two.calm()
    if confirm:
        two.xicheng.say(exchange, Kind.CONFIRMATION)
        two.calm()


def to(two: Two, day: date) -> None:
    """Move both clocks to three o'clock in the morning of a day."""
    two.pass_time(day_start(day) + timedelta(hours=3) - two.xicheng.now)


def figures(side: Side, *days: date) -> list[object]:
    """All rates of a side, with all rows, as of these days."""
    period = Period(first=date(2026, 1, 1), last=date(2026, 12, 31))
    with side.ledgers.transaction(read_only=True) as ledger:
        return [
            report(ledger, side.node, ReportQuery(jurisdictions=(side.county,), period=period, as_of=day_start(day))).figures
            for day in days
        ]


def test_bodies_go_on_both_sides_the_night_after_twelve_months_and_no_figure_changes(two: Two) -> None:
    closed, lapsed, waits = (two.xicheng.ask(n) for n in (1, 2, 3))
    two.calm()
    answer(two, closed, confirm=True)
    answer(two, lapsed, confirm=False)
    asked_on = civil_day(two.xicheng.now)
    # An answer stands for fifteen days; what nobody ends is given up a year after it was due.
    last_days = {closed: asked_on, lapsed: asked_on + timedelta(days=15), waits: date(2027, 4, 1)}
    assert {name: side.see(name).over_on for side in both(two) for name in last_days} == last_days
    shown = (date(2026, 4, 1), date(2026, 6, 1), date(2027, 3, 1))
    to(two, date(2027, 3, 2))
    before = [figures(side, *shown) for side in both(two)]
    for day, gone in (
        (date(2027, 3, 2), set()),
        (date(2027, 3, 3), {closed}),
        (date(2027, 3, 18), {closed, lapsed}),
        (date(2028, 4, 1), {closed, lapsed}),
        (date(2028, 4, 2), {closed, lapsed, waits}),
    ):
        to(two, day)
        for side in both(two):
            tonight(side)
            held = {name for name in (closed, lapsed, waits) if all(lines(side, name))}
            assert held == {closed, lapsed, waits} - gone
            assert not any(any(lines(side, name)) for name in gone)
            assert {name for name in (closed, lapsed, waits) if not side.see(name).person_index} == gone
    assert [figures(side, *shown) for side in both(two)] == before
    assert tonight(two.xicheng) == tonight(two.wuchang) == 0
    answer(two, waits, confirm=True)
    talks = [side.see(waits).conversation for side in both(two)]
    assert [talk.state for talk in talks if talk is not None] == [State.CLOSED] * 2


def test_what_was_erased_is_still_promised_by_the_same_receipt(two: Two) -> None:
    exchange = two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    receipt = two.wuchang.take(data)
    two.xicheng.settle(receipt)
    answer(two, exchange, confirm=True)
    to(two, date(2027, 4, 1))
    for side in both(two):
        tonight(side)
        assert not any(lines(side, exchange))
    assert two.wuchang.take(data) == receipt
    # The manifest and the receipt say of each line what is held of it.
    manifest, word = wire.read_manifest(payload_of(wire.split(data)[0])), wire.read_receipt(payload_of(receipt))
    for side, direction in ((two.xicheng, Direction.OUT), (two.wuchang, Direction.IN)):
        with side.ledgers.transaction(read_only=True) as ledger:
            link = ledger.links.of(side.other_node)
            assert link is not None
            (given,) = lines_of(ledger, link, direction, manifest, word)
        assert isinstance(given, ErasedLine)
        assert [given.erased] == manifest.digests


def test_who_speaks_late_of_what_was_erased_is_answered_as_ever(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    answer(two, exchange, confirm=True)
    to(two, date(2027, 4, 1))
    for side in both(two):
        tonight(side)
    with pytest.raises(NotInThisState):
        two.xicheng.say(exchange, Kind.CHALLENGE, INCOMPLETE)
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    two.calm()
    for side in both(two):
        tonight(side)
        # What came late is kept as long as it would have been.
        assert lines(side, exchange)[-1]
    two.xicheng.say(exchange, Kind.WITHDRAWAL, MISTAKE)
    two.calm()
    for side in both(two):
        tonight(side)
        talk = side.see(exchange).conversation
        assert talk is not None
        assert (talk.state, talk.closed_on) == (State.CLOSED, date(2026, 3, 2))
        assert {message.outcome for message in log(side, exchange)} == {Outcome.ACCEPTED}
        assert FactKind.WITHDRAWN in {fact.what for fact in side.facts(exchange)}
        assert not any(lines(side, exchange))


def test_a_supplement_to_what_was_erased_goes_in_its_own_time(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    answer(two, exchange, confirm=True)
    to(two, date(2027, 4, 1))
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    two.calm()
    for day, held in ((date(2028, 4, 1), True), (date(2028, 4, 2), False)):
        to(two, day)
        for side in both(two):
            tonight(side)
            assert any(lines(side, exchange)) is held


def test_what_has_no_receipt_stays_and_is_a_finding_until_it_has_one(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    answer(two, exchange, confirm=True)
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    under_way = two.wuchang.cut()
    assert under_way is not None
    to(two, date(2027, 4, 1))
    tonight(two.wuchang)
    assert lines(two.wuchang, exchange)[-1]
    for held_up in (1, 0):
        with two.wuchang.ledgers.transaction() as ledger:
            assert retain.note_held_up(ledger, two.wuchang.node, two.wuchang.now, 10) == held_up
            standing = ledger.chores.open_findings((retain.HELD_UP,), two.wuchang.node.name)
        assert len(standing) == held_up
        two.wuchang.settle(two.xicheng.take(under_way))
        tonight(two.wuchang)
    assert not any(lines(two.wuchang, exchange))


def test_the_person_of_a_closed_entry_goes_after_twenty_four_months_and_no_figure_changes(two: Two) -> None:
    side, opened, closed_at = two.xicheng, two.xicheng.now, two.xicheng.now + timedelta(hours=1)
    closed = an_entry(1, opened_at=opened, closed_at=closed_at, close_reason=CloseReason.RETURNED)
    facts = [an_entry_fact(n, happened_at=opened, known_at=opened) for n in (1, 2)]
    with side.ledgers.transaction() as ledger:
        ledger.entries.add([closed, an_entry(2, opened_at=opened)])
        ledger.entries.add_facts(
            [*facts, replace(facts[0], what=EntryFactKind.CLOSED, happened_at=closed_at, known_at=closed_at)]
        )
    shown = (date(2026, 3, 2), date(2026, 3, 3), date(2028, 3, 1))
    to(two, date(2028, 3, 2))
    before = figures(side, *shown)
    for day, erased in ((date(2028, 3, 2), 0), (date(2028, 3, 3), 1), (date(2030, 3, 3), 0)):
        to(two, day)
        assert tonight(side) == erased
    with side.ledgers.transaction(read_only=True) as ledger:
        assert [ledger.entries.get(entry.id) is None for entry in (closed, an_entry(2))] == [True, False]
    assert figures(side, *shown) == before


@pytest.fixture
def talkative() -> Two:
    """Two nodes whose agreement allows notes."""
    return Two.of(MemoryLedgers(), MemoryLedgers(), notes_allowed=True)


@pytest.mark.parametrize("on", ["confirmation", "lapse"])
def test_a_note_goes_at_closing_on_both_sides_and_the_rest_of_the_body_stays(talkative: Two, on: str) -> None:
    exchange = talkative.xicheng.ask()
    talkative.calm()
    talkative.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED, note="请周三来电"))
    talkative.calm()
    challenge = ChallengeBody(reason=INCOMPLETE.reason, items=[Item.CHILDREN], note="缺子女")
    talkative.xicheng.say(exchange, Kind.CHALLENGE, challenge)
    talkative.calm()
    talkative.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED, note="已补"))
    talkative.calm()
    for side in both(talkative):
        tonight(side)
        assert [message.note for message in log(side, exchange)].count(NoteKept.HELD) == 3
    if on == "confirmation":
        talkative.xicheng.say(exchange, Kind.CONFIRMATION)
        talkative.calm()
    else:
        talkative.pass_time(timedelta(days=15))
    assert tonight(talkative.xicheng) == 0
    talkative.pass_time(timedelta(days=1))
    for side in both(talkative):
        assert tonight(side) == 1
        held = log(side, exchange)
        assert [message.note for message in held].count(NoteKept.ERASED) == 3
        assert all(lines(side, exchange))
        assert [note_of(read_message(message.line)) for message in held if message.line is not None] == [None] * len(held)
        # What is left is not what was signed, so it is never given back as if it were.
        assert [message.travelled is None for message in held] == [message.note is not None for message in held]


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 3, 2), 12, date(2025, 3, 2)),
        (date(2026, 8, 31), 6, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 1, 31), 2, date(2025, 11, 30)),
        (date(2026, 12, 1), 24, date(2024, 12, 1)),
    ],
)
def test_months_are_counted_by_the_calendar(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


def test_the_defaults_are_those_of_the_domain() -> None:
    assert Retention() == Retention(bodies_months=12, entries_months=24)


def test_a_dry_run_tells_what_a_run_does(two: Two) -> None:
    for n in (1, 2):
        exchange = two.xicheng.ask(n)
        two.calm()
        answer(two, exchange, confirm=True)
    to(two, date(2027, 4, 1))
    with two.xicheng.ledgers.transaction(read_only=True) as ledger:
        assert retain.due(ledger, two.xicheng.node, two.xicheng.now, 10) == {
            "bodies": 2,
            "indexes": 0,
            "couples": 0,
            "persons": 0,
            "unjudged": 0,
        }
        assert len(ledger.exchanges.over(date(2027, 4, 1), Held.BODIES, 1)) == 1
    assert tonight(two.xicheng) == 2
