"""A register sheet: every row has a result, the same bytes count once, the same people are entered once."""

from datetime import date

import pytest

from adapters.memory import MemoryLedgers
from exchange.codes import Education, HouseholdType, MaritalStatus, MovingReason, RegisterKind, Sex
from exchange.imports import ImportedFile, RowOutcome, RowProblem, RowResult
from exchange.ledger import EntryFilter, Page
from exchange.node import NotServed
from exchange.people.document import DocumentType
from exchange.people.record import Certificate, Child, DocumentRef, Marriage, Moving, Person, Record, Spouse
from exchange.people.register import Entry
from exchange.verbs.sheets.facts import SheetFacts, SheetRow
from exchange.verbs.sheets.take import take_sheet
from exchange.verbs.sheets.take_register import read_register
from tests.builders import WUCHANG, XICHENG, a_digest, a_moment, a_row_problem, an_id_number
from tests.registers.support import NODE, a_row, a_sheet, codes

OUTFLOW, INFLOW = RegisterKind.OUTFLOW, RegisterKind.INFLOW


@pytest.fixture
def ledgers() -> MemoryLedgers:
    return MemoryLedgers()


def take(
    ledgers: MemoryLedgers, sheet: SheetFacts, register: RegisterKind = OUTFLOW, now: int = 0, chunk: int = 1000
) -> ImportedFile:
    read = read_register(NODE, XICHENG, register, sheet, a_moment(now))
    with ledgers.transaction() as ledger:
        return take_sheet(ledger, read, a_moment(now), chunk=chunk)


def rows_of(ledgers: MemoryLedgers, file: ImportedFile) -> list[RowResult]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.imports.rows(file.id, Page(limit=100_000))


def problems(ledgers: MemoryLedgers, sheet: SheetFacts, register: RegisterKind = OUTFLOW) -> list[tuple[str, str, str, str]]:
    """Severity, code, column and field of all problems of a sheet."""
    file = take(ledgers, sheet, register)
    return [(p.severity, p.code, p.column, p.field) for row in rows_of(ledgers, file) for p in row.problems]


def entries(ledgers: MemoryLedgers) -> list[Entry]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.entries.find(EntryFilter(jurisdictions=frozenset({XICHENG})), Page(limit=100_000))


def counts(file: ImportedFile) -> tuple[int, int, int, int]:
    return file.accepted, file.unchanged, file.warned, file.refused


def test_a_file_is_kept_with_what_it_held_and_what_came_of_it(ledgers):
    sheet = a_sheet(
        a_row(5, 1),
        a_row(6, 2, birth_date="1990-03-08"),
        a_row(7, 3, destination="999999"),
        blank=2,
        excluded_columns=3,
        unknown_columns=("备注",),
    )
    file = take(ledgers, sheet)
    assert file == ImportedFile(
        id=file.id,
        jurisdiction=XICHENG,
        layout="outflow",
        filename="台账1.xlsx",
        digest=a_digest("sheet 1"),
        at=a_moment(),
        rows=3,
        accepted=1,
        unchanged=0,
        warned=1,
        refused=1,
        blank=2,
        excluded_columns=3,
        unknown_columns=("备注",),
    )
    results = rows_of(ledgers, file)
    assert [(row.row, row.outcome) for row in results] == [
        (5, RowOutcome.ACCEPTED),
        (6, RowOutcome.WARNED),
        (7, RowOutcome.REFUSED),
    ]
    assert {row.made for row in results} == {entry.id for entry in entries(ledgers)} | {None}


def test_a_problem_names_row_column_what_was_expected_and_what_to_do_in_two_languages(ledgers):
    file = take(ledgers, a_sheet(a_row(2, destination="999999")))
    assert rows_of(ledgers, file) == [
        RowResult(
            import_id=file.id,
            row=2,
            outcome=RowOutcome.REFUSED,
            problems=(
                RowProblem(
                    column="E",
                    field="destination",
                    severity="refusal",
                    code="unknown-jurisdiction",
                    found="6 位数字 / 6 digits",
                    expected="行政区划代码或全称 / a division code or the full name",
                    zh="行政区划代码不存在，请核对后重新填写。",
                    en="This division code does not exist; check it and enter it again.",
                ),
            ),
        )
    ]


def test_the_same_bytes_again_give_the_first_result_and_change_nothing(ledgers):
    sheet = a_sheet(a_row(2), a_row(3))
    first = take(ledgers, sheet)
    before = entries(ledgers)
    assert take(ledgers, sheet, now=100) == first
    assert entries(ledgers) == before


def test_the_same_bytes_count_for_each_register_apart(ledgers):
    sheet = a_sheet(a_row(2))
    assert counts(take(ledgers, sheet, OUTFLOW)) == (1, 0, 0, 0)
    assert counts(take(ledgers, sheet, INFLOW)) == (0, 0, 0, 1)


def test_another_file_with_the_same_people_changes_only_what_differs(ledgers):
    take(ledgers, a_sheet(a_row(2), a_row(3), a_row(4), file="january"))
    second = take(ledgers, a_sheet(a_row(2), a_row(3, marital_status="40"), a_row(4), a_row(5), file="february"))
    assert counts(second) == (2, 2, 0, 0)
    assert len(entries(ledgers)) == 4


def test_rows_beyond_one_chunk_are_entered_all_the_same(ledgers):
    file = take(ledgers, a_sheet(*[a_row(n, n - 1) for n in range(2, 12)], a_row(12, 1)), chunk=3)
    assert counts(file) == (10, 1, 0, 0)


def test_a_row_that_the_reader_refused_is_refused_and_keeps_the_readers_words(ledgers):
    told = a_row_problem(severity="refusal", code="number-lost-digits")
    file = take(ledgers, a_sheet(SheetRow(number=2, cells=a_row(2).cells, problems=(told,))))
    assert [(row.outcome, row.problems) for row in rows_of(ledgers, file)] == [(RowOutcome.REFUSED, (told,))]
    assert entries(ledgers) == []


def test_a_duplicate_is_told_once_whoever_saw_it_first(ledgers):
    told = a_row_problem(code="duplicate-row", field="document_number")
    again = SheetRow(number=3, cells=a_row(3, 1).cells, problems=(told,))
    file = take(ledgers, a_sheet(a_row(2, 1), again, a_row(4, 1)))
    assert [(row.outcome, codes(row.problems)) for row in rows_of(ledgers, file)] == [
        (RowOutcome.ACCEPTED, []),
        (RowOutcome.UNCHANGED, ["duplicate-row"]),
        (RowOutcome.UNCHANGED, ["duplicate-row"]),
    ]


def test_a_blank_own_side_is_the_registers_own_county(ledgers):
    take(ledgers, a_sheet(a_row(2, origin=None)))
    assert entries(ledgers)[0].origin == XICHENG


def test_the_other_side_may_be_told_by_its_township_alone(ledgers):
    take(ledgers, a_sheet(a_row(2, destination=None, destination_township="420106001")))
    assert entries(ledgers)[0].destination == WUCHANG


def test_the_own_township_is_kept(ledgers):
    take(ledgers, a_sheet(a_row(2, origin_township="西长安街街道")))
    assert entries(ledgers)[0].township == "110102001"


def test_a_row_is_read_whole(ledgers):
    cells = {
        "name": "阿依古丽•买买提",
        "sex": "1",
        "document_type": "id_number",
        "document_number": an_id_number(1),
        "birth_date": "1990-03-07",
        "education": "30",
        "household_type": "resident",
        "origin": "湖北省武汉市武昌区",
        "destination": "110102001",
        "moving_reason": "family",
        "moved_on": "2020-05-01",
        "marital_status": "21",
        "married_on": "2015-05-20",
        "marriage_place": "武昌区",
        "spouse_name": "李小红",
        "spouse_document_number": an_id_number(2),
        "child1_sex": "2",
        "child1_birth_date": "2018-01-02",
        "child3_birth_place": "武汉",
        "child3_certificate_number": "A 123",
        "certificate_number": "鄂〔2020〕1号",
        "certificate_issued_by": "武昌区",
    }
    file = take(ledgers, a_sheet(SheetRow(number=2, cells=cells)), INFLOW)
    (row,) = rows_of(ledgers, file)
    assert (row.outcome, codes(row.problems)) == (RowOutcome.WARNED, ["certificate-number"])
    (entry,) = entries(ledgers)
    assert entry == Entry(
        id=entry.id,
        jurisdiction=XICHENG,
        register=INFLOW,
        origin=WUCHANG,
        destination=XICHENG,
        township="110102001",
        person=Person(
            name="阿依古丽·买买提",
            document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(1)),
            sex=Sex.MALE,
            birth_date=date(1990, 3, 7),
        ),
        record=Record(
            education=Education.COLLEGE,
            household_type=HouseholdType.RESIDENT,
            moving=Moving(reason=MovingReason.FAMILY, moved_on=date(2020, 5, 1)),
            marital_status=MaritalStatus.FIRST_MARRIAGE,
            marriage=Marriage(date=date(2015, 5, 20), place="武昌区"),
            spouse=Spouse(name="李小红", document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(2))),
            children=[
                Child(sex=Sex.FEMALE, birth_date=date(2018, 1, 2)),
                Child(birth_place="武汉", certificate_number="A123"),
            ],
        ),
        person_index=entry.person_index,
        opened_at=a_moment(),
    )


def test_a_certificate_is_read_with_its_dates(ledgers):
    take(
        ledgers,
        a_sheet(
            a_row(
                2,
                certificate_number="4201062020000123",
                certificate_issued_on="2025-01-01",
                certificate_valid_until="2028-01-01",
            )
        ),
    )
    assert entries(ledgers)[0].record.certificate == Certificate(
        number="4201062020000123", issued_on=date(2025, 1, 1), valid_until=date(2028, 1, 1)
    )


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"name": None}, ("refusal", "missing-cell", "B", "name")),
        ({"name": "1"}, ("refusal", "name-refused", "B", "name")),
        ({"document_number": None}, ("refusal", "document-refused", "C", "document_number")),
        ({"document_number": "12345"}, ("refusal", "document-refused", "C", "document_number")),
        ({"document_type": "id_number", "document_number": "1"}, ("refusal", "document-refused", "C", "document_number")),
        ({"document_type": "library card"}, ("refusal", "unknown-code", "", "document_type")),
        ({"sex": "7"}, ("refusal", "unknown-code", "F", "sex")),
        ({"sex": "2"}, ("warning", "sex-differs", "F", "sex")),
        ({"moved_on": "May"}, ("refusal", "unknown-code", "G", "moved_on")),
        ({"moved_on": "2027-01-01"}, ("warning", "date-implausible", "G", "moved_on")),
        ({"destination": None}, ("refusal", "missing-cell", "E", "destination")),
        ({"destination": "110102"}, ("refusal", "same-county", "E", "destination")),
        ({"destination": "鼓楼区"}, ("refusal", "place-ambiguous", "E", "destination")),
        ({"origin": "420106"}, ("refusal", "not-own-place", "D", "origin")),
        ({"origin": "110104"}, ("warning", "retired-code", "D", "origin")),
        ({"moving_reason": "study"}, ("refusal", "reason-not-counted", "", "moving_reason")),
        ({"marriage_place": "北" * 101}, ("refusal", "malformed-record", "", "marriage_place")),
    ],
)
def test_every_problem_stands_at_its_cell(ledgers, cells, problem):
    assert problems(ledgers, a_sheet(a_row(2, **cells))) == [problem]


def test_no_problem_ever_quotes_a_name_or_a_number(ledgers):
    secrets = {"name": "1234秘密\x01", "document_number": "110102199013990017", "spouse_document_number": "9" * 17}
    file = take(ledgers, a_sheet(a_row(2, **secrets, spouse_name="配偶\x01"), a_row(3, **secrets)))
    told = repr(rows_of(ledgers, file))
    assert not any(secret.rstrip("\x01") in told for secret in (*secrets.values(), "配偶\x01"))


def test_a_county_of_another_node_is_not_served():
    with pytest.raises(NotServed):
        read_register(NODE, WUCHANG, OUTFLOW, a_sheet(), a_moment())


def test_nothing_of_a_file_is_kept_when_its_transaction_fails(ledgers):
    read = read_register(NODE, XICHENG, OUTFLOW, a_sheet(a_row(2)), a_moment())

    def broken_off() -> None:
        with ledgers.transaction() as ledger:
            take_sheet(ledger, read, a_moment())
            raise InterruptedError

    with pytest.raises(InterruptedError):
        broken_off()
    assert entries(ledgers) == []
    assert counts(take(ledgers, a_sheet(a_row(2)))) == (1, 0, 0, 0)


def test_what_is_read_shows_no_person_when_printed():
    row = a_row(2)
    assert "王小明" not in repr(row) + repr(a_sheet(row)) + repr(read_register(NODE, XICHENG, OUTFLOW, a_sheet(row), a_moment()))


def test_all_that_is_wrong_with_a_row_is_told_at_once(ledgers):
    told = a_row_problem(field="birth_date", code="date-incomplete", severity="refusal")
    cells = {"name": "123", "document_number": "11010219900307001", "destination": XICHENG, "moving_reason": "study"}
    row = a_row(2, **cells)
    row = SheetRow(number=2, cells={k: v for k, v in row.cells.items() if k != "birth_date"}, problems=(told,))
    found = [(severity, code, field) for severity, code, _, field in problems(ledgers, a_sheet(row))]
    assert found == [
        ("refusal", "date-incomplete", "birth_date"),
        ("refusal", "same-county", "destination"),
        ("refusal", "name-refused", "name"),
        ("refusal", "document-refused", "document_number"),
        ("refusal", "reason-not-counted", "moving_reason"),
    ]


@pytest.mark.parametrize("lost", ["name", "document_number", "destination"])
def test_of_a_cell_that_the_reader_refused_nothing_else_is_told(ledgers, lost):
    told = a_row_problem(field=lost, code="control-character", severity="refusal")
    row = a_row(2, origin="420106")
    row = SheetRow(number=2, cells={k: v for k, v in row.cells.items() if k != lost}, problems=(told,))
    found = [(code, field) for _, code, _, field in problems(ledgers, a_sheet(row))]
    assert found == [("control-character", lost), ("not-own-place", "origin")]


def test_every_refused_cell_of_a_register_says_what_should_stand_there(ledgers):
    cells = {"name": "1", "document_number": "1", "origin": "420106", "destination": "nowhere", "moving_reason": "study"}
    (row,) = rows_of(ledgers, take(ledgers, a_sheet(a_row(2, **cells))))
    assert len(row.problems) == 5
    assert [problem.field for problem in row.problems if not problem.expected] == []
