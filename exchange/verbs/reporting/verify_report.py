"""Count a frozen report again as of its own moment: whether it still comes out so, and if not, where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exchange.errors import NotFound
from exchange.ledger import Finding, Ledger
from exchange.moments import parse_moment
from exchange.node import Node
from exchange.reporting.frozen.monthly import FrozenFigures, FrozenRate, FrozenReport, MonthlyReport, ReportAltered
from exchange.reporting.frozen.thawing import frozen_figures
from exchange.verbs.reporting.count_month import count_month

DIFFERS: Final = "frozen-report-differs"
ALTERED: Final = "frozen-report-altered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that comes out otherwise. `where` is category, jurisdiction and township; `rate` None for a whole line."""

    where: tuple[str, ...]
    rate: str | None
    what: str
    frozen: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether a frozen report comes out the same when it is counted again as of its own moment.

    `rules_differ` and `divisions_differ` tell whether the node counts by other data than it did.
    """

    digest: str
    altered: bool
    rules_differ: bool
    divisions_differ: bool
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether it is as it was frozen."""
        return not self.altered and not self.differences


def verify(ledger: Ledger, node: Node, digest: str, now: datetime) -> Verification:
    """Count a frozen report again; a difference becomes a finding. NotFound."""
    held = ledger.reports.frozen(digest)
    if held is None:
        raise NotFound
    made = _verified(ledger, node, held)
    if not made.equal:
        kind = ALTERED if made.altered else DIFFERS
        detail = "the stored bytes are not those that were frozen" if made.altered else f"{len(made.differences)} differences"
        finding = Finding(
            id=f"{digest}:{kind}",
            kind=kind,
            partner=None,
            subject=f"report {held.head.jurisdiction} {held.head.month} edition {held.head.edition}",
            detail=detail,
            at=now,
        )
        ledger.chores.add_findings([finding])
    return made


def _verified(ledger: Ledger, node: Node, held: FrozenReport) -> Verification:
    try:
        was = held.read()
    except ReportAltered:
        return Verification(digest=held.head.digest, altered=True, rules_differ=False, divisions_differ=False, differences=())
    ledger.counting.lock()
    reports = count_month(ledger, node, [was.jurisdiction], was.month, parse_moment(was.as_of))[was.jurisdiction]
    figures = [figures for category, made in reports.items() for figures in frozen_figures(made, category)]
    return Verification(
        digest=held.head.digest,
        altered=False,
        rules_differ=(was.rules.version, was.rules.digest) != (node.rules.version, node.rules.digest),
        divisions_differ=was.divisions != node.divisions.edition,
        differences=tuple(_differences(was, figures)),
    )


def _differences(was: MonthlyReport, figures: Iterable[FrozenFigures]) -> Iterator[Difference]:
    before = {_where(one): one for one in was.figures}
    after = {_where(one): one for one in figures}
    for where in sorted(before.keys() | after.keys()):
        old, new = before.get(where), after.get(where)
        if old is None or new is None:
            told = [str(one is not None).lower() for one in (old, new)]
            yield Difference(where=where, rate=None, what="line", frozen=told[0], now=told[1])
            continue
        if old.rejected != new.rejected:
            yield Difference(where=where, rate=None, what="rejected", frozen=str(old.rejected), now=str(new.rejected))
        held = {rate.rate: rate for rate in new.rates}
        for rate in old.rates:
            if rate != held.get(rate.rate):
                yield Difference(where=where, rate=rate.rate, what="counts", frozen=_told(rate), now=_told(held.get(rate.rate)))


def _where(figures: FrozenFigures) -> tuple[str, ...]:
    return figures.category.value, figures.jurisdiction, figures.township or ""


def _told(rate: FrozenRate | None) -> str:
    """The counts, and what stands beside them in the order of its fields."""
    if rate is None:
        return "-"
    counts = rate.reason or f"{rate.numerator}/{rate.denominator}"
    if rate.beside is None:
        return counts
    held = rate.beside
    return f"{counts} {[getattr(held, name) for name in held.__struct_fields__]}"
