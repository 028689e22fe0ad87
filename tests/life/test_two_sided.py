"""At one pair of positions both sides count alike, whatever the network did; where a ledger was tampered with, it is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle, product

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import rule

from adapters.memory import MemoryLedgers
from exchange.codes import Event, Kind, Result
from exchange.comparing.comparison import BEHIND, DIFFER, UNEQUAL
from exchange.conversation import Fact
from exchange.exchanges import Direction
from exchange.ledger import Ledger
from exchange.moments import Period
from exchange.verbs.compare_figures import MOST_EXCHANGES, TooMuchToCompare, frame_of, held_at, question
from exchange.wire.figures import FigureCounts, StateCounts
from exchange.wire.message import FeedbackBody
from tests.builders import a_conversation, an_exchange
from tests.life.comparing import MARCH, ask, compare, findings
from tests.life.in_any_order import BODIES, NAMES, SIDES, TwoNodes
from tests.life.two_nodes import Side, Two

APRIL = Period(first=date(2026, 3, 21), last=date(2026, 4, 20))


class ComparedNodes(TwoNodes):
    """As they exchange, either side compares, in the middle of whatever is under way."""

    @rule(name=SIDES, period=st.sampled_from([MARCH, APRIL]), days=st.integers(-1, 40))
    def compare(self, name: str, period: Period, days: int) -> None:
        """Figures and digests of both sides are equal, and the positions no lower than they must be."""
        here, there = self.side(name), self.across(name)
        found = ask(here, there, period, here.now.date() + timedelta(days=days))
        assert found.ours.side == found.theirs
        assert found.forgotten == 0

    def teardown(self) -> None:
        """Also in the end."""
        super().teardown()
        for name in NAMES:
            self.compare(name, APRIL, 0)
            found = ask(self.side(name), self.across(name), MARCH, self.side(name).now.date())
            with self.side(name).ledgers.transaction(read_only=True) as ledger:
                (link,) = ledger.links.all()
            assert (found.frame.positions.out, found.frame.positions.into) == (link.out_sequence, link.in_sequence)


TestComparedNodes = ComparedNodes.TestCase
TestComparedNodes.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


@pytest.fixture
def talked(two: Two) -> tuple[Two, list[str]]:
    """Xicheng asked three times and told of a birth; one was answered, one challenged, one withdrawn."""
    asked = [two.xicheng.ask(n) for n in (1, 2, 3)]
    asked.append(two.xicheng.ask(4, event=Event.BIRTH))
    two.calm()
    two.pass_time(timedelta(days=3))
    for exchange in asked[:2]:
        two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    two.calm()
    two.xicheng.say(asked[0], Kind.CONFIRMATION)
    two.xicheng.say(asked[1], Kind.CHALLENGE, BODIES[Kind.CHALLENGE])
    two.xicheng.say(asked[2], Kind.WITHDRAWAL, BODIES[Kind.WITHDRAWAL])
    two.calm()
    two.pass_time(timedelta(days=40))
    return two, asked


def test_equal_sides_are_told_so_and_nothing_is_found(talked: tuple[Two, list[str]]) -> None:
    two, _ = talked
    compared = compare(two.xicheng, two.wuchang, APRIL)
    assert (compared.equal, compared.whole, compared.differ) == (True, True, 0)
    assert compared.ours == compared.theirs
    assert compared.ours.states == StateCounts(open=1, challenged=1, closed=1, withdrawn=1)
    assert (compared.ours.sent.lines, compared.ours.sent.accepted, compared.ours.received.accepted) == (7, 7, 2)
    birth, query = compared.ours.cells
    assert (birth.kind, birth.event, query.kind) == (Kind.NOTICE, Event.BIRTH, Kind.QUERY)
    assert birth.due == FigureCounts(all=1, answered=0, on_time=0, key=1, key_answered=0, apart=0)
    assert query.due == FigureCounts(all=2, answered=1, on_time=1, key=0, key_answered=0, apart=1)
    assert findings(two.xicheng) == []


def tamper(side: Side, change: Callable[[Ledger], None]) -> None:
    """Alter one side's ledger behind the verbs' back."""
    with side.ledgers.transaction() as ledger:
        change(ledger)


def later(fact: Fact) -> Fact:
    """The same fact, four hours later."""
    return replace(fact, happened_at=fact.happened_at + timedelta(hours=4))


def change_fact(side: Side, exchange: str, what: str, change: Callable[[Fact], Fact]) -> None:
    """Void one fact and put another in its place."""

    def alter(ledger: Ledger) -> None:
        key = side.held(ledger, exchange).key
        fact = next(fact for fact in ledger.exchanges.facts(key) if fact.what == what)
        ledger.exchanges.void_facts(key, [fact.message], side.now)
        ledger.exchanges.add_facts([(key, change(fact))])

    tamper(side, alter)


def change_message(side: Side, exchange: str, kind: Kind) -> None:
    """Take one message out of its side's log: it was never accepted."""

    def alter(ledger: Ledger) -> None:
        key = side.held(ledger, exchange).key
        log = ledger.messages.of_exchanges(key.link, [exchange])[exchange]
        (message,) = (each for each in log if each.kind is kind)
        ledger.messages.save([replace(message, outcome=None)])

    tamper(side, alter)


TAMPERINGS: tuple[tuple[int, Callable[[Side, str], None], str], ...] = (
    (0, lambda s, e: change_fact(s, e, "answered", later), "answered_at of round 1"),
    (1, lambda s, e: change_fact(s, e, "opened", lambda fact: replace(fact, due=date(2026, 5, 1))), "due of round 1"),
    (1, lambda s, e: change_fact(s, e, "challenged", later), "opened_at of round 2"),
    (0, lambda s, e: change_fact(s, e, "answered", lambda f: replace(f, result=Result.NOT_FOUND)), "result of round 1"),
    (3, lambda s, e: change_fact(s, e, "opened", later), "opened_at of round 1"),
    (0, lambda s, e: change_message(s, e, Kind.FEEDBACK), "messages"),
    (2, lambda s, e: change_message(s, e, Kind.WITHDRAWAL), "messages"),
    (3, lambda s, e: change_message(s, e, Kind.NOTICE), "missing"),
)


@pytest.mark.parametrize(
    ("two", "tampered", "number", "change", "told"),
    # By turns on each kind of ledger: how a ledger reads is not what is looked for.
    [
        (kind, side, *tampering)
        for kind, (side, tampering) in zip(cycle(["memory", "sqlite", "postgresql"]), product(NAMES, TAMPERINGS), strict=False)
    ],
    indirect=["two"],
)
def test_what_was_tampered_with_on_one_side_is_found_and_nothing_else(
    talked: tuple[Two, list[str]],
    tampered: str,
    number: int,
    change: Callable[[Side, str], None],
    told: str,
) -> None:
    two, asked = talked
    change(two.xicheng if tampered == "xicheng" else two.wuchang, asked[number])
    compared = compare(two.xicheng, two.wuchang, APRIL)
    assert (compared.equal, compared.whole, compared.differ) == (False, True, 1)
    summary, found = sorted(findings(two.xicheng), key=lambda finding: finding.kind, reverse=True)
    assert (found.kind, found.subject, found.partner) == (DIFFER, asked[number], "wuchang.example")
    assert told in found.detail
    assert summary.kind == UNEQUAL
    if told == "missing":
        assert found.detail == ("missing here" if tampered == "xicheng" else "missing there")
    assert compare(two.wuchang, two.xicheng, APRIL).differ == 1


def test_a_difference_found_again_is_one_finding_and_is_settled_when_it_is_gone(talked: tuple[Two, list[str]]) -> None:
    two, asked = talked
    change_fact(two.wuchang, asked[0], "answered", later)
    compare(two.xicheng, two.wuchang, APRIL)
    first = findings(two.xicheng)
    two.pass_time(timedelta(days=1))
    compare(two.xicheng, two.wuchang, APRIL)
    assert findings(two.xicheng) == first
    change_fact(two.wuchang, asked[0], "answered", lambda fact: replace(fact, happened_at=fact.happened_at - timedelta(hours=4)))
    assert compare(two.xicheng, two.wuchang, APRIL).equal
    assert findings(two.xicheng) == []
    change_fact(two.wuchang, asked[0], "answered", later)
    compare(two.xicheng, two.wuchang, APRIL)
    assert findings(two.xicheng) == first


def test_a_finding_of_other_days_stays_until_those_are_compared_again(talked: tuple[Two, list[str]]) -> None:
    two, asked = talked
    change_fact(two.wuchang, asked[0], "answered", later)
    compare(two.xicheng, two.wuchang, APRIL)
    assert compare(two.xicheng, two.wuchang, as_of=date(2026, 3, 1)).equal
    assert [finding.kind for finding in findings(two.xicheng)] == [DIFFER]


def test_a_partner_that_lost_batches_which_it_had_receipted_is_found_out(talked: tuple[Two, list[str]]) -> None:
    two, _ = talked

    def forget(ledger: Ledger) -> None:
        (link,) = ledger.links.all()
        ledger.links.save(replace(link, in_sequence=1))

    tamper(two.wuchang, forget)
    compared = compare(two.xicheng, two.wuchang, APRIL)
    assert (compared.equal, compared.sent) == (True, 1)
    (found,) = findings(two.xicheng)
    assert (found.kind, found.detail) == (BEHIND, "the partner holds 1 batches fewer than it has given receipts for")


def test_messages_beyond_the_positions_do_not_exist(two: Two) -> None:
    first = two.xicheng.ask(1)
    two.calm()
    two.xicheng.ask(2)
    data = two.xicheng.cut()
    assert data is not None
    two.wuchang.take(data)  # and the receipt is lost
    two.wuchang.say(first, Kind.FEEDBACK, BODIES[Kind.FEEDBACK])
    answer = two.wuchang.cut()
    assert answer is not None
    two.xicheng.take(answer)  # that receipt, too
    two.pass_time(timedelta(days=2))
    for here, there in ((two.xicheng, two.wuchang), (two.wuchang, two.xicheng)):
        found = ask(here, there)
        assert found.ours.side == found.theirs
        assert found.theirs.figures.exchanges == found.theirs.figures.states.open == 1
    with two.xicheng.ledgers.transaction(read_only=True) as ledger:
        (link,) = ledger.links.all()
        assert ledger.comparisons.lines(link.id, Direction.IN, 1).accepted == 1


def test_more_exchanges_than_one_call_compares_are_refused() -> None:
    side = Two.of(MemoryLedgers(), MemoryLedgers()).xicheng
    with side.ledgers.transaction() as ledger:
        (link,) = ledger.links.all()
        one = an_exchange(1, link=link.id, conversation=a_conversation())
        ledger.exchanges.add([replace(one, key=one.key._replace(exchange=f"{n}")) for n in range(MOST_EXCHANGES + 1)])
        frame = frame_of(question(side.node, link, MARCH, date(2026, 3, 1), date(2026, 3, 2), side.now))
        with pytest.raises(TooMuchToCompare):
            held_at(ledger, side.node, link, frame)
        assert held_at(ledger, side.node, link, replace(frame, as_of=date(2026, 3, 1))).standings == ()


def test_when_a_side_came_to_know_is_nothing_here(two: Two) -> None:
    exchange = two.xicheng.ask(1)
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, BODIES[Kind.FEEDBACK])
    data = two.wuchang.cut()
    assert data is not None
    receipt = two.xicheng.take(data)
    day = two.wuchang.now.date()
    two.pass_time(timedelta(days=3))
    two.wuchang.settle(receipt)  # the receipt was days on its way
    for here, there in ((two.xicheng, two.wuchang), (two.wuchang, two.xicheng)):
        found = ask(here, there, as_of=day)
        assert found.ours.side == found.theirs
        assert found.theirs.figures.cells[0].submitted == FigureCounts(
            all=1, answered=1, on_time=1, key=0, key_answered=0, apart=0
        )


def test_each_exchange_is_judged_by_its_agreements_rules_whatever_a_node_goes_by_since(two: Two) -> None:
    exchange = two.xicheng.ask(1)
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, BODIES[Kind.FEEDBACK])
    two.calm()
    two.pass_time(timedelta(days=10))
    node = two.wuchang.node
    two.wuchang.node = replace(node, rules=replace(node.rules, version="own-2", lapse_days=1))
    two.xicheng.say(exchange, Kind.CONFIRMATION)
    data = two.xicheng.cut()
    assert data is not None
    two.wuchang.take(data)  # and the receipt is lost: below the positions Wuchang has to fold from its log
    found = ask(two.xicheng, two.wuchang)
    assert (found.ours.side.figures, found.ours.side.buckets) == (found.theirs.figures, found.theirs.buckets)
    assert found.theirs.figures.states == StateCounts(answered=1)
