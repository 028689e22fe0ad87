"""`woshou audit`: who did what, to whose record, and that nothing of it was altered. Each of these leaves a row itself."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.models.auditing.rows import AuditRowStored
from exchange.auditing.chain import AuditRow, read_row_id
from exchange.auditing.heads import SignedHead
from exchange.cursors import audit_cursor
from exchange.errors import NotFound
from exchange.ledger import AuditFilter, Page
from exchange.people.document import DocumentType
from exchange.verbs.auditing.who_saw import subjects_of
from woshou.cli.audit import leave_row
from woshou.cli.call import Call, command, group
from woshou.cli.commands.auditing.verifying import CountyOption, install_verify, wanted_chains
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
_HEADS = {
    "jurisdiction": ("区县", "County"),
    "day": ("日期", "Day"),
    "rows": ("行数", "Rows"),
    "digest": ("摘要", "Digest"),
    "at": ("时间", "At"),
    "held_by": ("存于", "Held by"),
}
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("日期", "civil day"))]


def install(app: typer.Typer) -> None:
    """Add the group."""
    audit = group("审计：查看、核验、日末摘要、导出", "The audit: list, verify, heads, export")
    app.add_typer(audit, name="audit")
    _install_reading(audit)
    install_verify(audit)
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
                    jurisdictions=wanted_chains(office, jurisdiction),
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
                chosen = sorted(wanted_chains(office, jurisdiction))
                data = b"".join(_line(row) for each in chosen for row in ledger.audit.rows(each))
            leave_row()
        write_private(file, data, force=force)


def _install_proving(app: typer.Typer) -> None:
    @command(app, "head", zh="列出已签名的日末摘要及协作方所存", en="List signed heads, and those that partners hold")
    def head(call: Call) -> None:
        with call.office() as office:
            with office.ledgers.transaction(read_only=True) as ledger:
                own = [_head(each, "") for each in ledger.audit.latest_signed()]
                last = {(each.partner, each.head.jurisdiction): each for each in ledger.audit.witnessed(ours=True)}
                held = [_head(each.head, each.partner) for each in last.values()]
            leave_row()
        call.rows([*own, *held], _HEADS)


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
