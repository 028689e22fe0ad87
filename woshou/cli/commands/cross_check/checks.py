"""`woshou cross-check`: entries against other departments' sheets, and what to do about the differences."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.checking import compare_file, write_differences
from adapters.office import Office
from api.models.registers.cross_checks import (
    CrossCheckShown,
    DifferenceShown,
    RowOfCheck,
    ToCheckShown,
)
from exchange.checking.check import (
    CheckField,
    CheckLayout,
    CheckRow,
    CrossCheck,
    Difference,
    DifferenceFilter,
    DifferenceState,
)
from exchange.codes import RegisterKind
from exchange.cursors import check_cursor, difference_cursor, to_check_cursor
from exchange.errors import NotFound
from exchange.ledger import Ledger, Page
from exchange.verbs.cross_check.differences import open_differences
from exchange.verbs.cross_check.run import CheckKey, known_check
from woshou.cli import show
from woshou.cli.call import Call, Group, command, group
from woshou.cli.commands.cross_check.settling import CheckId, install_settling
from woshou.cli.commands.registers.imports import AfterOption, LimitOption
from woshou.cli.files import check_free, write_private
from woshou.cli.words import say

_LIST = {
    "id": ("比对编号", "Check"),
    "at": ("时间", "At"),
    "check_layout": ("版式", "Layout"),
    "register": ("台账", "Register"),
    "run": ("次", "Run"),
    "rows": ("数据行", "Rows"),
    "matched": ("比中", "Matched"),
    "equal": ("一致", "Equal"),
    "differing": ("有差异", "Differing"),
    "ambiguous": ("无法确定", "Ambiguous"),
    "no_entry": ("未建档", "No entry"),
    "refused": ("拒绝", "Refused"),
    "open": ("待处理", "Open"),
    "corrected": ("已更正", "Corrected"),
    "kept": ("已保留", "Kept"),
}
_CARD = {
    **_LIST,
    "lapsed": ("已过期", "Lapsed"),
    "blank": ("空行", "Blank"),
    "excluded_columns": ("按规定不读的列", "Columns dropped unread"),
    "unknown_columns": ("未识别的列", "Unknown columns"),
}
_FIELDS = {
    "check_field": ("字段", "Field"),
    "open": ("待处理", "Open"),
    "corrected": ("已更正", "Corrected"),
    "kept": ("已保留", "Kept"),
    "lapsed": ("已过期", "Lapsed"),
}
_ROWS = {
    "row": ("行", "Row"),
    "check_outcome": ("结果", "Outcome"),
    "column": ("列", "Column"),
    "code": ("代码", "Code"),
    "found": ("所见", "Found"),
    "told": ("说明", "What"),
    "expected": ("应为", "Expected"),
}
_DIFFERENCES = {
    "id": ("差异编号", "Difference"),
    "entry": ("个案", "Entry"),
    "row": ("行", "Row"),
    "check_field": ("字段", "Field"),
    "difference_state": ("状态", "State"),
    "settlement": ("处理", "Settlement"),
}
_VALUES = {"found": ("个案的值", "Entry's value"), "proposed": ("表格的值", "Sheet's value"), "on": ("日期", "On")}
_TO_CHECK = {"entry": ("个案", "Entry"), "jurisdiction": ("区县", "County"), "check_field": ("字段", "Fields")}
_PEOPLE = ("found", "proposed", "child", "on")
CountyOption = Annotated[str | None, typer.Option(help=say("区县代码", "county code"))]


class _RunUnlessTold(Group):
    """Words that begin with no command are those of `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        if args and args[0] != "--help" and args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


def install(app: typer.Typer) -> None:
    """Add the group."""
    checks = group(
        "比对：个案与其他部门的表格逐项核对", "Cross-checks: entries against other departments' sheets", kind=_RunUnlessTold
    )
    app.add_typer(checks, name="cross-check")
    _install_run(checks)
    _install_readings(checks)
    install_settling(checks)


def _install_run(checks: typer.Typer) -> None:
    @command(checks, "run", zh="与一张表格比对（可省略 run）", en="Check against a sheet (`run` may be left out)")
    def run(
        call: Call,
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say(".xlsx、.xls、.ods 或 .csv", "the file"))],
        layout: Annotated[CheckLayout, typer.Option(help=say("哪个部门的表格", "whose sheet it is"))],
        register: Annotated[RegisterKind | None, typer.Option(help=say("仅一个台账", "one register only"))] = None,
        again: Annotated[bool, typer.Option("--again", help=say("同一文件再比对一次", "check the same file once more"))] = False,
        jurisdiction: CountyOption = None,
    ) -> None:
        with call.office() as office, call.steps("读取并比对…", "Reading and comparing …") as told:
            county, data = call.county(office, jurisdiction), file.read_bytes()
            key = CheckKey(jurisdiction=county, layout=layout, register=register, digest=office.node.file_digest(data))
            with office.ledgers.transaction(read_only=True) as ledger:
                before = known_check(ledger, key)
            found = before if before is not None and not again else compare_file(office, key, data, told=told)
            with office.ledgers.transaction() as ledger:
                check = found if isinstance(found, CrossCheck) else found.store(ledger, office.now(), again=again)
                shown = _shown(ledger, check)
        if found is before:
            call.note(
                "该文件此前已比对，未再比对；如需再比对请加 --again。", "That file was checked before; add --again to repeat."
            )
        _print(call, shown)
        if check.refused or check.ambiguous:
            call.note(
                f"有的行被拒绝或无法确定，各行的原因：woshou cross-check show {check.id}",
                f"Rows were refused or ambiguous; why each was: woshou cross-check show {check.id}",
            )


def _install_readings(checks: typer.Typer) -> None:
    @command(checks, "list", zh="列出比对", en="List the checks")
    def list_checks(call: Call, jurisdiction: CountyOption = None, after: AfterOption = "", limit: LimitOption = 100) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            found = ledger.cross_checks.find(call.counties(office, jurisdiction), Page(after=after, limit=limit))
            counts = ledger.cross_checks.counts([check.id for check in found])
        shown = [CrossCheckShown.of(check, counts.get(check.id, {})) for check in found]
        following = check_cursor(found[-1]) if len(found) == limit else None
        call.rows(shown if call.json else [_line(each) for each in shown], _LIST, next=following)

    @command(checks, "to-check", zh="列出有未处理差异的个案", en="List the entries with open differences")
    def to_check(call: Call, jurisdiction: CountyOption = None, after: AfterOption = "", limit: LimitOption = 100) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            own = call.counties(office, jurisdiction)
            found = ledger.cross_checks.to_check(own, Page(after=after, limit=limit))
            count = ledger.cross_checks.count_to_check(own)
        shown = [ToCheckShown.of(each) for each in found]
        rows = shown if call.json else [{**vars(each), "check_field": each.fields} for each in shown]
        call.rows(rows, _TO_CHECK, next=to_check_cursor(found[-1]) if len(found) == limit else None, entries=count)

    @command(
        checks, "show", zh="查看一次比对及其差异（默认不含个人信息）", en="Show a check with its differences (without persons)"
    )
    def show_check(
        call: Call,
        check: CheckId,
        state: Annotated[DifferenceState | None, typer.Option(help=say("仅某种状态的差异", "only in one state"))] = None,
        field: Annotated[CheckField | None, typer.Option(help=say("仅某个字段的差异", "only in one field"))] = None,
        people: Annotated[bool, typer.Option("--people", help=say("含两边的值", "with the values of both sides"))] = False,
        after: AfterOption = "",
        limit: LimitOption = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            held = _own(ledger, office, check)
            shown = _shown(ledger, held)
            wanted = DifferenceFilter(check=check, own=office.node.jurisdictions, state=state, field=field)
            found = ledger.cross_checks.differences(wanted, Page(after=after, limit=limit))
            rows = ledger.cross_checks.rows(check, Page(limit=limit))
        following = difference_cursor(found[-1]) if len(found) == limit else None
        listed = [_difference(each, people=people) for each in found]
        told = [RowOfCheck.of(row) for row in rows]
        if call.json:
            show.print_json({**_plain(shown), "rows_to_look_at": told, "items": listed, "next": following})
            return
        _print(call, shown)
        if rows:
            call.rows(list(_problems(rows)), _ROWS)
        if listed:
            call.rows(listed, {**_DIFFERENCES, **(_VALUES if people else {})})

    @command(
        checks, "sheet", zh="导出未处理的差异，填写后交 settle --sheet", en="Write the open differences as a sheet to fill in"
    )
    def sheet(
        call: Call,
        check: CheckId,
        file: Annotated[Path, typer.Argument(dir_okay=False, help=say("写入的 .xlsx", "the .xlsx to write"))],
        force: Annotated[bool, typer.Option("--force", help=say("覆盖已有文件", "write over an existing file"))] = False,
    ) -> None:
        if file.suffix.lower() != ".xlsx":
            raise typer.BadParameter(say("文件名须以 .xlsx 结尾", "the file's name ends in .xlsx"))
        check_free(file, force=force)
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            held = _own(ledger, office, check)
            data = write_differences(held, open_differences(ledger, held), office.node.divisions)
        write_private(file, data, force=force)
        call.done({"file": str(file), "bytes": len(data)}, f"已写入 {file}", f"Written: {file}")


def _own(ledger: Ledger, office: Office, check_id: str) -> CrossCheck:
    check = ledger.cross_checks.get(check_id)
    if check is None or check.jurisdiction not in office.node.jurisdictions:
        raise NotFound
    return check


def _shown(ledger: Ledger, check: CrossCheck) -> CrossCheckShown:
    return CrossCheckShown.of(check, ledger.cross_checks.counts([check.id]).get(check.id, {}))


def _plain(shown: CrossCheckShown) -> dict[str, Any]:
    return shown.model_dump(mode="json", by_alias=True)


def _line(shown: CrossCheckShown) -> dict[str, Any]:
    plain = _plain(shown)
    return {**plain, **plain["differences"], "check_layout": shown.layout.value}


def _print(call: Call, shown: CrossCheckShown) -> None:
    if call.json:
        show.print_json(_plain(shown))
        return
    show.print_card(_line(shown), _CARD)
    if shown.fields:
        show.print_table([{**vars(each), "check_field": each.field} for each in shown.fields], _FIELDS)


def _difference(each: Difference, *, people: bool) -> dict[str, Any]:
    plain = DifferenceShown.of(each).model_dump(mode="json", exclude=set() if people else set(_PEOPLE))
    return {**plain, "check_field": each.field.value, "difference_state": each.state.value}


def _problems(rows: Sequence[CheckRow]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for problem in row.problems:
            yield {
                "row": row.row,
                "check_outcome": row.outcome.value,
                "column": problem.column,
                "code": problem.code,
                "found": problem.found,
                "told": say(problem.zh, problem.en),
                "expected": problem.expected,
            }
