"""`woshou imports`: the files that were taken in, and what became of their rows."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from api.models.registers.imports import ImportShown, RowOfFile
from exchange.cursors import import_cursor, row_cursor
from exchange.errors import NotFound
from exchange.imports import RowOutcome, RowResult
from exchange.ledger import Page
from woshou.cli import show
from woshou.cli.call import Call, command, group
from woshou.cli.words import say

_LIST = {
    "id": ("导入编号", "Import"),
    "at": ("时间", "At"),
    "filename": ("文件", "File"),
    "layout": ("版式", "Layout"),
    "rows": ("数据行", "Rows"),
    "accepted": ("接收", "Accepted"),
    "warned": ("带警告接收", "Warned"),
    "unchanged": ("无变化", "Unchanged"),
    "refused": ("拒绝", "Refused"),
}
_FILE = {
    **_LIST,
    "blank": ("空行", "Blank"),
    "excluded_columns": ("按规定不读的列", "Columns dropped unread"),
    "unknown_columns": ("未识别的列", "Unknown columns"),
}
_ROWS = {
    "row": ("行", "Row"),
    "outcome": ("结果", "Outcome"),
    "column": ("列", "Column"),
    "severity": ("级别", "Severity"),
    "code": ("代码", "Code"),
    "told": ("说明", "What"),
    "expected": ("应为", "Expected"),
    "made": ("个案或事项", "Entry or exchange"),
}
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))]
AfterOption = Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))]


def print_rows(call: Call, rows: Sequence[RowResult], **more: Any) -> None:
    """What became of rows: on the screen a line for each problem, or for a row without one."""
    if call.json:
        call.rows([RowOfFile.of(row) for row in rows], _ROWS, **more)
        return
    told = []
    for row in rows:
        plain = {"row": row.row, "outcome": row.outcome, "made": row.made}
        problems = [
            {
                "column": problem.column,
                "severity": problem.severity,
                "code": problem.code,
                "told": say(problem.zh, problem.en),
                "expected": problem.expected,
            }
            for problem in row.problems
        ]
        told += [{**plain, **problem} for problem in problems or [{}]]
    call.rows(told, _ROWS)


def print_file(file: ImportShown) -> None:
    """A file with its counts, on the screen."""
    show.print_card(show.members(file), _FILE)


def install(app: typer.Typer) -> None:
    """Add the group."""
    imports = group("已导入的表格：列出、查看各行结果", "Sheets that were imported: list them, show what became of the rows")
    app.add_typer(imports, name="imports")

    @command(imports, "list", zh="列出已导入的表格", en="List the sheets that were imported")
    def list_imports(
        call: Call,
        jurisdiction: Annotated[str | None, typer.Option(help=say("区县代码", "county code"))] = None,
        after: AfterOption = "",
        limit: LimitOption = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            found = ledger.imports.find(call.counties(office, jurisdiction), Page(after=after, limit=limit))
        following = import_cursor(found[-1]) if len(found) == limit else None
        call.rows([ImportShown.of(file) for file in found], _LIST, next=following)

    @command(imports, "show", zh="查看一次导入中各行的结果", en="Show what became of the rows of an import")
    def show_import(
        call: Call,
        file: Annotated[str, typer.Argument(metavar="IMPORT", help=say("导入编号", "import"))],
        rows: Annotated[RowOutcome | None, typer.Option(help=say("仅某种结果的行", "only rows of one outcome"))] = None,
        after: AfterOption = "",
        limit: LimitOption = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            held = ledger.imports.get(file)
            if held is None or held.jurisdiction not in office.node.jurisdictions:
                raise NotFound
            found = ledger.imports.rows(file, Page(after=after, limit=limit), outcome=rows)
        if not call.json:
            print_file(ImportShown.of(held))
        print_rows(call, found, next=row_cursor(found[-1]) if len(found) == limit else None)
