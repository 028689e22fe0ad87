"""Invented people with complete facts, the same for the same number: as values, as messages, as flat rows and as sheets."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from stdnum.cn import ric

from api.models.registers.entries import EntryLine
from exchange.codes import (
    Education,
    HouseholdType,
    Item,
    MaritalStatus,
    MovingReason,
    PriorityLevel,
    Purpose,
    QueryReason,
    RegisterKind,
    Sex,
)
from exchange.ids import new_id, new_salt
from exchange.moments import format_moment
from exchange.people.document import DocumentType
from exchange.people.record import (
    Certificate,
    Child,
    DocumentRef,
    Marriage,
    Moving,
    Person,
    Record,
    Spouse,
)
from exchange.wire.message import Priority, Query, QueryBody, write_message

ORIGIN, DESTINATION = "420106", "110102"
ORIGIN_NODE, DESTINATION_NODE = "wuchang.bench", "xicheng.bench"
_DAYS = 15_000
_FIRST_BIRTH = date(1960, 1, 1)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文云"
ITEMS: list[Item] = [item for item in Item if item not in (Item.NAME, Item.SEX, Item.BIRTH_DATE)]
# As many columns as a case sheet of this field has; `COLUMNS` and `row_of` go together.
COLUMNS = {
    "id": "text",
    "name": "text",
    "document_type": "text",
    "document_number": "text",
    "sex": "text",
    "birth_date": "date",
    "origin": "text",
    "destination": "text",
    "education": "text",
    "household_type": "text",
    "moving_reason": "text",
    "moved_on": "date",
    "marital_status": "text",
    "marriage_date": "date",
    "marriage_place": "text",
    "spouse_name": "text",
    "spouse_number": "text",
    "child_sex": "text",
    "child_birth_date": "date",
    "certificate_number": "text",
    "address": "text",
    "ethnicity": "text",
    "purpose": "text",
    "submitted_at": "timestamptz",
}


def name_of(n: int) -> str:
    return _SURNAMES[n % 20] + _GIVEN[n // 20 % 30] + _GIVEN[n // 600 % 30]


def number_of(n: int, county: str = ORIGIN) -> str:
    """The ID number of person `n`: numbers below 15 million are all different."""
    born = _FIRST_BIRTH + timedelta(days=n % _DAYS)
    body = f"{county}{born:%Y%m%d}{n // _DAYS:03d}"
    return body + ric.calc_check_digit(body + "0")


def person(n: int) -> Person:
    return Person(
        name=name_of(n),
        document=DocumentRef(type=DocumentType.ID_NUMBER, number=number_of(n)),
        sex=Sex.MALE if n // _DAYS % 2 else Sex.FEMALE,
        birth_date=_FIRST_BIRTH + timedelta(days=n % _DAYS),
    )


def record(n: int) -> Record:
    return Record(
        education=list(Education)[n % 8],
        household_type=HouseholdType.RESIDENT,
        moving=Moving(reason=MovingReason.WORK, moved_on=date(2024, 1 + n % 12, 1 + n % 28)),
        marital_status=MaritalStatus.FIRST_MARRIAGE,
        marriage=Marriage(date=date(2022, 1 + n % 12, 1 + n % 28), place="湖北省武汉市武昌区"),
        spouse=Spouse(name=name_of(n * 7 + 3), document=DocumentRef(type=DocumentType.ID_NUMBER, number=number_of(n, "420111"))),
        children=[Child(sex=Sex.FEMALE, birth_date=date(2025, 1 + n % 12, 1 + n % 28), birth_place="湖北省武汉市")],
        certificate=Certificate(number=f"HB{n:010d}", issued_by="武昌区", issued_on=date(2023, 5, 4)),
        address=f"北京市西城区某某街道某某路{n % 999 + 1}号院{n % 30 + 1}号楼",
        ethnicity="01",
    )


def query(n: int, now: datetime) -> Query:
    """The destination asks the origin about all that it knows of person `n`."""
    return Query(
        id=new_id(now),
        salt=new_salt(),
        exchange=new_id(now),
        in_reply_to=None,
        from_=DESTINATION,
        to=ORIGIN,
        origin=ORIGIN,
        destination=DESTINATION,
        created_at=format_moment(now),
        purpose=Purpose.PUBLIC_SERVICE,
        priority=Priority(level=PriorityLevel.NORMAL),
        body=QueryBody(
            person=person(n),
            items=ITEMS,
            reason=QueryReason.REGISTER_ENTRY,
            record=record(n),
            requested_by_person=True,
            application_date=date(2026, 1, 5),
        ),
    )


def query_lines(numbers: range, now: datetime) -> list[bytes]:
    return [write_message(query(n, now)) for n in numbers]


def row(n: int) -> tuple[Any, ...]:
    """The same facts as one flat row, in the order of COLUMNS."""
    who, facts = person(n), record(n)
    moving, marriage, spouse, certificate = facts.moving, facts.marriage, facts.spouse, facts.certificate
    assert moving is not None
    assert marriage is not None
    assert spouse is not None
    assert spouse.document is not None
    assert facts.children is not None
    assert certificate is not None
    return (
        new_id(datetime.now(UTC)),
        who.name,
        who.document.type.value,
        who.document.number,
        who.sex.value,
        who.birth_date,
        ORIGIN,
        DESTINATION,
        facts.education,
        facts.household_type,
        moving.reason,
        moving.moved_on,
        facts.marital_status,
        marriage.date,
        marriage.place,
        spouse.name,
        spouse.document.number,
        facts.children[0].sex,
        facts.children[0].birth_date,
        certificate.number,
        facts.address,
        facts.ethnicity,
        Purpose.PUBLIC_SERVICE.value,
        datetime(2026, 1, 5, 2, 3, 4, tzinfo=UTC),
    )


def rows(numbers: range) -> list[tuple[Any, ...]]:
    # Plain strings: the baseline should not pay for enumerations.
    return [tuple(str(cell) if isinstance(cell, str) else cell for cell in row(n)) for n in numbers]


def entry_line(n: int) -> bytes:
    """The same facts as a line for the register of the origin, who left for the destination."""
    line = EntryLine(
        register=RegisterKind.OUTFLOW,
        origin=ORIGIN,
        destination=DESTINATION,
        person=person(n),
        record=record(n),
        opened_on=date(2026, 1, 5),
    )
    return msgspec.json.encode(line)
