"""Each field of two people comes to one of a few levels, whichever of them comes first."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.codes import Sex
from exchange.pairing.comparing import Described, Field, Level, compare, compare_names, describe
from exchange.pairing.sounds import sound
from exchange.pairing.variants import folded
from exchange.people.document import DocumentType, read_document
from exchange.people.record import DocumentRef, Marriage, Person, Record, Spouse
from tests.builders import WUCHANG, XICHENG
from tests.pairing.people import number, slips, somebody, told

BORN = date(1990, 3, 7)
NUMBER = number(XICHENG, BORN, 101)


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("王小明", "王小明", Level.EQUAL),
        ("阿依古丽·买买提", "阿依古丽.买买提", Level.EQUAL),
        ("张伟", "張偉", Level.VARIANT),
        ("陈喆", "陳哲", Level.VARIANT),
        ("李吉", "李\U00020bb7", Level.VARIANT),
        ("张伟", "章玮", Level.HOMOPHONE),
        ("单强", "善强", Level.HOMOPHONE),  # as a surname 单 is shàn
        ("王芳", "汪方", Level.SOUND),
        ("王建国", "建国王", Level.SOUND),
        ("阿依古丽·买买提", "阿依古丽", Level.SOUND),
        ("阿依古丽·买买提", "阿依古丽买买提", Level.EQUAL),
        ("王小明", "王晓敏", Level.DIFFERS),
        ("王小明", "王小敏", Level.NEAR),
        ("王明", "王小明", Level.NEAR),
        ("李小龙", "李龙小", Level.SOUND),
        ("王", "李", Level.DIFFERS),
        ("王小明", "李大海", Level.DIFFERS),
        ("John Smith", "SMITH JOHN", Level.DIFFERS),
        ("John Smith", "Jon Smith", Level.NEAR),
    ],
)
def test_two_names_come_to_this_level(one: str, other: str, level: Level):
    assert compare_names(one, other) is level
    assert compare_names(other, one) is level


def _told(number_: str | None) -> Described:
    kind = DocumentType.NONE if number_ is None else DocumentType.ID_NUMBER
    return describe(Person(name="甲", document=DocumentRef(type=kind, number=number_)), None)


@pytest.mark.parametrize(
    ("other", "level"),
    [
        (NUMBER, Level.EQUAL),
        (NUMBER[:6] + NUMBER[8:17], Level.CONVERTED),
        (NUMBER[:16] + "9" + NUMBER[17], Level.ONE_DIGIT),
        (NUMBER[:5] + NUMBER[6] + NUMBER[5] + NUMBER[7:], Level.SWAPPED),
        (number(WUCHANG, BORN, 101), Level.OTHER_COUNTY),
        (number(XICHENG, BORN, 303), Level.DIFFERS),
        (number(XICHENG, BORN, 303)[:17] + "A", Level.MISSING),  # no number at all
        (number(XICHENG, BORN, 303)[:16] + "8" + NUMBER[17], Level.DOUBTFUL),
        (None, Level.MISSING),
    ],
    ids=str,
)
def test_two_numbers_come_to_this_level(other: str | None, level: Level):
    here, there = _told(NUMBER), _told(other)
    assert compare(here, there)[Field.DOCUMENT] is level
    assert compare(there, here)[Field.DOCUMENT] is level


def test_documents_of_two_kinds_say_nothing_about_each_other():
    passport = describe(Person(name="甲", document=DocumentRef(type=DocumentType.PASSPORT, number="E12345678")), None)
    assert compare(_told(NUMBER), passport)[Field.DOCUMENT] is Level.MISSING


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (date(1990, 3, 7), date(1990, 3, 7), Level.EQUAL),
        (date(1990, 3, 7), date(1990, 7, 3), Level.SWAPPED),
        (date(1990, 3, 7), date(1990, 1, 1), Level.PLACEHOLDER),
        (date(1990, 3, 7), date(1990, 4, 2), Level.PLACEHOLDER),  # 1990-03-07 as a lunar date was 2 April
        (date(1990, 3, 7), date(1989, 3, 7), Level.YEAR_OFF),
        (date(1990, 3, 7), date(1980, 3, 7), Level.ONE_PART),
        (date(1990, 3, 7), date(1990, 3, 17), Level.ONE_PART),
        (date(1990, 3, 7), date(1990, 9, 7), Level.ONE_PART),
        (date(1990, 3, 7), date(1991, 8, 12), Level.DIFFERS),
        (date(1990, 3, 7), None, Level.MISSING),
    ],
)
def test_two_birth_dates_come_to_this_level(one: date, other: date | None, level: Level):
    here, there = Described(name="甲", birth_date=one), Described(name="甲", birth_date=other)
    assert compare(here, there)[Field.BIRTH_DATE] is level
    assert compare(there, here)[Field.BIRTH_DATE] is level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (("420106", "420100", "420000"), ("420106", "420100", "420000"), Level.EQUAL),
        (("420106", "420100", "420000"), ("420111", "420100", "420000"), Level.PREFECTURE),
        (("420106", "420100", "420000"), ("420502", "420500", "420000"), Level.PROVINCE),
        (("420106", "420100", "420000"), ("420000",), Level.CONTAINS),
        (("420106", "420100", "420000"), ("610802", "610800", "610000"), Level.DIFFERS),
        (("110102", "110000"), ("110105", "110000"), Level.PROVINCE),
        ((), ("420106",), Level.MISSING),
    ],
)
def test_two_places_come_to_this_level(one: tuple[str, ...], other: tuple[str, ...], level: Level):
    here, there = Described(name="甲", place=one), Described(name="甲", place=other)
    assert compare(here, there)[Field.PLACE] is level
    assert compare(there, here)[Field.PLACE] is level


def test_a_spouse_is_known_by_number_then_by_name():
    spouse = Spouse(name="张伟", document=DocumentRef(type=DocumentType.ID_NUMBER, number=NUMBER))
    levels = {
        "number": (Spouse(name="另一人", document=spouse.document), Level.EQUAL),
        "name": (Spouse(name="張偉"), Level.NAME),
        "sound": (Spouse(name="章玮"), Level.SOUND),
        "near": (Spouse(name="张帅"), Level.NEAR),
        "other": (Spouse(name="李大海"), Level.DIFFERS),
    }
    here = told(somebody(1), Record(spouse=spouse))
    for other, level in levels.values():
        assert compare(here, told(somebody(1), Record(spouse=other)))[Field.SPOUSE] is level


def test_what_is_not_known_is_missing():
    nobody = describe(
        Person(name="甲", document=DocumentRef(type=DocumentType.NONE), sex=Sex.UNSTATED), Record(marriage=Marriage())
    )
    levels = compare(nobody, told(somebody(1)))
    assert {field for field, level in levels.items() if level is Level.MISSING} == set(Field) - {Field.NAME}


def test_sex_and_birth_date_come_from_the_number_where_nobody_states_them():
    person = Person(name="甲", document=DocumentRef(type=DocumentType.ID_NUMBER, number=NUMBER))
    assert (describe(person, None).sex, describe(person, None).birth_date) == (Sex.MALE, BORN)


def test_a_description_shows_nothing_of_the_person():
    assert "王小明" not in repr(told(somebody(1, name="王小明")))


names = st.text(st.sampled_from("王汪张張李小晓明敏伟偉·. abc单"), min_size=1, max_size=6)
documents = st.sampled_from(
    [None, NUMBER, number(WUCHANG, BORN, 101), number(XICHENG, BORN, 303), NUMBER[:16] + "9" + NUMBER[17]]
)
descriptions = st.builds(
    Described,
    name=names,
    document=documents.map(lambda each: None if each is None else read_document(DocumentType.ID_NUMBER, each)),
    sex=st.sampled_from(Sex),
    birth_date=st.none() | st.dates(date(1989, 1, 1), date(1991, 12, 31)),
    place=st.sampled_from([(), ("420106", "420100", "420000"), ("420000",), ("110102", "110000")]),
    township=st.sampled_from([None, "110102001", "110102002"]),
    spouse=st.none() | names.map(lambda name: Spouse(name=name)),
    married_on=st.none() | st.dates(date(2010, 1, 1), date(2011, 12, 31)),
)


@given(one=descriptions, other=descriptions)
@example(one=Described(name="·"), other=Described(name="."))
def test_it_does_not_matter_which_side_comes_first(one: Described, other: Described):
    assert compare(one, other) == compare(other, one)


@given(one=descriptions)
def test_everybody_is_equal_to_themselves(one: Described):
    assert set(compare(one, one).values()) <= {Level.EQUAL, Level.NAME, Level.MISSING}


@given(name=names)
def test_a_name_sounds_the_same_in_all_its_spellings(name: str):
    assert sound(folded(name)) == sound(name)


@pytest.mark.parametrize("n", range(0, 200, 7))
def test_a_slip_touches_the_fields_that_it_is_about_and_no_other(n: int):
    touched = {"sex": {Field.SEX}, "one character": {Field.NAME}, "issued elsewhere": {Field.DOCUMENT}}
    for slip, fields in touched.items():
        levels = compare(told(somebody(n)), told(slips(n)[slip]))
        assert {field for field, level in levels.items() if level not in (Level.EQUAL, Level.MISSING)} <= fields
