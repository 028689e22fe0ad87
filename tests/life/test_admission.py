"""What is not agreed, not theirs or not plain is rejected by its receiver, and refused by its sender before that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.codes import Education, Event, Item, Kind, PriorityLevel, Purpose, RegisterKind, Result, UrgentReason
from exchange.errors import Refused
from exchange.exchanges import Direction
from exchange.ledger import Page
from exchange.moments import format_moment
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Record
from exchange.people.register import EntryProtected
from exchange.terms.agreement import DayLimit, NoAgreement
from exchange.verbs.intake import read_arrivals
from exchange.verbs.receive import receive
from exchange.verbs.submit import EventInFuture, NoGround, NoRoute, OpeningDraft, submit
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import Judgement, Manifest, Outcome, read_receipt
from exchange.wire.message import FeedbackBody, MalformedMessage, Message, Priority, Query, Reply, write_message
from tests.builders import WUCHANG, XICHENG, YUYANG, a_feedback, a_moment, a_person, a_query, an_entry, an_id
from tests.life.two_nodes import LINK, Side, Two, payload_of, signed


@pytest.fixture
def two() -> Two:
    return Two.of(MemoryLedgers(), MemoryLedgers())


def send(
    side: Side,
    *messages: Message,
    sequence: int = 1,
    previous: str | None = None,
    seen: int = 0,
    sent_at: datetime | None = None,
) -> list[Judgement]:
    """What the side says to a hand-made batch of its partner's."""
    lines = [write_message(message) for message in messages]
    payload = wire.write(
        Manifest(
            protocol="1",
            link=LINK,
            sender=side.other_node,
            receiver=side.node.name,
            sequence=sequence,
            previous=previous,
            seen=seen,
            sent_at=format_moment(sent_at or side.now),
            digests=[ijson.digest(line) for line in lines],
        )
    )
    manifest = wire.read_manifest(payload)
    with side.ledgers.transaction() as ledger:
        jws = receive(
            ledger,
            side.node,
            side.partner(),
            manifest,
            signed(payload),
            ijson.digest(payload),
            read_arrivals(side.node, manifest, lines),
            side.now,
            signed,
        )
    return read_receipt(payload_of(jws)).receipts


def word(judgement: Judgement) -> tuple[Outcome, str | None, str | None]:
    """Outcome, end of the problem's type, and pointer."""
    problem = judgement.problem
    if problem is None:
        return judgement.outcome, None, None
    return judgement.outcome, problem.type.rsplit(":", 1)[-1], problem.pointer


def asked(**changes: Any) -> Query:
    """A query that Wuchang sends to Xicheng about one of Xicheng's own people."""
    query = a_query(from_=WUCHANG, to=XICHENG, origin=XICHENG, destination=WUCHANG)
    return structs.replace(query, **changes)


def with_body(**changes: Any) -> Query:
    """The same with another body."""
    query = asked()
    return structs.replace(query, body=structs.replace(query.body, **changes))


@pytest.mark.parametrize(
    ("query", "problem", "pointer"),
    [
        (asked(to=YUYANG, origin=YUYANG), "wrong-parties", "/to"),
        (asked(from_=YUYANG, destination=YUYANG), "wrong-parties", "/from"),
        (asked(origin=YUYANG), "wrong-parties", "/origin"),
        (asked(origin=WUCHANG, destination=WUCHANG), "wrong-parties", "/origin"),
        (asked(created_at=format_moment(a_moment(6))), "created-in-future", "/created_at"),
        (asked(purpose=Purpose.BENEFIT), "no-agreement", None),
        (with_body(items=[Item.ADDRESS], record=None), "item-not-agreed", "/body/items"),
        (with_body(note="请核实"), "note-not-allowed", "/body/note"),
        (with_body(person=a_person(name="王 小明")), "not-normalised", "/body/person/name"),
        (
            with_body(person=a_person(document=DocumentRef(type=DocumentType.ID_NUMBER, number="110102900307001"))),
            "not-normalised",
            "/body/person/document/number",
        ),
        (
            with_body(person=a_person(document=DocumentRef(type=DocumentType.ID_NUMBER))),
            "not-normalised",
            "/body/person/document/number",
        ),
    ],
)
def test_a_query_outside_the_rules_is_rejected_with_its_pointer(
    two: Two, query: Query, problem: str, pointer: str | None
) -> None:
    (judgement,) = send(two.xicheng, query)
    assert word(judgement) == (Outcome.REJECTED, problem, pointer)


def test_a_good_query_is_accepted_with_its_due_date(two: Two) -> None:
    (judgement,) = send(two.xicheng, asked())
    assert (judgement.outcome, judgement.due) == (Outcome.ACCEPTED, "2026-04-01")


def test_an_urgent_query_is_due_after_fifteen_days(two: Two) -> None:
    urgent = Priority(level=PriorityLevel.URGENT, reason=UrgentReason.APPOINTMENT)
    (judgement,) = send(two.xicheng, asked(priority=urgent))
    assert judgement.due == "2026-03-17"


def test_the_agreement_can_set_another_limit() -> None:
    two = Two.of(MemoryLedgers(), MemoryLedgers(), limits=[DayLimit(rule="normal_query", days=10, unit="working")])
    (judgement,) = send(two.xicheng, asked())
    assert judgement.due == "2026-03-16"


@pytest.mark.parametrize(
    "terms",
    [
        {"valid_from": date(2026, 3, 3)},
        {"valid_until": date(2026, 3, 1)},
        {"kinds": ["birth"]},
        {"purposes": [Purpose.BENEFIT]},
        {"categories": ["intra_city"]},
        {"directions": "first_to_second"},
    ],
)
def test_without_an_agreement_in_force_that_covers_it_there_is_no_exchange(terms: dict[str, Any]) -> None:
    two = Two.of(MemoryLedgers(), MemoryLedgers(), **terms)
    (judgement,) = send(two.xicheng, asked())
    assert word(judgement) == (Outcome.REJECTED, "no-agreement", None)
    with pytest.raises(NoAgreement):
        two.wuchang.ask()


def test_a_known_id_is_a_duplicate_and_with_other_contents_it_is_rejected(two: Two) -> None:
    first, again = send(two.xicheng, asked(), asked())
    assert (first.outcome, again.outcome, again.due) == (Outcome.ACCEPTED, Outcome.DUPLICATE, first.due)
    with two.xicheng.ledgers.transaction(read_only=True) as ledger:
        (link,) = ledger.links.all()
    other = with_body(items=[Item.CHILDREN], record=None)
    (reused,) = send(two.xicheng, other, sequence=2, previous=link.in_digest)
    assert word(reused) == (Outcome.REJECTED, "id-reused", "/id")


def test_an_exchange_is_opened_once(two: Two) -> None:
    _, again = send(two.xicheng, asked(), asked(id=an_id(77)))
    assert word(again) == (Outcome.REJECTED, "exchange-exists", "/exchange")


def test_what_belongs_to_no_exchange_is_rejected(two: Two) -> None:
    stray = structs.replace(a_feedback(), from_=WUCHANG, to=XICHENG, origin=XICHENG, destination=WUCHANG)
    (judgement,) = send(two.xicheng, stray)
    assert word(judgement) == (Outcome.REJECTED, "unknown-exchange", "/exchange")


def answer_to(two: Two, change: Callable[[Any], Any], seen: int = 1) -> Judgement:
    """Xicheng's word on Wuchang's feedback to an accepted query, changed."""
    exchange = two.xicheng.ask()
    two.calm()
    with two.wuchang.ledgers.transaction(read_only=True) as ledger:
        held = two.wuchang.held(ledger, exchange)
        (query,) = ledger.messages.known(held.key.link, Direction.IN, [held.opening]).values()
    feedback = structs.replace(
        a_feedback(),
        exchange=exchange,
        in_reply_to=Reply(id=query.id, digest=query.digest),
        from_=WUCHANG,
        to=XICHENG,
        origin=WUCHANG,
        destination=XICHENG,
    )
    (judgement,) = send(two.xicheng, change(feedback), seen=seen)
    return judgement


CORRECTED = FeedbackBody(result=Result.CORRECTED, record=Record(education=Education.BACHELOR))


@pytest.mark.parametrize(
    ("change", "problem", "pointer"),
    [
        (lambda m: structs.replace(m, in_reply_to=structs.replace(m.in_reply_to, id=an_id(99))), "wrong-reply", "/in_reply_to"),
        (
            lambda m: structs.replace(m, in_reply_to=structs.replace(m.in_reply_to, digest=ijson.digest(b"x"))),
            "wrong-reply",
            "/in_reply_to",
        ),
        (lambda m: structs.replace(m, purpose=Purpose.BENEFIT), "wrong-parties", "/purpose"),
        (lambda m: structs.replace(m, origin=XICHENG, destination=WUCHANG), "wrong-parties", "/origin"),
        (lambda m: structs.replace(m, from_=YUYANG), "unknown-exchange", "/exchange"),
        (lambda m: structs.replace(m, body=CORRECTED), "item-not-agreed", "/body/record"),
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_rejected(
    two: Two, change: Callable[[Any], Any], problem: str, pointer: str
) -> None:
    assert word(answer_to(two, change)) == (Outcome.REJECTED, problem, pointer)


def test_an_answer_that_fits_is_accepted(two: Two) -> None:
    assert answer_to(two, lambda message: message).outcome is Outcome.ACCEPTED


def test_nobody_answers_what_its_own_manifest_says_it_has_not_seen(two: Two) -> None:
    judgement = answer_to(two, lambda message: message, seen=0)
    assert word(judgement) == (Outcome.REJECTED, "wrong-reply", "/in_reply_to")


def test_a_query_needs_an_entry_or_the_persons_application(two: Two) -> None:
    draft = OpeningDraft(
        own=XICHENG,
        other=WUCHANG,
        own_is_origin=False,
        purpose=Purpose.PUBLIC_SERVICE,
        person=a_person(),
        items=(Item.CHILDREN,),
    )
    with two.xicheng.ledgers.transaction() as ledger:
        with pytest.raises(NoGround):
            submit(ledger, two.xicheng.node, draft, two.xicheng.now)
        with pytest.raises(NoRoute):
            submit(ledger, two.xicheng.node, replace(draft, other=YUYANG), two.xicheng.now)
        notice = replace(draft, event=Event.BIRTH, event_date=date(2026, 3, 1), items=())
        assert submit(ledger, two.xicheng.node, notice, two.xicheng.now).kind is Kind.NOTICE
        today = replace(notice, event_date=date(2026, 3, 2))
        assert submit(ledger, two.xicheng.node, today, two.xicheng.now).kind is Kind.NOTICE
        with pytest.raises(EventInFuture) as refused:
            submit(ledger, two.xicheng.node, replace(notice, event_date=date(2026, 3, 3)), two.xicheng.now)
        assert refused.value.pointer == "/event_date"


def test_a_note_is_allowed_by_agreement_and_screened(two: Two) -> None:
    allowed = Two.of(MemoryLedgers(), MemoryLedgers(), notes_allowed=True)
    fine, screened = send(
        allowed.xicheng,
        with_body(note="请于周五前核实"),
        structs.replace(with_body(note="已怀 孕三月"), id=an_id(8), exchange=an_id(9)),
    )
    assert fine.outcome is Outcome.ACCEPTED
    assert word(screened) == (Outcome.REJECTED, "excluded-content", "/body/note")
    assert screened.problem is not None
    assert "怀" not in screened.problem.title


def test_what_was_refused_is_a_refusal_with_a_name() -> None:
    assert all(kind.code != Refused.code for kind in (NoGround, NoRoute, NoAgreement))


def test_a_partner_a_day_late_is_counted_as_received(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    data = two.wuchang.cut()
    assert data is not None
    sent_at = two.wuchang.now
    two.pass_time(timedelta(hours=25))
    two.wuchang.settle(two.xicheng.take(data))
    (answer,) = (fact for fact in two.wuchang.facts(exchange) if fact.what == "answered")
    assert answer.happened_at == sent_at + timedelta(hours=25)
    assert two.xicheng.facts(exchange) == two.wuchang.facts(exchange)
    with two.xicheng.ledgers.transaction(read_only=True) as ledger:
        assert [finding.kind for finding in ledger.chores.findings(Page())] == ["clock-skew"]


def test_nothing_is_said_of_a_protected_person_by_any_way(two: Two) -> None:
    side = two.xicheng
    person = a_person()
    hidden = an_entry(
        register=RegisterKind.INFLOW,
        origin=WUCHANG,
        destination=XICHENG,
        person=person,
        person_index=side.node.person_index(person),
        protected=True,
    )
    with side.ledgers.transaction() as ledger:
        ledger.entries.add([hidden])
    applied = OpeningDraft(
        own=XICHENG,
        other=WUCHANG,
        own_is_origin=False,
        purpose=Purpose.PUBLIC_SERVICE,
        person=person,
        items=(Item.CHILDREN,),
        requested_by_person=True,
        application_date=date(2026, 3, 1),
    )
    notice = replace(applied, event=Event.BIRTH, event_date=date(2026, 3, 1), items=())
    for draft in (applied, notice, replace(applied, entry=hidden.id, person=None)):
        with side.ledgers.transaction() as ledger, pytest.raises(EntryProtected):
            submit(ledger, side.node, draft, side.now)


def test_what_no_receiver_could_read_is_refused_by_the_sender(two: Two) -> None:
    draft = OpeningDraft(
        own=XICHENG,
        other=WUCHANG,
        own_is_origin=False,
        purpose=Purpose.PUBLIC_SERVICE,
        person=a_person(),
        requested_by_person=True,
        application_date=date(2026, 3, 1),
    )
    with two.xicheng.ledgers.transaction() as ledger, pytest.raises(MalformedMessage) as refused:
        submit(ledger, two.xicheng.node, draft, two.xicheng.now)
    assert refused.value.pointer == "/body/items"
