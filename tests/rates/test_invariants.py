"""What holds for every report, whatever happened."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.codes import ChallengeReason, Event, Item, Kind, PriorityLevel, Purpose, Result, Role, UrgentReason
from exchange.counting.query import Narrowing
from exchange.counting.rows import Row
from exchange.jurisdiction import Category
from exchange.moments import Period, civil_day
from exchange.people.register import Entry, EntryFact, EntryFactKind
from exchange.rates import Cohort, RateName
from exchange.verbs.report import rows_behind
from exchange.wire.message import ChallengeBody, FeedbackBody
from tests.builders import WUCHANG, XICHENG, a_day, an_id
from tests.life.two_nodes import Two
from tests.rates.histories import (
    HANYANG,
    HUBEI,
    JIANGAN,
    WUHAN,
    XIANTAO,
    XILING,
    YICHANG,
    History,
    Told,
    a_counting_node,
    an_open_entry,
    counts,
    holding,
    reported,
    the_rate,
    then,
    until,
    wanted,
)

COUNTIES = [WUCHANG, HANYANG, JIANGAN, XILING, XIANTAO]
FEEDBACK_RATES = [
    RateName.FEEDBACK_GIVEN,
    RateName.FEEDBACK_OBTAINED,
    RateName.OUTFLOW_FEEDBACK,
    RateName.INFLOW_FEEDBACK,
    RateName.ON_TIME,
    RateName.KEY_INFORMATION,
]
COUNTED = [*FEEDBACK_RATES, RateName.EXCHANGE, RateName.CONFIRMATION, RateName.CERTIFICATE_VERIFICATION]
MATTERS: list[dict[str, Any]] = [
    {"kind": Kind.QUERY, "event": None, "urgent": None},
    {"kind": Kind.QUERY, "event": None, "urgent": UrgentReason.APPOINTMENT},
    *({"kind": Kind.NOTICE, "event": event} for event in (Event.BIRTH, Event.MARRIAGE, Event.DIVORCE, Event.ADOPTION)),
    {"kind": Kind.NOTICE, "event": Event.BIRTH, "urgent": UrgentReason.APPOINTMENT},
]
ROLES = st.sampled_from(Role)
LAGS = st.sampled_from([0.0, 0.01, 3.0, 25.0])
gaps = st.floats(0, 40, allow_nan=False).map(lambda gap: round(gap, 2))
# Ledgers are cheap to fill but not free; a report of forty exchanges takes some milliseconds.
slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@st.composite
def histories(draw: st.DrawFn) -> History:
    """What can happen to an exchange, in an order that the state machine allows."""
    received = draw(gaps)
    limit = draw(st.sampled_from([7, 15, 30, None]))
    history = History(received=received, due=None if limit is None else int(received) + limit, lag=draw(LAGS))
    now, waits, challenges = received, limit is not None, 0
    for _ in range(draw(st.integers(1, 7))):
        now += draw(gaps)
        if draw(st.integers(0, 9)) == 9:
            return history.withdrawn(now)
        if waits:
            history.answered(now, draw(st.sampled_from(Result)))
            waits = False
        elif limit is not None and challenges < 3 and draw(st.booleans()):
            history.challenged(now, int(now) + limit)
            waits, challenges = True, challenges + 1
        elif limit is not None:
            return history.confirmed(now)
    return history


@st.composite
def told(draw: st.DrawFn, roles: st.SearchStrategy[Role] = ROLES) -> list[Told]:
    """Exchanges of several counties, townships, matters and categories."""
    several = []
    for n, history in enumerate(draw(st.lists(histories(), min_size=10, max_size=25)), start=1):
        own = draw(st.sampled_from(COUNTIES))
        origin, destination = draw(st.permutations([own, XICHENG]))
        several.append(
            history.of(
                n,
                role=draw(roles),
                own=own,
                origin=origin,
                destination=destination,
                handled_by=draw(st.sampled_from([None, own + "001", own + "002"])),
                entry=an_id(draw(st.integers(1, 8))),
                result=draw(st.sampled_from([Result.CONFIRMED, Result.CORRECTED, Result.NOT_FOUND])),
                category=draw(st.sampled_from(Category)),
                purpose=draw(st.sampled_from([Purpose.PUBLIC_SERVICE, Purpose.CERTIFICATE_VERIFICATION])),
                **draw(st.sampled_from(MATTERS)),
            )
        )
    return several


@st.composite
def registers(draw: st.DrawFn) -> list[tuple[Entry, list[EntryFact]]]:
    """Entries 1 to 8, opened, closed and reopened, some known late."""
    entries = []
    for n in range(1, draw(st.integers(1, 8)) + 1):
        county = draw(st.sampled_from(COUNTIES))
        opened = draw(gaps)
        entry, facts = an_open_entry(
            n, opened, jurisdiction=county, destination=county, township=draw(st.sampled_from([None, county + "001"]))
        )
        for what in (EntryFactKind.CLOSED, EntryFactKind.REOPENED)[: draw(st.integers(0, 2))]:
            opened += draw(gaps)
            facts.append(then(what, n, opened, opened + draw(st.sampled_from([0, 20]))))
        for found in draw(st.lists(gaps, max_size=2)):
            facts.append(then(EntryFactKind.CERTIFICATE_FOUND, n, opened + found - 10, opened + found + 10))
        entries.append((entry, facts))
    return entries


@st.composite
def queries(draw: st.DrawFn, /, **changes: Any) -> dict[str, Any]:
    """A period, an as-of moment and a cohort."""
    first = draw(st.integers(-10, 40))
    return {
        "period": Period(first=a_day(first), last=a_day(first + draw(st.integers(30, 150)))),
        "as_of": until(draw(st.integers(30, 200))) + timedelta(hours=draw(st.sampled_from([-15, -1, 0, 0, 0]))),
        "cohort": draw(st.sampled_from(Cohort)),
        "narrowing": Narrowing(category=draw(st.sampled_from([None, None, *Category]))),
        **changes,
    }


@slowly
@given(told(), registers(), queries())
def test_every_rate_lies_between_0_and_1_and_on_time_is_never_above_feedback_given(told, entries, query):
    figures = reported(holding(told, entries), wanted(HUBEI, **query)).of(HUBEI)
    for rate in figures.rates:
        if rate.numerator is not None and rate.denominator is not None:
            assert 0 <= rate.numerator <= rate.denominator
            assert rate.ratio is None if rate.denominator == 0 else 0 <= (rate.ratio or 0) <= 1
    given_, on_time = figures.rate(RateName.FEEDBACK_GIVEN), figures.rate(RateName.ON_TIME)
    assert on_time.denominator == given_.denominator
    assert (on_time.numerator or 0) <= (given_.numerator or 0)
    exchange, confirmation = figures.rate(RateName.EXCHANGE), figures.rate(RateName.CONFIRMATION)
    assert confirmation.denominator == exchange.denominator
    assert (confirmation.numerator or 0) <= (exchange.numerator or 0)


@slowly
@given(told(st.just(Role.ASKED)), queries())
def test_outflow_and_inflow_are_all_and_so_are_key_information_and_the_rest(told, query):
    ledgers = holding(told)
    figures = reported(ledgers, wanted(HUBEI, **query)).of(HUBEI)
    whole = counts(figures.rate(RateName.FEEDBACK_GIVEN))
    assert added(counts(figures.rate(name)) for name in (RateName.OUTFLOW_FEEDBACK, RateName.INFLOW_FEEDBACK)) == whole

    def of(**narrowing: Any) -> tuple[int | None, int | None]:
        narrowed = {**query, "narrowing": replace(query["narrowing"], **narrowing)}
        return counts(the_rate(ledgers, RateName.FEEDBACK_GIVEN, wanted(HUBEI, **narrowed)))

    urgent = of(kind=Kind.QUERY, priority=PriorityLevel.URGENT)
    key = [urgent, of(event=Event.BIRTH), of(event=Event.MARRIAGE)]
    rest = [of(kind=Kind.QUERY, priority=PriorityLevel.NORMAL), of(event=Event.DIVORCE), of(event=Event.ADOPTION)]
    assert added(key) == counts(figures.rate(RateName.KEY_INFORMATION))
    assert added([*key, *rest]) == whole


@slowly
@given(told(), registers(), queries(parts=True))
@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        (HUBEI, [(WUHAN, None), (YICHANG, None), (XIANTAO, None)]),
        (WUHAN, [(JIANGAN, None), (HANYANG, None), (WUCHANG, None)]),
        (WUCHANG, [(WUCHANG, WUCHANG + "001"), (WUCHANG, WUCHANG + "002"), (WUCHANG, "unassigned")]),
    ],
)
def test_the_parts_sum_to_the_whole(whole, parts, told, entries, query):
    report = reported(holding(told, entries), wanted(whole, **query))
    figures = report.of(whole)
    # A township in which nothing was counted has no row.
    below = [part for part in report.figures if part is not figures]
    assert {(part.jurisdiction, part.township) for part in below} <= set(parts)
    for name in COUNTED:
        assert added(counts(part.rate(name)) for part in below) == counts(figures.rate(name))
    for name in FEEDBACK_RATES:
        beside = figures.rate(name).beside
        assert beside is not None
        sums = [part.rate(name).beside for part in below]
        for field in ("open", "overdue", "withdrawn_apart"):
            assert sum(getattr(part, field) for part in sums) == getattr(beside, field)
        for field in ("not_found", "refused", "lapsed", "challenged", "withdrawn"):
            shares = [getattr(part, field) for part in sums]
            of = getattr(beside, field)
            assert added((share.numerator, share.denominator) for share in shares) == (of.numerator, of.denominator)


@slowly
@given(told(), registers(), queries(rows=frozenset(RateName)))
def test_a_report_for_an_as_of_moment_in_the_past_never_changes(told, entries, query):
    as_of = query["as_of"]
    known = [Told(one.exchange, [fact for fact in one.facts if fact.known_at <= as_of]) for one in told]
    then_known = [(entry, [fact for fact in facts if fact.known_at <= as_of]) for entry, facts in entries]
    before = reported(holding(known, then_known), wanted(HUBEI, **query))
    assert before == reported(holding(told, entries), wanted(HUBEI, **query))


@slowly
@given(told(), registers(), queries())
def test_anyone_can_count_a_rate_again_from_the_rows_behind_it(told, entries, query):
    ledgers = holding(told, entries)
    asked_for = wanted(HUBEI, **query)
    figures = reported(ledgers, asked_for).of(HUBEI)
    for name in COUNTED:
        with ledgers.transaction(read_only=True) as ledger:
            rows = rows_behind(ledger, a_counting_node(), asked_for, HUBEI, name)
        rate = figures.rate(name)
        assert added((row.numerator, row.denominator) for row in rows) == counts(rate)
        if name in FEEDBACK_RATES:
            last_day = civil_day(query["as_of"]) - timedelta(days=1)
            again = [counted_again(row, last_day, on_time=name is RateName.ON_TIME) for row in rows]
            assert again == [bool(row.numerator) for row in rows]


def counted_again(row: Row, last_day: date, *, on_time: bool) -> bool:
    """As a partner would do it, from the printed stamps alone; `last_day` is the last day that is wholly past."""
    ended = min((civil_day(stamp.at) for stamp in row.stamps if stamp.what in ("withdrawn", "confirmed")), default=None)
    last = last_day if ended is None else min(last_day, ended - timedelta(days=1))
    due = {stamp.round: stamp.due for stamp in row.stamps if stamp.what in ("opened", "challenged")}
    answered = {stamp.round: civil_day(stamp.at) for stamp in row.stamps if stamp.what == "answered"}
    judged = [number for number, day in sorted(due.items()) if number in answered or (day and day <= last)]
    if on_time:
        return bool(judged) and all(number in answered and answered[number] <= (due[number] or last) for number in judged)
    return bool(judged) and judged[-1] in answered


@slowly
@given(
    st.lists(histories(), min_size=5, max_size=20),
    st.lists(st.sampled_from([0.0, 0.5, 4.0]), min_size=20, max_size=20),
    queries(),
)
def test_both_parties_figures_are_equal_once_both_know_the_same(several, delays, query):
    """What each knows when differs; what happened, and what is due, does not."""
    asked, asker = [], []
    for n, (history, delay) in enumerate(zip(several, delays, strict=False), start=1):
        asked.append(history.of(n))
        later = [replace(fact, known_at=fact.known_at + timedelta(days=delay)) for fact in history.facts]
        asking = history.of(n, role=Role.ASKER, own=XICHENG, other=WUCHANG, origin=WUCHANG, destination=XICHENG)
        asker.append(Told(asking.exchange, later))
    when_both_know_all = {**query, "as_of": until(400)}
    given_ = the_rate(holding(asked), RateName.FEEDBACK_GIVEN, wanted(WUCHANG, **when_both_know_all))
    obtained = the_rate(holding(asker), RateName.FEEDBACK_OBTAINED, wanted(XICHENG, **when_both_know_all))
    assert (counts(given_), given_.beside) == (counts(obtained), obtained.beside)


CONFIRMED, NOT_FOUND = FeedbackBody(result=Result.CONFIRMED), FeedbackBody(result=Result.NOT_FOUND)
INCOMPLETE = ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN])


@pytest.mark.parametrize("times", [1, 2, 3])
def test_replaying_the_log_of_messages_changes_nothing(times):
    """Every batch and every receipt arrives once, twice and three times; the figures are those of once, on both sides."""
    two = Two.of(MemoryLedgers(), MemoryLedgers())
    seen: list[tuple[bool, bytes, str]] = []

    def carry() -> None:
        for ours, sender, receiver in ((True, two.xicheng, two.wuchang), (False, two.wuchang, two.xicheng)):
            data = sender.cut()
            if data is None:
                continue
            seen.append((ours, data, receiver.take(data)))
            sender.settle(seen[-1][2])
        for _ in range(times - 1):
            for ours, data, receipt in seen:
                sender, receiver = (two.xicheng, two.wuchang) if ours else (two.wuchang, two.xicheng)
                assert receiver.take(data) == receipt
                sender.settle(receipt)

    exchanges = [two.xicheng.ask(n) for n in range(1, 6)]
    carry()
    two.pass_time(timedelta(days=10))
    for exchange, body in zip(exchanges, (CONFIRMED, NOT_FOUND, CONFIRMED), strict=False):
        two.wuchang.say(exchange, Kind.FEEDBACK, body)
    carry()
    two.pass_time(timedelta(days=1))
    two.xicheng.say(exchanges[0], Kind.CONFIRMATION)
    two.xicheng.say(exchanges[1], Kind.CHALLENGE, INCOMPLETE)
    carry()
    two.pass_time(timedelta(days=60))
    two.wuchang.say(exchanges[3], Kind.FEEDBACK, CONFIRMED)
    carry()
    month: dict[str, Any] = {"period": Period(first=date(2026, 4, 1), last=date(2026, 4, 30)), "as_of": two.wuchang.now}
    given_ = the_rate(two.wuchang.ledgers, RateName.FEEDBACK_GIVEN, wanted(WUCHANG, **month))
    obtained = the_rate(two.xicheng.ledgers, RateName.FEEDBACK_OBTAINED, wanted(XICHENG, **month))
    # Asked five times: confirmed, challenged and left alone, lapsed, answered late, never answered.
    assert counts(given_) == counts(obtained) == (3, 5)
    assert counts(the_rate(two.wuchang.ledgers, RateName.ON_TIME, wanted(WUCHANG, **month))) == (2, 5)
    assert given_.beside == obtained.beside


def added(counts: Any) -> tuple[int, int]:
    """The sums of numerators and of denominators."""
    pairs = list(counts)
    return sum(one for one, _ in pairs), sum(other for _, other in pairs)
