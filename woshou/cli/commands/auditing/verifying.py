"""`woshou audit verify`: that nothing of the audit was altered, by what is kept here and by what partners hold."""

from datetime import date
from typing import Annotated, NamedTuple

import typer

from adapters.auditing.handing import UNKNOWN_CALL, proves, recall
from adapters.database.policies import Weakness
from adapters.office import Office
from adapters.partner_http import PartnerClient, PartnerRefused, http_client
from exchange.auditing.chain import AuditRow
from exchange.auditing.event import NODE_WIDE
from exchange.auditing.verifying import Fault
from exchange.errors import NotAuthentic, PartnerTrouble
from exchange.ledger import Ledger
from exchange.node import NotServed
from exchange.partners import PartnerStatus
from exchange.verbs.auditing.verify import Begins, chains, verify_chain
from woshou.cli import show
from woshou.cli.audit import leave_row
from woshou.cli.call import Call, command
from woshou.cli.commands.upkeep import WEAKNESSES
from woshou.cli.exits import Exit
from woshou.cli.words import say

_FAULTS = {
    "jurisdiction": ("区县", "County"),
    "day": ("日期", "Day"),
    "sequence": ("行", "Row"),
    "kind": ("问题", "Fault"),
    "detail": ("说明", "Detail"),
}
_PROVEN = {
    "jurisdiction": ("区县", "County"),
    "signed": ("已签名至", "Signed up to"),
    "witnessed": ("协作方已存至", "Held by partners up to"),
}
_EVERY = 1000
CountyOption = Annotated[
    str | None, typer.Option(help=say("区县代码；node 为全节点事项", "county code; `node` for what concerns the whole node"))
]


def install_verify(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "verify", zh="核验审计链：有无改动、缺失、插入", en="Verify: whether a row was changed, removed or put in")
    def verify(
        call: Call,
        jurisdiction: CountyOption = None,
        partners: Annotated[
            bool, typer.Option("--partners", help=say("先向各协作方索回其所存摘要", "first ask partners back what they hold"))
        ] = False,
    ) -> None:
        faults: list[Fault] = []
        counted, begins, asked = 0, Begins(), dict[str, Asked]()
        proven: list[dict[str, object]] = []
        with call.office() as office, call.steps("核验…", "Verifying …") as step:
            if partners:
                asked = _ask_back(office)
            leave_row()

            def count(row: AuditRow) -> None:
                nonlocal counted
                counted += 1
                begins.note(row)
                if counted % _EVERY == 0:
                    step(counted, 0)

            with office.ledgers.transaction(read_only=True) as ledger:
                wanted = None if jurisdiction is None else wanted_chains(office, jurisdiction)
                for head in chains(ledger, wanted):
                    faults += verify_chain(ledger, head, lambda signed: proves(office, signed), count)
                    proven.append(_proven(ledger, head.jurisdiction))
                if wanted is None:
                    faults += begins.check(ledger, office.node.jurisdictions)
            guarded = Weakness.UNGUARDED not in office.weaknesses()
        troubles = {node: each.trouble for node, each in asked.items()}
        since = {node: each.since for node, each in asked.items()}
        unwitnessed = [each["jurisdiction"] for each in proven if partners and each["witnessed"] is None]
        if call.json:
            show.print_json(
                {
                    "rows": counted,
                    "faults": faults,
                    "guarded": guarded,
                    "proven": proven,
                    "partners": troubles,
                    "held_since": since,
                }
            )
        else:
            _show_verdict(call, counted, faults, asked)
            show.print_table(proven, _PROVEN)
            if partners and (unwitnessed or not proven):
                listed = "、".join(map(str, unwitnessed)) or say("全部", "all")
                call.done(
                    {},
                    f"不能证明：没有任何协作方存有这些链的日末：{listed}。整条链被改写也不会被发现。",
                    f"Not proven: no partner holds an end of these chains: {listed}. Were one rewritten, nobody could tell.",
                )
            if not guarded:
                call.done({}, *WEAKNESSES[Weakness.UNGUARDED])
        if faults or not guarded:
            raise typer.Exit(Exit.AUDIT_BROKEN)
        if any(troubles.values()) or (partners and (unwitnessed or not proven)):
            raise typer.Exit(Exit.PARTNER)


def wanted_chains(office: Office, named: str | None) -> frozenset[str]:
    """The chains that are meant: one county's, the node's own, or all; NotServed."""
    if named is None:
        return office.node.jurisdictions | {NODE_WIDE}
    if named == "node":
        return frozenset({NODE_WIDE})
    if named not in office.node.jurisdictions:
        raise NotServed
    return frozenset({named})


def _proven(ledger: Ledger, jurisdiction: str) -> dict[str, object]:
    """Up to which day a chain cannot have been rewritten unseen: signed here, and held by a partner."""
    signed = max((each.day for each in ledger.audit.signed(jurisdiction)), default=None)
    held = [each.head.day for each in ledger.audit.witnessed(ours=True) if each.head.jurisdiction == jurisdiction]
    return {"jurisdiction": jurisdiction or "node", "signed": signed, "witnessed": max(held, default=None)}


def _place(fault: Fault) -> tuple[date, str, int]:
    return fault.day or date.min, fault.jurisdiction, fault.sequence


class Asked(NamedTuple):
    """What came of asking a partner: what went wrong, empty where nothing did, and the first day of which it holds an end."""

    trouble: str = ""
    since: date | None = None


def _show_verdict(call: Call, counted: int, faults: list[Fault], asked: dict[str, Asked]) -> None:
    """What was found, and who was asked for it: a partner that did not answer has confirmed nothing."""
    if faults:
        first = min(faults, key=_place)
        place = f"{first.jurisdiction or 'node'} · {first.day or '—'} · {first.sequence}"
        call.done(
            {},
            f"第一处问题（区县 · 日期 · 行）：{place} · {first.kind}；共 {len(faults)} 处。",
            f"The first fault (county · day · row): {place} · {first.kind}; {len(faults)} in all.",
        )
        show.print_table([show.members(fault) for fault in faults], _FAULTS)
    else:
        call.done({}, f"本节点所存核验无误：{counted} 行。", f"All {counted} rows hold by what is kept here.")
    for node, (trouble, since) in asked.items():
        if since is not None:
            call.done({}, f"{node} 已应答：存有自 {since} 起的日末。", f"{node} answered: it holds ends of days from {since} on.")
        elif not trouble:
            call.done({}, f"{node} 已应答：没有存下任何日末。", f"{node} answered: it holds no end of a day.")
        if trouble:
            call.done(
                {}, f"未经其核验：{node} 未能应答（{trouble}）", f"Not verified against {node}: it did not answer ({trouble})"
            )


def _ask_back(office: Office) -> dict[str, Asked]:
    """Ask every partner for all ends of days that it holds of this node."""
    with office.ledgers.transaction(read_only=True) as ledger:
        active = [each for each in ledger.partners.all() if each.status is PartnerStatus.ACTIVE]
    told = {}
    with http_client(reach=office.reach) as client:
        calling = PartnerClient(office, client)
        for partner in active:
            try:
                told[partner.node] = Asked(since=recall(office, calling, partner))
            except PartnerRefused as refusal:
                told[partner.node] = Asked("not-supported" if refusal.status in UNKNOWN_CALL else refusal.code)
            except (PartnerTrouble, NotAuthentic) as trouble:
                told[partner.node] = Asked(trouble.code)
    return told
