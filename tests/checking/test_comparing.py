"""Sheets of four departments against the registers: what agrees, what differs, and who is left alone."""

from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from exchange.checking.check import CheckLayout, CheckOutcome, Doubt
from exchange.codes import CloseReason, MaritalStatus, RegisterKind, Sex
from exchange.people.document import DocumentType
from exchange.people.record import Child, DocumentRef, Marriage, Spouse
from exchange.verbs.keep_entry import close_entry
from tests.builders import WUCHANG, XICHENG, a_moment, a_person, a_record, an_id_number
from tests.checking.support import A_CHILD, OWN, a_file, check, counts, differences, enter, rows_to_look_at, said
from tests.registers.support import NODE, a_draft, an_inflow

LU = CheckLayout
ME, OTHER = an_id_number(2), an_id_number(1)


def a_birth(mother=ME, father=None, sex="女", born="2018-01-02", place=None, number=None):
    return [mother, father, sex, born, place, number, "已种", "39"]


def test_a_birth_that_the_entry_knows_is_equal(ledgers):
    enter(ledgers, a_draft(2))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, a_birth(place="武汉市")))
    assert counts(done) == (1, 0, 0, 1, 0, 0)
    assert (done.excluded_columns, differences(ledgers, done)) == (2, [])


def test_a_childs_fields_are_proposed_one_by_one(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, a_birth(sex="男", born="2018-01-12", place="北京市", number="Ｒ42 0001")))
    found = differences(ledgers, done)
    assert said(found) == [
        (3, "child_birth_date", "2018-01-02", "2018-01-12"),
        (3, "child_birth_place", "湖北省武汉市", "北京市"),
        (3, "child_certificate_number", None, "R420001"),
        (3, "child_sex", "2", "1"),
    ]
    assert {(each.entry, each.entry_version) for each in found} == {(entry, 1)}


def test_both_parents_entries_are_compared_in_both_registers(ledgers):
    enter(ledgers, a_draft(1), a_draft(2), an_inflow(3))
    enter(ledgers, an_inflow(1))
    data = a_file(LU.BIRTHS, a_birth(father=OTHER, born="2018-01-03"))
    assert len(differences(ledgers, check(ledgers, LU.BIRTHS, data))) == 3
    only = check(ledgers, LU.BIRTHS, data, register=RegisterKind.INFLOW)
    assert len(differences(ledgers, only)) == 1


def test_a_child_whom_the_entry_does_not_have_is_proposed_as_one(ledgers):
    enter(ledgers, a_draft(2))
    (found,) = differences(ledgers, check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, a_birth(born="2021-06-01", number="R1"))))
    assert said([found]) == [(3, "child", None, "2021-06-01 2 R1")]
    assert found.proposal is not None
    assert found.proposal.child == Child(sex=Sex.FEMALE, birth_date=date(2021, 6, 1), certificate_number="R1")


def test_a_certificate_number_tells_a_child_whatever_its_date(ledgers):
    known = structs.replace(A_CHILD, certificate_number="R1")
    enter(ledgers, a_draft(2, record=a_record(children=[structs.replace(A_CHILD, birth_date=date(2020, 1, 1)), known])))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, a_birth(born="2019-05-01", number="R1")))
    assert said(differences(ledgers, done)) == [(3, "child_birth_date", "2018-01-02", "2019-05-01")]


def test_children_that_cannot_be_told_apart_are_left_to_a_clerk(ledgers):
    enter(ledgers, a_draft(2, record=a_record(children=[A_CHILD, A_CHILD])))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, a_birth(number="R1")))
    assert counts(done) == (1, 0, 0, 0, 0, 1)
    (row,) = rows_to_look_at(ledgers, done)
    assert (row.outcome, [problem.code for problem in row.problems]) == (CheckOutcome.AMBIGUOUS, ["children-alike"])


def test_a_marriage_is_compared_for_both_and_less_exact_is_not_different(ledgers):
    husband, wife = a_person(1, name="买买提·艾力"), a_person(2)
    document = DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(1))
    enter(
        ledgers,
        a_draft(1, person=husband, record=a_record(marital_status=MaritalStatus.UNMARRIED, marriage=None, spouse=None)),
        a_draft(2, person=wife, record=a_record(spouse=Spouse(name="买买提•艾力", document=document))),
    )
    row = ["结婚登记", "2015年5月20日", "西城区民政局", "买买提・艾力", OTHER, "王小明", ME]
    done = check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, row))
    assert counts(done) == (1, 0, 0, 0, 1, 0)
    assert said(differences(ledgers, done)) == [
        (3, "marital_status", "10", "20"),
        (3, "marriage_date", None, "2015-05-20"),
        (3, "marriage_place", None, "西城区民政局"),
        (3, "spouse_name", None, "王小明"),
    ]


def test_a_divorce_says_something_of_the_status_only(ledgers):
    enter(ledgers, a_draft(2))
    row = ["离婚", "2024-01-05", "武昌区", None, OTHER, "王小明", ME]
    assert said(differences(ledgers, check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, row)))) == [
        (3, "marital_status", "21", "40")
    ]


def test_of_two_events_the_later_counts_and_both_rows_share_its_outcome(ledgers):
    record = a_record(marital_status=MaritalStatus.DIVORCED, marriage=Marriage(date=date(2015, 5, 20)), spouse=None)
    enter(ledgers, a_draft(2, record=record))
    rows = [
        ["离婚登记", "2024-01-05", None, None, OTHER, None, ME],
        ["结婚登记", "2015-05-20", None, None, OTHER, None, ME],
    ]
    assert counts(check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, *rows))) == (2, 0, 0, 2, 0, 0)


@pytest.mark.parametrize("order", [1, -1])
def test_rows_that_contradict_each_other_propose_nothing(ledgers, order):
    enter(ledgers, a_draft(2))
    rows = [a_birth(number="R1", born="2018-01-03"), a_birth(mother=an_id_number(9)), a_birth(number="R2", born="2018-01-03")]
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, *rows[::order]))
    assert counts(done) == (3, 0, 1, 0, 0, 2)
    assert differences(ledgers, done) == []
    told = {(row.row, problem.code, problem.found) for row in rows_to_look_at(ledgers, done) for problem in row.problems}
    assert told == {(n, "rows-contradict", "第 3、5 行 / rows 3、5") for n in (3, 5)}


def test_rows_that_complete_each_other_are_put_together(ledgers):
    enter(ledgers, a_draft(2))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, a_birth(number="R1"), a_birth(place="北京市"), a_birth(number="R1")))
    assert counts(done) == (3, 0, 0, 0, 3, 0)
    assert said(differences(ledgers, done)) == [
        (3, "child_certificate_number", None, "R1"),
        (4, "child_birth_place", "湖北省武汉市", "北京市"),
    ]


def test_a_household_that_moved_is_compared_with_the_origin(ledgers):
    enter(ledgers, an_inflow(1), a_draft(2))
    rows = [
        ["王小明", OTHER, "湖北省武汉市武昌区", "湖北省武汉市洪山区", "2025-12-01"],
        ["王小明", ME, "陕西省榆林市榆阳区", "420106", "2025-12-01"],
    ]
    found = differences(ledgers, check(ledgers, LU.HOUSEHOLD_MOVES, a_file(LU.HOUSEHOLD_MOVES, *rows)))
    assert said(found) == [(3, "origin", WUCHANG, "420111"), (4, "origin", XICHENG, WUCHANG)]
    assert [each.proposal and each.proposal.doubt for each in found] == [None, Doubt.FROM_ELSEWHERE]


def test_immunisation_corrects_child_and_township_and_nothing_medical_is_read(ledgers):
    enter(ledgers, an_inflow(2), a_draft(2))
    township = NODE.divisions.children(XICHENG)[0]
    row = [ME, "女", "2018-01-12", NODE.divisions.name(township), "第三剂", "2018-01-13"]
    done = check(ledgers, LU.IMMUNISATION, a_file(LU.IMMUNISATION, row))
    assert done.excluded_columns == 2
    assert sorted(said(differences(ledgers, done)), key=str) == [
        (3, "child_birth_date", "2018-01-02", "2018-01-12"),
        (3, "child_birth_date", "2018-01-02", "2018-01-12"),
        (3, "township", None, township),
    ]


def test_protected_and_closed_entries_are_not_there(ledgers):
    shut, *_ = enter(ledgers, a_draft(1), replace(a_draft(2), protected=True))
    with ledgers.transaction() as ledger:
        close_entry(ledger, OWN, shut, CloseReason.MOVED_ON, a_moment(1))
    row = a_birth(father=OTHER, born="2018-01-12")
    assert counts(check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, row))) == (1, 0, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("layout", "row", "told"),
    [
        (LU.BIRTHS, a_birth(mother=None), ("A", "mother_document_number", "missing-cell")),
        (LU.BIRTHS, a_birth(mother="123"), ("A", "mother_document_number", "document-refused")),
        (LU.BIRTHS, a_birth(father=ME), ("B", "father_document_number", "one-person-twice")),
        (LU.BIRTHS, a_birth(born="2030-01-01"), ("D", "child_birth_date", "not-born-yet")),
        (LU.BIRTHS, a_birth(born="2018年1月"), ("D", "child_birth_date", "date-incomplete")),
        (LU.BIRTHS, a_birth(sex="不分"), ("C", "child_sex", "unknown-word")),
        (LU.BIRTHS, a_birth(number="编号！"), ("F", "birth_certificate_number", "unknown-code")),
        (LU.MARRIAGES, ["补领", "2020-01-01", None, None, OTHER, None, ME], ("A", "marriage_event", "unknown-word")),
        (LU.MARRIAGES, ["结婚", "2027-01-01", None, None, OTHER, None, ME], ("B", "marriage_registered_on", "date-in-future")),
        (LU.MARRIAGES, ["结婚", None, None, "\ue000", OTHER, None, ME], ("D", "husband_name", "private-character")),
        (LU.HOUSEHOLD_MOVES, ["王小明", ME, None, "不存在的县", None], ("D", "household_to", "unknown-jurisdiction")),
        (LU.HOUSEHOLD_MOVES, ["王小明", ME, None, "湖北省", None], ("D", "household_to", "place-too-coarse")),
        (LU.IMMUNISATION, [None, "女", "2018-01-02", None, None, None], ("A", "guardian_document_number", "missing-cell")),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_column(ledgers, layout, row, told):
    enter(ledgers, a_draft(1), a_draft(2))
    done = check(ledgers, layout, a_file(layout, row))
    assert counts(done) == (1, 1, 0, 0, 0, 0)
    (refused,) = rows_to_look_at(ledgers, done)
    (problem,) = refused.problems
    assert (problem.column, problem.field, problem.code) == told
    assert problem.zh
    assert problem.en


def test_the_same_file_is_the_same_check_until_it_is_asked_for_again(every_ledger):
    enter(every_ledger, a_draft(2))
    data = a_file(LU.BIRTHS, a_birth(born="2018-01-12"))
    first = check(every_ledger, LU.BIRTHS, data)
    assert check(every_ledger, LU.BIRTHS, data, now=20) == first
    second = check(every_ledger, LU.BIRTHS, data, again=True, now=20)
    assert (second.run, second.id != first.id) == (2, True)
    assert [each.state.value for each in differences(every_ledger, first)] == ["lapsed"]
    assert [each.state.value for each in differences(every_ledger, second)] == ["open"]


def test_a_dirty_sheet_of_births_comes_out_the_same_in_every_ledger(every_ledger):
    old = an_id_number(2)[:6] + an_id_number(2)[8:17]
    wide = an_id_number(4).translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    enter(every_ledger, a_draft(2), a_draft(4), an_inflow(4), a_draft(6))
    data = a_file(
        LU.BIRTHS,
        a_birth(mother=old, born="2018.1.2"),
        a_birth(mother=wide, born="2018年1月12日"),
        [None] * 8,
        a_birth(mother=an_id_number(6), born=43112, number=" Ｒ２ "),
        a_birth(mother=an_id_number(8)),
        ["母亲身份证号", "父亲身份证号", "新生儿性别", "新生儿出生日期"],
        ["合计", "4", None, None, None, None, None, None],
    )
    done = check(every_ledger, LU.BIRTHS, data)
    assert (*counts(done), done.blank) == (4, 0, 1, 1, 2, 0, 1)
    found = sorted(said(differences(every_ledger, done)), key=str)
    assert found == [
        (4, "child_birth_date", "2018-01-02", "2018-01-12"),
        (4, "child_birth_date", "2018-01-02", "2018-01-12"),
        (6, "child_birth_date", "2018-01-02", "2018-01-12"),
        (6, "child_certificate_number", None, "R2"),
    ]
    with every_ledger.transaction(read_only=True) as ledger:
        assert ledger.cross_checks.get(done.id) == done
