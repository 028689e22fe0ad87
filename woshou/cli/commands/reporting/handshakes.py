"""`woshou rates handshake`: how far two registers know the same people, over days or months."""

from datetime import datetime
from typing import Annotated, Any

import typer

from api.models.handshakes import SeriesShown
from exchange.codes import RegisterKind
from exchange.counting.query import EVERYTHING, Narrowing
from exchange.counting.reconciled.series import Every, SeriesQuery, span_of
from exchange.jurisdiction import Category
from exchange.verbs.counting.handshakes import handshake_series
from woshou.cli.call import Call, command
from woshou.cli.commands.reporting.period import WhichPeriod
from woshou.cli.commands.reporting.tables import place_of
from woshou.cli.show import print_json
from woshou.cli.words import say

_POINTS = {
    "partner": ("协作方", "Partner"),
    "as_of": ("截至", "As of"),
    "numerator": ("双方均有", "In both"),
    "denominator": ("任一方有", "In either"),
    "percent": ("握手率", "Handshake"),
    "agreement_percent": ("字段一致率", "Field agreement"),
    "outflow_only": ("仅流出", "Outflow only"),
    "inflow_only": ("仅流入", "Inflow only"),
}


def install(rates: typer.Typer) -> None:
    """Add the command to the group of the rates."""

    @command(rates, "handshake", zh="握手率走势：按日或按统计月", en="The handshake over days or statistical months")
    def read_handshake_series(
        call: Call,
        jurisdiction: Annotated[
            str | None,
            typer.Option(help=say("地区代码；只服务一县时可省略", "division; may be left out where one county is served")),
        ] = None,
        partner: Annotated[str | None, typer.Option(help=say("仅某协作方节点", "only one partner node"))] = None,
        register: Annotated[RegisterKind | None, typer.Option(help=say("仅流出或流入", "only one register"))] = None,
        first: Annotated[
            datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help=say("首日，默认 30 天或 12 个月", "first day"))
        ] = None,
        until: Annotated[
            datetime | None,
            typer.Option("--until", formats=["%Y-%m-%d"], help=say("末日，默认今日", "last day; today by default")),
        ] = None,
        step: Annotated[Every, typer.Option(help=say("按日或按统计月", "by day or by statistical month"))] = Every.DAY,
        by_partner: Annotated[
            bool, typer.Option("--by-partner", help=say("另列各协作方", "also each partner by itself"))
        ] = False,
        intra_city: Annotated[bool, typer.Option("--intra-city", help=say("市内人户分离", "movers within a city"))] = False,
    ) -> None:
        with call.office() as office:
            now, node = office.now(), office.node
            place = place_of(call, office, jurisdiction)
            days = (first and first.date(), until and until.date())
            try:
                span = span_of(*days, step, node.rules, now)
            except (ValueError, OverflowError) as exc:
                raise WhichPeriod(
                    zh="起始日不晚于终止日和今日，至多 400 个点。",
                    en="The first day is not after the last or today, and there are at most 400 points.",
                ) from exc
            query = SeriesQuery(
                jurisdiction=place,
                moments=span.moments,
                narrowing=Narrowing(
                    partner=partner,
                    register=register,
                    category=Category.INTRA_CITY if intra_city else EVERYTHING.category,
                ),
                by_partner=by_partner,
            )
            with office.ledgers.transaction(read_only=True) as ledger, call.progress("计算…", "Counting …"):
                made = SeriesShown.of(handshake_series(ledger, node, query), span.first, span.last)
        if call.json:
            print_json(made)
        else:
            call.rows([_flat(point) for point in made.points], _POINTS)


def _flat(point: Any) -> dict[str, Any]:
    return {**vars(point), "partner": point.partner or say("全部", "all")}
