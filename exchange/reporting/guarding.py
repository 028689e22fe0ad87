"""Of which places figures by purpose may be shown: no small cell, nor what would tell one.

The cells are those of one statistical month, all purposes and all places of the node together, whoever asks for which of them:
what is withheld from one is not told to another. A place is shown with all its purposes or with none, so that what they come to
together, which is always shown, tells no small one; and one above others only if what is withheld below it is not small either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from exchange.codes import Purpose
from exchange.counting.figures import SMALLEST_CELL, Figures
from exchange.errors import Invalid
from exchange.rates import TOO_FEW, Rate, RateName

_COUNTED: Final = (
    RateName.FEEDBACK_GIVEN,
    RateName.FEEDBACK_OBTAINED,
    RateName.OUTFLOW_FEEDBACK,
    RateName.INFLOW_FEEDBACK,
    RateName.ON_TIME,
    RateName.KEY_INFORMATION,
)
_Cells: TypeAlias = tuple[int, ...]
"""The denominators of a place: for each purpose those of the rates that are divided by it, and of what is not key information."""


class NotByPurpose(Invalid):
    """Figures by purpose that would tell, beside others, what few exchanges were for."""

    code = "not-by-purpose"
    zh = (
        "按用途的指标只按整个统计月、以其默认时点、按到期、对区县及以上地区提供，不与其他筛选同用，也不提供单行："
        "否则可推知个别事项的用途。"
    )
    en = (
        "Figures by purpose are of whole statistical months as of their own moment, by due date, of counties and above, "
        "without another filter and without rows: anything else would tell what a few exchanges were for."
    )


def shown_places(figures: Mapping[Purpose, Mapping[str, Figures]], counties_of: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The places whose figures by purpose are shown, of the figures of each purpose by place.

    `counties_of` are the counties that each place is the sum of; a county is that of itself.
    """
    cells = {place: _cells([places[place] for places in figures.values()]) for place in counties_of}
    shown = dict[str, _Cells]()
    for place in sorted(counties_of, key=lambda each: (len(counties_of[each]), each)):
        own = cells[place]
        if own is None:
            continue
        below = _uppermost(shown, place, counties_of)
        while not _is_safe(_less(own, (shown[each] for each in below))):
            # One that is shown below it less, the smallest: what is withheld then comes to more.
            smallest = min(below, key=lambda each: (sum(shown[each]), each))
            del shown[smallest]
            below = _uppermost(shown, place, counties_of)
        shown[place] = own
    return frozenset(shown)


def without(figures: Figures, shown: frozenset[str]) -> Figures:
    """The figures of one place by purpose, without what is withheld, and without what was rejected."""
    if figures.jurisdiction in shown:
        return replace(figures, rejected=None)
    return replace(
        figures, rates=tuple(_without_counts(rate) if rate.name in _COUNTED else rate for rate in figures.rates), rejected=None
    )


def _cells(by_purpose: Iterable[Figures]) -> _Cells | None:
    """The cells of one place; None if one of them is small."""
    cells: list[int] = []
    for figures in by_purpose:
        counts = {name: figures.rate(name).denominator for name in _COUNTED}
        given, key = counts[RateName.FEEDBACK_GIVEN], counts[RateName.KEY_INFORMATION]
        for count in (*counts.values(), None if given is None or key is None else given - key):
            if count is None:
                return None
            cells.append(count)
    return tuple(cells) if _is_safe(cells) else None


def _is_safe(cells: Iterable[int]) -> bool:
    return not any(0 < count < SMALLEST_CELL for count in cells)


def _less(whole: _Cells, parts: Iterable[_Cells]) -> _Cells:
    return tuple(count - sum(below) for count, *below in zip(whole, *parts, strict=True))


def _uppermost(shown: Iterable[str], place: str, counties_of: Mapping[str, Sequence[str]]) -> list[str]:
    """What is shown within a place and lies within nothing else that is; of places of the same counties one."""
    within = {frozenset(counties_of[each]): each for each in shown if set(counties_of[each]) <= set(counties_of[place])}
    return [each for counties, each in within.items() if not any(counties < others for others in within)]


def _without_counts(rate: Rate) -> Rate:
    return replace(rate, numerator=None, denominator=None, reason=TOO_FEW, beside=None, rows=None)
