"""Count a statistical month for several jurisdictions, migrants and intra-city movers apart."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from exchange.counting.figures import Figures, Report
from exchange.counting.query import Narrowing, ReportQuery
from exchange.jurisdiction import Category
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.verbs.report import report


def count_month(
    ledger: Ledger, node: Node, codes: Iterable[str], month: str, as_of: datetime
) -> dict[str, dict[Category, Report]]:
    """The report of each jurisdiction with its parts, by category; the counties among them are counted together."""
    codes = list(codes)
    made: dict[str, dict[Category, Report]] = {code: {} for code in codes}
    for category in Category:
        query = ReportQuery(
            jurisdictions=tuple(code for code in codes if code in node.jurisdictions),
            period=node.rules.statistical_month(month),
            as_of=as_of,
            narrowing=Narrowing(category=category),
            parts=True,
        )
        if query.jurisdictions:
            for code, counted in _by_county(report(ledger, node, query)).items():
                made[code][category] = counted
        for code in codes:
            if code not in node.jurisdictions:
                made[code][category] = report(ledger, node, replace(query, jurisdictions=(code,)))
    return made


def _by_county(together: Report) -> dict[str, Report]:
    """One report for each county: its own figures and its townships', which name it too."""
    lines: defaultdict[str, list[Figures]] = defaultdict(list)
    for figures in together.figures:
        lines[figures.jurisdiction].append(figures)
    return {
        code: replace(together, query=replace(together.query, jurisdictions=(code,)), figures=tuple(found))
        for code, found in lines.items()
    }
