"""What a partner's bad luck or bad will may do to an exchange, and what it may not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.codes import ChallengeReason, Item, Kind, Result, WithdrawalReason
from exchange.conversation import State
from exchange.errors import NotAuthentic
from exchange.exchanges import Direction
from exchange.moments import format_moment
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Record, Spouse
from exchange.verbs.deliver import ReceiptDoesNotFit
from exchange.wire import ijson
from exchange.wire.batch import BatchNotAuthentic, Outcome, read_manifest, read_receipt, write
from exchange.wire.message import (
    ChallengeBody,
    EmptyBody,
    FeedbackBody,
    MalformedMessage,
    Reminder,
    Reply,
    WithdrawalBody,
    read_message,
    write_message,
)
from tests.builders import WUCHANG, XICHENG, a_moment, a_query, an_id
from tests.life.test_admission import asked, send, with_body, word
from tests.life.two_nodes import Two, payload_of, signed

CONFIRMED = FeedbackBody(result=Result.CONFIRMED)
INCOMPLETE = ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN])


@pytest.mark.parametrize(
    ("kind", "body", "state"),
    [
        (Kind.CHALLENGE, INCOMPLETE, State.CHALLENGED),
        (Kind.CONFIRMATION, EmptyBody(), State.CLOSED),
        (Kind.WITHDRAWAL, WithdrawalBody(reason=WithdrawalReason.PERSON_WITHDREW), State.WITHDRAWN),
    ],
)
def test_an_answer_to_what_was_taken_is_accepted_though_its_receipt_was_lost(
    two: Two, kind: Kind, body: Any, state: State
) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    feedback = two.wuchang.cut()
    assert feedback is not None
    two.xicheng.take(feedback)  # its receipt never arrives
    two.xicheng.say(exchange, kind, body)
    reply = two.xicheng.cut()
    assert reply is not None
    receipt = two.wuchang.take(reply)
    (judgement,) = read_receipt(payload_of(receipt)).receipts
    assert (judgement.outcome, judgement.due is not None) == (Outcome.ACCEPTED, kind is Kind.CHALLENGE)
    two.xicheng.settle(receipt)
    two.calm()
    one, other = (side.see(exchange).conversation for side in (two.xicheng, two.wuchang))
    assert one == other
    assert one is not None
    assert one.state is state
    assert two.xicheng.facts(exchange) == two.wuchang.facts(exchange)


def test_an_answer_to_a_question_whose_receipt_was_lost_is_accepted_and_counts(two: Two) -> None:
    exchange = two.xicheng.ask()
    question = two.xicheng.cut()
    assert question is not None
    two.wuchang.take(question)  # its receipt never arrives
    two.pass_time(timedelta(hours=1))
    two.wuchang.say(exchange, Kind.FEEDBACK, CONFIRMED)
    answer = two.wuchang.cut()
    assert answer is not None
    receipt = two.xicheng.take(answer)
    assert [judgement.outcome for judgement in read_receipt(payload_of(receipt)).receipts] == [Outcome.ACCEPTED]
    assert two.xicheng.see(exchange).conversation is None
    two.wuchang.settle(receipt)
    two.calm()
    one, other = (side.see(exchange) for side in (two.xicheng, two.wuchang))
    assert one.conversation == other.conversation
    assert one.conversation is not None
    assert (one.conversation.state, one.first_due) == (State.ANSWERED, other.first_due)
    assert two.xicheng.facts(exchange) == two.wuchang.facts(exchange)


def test_a_partner_cannot_open_an_exchange_under_the_id_of_one_of_ours(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    (judgement,) = send(two.xicheng, asked(exchange=exchange), seen=1)
    assert word(judgement) == (Outcome.REJECTED, "exchange-exists", "/exchange")


def test_a_week_of_reminders_cannot_be_sent_in_one_day_by_dating_them_back(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    opening = two.wuchang.see(exchange)
    template = a_query(from_=XICHENG, to=WUCHANG, origin=WUCHANG, destination=XICHENG, exchange=exchange)
    shared = {name: getattr(template, name) for name in template.__struct_fields__ if name not in ("id", "body", "in_reply_to")}
    words = []
    for n in range(2):
        with two.wuchang.ledgers.transaction(read_only=True) as ledger:
            (link,) = ledger.links.all()
            (query,) = ledger.messages.known(opening.key.link, Direction.IN, [opening.opening]).values()
        reply_to = Reply(id=query.id, digest=query.digest)
        reminder = Reminder(**shared, id=an_id(50 + n), in_reply_to=reply_to, body=EmptyBody())
        dated_back = two.wuchang.now - timedelta(days=3 - n)
        (judgement,) = send(two.wuchang, reminder, sequence=2 + n, previous=link.in_digest, sent_at=dated_back)
        words.append(word(judgement)[:2])
    assert words == [(Outcome.ACCEPTED, None), (Outcome.REJECTED, "reminder-too-soon")]


@pytest.mark.parametrize("pointer", ["id", "exchange", "salt", "from", "created_at"])
def test_a_field_does_not_end_in_a_newline(pointer: str) -> None:
    tree = ijson.loads(write_message(a_query()))
    with pytest.raises(MalformedMessage):
        read_message(ijson.dumps(tree | {pointer: tree[pointer] + "\n"}))


NO_MOMENTS = [
    "2026-99-99T00:00:00.000Z",
    "0001-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
    "9999-12-31T00:00:00.000Z",
    "٢٠٢٦-03-02T01:00:00.000Z",
]


@pytest.mark.parametrize("moment", NO_MOMENTS)
def test_a_moment_that_never_was_spoils_only_what_it_stands_in(moment: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(write_message(structs.replace(a_query(), created_at=moment)))
    assert refused.value.pointer == "/created_at"
    two = Two.of(MemoryLedgers(), MemoryLedgers())
    two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    manifest = read_manifest(payload_of(data.split(b"\n")[0].decode()))
    with pytest.raises(BatchNotAuthentic):
        read_manifest(write(structs.replace(manifest, sent_at=moment)))
    receipt = read_receipt(payload_of(two.wuchang.take(data)))
    with pytest.raises(NotAuthentic):
        read_receipt(write(structs.replace(receipt, received_at=moment)))


@pytest.mark.parametrize("due", [None, "9999-12-31", "0001-01-01", "2026-03-01"])
def test_the_asked_side_cannot_receipt_itself_out_of_a_rate(two: Two, due: str | None) -> None:
    two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    receipt = read_receipt(payload_of(two.wuchang.take(data)))
    forged = structs.replace(receipt, receipts=[structs.replace(receipt.receipts[0], due=due)])
    with pytest.raises(ReceiptDoesNotFit):
        two.xicheng.settle(signed(write(forged)))


def test_a_receipt_from_long_before_the_batch_does_not_fit(two: Two) -> None:
    two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    receipt = read_receipt(payload_of(two.wuchang.take(data)))
    with pytest.raises(ReceiptDoesNotFit):
        two.xicheng.settle(signed(write(structs.replace(receipt, received_at=format_moment(a_moment(-3000))))))


@pytest.mark.parametrize(
    ("record", "pointer"),
    [
        (Record(spouse=Spouse(name="阿 依")), "/body/record/spouse/name"),
        (
            Record(spouse=Spouse(name="阿依", document=DocumentRef(type=DocumentType.ID_NUMBER, number="4201-x"))),
            "/body/record/spouse/document/number",
        ),
    ],
)
def test_names_and_numbers_within_a_record_are_plain_too(two: Two, record: Record, pointer: str) -> None:
    (judgement,) = send(two.xicheng, with_body(items=[Item.SPOUSE], record=record))
    assert judgement.outcome is Outcome.REJECTED
    assert word(judgement)[2] == pointer


def test_a_note_holds_no_long_number() -> None:
    two = Two.of(MemoryLedgers(), MemoryLedgers(), notes_allowed=True)
    (judgement,) = send(two.xicheng, with_body(note="证件号 110102199003070017 请核"))
    assert word(judgement)[:2] == (Outcome.REJECTED, "excluded-content")
