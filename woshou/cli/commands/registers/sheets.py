"""`woshou import` and `woshou export`: sheets in and out."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.exporting import Format, write_entries, write_exchanges
from adapters.sheets import ImportLayout, Layout
from adapters.sheets.template import template
from adapters.taking import annotated_copy, every_row, read_file
from api.models.registers.imports import ImportShown, RowOfFile
from exchange.codes import RegisterKind, Role
from exchange.cursors import entry_cursor, exchange_cursor
from exchange.exchanges import Exchange
from exchange.imports import ImportedFile, RowResult
from exchange.ledger import EntryFilter, ExchangeFilter, Ledger, Page
from exchange.people.register import Entry
from exchange.verbs.sheets.take import take_sheet
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.commands.registers.imports import print_file, print_rows
from woshou.cli.files import STDOUT, check_free, write_private
from woshou.cli.words import say

_PAGE = 1000
ForceOption = Annotated[bool, typer.Option("--force", help=say("覆盖已有文件", "write over an existing file"))]


def install(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "import", zh="导入表格（台账、事项或反馈）", en="Import a sheet: a register, matters or answers")
    def import_sheet(
        call: Call,
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say(".xlsx、.xls、.ods 或 .csv", "the file"))],
        kind: Annotated[
            ImportLayout,
            typer.Option("--layout", help=say("流出、流入台账，事项，或反馈", "outflow, inflow, matters or answers")),
        ],
        jurisdiction: Annotated[str | None, typer.Option(help=say("区县代码", "county code"))] = None,
        problems: Annotated[int, typer.Option(min=0, help=say("最多列出多少个问题", "list at most so many problems"))] = 20,
        annotated: Annotated[
            Path | None,
            typer.Option(
                dir_okay=False, help=say("另存一份标注结果的副本（.xlsx）", "also write a copy with the results (.xlsx)")
            ),
        ] = None,
        force: ForceOption = False,
    ) -> None:
        layout = Layout(kind.value)
        if annotated is not None:
            if file.suffix.lower() not in (".xlsx", ".csv") or annotated.suffix.lower() != ".xlsx":
                raise typer.BadParameter(
                    say("只有 .xlsx 和 .csv 可以标注，副本是 .xlsx", "only .xlsx and .csv are annotated, as an .xlsx")
                )
            check_free(annotated, force=force)
        with call.office() as office, call.progress("读取并核对…", "Reading and checking …"):
            county = call.county(office, jurisdiction)
            data = file.read_bytes()
            read = read_file(office, county, layout, file.name, data)
            with office.ledgers.transaction() as ledger:
                before = ledger.imports.by_digest(county, layout, read.facts.digest)
                taken = take_sheet(ledger, read, office.now())
                rows = [row for outcome in ("refused", "warned") for row in _rows(ledger, taken, outcome, problems)]
                every = every_row(ledger, taken.id) if annotated is not None else []
        if before is not None:
            call.note("该文件此前已导入，本次没有任何变化。", "That file was imported before; nothing changed.")
        _tell(call, taken, rows)
        if annotated is not None:
            write_private(annotated, annotated_copy(data, layout, every), force=force)

    @command(app, "export", zh="导出台账或信息交换", en="Export a register or the exchanges")
    def export(
        call: Call,
        what: Annotated[str, typer.Argument(help=say("outflow、inflow、exchanges 或 template-…", "or template-LAYOUT"))],
        file: Annotated[
            Path,
            typer.Argument(dir_okay=False, help=say(".xlsx 或 .csv，- 为标准输出（CSV）", ".xlsx or .csv; - for stdout, as CSV")),
        ],
        jurisdiction: Annotated[str | None, typer.Option(help=say("区县代码", "county code"))] = None,
        role: Annotated[Role | None, typer.Option(help=say("仅发起方或被询方", "only as asker, or as asked"))] = None,
        force: ForceOption = False,
    ) -> None:
        if what not in (*RegisterKind, "exchanges", *(f"template-{layout}" for layout in Layout)):
            raise typer.BadParameter(say("应为 outflow、inflow、exchanges 或 template-…", "see the help"))
        form = _form(call, what, file)
        check_free(file, force=force)
        if what.startswith("template-"):
            data = template(Layout(what.removeprefix("template-")))
        else:
            with call.office() as office, call.progress("导出…", "Exporting …"):
                counties = call.counties(office, jurisdiction)
                with office.ledgers.transaction(read_only=True) as ledger:
                    if what == "exchanges":
                        found = _exchanges(ledger, counties, role)
                        data = write_exchanges(found, office.now(), office.node.rules.lapse_days, form)
                    else:
                        register = RegisterKind(what)
                        data = write_entries(register, _entries(ledger, counties, register), form)
        write_private(file, data, force=force)
        if file != STDOUT:
            call.done({"file": str(file), "bytes": len(data)}, f"已写入 {file}", f"Written: {file}")


def _form(call: Call, what: str, file: Path) -> Format:
    """The form that the file's name asks for."""
    if file == STDOUT:
        if what.startswith("template-") or call.json:
            raise typer.BadParameter(say("标准输出只给出 CSV 数据", "standard output takes the data as CSV only"))
        return Format.CSV
    form = Format.of(file.suffix)
    if form is None:
        raise typer.BadParameter(say("文件名须以 .xlsx 或 .csv 结尾", "the file's name ends in .xlsx or .csv"))
    if what.startswith("template-") and form is not Format.XLSX:
        raise typer.BadParameter(say("模板只能是 .xlsx", "a template is an .xlsx"))
    return form


def _rows(ledger: Ledger, taken: ImportedFile, outcome: str, limit: int) -> list[RowResult]:
    return ledger.imports.rows(taken.id, Page(limit=limit), outcome=outcome) if limit else []


def _tell(call: Call, taken: ImportedFile, rows: list[RowResult]) -> None:
    if call.json:
        show.print_json({**show.plain(ImportShown.of(taken)), "problems": [RowOfFile.of(row) for row in rows]})
        return
    print_file(ImportShown.of(taken))
    if rows:
        print_rows(call, rows)


def _entries(ledger: Ledger, counties: frozenset[str], register: RegisterKind) -> list[Entry]:
    found: list[Entry] = []
    wanted, page = EntryFilter(jurisdictions=counties, register=register), Page(limit=_PAGE)
    while rows := ledger.entries.find(wanted, page):
        found += rows
        page = Page(after=entry_cursor(rows[-1]), limit=_PAGE)
    return found


def _exchanges(ledger: Ledger, counties: frozenset[str], role: Role | None) -> list[Exchange]:
    found: list[Exchange] = []
    wanted, page = ExchangeFilter(own=counties, role=role), Page(limit=_PAGE)
    while rows := ledger.exchanges.find(wanted, page):
        found += rows
        page = Page(after=exchange_cursor(rows[-1]), limit=_PAGE)
    return found
