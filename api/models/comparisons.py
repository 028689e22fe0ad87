"""Comparisons with partners as bodies: both sides' figures, and whether they are equal."""

from collections.abc import Collection
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from api.models.shapes import Shaped
from exchange.comparing.comparison import Comparison
from exchange.wire.figures import FigureCounts, LinkFigures, LogLines, StateCounts

_COUNTS = {"all": 20, "answered": 18, "on_time": 17, "key": 3, "key_answered": 3, "apart": 1}
_COUNTS_FIELD = Field(examples=[_COUNTS])


class ComparisonShown(Shown):
    """One comparison of a link's figures at one pair of positions."""

    id: str = Field(examples=[EXAMPLE_ID])
    partner: str = Field(examples=["wuchang.example"])
    at: Moment
    since: date = Field(description="exchanges received from this day on take part")
    as_of: date = Field(description="judged at 24:00 of this day")
    first: date = Field(description="first day of the period")
    last: date
    sent: int = Field(description="position in this node's log: its last batch that counts")
    received: int = Field(description="position in the partner's log")
    equal: bool = Field(description="figures and every row")
    whole: bool = Field(description="false: more differs than was looked at")
    differ: int = Field(description="exchanges that differ, at least so many unless `whole`")
    exchanges_ours: int
    exchanges_theirs: int
    rules_ours: str = Field(examples=["woshou-2026.1"])
    rules_theirs: str = Field(examples=["woshou-2026.1"])

    @classmethod
    def of(cls, comparison: Comparison) -> Self:
        """From the ledger."""
        return cls(**_common(comparison))


class CellPair(Shown):
    """One cell as both sides count it; null where a side has none."""

    asked: str = Field(examples=["420106"])
    asking: str = Field(examples=["110102"])
    kind: str = Field(examples=["query"])
    event: str | None
    category: str = Field(examples=["migrant"])
    equal: bool
    due_ours: Annotated[FigureCounts, Shaped(FigureCounts)] | None = _COUNTS_FIELD
    due_theirs: Annotated[FigureCounts, Shaped(FigureCounts)] | None = _COUNTS_FIELD
    submitted_ours: Annotated[FigureCounts, Shaped(FigureCounts)] | None = _COUNTS_FIELD
    submitted_theirs: Annotated[FigureCounts, Shaped(FigureCounts)] | None = _COUNTS_FIELD


class SideShown(Shown):
    """One side's totals of the link: lines and accepted messages of both logs, and where the exchanges stand."""

    sent: Annotated[LogLines, Shaped(LogLines)] = Field(examples=[{"lines": 30, "accepted": 29}])
    received: Annotated[LogLines, Shaped(LogLines)] = Field(examples=[{"lines": 21, "accepted": 21}])
    states: Annotated[StateCounts, Shaped(StateCounts)] = Field(
        examples=[{"open": 2, "answered": 1, "challenged": 0, "noted": 4, "closed": 17, "lapsed": 0, "withdrawn": 1}]
    )

    @classmethod
    def of(cls, figures: LinkFigures) -> Self:
        """From a comparison."""
        return cls(sent=figures.sent, received=figures.received, states=figures.states)


class ComparisonWhole(ComparisonShown):
    """A comparison with its figures and the partner's signed word; null for a local link."""

    ours: SideShown
    theirs: SideShown
    cells: list[CellPair]
    answer: str | None = Field(description="compact JWS (mx-figures+jws); its payload is a FiguresTold")

    @classmethod
    def within(cls, comparison: Comparison, counties: Collection[str]) -> Self:
        """With the cells in which one of these counties has a part."""
        return cls(
            **_common(comparison),
            ours=SideShown.of(comparison.ours),
            theirs=SideShown.of(comparison.theirs),
            cells=[pair for pair in _pairs(comparison) if pair.asked in counties or pair.asking in counties],
            answer=comparison.answer_jws,
        )


def _common(comparison: Comparison) -> dict[str, Any]:
    counted = {"exchanges_ours": comparison.ours.exchanges, "exchanges_theirs": comparison.theirs.exchanges}
    return {**{name: getattr(comparison, name) for name in ComparisonShown.model_fields if name not in counted}, **counted}


def _pairs(comparison: Comparison) -> list[CellPair]:
    sides = [
        {(cell.asked, cell.asking, cell.kind, cell.event, cell.category): cell for cell in figures.cells}
        for figures in (comparison.ours, comparison.theirs)
    ]
    ours, theirs = sides
    pairs = []
    for key in sorted({**ours, **theirs}, key=lambda sort: tuple(word or "" for word in sort)):
        here, there = ours.get(key), theirs.get(key)
        asked, asking, kind, event, category = key
        pairs.append(
            CellPair(
                asked=asked,
                asking=asking,
                kind=kind,
                event=event,
                category=category,
                equal=here == there,
                due_ours=here.due if here else None,
                due_theirs=there.due if there else None,
                submitted_ours=here.submitted if here else None,
                submitted_theirs=there.submitted if there else None,
            )
        )
    return pairs
