"""Where a person is registered and where they live, as it is written, seen from one jurisdiction on one day.

Retired codes are mapped to their successors and never refused for being retired; where several are left, a clerk chooses
later and the code stays as it was written. A sheet has few different places, so every answer is remembered.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from exchange.codes import RegisterKind
from exchange.errors import Invalid, Refused
from exchange.imports import RowProblem
from exchange.jurisdiction import Divisions, Level, Resolution, UnknownJurisdiction
from exchange.people.doubts import warning

Side = Literal["origin", "destination"]
_LEADING_CODE = re.compile(r"(\d{12}|\d{9}|\d{6})(?!\d)")
_COUNTY_END = re.compile("[市区县旗]")
_LONGEST_PATH = 60
# What people leave out when they write 湖北, 武汉 or 广西.
_ENDINGS = ("省", "市", "区", "县", "自治区", "壮族自治区", "回族自治区", "维吾尔自治区", "特别行政区", "自治州", "地区", "盟")
_SHOWN = 12


class NotOwnPlace(Invalid):
    """The side that should be the register's own county is another place."""

    code = "not-own-place"
    zh = "流出台账的户籍地、流入台账的现居住地须为本地区。"
    en = "The origin of an outflow entry, and the destination of an inflow one, must be the register's own county."


class PlaceTooCoarse(Invalid):
    """A province or prefecture where a county is needed."""

    code = "place-too-coarse"
    zh = "该处须填写到县（市、区）。"
    en = "This place must be known to the county."


class PlaceAmbiguous(Invalid):
    """A name that several places bear."""

    code = "place-ambiguous"
    zh = "有多个同名地区，请填写全称或行政区划代码。"
    en = "Several places have this name; write the full name or the code."


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Both sides of one person as counties (or coarser), the own township, what to look at, and what is refused."""

    origin: str
    destination: str
    township: str | None
    warnings: tuple[RowProblem, ...] = ()
    refusals: tuple[Refused, ...] = ()


class PlaceReader:
    """Reads places for the registers of the county `own`, as of `today`."""

    def __init__(self, divisions: Divisions, own: str, today: date) -> None:
        self.divisions, self.own, self.today = divisions, own, today
        self._codes: dict[str, tuple[str, ...]] = {}
        self._read: dict[tuple[RegisterKind, str, str, str | None], Whereabouts] = {}

    def code(self, text: str, side: Side) -> str:
        """The code that a cell means: a code, a name, or a path of names with or without a township or street behind it.

        Of several places of one name the own county is meant. Raises UnknownJurisdiction or PlaceAmbiguous, which names
        the choices.
        """
        codes = self._codes.get(text)
        if codes is None:
            codes = self._codes[text] = self._means(text)
        if len(codes) == 1:
            return codes[0]
        if not codes:
            raise UnknownJurisdiction(pointer=f"/{side}")
        if self.own in codes:
            return self.own
        choices = self.choices(codes)
        raise PlaceAmbiguous(
            zh=f"有多个同名地区，请填写其一：{choices}。", en=f"Several places have this name: {choices}.", pointer=f"/{side}"
        )

    def township(self, text: str) -> str:
        """The code of an own township that a cell names; the text itself if there is none or it is a code."""
        if text.isdigit():
            return text
        children = self.divisions.children(self.own)
        named = [code for code in children if self.divisions.name(code).startswith(text)]
        return named[0] if len(named) == 1 else self._township_named(self.own, text) or text

    def both(self, register: RegisterKind, origin: str, destination: str, township: str | None) -> Whereabouts:
        """Judge both sides of an entry, given as codes of any level and age."""
        key = (register, origin, destination, township)
        found = self._read.get(key)
        if found is None:
            found = self._read[key] = self._judge(*key)
        return found

    def other_side(self, code: str, side: Side) -> tuple[str, tuple[RowProblem, ...]]:
        """The other party's county, or what coarser place the code means; UnknownJurisdiction."""
        warnings: list[RowProblem] = []
        return self._other(code, side, True, warnings), tuple(warnings)

    def is_own(self, code: str) -> bool:
        """Whether a code means the own county: itself, a township in it, or a former code of it."""
        candidates = self.divisions.resolve(code, self.today).candidates
        return any(self.divisions.county_of(candidate) == self.own for candidate in candidates)

    def choices(self, codes: tuple[str, ...]) -> str:
        """Codes with full names, for a message."""
        shown = "、".join(f"{code} {self.divisions.full_name(code)}" for code in codes[:_SHOWN])
        return shown + (" …" if len(codes) > _SHOWN else "")

    def _judge(self, register: RegisterKind, origin: str, destination: str, township: str | None) -> Whereabouts:
        outflow = register is RegisterKind.OUTFLOW
        warnings: list[RowProblem] = []
        refusals: list[Refused] = []
        own_side: Side = "origin" if outflow else "destination"
        other_side: Side = "destination" if outflow else "origin"
        told: str | None = None
        other = ""
        try:
            told = self._own(origin if outflow else destination, own_side, warnings)
        except Refused as refusal:
            refusals.append(refusal.with_traceback(None))
        try:
            other = self._other(destination if outflow else origin, other_side, outflow, warnings)
        except Refused as refusal:
            refusals.append(refusal.with_traceback(None))
        sides = (self.own, other) if outflow else (other, self.own)
        if not refusals:
            try:
                self.divisions.category(*sides, self.today)
            except Refused as refusal:
                refusal.pointer = f"/{other_side}"
                refusals.append(refusal.with_traceback(None))
        return Whereabouts(
            origin=sides[0],
            destination=sides[1],
            township=self._township(township, warnings) or told,
            warnings=tuple(warnings),
            refusals=tuple(refusals),
        )

    def _own(self, code: str, side: Side, warnings: list[RowProblem]) -> str | None:
        """The township within the own county that the code tells, if any; NotOwnPlace if it lies elsewhere."""
        resolution = _resolve(self.divisions, code, self.today, side)
        if not any(self.divisions.county_of(candidate) == self.own for candidate in resolution.candidates):
            if resolution.code is not None and self.divisions.contains(resolution.code, self.own):
                warnings.append(warning(side, "place-read-as-own", f"按本地区（{self.own}）处理。", f"Read as {self.own}."))
                return None
            raise NotOwnPlace(pointer=f"/{side}")
        if resolution.retired:
            warnings.append(self._retired(code, side, (self.own,)))
            return None
        place = self.divisions.get(code)
        return place.code if place.level is Level.TOWNSHIP else None

    def _other(self, code: str, side: Side, coarse_allowed: bool, warnings: list[RowProblem]) -> str:
        resolution = _resolve(self.divisions, code, self.today, side)
        found = resolution.code
        if resolution.retired:
            left = tuple(c for c in resolution.candidates if c != self.own) or resolution.candidates
            known = self.divisions.is_known(code)
            found = left[0] if len(left) == 1 else self.divisions.normalise(code if known else code[:6])
            warnings.append(self._retired(code, side, left))
        county = self.divisions.county_of(found or code)
        if county is not None:
            return county
        place = self.divisions.normalise(found or code)
        # Taiwan, Hong Kong and Macao have no counties in the table and stand for themselves.
        if not coarse_allowed and self.divisions.counties_within(place):
            raise PlaceTooCoarse(pointer=f"/{side}")
        return place

    def _township(self, code: str | None, warnings: list[RowProblem]) -> str | None:
        if code is None:
            return None
        divisions = self.divisions
        if divisions.is_known(code):
            place = divisions.get(code)
            if place.level is Level.TOWNSHIP and place.valid_until is None and place.parent == self.own:
                return place.code
        warnings.append(
            warning(
                "township",
                "township-not-taken",
                "不是本地区现有的乡镇（街道），未采用。",
                "Not a present township of this county; it was left out.",
                expected="本地区的 9 位乡级代码 / a 9-digit township code of this county",
            )
        )
        return None

    def _retired(self, code: str, side: Side, left: tuple[str, ...]) -> RowProblem:
        found = f"代码 {code} / code {code}"
        if len(code) > 6 and not self.divisions.is_known(code):
            return warning(
                side,
                "unknown-township",
                "乡级代码不在现行区划表中，按所在县（市、区）处理。",
                "The table has no such township; read as its county.",
                found=found,
            )
        if len(left) == 1:
            place = self.choices(left)
            return warning(side, "retired-code", f"代码已撤销，现为 {place}。", f"A retired code, now {place}.", found=found)
        if not left:
            return warning(
                side,
                "retired-code-unknown",
                "代码已撤销，去向不明，请补充现行代码。",
                "A retired code without a known successor; add today's code.",
                found=found,
            )
        choices = self.choices(left)
        return warning(
            side,
            "retired-code-choice",
            f"代码已撤销，请从现行代码中选定：{choices}。",
            f"A retired code with several successors; choose one of {choices}.",
            found=found,
        )

    def _means(self, text: str) -> tuple[str, ...]:
        if leading := _LEADING_CODE.match(text):
            return (leading[1],) if self._resolvable(leading[1]) else ()
        if text.isdigit():
            return (text,) if self._resolvable(text) else ()
        if codes := self.divisions.find(text):
            return codes
        if codes := tuple(dict.fromkeys(code for ending in _ENDINGS for code in self.divisions.find(text + ending))):
            return codes
        # A township or street may stand behind the county; behind anything coarser it would be a county misspelt.
        for end in reversed([match.end() for match in _COUNTY_END.finditer(text[:_LONGEST_PATH])]):
            codes = self.divisions.find(text[:end])
            if codes and all(self.divisions.county_of(code) for code in codes):
                return (self._township_named(codes[0], text[end:]) or codes[0],) if len(codes) == 1 else codes
        return ()

    def _township_named(self, county: str, rest: str) -> str | None:
        named = [code for code in self.divisions.children(county) if rest.startswith(self.divisions.name(code))]
        return max(named, key=lambda code: len(self.divisions.name(code)), default=None)

    def _resolvable(self, code: str) -> bool:
        try:
            self.divisions.resolve(code, self.today)
        except UnknownJurisdiction:
            return False
        return True


def _resolve(divisions: Divisions, code: str, today: date, side: Side) -> Resolution:
    try:
        return divisions.resolve(code, today)
    except UnknownJurisdiction:
        raise UnknownJurisdiction(pointer=f"/{side}") from None
