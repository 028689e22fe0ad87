"""Tokens: the same for two clerks who mean the same facts, and another for any other fact or person."""

import hmac
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.codes import Education, HouseholdType, Item, MaritalStatus, MovingReason, Sex
from exchange.people.document import DocumentType
from exchange.people.record import Certificate, Child, DocumentRef, Marriage, Moving, Record, Spouse
from exchange.reconciling.fields import compared
from exchange.reconciling.tokens import Tokening
from tests.builders import a_person, a_record, an_entry, an_id, an_id_number

SECRET = bytes(range(32))
ALL = tuple(Item)
NONE = DocumentRef(type=DocumentType.NONE)
PASSPORT = DocumentRef(type=DocumentType.PASSPORT, number="E12345678")
LI, BORN = "李明", date(2018, 1, 2)


def value(item: Item, record: Record | None = None, **person) -> bytes:
    return compared(item, an_entry(person=a_person(**person), record=Record() if record is None else record))


def of_record(**facts) -> bytes:
    (name,) = facts
    return value(Item(name), Record(**facts))


# What one clerk writes, and what another one does who means the same.
SAME = [
    (Item.NAME, value(Item.NAME, name="阿依古丽·买买提"), value(Item.NAME, name="阿依古丽．买买提")),
    (Item.NAME, value(Item.NAME, name="Anna Li"), value(Item.NAME, name="ANNA  ＬＩ")),
    (Item.SEX, value(Item.SEX, sex=Sex.UNKNOWN), value(Item.SEX, sex=Sex.UNSTATED)),
    (Item.SEX, value(Item.SEX, Record(sex=Sex.MALE), sex=Sex.UNKNOWN), value(Item.SEX, sex=Sex.MALE)),
    (Item.BIRTH_DATE, value(Item.BIRTH_DATE, Record(birth_date=BORN), birth_date=None), value(Item.BIRTH_DATE, birth_date=BORN)),
    *(
        (Item.MARITAL_STATUS, of_record(marital_status=MaritalStatus(one)), of_record(marital_status=MaritalStatus.MARRIED))
        for one in ("20", "21", "22", "23")
    ),
    (Item.MARITAL_STATUS, of_record(marital_status=MaritalStatus.UNSTATED), value(Item.MARITAL_STATUS)),
    (Item.HOUSEHOLD_TYPE, of_record(household_type=HouseholdType.UNKNOWN), value(Item.HOUSEHOLD_TYPE)),
    (
        Item.SPOUSE,
        of_record(spouse=Spouse(name="王芳", document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(4)))),
        of_record(spouse=Spouse(name="王方", document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(4).lower()))),
    ),
    (Item.SPOUSE, of_record(spouse=Spouse(name=LI, document=NONE)), of_record(spouse=Spouse(name=f" {LI}"))),
    (
        Item.CHILDREN,
        of_record(children=[Child(sex=Sex.MALE, birth_date=BORN), Child(birth_date=date(2016, 1, 2), birth_place="武汉")]),
        of_record(children=[Child(birth_date=date(2016, 1, 2), sex=Sex.UNSTATED), Child(sex=Sex.MALE, birth_date=BORN)]),
    ),
    (
        Item.MARRIAGE,
        of_record(marriage=Marriage(date=BORN, place="西城区")),
        of_record(marriage=Marriage(date=BORN, place="北京市西城区")),
    ),
    (Item.MARRIAGE, of_record(marriage=Marriage(place="北京市 西城区")), of_record(marriage=Marriage(place="北京市西城区"))),
    (Item.MARRIAGE, of_record(marriage=Marriage()), value(Item.MARRIAGE)),
    (
        Item.MOVING,
        of_record(moving=Moving(reason=MovingReason.WORK, moved_on=BORN)),
        of_record(moving=Moving(reason=MovingReason.FAMILY, moved_on=BORN)),
    ),
    (Item.MOVING, of_record(moving=Moving(reason=MovingReason.WORK)), value(Item.MOVING)),
    (
        Item.CERTIFICATE,
        of_record(certificate=Certificate(number="A-12", issued_by="西城区")),
        of_record(certificate=Certificate(number="a-12", issued_on=BORN)),
    ),
    (Item.ADDRESS, of_record(address="和平路 1号\u3000"), of_record(address="和平路１号")),
]
# Facts of one item, each another one; the first is that nothing is known.
DIFFERENT = {
    Item.NAME: [value(Item.NAME, name=name) for name in (LI, "李鸣", "王明", "Anna")],
    Item.SEX: [value(Item.SEX, sex=sex) for sex in (Sex.UNKNOWN, Sex.MALE, Sex.FEMALE)],
    Item.BIRTH_DATE: [value(Item.BIRTH_DATE, birth_date=day) for day in (None, BORN, date(2018, 1, 3))],
    Item.EDUCATION: [value(Item.EDUCATION), *(of_record(education=one) for one in Education)],
    Item.HOUSEHOLD_TYPE: [value(Item.HOUSEHOLD_TYPE), *(of_record(household_type=one) for one in list(HouseholdType)[:3])],
    Item.MOVING: [
        value(Item.MOVING),
        of_record(moving=Moving(moved_on=BORN)),
        of_record(moving=Moving(returned_on=BORN)),
        of_record(moving=Moving(moved_on=BORN, returned_on=BORN)),
    ],
    Item.MARITAL_STATUS: [
        value(Item.MARITAL_STATUS),
        *(of_record(marital_status=MaritalStatus(one)) for one in ("10", "20", "30", "40")),
    ],
    Item.MARRIAGE: [
        value(Item.MARRIAGE),
        of_record(marriage=Marriage(date=BORN)),
        of_record(marriage=Marriage(date=date(2018, 2, 1))),
        of_record(marriage=Marriage(place="2018-01-02")),
    ],
    Item.SPOUSE: [
        value(Item.SPOUSE),
        of_record(spouse=Spouse(name=LI)),
        of_record(spouse=Spouse(name="E12345678")),
        of_record(spouse=Spouse(name=LI, document=PASSPORT)),
    ],
    Item.CHILDREN: [
        value(Item.CHILDREN),
        of_record(children=[]),
        of_record(children=[Child()]),
        of_record(children=[Child(), Child()]),
        of_record(children=[Child(birth_date=BORN)]),
        of_record(children=[Child(birth_date=BORN, sex=Sex.MALE)]),
        of_record(children=[Child(birth_date=BORN), Child(sex=Sex.MALE)]),
    ],
    Item.CERTIFICATE: [value(Item.CERTIFICATE), *(of_record(certificate=Certificate(number=one)) for one in ("1", "11", "1-1"))],
    Item.ADDRESS: [value(Item.ADDRESS), *(of_record(address=one) for one in ("和平路1号", "和平路2号"))],
    Item.ETHNICITY: [value(Item.ETHNICITY), *(of_record(ethnicity=one) for one in ("01", "02"))],
}


@pytest.mark.parametrize(("item", "one", "other"), SAME, ids=[f"{n}-{each[0]}" for n, each in enumerate(SAME)])
def test_the_same_fact_has_the_same_bytes(item: Item, one: bytes, other: bytes):
    assert one == other


@pytest.mark.parametrize("item", ALL)
def test_every_other_fact_has_other_bytes(item: Item):
    values = DIFFERENT[item]
    assert len(set(values)) == len(values)
    assert item in (Item.NAME, Item.SPOUSE) or values[0] == b"\0"


@given(st.lists(st.text(max_size=8), min_size=1, max_size=3), st.lists(st.text(max_size=8), min_size=1, max_size=3))
def test_no_text_can_be_taken_for_another_item(first: list[str], second: list[str]):
    def content(texts: list[str]) -> bytes:
        address, number, place = (*texts, "x", "x", "x")[:3]
        record = Record(address=address, certificate=Certificate(number=number), marriage=Marriage(place=place))
        return Tokening(SECRET, (Item.ADDRESS, Item.CERTIFICATE, Item.MARRIAGE)).leaf(an_entry(record=record)).value

    def told(texts: list[str]) -> list[bytes]:
        address, number, place = (*texts, "x", "x", "x")[:3]
        record = Record(address=address, certificate=Certificate(number=number), marriage=Marriage(place=place))
        return [value(item, record) for item in (Item.ADDRESS, Item.CERTIFICATE, Item.MARRIAGE)]

    assert (content(first) == content(second)) == (told(first) == told(second))


def test_a_number_of_15_digits_is_that_of_18():
    short = DocumentRef(type=DocumentType.ID_NUMBER, number=f"{an_id_number()[:6]}{an_id_number()[8:17]}")
    tokening = Tokening(SECRET, ALL)
    assert tokening.leaf(an_entry(person=a_person(document=short))) == tokening.leaf(an_entry())


def test_another_number_or_type_is_another_token():
    refs = [PASSPORT, DocumentRef(type=DocumentType.PASSPORT, number="E12345679"), a_person(1).document, a_person(2).document]
    tokens = {Tokening(SECRET, ALL).token(an_entry(person=a_person(document=ref))) for ref in refs}
    assert (len(tokens), None in tokens) == (4, False)


def test_equal_facts_of_two_people_look_different():
    one, other = (Tokening(SECRET, ALL).leaf(an_entry(n, record=Record())).value for n in (1, 3))
    assert one[16:] != other[16:]


def test_another_key_makes_another_leaf():
    one, other = Tokening(SECRET, ALL).leaf(an_entry()).value, Tokening(SECRET[::-1], ALL).leaf(an_entry()).value
    assert one[:16] != other[:16]
    assert one[16:] != other[16:]
    with pytest.raises(ValueError, match="32 bytes"):
        Tokening(b"short", ALL)


def test_items_that_are_not_compared_change_nothing():
    tokening = Tokening(SECRET, (Item.MARITAL_STATUS,))
    changed = an_entry(record=a_record(children=None, spouse=None), person=a_person(name="李明"))
    assert (tokening.leaf(changed), tokening.fields(changed)) == (tokening.leaf(an_entry()), tokening.fields(an_entry()))


@pytest.mark.parametrize("item", [Item.NAME, Item.MARITAL_STATUS, Item.CHILDREN])
def test_fields_say_which_items_differ(item: Item):
    others = {
        Item.NAME: an_entry(person=a_person(name="李明")),
        Item.MARITAL_STATUS: an_entry(record=a_record(marital_status=MaritalStatus.WIDOWED)),
        Item.CHILDREN: an_entry(record=a_record(children=[])),
    }
    one, two = (Tokening(SECRET, ALL).fields(entry) for entry in (an_entry(), others[item]))
    assert (len(one), [n for n in range(len(ALL)) if one[4 * n : 4 * n + 4] != two[4 * n : 4 * n + 4]]) == (52, [ALL.index(item)])


def test_people_without_a_number_have_a_marker_of_their_own():
    tokening = Tokening(SECRET, ALL)
    entries = [an_entry(n, person=a_person(document=NONE)) for n in (1, 2)]
    leaves = [tokening.leaf(entry) for entry in entries]
    assert [(leaf.numbered, len(leaf.value)) for leaf in leaves] == [(False, 24)] * 2
    assert leaves[0].value != leaves[1].value
    with pytest.raises(ValueError, match="without a number"):
        tokening.fields(entries[0])


def test_the_definition_that_partners_are_given():
    """As docs/protocol-registers.md says it, reckoned here by hand."""
    items = (Item.NAME, Item.BIRTH_DATE, Item.MARITAL_STATUS, Item.CHILDREN)
    document = DocumentRef(type=DocumentType.ID_NUMBER, number="11010519491231002X")
    person = a_person(name="王小明", document=document, birth_date=date(1949, 12, 31))
    record = Record(marital_status=MaritalStatus.REMARRIED, children=[Child(sex=Sex.FEMALE, birth_date=BORN), Child()])
    entry = an_entry(id=an_id(1), person=person, record=record)
    values = [
        b"\x01\x1f\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e",
        b"\x01\x1f1949-12-31",
        b"\x01\x1f20",
        b"\x01\x1f/\x1f2018-01-02/2",
    ]
    token = hmac.digest(SECRET, b"id_number\x0011010519491231002X", "sha256")[:16]
    framed = b"".join(len(each).to_bytes(4, "big") + each for each in values)
    content = hmac.digest(SECRET, b"content\0" + token + framed, "sha256")[:8]
    named = zip((b"name", b"birth_date", b"marital_status", b"children"), values, strict=True)
    fields = b"".join(hmac.digest(SECRET, b"field\0" + token + name + b"\0" + each, "sha256")[:4] for name, each in named)
    tokening = Tokening(SECRET, items)
    assert (tokening.leaf(entry).value, tokening.fields(entry)) == (token + content, fields)
    assert (token.hex(), content.hex()) == ("474b6407d98e39ed36d44dad79508c1a", "c287cce7558be613")
    assert fields.hex() == "49a031f598a605fd828ba32f0e314d75"
