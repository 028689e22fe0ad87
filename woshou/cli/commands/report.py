"""`woshou report`: the rates, each with its numerator and denominator; the reports made of them are beside this module."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

import typer

from api.models.handshakes import RunBehind
from api.models.rates import RateShown, ReportShown, RowShown
from exchange.codes import Event, Kind, Purpose, RegisterKind
from exchange.counting.query import EVERYTHING, Narrowing, ReportQuery, month_query
from exchange.jurisdiction import Category
from exchange.moments import Period, civil_day
from exchange.rates import Cohort, RateName
from exchange.terms.rules import RuleSet
from exchange.verbs.report import rows_behind
from exchange.verbs.reporting.by_purpose import shown_report
from woshou.cli.call import Call, Group, command, group
from woshou.cli.commands.reporting import frozen, tables
from woshou.cli.commands.reporting.period import WhichPeriod
from woshou.cli.commands.upkeep import read_moment
from woshou.cli.show import print_json
from woshou.cli.words import say

RATES = "rates"
NAMES: dict[RateName, tuple[str, str]] = {
    RateName.FEEDBACK_GIVEN: ("反馈率", "Feedback given"),
    RateName.FEEDBACK_OBTAINED: ("收到反馈率", "Feedback obtained"),
    RateName.OUTFLOW_FEEDBACK: ("流出信息反馈率", "Outflow feedback"),
    RateName.INFLOW_FEEDBACK: ("流入信息反馈率", "Inflow feedback"),
    RateName.ON_TIME: ("及时反馈率", "On time"),
    RateName.KEY_INFORMATION: ("重点信息反馈率", "Key information"),
    RateName.EXCHANGE: ("信息交流率", "Exchange"),
    RateName.CONFIRMATION: ("确认率", "Confirmation"),
    RateName.HANDSHAKE: ("握手率", "Handshake"),
    RateName.FIELD_AGREEMENT: ("字段一致率", "Field agreement"),
    RateName.ENTRY: ("入机率", "Entry"),
    RateName.CERTIFICATE_VERIFICATION: ("验证率", "Certificate verification"),
    RateName.COVERAGE: ("协作到位率", "Coverage"),
}
_COLUMNS = {
    "jurisdiction": ("地区", "Jurisdiction"),
    "township": ("乡镇", "Township"),
    "name": ("指标", "Rate"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
    "percent": ("比率", "Value"),
    "reason": ("说明", "Reason"),
}
_ROWS = {
    "id": ("编号", "Id"),
    "own": ("本方", "Own"),
    "other": ("对方", "Other"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
}
# Of a rate that rests on reconciliations: what both sides hold of the run.
_RUNS = {
    "id": ("编号", "Id"),
    "own": ("本方", "Own"),
    "other": ("对方", "Other"),
    "partner": ("协作方", "Partner"),
    "ended_at": ("对账时间", "Reconciled"),
    "counts": ("比率", "Rate"),
    "agreeing": ("一致", "Agree"),
    "differing": ("不一致", "Differ"),
    "coarse": ("粗略", "Coarse"),
    "outflow_only": ("仅流出", "Out only"),
    "inflow_only": ("仅流入", "In only"),
    "numberless": ("无证件", "Numberless"),
    "coarse_left": ("不明确", "Unfound"),
}
_BASIS = {
    "period": ("统计期", "Period"),
    "cohort": ("归期", "Cohort"),
    "as_of": ("截至", "As of"),
    "rules": ("规则集", "Rule set"),
    "divisions": ("区划版本", "Divisions"),
}


def _flat(rate: RateShown) -> dict[str, Any]:
    reason = say(rate.reason.zh, rate.reason.en) if rate.reason else None
    return {**vars(rate), "name": say(*NAMES[rate.rate]), "reason": reason}


def _basis(made: ReportShown) -> dict[str, Any]:
    """What all figures of a report rest on."""
    first = made.figures[0].rates[0]
    return {**vars(made), "period": f"{first.from_} – {first.to}", "cohort": first.cohort}


class _ReportGroup(Group):
    """Without the name of a report it is the rates that are asked for, as it was before there were others."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words, with the name put in where there is none."""
        named = bool(args) and (args[0] == "--help" or not args[0].startswith("-"))
        return super().parse_args(ctx, args if named else [RATES, *args])


def install(app: typer.Typer) -> None:
    """Add the group."""
    reports = group("指标与报表", "Rates and reports", kind=_ReportGroup)
    app.add_typer(reports, name="report")
    _install_rates(reports)
    tables.install(reports)
    frozen.install(reports)


def _install_rates(app: typer.Typer) -> None:
    @command(app, RATES, zh="各项指标，附分子分母", en="The rates, with numerator and denominator")
    def rates(
        call: Call,
        jurisdiction: Annotated[
            list[str] | None, typer.Option(help=say("地区代码，可多次；默认全部所服务区县", "division; repeatable"))
        ] = None,
        month: Annotated[str | None, typer.Option(help=say("统计月 YYYY-MM", "statistical month YYYY-MM"))] = None,
        first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help=say("起", "first day"))] = None,
        last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help=say("止", "last day"))] = None,
        cohort: Annotated[
            Cohort, typer.Option(help=say("按首次期限或按提交", "by first due date, or by submission"))
        ] = Cohort.DUE,
        as_of: Annotated[str | None, typer.Option(help=say("截至时刻，默认现在", "as of; now by default"))] = None,
        partner: Annotated[str | None, typer.Option(help=say("仅某协作方节点", "only one partner's node"))] = None,
        kind: Annotated[Kind | None, typer.Option(help=say("仅某种类", "only one kind"))] = None,
        event: Annotated[Event | None, typer.Option(help=say("仅某事件", "only one event"))] = None,
        purpose: Annotated[Purpose | None, typer.Option(help=say("仅某用途", "only one purpose"))] = None,
        register: Annotated[RegisterKind | None, typer.Option(help=say("仅流出或流入", "only one register"))] = None,
        intra_city: Annotated[bool, typer.Option("--intra-city", help=say("市内人户分离", "movers within a city"))] = False,
        parts: Annotated[bool, typer.Option("--parts", help=say("分列下级地区", "with the divisions below"))] = False,
        rows: Annotated[RateName | None, typer.Option("--rows", help=say("列出某指标的明细", "the rows behind a rate"))] = None,
    ) -> None:
        narrowing = Narrowing(
            partner=partner,
            kind=kind,
            event=event,
            purpose=purpose,
            register=register,
            category=Category.INTRA_CITY if intra_city else EVERYTHING.category,
        )
        with call.office() as office:
            now = office.now()
            codes = tuple(jurisdiction or sorted(office.node.jurisdictions))
            if (first is None) is not (last is None) or (first and month):
                raise WhichPeriod
            period = (first.date(), last.date()) if first and last else None
            wanted = query_of(
                codes,
                now,
                rules=office.node.rules,
                month=month,
                period=period,
                as_of=as_of,
                cohort=cohort,
                narrowing=narrowing,
                parts=parts,
            )
            with office.ledgers.transaction(read_only=True) as ledger, call.progress("计算…", "Counting …"):
                if rows is not None:
                    behind = [row for code in codes for row in rows_behind(ledger, office.node, wanted, code, rows)]
                    _print_rows(call, [RowShown.of(row) for row in behind])
                    return
                made = ReportShown.of(shown_report(ledger, office.node, wanted))
        if call.json:
            print_json(made)
        else:
            call.card(_basis(made), _BASIS)
            call.rows([_flat(rate) for figures in made.figures for rate in figures.rates], _COLUMNS)


def _print_rows(call: Call, rows: list[RowShown]) -> None:
    runs = [(row, row.run) for row in rows if row.run is not None]
    if call.json or not runs:
        call.rows(rows, _ROWS)
        return
    told = [
        {**vars(run), **vars(row), "counts": f"{row.numerator}/{row.denominator}", "numberless": _together(run)}
        for row, run in runs
    ]
    call.rows(told, _RUNS)


def _together(run: RunBehind) -> int | None:
    counts = [count for count in (run.numberless_outflow, run.numberless_inflow) if count is not None]
    return sum(counts) if counts else None


def query_of(
    codes: tuple[str, ...],
    now: datetime,
    *,
    rules: RuleSet,
    month: str | None,
    period: tuple[date, date] | None,
    as_of: str | None,
    cohort: Cohort,
    narrowing: Narrowing,
    parts: bool,
) -> ReportQuery:
    """What is asked for; without a period, the statistical month that the clock stands in."""
    moment = min(read_moment(as_of, now), now) if as_of else now
    if month is None and period is None:
        month = rules.month_of(civil_day(now))
    if month is not None:
        try:
            query = month_query(month, codes, now, rules=rules, cohort=cohort, narrowing=narrowing, parts=parts)
        except ValueError as exc:
            raise WhichPeriod(zh="统计月应写作 YYYY-MM，如 2026-03。", en="A month is written YYYY-MM, like 2026-03.") from exc
        return query if as_of is None else replace(query, as_of=moment)
    if period is None or period[1] < period[0]:
        raise WhichPeriod
    try:
        days = Period(first=period[0], last=period[1])
    except ValueError as exc:
        raise WhichPeriod from exc
    return ReportQuery(
        jurisdictions=codes,
        period=days,
        as_of=moment,
        cohort=cohort,
        narrowing=narrowing,
        parts=parts,
    )
