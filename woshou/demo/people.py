"""Invented people with true county codes and right check digits, the same for the same seed."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum.cn import ric

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂香梅玲凤洁红云建华国文志海燕雪晨宇佳欣怡婷浩然子涵梓轩诗雨思远"
_RARE = ("𠮷", "䶮", "㛃", "𬱖", "玥", "翀", "喆", "赟", "彧")
_UYGHUR = ("阿依古丽", "买买提", "古丽娜尔", "艾力", "阿卜杜拉", "热依汗", "帕提曼", "库尔班")
_TIBETAN = ("扎西", "卓玛", "多吉", "央金", "次仁", "拉姆")
ELSEWHERE = ("130102", "320102", "330106", "370102", "440106", "510104", "500112", "429004", "230102", "410105")
EDUCATIONS = ("大学本科", "大学专科", "高中", "初中", "小学", "研究生", "中专")
REASONS = ("务工", "经商", "随迁", "婚嫁", "投靠亲友")


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """One invented person, who is registered at `origin` and lives at `destination` (county codes)."""

    name: str
    number: str
    male: bool
    born: date
    origin: str
    destination: str
    education: str
    reason: str
    moved_on: date
    married_on: date | None
    spouse_name: str | None
    spouse_number: str | None
    children: tuple[tuple[bool, date], ...]
    certificate: str
    in_outflow: bool
    in_inflow: bool


def invent(seed: int, count: int, counties: tuple[str, ...], today: date) -> list[Someone]:
    """`count` people; seven in ten live in one county and are registered in another of `counties`, the others elsewhere."""
    random = Random(seed)
    return [_someone(random, n, counties, today) for n in range(count)]


def _someone(random: Random, n: int, counties: tuple[str, ...], today: date) -> Someone:
    origin = random.choice(counties)
    others = [county for county in counties if county != origin]
    destination = random.choice(others) if random.random() < 0.7 else random.choice(ELSEWHERE)
    if random.random() < 0.1:
        origin, destination = random.choice(ELSEWHERE), origin
    male = random.random() < 0.45
    born = today - timedelta(days=random.randrange(20 * 365, 55 * 365))
    married = random.random() < 0.75
    married_on = min(born + timedelta(days=random.randrange(22 * 365, 30 * 365)), today - timedelta(days=30)) if married else None
    spouse_born = born + timedelta(days=random.randrange(-1500, 1500))
    births = [married_on + timedelta(days=400 + 900 * nth) for nth in range(random.choice((0, 1, 1, 2)))] if married_on else []
    children = tuple((random.random() < 0.5, birth) for birth in births if birth < today)
    return Someone(
        name=_name(random),
        number=_number(random, origin, born, male, n),
        male=male,
        born=born,
        origin=origin,
        destination=destination,
        education=random.choice(EDUCATIONS),
        reason=random.choice(REASONS),
        moved_on=today - timedelta(days=random.randrange(60, 2000)),
        married_on=married_on,
        spouse_name=_name(random) if married_on else None,
        spouse_number=_number(random, random.choice((origin, destination)), spouse_born, not male, n) if married_on else None,
        children=children,
        certificate=f"{origin[:4]}{2020 + n % 6}{n:06d}",
        in_outflow=random.random() < 0.88,
        in_inflow=random.random() < 0.88,
    )


def _name(random: Random) -> str:
    kind = random.random()
    if kind < 0.06:
        return f"{random.choice(_UYGHUR)}·{random.choice(_UYGHUR)}"
    if kind < 0.1:
        return "".join(random.sample(_TIBETAN, 2))
    given = "".join(random.sample(_GIVEN, random.choice((1, 2, 2))))
    if kind < 0.14:
        given = given[:-1] + random.choice(_RARE)
    return random.choice(_SURNAMES) + given


def _number(random: Random, county: str, born: date, male: bool, n: int) -> str:
    """An ID number with its right check digit; `n` keeps two people of one birthday apart."""
    order = (2 * (n % 450) + random.randrange(2) * 900) % 1000
    order = order // 2 * 2 + (1 if male else 0)
    body = f"{county}{born:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(body + "0")
