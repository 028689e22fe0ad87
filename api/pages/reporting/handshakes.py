"""The handshake from day to day, or from month to month: how far a place and its partners know the same people."""

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import Query

from api.access import OfficeDep, ReaderDep, ReadLedgerDep
from api.local.reporting.handshakes import read_handshake_series
from api.models.handshakes import HandshakePoint
from api.pages.reporting import charts
from api.pages.reporting.asking import AskedDep, bar
from api.pages.reporting.figures import SIGNS, standing_of
from api.pages.route import Page, ViewerDep, back_to, page_router
from exchange.counting.reconciled.series import Every
from exchange.counting.share import ratio_of
from exchange.moments import civil_day

router = page_router()
# As many lines as can be told apart: all partners together, and the first three.
_LINES: Final = 4


@router.get("/reports/handshake")
@back_to("/reports/handshake")
def show_handshakes(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    asked: AskedDep,
    step: Annotated[Every, Query()] = Every.DAY,
) -> Page:
    """Thirty days, or twelve statistical months, up to now."""
    query = asked.query
    series = read_handshake_series(caller, office, ledger, query.narrowing, asked.place, None, None, step, by_partner=True)
    lines: dict[str | None, list[HandshakePoint]] = {}
    for point in series.points:
        lines.setdefault(point.partner, []).append(point)
    said = viewer.language
    shown = bar(caller, office, ledger, asked)
    names = [said.t("全部协作方", "all partners") if name is None else shown["partner_names"].get(name, name) for name in lines]
    drawn = [
        charts.Line(name=name, figures=[_mark(point) for point in points])
        for name, points in zip(names[:_LINES], list(lines.values())[:_LINES], strict=True)
    ]
    rows = [(_day(row[0]), [_mark(point) for point in row]) for row in zip(*lines.values(), strict=True)]
    return viewer.page(
        "report_handshake.html",
        **shown,
        step=step,
        names=names,
        rows=rows[::-1],
        chart=charts.trend(said.t("握手率", "Handshake"), drawn),
    )


def _day(point: HandshakePoint) -> date:
    """The day at whose end it stood so; of now, today."""
    return civil_day(point.as_of - timedelta(milliseconds=1))


def _mark(point: HandshakePoint) -> charts.Figure:
    ratio = ratio_of(point.numerator, point.denominator)
    standing = standing_of(ratio)
    counts = f" ({point.numerator:,}/{point.denominator:,})" if point.denominator else ""
    return charts.Figure(
        label=_day(point).isoformat()[5:],
        percent=None if ratio is None else float(ratio * 100),
        told=f"{SIGNS[standing]} {point.percent}{counts}".strip(),
        standing=standing,
    )
