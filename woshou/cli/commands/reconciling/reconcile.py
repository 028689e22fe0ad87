"""`woshou reconcile`, `reconciliation`: reconcile with partners, look at what came of it, release a pair above its limit."""

from typing import Annotated

import typer

from adapters.partner_http import PartnerClient, http_client
from adapters.reconciling.night import Account
from adapters.reconciling.tokens import TokenKeeper
from adapters.reconciling.whole import reconciling_of
from adapters.renewal import Renewals
from api.models.reconciling.reconciliations import (
    LeftOutShown,
    LinkReconciled,
    ReconciliationShown,
    ReconciliationWhole,
    pairs_shown,
)
from exchange.errors import NotFound
from exchange.ledger import Page
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import By, Scope
from exchange.verbs.reconciling.review import MOST_DAYS, beside, release, review
from woshou.cli import show
from woshou.cli.call import Call, command, group
from woshou.cli.commands.reconciling.following import Bars, begins, stopped_by_hand
from woshou.cli.commands.reconciling.tables import print_steps
from woshou.cli.exits import Exit
from woshou.cli.words import say

_CARD = {
    "id": ("编号", "Id"),
    "started_by": ("发起", "Started by"),
    "partner": ("仅协作方", "Only partner"),
    "origin": ("仅户籍地", "Only origin"),
    "destination": ("仅现居住地", "Only destination"),
    "business_date": ("日期", "Date"),
    "began_at": ("开始", "Began"),
    "ended_at": ("结束", "Ended"),
    "links": ("链路", "Links"),
    "pairs": ("台账对", "Pairs"),
}
PartnerOption = Annotated[str | None, typer.Option(help=say("仅某协作方节点", "only this partner's node"))]
OriginOption = Annotated[str | None, typer.Option(help=say("仅该户籍地（可为市、省）", "only this origin, or all within it"))]
DestinationOption = Annotated[
    str | None, typer.Option(help=say("仅该现居住地（可为市、省）", "only this destination, or all within it"))
]


def install(app: typer.Typer) -> None:
    """Add the command and the group."""

    @command(app, "reconcile", zh="与协作方对账：链路账目与台账", en="Reconcile with partners: ledgers and registers")
    def reconcile(
        call: Call,
        partner: PartnerOption = None,
        origin: OriginOption = None,
        destination: DestinationOption = None,
        dry_run: Annotated[
            bool,
            typer.Option(
                "--dry-run",
                help=say("只比对台账，本方不记录、不更改", "only compare registers; keep and change nothing here"),
                show_default=False,
            ),
        ] = False,
    ) -> None:
        scope = Scope(partner=partner, origin=origin, destination=destination)
        begins(call)
        with call.office() as office, http_client(reach=office.reach) as client, stopped_by_hand(call) as stopping:
            calling = PartnerClient(office, client)
            reconciling = reconciling_of(office, calling, Renewals(office, calling), TokenKeeper(office))
            with show.progress() as bars:
                account = reconciling.run(By.HAND, scope, stopping, dry_run=dry_run, watch=Bars(bars))
            with office.ledgers.transaction(read_only=True) as ledger:
                seen = beside(ledger, office.node, account.reconciliation.began_at, account.runs)
        shown = ReconciliationWhole(
            **dict(ReconciliationShown.of(account.reconciliation)),
            link_steps=[LinkReconciled.of(step) for step in account.links],
            pair_steps=pairs_shown(seen, account.failed),
            left_out=[LeftOutShown.of(left) for left in account.left_out],
        )
        _tell(call, account, shown)

    reconciliations = group("对账：列表、结果、放行", "Reconciliations: list, results, release")
    app.add_typer(reconciliations, name="reconciliation")
    _install_group(reconciliations)


def _tell(call: Call, account: Account, shown: ReconciliationWhole) -> None:
    if call.json:
        state = {"dry_run": account.dry_run, "settled": account.settled, "resumed": account.resumed, "waiting": account.waiting}
        show.print_json({**shown.model_dump(mode="json"), **state, "id": None if account.dry_run else shown.id})
    else:
        print_steps(call, shown.link_steps, shown.pair_steps, shown.left_out)
    if account.waiting:
        call.note(
            f"已停止，尚余 {account.waiting} 步：当日再运行同一命令即从此处继续。",
            f"Stopped with {account.waiting} steps left: run the same command again today, and it goes on from here.",
        )
    elif not account.settled:
        call.note(
            "尚有差异、失败或待放行，见上表、woshou worklist 与 woshou partner findings。",
            "Something differs, failed, or waits to be released: see above, `woshou worklist` and `woshou partner findings`.",
        )
    if not account.settled:
        raise typer.Exit(Exit.UNSETTLED)


def _install_group(app: typer.Typer) -> None:
    @command(app, "list", zh="列出对账，最近的在前", en="List reconciliations, the newest first")
    def listed(call: Call, limit: Annotated[int, typer.Option(min=1, max=1000, help=say("条数", "how many"))] = 30) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            rows = [ReconciliationShown.of(held) for held in ledger.reconciliations.find(Page(limit=limit))]
        call.rows(rows if call.json else [{**vars(row), "started_by": row.by} for row in rows], _CARD)

    @command(app, "show", zh="显示一次对账：差异与已消除的", en="Show a reconciliation: what differs and what was repaired")
    def shown(
        call: Call,
        reconciliation: Annotated[
            str | None, typer.Argument(help=say("编号，默认最近一次", "id; the newest by default"), show_default=False)
        ] = None,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            newest = [held.id for held in ledger.reconciliations.find(Page(limit=1))]
            wanted = reconciliation or next(iter(newest), None)
            if wanted is None:
                raise NotFound
            whole = ReconciliationWhole.whole(review(ledger, office.node, office.node.jurisdictions, wanted))
        call.card(whole if call.json else {**vars(whole), "started_by": whole.by}, _CARD)
        if not call.json:
            print_steps(call, whole.link_steps, whole.pair_steps, whole.left_out)

    @command(app, "release", zh="准许一对台账超出差异限额比对", en="Let a pair be compared above its limit of differences")
    def released(
        call: Call,
        partner: Annotated[str, typer.Argument(help=say("协作方节点", "the partner's node"))],
        origin: Annotated[str, typer.Option(help=say("户籍地区县", "the origin, a county"))],
        destination: Annotated[str, typer.Option(help=say("现居住地区县", "the destination, a county"))],
        limit: Annotated[int, typer.Option(help=say("至多多少人有差异", "how many persons may differ"))],
        days: Annotated[int, typer.Option(help=say(f"有效天数，至多 {MOST_DAYS}", f"days, {MOST_DAYS} at most"))] = 7,
    ) -> None:
        pair = Pair(origin=origin, destination=destination)
        with call.office() as office, office.ledgers.transaction() as ledger:
            made = release(ledger, office.node, partner, pair, limit, days, "operator", office.now())
        until = show.cell(made.until)
        call.done(
            show.plain(made),
            f"已放行：{origin} → {destination} 至多 {limit} 人有差异，至 {until}。对方亦须放行。",
            f"Released: up to {limit} persons may differ in {origin} → {destination} until {until}. The partner must do so too.",
        )
