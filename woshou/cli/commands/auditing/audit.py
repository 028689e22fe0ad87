"""`woshou audit`: who did what, to whose record, and that nothing of it was altered. Each of these leaves a row itself."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.auditing.handing import hand_over, proves
from adapters.database.policies import Weakness
from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from api.models.auditing.rows import AuditRowStored
from exchange.auditing.chain import AuditRow, read_row_id
from exchange.auditing.event import NODE_WIDE
from exchange.auditing.heads import SignedHead
from exchange.auditing.verifying import Fault
from exchange.cursors import audit_cursor
from exchange.errors import NotAuthentic, NotFound, PartnerTrouble
from exchange.ledger import AuditFilter, Ledger, Page
from exchange.node import NotServed
from exchange.partners import PartnerStatus
from exchange.people.document import DocumentType
from exchange.verbs.auditing.verify import chains, verify_chain
from exchange.verbs.auditing.who_saw import subjects_of
from woshou.cli import show
from woshou.cli.audit import leave_row
from woshou.cli.call import Call, command, group
from woshou.cli.commands.upkeep import WEAKNESSES
from woshou.cli.exits import Exit
from woshou.cli.files import check_free, write_private
from woshou.cli.people import read_document
from woshou.cli.words import say

_COLUMNS = {
    "id": ("编号", "Row"),
    "at": ("时间", "At"),
    "actor": ("操作者", "Actor"),
    "action": ("操作", "Action"),
    "purpose": ("用途", "Purpose"),
    "outcome": ("结果", "Outcome"),
    "shown": ("所示内容", "Shown"),
    "count": ("数量", "Count"),
}
_CARD = {
    **_COLUMNS,
    "problem": ("拒绝原因", "Problem"),
    "subjects": ("涉及", "Subjects"),
    "previous": ("前一摘要", "Previous"),
    "digest": ("摘要", "Digest"),
}
_FAULTS = {
    "jurisdiction": ("区县", "County"),
    "day": ("日期", "Day"),
    "sequence": ("行", "Row"),
    "kind": ("问题", "Fault"),
    "detail": ("说明", "Detail"),
}
_HEADS = {
    "jurisdiction": ("区县", "County"),
    "day": ("日期", "Day"),
    "rows": ("行数", "Rows"),
    "digest": ("摘要", "Digest"),
    "at": ("时间", "At"),
    "held_by": ("存于", "Held by"),
}
_PROVEN = {
    "jurisdiction": ("区县", "County"),
    "signed": ("已签名至", "Signed up to"),
    "witnessed": ("协作方已存至", "Held by partners up to"),
}
_EVERY = 1000
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("日期", "civil day"))]
CountyOption = Annotated[
    str | None, typer.Option(help=say("区县代码；node 为全节点事项", "county code; `node` for what concerns the whole node"))
]


def install(app: typer.Typer) -> None:
    """Add the group."""
    audit = group("审计：查看、核验、日末摘要、导出", "The audit: list, verify, heads, export")
    app.add_typer(audit, name="audit")
    _install_reading(audit)
    _install_proving(audit)


def _install_reading(app: typer.Typer) -> None:
    @command(app, "list", zh="列出审计记录", en="List rows of the audit")
    def list_rows(
        call: Call,
        jurisdiction: CountyOption = None,
        first: DayOption = None,
        last: DayOption = None,
        actor: Annotated[str | None, typer.Option(help=say("密钥编号、节点名或账号", "a key's id, a node or an account"))] = None,
        action: Annotated[str | None, typer.Option(help=say("操作、命令或作业", "operation, command or job"))] = None,
        subject: Annotated[str | None, typer.Option(help=say("如 entry:编号、exchange:编号", "such as entry:ID"))] = None,
        person: Annotated[
            bool,
            typer.Option("--person", help=say("按证件号码（提示或标准输入）", "by a document's number (prompt or stdin)")),
        ] = False,
        document: Annotated[DocumentType, typer.Option(help=say("证件类型", "type of document"))] = DocumentType.ID_NUMBER,
        refused: Annotated[
            bool | None, typer.Option("--refused/--done", help=say("仅被拒绝的或仅完成的", "only refused, or only done"))
        ] = None,
        after: Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))] = "",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))] = 100,
    ) -> None:
        subjects = None if subject is None else frozenset({subject})
        asked = read_document(document) if person else None
        with call.office() as office:
            with office.ledgers.transaction(read_only=True) as ledger:
                if asked is not None:
                    subjects = subjects_of(ledger, office.node, office.node.jurisdictions, asked)
                wanted = AuditFilter(
                    jurisdictions=_wanted(office, jurisdiction),
                    first=_day(first),
                    last=_day(last),
                    actor=actor,
                    actions=None if action is None else frozenset({action}),
                    subjects=subjects,
                    refused=refused,
                )
                found = ledger.audit.find(wanted, Page(after=after, limit=limit))
            leave_row()
        rows = [_told(row) for row in found]
        call.rows(rows, _COLUMNS, next=audit_cursor(found[-1]) if len(found) == limit else None)

    @command(app, "show", zh="查看一条审计记录", en="Show one row of the audit")
    def show_row(call: Call, row: Annotated[str, typer.Argument(help=say("编号", "the row's id"))]) -> None:
        try:
            place = read_row_id(row)
        except ValueError:
            raise NotFound from None
        with call.office() as office:
            with office.ledgers.transaction(read_only=True) as ledger:
                found = ledger.audit.get(*place)
            leave_row()
        if found is None:
            raise NotFound
        call.card(_told(found), _CARD)

    @command(app, "export", zh="导出审计链（每行一条 JSON）", en="Export the chains, one JSON line a row")
    def export(
        call: Call,
        file: Annotated[Path, typer.Argument(dir_okay=False, help=say("文件，- 为标准输出", "the file; - for stdout"))],
        jurisdiction: CountyOption = None,
        force: Annotated[bool, typer.Option("--force", help=say("覆盖已有文件", "write over an existing file"))] = False,
    ) -> None:
        check_free(file, force=force)
        with call.office() as office, call.progress("导出…", "Exporting …"):
            with office.ledgers.transaction(read_only=True) as ledger:
                chosen = sorted(_wanted(office, jurisdiction))
                data = b"".join(_line(row) for each in chosen for row in ledger.audit.rows(each))
            leave_row()
        write_private(file, data, force=force)


def _install_proving(app: typer.Typer) -> None:
    @command(app, "verify", zh="核验审计链：有无改动、缺失、插入", en="Verify: whether a row was changed, removed or put in")
    def verify(
        call: Call,
        jurisdiction: CountyOption = None,
        partners: Annotated[
            bool, typer.Option("--partners", help=say("先向各协作方索回其所存摘要", "first ask partners back what they hold"))
        ] = False,
    ) -> None:
        faults: list[Fault] = []
        counted, asked = 0, dict[str, str]()
        proven: list[dict[str, object]] = []
        with call.office() as office, call.steps("核验…", "Verifying …") as step:
            if partners:
                asked = _ask_back(office)
            leave_row()

            def count() -> None:
                nonlocal counted
                counted += 1
                if counted % _EVERY == 0:
                    step(counted, 0)

            with office.ledgers.transaction(read_only=True) as ledger:
                wanted = None if jurisdiction is None else _wanted(office, jurisdiction)
                for head in chains(ledger, wanted):
                    faults += verify_chain(ledger, head, lambda signed: proves(office, signed), count)
                    proven.append(_proven(ledger, head.jurisdiction))
            guarded = Weakness.UNGUARDED not in office.weaknesses()
        if call.json:
            show.print_json({"rows": counted, "faults": faults, "guarded": guarded, "proven": proven, "partners": asked})
        else:
            show.print_table(proven, _PROVEN)
            _show_verdict(call, counted, faults, asked)
            if not guarded:
                call.done({}, *WEAKNESSES[Weakness.UNGUARDED])
        if faults or not guarded:
            raise typer.Exit(Exit.AUDIT_BROKEN)
        if any(asked.values()):
            raise typer.Exit(Exit.PARTNER)

    @command(app, "head", zh="列出已签名的日末摘要及协作方所存", en="List signed heads, and those that partners hold")
    def head(call: Call) -> None:
        with call.office() as office:
            with office.ledgers.transaction(read_only=True) as ledger:
                own = [_head(each, "") for each in ledger.audit.latest_signed()]
                last = {(each.partner, each.head.jurisdiction): each for each in ledger.audit.witnessed(ours=True)}
                held = [_head(each.head, each.partner) for each in last.values()]
            leave_row()
        call.rows([*own, *held], _HEADS)


def _proven(ledger: Ledger, jurisdiction: str) -> dict[str, object]:
    """Up to which day a chain cannot have been rewritten unseen: signed here, and held by a partner."""
    signed = max((each.day for each in ledger.audit.signed(jurisdiction)), default=None)
    held = [each.head.day for each in ledger.audit.witnessed(ours=True) if each.head.jurisdiction == jurisdiction]
    return {"jurisdiction": jurisdiction or "node", "signed": signed, "witnessed": max(held, default=None)}


def _show_verdict(call: Call, counted: int, faults: list[Fault], asked: dict[str, str]) -> None:
    """What was found, and who was asked for it: a partner that did not answer has confirmed nothing."""
    if faults:
        show.print_table([show.members(fault) for fault in faults], _FAULTS)
    else:
        call.done({}, f"本节点所存核验无误：{counted} 行。", f"All {counted} rows hold by what is kept here.")
    if answered := [node for node, trouble in asked.items() if not trouble]:
        call.done({}, f"已应答的协作方：{'、'.join(answered)}", f"Partners that answered: {', '.join(answered)}")
    for node, trouble in asked.items():
        if trouble:
            call.done(
                {}, f"未经其核验：{node} 未能应答（{trouble}）", f"Not verified against {node}: it did not answer ({trouble})"
            )


def _ask_back(office: Office) -> dict[str, str]:
    """Exchange heads with every partner; what went wrong with each, empty where nothing did."""
    with office.ledgers.transaction(read_only=True) as ledger:
        active = [each for each in ledger.partners.all() if each.status is PartnerStatus.ACTIVE]
    told = {}
    with http_client(reach=office.reach) as client:
        calling = PartnerClient(office, client)
        for partner in active:
            try:
                told[partner.node] = "" if hand_over(office, calling, partner) else "not-supported"
            except (PartnerTrouble, NotAuthentic) as trouble:
                told[partner.node] = trouble.code
    return told


def _wanted(office: Office, named: str | None) -> frozenset[str]:
    """The chains that are meant: one county's, the node's own, or all; NotServed."""
    if named is None:
        return office.node.jurisdictions | {NODE_WIDE}
    if named == "node":
        return frozenset({NODE_WIDE})
    if named not in office.node.jurisdictions:
        raise NotServed
    return frozenset({named})


def _told(row: AuditRow) -> dict[str, object]:
    told = AuditRowStored.of(row).model_dump(mode="json")
    actor = row.event.actor
    return {**told, "actor": " ".join(part for part in (actor.kind.value, actor.id, actor.role) if part)}


def _line(row: AuditRow) -> bytes:
    return msgspec.json.encode(AuditRowStored.of(row).model_dump(mode="json")) + b"\n"


def _head(head: SignedHead, held_by: str) -> dict[str, object]:
    named = {"jurisdiction": head.jurisdiction or "node", "day": head.day, "rows": head.rows, "digest": head.digest}
    return {**named, "at": head.at, "jws": head.jws, "held_by": held_by}


def _day(given: datetime | None) -> date | None:
    return given.date() if given is not None else None
