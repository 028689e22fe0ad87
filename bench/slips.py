"""What happens to people's facts between two counties, drawn at random: the truth that the weights of pairing do not know.

Shares and kinds are this bench's own invention, and harsher than what most offices see: nobody here is told with the right
number, so that exact identity finds none of them.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from msgspec import structs

from bench.crowd import COUNTIES, GIVEN, One, name, number, one
from bench.people import ORIGIN
from exchange.codes import Sex
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Marriage, Person, Record

_TRADITIONAL = dict(
    zip(
        "张刘陈杨黄赵吴孙马罗郑谢韩邓冯萧叶吕卢钟姜谭陆贾邹闫龙贺顾龚万钱严汤乔赖兰伟强军艳杰涛丽华红云飞凤荣莲鹏辉龙亮东庆",
        "張劉陳楊黃趙吳孫馬羅鄭謝韓鄧馮蕭葉呂盧鐘薑譚陸賈鄒閆龍賀顧龔萬錢嚴湯喬賴蘭偉強軍豔傑濤麗華紅雲飛鳳榮蓮鵬輝龍亮東慶",
        strict=True,
    )
)
_HEARD = dict(
    zip(
        "王张杨周胡伟芳丽静杰洁娟涛婷佳怡欣晨琪涵轩宇浩俊敏颖慧琳莹",
        "汪章阳邹湖玮方莉婧捷杰鹃韬亭嘉宜新辰琦函萱雨昊骏闵影惠林盈",
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A person as the other side tells of them, and who it is in the register: None for a stranger."""

    person: Person
    record: Record
    other: str
    truth: int | None


def asked(dice: Random, who: One, truth: int | None) -> Asked:
    """The person told with a document that does not find them, and with whatever else has gone wrong."""
    told = _document(dice, who.person)
    if dice.random() < 0.25:
        told = structs.replace(told, name=_name(dice, told.name))
    if dice.random() < 0.20 and told.birth_date is not None:
        told = structs.replace(told, birth_date=_birth(dice, told.birth_date))
    if dice.random() < 0.02:
        told = structs.replace(told, sex=Sex.FEMALE if told.sex is Sex.MALE else Sex.MALE)
    other = who.destination if dice.random() < 0.85 else dice.choice(COUNTIES)
    return Asked(person=told, record=_record(dice, who.record), other=other, truth=truth)


def stranger(dice: Random, near: One) -> Asked:
    """Somebody who is not in the register; one in five is a brother, sister or namesake of somebody who is."""
    who = one(dice)
    kin = dice.random()
    if kin < 0.07:  # a twin
        born = near.person.birth_date or date(1990, 1, 1)
        issued = (near.person.document.number or ORIGIN)[:6]
        born_after = DocumentRef(type=DocumentType.ID_NUMBER, number=number(issued, born, dice.randrange(1, 400)))
        twin = structs.replace(near.person, name=near.person.name[0] + name(dice)[1:], document=born_after)
        who = replace(who, person=twin)
    elif kin < 0.2:  # a namesake of the same year
        born = near.person.birth_date or date(1990, 1, 1)
        then = date(born.year, 1, 1) + timedelta(days=dice.randrange(365))
        who = replace(who, person=structs.replace(who.person, name=near.person.name, birth_date=then))
    return asked(dice, who, None)


def _document(dice: Random, person: Person) -> Person:
    digits = person.document.number or ""
    drawn = dice.random()
    kind = DocumentType.ID_NUMBER
    changed: str | None
    if drawn < 0.35:
        kind, changed = DocumentType.NONE, None
    elif drawn < 0.60:
        at = dice.randrange(17)
        changed = digits[:at] + str((int(digits[at]) + dice.randrange(1, 10)) % 10) + digits[at + 1 :]
    elif drawn < 0.75:
        at = dice.randrange(16)
        changed = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    elif drawn < 0.82:
        born = person.birth_date or date(1990, 1, 1)
        changed = number(dice.choice(COUNTIES), born, int(digits[14:17]))
    elif drawn < 0.92:
        kind, changed = DocumentType.PASSPORT, f"E{dice.randrange(10**8):08d}"
    else:  # two slips at once
        at = dice.randrange(6, 15)
        changed = digits[:at] + str((int(digits[at]) + 1) % 10) + str((int(digits[at + 1]) + 1) % 10) + digits[at + 2 :]
    if changed == digits:
        kind, changed = DocumentType.NONE, None
    return structs.replace(person, document=DocumentRef(type=kind, number=changed))


def _name(dice: Random, whole: str) -> str:
    drawn = dice.random()
    if drawn < 0.25:
        return "".join(_TRADITIONAL.get(each, each) for each in whole)
    if drawn < 0.5:
        return "".join(_HEARD.get(each, each) for each in whole)
    at = dice.randrange(len(whole))
    if drawn < 0.75:
        return whole[:at] + dice.choice(GIVEN) + whole[at + 1 :]
    if drawn < 0.85 and len(whole) > 2:
        return whole[:at] + whole[at + 1 :]
    return whole[1:] + whole[0] if drawn < 0.95 else whole[0] + name(dice)[1:]


def _birth(dice: Random, born: date) -> date:
    drawn = dice.random()
    if drawn < 0.2 and born.day <= 12:
        return date(born.year, born.day, born.month)
    if drawn < 0.35:
        return date(born.year, 1, 1)
    if drawn < 0.5:
        return born - timedelta(days=dice.randrange(20, 50))
    if drawn < 0.65:
        return date(born.year + dice.choice((-1, 1)), born.month, min(born.day, 28))
    if drawn < 0.95:
        return date(born.year, born.month, dice.randrange(1, 29))
    return born + timedelta(days=dice.randrange(-2000, 2000))


def _record(dice: Random, record: Record) -> Record:
    spouse, marriage = record.spouse, record.marriage
    if spouse is None or dice.random() < 0.4:
        return Record()
    if dice.random() < 0.5:
        spouse = structs.replace(spouse, document=None)
    if dice.random() < 0.2:
        spouse = structs.replace(spouse, name=_name(dice, spouse.name), document=None)
    if marriage is not None and dice.random() < 0.15:
        marriage = Marriage(date=_birth(dice, marriage.date)) if marriage.date else None
    return Record(spouse=spouse, marriage=marriage if dice.random() < 0.8 else None)
