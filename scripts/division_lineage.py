"""What became of each place: the pure half of `build_divisions.py`.

A place is seen year by year (`Snapshots`); years on end with one code, name and parent are one `Version`. When one
ends, `step` finds where the place went in the first year without it: to itself (a new name or parent), to what the
change events name, or, failing these, to a place whose name says so (then it is marked as inferred). Steps only lead
forward in time, so following them to the last year always ends and never goes round.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

PEOPLE = re.compile(
    "(?:蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|"
    "赫哲|门巴|珞巴|基诺|各)族$|(?:蒙古|达斡尔|鄂温克|鄂伦春|哈萨克|锡伯|塔吉克)$"
)
GENERIC = re.compile("[郊城市矿东西南北中新]|市[中郊]|城[关中东西南北]|江[东北]")  # districts of these names are in many cities
BASES = ("", "event", "correction", "inferred")  # from the strongest to the weakest
CHANGE_LAG = 1  # a change is published in the year before or after the list that first shows it
FAMILIES = {"50": "51", "46": "44"}  # Chongqing left Sichuan in 1997, Hainan left Guangdong in 1988


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A place as one year's list shows it; `parent` is a six-digit code, "" for a province."""

    name: str
    parent: str


Snapshots = Mapping[int, Mapping[str, Seen]]
Corrections = Mapping[tuple[str, str, int], tuple[str, ...]]
NO_CORRECTIONS: Corrections = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """In `year` the place `old` of that name became the code `new`: at once, or later under `new_name`."""

    year: int
    old: str
    old_name: str
    new: str
    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A code with one name and one parent over the years [start, end)."""

    code: str
    name: str
    parent: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """The codes of today that a version became, and the weakest word on the way: event, correction or inferred."""

    codes: frozenset[str]
    basis: str


def stem(name: str) -> str:
    """Drop what tells the type or the people, so that a county and the city it became compare equal."""
    for ending in ("自治县", "自治旗", "自治州", "联合旗"):
        if name.endswith(ending):
            name = name.removesuffix(ending)
            while (people := PEOPLE.search(name)) and people.start() > 0:
                name = name[: people.start()]
            return name
    for ending in ("工农区", "林区", "特区", "地区", "新区", "县", "市", "区", "旗", "盟", "镇"):
        if name.endswith(ending) and len(name) > len(ending) + (1 if ending in ("林区", "新区") else 0):
            return name.removesuffix(ending)
    return name


def family(code: str) -> str:
    """The province in which a place may be looked for under another code."""
    return FAMILIES.get(code[:2], code[:2])


def versions(snapshots: Snapshots, last: int) -> list[Version]:
    """Cut each code's years into runs with one name and parent; a run that reaches `last` ends at `last + 1`."""
    open_runs: dict[str, Version] = {}
    done: list[Version] = []
    for year in sorted(snapshots):
        seen = snapshots[year]
        for code in [c for c in open_runs if seen.get(c) != Seen(name=open_runs[c].name, parent=open_runs[c].parent)]:
            done.append(open_runs.pop(code))
        for code, place in seen.items():
            start = open_runs[code].start if code in open_runs else year
            open_runs[code] = Version(code=code, name=place.name, parent=place.parent, start=start, end=year + 1)
    done.extend(open_runs.values())
    if any(v.end > last + 1 for v in done):
        raise ValueError(f"a snapshot lies after {last}")
    return sorted(done, key=lambda v: (v.code, v.start))


class Lineage:
    """Follows places through the years, in one level of the table.

    `upper` are the snapshots of the level above (prefectures), for places that rose to it; None where there is none.
    """

    def __init__(
        self,
        places: Snapshots,
        changes: Iterable[Change],
        upper: Snapshots | None,
        last: int,
        corrections: Corrections = NO_CORRECTIONS,
    ) -> None:
        self.places = places
        self.upper = upper or {}
        self.last = last
        self.changes: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            self.changes[change.old].append(change)
        self.corrections = corrections
        for code, name, year in corrections:
            before = places.get(year - 1, {}).get(code)
            if before is None or before.name != name or places[year].get(code) == before:
                raise ValueError(f"no {name} {code} ended in {year}: mend the corrections")
        self._fates: dict[tuple[str, int], Fate] = {}

    @cached_property
    def _by_stem(self) -> dict[int, dict[tuple[str, str], list[str]]]:
        index: dict[int, dict[tuple[str, str], list[str]]] = {}
        for year, seen in self.places.items():
            names = index.setdefault(year, defaultdict(list))
            for code, place in seen.items():
                names[family(code), stem(place.name)].append(code)
        return index

    def fate(self, code: str, year: int) -> Fate:
        """Where the place that bore `code` in `year` is in the last year."""
        if (code, year) in self._fates:
            return self._fates[code, year]
        at, seen = year, self.places[year][code]
        while at < self.last and self.places[at + 1].get(code) == seen:
            at += 1
        today = at == self.last
        fate = Fate(codes=frozenset({code}), basis="") if today else self._after(code, seen, at + 1)
        self._fates[code, year] = fate
        return fate

    def _after(self, code: str, seen: Seen, year: int) -> Fate:
        heirs, basis = self.step(code, seen, year)
        codes: set[str] = set()
        for heir, since in heirs:
            if heir in self.places[since]:
                after = self.fate(heir, since)
                codes |= after.codes
                basis = max(basis, after.basis, key=BASES.index)
            elif heir in self.upper.get(self.last, {}):
                codes |= self._standing(heir, self.last)
        return Fate(codes=frozenset(codes), basis=basis if codes else "")

    def step(self, code: str, seen: Seen, year: int) -> tuple[frozenset[tuple[str, int]], str]:
        """The codes that a place bears from `year`, the first without it, each with its first year there; the basis."""
        now = self.places[year]
        if (told := self.corrections.get((code, seen.name, year))) is not None:
            return frozenset(heir for new in told for heir in self._at(new, None, year)), "correction"
        named = [c for c in self.changes[code] if c.old_name == seen.name and abs(c.year - year) <= CHANGE_LAG]
        heirs = {heir for c in named for heir in self._told(c, seen, year)}
        if heirs:
            return frozenset(heirs), "event"
        if code in now and stem(now[code].name) == stem(seen.name):
            return frozenset({(code, year)}), "event"
        found = self._by_name(code, seen, year) or self._newcomers(seen, year)
        return frozenset((heir, year) for heir in found), "inferred"

    def _told(self, change: Change, seen: Seen, year: int) -> set[tuple[str, int]]:
        """Where a change says the place went.

        One that leaves the province, or leads to a district of the same name in another city, is noise.
        """
        if family(change.new) != family(change.old):
            return set()
        heirs = self._at(change.new, change.new_name, year)
        if change.new_name == seen.name and seen.name.endswith("区"):
            before = self.upper.get(year - 1, {})
            for heir, since in heirs:
                parent = self.places[since][heir].parent if heir in self.places[since] else heir
                both = parent in self.upper.get(since, {}) and seen.parent in before
                if both and self._home(parent, since) != self._home(seen.parent, year - 1):
                    return set()
        return heirs

    def _at(self, code: str, name: str | None, year: int) -> set[tuple[str, int]]:
        """The code as places of this level, in the first year from `year` on that has it, later only under the name."""
        for since in range(year, self.last + 1):
            place = self.places[since].get(code)
            if place is None:
                if code in self.upper.get(since, {}):
                    return {(heir, since) for heir in self._standing(code, since)}
            elif since <= year + CHANGE_LAG or name in (None, place.name):
                return {(code, since)}
        return set()

    def _standing(self, code: str, year: int) -> frozenset[str]:
        """A prefecture as places of this level: a city that rose to one stands for its districts, new ones first."""
        before = self.places.get(year - 1, {})
        districts = {c: p for c, p in self.places[year].items() if p.parent == code and p.name.endswith("区")}
        fresh = [c for c, p in districts.items() if before.get(c) != p]
        return frozenset(fresh or districts or {code})

    def _by_name(self, code: str, seen: Seen, year: int) -> frozenset[str]:
        before, now, root = self.places.get(year - 1, {}), self.places[year], stem(seen.name)
        roots = (root, root + "州") if len(root) == 1 else (root,)  # 霸县 became 霸州市
        index = self._by_stem[year]
        same = [c for r in roots for c in index.get((family(code), r), []) if c != code or now[c].name == seen.name]
        home = [c for c in same if self._home(now[c].parent, year) == self._home(seen.parent, year - 1)]
        fresh = [c for c in same if before.get(c) is None or stem(before[c].name) not in roots]
        both = [c for c in fresh if c in home]
        for found in (both, [] if GENERIC.fullmatch(root) else fresh, home):
            exact = [c for c in found if now[c].name == seen.name] or found
            if len(exact) == 1:
                return frozenset(exact)
        risen = [c for c, p in self.upper.get(year, {}).items() if family(c) == family(code) and stem(p.name) == root]
        if risen and not GENERIC.fullmatch(root) and not seen.name.endswith("区"):
            return frozenset(heir for c in risen for heir in self._standing(c, year))
        return frozenset(same) if len(same) == 1 and seen.name.endswith(("县", "旗")) else frozenset()

    def _newcomers(self, seen: Seen, year: int) -> frozenset[str]:
        """What nobody else became in the same city that year: all for a district, one and only for a county or city."""
        before, home = self.places.get(year - 1, {}), self._home(seen.parent, year - 1)
        known = self._by_stem.get(year - 1, {})
        fresh = {
            code
            for code, place in self.places[year].items()
            if (code not in before or stem(before[code].name) != stem(place.name))
            and self._home(place.parent, year) == home
            and not known.get((family(code), stem(place.name)))
            and not any(abs(told - year) <= CHANGE_LAG for told in self._told_years.get(code, ()))
        }
        if seen.name.endswith("区"):
            parent = seen.parent if self.upper.get(year, {}).get(seen.parent) else ""
            left = any(p.parent == parent and p.name.endswith("区") for p in self.places[year].values())
            return frozenset(fresh) if fresh or left or not parent else frozenset({parent})
        gone = [
            code
            for code, place in before.items()
            if self._home(place.parent, year - 1) == home
            and (code not in self.places[year])
            and not self._by_stem[year].get((family(code), stem(place.name)))
        ]
        return frozenset(fresh) if len(fresh) == len(gone) == 1 else frozenset()

    @cached_property
    def _told_years(self) -> dict[str, set[int]]:
        years: dict[str, set[int]] = defaultdict(set)
        for changes in self.changes.values():
            for change in changes:
                if family(change.old) == family(change.new):
                    years[change.new].add(change.year)
        return years

    def _home(self, parent: str, year: int) -> str:
        above = self.upper.get(year, {}).get(parent)
        return stem(above.name) if above else parent
