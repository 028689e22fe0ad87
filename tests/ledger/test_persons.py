"""What persons ask for, and what is read and erased for them."""

from dataclasses import replace

import pytest

from exchange.cases.case import Reason
from exchange.codes import CloseReason, Role
from exchange.cursors import subject_request_cursor
from exchange.exchanges import Direction
from exchange.imports import RowOutcome
from exchange.persons.request import Recipient, RequestKind, SubjectRequest
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    a_message,
    a_moment,
    a_row,
    an_entry,
    an_exchange,
    an_id,
    an_import,
)
from tests.ledger.support import TAKEN, in_pages

CLOSED = {"closed_at": a_moment(99), "close_reason": CloseReason.RETURNED}


def a_request(n=1, **changes):
    told = Recipient(partner=WUCHANG_NODE, own=XICHENG, other=WUCHANG, link=1, about=an_id(n), exchange=an_id(n + 1))
    refused = Recipient(
        partner=WUCHANG_NODE,
        own=XICHENG,
        other=WUCHANG,
        link=1,
        about=an_id(n),
        refused=Reason(code="no-route", zh="无", en="no"),
    )
    request = SubjectRequest(
        id=an_id(n),
        kind=RequestKind.CORRECTION,
        person_index="index-1",
        at=a_moment(n),
        reason="wrong",
        entries=(an_id(7),),
        exchanges=(an_id(8), an_id(9)),
        recipients=(told, refused),
    )
    return replace(request, **changes)


def test_a_request_comes_back_as_it_was_added(ledgers):
    with ledgers.transaction() as ledger:
        ledger.subject_requests.add(a_request())
    with ledgers.transaction() as ledger:
        assert ledger.subject_requests.get(an_id()) == a_request()
        assert ledger.subject_requests.get(an_id(2)) is None
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.subject_requests.add(a_request())


def test_requests_are_listed_from_the_newest_on_and_by_person(ledger):
    held = [a_request(n, person_index=f"index-{n % 2}", kind=RequestKind.ERASURE) for n in (1, 2, 3, 4, 5)]
    for request in held:
        ledger.subject_requests.add(request)
    pages = in_pages(ledger.subject_requests.find, subject_request_cursor, 2)
    assert [request for page in pages for request in page] == held[::-1]
    assert ledger.subject_requests.of_person("index-1") == [held[4], held[2], held[0]]
    assert ledger.subject_requests.of_person("index-2") == []


def test_everyone_is_read_in_order_closed_and_protected_ones_too(ledger):
    entries = [an_entry(1, protected=True), an_entry(2, **CLOSED), an_entry(3)]
    ledger.entries.add(entries)
    assert list(ledger.entries.everyone()) == entries


def test_everyone_is_read_to_the_end_and_erased_ones_are_not_there(ledgers):
    entries = [an_entry(n, person_index=f"index-{n}") for n in range(1, 2103)]
    with ledgers.transaction() as ledger:
        ledger.entries.add(entries)
        ledger.entries.erase([an_id(7)])
    with ledgers.transaction(read_only=True) as ledger:
        assert [entry.id for entry in ledger.entries.everyone()] == [entry.id for entry in entries if entry.id != an_id(7)]


def test_kept_messages_are_read_in_order_and_erased_ones_left_out(ledger):
    messages = [a_message(1), a_message(2, direction=Direction.IN), a_message(3, line=None)]
    ledger.messages.add(messages)
    assert list(ledger.messages.kept()) == sorted(messages[:2], key=lambda each: (each.link, each.direction, each.id))


def test_kept_messages_are_read_to_the_end(ledger):
    messages = [a_message(n) for n in range(1, 2103)]
    ledger.messages.add(messages)
    assert [message.id for message in ledger.messages.kept()] == [message.id for message in messages]


def test_exchanges_of_a_person_are_found_by_the_blind_index_on_either_side(ledger):
    asked = an_exchange(1, person_index="index-1")
    other_side = replace(asked, key=asked.key._replace(role=Role.ASKED))
    ledger.exchanges.add([asked, other_side, an_exchange(2, person_index="index-2")])
    assert ledger.exchanges.of_person("index-1") == sorted([asked, other_side], key=lambda each: each.key.role)
    assert ledger.exchanges.of_person("index-3") == []


def test_the_files_that_made_an_entry_are_known(ledger):
    ledger.imports.add(an_import(1), [a_row(1, 1, made=an_id(50)), a_row(2, 1, made=an_id(50)), a_row(3, 1, made=None)])
    ledger.imports.add(an_import(2), [a_row(1, 2, made=an_id(50), outcome=RowOutcome.UNCHANGED), a_row(2, 2, made=an_id(51))])
    assert ledger.imports.that_made([an_id(50), an_id(52)]) == {an_id(50): [an_import(1), an_import(2)]}
