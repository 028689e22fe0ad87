"""`woshou worklist`: what there is to do, listed, counted, or as a sheet to be answered."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.answer_sheet import MOST_ROWS, write_answers
from adapters.exporting import Format
from adapters.office import Office
from api.models.worklists import SILENT, Count, SilentShown, WorkRow
from exchange.codes import Event, Kind, Purpose
from exchange.cursors import work_cursor
from exchange.ledger import Ledger, Page, RegisterDifferenceFilter
from exchange.reconciling.results import DifferenceKind
from exchange.verbs.reconciling.differences import reconciled
from exchange.verbs.work.items import SILENT_DAYS, on_list, silent_partners
from exchange.verbs.work.to_answer import whole_list
from exchange.work.worklists import WorkFilter, Worklist
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.commands.reconciling.differences import print_differences
from woshou.cli.commands.registers.imports import AfterOption, LimitOption
from woshou.cli.files import STDOUT, check_free, write_private
from woshou.cli.show import about
from woshou.cli.words import say

# A listing's names; typer takes an enumeration as the words that it knows.
AnyList = StrEnum("AnyList", [(word.upper(), word) for word in (*Worklist, SILENT, *DifferenceKind)])  # type: ignore[misc] # from a list
_KINDS_OF_DIFFERENCE = frozenset(map(str, DifferenceKind))
_COUNTS = {"list": ("清单", "List"), "count": ("件数", "Count"), "told": ("内容", "What")}
_ROWS = {
    "exchange": ("编号", "Exchange"),
    "other": ("对方", "Other"),
    "kind": ("种类", "Kind"),
    "event": ("事件", "Event"),
    "urgent": ("紧急", "Urgent"),
    "due": ("期限", "Due"),
    "days_left": ("剩余天数", "Days left"),
    "internal_due": ("内部时限", "Internal due"),
    "handled_by": ("承办乡镇", "Township"),
    "announced": ("暂复", "Interim"),
    "challenged": ("再交流", "Challenged"),
    "under_way": ("发送中", "Under way"),
    "result": ("结果", "Result"),
    "lapses_on": ("确认截止", "Lapses on"),
    "problem": ("问题", "Problem"),
}
_PERSON = {"name": ("姓名", "Name"), "number": ("证件号码", "Document")}
_SILENT = {
    "node": ("节点", "Node"),
    "name": ("名称", "Name"),
    "since": ("最近联络", "Heard last"),
    "unreceipted": ("待回执批次", "Unreceipted"),
    "queued": ("待发消息", "Queued"),
    "late": ("逾期反馈", "Late answers"),
    "trouble": ("故障", "Trouble"),
}
CountyOption = Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))]


def install(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "worklist", zh="待办清单：各清单件数，或一个清单的内容", en="What there is to do: all counts, or one list")
    def worklist(
        call: Call,
        name: Annotated[AnyList | None, typer.Argument(metavar="LIST", help=say("清单", "list"))] = None,
        jurisdiction: CountyOption = None,
        kind: Annotated[Kind | None, typer.Option(help=say("种类", "kind"))] = None,
        event: Annotated[Event | None, typer.Option(help=say("事件", "event"))] = None,
        purpose: Annotated[Purpose | None, typer.Option(help=say("用途", "purpose"))] = None,
        urgent: Annotated[bool | None, typer.Option("--urgent/--not-urgent", help=say("是否紧急", "urgent or not"))] = None,
        other: Annotated[str | None, typer.Option(help=say("对方区县代码", "county on the other side"))] = None,
        township: Annotated[str | None, typer.Option(help=say("乡镇代码或 unassigned", "township, or unassigned"))] = None,
        partner: Annotated[str | None, typer.Option(help=say("协作方节点", "partner"))] = None,
        people: Annotated[bool, typer.Option("--people", help=say("含人员", "with persons"))] = False,
        days: Annotated[int, typer.Option(min=1, help=say("多少天无联络算失联", "silent for so many days"))] = SILENT_DAYS,
        sheet: Annotated[
            Path | None,
            typer.Option(dir_okay=False, help=say("导出为待填写的表格（.xlsx 或 .csv）", "write it as a sheet to be answered")),
        ] = None,
        force: Annotated[bool, typer.Option("--force", help=say("覆盖已有文件", "write over an existing file"))] = False,
        after: AfterOption = "",
        limit: LimitOption = 100,
    ) -> None:
        given = {"kind": kind, "event": event, "purpose": purpose, "urgent": urgent, "other": other, "township": township}
        if sheet is not None:
            check_free(sheet, force=force)
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            wanted = _wanted(call, office, ledger, jurisdiction, partner, given)
            if name is None:
                _print_counts(call, office, ledger, wanted, RegisterDifferenceFilter.of_work(wanted, partner), days)
            elif name == SILENT:
                silent = silent_partners(ledger, office.node.name, wanted, office.now(), days)
                call.rows([SilentShown.of(each) for each in silent], _SILENT)
            elif name in _KINDS_OF_DIFFERENCE:
                asked = replace(RegisterDifferenceFilter.of_work(wanted, partner), kind=DifferenceKind(name))
                print_differences(call, office, ledger, asked, Page(after=after, limit=limit), people=people)
            elif sheet is not None:
                _write_sheet(call, office, ledger, Worklist(name), wanted, sheet, force=force)
            else:
                page = Page(after=after, limit=limit)
                _print_list(call, office, ledger, Worklist(name), wanted, page, people=people)


def _wanted(
    call: Call, office: Office, ledger: Ledger, jurisdiction: str | None, partner: str | None, given: dict[str, Any]
) -> WorkFilter:
    link = ledger.links.of(partner) if partner is not None else None
    if partner is not None and link is None:
        raise typer.BadParameter(say("没有该协作方", "there is no such partner"))
    everything = WorkFilter.at(call.counties(office, jurisdiction), office.now())
    return replace(everything, link=link.id if link is not None else None, **given)


def _print_counts(
    call: Call, office: Office, ledger: Ledger, wanted: WorkFilter, differing: RegisterDifferenceFilter, days: int
) -> None:
    counts: dict[str, int | None] = {
        **dict(ledger.worklists.counts(wanted).items()),
        SILENT: len(silent_partners(ledger, office.node.name, wanted, office.now(), days)),
    }
    rows = [Count.of(name, count) for name, count in counts.items()]
    rows += Count.of_differences(ledger.register_runs.count_differences(differing), reconciled(ledger, differing.own))
    if call.json:
        call.rows(rows, _COUNTS)
    else:
        told = [{"list": row.list, "count": "—" if row.count is None else row.count, "told": say(row.zh, row.en)} for row in rows]
        show.print_table(told, _COUNTS)


def _print_list(
    call: Call, office: Office, ledger: Ledger, name: Worklist, wanted: WorkFilter, page: Page, *, people: bool
) -> None:
    found = on_list(ledger, name, wanted, page)
    partners = {link.id: link.partner for link in ledger.links.all()}
    now, lapse = office.now(), office.node.rules.lapse_days
    rows = [
        WorkRow.of_item(item, partners[item.exchange.key.link], now, lapse, sees_people=people, of_whom=True).model_dump(
            mode="json"
        )
        for item in found
    ]
    following = work_cursor(name, found[-1].exchange) if len(found) == page.limit else None
    if call.json:
        call.rows(rows, _ROWS, next=following)
        return
    told = [{**row, **_short(row), **(about(row["person"]) if row["person"] else {})} for row in rows]
    show.print_table(told, {**(_PERSON if people else {}), **_ROWS})


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """What stands in a cell of a table for what is more than a word."""
    announced, problem = row["announced"], row["problem"]
    return {
        "announced": announced["expected"] if announced else None,
        "problem": say(problem["title"], problem["detail"]) if problem else None,
    }


def _write_sheet(
    call: Call, office: Office, ledger: Ledger, name: Worklist, wanted: WorkFilter, file: Path, *, force: bool
) -> None:
    form = Format.CSV if file == STDOUT else Format.of(file.suffix)
    if form is None or (file == STDOUT and call.json):
        raise typer.BadParameter(say("文件名须以 .xlsx 或 .csv 结尾", "the file's name ends in .xlsx or .csv"))
    with call.progress("导出…", "Exporting …"):
        data = write_answers(whole_list(ledger, name, wanted, MOST_ROWS), office.node.divisions, form)
    write_private(file, data, force=force)
    if file != STDOUT:
        call.done({"file": str(file), "bytes": len(data)}, f"已写入 {file}", f"Written: {file}")
