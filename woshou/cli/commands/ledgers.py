"""`woshou partner settle`, `evidence`: bring both sides' ledgers of a link together, and see what only people can settle."""

from typing import Annotated

import typer

from adapters.comparing import Comparer
from adapters.partner_http import PartnerClient, http_client
from adapters.reconciling.ledgers import LedgerReconciler
from adapters.reconciling.steps import link_step
from adapters.renewal import Renewals
from api.models.partners import EvidenceShown
from api.models.reconciling.reconciliations import LinkReconciled
from exchange.errors import NotFound
from exchange.ledger import Page
from exchange.moments import civil_day
from exchange.reconciling.reconciliation import By, Reconciliation, Scope
from exchange.settling.outcome import LedgerOutcome
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.commands.reconciling.tables import LINKS
from woshou.cli.exits import Exit
from woshou.cli.words import say

_CARD = {
    "partner": ("协作方", "Partner"),
    "ours": ("本方日志", "Own log"),
    "theirs": ("对方日志", "Partner's log"),
    "equal": ("指标一致", "Figures equal"),
    **LINKS,
}
_COLUMNS = {
    "at": ("时间", "At"),
    "kind": ("种类", "Kind"),
    "log": ("日志", "Log"),
    "sequence": ("批次", "Batch"),
    "settled_at": ("已了结", "Settled"),
    "id": ("编号", "Id"),
}
_NODE = Annotated[str, typer.Argument(help=say("协作方节点名；本节点名即本地链路", "the partner; own name: the local link"))]


def install(app: typer.Typer) -> None:
    """Add the commands to those about partners."""

    @command(
        app, "settle", zh="与协作方核对台账并补齐双方缺失的批次", en="Settle a link's ledgers: give and take back what is missing"
    )
    def settle(call: Call, node: _NODE) -> None:
        with call.office() as office, http_client(reach=office.reach) as client, call.steps("对账…", "Settling …") as step:
            calling = PartnerClient(office, client)
            renewals = Renewals(office, calling)
            outcome = LedgerReconciler(office, calling, renewals, Comparer(office, calling, renewals)).reconcile(node, step)
        heads = outcome.heads
        stands = {
            "ours": heads.ours if heads is not None else None,
            "theirs": heads.theirs if heads is not None else None,
        }
        call.card({**show.plain(_told(outcome)), **stands}, _CARD)
        if not outcome.settled:
            call.note(
                "尚未对平，见 woshou partner findings 与 woshou partner evidence。",
                "Not settled: see `woshou partner findings` and `woshou partner evidence`.",
            )
            raise typer.Exit(Exit.UNSETTLED)

    @command(
        app, "evidence", zh="列出双方无法自行了结之事的签名存证", en="List both sides' signed words on what they cannot settle"
    )
    def evidence(
        call: Call,
        node: Annotated[str, typer.Argument(help=say("协作方节点名", "the partner's node name"))],
        limit: Annotated[int, typer.Option(min=1, max=1000, help=say("条数", "how many"))] = 50,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            if ledger.partners.get(node) is None:
                raise NotFound
            rows = [EvidenceShown.of(row) for row in ledger.evidence.find(node, Page(limit=limit))]
        call.rows(rows, _COLUMNS)
        if rows and not call.json:
            call.note(
                "双方签名原文见 --json；如何处理见 docs/operations.md。",
                "The signed words are in --json; what to do stands in docs/operations.md.",
            )


def _told(outcome: LedgerOutcome) -> LinkReconciled:
    """As `woshou reconcile` tells it of a link; a settlement by itself is part of no reconciliation that is kept."""
    alone = Reconciliation(
        id="", by=By.HAND, scope=Scope(partner=outcome.partner), business_date=civil_day(outcome.at), began_at=outcome.at, links=1
    )
    return LinkReconciled.of(link_step(alone, outcome))
