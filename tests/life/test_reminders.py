"""Which days bring a reminder, and what interim answers, lapsing and the agreed rule set do to an exchange of two nodes."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from adapters.rules import packaged_house_rules
from exchange.codes import ChallengeReason, InterimReason, Item, Kind, Result
from exchange.conversation import ReminderTooSoon, State, TooManyChallenges
from exchange.moments import civil_day
from exchange.terms.agreement import RulesRef
from exchange.terms.rulebook import RulesUnknown
from exchange.terms.rules import read_rules
from exchange.verbs.agree import propose, take_proposal
from exchange.verbs.clocks.remind import remind, wants_reminder
from exchange.verbs.whole import judged_by
from exchange.wire.message import ChallengeBody, FeedbackBody, InterimBody
from tests.builders import WUCHANG_NODE, a_conversation, a_day, a_moment, a_partner, agreed_terms, an_exchange
from tests.building.clocks import some_rules
from tests.life.two_nodes import Side, Two, payload_of, signed

HOUSE = packaged_house_rules().reminders
EARLY = msgspec.structs.replace(HOUSE, partner_before_days=3)
ALOOF = msgspec.structs.replace(HOUSE, after_expected_date=False)
DUE = 30
NEXT = read_rules(some_rules())
DAY = timedelta(days=1)


def awaited(state: State = State.OPEN, **changes: int | None):
    days = {name: None if value is None else a_day(value) for name, value in changes.items()}
    return an_exchange(conversation=a_conversation(state, **{"due": a_day(DUE), **days}))


@pytest.mark.parametrize(
    ("held", "rules", "days"),
    [
        ({}, HOUSE, range(31, 60)),  # on every day after the limit, until one is sent
        ({"reminded_on": 31}, HOUSE, range(38, 60)),
        ({"reminded_on": 38}, HOUSE, range(45, 60)),
        ({"reminded_on": 20}, HOUSE, range(31, 60)),  # by hand, before the limit
        ({"reminded_on": 30}, HOUSE, range(31, 60)),
        ({}, EARLY, range(27, 60)),
        ({"reminded_on": 27}, EARLY, range(31, 60)),
        ({"reminded_on": 26}, EARLY, range(27, 60)),
        ({"expected": 20}, HOUSE, range(21, 60)),
        ({"expected": 20, "reminded_on": 21}, HOUSE, range(31, 60)),
        ({"expected": 20, "reminded_on": 20}, HOUSE, range(21, 60)),
        ({"expected": 35, "reminded_on": 31}, HOUSE, range(36, 60)),  # a named day that passed has a reminder of its own
        ({"expected": 35, "reminded_on": 36}, HOUSE, range(43, 60)),
        ({"expected": 20}, ALOOF, range(31, 60)),
        ({"state": State.CHALLENGED}, HOUSE, range(31, 60)),
        ({"state": State.ANSWERED}, HOUSE, ()),
        ({"state": State.WITHDRAWN}, HOUSE, ()),
        ({"state": State.NOTED, "due": None}, HOUSE, ()),
    ],
)
def test_a_reminder_is_wanted_on_these_days(held, rules, days):
    exchange = awaited(**held)
    from_day = (exchange.conversation.reminded_on - a_day()).days if exchange.conversation.reminded_on else 0
    assert [day for day in range(from_day, 60) if wants_reminder(exchange, a_day(day), rules)] == list(days)


@given(
    due=st.integers(1, 60),
    expected=st.none() | st.integers(1, 90),
    before=st.none() | st.integers(1, 20),
    again=st.integers(1, 20),
    looks=st.sets(st.integers(0, 120)),
)
def test_whatever_days_somebody_looks_there_is_never_more_than_one_reminder_a_day_and_each_has_its_ground(
    due, expected, before, again, looks
):
    rules = msgspec.structs.replace(HOUSE, partner_before_days=before, again_after_days=again)
    exchange = awaited(due=due, expected=expected)
    sent = []
    for day in sorted(looks):
        if wants_reminder(exchange, a_day(day), rules):
            sent.append(day)
            exchange = replace(exchange, conversation=replace(exchange.conversation, reminded_on=a_day(day)))
            assert not wants_reminder(exchange, a_day(day), rules)
    early = [day for day in sent if day <= due]
    # At most one because the limit is near, and one because a named day has passed.
    assert len(early) <= (before is not None) + (expected is not None)
    late = [day for day in sent if day > due]
    unbound = [day for day, last in zip(late[1:], late, strict=False) if day - last < again]
    assert len(unbound) <= (expected is not None)


def reminded(side: Side) -> int:
    with side.ledgers.transaction() as ledger:
        queued, after = remind(ledger, side.node, side.now)
    assert after == ""
    return queued


@pytest.fixture
def two() -> Two:
    return Two.of(MemoryLedgers(), MemoryLedgers())


def test_a_reminder_goes_out_once_however_many_days_were_missed_and_is_seen_on_both_sides(two):
    exchange = two.xicheng.ask()
    two.calm()
    two.pass_time(timedelta(days=90))
    assert [reminded(two.xicheng), reminded(two.xicheng)] == [1, 0]
    two.calm()
    assert reminded(two.xicheng) == 0
    for side in (two.xicheng, two.wuchang):
        assert side.see(exchange).conversation.reminded_on == civil_day(two.xicheng.now)
    with pytest.raises(ReminderTooSoon):
        two.xicheng.say(exchange, Kind.REMINDER)
    two.pass_time(timedelta(days=7))
    assert reminded(two.xicheng) == 1


def test_an_interim_answer_names_a_day_stops_no_clock_and_its_passing_brings_a_reminder(two):
    exchange = two.xicheng.ask()
    two.calm()
    named = civil_day(two.xicheng.now) + timedelta(days=10)
    two.wuchang.say(exchange, Kind.INTERIM, InterimBody(reason=InterimReason.FIELD_VISIT, expected=named))
    two.calm()
    for side in (two.xicheng, two.wuchang):
        held = side.see(exchange).conversation
        assert (held.state, held.expected, held.due) == (State.OPEN, named, date(2026, 4, 1))
    two.pass_time(timedelta(days=10))
    assert reminded(two.xicheng) == 0
    two.pass_time(DAY)
    assert reminded(two.xicheng) == 1
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    two.calm()
    assert two.xicheng.see(exchange).conversation.expected is None


def agreed_on(rules, **terms):
    """Two nodes of which both know another rule set, and agreed on it."""
    two = Two.of(MemoryLedgers(), MemoryLedgers(), rules=RulesRef(version=rules.version, digest=rules.digest), **terms)
    for side in (two.xicheng, two.wuchang):
        book = side.node.rulebook
        side.node = replace(side.node, rulebook=replace(book, versions={**book.versions, rules.version: rules}))
    return two


def test_a_matter_is_judged_by_the_rule_set_that_its_agreement_names_and_not_by_the_nodes_own():
    two = agreed_on(NEXT)
    exchange = two.xicheng.ask()
    two.calm()
    assert two.xicheng.see(exchange).first_due == civil_day(two.xicheng.now) + timedelta(days=10)
    for round_ in range(2):
        two.pass_time(DAY)
        two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
        two.calm()
        last_day = civil_day(two.xicheng.now) + timedelta(days=5)
        assert two.xicheng.see(exchange).conversation.lapses_on == last_day
        if round_ == 0:
            two.xicheng.say(exchange, Kind.CHALLENGE, ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN]))
            two.calm()
            assert two.xicheng.see(exchange).conversation.lapses_on is None
    with pytest.raises(TooManyChallenges):
        two.xicheng.say(exchange, Kind.CHALLENGE, ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN]))
    for side in (two.xicheng, two.wuchang):
        held = side.see(exchange).conversation
        with side.ledgers.transaction(read_only=True) as ledger:
            assert judged_by(ledger, side.node, side.held(ledger, exchange)) == NEXT
        midnight = a_moment(15 * 60) + timedelta(days=(last_day - a_day()).days)
        assert held.state_at(midnight - timedelta(milliseconds=1), 15) is State.ANSWERED
        assert held.state_at(midnight, 15) is State.LAPSED


def test_a_proposal_that_names_unknown_rules_is_refused_on_both_sides_and_says_which_are_known(two):
    for rules in (RulesRef(version="nowhere-1", digest=NEXT.digest), RulesRef(version="woshou-2026.1", digest=NEXT.digest)):
        terms = agreed_terms(7, rules=rules)
        with two.xicheng.ledgers.transaction() as ledger, pytest.raises(RulesUnknown, match=r"woshou-2026\.1"):
            propose(ledger, two.xicheng.node, terms, two.xicheng.now, signed)
        payload = msgspec.json.encode(terms)
        with two.wuchang.ledgers.transaction() as ledger, pytest.raises(RulesUnknown, match=r"woshou-2026\.1"):
            take_proposal(ledger, two.wuchang.node, two.wuchang.partner(), payload, signed(payload), two.wuchang.now)
    assert payload_of(signed(payload)) == payload


def test_what_is_open_is_answered_though_the_agreed_rules_are_gone(two):
    two = agreed_on(NEXT)
    exchange = two.xicheng.ask()
    two.calm()
    book = two.wuchang.node.rulebook
    two.wuchang.node = replace(two.wuchang.node, rulebook=replace(book, versions={"woshou-2026.1": book.get("woshou-2026.1")}))
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    two.calm()
    assert two.xicheng.see(exchange).conversation.state is State.ANSWERED
    with pytest.raises(RulesUnknown):
        two.wuchang.ask(2)


def test_three_challenges_are_the_limit(two):
    exchange = two.xicheng.ask()
    two.calm()
    body = ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN])
    for _ in range(3):
        two.pass_time(DAY)
        two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.NOT_FOUND))
        two.calm()
        two.xicheng.say(exchange, Kind.CHALLENGE, body)
        two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.NOT_FOUND))
    two.calm()
    with pytest.raises(TooManyChallenges):
        two.xicheng.say(exchange, Kind.CHALLENGE, body)


def test_no_reminder_waits_for_a_partner_that_is_suspended(two):
    two.xicheng.ask()
    two.calm()
    two.pass_time(timedelta(days=60))
    with two.xicheng.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(WUCHANG_NODE, status="suspended"))
    assert reminded(two.xicheng) == 0
