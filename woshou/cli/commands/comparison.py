"""`woshou partner compare`, `comparisons`: hold the figures of a link beside the other side's."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from adapters.comparing import Comparer
from adapters.partner_http import PartnerClient, http_client
from adapters.renewal import Renewals
from api.models.comparisons import ComparisonShown, ComparisonWhole
from exchange.comparing.frame import period_of
from exchange.ledger import Page
from exchange.moments import civil_day, statistical_month
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.commands.reporting.period import WhichPeriod
from woshou.cli.words import say

_CARD = {
    "partner": ("协作方", "Partner"),
    "period": ("统计期", "Period"),
    "as_of": ("截至（当日 24:00）", "As of 24:00 of"),
    "sent": ("本方日志位置", "Own log up to batch"),
    "received": ("对方日志位置", "Partner's log up to batch"),
    "equal": ("双方一致", "Equal"),
    "differ": ("不一致事项", "Exchanges that differ"),
    "exchanges_ours": ("本方事项", "Exchanges here"),
    "exchanges_theirs": ("对方事项", "Exchanges there"),
    "rules_ours": ("本方规则集", "Rules here"),
    "rules_theirs": ("对方规则集", "Rules there"),
}
_LISTED = ("partner", "period", "equal", "differ", "exchanges_ours", "exchanges_theirs")
_COLUMNS = {"at": ("时间", "At"), **{name: _CARD[name] for name in _LISTED}}
_CELLS = {
    "asked": ("被询方", "Asked"),
    "asking": ("发起方", "Asking"),
    "kind": ("种类", "Kind"),
    "event": ("事件", "Event"),
    "cohort": ("归期", "Cohort"),
    "ours": ("本方 已反馈/及时/全部", "Here: answered/on time/all"),
    "theirs": ("对方 已反馈/及时/全部", "There: answered/on time/all"),
    "equal": ("一致", "Equal"),
}


def install(app: typer.Typer) -> None:
    """Add the commands to those about partners."""

    @command(app, "compare", zh="与协作方比对一个链路的指标", en="Compare a link's figures with the partner's")
    def compare(
        call: Call,
        node: Annotated[
            str, typer.Argument(help=say("协作方节点名；本节点名即本地链路", "the partner; own name: the local link"))
        ],
        month: Annotated[
            str | None, typer.Option(help=say("统计月 YYYY-MM，默认最近结束的一个", "statistical month; the last one by default"))
        ] = None,
    ) -> None:
        with call.office() as office, http_client(reach=office.reach) as client, show.progress() as bar:
            yesterday = civil_day(office.now()) - timedelta(days=1)
            try:
                period = statistical_month(month) if month else period_of(yesterday)
            except ValueError as exc:
                raise WhichPeriod(
                    zh="统计月应写作 YYYY-MM，如 2026-03。", en="A month is written YYYY-MM, like 2026-03."
                ) from exc
            task = bar.add_task(say("比对…", "Comparing …"), total=None)
            calling = PartnerClient(office, client)
            comparer = Comparer(office, calling, Renewals(office, calling))
            compared = comparer.compare(node, period, yesterday, lambda done, of: bar.update(task, completed=done, total=of))
        shown = ComparisonWhole.within(compared, office.node.jurisdictions)
        call.card(shown if call.json else _flat(shown), _CARD)
        if not call.json:
            call.rows(_cells(shown), _CELLS)
        if not compared.equal:
            call.note(
                "双方不一致，逐项见 woshou partner findings。",
                "The sides differ; each exchange is among `woshou partner findings`.",
            )

    @command(app, "comparisons", zh="列出与协作方的比对", en="List comparisons with partners")
    def comparisons(
        call: Call,
        partner: Annotated[str | None, typer.Option(help=say("仅某协作方节点", "only one partner's node"))] = None,
        limit: Annotated[int, typer.Option(min=1, max=1000, help=say("条数", "how many"))] = 50,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            rows = [ComparisonShown.of(row) for row in ledger.comparisons.find(partner, Page(limit=limit))]
        call.rows(rows if call.json else [_flat(row) for row in rows], _COLUMNS)


def _flat(shown: ComparisonShown) -> dict[str, Any]:
    at_least = "" if shown.whole else "≥ "
    return {**vars(shown), "period": f"{shown.first} – {shown.last}", "differ": f"{at_least}{shown.differ}"}


def _cells(shown: ComparisonWhole) -> list[dict[str, Any]]:
    rows = []
    for pair in shown.cells:
        for cohort in ("due", "submitted"):
            ours, theirs = getattr(pair, f"{cohort}_ours"), getattr(pair, f"{cohort}_theirs")
            told = {name: _counts(counts) for name, counts in (("ours", ours), ("theirs", theirs))}
            rows.append({**vars(pair), **told, "cohort": cohort, "equal": ours == theirs})
    return rows


def _counts(counts: Any) -> str:
    return "—" if counts is None else f"{counts.answered} / {counts.on_time} / {counts.all}"
