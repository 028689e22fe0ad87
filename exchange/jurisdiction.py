"""Jurisdictions: the division table, its history, and who counts as a migrant.

Codes follow GB/T 2260 (provinces, prefectures, counties: six digits) and GB/T 10114 (townships: nine). *Contains* means
descends by the parent column, never shares digits: 429004 hangs under the province, 620201001 under 620200. The table
knows years, not days: a year's edition holds from 1 January. Sources and gaps: docs/divisions.md.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from exchange.errors import Invalid


class Level(StrEnum):
    """The four levels of the table."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"


class DivisionType(StrEnum):
    """What a place is by law; the type decides who counts, never the digits."""

    PROVINCE = "province"  # 省
    AUTONOMOUS_REGION = "autonomous_region"  # 自治区
    MUNICIPALITY = "municipality"  # 直辖市
    SPECIAL_REGION = "special_region"  # 特别行政区
    PREFECTURE_CITY = "prefecture_city"  # 地级市
    PREFECTURE = "prefecture"  # 地区
    AUTONOMOUS_PREFECTURE = "autonomous_prefecture"  # 自治州
    LEAGUE = "league"  # 盟
    DISTRICT = "district"  # 市辖区
    COUNTY = "county"  # 县
    COUNTY_CITY = "county_city"  # 县级市
    AUTONOMOUS_COUNTY = "autonomous_county"  # 自治县
    BANNER = "banner"  # 旗
    AUTONOMOUS_BANNER = "autonomous_banner"  # 自治旗
    FORESTRY_DISTRICT = "forestry_district"  # 林区
    SPECIAL_DISTRICT = "special_district"  # 特区, 工农区
    SUBDISTRICT = "subdistrict"  # 街道
    TOWN = "town"  # 镇
    TOWNSHIP = "township"  # 乡
    ETHNIC_TOWNSHIP = "ethnic_township"  # 民族乡
    SUM = "sum"  # 苏木
    ETHNIC_SUM = "ethnic_sum"  # 民族苏木
    OTHER = "other"  # 区公所, 团场, 管理区 and the like


class Category(StrEnum):
    """Who counts (order 555 of 2009): migrants, and intra-city movers, who are always reported apart."""

    MIGRANT = "migrant"
    INTRA_CITY = "intra_city"


class UnknownJurisdiction(Invalid):
    """A code that the division table has never held."""

    code = "unknown-jurisdiction"
    zh = "行政区划代码不存在，请核对后重新填写。"
    en = "This division code does not exist; check it and enter it again."


class SameCounty(Invalid):
    """Origin and destination lie in one county: nobody has left."""

    code = "same-county"
    zh = "户籍地与现居住地在同一县（市、区），不属于流动人口信息交换范围。"
    en = "Origin and destination are in the same county; there is nothing to exchange."


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """One code over the years [valid_from, valid_until) with one name, type and parent.

    `valid_from` 1980 means "1980 or earlier", None that the sources do not tell; `valid_until` None means still valid.
    `successors` are today's codes of what has ended, the same code where only the name or parent changed. `basis` tells
    where they come from: "event" (published), "correction" (entered by hand), "inferred" (from names).
    """

    code: str
    name: str
    level: Level
    type: DivisionType
    parent: str | None
    valid_from: int | None = None
    valid_until: int | None = None
    successors: tuple[str, ...] = ()
    basis: str = ""

    def valid_in(self, year: int) -> bool:
        """Whether the code meant this place in that year."""
        return (self.valid_from or 0) <= year and (self.valid_until is None or year < self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a code stands for today: itself, or for a retired code its successors.

    `code` is the one that it certainly stands for; None where it is retired and has no single successor. Then
    `candidates` has several or none; either is a warning to be explained, never a refusal.
    """

    code: str | None
    retired: bool
    candidates: tuple[str, ...]


# GB/T 2260 gives the counties directly under a province a heading of their own (110100 市辖区, 110200 县, 429000
# 省直辖); the table hangs them under the province, so the heading is read as the province.
HEADINGS = frozenset({"01", "02", "90"})
CACHED_PAIRS = 100_000


class Divisions:
    """The division table: immutable once read, every look-up a dictionary access.

    `townships` is called once, when a township is first asked for.
    """

    def __init__(
        self, rows: Iterable[Jurisdiction], *, edition: str, townships: Callable[[], Iterable[Jurisdiction]] = tuple
    ) -> None:
        self.edition = edition
        self._versions: dict[str, tuple[Jurisdiction, ...]] = {}
        self._read_townships = townships
        versions: defaultdict[str, list[Jurisdiction]] = defaultdict(list)
        for row in rows:
            versions[row.code].append(row)
        for code, found in versions.items():
            self._versions[code] = tuple(sorted(found, key=lambda v: v.valid_from or 0))
        self._children: dict[str, tuple[str, ...]] = _children(v[-1] for v in self._versions.values())
        self._categories: dict[tuple[str, str, int], Category | None] = {}
        self._counties: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _townships(self) -> Mapping[str, Jurisdiction]:
        return {row.code: row for row in self._read_townships()}

    @cached_property
    def _township_children(self) -> Mapping[str, tuple[str, ...]]:
        return _children(self._townships.values())

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, ...]]:
        names: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for code, versions in self._versions.items():
            for version in versions:
                names[version.name][code] = None
        return {name: tuple(codes) for name, codes in names.items()}

    def normalise(self, code: str) -> str:
        """The table's own form of a code of 2, 4, 6, 9 or 12 digits; raises UnknownJurisdiction."""
        text = code.strip()
        if text in self._versions:
            return text
        if not (text.isascii() and text.isdigit()) or len(text) not in (2, 4, 6, 9, 12):
            raise UnknownJurisdiction
        text = text[:9] if len(text) == 12 and text.endswith("000") else text
        text = text[:6] if len(text) == 9 and text.endswith("000") else text.ljust(6, "0")
        if text in self._versions or (len(text) == 9 and text in self._townships):
            return text
        province = text[:2] + "0000"
        if text[2:4] in HEADINGS and text[4:] == "00" and province in self._versions:
            return province
        raise UnknownJurisdiction

    def is_known(self, code: str) -> bool:
        """Whether the table has ever held the code."""
        try:
            self.normalise(code)
        except UnknownJurisdiction:
            return False
        return True

    def begins_any(self, prefix: str) -> bool:
        """Whether any code of a province, prefecture or county, of today or a former one, begins with these digits."""
        return any(code.startswith(prefix) for code in self._versions)

    def get(self, code: str, on: date | None = None) -> Jurisdiction:
        """What the code means on a date (without one: at last); outside its years the one before, else the first."""
        key = self.normalise(code)
        versions = self._versions.get(key)
        if versions is None:
            return self._townships[key]
        if on is None or len(versions) == 1:
            return versions[-1]
        index = bisect_right(versions, on.year, key=lambda v: v.valid_from or 0)
        return versions[max(index - 1, 0)]

    def resolve(self, code: str, on: date) -> Resolution:
        """Map a code that is retired on that date to what it is today; any other stands for itself.

        A township that the table does not hold (its history is not published) is taken as retired into its county.
        """
        if len(code.strip()) in (9, 12) and not self.is_known(code):
            county = self.resolve(code.strip()[:6], on)
            return Resolution(code=county.code, retired=True, candidates=county.candidates)
        place = self.get(code, on)
        if place.valid_until is None or on.year < place.valid_until:
            return Resolution(code=place.code, retired=False, candidates=(place.code,))
        heirs = place.successors
        return Resolution(code=heirs[0] if len(heirs) == 1 else None, retired=True, candidates=heirs)

    def level_of(self, code: str) -> Level:
        """The level of a code; a city without counties is still a prefecture (see `is_county_level`)."""
        return self.get(code).level

    def is_county_level(self, code: str) -> bool:
        """Whether a place is a county, or stands for one: cities that have none (441900, 442000, 460400, 620200)."""
        place = self.get(code)
        return place.level is Level.COUNTY or (
            place.level is Level.PREFECTURE and place.valid_until is None and place.code not in self._children
        )

    def ancestors(self, code: str, on: date | None = None) -> tuple[str, ...]:
        """The codes above a place, nearest first."""
        above: list[str] = []
        parent = self.get(code, on).parent
        while parent is not None:
            above.append(parent)
            parent = self.get(parent, on).parent
        return tuple(above)

    def contains(self, outer: str, inner: str) -> bool:
        """Whether `inner` is `outer` or descends from it by the parent column."""
        top, code = self.normalise(outer), self.normalise(inner)
        return top == code or top in self.ancestors(code)

    def county_of(self, code: str) -> str | None:
        """The county-level place that a county or township lies in; None for coarser places."""
        place = self.get(code)
        if place.level is Level.TOWNSHIP:
            return place.parent
        return place.code if self.is_county_level(place.code) else None

    def children(self, code: str) -> tuple[str, ...]:
        """The places valid today directly below a place; below a county its townships."""
        key = self.normalise(code)
        if len(key) == 9:
            return ()
        return self._children.get(key, ()) or self._township_children.get(key, ())

    def counties_within(self, code: str) -> tuple[str, ...]:
        """The county-level places of today inside a place, itself included; empty for Taiwan, Hong Kong and Macao."""
        key = self.normalise(code)
        if key not in self._counties:
            found: list[str] = []
            if (place := self.get(key)).valid_until is None and len(key) == 6:
                if self.is_county_level(place.code):
                    found.append(place.code)
                for child in self._children.get(key, ()):
                    found.extend(self.counties_within(child))
            self._counties[key] = tuple(found)
        return self._counties[key]

    def name(self, code: str, on: date | None = None) -> str:
        """The place's own name: 武昌区."""
        return self.get(code, on).name

    def full_name(self, code: str, on: date | None = None) -> str:
        """The name with those above it: 湖北省武汉市武昌区."""
        return "".join(self.name(above, on) for above in reversed(self.ancestors(code, on))) + self.name(code, on)

    def find(self, path: str) -> tuple[str, ...]:
        """The codes that a name in a sheet may mean: 湖北省武汉市武昌区, 湖北武昌区; former names if none has it now.

        The path ends in the full name of a province, prefecture or county; what stands before must be made of names
        above it. Several or no codes mean that a clerk must choose.
        """
        text = "".join(path.split()).replace("省直辖县级行政区划", "省").replace("市市辖区", "市")
        for start in range(len(text)):
            codes = [code for code in self._names.get(text[start:], ()) if self._lies_in(code, text[:start], text[start:])]
            if codes:
                current = tuple(c for c in codes if self.get(c).valid_until is None and self.get(c).name == text[start:])
                return current or tuple(codes)
        return ()

    def _lies_in(self, code: str, above: str, name: str) -> bool:
        for version in self._versions[code]:
            rest, parent = above, version.parent
            while version.name == name and rest and parent is not None:
                places = self._versions[parent]
                spellings = [n for p in places for n in (p.name, _short(p))]
                rest = next((rest.removesuffix(n) for n in spellings if rest.endswith(n)), rest)
                parent = places[-1].parent
            if version.name == name and not rest:
                return True
        return False

    def category(self, origin: str, destination: str, on: date) -> Category:
        """Who counts: intra-city between districts (市辖区 by type in that year's edition) of one parent, else migrant.

        A coarse place (province, prefecture) or a retired one with several successors may be any of its counties except
        the other side's own: intra-city only where every choice is. Where no choice is left: SameCounty.
        """
        key = (origin, destination, on.year)
        try:
            found = self._categories[key]
        except KeyError:
            if len(self._categories) >= CACHED_PAIRS:
                self._categories.clear()
            found = self._categories[key] = self._categorise(origin, destination, on)
        if found is None:
            raise SameCounty
        return found

    def _categorise(self, origin: str, destination: str, on: date) -> Category | None:
        ours, theirs = self._possible(origin, on), self._possible(destination, on)
        choice = False
        for here, there in ((ours[a], theirs[b]) for a in ours for b in theirs if a != b):
            if not here.type is there.type is DivisionType.DISTRICT or here.parent != there.parent:
                return Category.MIGRANT
            choice = True
        return Category.INTRA_CITY if choice else None

    def _possible(self, code: str, on: date) -> dict[str, Jurisdiction]:
        """The county-level places that a code may mean on a date; a place without counties stands for itself."""
        place = self.get(code, on)
        if place.level is Level.TOWNSHIP and place.parent is not None:
            place = self.get(place.parent, on)
        retired = place.valid_until is not None and on.year >= place.valid_until
        codes = place.successors if retired else (place.code,)
        counties = [c for one in codes for c in self.counties_within(one) or (one,)] or [place.code]
        return {c: self.get(c, on) for c in counties}


def _short(place: Jurisdiction) -> str:
    """The name as it is spoken: 湖北, 内蒙古, 武汉."""
    if place.level is Level.PROVINCE:
        return place.name[: 3 if place.name.startswith(("内蒙古", "黑龙江")) else 2]
    return place.name.removesuffix("市")


def _children(rows: Iterable[Jurisdiction]) -> dict[str, tuple[str, ...]]:
    below: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.parent is not None and row.valid_until is None:
            below[row.parent].append(row.code)
    return {parent: tuple(sorted(codes)) for parent, codes in below.items()}
