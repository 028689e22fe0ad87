"""A sheet of queries and notices: each matter is submitted once, under the same rules as a single submission."""

from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, Event, Item, Kind, MaritalStatus, Purpose, QueryReason, Sex, UrgentReason
from exchange.conversation import State
from exchange.exchanges import Acceptance, Exchange, LoggedMessage
from exchange.imports import ImportedFile, RowOutcome, RowResult
from exchange.ledger import ExchangeFilter, Page
from exchange.people.record import Child, Marriage, Record, Spouse
from exchange.people.register import EntryDraft
from exchange.terms.agreement import FieldRule
from exchange.verbs.enrol import enrol
from exchange.verbs.keep_entry import close_entry
from exchange.verbs.sheets.facts import SheetRow
from exchange.verbs.sheets.matters import EVENT_ITEMS
from exchange.verbs.sheets.take import take_sheet
from exchange.verbs.sheets.take_matters import read_matters
from exchange.wire.message import Notice, Query, read_message
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    a_conversation,
    a_moment,
    a_person,
    a_record,
    a_row_problem,
    agreed_terms,
    an_id_number,
)
from tests.life.two_nodes import Side
from tests.registers.support import NODE, a_draft, a_row, a_sheet, an_inflow, codes

OWN = frozenset({XICHENG})
SPOUSE = Spouse(name="李小红")


def an_office(**terms) -> MemoryLedgers:
    """Xicheng's ledgers with a link to Wuchang, an agreement in force, and persons 1 to 5 in the outflow register."""
    ledgers = MemoryLedgers()
    side = Side(node=NODE, county=XICHENG, other_node=WUCHANG_NODE, other_county=WUCHANG, ledgers=ledgers)
    side.open(agreed_terms(**terms))
    enter(ledgers, *[a_draft(n) for n in range(1, 6)])
    return ledgers


@pytest.fixture
def ledgers() -> MemoryLedgers:
    return an_office()


def enter(ledgers: MemoryLedgers, *drafts: EntryDraft) -> list[str]:
    with ledgers.transaction() as ledger:
        return [result.entry or "" for result in enrol(ledger, NODE, XICHENG, drafts, a_moment(-500))]


def a_query_row(number: int = 2, n: int | None = None, /, **cells: str | None) -> SheetRow:
    """A row that asks Wuchang about marital status and spouse of person `n`."""
    asked = {"kind": "query", "purpose": "public_service", "items": "marital_status spouse"}
    return a_row(number, n, **(asked | {"moving_reason": None, "marital_status": None} | cells))


def a_birth_row(number: int = 2, n: int | None = None, /, **cells: str | None) -> SheetRow:
    """A row that tells Wuchang of the birth of a girl."""
    told = {
        "kind": "notice",
        "event": "birth",
        "event_date": "2026-02-03",
        "child1_sex": "2",
        "child1_birth_date": "2026-02-03",
    }
    return a_row(number, n, **(told | {"moving_reason": None} | cells))


def take(ledgers: MemoryLedgers, *rows: SheetRow, file: int | str = 1, now: int = 0, chunk: int = 1000) -> ImportedFile:
    read = read_matters(NODE, XICHENG, a_sheet(*rows, file=file), a_moment(now))
    with ledgers.transaction() as ledger:
        return take_sheet(ledger, read, a_moment(now), chunk=chunk)


def rows_of(ledgers: MemoryLedgers, file: ImportedFile) -> list[RowResult]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.imports.rows(file.id, Page(limit=10_000))


def outcome(ledgers: MemoryLedgers, *rows: SheetRow, file: int | str = 1) -> list[tuple[str, list[str]]]:
    return [(row.outcome.value, codes(row.problems)) for row in rows_of(ledgers, take(ledgers, *rows, file=file))]


def exchanges(ledgers: MemoryLedgers) -> list[Exchange]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.exchanges.find(ExchangeFilter(own=OWN), Page(limit=10_000))


def messages(ledgers: MemoryLedgers) -> list[LoggedMessage]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.messages.queued(1, 10_000)


def the_message(ledgers: MemoryLedgers) -> Query | Notice:
    (logged,) = messages(ledgers)
    assert logged.line is not None
    message = read_message(logged.line)
    assert isinstance(message, Query | Notice)
    return message


def become(ledgers: MemoryLedgers, exchange: Exchange, **changes) -> None:
    with ledgers.transaction() as ledger:
        ledger.exchanges.save([replace(exchange, **changes)])


def test_a_query_asks_under_the_agreement_about_the_person_of_the_entry(ledgers):
    file = take(ledgers, a_query_row())
    (row,) = rows_of(ledgers, file)
    message = the_message(ledgers)
    assert isinstance(message, Query)
    assert (row.outcome, row.made, row.problems) == (RowOutcome.ACCEPTED, message.exchange, ())
    assert (message.from_, message.to, message.origin, message.destination) == (XICHENG, WUCHANG, XICHENG, WUCHANG)
    assert (message.purpose, message.body.person, message.body.items, message.body.reason) == (
        Purpose.PUBLIC_SERVICE,
        a_person(1),
        [Item.MARITAL_STATUS, Item.SPOUSE],
        QueryReason.REGISTER_ENTRY,
    )
    (exchange,) = exchanges(ledgers)
    assert exchange.entry is not None


def test_a_query_carries_the_own_values_to_be_verified_and_nothing_that_was_not_asked(ledgers):
    take(ledgers, a_query_row(marital_status="40", education="30"))
    assert the_message(ledgers).body.record == Record(marital_status=MaritalStatus.DIVORCED, spouse=a_record().spouse)


def test_a_notice_tells_what_its_event_is_about_and_no_more(ledgers):
    take(ledgers, a_birth_row(marital_status="21", education="30", spouse_name="李小红"))
    message = the_message(ledgers)
    assert isinstance(message, Notice)
    assert (message.body.event, message.body.date, message.body.record) == (
        Event.BIRTH,
        date(2026, 2, 3),
        Record(children=[Child(sex=Sex.FEMALE, birth_date=date(2026, 2, 3))]),
    )


def test_every_event_that_a_sheet_can_tell_says_what_it_carries():
    assert EVENT_ITEMS.keys() == set(Event) - {Event.CORRECTION}


def test_a_marriage_tells_status_registration_and_spouse():
    items = [Item.MARITAL_STATUS, Item.MARRIAGE, Item.SPOUSE]
    ledgers = an_office(kinds=["marriage"], fields=[FieldRule(subject="marriage", purpose=Purpose.PUBLIC_SERVICE, items=items)])
    cells = {"event": "marriage", "married_on": "2026-02-03", "spouse_name": "李小红", "marital_status": "21"}
    take(ledgers, a_birth_row(child1_sex=None, child1_birth_date=None, **cells))
    assert the_message(ledgers).body.record == Record(
        marital_status=MaritalStatus.FIRST_MARRIAGE, marriage=Marriage(date=date(2026, 2, 3)), spouse=SPOUSE
    )


def test_the_sides_are_taken_from_the_entry_where_the_row_leaves_them_open(ledgers):
    take(ledgers, a_query_row(origin=None, destination=None))
    message = the_message(ledgers)
    assert (message.origin, message.destination) == (XICHENG, WUCHANG)


@pytest.mark.parametrize(
    "sides", [{"origin": None}, {"destination": None}, {"destination": "湖北省"}, {"destination": "420000", "origin": None}]
)
def test_one_side_or_a_province_is_enough_with_the_entry(ledgers, sides):
    take(ledgers, a_query_row(**sides))
    assert the_message(ledgers).to == WUCHANG


def test_an_inflow_entry_lets_its_origin_be_asked(ledgers):
    enter(ledgers, an_inflow(8))
    take(ledgers, a_query_row(2, 8, origin=WUCHANG, destination=None))
    message = the_message(ledgers)
    assert (message.origin, message.destination) == (WUCHANG, XICHENG)


def test_a_coarse_entry_is_ground_for_a_county_within_it(ledgers):
    enter(ledgers, a_draft(8, destination="420000"))
    assert outcome(ledgers, a_query_row(2, 8)) == [("accepted", [])]
    assert outcome(ledgers, a_query_row(2, 8, destination=None), file=2) == [("refused", ["place-too-coarse"])]


def test_a_query_without_an_entry_or_an_application_has_no_ground(ledgers):
    assert outcome(ledgers, a_query_row(2, 9)) == [("refused", ["no-ground"])]
    applied = {"requested_by_person": "yes", "application_date": "2026-03-01"}
    assert outcome(ledgers, a_query_row(2, 9, **applied), file=2) == [("accepted", [])]
    message = the_message(ledgers)
    assert isinstance(message, Query)
    assert message.body.reason is QueryReason.PERSON_APPLIED


def test_a_closed_entry_is_no_ground(ledgers):
    (entry,) = enter(ledgers, a_draft(8))
    with ledgers.transaction() as ledger:
        close_entry(ledger, OWN, entry, CloseReason.MOVED_ON, a_moment(-400))
    assert outcome(ledgers, a_query_row(2, 8)) == [("refused", ["no-ground"])]


@pytest.mark.parametrize("row", [a_query_row(2, 8), a_birth_row(2, 8)])
def test_nothing_about_a_protected_entry_leaves_the_county(ledgers, row):
    enter(ledgers, a_draft(8, protected=True))
    assert outcome(ledgers, row) == [("refused", ["entry-protected"])]
    assert messages(ledgers) == []


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (a_query_row(destination="610802"), "no-route", "E"),
        (a_query_row(items="marital_status education"), "item-not-agreed", ""),
        (a_query_row(purpose="benefit"), "no-agreement", "E"),
        (a_query_row(items=None), "missing-cell", ""),
        (a_query_row(items="shoe_size"), "unknown-code", ""),
        (a_query_row(purpose=None), "missing-cell", ""),
        (a_query_row(kind=None), "missing-cell", ""),
        (a_query_row(kind="reminder"), "unknown-code", ""),
        (a_query_row(urgent="yes"), "missing-cell", ""),
        (a_query_row(origin=WUCHANG, destination="610802"), "not-own-place", "D"),
        (a_query_row(destination=XICHENG), "same-county", "E"),
        (a_query_row(purpose="birth_registration"), "malformed-message", ""),
        (a_query_row(2, 9, origin=None, destination=None), "missing-cell", "E"),
        (a_query_row(2, 9, destination=None), "missing-cell", "E"),
        (a_query_row(document_number="1"), "document-refused", "C"),
        (a_birth_row(event=None), "missing-cell", ""),
        (a_birth_row(event="correction"), "correction-by-sheet", ""),
        (a_birth_row(event_date=None), "missing-cell", ""),
        (a_birth_row(event_date="2026-03-03"), "event-in-future", ""),
        (a_birth_row(event="divorce"), "no-agreement", "E"),
    ],
)
def test_a_refusal_names_what_is_missing_at_its_cell(ledgers, row, code, column):
    (result,) = rows_of(ledgers, take(ledgers, row))
    assert [(p.severity, p.code, p.column) for p in result.problems] == [("refusal", code, column)]
    assert (result.outcome, result.made, messages(ledgers)) == (RowOutcome.REFUSED, None, [])


def test_urgency_has_a_reason_and_a_stated_no_outweighs_it(ledgers):
    take(ledgers, a_query_row(2, urgent_reason="appointment"), a_query_row(3, urgent="no", urgent_reason="appointment"))
    assert sorted((exchange.urgent or "") for exchange in exchanges(ledgers)) == ["", UrgentReason.APPOINTMENT]


def test_the_same_bytes_again_give_the_first_result_and_send_nothing(ledgers):
    first = take(ledgers, a_query_row(2), a_birth_row(3))
    assert take(ledgers, a_query_row(2), a_birth_row(3), now=10) == first
    assert len(messages(ledgers)) == 2


def test_another_file_with_the_same_matters_sends_only_the_new_ones(ledgers):
    take(ledgers, a_query_row(2), a_birth_row(3))
    rows = [a_query_row(2), a_birth_row(3), a_query_row(4), a_birth_row(5, 2, event_date="2026-02-04")]
    assert outcome(ledgers, *rows, file=2) == [("unchanged", []), ("unchanged", []), ("accepted", []), ("accepted", [])]
    assert len(messages(ledgers)) == len(exchanges(ledgers)) == 4


def test_the_order_of_items_and_the_form_of_the_number_do_not_make_another_matter(ledgers):
    take(ledgers, a_query_row(2, 1))
    old = an_id_number(1)[:6] + an_id_number(1)[8:17]
    again = outcome(ledgers, a_query_row(2, 1, items="spouse marital_status", document_number=old), file=2)
    assert again == [("unchanged", ["old-number"])]


def test_the_same_matter_twice_in_one_file_is_submitted_once(ledgers):
    rows = [a_query_row(2, 1), a_query_row(3, 1), a_query_row(4, 1)]
    assert outcome(ledgers, *rows) == [("accepted", []), ("unchanged", ["duplicate-row"]), ("unchanged", ["duplicate-row"])]
    assert len(messages(ledgers)) == 1


def test_the_same_matter_in_a_later_chunk_is_submitted_once(ledgers):
    file = take(ledgers, a_query_row(2, 1), a_query_row(3, 1), chunk=1)
    assert [row.outcome for row in rows_of(ledgers, file)] == [RowOutcome.ACCEPTED, RowOutcome.UNCHANGED]
    assert len(messages(ledgers)) == 1


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State.OPEN, []),
        (State.ANSWERED, []),
        (State.CHALLENGED, []),
        (State.NOTED, []),
        (State.CLOSED, ["matter-finished"]),
        (State.LAPSED, ["matter-finished"]),
    ],
)
def test_a_matter_under_way_or_finished_is_left_as_it_is(ledgers, state, told):
    take(ledgers, a_query_row())
    (exchange,) = exchanges(ledgers)
    become(ledgers, exchange, acceptance=Acceptance.ACCEPTED, conversation=a_conversation(state))
    assert outcome(ledgers, a_query_row(), file=2) == [("unchanged", told)]
    assert len(exchanges(ledgers)) == 1


@pytest.mark.parametrize(
    "end",
    [
        {"acceptance": Acceptance.REJECTED},
        {"acceptance": Acceptance.ACCEPTED, "conversation": a_conversation(State.WITHDRAWN)},
    ],
)
def test_a_matter_that_was_rejected_or_withdrawn_is_submitted_anew_as_often_as_needed(ledgers, end):
    take(ledgers, a_query_row())
    for file in (2, 3):
        (latest,) = [exchange for exchange in exchanges(ledgers) if exchange.acceptance is Acceptance.PENDING]
        become(ledgers, latest, **end)
        assert outcome(ledgers, a_query_row(), file=file) == [("warned", ["matter-again"])]
    assert len(exchanges(ledgers)) == 3
    assert outcome(ledgers, a_query_row(), file=4) == [("unchanged", [])]


def test_a_new_application_is_a_new_matter(ledgers):
    first = a_query_row(requested_by_person="yes", application_date="2026-02-01")
    second = a_query_row(3, 1, requested_by_person="yes", application_date="2026-03-01")
    assert outcome(ledgers, first, second) == [("accepted", []), ("accepted", [])]


def test_a_matters_id_tells_a_partner_nothing_and_differs_between_nodes(ledgers):
    take(ledgers, a_query_row())
    (exchange,) = exchanges(ledgers)
    (read,) = read_matters(NODE, XICHENG, a_sheet(a_query_row()), a_moment()).rows
    assert read.matter is not None
    other_key = replace(NODE, keyed=lambda data: NODE.keyed(b"other" + data))
    assert read.matter.exchange_id(NODE, XICHENG, WUCHANG, 0) == exchange.key.exchange
    assert read.matter.exchange_id(other_key, XICHENG, WUCHANG, 0) != exchange.key.exchange


def test_a_row_that_the_reader_refused_submits_nothing(ledgers):
    row = a_query_row()
    (told,) = rows_of(ledgers, take(ledgers, a_query_row(purpose=None), file="x"))[0].problems
    assert outcome(ledgers, SheetRow(number=2, cells=row.cells, problems=(told,)), file=2) == [("refused", ["missing-cell"])]


def test_a_register_may_hold_the_person_twice_without_hiding_the_side_that_is_meant(ledgers):
    enter(ledgers, an_inflow(1))
    assert outcome(ledgers, a_query_row(origin=None, destination=None)) == [("refused", ["missing-cell"])]
    assert outcome(ledgers, a_query_row(destination=None), file=2) == [("accepted", [])]


def test_what_is_read_shows_no_person_when_printed():
    assert "王小明" not in repr(read_matters(NODE, XICHENG, a_sheet(a_query_row()), a_moment()))


def test_the_kinds_of_an_exchange_follow_the_row(ledgers):
    take(ledgers, a_query_row(2), a_birth_row(3))
    assert sorted((exchange.kind, exchange.event) for exchange in exchanges(ledgers)) == [
        (Kind.NOTICE, Event.BIRTH),
        (Kind.QUERY, None),
    ]


def test_a_person_of_no_register_can_be_told_of(ledgers):
    assert outcome(ledgers, a_birth_row(2, 9)) == [("accepted", [])]
    assert structs.replace(the_message(ledgers).body.person, sex=Sex.MALE) == a_person(9)


def test_an_entry_of_the_other_register_is_no_ground(ledgers):
    enter(ledgers, an_inflow(8))
    assert outcome(ledgers, a_query_row(2, 8, origin=XICHENG, destination=WUCHANG)) == [("refused", ["no-ground"])]


def test_all_that_is_wrong_with_a_matter_is_told_at_once(ledgers):
    told = a_row_problem(field="birth_date", code="date-incomplete", severity="refusal")
    cells = {"name": "123", "document_number": "1", "destination": "nowhere", "purpose": None, "items": None, "urgent": "yes"}
    row = replace(a_query_row(2, **cells), problems=(told,))
    (result,) = rows_of(ledgers, take(ledgers, row))
    assert [(problem.code, problem.field) for problem in result.problems] == [
        ("date-incomplete", "birth_date"),
        ("name-refused", "name"),
        ("document-refused", "document_number"),
        ("missing-cell", "purpose"),
        ("missing-cell", "items"),
        ("unknown-jurisdiction", "destination"),
        ("missing-cell", "urgent_reason"),
    ]


def test_of_a_notice_all_is_told_at_once_and_nothing_about_a_cell_that_was_refused(ledgers):
    told = a_row_problem(field="event_date", code="not-a-date", severity="refusal")
    row = replace(a_birth_row(2, name=None, event_date=None), problems=(told,))
    (result,) = rows_of(ledgers, take(ledgers, row))
    assert [(problem.code, problem.field) for problem in result.problems] == [
        ("not-a-date", "event_date"),
        ("missing-cell", "name"),
    ]
