"""Report as it may be shown: by purpose for whole statistical months alone, and no small cell, nor what would tell one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from exchange.codes import Purpose
from exchange.counting.figures import Figures, Report
from exchange.counting.query import ALL_RATES, EVERYTHING, Narrowing, ReportQuery
from exchange.jurisdiction import Level
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.rates import Cohort
from exchange.reporting.basis import month_of
from exchange.reporting.guarding import NotByPurpose, shown_places, without
from exchange.verbs.report import report


def shown_report(ledger: Ledger, node: Node, wanted: ReportQuery) -> Report:
    """The report, so that it may be shown; NotByPurpose, and what `report` raises."""
    made = report(ledger, node, wanted)
    if wanted.narrowing.purpose is None:
        return made
    _see_allowed(node, wanted)
    places = _places(node)
    counted = {each: _figures(ledger, node, wanted, each, tuple(places)) for each in Purpose}
    shown = shown_places(counted, places)
    return replace(made, figures=tuple(without(figures, shown) for figures in made.figures))


def _see_allowed(node: Node, wanted: ReportQuery) -> None:
    """By what is asked alone: a refusal that hung on what there is would tell whether there is something."""
    month = month_of(wanted.period, node.rules)
    whole = month is not None and wanted.as_of == node.rules.default_as_of(month) and wanted.cohort is Cohort.DUE
    alone = replace(wanted.narrowing, purpose=None) == EVERYTHING and not wanted.rows
    if not (whole and alone) or any(_tells_townships(node, code, wanted.parts) for code in wanted.jurisdictions):
        raise NotByPurpose(pointer="/purpose")


def _tells_townships(node: Node, code: str, parts: bool) -> bool:
    code = node.divisions.normalise(code)
    return node.divisions.level_of(code) is Level.TOWNSHIP or (parts and code in node.jurisdictions)


def _places(node: Node) -> Mapping[str, Sequence[str]]:
    """The served counties and what lies above them, each with the counties that it is the sum of."""
    places: dict[str, list[str]] = {county: [county] for county in sorted(node.jurisdictions)}
    for county in sorted(node.jurisdictions):
        for above in node.divisions.ancestors(county):
            places.setdefault(above, []).append(county)
    return places


def _figures(ledger: Ledger, node: Node, wanted: ReportQuery, purpose: Purpose, places: tuple[str, ...]) -> Mapping[str, Figures]:
    query = replace(wanted, jurisdictions=places, narrowing=Narrowing(purpose=purpose), parts=False, rates=ALL_RATES)
    return {figures.jurisdiction: figures for figures in report(ledger, node, query).figures}
