"""Jobs that watch the clock: each date is told of once, escalation goes up level by level, trouble begins and ends once."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from adapters.calling.reach import Reach
from adapters.partner_http import PartnerClient, http_client
from exchange.clocks.escalation import AlreadyEscalated, Escalation, NotBeforeYou, NothingAwaited
from exchange.codes import InterimReason, Kind, Result, WithdrawalReason
from exchange.ledger import Page
from exchange.verbs.clocks.escalate import acknowledge, raise_escalation
from exchange.verbs.reply import Said, reply
from exchange.wire.message import FeedbackBody, InterimBody, WithdrawalBody
from jobs.clocks.escalate import escalate
from jobs.clocks.foresee import foresee
from jobs.clocks.watch import watch_for_trouble
from jobs.deliver import deliver_all
from jobs.runner import Clockwork, on_shift, run_once
from jobs.shift import Shift
from jobs.timetable import SCHEDULE, Daily, Job
from tests.builders import WUCHANG_NODE, XICHENG, XICHENG_NODE, a_day, an_api_key
from tests.jobs.offices import HandClock, Pair, Wuchang, a_pair

WATCH, ESCALATE, FORESEE = watch_for_trouble, escalate, foresee
DAY = timedelta(days=1)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two nodes, each of which tells its own systems."""
    made = a_pair(tmp_path)
    for office in (made.xicheng, made.wuchang):
        office.node = replace(office.node, webhooks=True)
    return made


def told(pair: Pair, *, of: str = "xicheng") -> list[str]:
    """The types of all that waits to be told."""
    office = getattr(pair, of)
    with office.ledgers.transaction(read_only=True) as ledger:
        return [json.loads(each.body)["type"] for each in ledger.notifications.due(pair.clock.now() + DAY, 1000)]


def do(pair: Pair, job: Callable[[Shift], str], *, of: str = "xicheng") -> str:
    with on_shift(getattr(pair, of), pair.client) as shift:
        return job(shift)


def deliver(pair: Pair) -> None:
    do(pair, lambda shift: str(deliver_all(shift)))


def say(pair: Pair, exchange: str, kind: Kind, body: object, *, of: str = "xicheng") -> None:
    """One side's word, carried over by hand where the wire only goes one way."""
    office = getattr(pair, of)
    with office.ledgers.transaction() as ledger:
        (held,) = ledger.exchanges.named(exchange)
        reply(ledger, office.node, held, Said(kind=kind, body=body), pair.clock.now())  # type: ignore[arg-type] # any body


def coordinator(pair: Pair, place: str, n: int) -> None:
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.access.save_api_key(an_api_key(n, role="coordinator", jurisdiction=place))


def escalations(pair: Pair) -> list[Escalation]:
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        return ledger.escalations.find(pair.xicheng.node.jurisdictions, Page(), to=None, resolved=None)


def test_what_is_due_soon_is_told_once_to_those_who_owe_it(pair: Pair):
    pair.ask()
    deliver(pair)
    before = told(pair, of="wuchang")
    pair.clock.move(timedelta(days=26))
    assert do(pair, FORESEE, of="wuchang") == "0 told"
    pair.clock.move(DAY)
    assert [do(pair, FORESEE, of="wuchang") for _ in range(2)] == ["1 told", "0 told"]
    pair.clock.move(DAY)
    assert do(pair, FORESEE, of="wuchang") == "0 told"
    assert told(pair, of="wuchang") == [*before, "exchange.due_soon"]
    assert do(pair, FORESEE) == "0 told"


def test_what_was_missed_altogether_is_not_told_of_as_near(pair: Pair):
    pair.ask()
    deliver(pair)
    pair.clock.move(timedelta(days=40))
    assert do(pair, FORESEE, of="wuchang") == "0 told"


def answered(pair: Pair, exchange: str, kind: Kind, body: object) -> None:
    """Wuchang's word reaches Xicheng: over a client of its own, the wire being Xicheng's."""
    say(pair, exchange, kind, body, of="wuchang")
    back = a_way_back(pair)
    with on_shift(pair.wuchang, back) as shift:
        deliver_all(shift)


def a_way_back(pair: Pair) -> PartnerClient:
    wire = Wuchang(office=pair.xicheng, caller=pair.wuchang)
    return PartnerClient(pair.wuchang, http_client(httpx.MockTransport(wire), reach=Reach()))


def test_a_named_day_that_passed_and_an_answer_that_lapses_soon_are_told_once(pair: Pair):
    exchange = pair.ask()
    deliver(pair)
    answered(pair, exchange, Kind.INTERIM, InterimBody(reason=InterimReason.FIELD_VISIT, expected=a_day(10)))
    pair.clock.move(timedelta(days=10))
    assert do(pair, FORESEE) == "0 told"
    pair.clock.move(timedelta(days=3))
    assert [do(pair, FORESEE) for _ in range(2)] == ["1 told", "0 told"]
    answered(pair, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    pair.clock.move(timedelta(days=11))
    assert do(pair, FORESEE) == "0 told"
    pair.clock.move(DAY)
    assert [do(pair, FORESEE) for _ in range(2)] == ["1 told", "0 told"]
    assert told(pair) == ["exchange.expected_passed", "exchange.answered", "exchange.lapsing"]


def test_a_leap_over_months_brings_one_reminder_one_escalation_and_one_word_each(pair: Pair):
    exchange = pair.ask()
    run_once(pair.xicheng, pair.client)
    pair.clock.move(timedelta(days=200))
    for _ in range(3):
        run_once(pair.xicheng, pair.client)
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        kinds = [message.kind for message in ledger.messages.of_exchanges(1, [exchange])[exchange]]
    assert kinds == [Kind.QUERY, Kind.REMINDER]
    assert len(escalations(pair)) == 1
    assert sorted(told(pair)) == ["escalation.raised", "exchange.overdue", "trouble.began"]  # nothing came from Wuchang
    assert told(pair, of="wuchang") == ["exchange.received", "exchange.reminded"]


def test_escalation_goes_up_level_by_level_and_is_resolved_by_the_answer(pair: Pair):
    exchange = pair.ask()
    deliver(pair)
    pair.clock.move(timedelta(days=39))
    assert do(pair, ESCALATE) == "0 escalated"
    pair.clock.move(DAY)
    assert [do(pair, ESCALATE) for _ in range(2)] == ["1 escalated", "0 escalated"]
    (first,) = escalations(pair)
    assert (first.level, first.to, first.stays, first.why, first.due) == (1, XICHENG, True, "overdue", a_day(30))
    coordinator(pair, "110000", 1)
    pair.clock.move(timedelta(days=9))
    assert do(pair, ESCALATE) == "0 escalated"
    pair.clock.move(DAY)
    assert do(pair, ESCALATE) == "1 escalated"
    second, _ = escalations(pair)
    assert (second.level, second.to, second.stays) == (2, "110000", False)
    pair.clock.move(timedelta(days=300))
    assert do(pair, ESCALATE) == "0 escalated"
    with pair.xicheng.ledgers.transaction() as ledger:
        with pytest.raises(NotBeforeYou):
            acknowledge(ledger, second, XICHENG, pair.clock.now())
        acknowledged = acknowledge(ledger, second, "110000", pair.clock.now())
        with pytest.raises(NotBeforeYou):
            acknowledge(ledger, acknowledged, "110000", pair.clock.now())
    answered(pair, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    assert {each.resolved_at for each in escalations(pair)} == {pair.clock.now()}
    assert told(pair).count("escalation.raised") == 2


def test_a_coordinator_puts_forward_what_is_awaited_and_its_withdrawal_resolves_it(pair: Pair):
    exchange = pair.ask()
    coordinator(pair, "110000", 1)
    with pair.xicheng.ledgers.transaction() as ledger:
        (pending,) = ledger.exchanges.named(exchange)
        with pytest.raises(NothingAwaited):
            raise_escalation(ledger, pair.xicheng.node, pending, pair.clock.now())
    deliver(pair)
    with pair.xicheng.ledgers.transaction() as ledger:
        (held,) = ledger.exchanges.named(exchange)
        raised = raise_escalation(ledger, pair.xicheng.node, held, pair.clock.now())
        assert (raised.to, raised.why, raised.due) == ("110000", "raised", None)
        with pytest.raises(AlreadyEscalated):
            raise_escalation(ledger, pair.xicheng.node, held, pair.clock.now())
    say(pair, exchange, Kind.WITHDRAWAL, WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE))
    deliver(pair)
    assert [each.resolved_at for each in escalations(pair)] == [pair.clock.now()]


def refusing(status: int) -> Callable[[httpx.Request], httpx.Response]:
    body = {"type": "urn:woshou:problem:batch-not-authentic", "title": "x", "status": status, "detail": "", "retry": "contact"}
    return lambda _: httpx.Response(status, json=body)


def troubles(pair: Pair) -> list[tuple[str, str, bool]]:
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        return [(each.kind, each.subject, each.ended_at is not None) for each in ledger.troubles.find(Page())]


def test_a_partner_that_cannot_be_reached_is_told_of_twice_however_often_somebody_looks(pair: Pair):
    pair.ask(1)
    deliver(pair)
    pair.ask(2)
    pair.wire.answers = [lambda _: httpx.Response(503) for _ in range(30)]
    for _ in range(20):
        pair.clock.move(timedelta(minutes=16))
        deliver(pair)
        do(pair, WATCH)  # each look as a process of its own: nothing is remembered but in the ledger
    assert troubles(pair) == [("partner-unreachable", WUCHANG_NODE, False)]
    pair.wire.answers = []
    for _ in range(5):
        pair.clock.move(timedelta(minutes=16))
        deliver(pair)
        do(pair, WATCH)
    assert troubles(pair) == [("partner-unreachable", WUCHANG_NODE, True)]
    assert told(pair) == ["trouble.began", "trouble.ended"]


def test_a_short_interruption_is_no_trouble(pair: Pair):
    pair.ask(1)
    deliver(pair)
    pair.ask(2)
    pair.wire.answers = [lambda _: httpx.Response(503)]
    pair.clock.move(timedelta(minutes=16))
    deliver(pair)
    assert do(pair, WATCH) == ""
    assert troubles(pair) == []


def test_batches_that_are_refused_are_trouble_at_once(pair: Pair):
    pair.ask()
    pair.wire.answers = [refusing(400)]
    deliver(pair)
    assert [do(pair, WATCH), do(pair, WATCH)] == ["1 troubles began, 0 ended", ""]
    assert troubles(pair) == [("receipts-refused", WUCHANG_NODE, False)]
    pair.clock.move(timedelta(minutes=16))
    deliver(pair)
    assert do(pair, WATCH) == "0 troubles began, 1 ended"


def test_a_partner_from_which_nothing_comes_though_an_answer_is_late_is_silent(pair: Pair):
    exchange = pair.ask()
    deliver(pair)
    pair.clock.move(timedelta(days=36))
    assert do(pair, WATCH) == ""
    pair.clock.move(timedelta(days=2))
    do(pair, WATCH)
    assert troubles(pair) == [("partner-silent", WUCHANG_NODE, False)]
    answered(pair, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    do(pair, WATCH)
    assert troubles(pair) == [("partner-silent", WUCHANG_NODE, True)]


def test_a_clock_that_is_off_is_trouble_until_a_batch_comes_in_time(pair: Pair):
    one, two = pair.ask(1), pair.ask(2)
    deliver(pair)
    pair.clock.move(timedelta(hours=1))
    say(pair, one, Kind.INTERIM, InterimBody(reason=InterimReason.FIELD_VISIT, expected=a_day(9)), of="wuchang")
    right, slow = pair.wuchang.clock, HandClock()
    slow.shown = pair.clock.now() - timedelta(minutes=9)
    pair.wuchang.clock = slow
    with on_shift(pair.wuchang, a_way_back(pair)) as shift:
        deliver_all(shift)
    do(pair, WATCH)
    assert troubles(pair) == [("clock-off", WUCHANG_NODE, False)]
    pair.wuchang.clock = right
    answered(pair, two, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    do(pair, WATCH)
    assert troubles(pair) == [("clock-off", WUCHANG_NODE, True)]


def test_a_days_job_that_does_not_come_to_its_end_is_trouble_until_it_does(pair: Pair):
    failing = True

    def sometimes(shift: Shift) -> str:
        if failing:
            raise NothingAwaited
        return "done"

    job = Job(name="sometimes", run=sometimes, when=Daily(at=SCHEDULE[-1].when.at))  # type: ignore[union-attr] # a daily one
    with on_shift(pair.xicheng, pair.client) as shift:
        Clockwork(job, shift).tick()
        assert WATCH(shift) == ""
        pair.clock.move(timedelta(hours=1))
        WATCH(shift)
        assert troubles(pair) == [("job-failed", "sometimes", False)]
        failing = False
        pair.clock.move(DAY)
        Clockwork(job, shift).tick()
        WATCH(shift)
    assert troubles(pair) == [("job-failed", "sometimes", True)]


def test_too_much_that_is_late_is_trouble_by_the_house_rules(pair: Pair):
    for n in range(1, 4):
        pair.ask(n)
    deliver(pair)
    house = pair.xicheng.node.house
    alerts = structs.replace(house.alerts, awaited_overdue=2, silent_days=300)
    pair.xicheng.node = replace(pair.xicheng.node, house=structs.replace(house, alerts=alerts))
    pair.clock.move(timedelta(days=31))
    do(pair, WATCH)
    assert troubles(pair) == [("overdue-many", "awaited", False)]
    assert XICHENG_NODE not in str(troubles(pair))
