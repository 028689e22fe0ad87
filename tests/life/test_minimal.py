"""What is sent holds only what was asked and agreed, both ways; more is refused at its sender and rejected at its receiver."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.codes import Event, Item, Kind, Purpose, Result
from exchange.people.record import Record
from exchange.terms.agreement import FieldRule, ItemNotAgreed
from exchange.verbs.submit import OpeningDraft, submit
from exchange.wire.batch import Outcome
from exchange.wire.message import FeedbackBody, MalformedMessage
from tests.builders import WUCHANG, XICHENG, a_person, a_record
from tests.life.test_admission import send, with_body, word
from tests.life.two_nodes import Two

VALUES: dict[Item, Record] = {
    item: record
    for record in (
        a_record(),
        Record(address="某路 1 号"),
        Record(ethnicity="01"),
        Record(children=[]),
    )
    for item in record.items()
    if record.items() == {item}
}
FULL = a_record(address="某路 1 号", ethnicity="01")
SENSITIVE = frozenset({Item.ADDRESS, Item.ETHNICITY})
some_items = st.frozensets(st.sampled_from(list(Item)), min_size=1)


def agreed_on(query: frozenset[Item], birth: frozenset[Item] = frozenset({Item.CHILDREN})) -> Two:
    """Two nodes that agreed on these items of queries and of births."""
    fields = [
        FieldRule(subject=subject, purpose=Purpose.PUBLIC_SERVICE, items=sorted(items))
        for subject, items in (("query", query), ("birth", birth))
    ]
    return Two.of(MemoryLedgers(), MemoryLedgers(), fields=fields)


def only(record: Record, items: frozenset[Item]) -> Record:
    """The record with these items alone."""
    kept: dict[str, Any] = {}
    for field in record.__struct_fields__:
        value = getattr(record, field)
        if value is not None and Record(**{field: value}).items() <= items:
            kept[field] = value
    return Record(**kept)


def ask(two: Two, items: frozenset[Item], record: Record | None = None, event: Event | None = None) -> str:
    draft = OpeningDraft(
        own=XICHENG,
        other=WUCHANG,
        own_is_origin=False,
        purpose=Purpose.PUBLIC_SERVICE,
        person=a_person(),
        event=event,
        event_date=date(2026, 3, 1) if event else None,
        items=() if event else tuple(sorted(items)),
        record=record,
        requested_by_person=event is None,
        application_date=None if event else date(2026, 3, 1),
    )
    with two.xicheng.ledgers.transaction() as ledger:
        return submit(ledger, two.xicheng.node, draft, two.xicheng.now).key.exchange


@settings(max_examples=40)
@given(agreed=some_items, asked=some_items, told=some_items)
def test_a_query_asks_and_tells_no_more_than_was_agreed(
    agreed: frozenset[Item], asked: frozenset[Item], told: frozenset[Item]
) -> None:
    two, record = agreed_on(agreed), only(FULL, told)
    if asked <= agreed and record.items() <= asked:
        assert ask(two, asked, record)
        return
    with pytest.raises(MalformedMessage if not record.items() <= asked else ItemNotAgreed) as refused:
        ask(two, asked, record)
    assert refused.value.pointer == ("/body/record" if not record.items() <= asked else "/body/items")


@settings(max_examples=40)
@given(agreed=some_items, told=some_items)
def test_a_notice_tells_no_more_than_was_agreed_of_its_event(agreed: frozenset[Item], told: frozenset[Item]) -> None:
    two, record = agreed_on(frozenset(Item), agreed), only(FULL, told)
    if record.items() <= agreed:
        assert ask(two, frozenset(), record, Event.BIRTH)
        return
    with pytest.raises(ItemNotAgreed) as refused:
        ask(two, frozenset(), record, Event.BIRTH)
    assert refused.value.pointer == "/body/record"


@settings(max_examples=40)
@given(agreed=some_items, asked=some_items, told=some_items)
def test_an_answer_holds_only_what_was_asked_and_agreed(
    agreed: frozenset[Item], asked: frozenset[Item], told: frozenset[Item]
) -> None:
    two, record = agreed_on(agreed), only(FULL, told)
    if not asked <= agreed or not record.items():
        return
    exchange = ask(two, asked)
    two.calm()
    answer = FeedbackBody(result=Result.CORRECTED, record=record)
    if record.items() <= asked & agreed:
        two.wuchang.say(exchange, Kind.FEEDBACK, answer)
        return
    with pytest.raises(ItemNotAgreed) as refused:
        two.wuchang.say(exchange, Kind.FEEDBACK, answer)
    assert refused.value.pointer == "/body/record"


@pytest.mark.parametrize("result", [result for result in Result if result is not Result.CORRECTED])
def test_no_other_answer_than_a_correction_holds_anything(result: Result) -> None:
    two = agreed_on(frozenset(Item))
    exchange = ask(two, frozenset(Item))
    two.calm()
    more: dict[str, Any] = {
        Result.MOVED_ON: {"moved_to": "4201"},
        Result.WRONG_JURISDICTION: {"jurisdiction": WUCHANG},
        Result.REFUSED: {"reason": "no_legal_basis"},
    }.get(result, {})
    with pytest.raises(MalformedMessage) as refused:
        two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=result, record=FULL, **more))
    assert refused.value.pointer is not None


@pytest.mark.parametrize("item", sorted(SENSITIVE))
def test_a_receiver_rejects_an_address_and_ethnicity_that_nobody_agreed_on(item: Item) -> None:
    two = agreed_on(frozenset(Item) - {item})
    asked = with_body(items=[item], record=VALUES[item])
    unasked = with_body(items=[Item.MARITAL_STATUS], record=VALUES[item])
    fine = with_body(items=[Item.MARITAL_STATUS])
    sent = [
        structs.replace(each, id=each.id[:-1] + last, exchange=each.exchange[:-1] + last)
        for each, last in ((asked, "c"), (unasked, "d"), (fine, "e"))
    ]
    assert [word(each) for each in send(two.xicheng, *sent)] == [
        (Outcome.REJECTED, "item-not-agreed", "/body/items"),
        (Outcome.REJECTED, "malformed-message", "/body/record"),
        (Outcome.ACCEPTED, None, None),
    ]
