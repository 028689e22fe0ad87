"""People as both sides describe them, and one slip at a time; import them from here."""

from datetime import date, timedelta
from random import Random
from typing import Any

from msgspec import structs
from stdnum.cn import ric

from exchange.codes import RegisterKind, Sex
from exchange.pairing.comparing import Described, describe
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Marriage, Person, Record, Spouse
from exchange.people.register import Entry
from tests.builders import WUCHANG, XICHENG, an_entry

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文云"


def number(county: str, born: date, sequence: int) -> str:
    """An ID number with its right check digit."""
    body = f"{county}{born:%Y%m%d}{sequence:03d}"
    return body + ric.calc_check_digit(body + "0")


def somebody(n: int, **changes: Any) -> Person:
    """Person `n`, the same every time: with a number, a sex and a birth date, none of which goes with another."""
    dice = Random(n)
    born = date(1960, 1, 1) + timedelta(days=dice.randrange(16_000))
    sequence = dice.randrange(1, 999)
    person = Person(
        name=dice.choice(SURNAMES) + dice.choice(GIVEN) + dice.choice(GIVEN),
        document=DocumentRef(type=DocumentType.ID_NUMBER, number=number(XICHENG, born, sequence)),
        sex=Sex.MALE if sequence % 2 else Sex.FEMALE,
        birth_date=born,
    )
    return structs.replace(person, **changes)


def married(n: int) -> Record:
    """What is known of them: a spouse and a wedding."""
    wedding = date(2010, 1, 1) + timedelta(days=Random(-n).randrange(5_000))
    return Record(spouse=Spouse(name=somebody(n + 1_000_000).name), marriage=Marriage(date=wedding))


def entered(n: int, **changes: Any) -> Entry:
    """Their entry in Xicheng's outflow register; they live in Wuchang."""
    given = {"person": somebody(n), "record": married(n), "register": RegisterKind.OUTFLOW, **changes}
    return an_entry(n, **given)


def told(person: Person, record: Record | None = None) -> Described:
    """How Wuchang describes them."""
    return describe(person, record, place=(WUCHANG, "420100", "420000"))


def _with_number(person: Person, changed: str) -> Person:
    return structs.replace(person, document=DocumentRef(type=DocumentType.ID_NUMBER, number=changed))


def slips(n: int) -> dict[str, Person]:
    """The same person with one thing told wrong; each as clerks, keyboards and ears do it."""
    person = somebody(n)
    digits, name, born = person.document.number or "", person.name, person.birth_date
    assert born is not None
    # A slip in the number's birth date still has to be a date.
    one = digits[:15] + str((int(digits[15]) + 3) % 10) + digits[16:]
    swapped = digits[:2] + digits[3] + digits[2] + digits[4:]
    return {
        "one digit": _with_number(person, one),
        "two digits swapped": _with_number(person, swapped if swapped != digits else one),
        "issued elsewhere": _with_number(person, number("420106", born, int(digits[14:17]))),
        "no number": structs.replace(person, document=DocumentRef(type=DocumentType.NONE)),
        "passport": structs.replace(person, document=DocumentRef(type=DocumentType.PASSPORT, number=f"E{n:08d}")),
        "name heard": structs.replace(person, name="".join(_HEARD.get(character, character) for character in name)),
        "name in variants": structs.replace(person, name="".join(_VARIANT.get(character, character) for character in name)),
        "name turned": structs.replace(person, name=name[1:] + name[0]),
        "one character": structs.replace(person, name=name[:-1] + "鑫"),
        "sex": structs.replace(person, sex=Sex.FEMALE if person.sex is Sex.MALE else Sex.MALE),
        "day and month": structs.replace(person, birth_date=date(born.year, min(born.day, 12), born.month)),
        "first of the year": structs.replace(person, birth_date=date(born.year, 1, 1)),
        "year": structs.replace(person, birth_date=date(born.year - 1, born.month, min(born.day, 28))),
        "day": structs.replace(person, birth_date=date(born.year, born.month, born.day % 28 + 1)),
    }


_HEARD = dict(zip("王张杨周徐胡高伟丽杰静", "汪章阳邹许湖郜炜莉洁婧", strict=True))
_VARIANT = dict(zip("张刘陈杨黄赵吴孙马罗伟强军艳杰涛丽华红云", "張劉陳楊黃趙吳孫馬羅偉強軍艷傑濤麗華紅雲", strict=True))
