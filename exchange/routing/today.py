"""Retired codes: a merged, renamed or split division is asked under what it is today, and the clerk is told."""

from dataclasses import dataclass
from datetime import date

from exchange.errors import Invalid
from exchange.imports import RowProblem
from exchange.jurisdiction import Divisions, UnknownJurisdiction
from exchange.people.doubts import warning


class SeveralSuccessors(Invalid):
    """A retired code that was split: only a clerk knows which of its successors is meant."""

    code = "several-successors"
    zh = "该区划代码已撤销并分归多个地区，请选定其一。"
    en = "The division was split; choose one of its successors."

    def __init__(self, divisions: Divisions, retired: str, choices: tuple[str, ...], pointer: str | None) -> None:
        self.choices = choices
        told = "、".join(f"{code} {divisions.full_name(code)}" for code in choices)
        super().__init__(
            zh=f"区划代码 {retired} 已撤销，请从现行代码中选定：{told}。",
            en=f"The code {retired} is retired and has several successors; choose one of {told}.",
            pointer=pointer,
        )


class NoSuccessor(Invalid):
    """A retired code of which nobody knows what became."""

    code = "no-successor"
    zh = "该区划代码已撤销，去向不明，请填写现行代码。"
    en = "The code is retired and has no known successor; give today's code."


@dataclass(frozen=True, slots=True, kw_only=True)
class TodaysCode:
    """What a code stands for today, and what to tell the clerk where that is another code."""

    code: str
    note: RowProblem | None = None


def todays_code(divisions: Divisions, code: str, today: date, *, pointer: str | None = None) -> TodaysCode:
    """The code of today; UnknownJurisdiction, or for a retired code SeveralSuccessors or NoSuccessor."""
    try:
        resolution = divisions.resolve(code, today)
    except UnknownJurisdiction:
        raise UnknownJurisdiction(pointer=pointer) from None
    if not resolution.retired:
        return TodaysCode(code=code)
    if not resolution.candidates:
        raise NoSuccessor(pointer=pointer)
    if resolution.code is None:
        raise SeveralSuccessors(divisions, code, resolution.candidates, pointer)
    if resolution.code == code:
        return TodaysCode(code=code)
    return TodaysCode(code=resolution.code, note=successor_note(divisions, code, resolution.code))


def successor_note(divisions: Divisions, retired: str, code: str) -> RowProblem:
    """Tells that a retired code was replaced by its successor."""
    place = f"{code} {divisions.full_name(code)}"
    return warning(
        "other",
        "retired-code",
        f"区划代码 {retired} 已撤销，已改用 {place}。",
        f"The code {retired} is retired; {place} was used.",
        found=f"代码 {retired} / code {retired}",
    )


def names(divisions: Divisions, outer: str, county: str, today: date) -> bool:
    """Whether a place, under its code of today or a former one, is the county or contains it."""
    if divisions.contains(outer, county):
        return True
    return any(divisions.contains(heir, county) for heir in divisions.resolve(outer, today).candidates)
