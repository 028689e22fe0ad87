"""A clerk changes, closes, reopens, protects and finds entries of the own county, and of no other."""

from datetime import UTC, date, datetime

import pytest

from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, RegisterKind
from exchange.errors import Conflict, NotFound, VersionDiffers
from exchange.ledger import Ledger
from exchange.people.document import DocumentRefused, DocumentType
from exchange.people.record import DocumentRef, Record
from exchange.people.register import Entry, EntryClosed, EntryExists, EntryFact, EntryFactKind, EntryOpen
from exchange.verbs import keep_entry as keep
from exchange.verbs.enrol import enrol
from tests.builders import WUCHANG, XICHENG, a_moment, a_person, a_record, an_id_number
from tests.registers.support import NODE, a_draft

OWN = frozenset({XICHENG})
SOMEBODY_ELSE = frozenset({WUCHANG})


@pytest.fixture
def ledger():
    with MemoryLedgers().transaction() as ledger:
        yield ledger


@pytest.fixture
def entry(ledger: Ledger) -> Entry:
    (result,) = enrol(ledger, NODE, XICHENG, [a_draft(1)], a_moment())
    return held(ledger, result.entry)


def held(ledger: Ledger, entry_id: str | None) -> Entry:
    entry = ledger.entries.get(entry_id or "")
    assert entry is not None
    return entry


def last_fact(ledger: Ledger) -> EntryFact:
    ((_, facts),) = ledger.entries.counted(OWN, a_moment(1000))
    return max(facts, key=lambda fact: fact.known_at)


def test_a_change_replaces_what_the_entry_says(ledger, entry):
    draft = a_draft(1, destination="440305", record=Record(), register=RegisterKind.INFLOW)
    kept = keep.change_entry(ledger, NODE, OWN, entry.id, draft, a_moment(1), version=1)
    assert (kept.entry.destination, kept.entry.record, kept.entry.register, kept.entry.version) == (
        "440305",
        Record(),
        RegisterKind.OUTFLOW,
        2,
    )
    assert kept.entry == held(ledger, entry.id)
    assert last_fact(ledger).what is EntryFactKind.CHANGED


def test_a_change_that_changes_nothing_leaves_no_trace(ledger, entry):
    assert keep.change_entry(ledger, NODE, OWN, entry.id, a_draft(1), a_moment(1)).entry == entry
    assert last_fact(ledger).what is EntryFactKind.OPENED


def test_a_changed_number_lets_the_person_be_found_by_the_new_one(ledger, entry):
    keep.change_entry(ledger, NODE, OWN, entry.id, a_draft(2), a_moment(1))
    assert [found.id for found in keep.find_by_document(ledger, NODE, OWN, _id(an_id_number(2)))] == [entry.id]
    assert keep.find_by_document(ledger, NODE, OWN, _id(an_id_number(1))) == []


def test_a_change_into_a_person_with_an_entry_is_refused(ledger, entry):
    enrol(ledger, NODE, XICHENG, [a_draft(2)], a_moment())
    with pytest.raises(EntryExists):
        keep.change_entry(ledger, NODE, OWN, entry.id, a_draft(2), a_moment(1))


def test_a_change_obeys_the_rules_of_enrolling(ledger, entry):
    with pytest.raises(DocumentRefused):
        keep.change_entry(ledger, NODE, OWN, entry.id, a_draft(person=a_person(1, document=_id("12"))), a_moment(1))


def test_a_closed_entry_is_reopened_before_it_is_changed(ledger, entry):
    keep.close_entry(ledger, OWN, entry.id, CloseReason.MOVED_ON, a_moment(1))
    with pytest.raises(EntryClosed):
        keep.change_entry(ledger, NODE, OWN, entry.id, a_draft(1, record=a_record(spouse=None)), a_moment(2))


def test_closing_keeps_when_it_happened_and_when_it_was_known(ledger):
    (result,) = enrol(ledger, NODE, XICHENG, [a_draft(1, opened_on=date(2026, 1, 5))], a_moment())
    closed = keep.close_entry(ledger, OWN, result.entry or "", CloseReason.RETURNED, a_moment(1), on=date(2026, 2, 1))
    day = datetime(2026, 1, 31, 16, tzinfo=UTC)
    assert (closed.closed_at, closed.close_reason, closed.version) == (day, CloseReason.RETURNED, 2)
    assert last_fact(ledger) == EntryFact(
        entry=closed.id,
        what=EntryFactKind.CLOSED,
        happened_at=day,
        known_at=a_moment(1),
        reason=CloseReason.RETURNED,
    )


def test_an_entry_closed_on_the_day_of_its_opening_is_never_closed_before(ledger, entry):
    closed = keep.close_entry(ledger, OWN, entry.id, CloseReason.DUPLICATE, a_moment(2000), on=date(2026, 3, 2))
    assert closed.closed_at == entry.opened_at


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2026, 3, 3)])
def test_an_entry_closes_after_its_opening_and_not_in_the_future(ledger, entry, day):
    with pytest.raises(keep.DayOutsideEntry):
        keep.close_entry(ledger, OWN, entry.id, CloseReason.RETURNED, a_moment(1), on=day)


def test_an_entry_closes_once_and_opens_once(ledger, entry):
    with pytest.raises(EntryOpen):
        keep.reopen_entry(ledger, OWN, entry.id, a_moment(1))
    keep.close_entry(ledger, OWN, entry.id, CloseReason.RETURNED, a_moment(1))
    with pytest.raises(EntryClosed):
        keep.close_entry(ledger, OWN, entry.id, CloseReason.RETURNED, a_moment(2))


def test_a_clerk_may_reopen_even_what_was_closed_for_good(ledger, entry):
    keep.close_entry(ledger, OWN, entry.id, CloseReason.DECEASED, a_moment(1))
    again = keep.reopen_entry(ledger, OWN, entry.id, a_moment(2), version=2)
    assert (again.is_open, again.opened_at, again.close_reason) == (True, a_moment(2), None)
    assert last_fact(ledger).what is EntryFactKind.REOPENED


def test_protection_is_set_once_and_kept_as_a_change(ledger, entry):
    protected = keep.protect_entry(ledger, OWN, entry.id, True, a_moment(1))
    assert (protected.protected, protected.version) == (True, 2)
    assert keep.protect_entry(ledger, OWN, entry.id, True, a_moment(2)) == protected
    assert not keep.protect_entry(ledger, OWN, entry.id, False, a_moment(3)).protected


def test_in_the_figures_an_open_entry_is_closed_while_it_is_protected(ledger, entry):
    keep.protect_entry(ledger, OWN, entry.id, True, a_moment(1))
    assert last_fact(ledger).what is EntryFactKind.CLOSED
    keep.close_entry(ledger, OWN, entry.id, CloseReason.RETURNED, a_moment(2))
    keep.reopen_entry(ledger, OWN, entry.id, a_moment(3))
    assert last_fact(ledger).happened_at == a_moment(1)
    keep.protect_entry(ledger, OWN, entry.id, False, a_moment(4))
    assert (last_fact(ledger).what, last_fact(ledger).happened_at) == (EntryFactKind.OPENED, a_moment(4))


def test_nothing_is_written_over_what_somebody_else_wrote(ledger, entry):
    keep.protect_entry(ledger, OWN, entry.id, True, a_moment(1), version=1)
    for late in (
        lambda: keep.close_entry(ledger, OWN, entry.id, CloseReason.RETURNED, a_moment(2), version=1),
        lambda: keep.change_entry(ledger, NODE, OWN, entry.id, a_draft(1), a_moment(2), version=1),
        lambda: keep.protect_entry(ledger, OWN, entry.id, False, a_moment(2), version=1),
        lambda: keep.reopen_entry(ledger, OWN, entry.id, a_moment(2), version=1),
    ):
        with pytest.raises(VersionDiffers) as refusal:
            late()
        assert isinstance(refusal.value, Conflict)


def test_an_entry_of_another_county_is_not_there(ledger, entry):
    for out_of_reach in (
        lambda: keep.close_entry(ledger, SOMEBODY_ELSE, entry.id, CloseReason.RETURNED, a_moment(2)),
        lambda: keep.change_entry(ledger, NODE, SOMEBODY_ELSE, entry.id, a_draft(1), a_moment(2)),
        lambda: keep.protect_entry(ledger, SOMEBODY_ELSE, entry.id, True, a_moment(2)),
        lambda: keep.reopen_entry(ledger, SOMEBODY_ELSE, entry.id, a_moment(2)),
    ):
        with pytest.raises(NotFound):
            out_of_reach()
    assert keep.find_by_document(ledger, NODE, SOMEBODY_ELSE, _id(an_id_number(1))) == []


def test_a_person_is_found_by_the_old_number_too(ledger, entry):
    old = an_id_number(1)[:6] + an_id_number(1)[8:17]
    assert keep.find_by_document(ledger, NODE, OWN, _id(old)) == [entry]
    assert keep.find_by_document(ledger, NODE, OWN, DocumentRef(type=DocumentType.NONE)) == []


def _id(number: str) -> DocumentRef:
    return DocumentRef(type=DocumentType.ID_NUMBER, number=number)
