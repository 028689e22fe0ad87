"""The pages of reports: the rates of a place with what lies below, tables with their charts, rows, partners and files."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Path, Query, Response

from adapters.office import Office
from adapters.reports import ReportFormat
from api.access import Caller, OfficeDep, ReaderDep, ReadLedgerDep
from api.local.rates import read_rate_rows
from api.local.reporting.reports import answer, read_report
from api.models.rates import PlaceFigures, RowShown
from api.pages.reporting import charts
from api.pages.reporting.asking import Asked, AskedDep, bar
from api.pages.reporting.figures import OF_EXCHANGES, bar_of, figures_of
from api.pages.reporting.past import PastDep
from api.pages.reporting.tables import part_link, shown_tables
from api.pages.route import Page, ViewerDep, back_to, page_router
from api.paging import PagingDep
from api.rights import ANSWERER, CLERK
from exchange.counting.figures import Figures
from exchange.counting.query import UNASSIGNED
from exchange.counting.rows import UNTOLD
from exchange.jurisdiction import Level
from exchange.rates import RateName
from exchange.reporting.basis import Counting
from exchange.reporting.columns import RATE_TEXTS
from exchange.reporting.matrix import WAYS
from exchange.reporting.table import Text
from exchange.reporting.trend import MONTHS, RATES
from exchange.reporting.wanted import ReportName, WantedReport
from exchange.verbs.reporting.make_report import make_report

router = page_router()
RateQuery = Annotated[RateName, Query()]
RatesQuery = Annotated[list[RateName] | None, Query(max_length=6)]
LevelQuery = Annotated[Level | None, Query()]
# What a page of partners counts for each of its rows.
_PARTNERS_A_PAGE: Final = 10
_OF_PARTNERS: Final = (RateName.FEEDBACK_GIVEN, RateName.FEEDBACK_OBTAINED, RateName.ON_TIME, RateName.HANDSHAKE)
# By which rates a league table ranks, and the matrix of several own places is coloured; the first unless another is asked for.
_CHOSEN: Final = {ReportName.LEAGUE: tuple(RateName), ReportName.MATRIX: (RateName.HANDSHAKE, *WAYS)}

# What the rows of a rate are; of the others they are exchanges.
_EXCHANGE: Final = Text("事项", "exchange")
_NOUNS: Final = {
    **dict.fromkeys((RateName.EXCHANGE, RateName.CONFIRMATION, RateName.CERTIFICATE_VERIFICATION), Text("个案", "entry")),
    **dict.fromkeys((RateName.HANDSHAKE, RateName.FIELD_AGREEMENT), Text("对账", "reconciliation")),
    RateName.ENTRY: Text("导入的文件", "file"),
    RateName.COVERAGE: Text("协作方", "partner"),
}


@router.get("/reports")
@back_to("/reports")
def show_rates(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    past: PastDep,
    asked: AskedDep,
    rate: RateQuery = RateName.FEEDBACK_GIVEN,
) -> Page:
    """The rates of a place beside the month and the year before, and one of them in each of its parts."""
    count = past.counting(office, ledger)
    divided = replace(asked.query, parts=asked.query.narrowing.township is None and not asked.undivided)
    whole, *parts = count(divided).figures
    before, a_year_ago = (_whole(asked.before(office, months), count) for months in (1, MONTHS))
    figures = figures_of(PlaceFigures.of(whole), before, a_year_ago)
    # Of the parts one rate alone is shown.
    below = [
        (
            _name(office, viewer, part),
            part_link(asked, part.township or part.jurisdiction),
            figures_of(PlaceFigures.of(replace(part, rates=(part.rate(rate),))))[0],
        )
        for part in parts
    ]
    title = viewer.language.say(RATE_TEXTS[rate][0])
    return viewer.page(
        "reports.html",
        **bar(caller, office, ledger, asked),
        figures=figures,
        parts=below,
        chart=charts.bars(title, [bar_of(name, shown) for name, _, shown in below]) if below else None,
        rate=rate,
        rates=RATE_TEXTS,
    )


@router.get("/reports/partners")
@back_to("/reports/partners")
def show_report_by_partner(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    past: PastDep,
    asked: AskedDep,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Page:
    """What passed between a place and each partner."""
    shown, count = bar(caller, office, ledger, asked), past.counting(office, ledger)
    names = [asked.query.narrowing.partner] if asked.query.narrowing.partner else shown["partners"]
    some = names[(page - 1) * _PARTNERS_A_PAGE : page * _PARTNERS_A_PAGE]
    rows = []
    for name in some:
        whole = PlaceFigures.of(count(asked.of_partner(name).of_rates(*_OF_PARTNERS).query).figures[0])
        rows.append((name, figures_of(whole)))
    return viewer.page(
        "report_partners.html",
        **shown,
        rows=rows,
        heads=[RATE_TEXTS[name][0] for name in RateName if name in _OF_PARTNERS],
        page=page,
        more=len(names) > page * _PARTNERS_A_PAGE,
    )


@router.get("/reports/rates/{rate}/rows")
@back_to("/reports/rates/{rate}/rows")
def show_rows(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    past: PastDep,
    asked: AskedDep,
    paging: PagingDep,
    rate: Annotated[RateName, Path()],
) -> Page:
    """What was counted for a figure: ids and stamps, and nothing about a person."""
    listing = read_rate_rows(asked.query, office, ledger, paging, rate)
    (figure,) = figures_of(PlaceFigures.of(past.counting(office, ledger)(asked.of_rates(rate).query).figures[0]))
    return viewer.page(
        "report_rows.html",
        **bar(caller, office, ledger, asked),
        figure=figure,
        rows=listing.items,
        next=listing.next,
        noun=_NOUNS.get(rate, _EXCHANGE),
        links=[_opened(viewer, caller, rate, row) for row in listing.items],
        shared=rate in (RateName.HANDSHAKE, RateName.FIELD_AGREEMENT),
    )


@router.get("/reports/{report}")
@back_to("/reports/{report}")
def show_report(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    past: PastDep,
    asked: AskedDep,
    report: Annotated[ReportName, Path()],
    rate: Annotated[RateName | None, Query()] = None,
    rates: RatesQuery = None,
    level: LevelQuery = None,
) -> Page:
    """One of the tables with its chart; the very document that its files hold."""
    if report is ReportName.OVERDUE:
        asked = asked.as_of(office.now())
    choice = _CHOSEN.get(report, (RateName.FEEDBACK_GIVEN,))
    ranked = rate if rate in choice else choice[0]
    lines = tuple(dict.fromkeys(rates or RATES))
    wanted = WantedReport(name=report, query=asked.query, rate=ranked, rates=lines, level=level)
    document = make_report(ledger, office.node, wanted, _counting(asked, report, past.counting(office, ledger)))
    more = {"rate": rate, "level": level}
    return viewer.page(
        "report.html",
        **bar(caller, office, ledger, asked),
        report=report,
        document=document,
        tables=shown_tables(document, viewer.language, asked, lines if report is ReportName.TREND else (ranked,)),
        rate=ranked,
        lines=lines,
        level=level,
        rates=RATE_TEXTS,
        files=f"/reports/{report}/file{asked.link(**more)}" + "".join(f"&rates={each}" for each in rates or ()),
    )


@router.get("/reports/{report}/file")
@back_to("/reports/{report}")
def take_report(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    past: PastDep,
    asked: AskedDep,
    report: Annotated[ReportName, Path()],
    format: Annotated[ReportFormat, Query()] = ReportFormat.XLSX,
    rate: RateQuery = RateName.FEEDBACK_GIVEN,
    rates: RatesQuery = None,
    level: LevelQuery = None,
) -> Response:
    """The same document as a file, or as a page to be printed."""
    if not asked.undivided:
        return read_report(asked.query, office, ledger, format, report, rate, rates, level)
    wanted = WantedReport(name=report, query=asked.query, rate=rate, rates=tuple(dict.fromkeys(rates or RATES)), level=level)
    return answer(make_report(ledger, office.node, wanted, _counting(asked, report, past.counting(office, ledger))), format)


def _opened(viewer: ViewerDep, caller: Caller, rate: RateName, row: RowShown) -> str | None:
    """The page of what a row is, where it has one that the viewer may open."""
    if rate in OF_EXCHANGES:
        return f"/exchanges/{row.id}"
    if row.id == UNTOLD or row.own != caller.county:
        return None
    if rate is RateName.ENTRY:
        return f"/imports/{row.id}" if viewer.may(ANSWERER) else None
    return f"/entries/{row.id}" if _NOUNS.get(rate) == _NOUNS[RateName.EXCHANGE] and viewer.may(CLERK) else None


def _counting(asked: Asked, report: ReportName, count: Counting) -> Counting:
    """What makes the figures of a page; of a ranking without its parts nothing would be left."""
    without_parts = asked.undivided and report is not ReportName.LEAGUE
    return (lambda query: count(replace(query, parts=False))) if without_parts else count


def _whole(asked: Asked | None, count: Counting) -> PlaceFigures | None:
    return None if asked is None else PlaceFigures.of(count(asked.query).figures[0])


def _name(office: Office, viewer: ViewerDep, part: Figures) -> str:
    if part.township == UNASSIGNED:
        return viewer.language.t("未分派", "assigned to no township")
    return office.node.divisions.name(part.township or part.jurisdiction)
