"""`woshou escalation`, `trouble`: what lies before coordinators, and what is wrong."""

from typing import Annotated

import typer

from api.models.clocks.escalations import EscalationShown, TroubleShown
from exchange.cursors import escalation_cursor, trouble_cursor
from exchange.errors import NotFound
from exchange.ledger import Page
from exchange.verbs.clocks.escalate import acknowledge, raise_escalation
from woshou.cli.call import Call, command, group
from woshou.cli.sides import ExchangeId, RoleOption, side
from woshou.cli.words import say

_ESCALATIONS = {
    "id": ("编号", "Escalation"),
    "exchange": ("交换编号", "Exchange"),
    "role": ("角色", "Role"),
    "own": ("本方", "Own"),
    "other": ("对方", "Other"),
    "to": ("提交至", "Before"),
    "stays": ("无上级", "Nobody higher"),
    "level": ("级", "Level"),
    "why": ("原因", "Why"),
    "due": ("期限", "Due"),
    "raised_at": ("提出", "Raised"),
    "acknowledged_at": ("受理", "Acknowledged"),
    "resolved_at": ("办结", "Resolved"),
}
_TROUBLES = {
    "trouble": ("种类", "Kind"),
    "subject": ("对象", "About"),
    "began_at": ("开始", "Began"),
    "ended_at": ("结束", "Ended"),
}
AfterOption = Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))]


def install(app: typer.Typer) -> None:
    """Add the groups."""
    escalation = group("督办：列出、提交、受理", "Escalations: list, raise, acknowledge")
    trouble = group("告警：列出", "Troubles: list")
    app.add_typer(escalation, name="escalation")
    app.add_typer(trouble, name="trouble")
    _install_escalations(escalation)

    @command(trouble, "list", zh="列出告警；没有结束时间的仍在持续", en="List troubles; those without an end last")
    def list_troubles(call: Call, after: AfterOption = "", limit: LimitOption = 100) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            found = ledger.troubles.find(Page(after=after, limit=limit))
        rows = [TroubleShown.of(each) for each in found]
        listed = rows if call.json else [{**vars(row), "trouble": row.kind} for row in rows]
        call.rows(listed, _TROUBLES, next=trouble_cursor(found[-1]) if len(found) == limit else None)


def _install_escalations(app: typer.Typer) -> None:
    @command(app, "list", zh="列出督办事项（不含个人信息）", en="List escalations (without persons)")
    def list_escalations(
        call: Call,
        to: Annotated[str | None, typer.Option(help=say("提交至该地区的", "before this jurisdiction"))] = None,
        resolved: Annotated[bool | None, typer.Option("--resolved/--standing", help=say("已办结或未办结", "or not"))] = None,
        after: AfterOption = "",
        limit: LimitOption = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            page = Page(after=after, limit=limit)
            found = ledger.escalations.find(office.node.jurisdictions, page, to=to, resolved=resolved)
        rows = [EscalationShown.of(each) for each in found]
        call.rows(rows, _ESCALATIONS, next=escalation_cursor(found[-1]) if len(found) == limit else None)

    @command(app, "raise", zh="将事项提交上一级协作负责人", en="Put an exchange before the next higher coordinator")
    def raise_one(call: Call, exchange: ExchangeId, role: RoleOption = None) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            made = raise_escalation(ledger, office.node, side(ledger, exchange, role), office.now())
        call.card(EscalationShown.of(made), _ESCALATIONS)

    @command(app, "acknowledge", zh="受理督办", en="Acknowledge an escalation, for the jurisdiction before which it lies")
    def acknowledge_one(call: Call, escalation: Annotated[str, typer.Argument(help=say("编号", "escalation"))]) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            held = ledger.escalations.get(escalation)
            if held is None:
                raise NotFound
            acknowledged = acknowledge(ledger, held, held.to, office.now())
        call.card(EscalationShown.of(acknowledged), _ESCALATIONS)
