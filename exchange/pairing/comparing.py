"""Compare two descriptions of a person field by field, each into one of a few closed levels.

Comparing is symmetric and knows nothing of weights: `exchange.pairing.weights` says what a level is worth.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from exchange.codes import Sex
from exchange.errors import Refused
from exchange.pairing.sounds import parts, spoken, toneless
from exchange.people.document import Document, DocumentType, DocumentWarning, read_document
from exchange.people.name import match_key
from exchange.people.record import DocumentRef, Person, Record, Spouse
from exchange.people.register import Entry


class Field(StrEnum):
    """What is compared."""

    DOCUMENT = "document"
    NAME = "name"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    PLACE = "place"
    TOWNSHIP = "township"
    SPOUSE = "spouse"
    MARRIAGE = "marriage"


class Level(StrEnum):
    """How far two values agree; which of them a field knows is told by its weights."""

    EQUAL = "equal"
    CONVERTED = "converted"
    ONE_DIGIT = "one_digit"
    SWAPPED = "swapped"
    OTHER_COUNTY = "other_county"
    DOUBTFUL = "doubtful"
    VARIANT = "variant"
    HOMOPHONE = "homophone"
    SOUND = "sound"
    NEAR = "near"
    PLACEHOLDER = "placeholder"
    YEAR_OFF = "year_off"
    ONE_PART = "one_part"
    CONTAINS = "contains"
    PREFECTURE = "prefecture"
    PROVINCE = "province"
    NAME = "name"
    MISSING = "missing"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Described:
    """What one side says of a person. `place` is the other side's division and what it lies in, the nearest first."""

    name: str
    document: Document | None = None
    sex: Sex = Sex.UNKNOWN
    birth_date: date | None = None
    place: tuple[str, ...] = ()
    township: str | None = None
    spouse: Spouse | None = None
    married_on: date | None = None


def described(entry: Entry, place: tuple[str, ...] = ()) -> Described:
    """What an entry says; `place` is its other division with those above it."""
    return describe(entry.person, entry.record, place=place, township=entry.township)


def describe(person: Person, record: Record | None, *, place: tuple[str, ...] = (), township: str | None = None) -> Described:
    """What a person and a record say. A number that cannot be read is no number; sex and birth date come from it if need be."""
    document = _document(person.document)
    sex, born = person.sex, person.birth_date
    if document is not None:
        sex = document.sex or sex if sex in _UNKNOWN_SEX else sex
        born = born or document.birth_date
    return Described(
        name=person.name,
        document=document,
        sex=sex,
        birth_date=born,
        place=place,
        township=township,
        spouse=record.spouse if record is not None else None,
        married_on=record.marriage.date if record is not None and record.marriage is not None else None,
    )


def compare(one: Described, other: Described) -> dict[Field, Level]:
    """The level of every field; the order of the two does not matter."""
    return {
        Field.DOCUMENT: _documents(one.document, other.document),
        Field.NAME: compare_names(one.name, other.name),
        Field.SEX: _sexes(one.sex, other.sex),
        Field.BIRTH_DATE: _births(one.birth_date, other.birth_date),
        Field.PLACE: _places(one.place, other.place),
        Field.TOWNSHIP: _townships(one.township, other.township),
        Field.SPOUSE: _spouses(one.spouse, other.spouse),
        Field.MARRIAGE: _weddings(one.married_on, other.married_on),
    }


_UNKNOWN_SEX: Final = frozenset({Sex.UNKNOWN, Sex.UNSTATED})


def _document(document: DocumentRef | None) -> Document | None:
    if document is None or document.number is None or document.type is DocumentType.NONE:
        return None
    try:
        return read_document(document.type, document.number)
    except Refused:
        return None


def _documents(one: Document | None, other: Document | None) -> Level:
    if one is None or other is None or one.type is not other.type:
        return Level.MISSING  # two kinds of document say nothing about each other
    if one.number == other.number:
        return Level.EQUAL if one.original == other.original else Level.CONVERTED
    here, there = one.number, other.number
    if len(here) == len(there):
        apart = [at for at, (left, right) in enumerate(zip(here, there, strict=True)) if left != right]
        if len(apart) == 1:
            return Level.ONE_DIGIT
        if (
            len(apart) == 2
            and apart[1] == apart[0] + 1
            and here[apart[0]] == there[apart[1]]
            and here[apart[1]] == there[apart[0]]
        ):
            return Level.SWAPPED
        if len(here) == 18 and here[6:17] == there[6:17]:
            return Level.OTHER_COUNTY
    mistyped = DocumentWarning.CHECK_DIGIT in one.warnings or DocumentWarning.CHECK_DIGIT in other.warnings
    return Level.DOUBTFUL if mistyped else Level.DIFFERS


def compare_names(one: str, other: str) -> Level:
    """Two names: equal, in variant characters, of one pinyin, of one sound, one character apart, or different."""
    if match_key(one) == match_key(other):
        return Level.EQUAL
    here, there = parts(one), parts(other)
    if "".join(here) == "".join(there):
        return Level.VARIANT
    if [spoken(part) for part in here] == [spoken(part) for part in there]:
        return Level.HOMOPHONE
    if _same_sound(here, there):
        return Level.SOUND
    return Level.NEAR if _one_apart("".join(here), "".join(there)) else Level.DIFFERS


def _same_sound(here: tuple[str, ...], there: tuple[str, ...]) -> bool:
    """One sound without tones, in any order; of a name with dots, its first part stands for the whole."""
    if sorted(said for part in here for said in toneless(part)) == sorted(said for part in there for said in toneless(part)):
        return True
    return (len(here) > 1 or len(there) > 1) and toneless(here[0]) == toneless(there[0])


def _one_apart(here: str, there: str) -> bool:
    """Whether one character was changed, left out, put in, or two neighbours swapped. One-character names have no near ones."""
    short, long = sorted((here, there), key=len)
    if len(short) < 2 or len(long) - len(short) > 1:
        return False
    if len(short) == len(long):
        apart = [at for at in range(len(short)) if short[at] != long[at]]
        return len(apart) == 1 or (len(apart) == 2 and sorted(short) == sorted(long) and apart[1] == apart[0] + 1)
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _sexes(one: Sex, other: Sex) -> Level:
    if one in _UNKNOWN_SEX or other in _UNKNOWN_SEX:
        return Level.MISSING
    return Level.EQUAL if one is other else Level.DIFFERS


def swapped(day: date) -> date | None:
    """The date with day and month in each other's place; None where that is the same one, or none."""
    if day.day > 12 or day.day == day.month:
        return None
    return date(day.year, day.day, day.month)


# A lunar date written as a solar one lies this many days before the solar one.
_LUNAR: Final = range(17, 53)


def _births(one: date | None, other: date | None) -> Level:
    if one is None or other is None:
        return Level.MISSING
    if one == other:
        return Level.EQUAL
    if swapped(one) == other:
        return Level.SWAPPED
    first_of_year = any((day.month, day.day) == (1, 1) for day in (one, other))
    if (first_of_year and one.year == other.year) or abs((one - other).days) in _LUNAR:
        return Level.PLACEHOLDER
    if (one.month, one.day) == (other.month, other.day) and abs(one.year - other.year) == 1:
        return Level.YEAR_OFF
    same = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    return Level.ONE_PART if same == 2 else Level.DIFFERS


def _places(one: tuple[str, ...], other: tuple[str, ...]) -> Level:
    if not one or not other:
        return Level.MISSING
    if one[0] == other[0]:
        return Level.EQUAL
    if one[0] in other or other[0] in one:
        return Level.CONTAINS
    shared = [code for code in one if code in other]
    if not shared:
        return Level.DIFFERS
    return Level.PROVINCE if shared[0].endswith("0000") else Level.PREFECTURE


def _townships(one: str | None, other: str | None) -> Level:
    if one is None or other is None:
        return Level.MISSING
    return Level.EQUAL if one == other else Level.DIFFERS


def _spouses(one: Spouse | None, other: Spouse | None) -> Level:
    if one is None or other is None:
        return Level.MISSING
    here, there = _document(one.document), _document(other.document)
    if here is not None and there is not None and _documents(here, there) in _SAME_NUMBER:
        return Level.EQUAL
    match compare_names(one.name, other.name):
        case Level.EQUAL | Level.VARIANT:
            return Level.NAME
        case Level.HOMOPHONE | Level.SOUND:
            return Level.SOUND
        case Level.NEAR:
            return Level.NEAR
        case _:
            return Level.DIFFERS


_SAME_NUMBER: Final = frozenset({Level.EQUAL, Level.CONVERTED})


def _weddings(one: date | None, other: date | None) -> Level:
    if one is None or other is None:
        return Level.MISSING
    if one == other:
        return Level.EQUAL
    return Level.NEAR if one.year == other.year or swapped(one) == other else Level.DIFFERS
