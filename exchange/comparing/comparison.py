"""What came of one comparison of two sides' figures, and what people are told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from exchange.comparing.differences import Difference
from exchange.comparing.frame import Frame
from exchange.comparing.standing import short_digest
from exchange.wire.figures import LinkFigures

DIFFER = "figures-differ"
UNEQUAL = "figures-unequal"
BEHIND = "receipts-forgotten"
KINDS = (DIFFER, UNEQUAL, BEHIND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One comparison with one partner. `sent` and `received` are the positions in this side's own log and in the other.

    `equal`: figures and every row. `differ` is how many exchanges do not, at least so many unless `whole`. `answer_jws` is the
    other side's signed word; a local link has none.
    """

    id: str
    partner: str
    at: datetime
    since: date
    as_of: date
    first: date
    last: date
    sent: int
    received: int
    rules_ours: str
    rules_theirs: str
    equal: bool
    whole: bool
    differ: int
    ours: LinkFigures
    theirs: LinkFigures
    answer_jws: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one side said: its rule set's version, its figures and its buckets' digests."""

    rules: str
    figures: LinkFigures
    buckets: Sequence[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Two sides held side by side at one frame. `left` counts rows that differ and were not looked at.

    `forgotten` is how many batches the other side no longer has though it has receipted them.
    """

    frame: Frame
    ours: Side
    theirs: Side
    differences: Sequence[Difference]
    left: int
    forgotten: int = 0
    answer_jws: str | None = None

    @property
    def equal(self) -> bool:
        """Whether both sides count alike, to the last row."""
        alike = (self.ours.figures, list(self.ours.buckets)) == (self.theirs.figures, list(self.theirs.buckets))
        return alike and not self.differences and not self.left

    @property
    def summary(self) -> str:
        """One line for people."""
        here, there = self.ours.figures, self.theirs.figures
        told = [f"exchanges: {here.exchanges} here, {there.exchanges} there"]
        if self.differences or self.left:
            told.append(f"differing: {'at least ' if self.left else ''}{len(self.differences) + self.left}")
        for name in ("sent", "received"):
            ours, theirs = getattr(here, name), getattr(there, name)
            if ours != theirs:
                told.append(f"{name}: {ours.accepted} of {ours.lines} here, {theirs.accepted} of {theirs.lines} there")
        if here.cells != there.cells:
            told.append("the periods' counts differ")
        if self.ours.rules != self.theirs.rules:
            told.append(f"rule sets: {self.ours.rules} here, {self.theirs.rules} there")
        return "; ".join(told)

    def summary_id(self, link: str) -> str:
        """By content: the same disagreement found again is the same finding."""
        content = "\n".join(sorted(each.finding_id(link) for each in self.differences))
        return f"figures.{link}.{short_digest(f'{self.summary}|{content}')}"
