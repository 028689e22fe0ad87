from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from adapters.sheets.words import label
from exchange.codes import Sex
from exchange.people.document import (
    NO_DOCUMENT,
    Document,
    DocumentFault,
    DocumentRefused,
    DocumentType,
    DocumentWarning,
    index_input,
    mask,
    read_document,
)

ID = DocumentType.ID_NUMBER
PERMIT = DocumentType.RESIDENCE_PERMIT
FOREIGN = DocumentType.FOREIGN_PERMANENT_RESIDENCE
PASSPORT = DocumentType.PASSPORT

# The example of GB 11643 itself.
EXAMPLE = "11010519491231002X"


def checked(body: str) -> str:
    return body + ric.calc_check_digit(body + "0")


def refusal(type: DocumentType | None, raw: str) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        read_document(type, raw)
    return caught.value


def test_the_standards_own_example_is_read() -> None:
    document = read_document(ID, EXAMPLE)
    assert document == Document(type=ID, number=EXAMPLE)
    assert (document.birth_date, document.sex) == (date(1949, 12, 31), Sex.FEMALE)


@pytest.mark.parametrize(
    "raw",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
        " 110105 19491231 002X ",
        "110105-19491231-002X",
        "110105–19491231—002X",
        "\ufeff110105\u200b19491231002X\u3000",
        "110105\u00a019491231\t002X\n",
        "11010519491231002Ⅹ",
    ],
)
def test_what_keyboards_do_to_a_number_is_mended(raw: str) -> None:
    assert read_document(ID, raw) == Document(type=ID, number=EXAMPLE)


def test_fifteen_digits_become_eighteen_and_stay_known() -> None:
    assert read_document(ID, "110105491231002") == Document(type=ID, number=EXAMPLE, original="110105491231002")


def test_a_converted_number_is_found_as_its_eighteen_digits() -> None:
    short, long = read_document(None, "１１０１０５ 491231 002"), read_document(ID, EXAMPLE)
    assert index_input(short) == index_input(long) == b"id_number\x0011010519491231002X"


def test_a_wrong_check_digit_is_only_a_warning() -> None:
    document = read_document(ID, "110105194912310021")
    assert document == Document(type=ID, number="110105194912310021", warnings=(DocumentWarning.CHECK_DIGIT,))


def test_a_county_that_did_not_exist_when_the_person_was_born_is_no_matter() -> None:
    # 110111 exists since 1986; stdnum's validate() refuses those who were born before and got the number later.
    number = checked("11011119600101001")
    assert read_document(ID, number) == Document(type=ID, number=number)


def test_a_county_that_nobody_knows_is_no_matter() -> None:
    number = checked("72999919600101001")
    assert read_document(ID, number) == Document(type=ID, number=number)


@pytest.mark.parametrize("day", ["19990229", "19990431", "19991301", "19990100", "00000101"])
def test_a_birth_date_that_no_calendar_knows_is_refused(day: str) -> None:
    assert refusal(ID, checked(f"110105{day}002")).fault is DocumentFault.BIRTH_DATE


def test_a_converted_birth_date_is_judged_too() -> None:
    # 1900 was no leap year.
    assert refusal(ID, "110105000229002").fault is DocumentFault.BIRTH_DATE


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000"])
def test_residents_of_hong_kong_macao_and_taiwan_have_permits(prefix: str) -> None:
    number = checked(f"{prefix}19900101001")
    expected = Document(type=PERMIT, number=number)
    assert read_document(PERMIT, number) == read_document(None, number) == expected
    assert (expected.birth_date, expected.sex) == (date(1990, 1, 1), Sex.MALE)


def test_the_number_decides_between_types_of_eighteen() -> None:
    permit = checked("81000019900101001")
    corrected = Document(type=PERMIT, number=permit, warnings=(DocumentWarning.TYPE,))
    assert read_document(ID, permit) == corrected
    assert index_input(corrected) == index_input(read_document(PERMIT, permit))
    assert read_document(FOREIGN, EXAMPLE) == Document(type=ID, number=EXAMPLE, warnings=(DocumentWarning.TYPE,))


def test_warnings_add_up() -> None:
    document = read_document(ID, "810000199001010010")
    assert document.warnings == (DocumentWarning.CHECK_DIGIT, DocumentWarning.TYPE)


def test_both_editions_of_the_foreign_card_are_read() -> None:
    old, new = read_document(FOREIGN, "can 1100 780101 33"), read_document(None, checked("91184019800101001"))
    assert old == read_document(None, "CAN110078010133") == Document(type=FOREIGN, number="CAN110078010133")
    assert new == Document(type=FOREIGN, number=checked("91184019800101001"))
    assert (old.birth_date, old.sex) == (None, None)
    assert (new.birth_date, new.sex) == (date(1980, 1, 1), None)


def test_a_passport_is_letters_and_digits() -> None:
    expected = Document(type=PASSPORT, number="E12345678")
    assert read_document(PASSPORT, "e 1234-5678") == read_document(None, "E12345678") == expected
    assert (expected.birth_date, expected.sex) == (None, None)
    assert index_input(expected) == b"passport\0E12345678"


def test_a_passport_of_digits_alone_must_be_called_one() -> None:
    assert read_document(PASSPORT, "123456789") == Document(type=PASSPORT, number="123456789")
    assert refusal(None, "123456789").fault is DocumentFault.LENGTH


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("E123", DocumentFault.LENGTH),
        ("E" + "1" * 20, DocumentFault.LENGTH),
        ("PASSPORT", DocumentFault.CHARACTERS),
        ("E1234/678", DocumentFault.CHARACTERS),
        ("护照12345", DocumentFault.CHARACTERS),
    ],
)
def test_what_is_no_passport_number_is_refused(raw: str, fault: DocumentFault) -> None:
    assert refusal(PASSPORT, raw).fault is fault


def test_no_document_has_no_number_and_cannot_be_looked_up() -> None:
    assert read_document(DocumentType.NONE, " ") == NO_DOCUMENT
    assert (index_input(NO_DOCUMENT), mask(NO_DOCUMENT), NO_DOCUMENT.birth_date) == (None, "", None)
    assert refusal(DocumentType.NONE, EXAMPLE).fault is DocumentFault.UNEXPECTED


@pytest.mark.parametrize("type", [None, ID, PASSPORT])
def test_a_missing_number_is_not_taken_for_no_document(type: DocumentType | None) -> None:
    assert refusal(type, " \u200b-").fault is DocumentFault.MISSING


def test_the_type_that_a_refusal_names_is_the_one_that_sheets_offer() -> None:
    # A cell with 无 alone counts as empty.
    word = label("document_type", DocumentType.NONE)
    assert f"“{word}”" in refusal(None, "").zh
    assert f"“{word}”" in refusal(DocumentType.NONE, EXAMPLE).zh


def test_a_refusal_says_what_was_expected_and_found() -> None:
    error = refusal(ID, EXAMPLE[:-1])
    assert (error.fault, error.en) == (DocumentFault.LENGTH, "Expected 18 characters, found 17.")
    assert error.zh == "证件号码应为 18 位（旧号码 15 位），实为 17 位。"


def test_a_refusal_tells_where_the_letter_stands() -> None:
    error = refusal(ID, "110105194912310O2X")
    assert (error.fault, error.en) == (
        DocumentFault.CHARACTERS,
        "The first 17 characters must be digits; character 16 is not.",
    )
    assert refusal(ID, EXAMPLE[:-1] + "A").fault is DocumentFault.CHARACTERS


@pytest.mark.parametrize("digits", ["١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "११०१०५१९४९१२३१००२X"])
def test_digits_of_other_scripts_are_not_guessed(digits: str) -> None:
    assert refusal(ID, digits).fault is DocumentFault.CHARACTERS


def test_fifteen_digits_are_an_id_number_only() -> None:
    assert refusal(PERMIT, "810000900101001").fault is DocumentFault.LENGTH


def test_an_endless_number_is_refused_before_it_is_mended() -> None:
    assert refusal(None, "\ufdfa" * 1_000_000).fault is DocumentFault.LENGTH


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        (read_document(None, EXAMPLE), "110*************2X"),
        (read_document(None, "CAN110078010133"), "CAN**********33"),
        (read_document(None, "E12345678"), "E*******8"),
        (read_document(None, "E1234"), "E***4"),
    ],
)
def test_a_shown_number_hides_most_of_itself(document: Document, shown: str) -> None:
    assert mask(document) == shown


def test_no_trace_or_log_shows_the_number() -> None:
    document = read_document(ID, "110105491231002")
    for number in (document.number, "110105491231002"):
        assert number not in repr(document)
        assert number not in f"{document}"
    assert repr(document) == "<Document id_number 110*************2X>"


id_bodies = st.builds(
    lambda county, day, serial: f"{county:06d}{day:%Y%m%d}{serial:03d}",
    st.integers(110000, 659999),
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.integers(0, 999),
)


@given(id_bodies)
def test_every_true_number_is_accepted_without_a_word(body: str) -> None:
    document = read_document(None, checked(body))
    assert document == Document(type=ID, number=checked(body))
    assert document.birth_date == ric.get_birth_date(checked(body))


@given(id_bodies, st.sampled_from("0123456789X"))
def test_exactly_one_check_digit_is_right(body: str, last: str) -> None:
    warned = read_document(ID, body + last).warnings == (DocumentWarning.CHECK_DIGIT,)
    assert warned is (body + last != checked(body))


@given(id_bodies.filter(lambda body: body[6:8] == "19"))
def test_old_and_new_form_of_a_number_always_meet(body: str) -> None:
    short = body[:6] + body[8:]
    assert index_input(read_document(ID, short)) == index_input(read_document(ID, checked(body)))


def read_or_refusal(type: DocumentType | None, raw: str) -> Document | DocumentRefused:
    try:
        return read_document(type, raw)
    except DocumentRefused as error:
        return error


@given(st.one_of(st.none(), st.sampled_from(DocumentType)), st.text(max_size=70))
def test_any_text_is_read_or_refused(type: DocumentType | None, raw: str) -> None:
    found = read_or_refusal(type, raw)
    if isinstance(found, Document):
        assert found.number.isascii()
        assert read_document(found.type, found.number).number == found.number


@given(st.sampled_from([None, ID, PASSPORT]), st.from_regex(r"[0-9]{5}[0-9/]{6,40}", fullmatch=True))
def test_a_refusal_holds_nothing_of_the_number(type: DocumentType | None, raw: str) -> None:
    found = read_or_refusal(type, raw)
    if isinstance(found, DocumentRefused):
        assert raw[:5] not in f"{found.zh} {found.en} {found.args}"
        # Nor does what it came from: the date parser names the digits that it could not read.
        assert found.__cause__ is found.__context__ is None


@given(st.from_regex(r"[0-9A-Z]{4,20}", fullmatch=True))
def test_what_is_read_once_is_read_the_same_again(raw: str) -> None:
    found = read_or_refusal(None, raw)
    if isinstance(found, Document):
        assert index_input(read_document(found.type, found.number)) == index_input(found)
