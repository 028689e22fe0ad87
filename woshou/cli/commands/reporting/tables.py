"""`woshou report feedback`, `league`, `matrix`, `overdue`, `trend`, `bulletin`: on the screen, or into a file."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.office import Office
from adapters.reports import ReportFormat, write_document
from adapters.reports.about import both, facts_of
from adapters.reports.jsontext import as_plain
from exchange.codes import Event, Kind, Purpose, RegisterKind
from exchange.counting.query import EVERYTHING, Narrowing, ReportQuery
from exchange.jurisdiction import Category, Level
from exchange.moments import Period, civil_day
from exchange.rates import Cohort, RateName
from exchange.reporting.table import Document, Table, Text, shown
from exchange.reporting.trend import RATES
from exchange.reporting.wanted import ReportName, WantedReport
from exchange.terms.rules import RuleSet
from exchange.verbs.reporting.make_report import make_report
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.commands.reporting.period import WhichPeriod
from woshou.cli.commands.upkeep import read_moment
from woshou.cli.files import STDOUT, check_free, write_private
from woshou.cli.words import say

JurisdictionOption = Annotated[
    str | None, typer.Option(help=say("地区代码，默认所服务的唯一区县", "division code; by default the only county served"))
]
MonthOption = Annotated[
    str | None, typer.Option(help=say("统计月 YYYY-MM，默认当前统计月", "month YYYY-MM; the present one by default"))
]
FormatOption = Annotated[
    ReportFormat | None, typer.Option("--format", help=say("格式，默认按文件后缀", "form; by the file's suffix unless given"))
]
OutOption = Annotated[
    Path | None, typer.Option("--out", dir_okay=False, help=say("写入文件，- 为标准输出", "write to a file; - for stdout"))
]
ForceOption = Annotated[bool, typer.Option("--force", help=say("覆盖已有文件", "write over an existing file"))]
_MOST_COLUMNS = 20
_NAMES = {
    ReportName.FEEDBACK: ("反馈情况表：本地区及其各部分", "Feedback report: a jurisdiction and its parts"),
    ReportName.LEAGUE: ("通报排名表：同级地区按一项指标排名", "League table: peers of one level by one rate"),
    ReportName.MATRIX: ("协作矩阵：本方与对方各地区之间", "Handshake matrix: own and other jurisdictions"),
    ReportName.OVERDUE: ("逾期清单（截至现在）", "Overdue list, as of now"),
    ReportName.TREND: ("趋势：十二个统计月，环比与同比", "Trend: twelve months, month-on-month and year-on-year"),
    ReportName.BULLETIN: ("月通报", "Monthly bulletin"),
}


def install(app: typer.Typer) -> None:
    """Add the reports."""
    for name, (zh, en) in _NAMES.items():
        _install(app, name, zh, en)


def _install(app: typer.Typer, name: ReportName, zh: str, en: str) -> None:
    @command(app, name.value, zh=zh, en=en)
    def make(
        call: Call,
        jurisdiction: JurisdictionOption = None,
        month: MonthOption = None,
        first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help=say("起", "first day"))] = None,
        last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help=say("止", "last day"))] = None,
        cohort: Annotated[
            Cohort, typer.Option(help=say("按首次期限或按提交", "by first due date, or by submission"))
        ] = Cohort.DUE,
        as_of: Annotated[str | None, typer.Option(help=say("截至时刻", "as of"))] = None,
        rate: Annotated[RateName, typer.Option(help=say("排名所依指标", "ranked by"))] = RateName.FEEDBACK_GIVEN,
        rates: Annotated[list[RateName] | None, typer.Option("--rates", help=say("趋势的指标，可多次", "of a trend"))] = None,
        level: Annotated[
            Level | None, typer.Option(help=say("排名的级别，或矩阵对方的级别", "level of peers, or of the matrix's other side"))
        ] = None,
        partner: Annotated[str | None, typer.Option(help=say("仅某协作方节点", "only one partner's node"))] = None,
        other: Annotated[str | None, typer.Option(help=say("仅对方某地区", "only one jurisdiction on the other side"))] = None,
        kind: Annotated[Kind | None, typer.Option(help=say("仅某种类", "only one kind"))] = None,
        event: Annotated[Event | None, typer.Option(help=say("仅某事件", "only one event"))] = None,
        purpose: Annotated[Purpose | None, typer.Option(help=say("仅某用途", "only one purpose"))] = None,
        register: Annotated[RegisterKind | None, typer.Option(help=say("仅流出或流入", "only one register"))] = None,
        intra_city: Annotated[bool, typer.Option("--intra-city", help=say("市内人户分离", "movers within a city"))] = False,
        form: FormatOption = None,
        out: OutOption = None,
        force: ForceOption = False,
    ) -> None:
        written = check_out(out, form, force=force)
        narrowing = Narrowing(
            partner=partner,
            other=other,
            kind=kind,
            event=event,
            purpose=purpose,
            register=register,
            category=Category.INTRA_CITY if intra_city else EVERYTHING.category,
        )
        with call.office() as office:
            now = office.now()
            place = place_of(call, office, jurisdiction)
            period, moment = period_of(office.node.rules, now, month, (first, last))
            moment = min(read_moment(as_of, now) if as_of else moment, now)
            query = ReportQuery(
                jurisdictions=(place,),
                period=period,
                as_of=now if name is ReportName.OVERDUE else moment,
                cohort=cohort,
                narrowing=narrowing,
            )
            wanted = WantedReport(name=name, query=query, rate=rate, rates=tuple(dict.fromkeys(rates or RATES)), level=level)
            with office.ledgers.transaction(read_only=True) as ledger, call.progress("计算…", "Counting …"):
                document = make_report(ledger, office.node, wanted)
        bring_out(call, document, written, out, force=force)


def place_of(call: Call, office: Office, named: str | None) -> str:
    """The jurisdiction to report on: the named one of any level, or the only county served."""
    return call.county(office, None) if named is None else office.node.divisions.normalise(named)


def period_of(
    rules: RuleSet, now: datetime, month: str | None, days: tuple[datetime | None, datetime | None]
) -> tuple[Period, datetime]:
    """The period, and the moment as of which it is reported by default; WhichPeriod."""
    first, last = days
    if first is not None and last is not None and month is None and first <= last:
        try:
            return Period(first=first.date(), last=last.date()), now
        except ValueError as exc:
            raise WhichPeriod from exc
    if first is not None or last is not None:
        raise WhichPeriod
    try:
        month = month or rules.month_of(civil_day(now))
        return rules.statistical_month(month), rules.default_as_of(month)
    except (ValueError, OverflowError) as exc:
        raise WhichPeriod(zh="统计月应写作 YYYY-MM，如 2026-03。", en="A month is written YYYY-MM, like 2026-03.") from exc


def check_out(out: Path | None, form: ReportFormat | None, *, force: bool) -> ReportFormat | None:
    """The form to write in, None for the screen; before the work begins, for a file may be there already."""
    if out is None or out == STDOUT:
        if form is ReportFormat.XLSX and sys.stdout.isatty():
            raise typer.BadParameter(say("Excel 文件请用 --out 指定", "name a file for Excel with --out"))
        return form if out is None else form or ReportFormat.JSON
    chosen = form or next((known for known in ReportFormat if out.suffix.lower() == f".{known}"), None)
    if chosen is None:
        raise typer.BadParameter(say("请用 --format 指定格式", "name the form with --format"))
    check_free(out, force=force)
    return chosen


def bring_out(call: Call, document: Document, form: ReportFormat | None, out: Path | None, *, force: bool) -> None:
    """Write the document into a file that only its owner reads, or show it."""
    if form is not None:
        bring_out_bytes(call, write_document(document, form), out, force=force)
    elif call.json:
        show.print_json(as_plain(document))
    else:
        _print(document)


def bring_out_bytes(call: Call, data: bytes, out: Path | None, *, force: bool) -> None:
    """The same for bytes."""
    write_private(out or STDOUT, data, force=force)
    if out is not None and out != STDOUT:
        call.done({"file": str(out)}, f"已写入 {out}", f"Written to {out}")


def _print(document: Document) -> None:
    console = show.console()
    console.print(say(*document.title))
    for head, fact in facts_of(document.basis):
        console.print(f"{say(*head)}: {say(*fact)}")
    for sentence in document.lead:
        console.print(say(*sentence))
    for table in document.tables:
        _print_table(table, document.title)


def _print_table(table: Table, title: Text) -> None:
    lines = table.rows if table.totals is None else (*table.rows, table.totals)
    rows = [dict(zip((column.key for column in table.columns), map(shown, line), strict=True)) for line in lines]
    heads = {column.key: (column.full.zh, column.full.en) for column in table.columns}
    named = "" if table.title == title else say(*table.title)
    if len(heads) > _MOST_COLUMNS:
        # Side by side, so many columns would be a character wide each.
        if named:
            show.console().print(named)
        for row in rows:
            show.print_card(row, heads)
            show.console().print()
    else:
        show.print_table(rows, heads, title=named)
    for note in table.footnotes:
        show.console().print(both(note))
