"""What is told of the audit's rows: to the county's own auditor, from above it, and 90 days after a birth registration."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.memory import MemoryLedgers
from exchange.auditing.event import AuditEvent, of_case, of_entry, of_exchange, of_person
from exchange.codes import Purpose
from exchange.conversation import State
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.people.register import EntryClosed, EntryProtected
from exchange.verbs.auditing.tell import KEPT, actions_meant, told
from tests.builders import a_conversation, a_moment, an_exchange, an_id
from tests.building.auditing import an_event
from tests.building.cases import a_case

DAY = civil_day(a_moment())
BIRTH, SERVICE = Purpose.BIRTH_REGISTRATION, Purpose.PUBLIC_SERVICE
KEEPING = ("enter_person", "enter_people", "change_entry_facts", "close", "close_one", "reopen", "reopen_one", "protect_one")


def as_told(event: AuditEvent, *, today: date = DAY, above: bool = False, ledgers: MemoryLedgers | None = None) -> AuditEvent:
    """One row as an auditor is told it; what is stored stays as it was written."""
    ledgers = ledgers or MemoryLedgers()
    with ledgers.transaction() as ledger:
        (row,) = ledger.audit.append([event])
        ((told_row, withheld),) = told(ledger, [row], today, above=above)
        assert row.event == event
    assert withheld == len(event.subjects) - len(told_row.event.subjects)
    assert told_row.id == row.id
    return told_row.event


def test_from_above_a_row_names_neither_person_nor_matter():
    subjects = (of_entry(an_id(1)), of_person("p"), of_exchange(an_id(2)), of_case(an_id(3)), "imports:x", "batch:b", "node:n")
    event = an_event(subjects=subjects, count=3)
    assert as_told(event, above=True) == replace(event, subjects=("batch:b", "node:n"))
    assert as_told(event) == event


@pytest.mark.parametrize("action", KEEPING)
def test_from_above_a_protection_is_told_like_any_other_deed_in_a_register(action: str):
    event = an_event(action=action, subjects=())
    assert as_told(event, above=True) == replace(event, action=KEPT)
    assert as_told(event) == event


def test_from_above_a_refusal_for_a_protection_is_told_like_any_other_conflict():
    refused = [an_event(subjects=(), problem=kind.code, action="pair_exchange") for kind in (EntryProtected, EntryClosed)]
    assert [as_told(event, above=True).problem for event in refused] == ["conflict", "conflict"]
    assert [as_told(event).problem for event in refused] == ["entry-protected", "entry-closed"]
    forbidden = an_event(subjects=(), problem="forbidden")
    assert as_told(forbidden, above=True) == forbidden


def test_from_above_nothing_is_found_by_a_name_that_is_not_told():
    assert actions_meant(KEPT, above=True) == frozenset({KEPT, *KEEPING})
    assert [actions_meant(each, above=True) for each in KEEPING] == [frozenset()] * len(KEEPING)
    assert actions_meant("protect_one", above=False) == frozenset({"protect_one"})
    for above in (True, False):
        assert actions_meant("read_entry", above=above) == frozenset({"read_entry"})
        assert actions_meant(None, above=above) is None


@pytest.mark.parametrize("above", [True, False])
def test_a_birth_registration_is_told_for_90_days_and_then_as_any_service(above: bool):
    event = an_event(subjects=(), purpose=BIRTH)
    told_on = [as_told(event, today=DAY + timedelta(days=days), above=above) for days in (89, 90)]
    assert told_on == [event, replace(event, purpose=SERVICE)]
    for purpose in set(Purpose) - {BIRTH}:
        other = replace(event, purpose=purpose)
        assert as_told(other, today=DAY + timedelta(days=90), above=above) == other


def test_who_had_no_right_to_anothers_birth_registration_is_told_as_any_forbidden_thing_then():
    event = an_event(subjects=(), problem="not-your-exchange")
    told_on = [as_told(event, today=DAY + timedelta(days=days)).problem for days in (89, 90)]
    assert told_on == ["not-your-exchange", "forbidden"]


def over(ledger: Ledger, ended: date) -> None:
    """Exchange 1 and case 1, birth registrations, ended on this day."""
    talk = a_conversation(state=State.CLOSED, closed_on=ended)
    ledger.exchanges.add([an_exchange(1, purpose=BIRTH, conversation=talk, entry=an_id(1))])
    ledger.cases.add(a_case(1, finished_at=a_moment() + timedelta(days=(ended - DAY).days)))


@pytest.mark.parametrize("subject", [of_exchange(an_id(1)), of_case(an_id(1))])
def test_a_young_row_about_a_birth_registration_that_ended_long_ago_tells_no_more_than_that(subject: str):
    event = an_event(subjects=(subject,), purpose=BIRTH, day=80)
    for ended, purpose in ((DAY + timedelta(days=1), BIRTH), (DAY, SERVICE)):
        ledgers = MemoryLedgers()
        with ledgers.transaction() as ledger:
            over(ledger, ended)
        assert as_told(event, today=DAY + timedelta(days=90), ledgers=ledgers).purpose is purpose


@pytest.mark.parametrize("action", ["search_audit", "search_audit_for_person", "list_audit", "show_audit"])
def test_reading_the_audit_does_not_tell_on_what_it_has_shown(action: str):
    assert as_told(an_event(action=action, subjects=(), purpose=BIRTH)).purpose is SERVICE


@pytest.mark.parametrize("action", ["search_audit", "search_audit_for_person"])
def test_whom_the_audit_was_asked_about_is_read_back_by_nobody(action: str):
    event = an_event(action=action, subjects=(of_person("p"),))
    assert as_told(event) == replace(event, subjects=())
