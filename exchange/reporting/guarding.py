"""Of which places figures by purpose may be shown: no small cell, nor what would tell one.

The cells are those of one statistical month, all purposes and all places of the node together, whoever asks for which of them:
what is withheld from one is not told to another. A cell is what was answered, in time or late, and what was not, for each sort of
matter that a rate tells apart. A place is shown with all its purposes or with none, so that what they come to together, which is
always shown, tells no small one; and one above others only if what is withheld below it tells none either, by what it comes to
or by being of one purpose alone. What stands beside a rate is shown by no purpose: it is of other months as well.
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
_Cells: TypeAlias = tuple[tuple[int, ...], ...]
"""The cells of a place: for each sort of cell those of all purposes."""


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
        if own is None or not _is_safe(own):
            continue
        left = dict(shown)
        below = _uppermost(left, place, counties_of)
        while not (told := _tells_none(_less(own, (left[each] for each in below)), _not_in(below, place, counties_of), cells)):
            if not below:
                break
            # One that is shown below it less, the smallest: what is withheld then comes to more.
            del left[min(below, key=lambda each: (_size(shown[each]), each))]
            below = _uppermost(left, place, counties_of)
        if told:
            shown = left | {place: own}
    return frozenset(shown)


def without(figures: Figures, shown: frozenset[str]) -> Figures:
    """The figures of one place by purpose, without what is withheld, what stands beside them, and what was rejected."""
    told = _without_what_is_beside if figures.jurisdiction in shown else _without_counts
    return replace(figures, rates=tuple(told(rate) if rate.name in _COUNTED else rate for rate in figures.rates), rejected=None)


def _cells(by_purpose: Iterable[Figures]) -> _Cells | None:
    """The cells of one place; None if one of its rates was withheld already."""
    cells: list[tuple[int, ...]] = []
    for figures in by_purpose:
        counts = dict[RateName, tuple[int, int]]()
        for name in _COUNTED:
            rate = figures.rate(name)
            if rate.numerator is None or rate.denominator is None:
                return None
            counts[name] = rate.numerator, rate.denominator - rate.numerator
        (answered, owed), (on_time, _) = counts[RateName.FEEDBACK_GIVEN], counts[RateName.ON_TIME]
        key_answered, key_owed = counts[RateName.KEY_INFORMATION]
        divided = (RateName.FEEDBACK_OBTAINED, RateName.OUTFLOW_FEEDBACK, RateName.INFLOW_FEEDBACK, RateName.KEY_INFORMATION)
        told = [count for name in divided for count in counts[name]]
        cells.append((on_time, answered - on_time, owed, *told, answered - key_answered, owed - key_owed))
    return tuple(zip(*cells, strict=True))


def _is_safe(cells: _Cells) -> bool:
    return not any(_is_small(count) for sort in cells for count in sort)


def _is_small(count: int) -> bool:
    return 0 < count < SMALLEST_CELL


def _tells_none(withheld: _Cells, counties: Iterable[str], cells: Mapping[str, _Cells | None]) -> bool:
    """Whether what is withheld of these counties, which is told by what is shown, tells none of their small cells."""
    of_one = [sort for sort, counts in enumerate(withheld) if sum(map(bool, counts)) == 1]
    # Of what is all of one purpose the figures of all purposes, which are always shown, tell the cells of each county.
    return _is_safe(withheld) and not any(
        own is None or _is_small(sum(own[sort])) for own in map(cells.get, counties) for sort in of_one
    )


def _size(cells: _Cells) -> int:
    return sum(count for sort in cells for count in sort)


def _less(whole: _Cells, parts: Iterable[_Cells]) -> _Cells:
    less = [[count - sum(below) for count, *below in zip(*sorts, strict=True)] for sorts in zip(whole, *parts, strict=True)]
    return tuple(map(tuple, less))


def _not_in(shown: Iterable[str], place: str, counties_of: Mapping[str, Sequence[str]]) -> set[str]:
    """The counties of a place that lie in nothing that is shown below it; of a county none: it is not told by parts."""
    told = {county for each in shown for county in counties_of[each]}
    return {county for county in counties_of[place] if county not in told and county != place}


def _uppermost(shown: Iterable[str], place: str, counties_of: Mapping[str, Sequence[str]]) -> list[str]:
    """What is shown within a place and lies within nothing else that is; of places of the same counties one."""
    within = {frozenset(counties_of[each]): each for each in shown if set(counties_of[each]) <= set(counties_of[place])}
    return [each for counties, each in within.items() if not any(counties < others for others in within)]


def _without_what_is_beside(rate: Rate) -> Rate:
    return replace(rate, beside=None, rows=None)


def _without_counts(rate: Rate) -> Rate:
    return replace(rate, numerator=None, denominator=None, reason=TOO_FEW, beside=None, rows=None)
