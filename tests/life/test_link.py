"""A link takes what comes, exactly once: the batch again, out of order, cut short, with its receipt lost."""

from datetime import date, timedelta

import pytest
from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.codes import ChallengeReason, Event, InterimReason, Item, Kind, MaritalStatus, Result, WithdrawalReason
from exchange.conversation import FactKind, NotInThisState, ReminderTooSoon, State, TooManyChallenges
from exchange.errors import Retry
from exchange.exchanges import Acceptance
from exchange.moments import civil_day
from exchange.people.record import Record
from exchange.verbs.deliver import ReceiptDoesNotFit, requeue
from exchange.verbs.receive import LinkForked, SequenceGap
from exchange.verbs.reply import NOTHING, ExpectedPast, NotYourRole, UnderWay
from exchange.wire.batch import BatchNotAuthentic, Outcome, WireProblem, read_receipt, write
from exchange.wire.message import ChallengeBody, FeedbackBody, InterimBody, WithdrawalBody
from tests.life.two_nodes import Two, payload_of, signed

CONFIRMED = FeedbackBody(result=Result.CONFIRMED)
DIVORCED = FeedbackBody(result=Result.CORRECTED, record=Record(marital_status=MaritalStatus.DIVORCED))
NOT_FOUND = FeedbackBody(result=Result.NOT_FOUND)
INCOMPLETE = ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN])
MISTAKE = WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE)


def test_an_exchange_goes_from_question_to_closing(two: Two) -> None:
    exchange = two.xicheng.ask()
    assert two.xicheng.see(exchange).acceptance is Acceptance.PENDING
    two.calm()
    asked = two.wuchang.see(exchange)
    assert (asked.conversation and asked.conversation.state, asked.first_due) == (State.OPEN, date(2026, 4, 1))
    two.wuchang.say(
        exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CORRECTED, record=Record(marital_status=MaritalStatus.DIVORCED))
    )
    two.calm()
    two.xicheng.say(exchange, Kind.CONFIRMATION)
    two.calm()
    for side in (two.xicheng, two.wuchang):
        seen = side.see(exchange)
        assert seen.conversation is not None
        assert (seen.conversation.state, seen.conversation.result) == (State.CLOSED, Result.CORRECTED)
        assert [fact.what for fact in side.facts(exchange)] == [FactKind.ANSWERED, FactKind.CONFIRMED, FactKind.OPENED]
    assert two.xicheng.facts(exchange) == two.wuchang.facts(exchange)


def test_the_same_batch_again_gets_the_same_receipt(two: Two) -> None:
    exchange = two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    first = two.wuchang.take(data)
    two.pass_time(timedelta(hours=3))
    assert two.wuchang.take(data) == first
    assert two.xicheng.cut() == data
    two.xicheng.settle(first)
    two.xicheng.settle(first)
    assert two.xicheng.cut() is None
    assert len(two.wuchang.facts(exchange)) == 1


def test_a_batch_above_the_next_is_a_gap_and_changes_nothing(two: Two) -> None:
    two.xicheng.ask(1)
    first = two.xicheng.cut()
    assert first is not None
    two.xicheng.settle(two.wuchang.take(first))
    later = Two.of(MemoryLedgers(), MemoryLedgers())
    two.xicheng.ask(2)
    second = two.xicheng.cut()
    assert second is not None
    with pytest.raises(SequenceGap) as gap:
        later.wuchang.take(second)
    assert (gap.value.expected, gap.value.got) == (1, 2)


def test_another_batch_of_a_known_sequence_is_a_fork(two: Two) -> None:
    twin = Two.of(MemoryLedgers(), MemoryLedgers())
    two.xicheng.ask(1)
    twin.xicheng.ask(2)
    one, other = two.xicheng.cut(), twin.xicheng.cut()
    assert one is not None
    assert other is not None
    two.wuchang.take(one)
    with pytest.raises(LinkForked) as fork:
        two.wuchang.take(other)
    assert fork.value.manifest == one.split(b"\n")[0].decode()


def test_a_batch_that_lost_a_line_is_not_authentic(two: Two) -> None:
    two.xicheng.ask(1)
    two.xicheng.ask(2)
    data = two.xicheng.cut()
    assert data is not None
    with pytest.raises(BatchNotAuthentic):
        two.wuchang.take(data[: data.rindex(b"\n", 0, -1) + 1])


def test_a_receipt_for_another_batch_does_not_fit(two: Two) -> None:
    twin = Two.of(MemoryLedgers(), MemoryLedgers())
    two.xicheng.ask(1)
    twin.xicheng.ask(2)
    two.xicheng.cut()
    other = twin.xicheng.cut()
    assert other is not None
    with pytest.raises(ReceiptDoesNotFit):
        two.xicheng.settle(twin.wuchang.take(other))


def test_only_the_asked_side_feeds_back_and_only_the_asker_closes(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    with pytest.raises(NotYourRole):
        two.xicheng.say(exchange, Kind.FEEDBACK, CONFIRMED)
    with pytest.raises(NotYourRole):
        two.wuchang.say(exchange, Kind.WITHDRAWAL, MISTAKE)


def test_an_interim_answer_names_today_or_a_later_day_and_one_that_arrives_later_than_that_day_is_taken(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    today = civil_day(two.wuchang.now)
    with pytest.raises(ExpectedPast) as refused:
        two.wuchang.say(exchange, Kind.INTERIM, InterimBody(reason=InterimReason.FIELD_VISIT, expected=today - timedelta(days=1)))
    assert refused.value.pointer == "/expected"
    two.wuchang.say(exchange, Kind.INTERIM, InterimBody(reason=InterimReason.FIELD_VISIT, expected=today))
    two.pass_time(timedelta(days=2))
    two.calm()
    seen = two.xicheng.see(exchange).conversation
    assert (seen and seen.expected) == today


def test_the_same_word_is_not_queued_twice(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    with pytest.raises(UnderWay):
        two.wuchang.say(exchange, Kind.FEEDBACK, NOT_FOUND)


def test_a_challenge_opens_a_round_with_its_own_due_date_and_the_fourth_is_refused(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    # The third limit would end on 4 April, a public holiday until the 6th.
    for round_, due in ((2, date(2026, 4, 2)), (3, date(2026, 4, 3)), (4, date(2026, 4, 7))):
        two.wuchang.say(exchange, Kind.FEEDBACK, NOT_FOUND)
        two.calm()
        two.pass_time(timedelta(days=1))
        two.xicheng.say(exchange, Kind.CHALLENGE, INCOMPLETE)
        two.calm()
        seen = two.wuchang.see(exchange).conversation
        assert seen is not None
        assert (seen.state, seen.round, seen.due) == (State.CHALLENGED, round_, due)
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    two.calm()
    with pytest.raises(TooManyChallenges):
        two.xicheng.say(exchange, Kind.CHALLENGE, INCOMPLETE)


def test_an_answer_left_alone_lapses_on_the_sixteenth_day_and_cannot_be_challenged_then(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    two.calm()
    two.pass_time(timedelta(days=15))
    seen = two.xicheng.see(exchange).conversation
    assert seen is not None
    assert seen.state_at(two.xicheng.now, 15) is State.ANSWERED
    two.pass_time(timedelta(days=1))
    assert seen.state_at(two.xicheng.now, 15) is State.LAPSED
    with pytest.raises(NotInThisState):
        two.xicheng.say(exchange, Kind.CHALLENGE, INCOMPLETE)


def test_one_reminder_a_day(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.xicheng.say(exchange, Kind.REMINDER)
    two.calm()
    with pytest.raises(ReminderTooSoon):
        two.xicheng.say(exchange, Kind.REMINDER)
    two.pass_time(timedelta(days=1))
    two.xicheng.say(exchange, Kind.REMINDER)


def test_an_answer_is_accepted_or_returned_and_neither_once_the_question_is_taken_back(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    two.calm()
    two.xicheng.say(exchange, Kind.CHALLENGE, INCOMPLETE)
    with pytest.raises(UnderWay):
        two.xicheng.say(exchange, Kind.CONFIRMATION)
    two.xicheng.say(exchange, Kind.WITHDRAWAL, MISTAKE)  # which nothing holds up
    for kind, body in ((Kind.CONFIRMATION, NOTHING), (Kind.CHALLENGE, INCOMPLETE)):
        with pytest.raises(UnderWay):
            two.xicheng.say(exchange, kind, body)
    two.calm()
    for side in (two.xicheng, two.wuchang):
        seen = side.see(exchange).conversation
        assert seen is not None
        assert seen.state is State.WITHDRAWN


def test_what_was_withdrawn_is_not_withdrawn_again(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.xicheng.say(exchange, Kind.WITHDRAWAL, MISTAKE)
    with pytest.raises(UnderWay):
        two.xicheng.say(exchange, Kind.WITHDRAWAL, MISTAKE)
    two.calm()
    with pytest.raises(NotInThisState):
        two.xicheng.say(exchange, Kind.WITHDRAWAL, MISTAKE)


def test_a_withdrawal_and_an_answer_that_cross_leave_both_sides_alike(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.xicheng.say(exchange, Kind.WITHDRAWAL, MISTAKE)
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    from_xicheng, from_wuchang = two.xicheng.cut(), two.wuchang.cut()
    assert from_xicheng is not None
    assert from_wuchang is not None
    to_wuchang, to_xicheng = two.wuchang.take(from_xicheng), two.xicheng.take(from_wuchang)
    two.wuchang.settle(to_xicheng)
    two.xicheng.settle(to_wuchang)
    states = [side.see(exchange).conversation for side in (two.xicheng, two.wuchang)]
    assert [state and state.state for state in states] == [State.WITHDRAWN, State.WITHDRAWN]
    assert two.xicheng.facts(exchange) == two.wuchang.facts(exchange)


def test_what_no_agreement_covers_is_rejected_at_once_and_leaves_nothing(two: Two) -> None:
    narrow = Two.of(MemoryLedgers(), MemoryLedgers(), kinds=["birth"])
    exchange = two.xicheng.ask()
    notice = two.xicheng.ask(2, event=Event.BIRTH)
    data = two.xicheng.cut()
    assert data is not None
    receipt = read_receipt(payload_of(narrow.wuchang.take(data)))
    assert [word.outcome for word in receipt.receipts] == [Outcome.REJECTED, Outcome.ACCEPTED]
    problem = receipt.receipts[0].problem
    assert problem is not None
    assert problem.type.endswith("no-agreement")
    with narrow.wuchang.ledgers.transaction(read_only=True) as ledger:
        assert ledger.exchanges.named(exchange) == []
        assert len(ledger.exchanges.named(notice)) == 1


def test_a_rejected_opening_is_shown_to_its_asker_with_the_reason(two: Two) -> None:
    narrow = Two.of(MemoryLedgers(), MemoryLedgers(), kinds=["birth"])
    exchange = two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    two.xicheng.settle(narrow.wuchang.take(data))
    seen = two.xicheng.see(exchange)
    assert (seen.acceptance, seen.conversation, seen.problem and seen.problem.retry) == (Acceptance.REJECTED, None, "contact")


def test_what_is_rejected_for_now_is_judged_anew_under_the_same_id(two: Two) -> None:
    """The partner's rejection says `later`, as one would whose coordinator has yet to decide."""
    exchange = two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    receipt = read_receipt(payload_of(two.wuchang.take(data)))
    (word,) = receipt.receipts
    later = WireProblem(type="urn:example:busy", title="稍后", detail="Not now.", retry=Retry.LATER)
    refused = structs.replace(receipt, receipts=[structs.replace(word, outcome=Outcome.REJECTED, due=None, problem=later)])
    two.xicheng.settle(signed(write(refused)))
    assert two.xicheng.see(exchange).acceptance is Acceptance.REJECTED
    two.pass_time(timedelta(hours=2))
    with two.xicheng.ledgers.transaction() as ledger:
        assert requeue(ledger, two.xicheng.now - timedelta(hours=1), 10) == 1
    assert two.xicheng.see(exchange).acceptance is Acceptance.PENDING
    again = two.xicheng.cut()
    assert again is not None
    assert again.split(b"\n")[1] == data.split(b"\n")[1]
    assert read_receipt(payload_of(two.wuchang.take(again))).receipts[0].outcome is Outcome.DUPLICATE


def test_a_challenge_sent_in_time_that_travelled_for_days_is_accepted_and_was_overtaken(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    two.calm()
    two.pass_time(timedelta(days=15))
    two.xicheng.say(exchange, Kind.CHALLENGE, INCOMPLETE)
    data = two.xicheng.cut()
    assert data is not None
    two.pass_time(timedelta(days=2))
    receipt = two.wuchang.take(data)
    assert [(word.outcome, word.due) for word in read_receipt(payload_of(receipt)).receipts] == [(Outcome.ACCEPTED, None)]
    two.xicheng.settle(receipt)
    for side in (two.xicheng, two.wuchang):
        seen = side.see(exchange).conversation
        assert seen is not None
        assert (seen.state_at(side.now, 15), seen.round) == (State.LAPSED, 1)
    assert two.xicheng.facts(exchange) == two.wuchang.facts(exchange)
