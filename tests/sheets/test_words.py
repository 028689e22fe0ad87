"""The words of sheets mean the codes of the domain."""

import pytest

from adapters.sheets.layout import spellings_for
from adapters.sheets.sheet import Layout
from adapters.sheets.words import Word, code_of, is_coded, items_of, label, labels, word_problem
from exchange.codes import (
    Education,
    Event,
    HouseholdType,
    Item,
    Kind,
    MaritalStatus,
    MovingReason,
    Purpose,
    QueryReason,
    Sex,
    UrgentReason,
)
from exchange.people.document import DocumentType
from tests.sheets.workbooks import a_register, read

LISTS = {
    "sex": Sex,
    "marital_status": MaritalStatus,
    "education": Education,
    "household_type": HouseholdType,
    "document_type": DocumentType,
    "moving_reason": MovingReason,
    "event": Event,
    "purpose": Purpose,
    "query_reason": QueryReason,
    "urgent_reason": UrgentReason,
    "items": Item,
}


@pytest.mark.parametrize("field", LISTS)
def test_every_code_of_the_domain_has_a_word_that_means_it(field):
    for code in LISTS[field]:
        assert code_of(field, label(field, code.value)) == Word(code.value)
        assert code_of(field, code.value) == Word(code.value)
    assert len(labels(field)) == len(LISTS[field])


@pytest.mark.parametrize("layout", Layout)
def test_every_column_of_words_has_a_list(layout):
    fields = spellings_for(layout).fields.values()
    assert [field.name for field in fields if field.cleaning == "word" and not is_coded(field.name)] == []


@pytest.mark.parametrize(
    ("field", "word", "code", "warning"),
    [
        ("sex", "1", "1", None),
        ("child3_sex", "女", "2", None),
        ("marital_status", "离异", "40", None),
        ("marital_status", "20-已婚", "20", None),
        ("marital_status", "1", "10", "old-code"),
        ("marital_status", "4", "40", "old-code"),
        ("education", "大专", "30", None),
        ("education", "71", "70", "finer-code"),
        ("education", "81", "80", "finer-code"),
        ("spouse_document_type", "护照", "passport", None),
        ("kind", "协查", Kind.QUERY, None),
        ("event", "生育", "birth", None),
        ("urgent", "是", "yes", None),
        ("requested_by_person", "√", "yes", None),
        ("moving_reason", "务工经商", "work", None),
    ],
)
def test_a_word_means_its_code(field, word, code, warning):
    assert code_of(field, word) == Word(code, warning)


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("sex", "3"),
        ("marital_status", "5"),
        ("marital_status", "20-未婚"),
        ("education", "50"),
        ("education", "7"),
        ("kind", "反馈"),
    ],
)
def test_an_unknown_or_contradicting_word_means_nothing(field, word):
    assert code_of(field, word) is None


@pytest.mark.parametrize(("old", "code"), [("50", "40"), ("62", "40"), ("63", "40"), ("61", "60"), ("71", "70"), ("90", "90")])
def test_education_codes_of_1984_are_mapped_where_the_sheet_says_so(old, code):
    assert code_of("education", old, "1984") == Word(code, "old-code")


@pytest.mark.parametrize("text", ["婚姻状况、子女", "婚姻状况，子女情况；婚姻状况", "婚姻状况/子女", "marital_status children"])
def test_items_are_separated_by_any_customary_mark(text):
    assert items_of(text) == (("marital_status", "children"), True)


def test_an_item_that_is_not_understood_is_told():
    assert items_of("婚姻状况、避孕") == (("marital_status",), False)
    assert items_of("、") == ((), False)


def test_problems_of_words_stand_at_their_column():
    sheet = read(a_register())
    unknown, old = word_problem(sheet, 2, "sex", None), word_problem(sheet, 2, "sex", Word("1", "old-code"))
    assert unknown
    assert old
    assert (unknown.column, unknown.code, unknown.severity.value, old.code, old.severity.value) == (
        "C",
        "unknown-word",
        "refusal",
        "old-code",
        "warning",
    )
    assert word_problem(sheet, 2, "sex", Word("1")) is None
