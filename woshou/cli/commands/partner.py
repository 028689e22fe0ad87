"""`woshou partner`: add another node, confirm it, look at it, suspend it."""

from typing import Annotated, Any

import typer

from adapters.keys.fingerprint import link_id, same_fingerprint
from adapters.partner_http import PartnerClient, http_client
from adapters.renewal import Renewals
from api.models.partners import FindingShown, PartnerShown
from exchange.errors import NotFound
from exchange.ledger import Ledger, Page
from exchange.partners import FingerprintDiffers, Partner
from exchange.verbs.onboard import add_partner, confirm_partner
from exchange.verbs.suspend import resume, suspend
from woshou.cli.call import Call, command, group
from woshou.cli.commands import comparison, ledgers
from woshou.cli.words import say

_COLUMNS = {
    "node": ("节点", "Node"),
    "name": ("单位", "Office"),
    "status": ("状态", "Status"),
    "confirmed": ("已确认地区", "Confirmed"),
    "queued": ("待发", "Queued"),
    "last_contact_at": ("最近联络", "Last contact"),
    "trouble": ("问题", "Trouble"),
}
_CARD = {
    "node": ("节点", "Node"),
    "name": ("单位", "Office"),
    "url": ("地址", "Address"),
    "status": ("状态", "Status"),
    "environment": ("环境", "Environment"),
    "fingerprint": ("指纹", "Fingerprint"),
    "document_version": ("节点文件版本", "Document version"),
    "claimed": ("声明地区", "Claimed"),
    "confirmed": ("已确认地区", "Confirmed"),
    "link": ("链路", "Link"),
    "queued": ("待发消息", "Messages queued"),
    "sent": ("已发批次", "Batches sent"),
    "receipted": ("已有回执", "Receipted"),
    "received": ("已收批次", "Batches received"),
    "attempts": ("失败次数", "Failed attempts"),
    "retry_at": ("下次尝试", "Next attempt"),
    "last_contact_at": ("最近联络", "Last contact"),
    "trouble": ("问题", "Trouble"),
}
_FINDINGS = {
    "at": ("时间", "At"),
    "kind": ("种类", "Kind"),
    "partner": ("协作方", "Partner"),
    "subject": ("事项", "Subject"),
    "detail": ("详情", "Detail"),
    "settled_at": ("已消除", "Settled"),
}
NodeName = Annotated[str, typer.Argument(help=say("协作方节点名", "the partner's node name"))]


def _shown(ledger: Ledger, partner: Partner) -> PartnerShown:
    link = ledger.links.of(partner.node)
    return PartnerShown.of(partner, link, ledger.messages.queue_lengths().get(link.id, 0) if link else 0)


def _flat(row: PartnerShown) -> dict[str, Any]:
    return {**vars(row), **(vars(row.link) if row.link is not None else {})}


def _print(call: Call, row: PartnerShown) -> None:
    call.card(row if call.json else _flat(row), _CARD)


def install(app: typer.Typer) -> None:
    """Add the group."""
    partner = group("协作方：添加、确认、查看、暂停、恢复", "Partners: add, confirm, show, suspend, resume")
    app.add_typer(partner, name="partner")
    _install_onboarding(partner)
    _install_standing(partner)
    comparison.install(partner)
    ledgers.install(partner)


def _install_onboarding(app: typer.Typer) -> None:
    @command(app, "add", zh="添加协作方节点（读取其节点文件）", en="Add a partner's node (reads its node document)")
    def add(call: Call, url: Annotated[str, typer.Argument(help=say("节点地址", "the node's address"))]) -> None:
        with call.office() as office, http_client(reach=office.reach) as client:
            found = PartnerClient(office, client).look(url)
            with office.ledgers.transaction() as ledger:
                add_partner(ledger, office.node, found)
                row = _shown(ledger, found)
        _print(call, row)
        call.note(
            "请通过电话等另一渠道与对方管理员核对指纹，然后运行 woshou partner confirm。",
            "Compare the fingerprint with the other operator over another channel, then run `woshou partner confirm`.",
        )

    @command(
        app, "confirm", zh="核对指纹后确认协作方及其地区", en="Confirm a partner and its counties, once its fingerprint fits"
    )
    def confirm(
        call: Call,
        node: NodeName,
        fingerprint: Annotated[str, typer.Option(help=say("对方读出的指纹", "what the other operator reads out"))],
        jurisdiction: Annotated[list[str], typer.Option(help=say("确认其服务的区县，可多次", "county confirmed; repeatable"))],
        link: Annotated[
            str | None, typer.Option(help=say("链路编号，默认由双方指纹得出", "link; by default from both prints"))
        ] = None,
    ) -> None:
        with call.office() as office:
            own = office.keyring.fingerprint(office.now())
            with office.ledgers.transaction() as ledger:
                known = ledger.partners.get(node)
                if known is None:
                    raise NotFound
                if not same_fingerprint(known.fingerprint, fingerprint):
                    raise FingerprintDiffers
                joined = link or link_id(office.node.name, own, node, known.fingerprint)
                row = _shown(ledger, confirm_partner(ledger, office.node, known, joined, frozenset(jurisdiction)))
        _print(call, row)

    @command(app, "renew", zh="重新读取协作方节点文件", en="Look at a partner's node document anew")
    def renew(call: Call, node: NodeName) -> None:
        with call.office() as office, http_client(reach=office.reach) as client:
            renewed = Renewals(office, PartnerClient(office, client)).renew(node)
            with office.ledgers.transaction(read_only=True) as ledger:
                known = ledger.partners.get(node)
                if known is None:
                    raise NotFound
                row = _shown(ledger, renewed or known)
        _print(call, row)


def _install_standing(app: typer.Typer) -> None:
    @command(app, "list", zh="列出协作方", en="List partners")
    def list_partners(call: Call) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            rows = [_shown(ledger, partner) for partner in ledger.partners.all()]
        call.rows(rows if call.json else [_flat(row) for row in rows], _COLUMNS)

    @command(app, "show", zh="查看协作方及其链路", en="Show a partner and its link")
    def show(call: Call, node: NodeName) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            known = ledger.partners.get(node)
            if known is None:
                raise NotFound
            row = _shown(ledger, known)
        _print(call, row)

    @command(app, "suspend", zh="暂停与协作方的联络", en="Suspend a partner")
    def suspend_partner(call: Call, node: NodeName) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            row = _shown(ledger, suspend(ledger, node, office.now()))
        _print(call, row)

    @command(app, "resume", zh="恢复与协作方的联络", en="Resume a suspended partner")
    def resume_partner(call: Call, node: NodeName) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            row = _shown(ledger, resume(ledger, office.node, node))
        _print(call, row)

    @command(app, "findings", zh="列出需人工处理的情况", en="List what people should look at")
    def findings(call: Call, limit: Annotated[int, typer.Option(min=1, max=1000, help=say("条数", "how many"))] = 50) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            found = [FindingShown.of(row) for row in ledger.chores.findings(Page(limit=limit))]
        call.rows(found, _FINDINGS)
