"""A register of invented people whose names, ages and couples are spread as those of a county are, a million in a minute.

Not `bench.people`, whose people differ by counting: there a birth date tells the surname, and looking for somebody is too easy.
Names follow a rank law (the n-th name is 1/(n+2) as frequent as the first), which no rule of the engine was made for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random

from stdnum.cn import ric

from bench.people import ORIGIN
from exchange.codes import RegisterKind, Sex
from exchange.ids import new_id
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Marriage, Person, Record, Spouse
from exchange.people.register import Entry

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪"
    "廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文施洪辛柯樊兰殷"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文云婷鑫雪飞宇浩欣凯晨佳怡梦琪子涵雨轩梓思嘉俊杰海波志国庆春梅兰"
    "凤琴荣珍莲清林峰鹏辉健龙亮成东斌旭阳洁莹颖慧琳璐瑶倩媛菲薇蕾丹青松柏福贵德财富根生祥瑞康宁安乐天恩泽润昊哲睿博远航"
)
COUNTIES = ("420106", "420111", "420103", "610802", "110105", "310115", "440305", "330106", "510104", "320505")
OWN_ISSUED = (ORIGIN, ORIGIN, ORIGIN, ORIGIN, "420103", "420111", "421181", "420982", "429004")


def _ranked(characters: str) -> list[float]:
    return list(accumulate(1 / (rank + 3) for rank in range(len(characters))))


_SURNAME_RANKS, _GIVEN_RANKS = _ranked(SURNAMES), _ranked(GIVEN)


@dataclass(frozen=True, slots=True)
class One:
    """Somebody, their record, and the county of the present home."""

    person: Person
    record: Record
    destination: str
    township: str


def name(dice: Random) -> str:
    (surname,) = dice.choices(SURNAMES, cum_weights=_SURNAME_RANKS)
    return surname + "".join(dice.choices(GIVEN, cum_weights=_GIVEN_RANKS, k=1 if dice.random() < 0.2 else 2))


def number(county: str, born: date, sequence: int) -> str:
    body = f"{county}{born:%Y%m%d}{sequence:03d}"
    return body + ric.calc_check_digit(body + "0")


def birth(dice: Random) -> date:
    """Most migrants are young: the age has its peak at 30."""
    return date(2026, 3, 2) - timedelta(days=int(dice.triangular(18, 75, 30) * 365.25))


def one(dice: Random, destination: str | None = None) -> One:
    born, sequence = birth(dice), dice.randrange(1, 400)
    married = dice.random() < 0.65
    wedding = born + timedelta(days=int(dice.triangular(20, 40, 26) * 365))
    spouse_born = born + timedelta(days=int(dice.gauss(0, 900)))
    spouse = Spouse(
        name=name(dice),
        document=DocumentRef(
            type=DocumentType.ID_NUMBER, number=number(dice.choice(OWN_ISSUED), spouse_born, dice.randrange(1, 400))
        ),
    )
    return One(
        person=Person(
            name=name(dice),
            document=DocumentRef(type=DocumentType.ID_NUMBER, number=number(dice.choice(OWN_ISSUED), born, sequence)),
            sex=Sex.MALE if sequence % 2 else Sex.FEMALE,
            birth_date=born,
        ),
        record=Record(spouse=spouse, marriage=Marriage(date=wedding)) if married else Record(),
        destination=destination or dice.choice(COUNTIES),
        township=f"{ORIGIN}{dice.randrange(1, 15):03d}",
    )


def people(count: int, seed: int) -> Iterator[One]:
    """The people of a register, the same for the same seed."""
    dice = Random(seed)
    for _ in range(count):
        yield one(dice)


def entry(n: int, who: One) -> Entry:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    return Entry(
        id=new_id(now),
        jurisdiction=ORIGIN,
        register=RegisterKind.OUTFLOW,
        origin=ORIGIN,
        destination=who.destination,
        township=who.township,
        person=who.person,
        record=who.record,
        person_index=f"{n:043d}",
        opened_at=now,
    )
