"""Moments, names and persons; import them from `tests.builders`."""

import base64
import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import structs
from stdnum.cn import ric

from exchange.codes import MaritalStatus, Sex
from exchange.people.document import DocumentType
from exchange.people.record import Child, DocumentRef, Marriage, Person, Record, Spouse

XICHENG, WUCHANG, YUYANG = "110102", "420106", "610802"
XICHENG_NODE, WUCHANG_NODE, YUYANG_NODE = "xicheng.example", "wuchang.example", "yuyang.example"
_FIRST_MOMENT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in Shanghai


def a_moment(n: int = 0) -> datetime:
    """The moment `n` minutes after 09:00 of Monday 2 March 2026, Shanghai; negative ones lie before."""
    return _FIRST_MOMENT + timedelta(minutes=n)


def a_day(n: int = 0) -> date:
    """The civil day `n` days after 2 March 2026."""
    return date(2026, 3, 2) + timedelta(days=n)


def an_id(n: int = 1) -> str:
    """A UUIDv7; greater numbers give greater ids, as if written later."""
    return f"019caf00-{n // 0x10000:04x}-7000-8000-{n % 0x10000:012x}"


def a_digest(n: int | str = 1) -> str:
    """A SHA-256 digest as the wire writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{n}".encode()).digest()).rstrip(b"=").decode()


def a_salt(n: int = 1) -> str:
    """128 bits as the wire writes them."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{n}".encode()).digest()[:16]).rstrip(b"=").decode()


def an_id_number(n: int = 1) -> str:
    """An ID number issued in Xicheng to somebody born on 7 March 1990, with its right check digit; `n` up to 999."""
    body = f"{XICHENG}19900307{n:03d}"
    return body + ric.calc_check_digit(body + "0")


def a_person(n: int = 1, **changes: Any) -> Person:
    """A person with an ID number."""
    person = Person(
        name="王小明",
        document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(n)),
        sex=Sex.MALE if n % 2 else Sex.FEMALE,
        birth_date=date(1990, 3, 7),
    )
    return structs.replace(person, **changes)


def a_record(**changes: Any) -> Record:
    """What a register knows of a married person with a child: names with a middle dot and a rare character, nested facts."""
    record = Record(
        marital_status=MaritalStatus.FIRST_MARRIAGE,
        marriage=Marriage(date=date(2015, 5, 20), place="北京市西城区"),
        spouse=Spouse(name="阿依古丽·买买提"),
        children=[Child(sex=Sex.FEMALE, birth_date=date(2018, 1, 2), birth_place="湖北省武汉市")],
    )
    return structs.replace(record, **changes)
