"""`woshou rules`, `house`, `calendar`: what the node goes by, and from when on."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.models.clocks.norms import LoadingShown, RulesShown, YearShown
from exchange.moments import civil_day
from exchange.terms.daytable import DayTableRefused, read_day_table
from exchange.terms.rulebook import RulesKind
from exchange.verbs.clocks.holidays import load_days, plan_days
from exchange.verbs.clocks.norms import add_rules, book_of, read_any, use_rules
from woshou.cli import show
from woshou.cli.call import Call, command, group
from woshou.cli.sides import DayOption, day
from woshou.cli.words import say

_RULES = {
    "version": ("版本", "Version"),
    "digest": ("摘要", "Digest"),
    "current": ("现用", "Current"),
    "used_from": ("启用日", "Used from"),
}
_CONCERNED = {
    "exchange": ("编号", "Exchange"),
    "role": ("角色", "Role"),
    "own": ("本方", "Own"),
    "other": ("对方", "Other"),
    "due": ("回执期限", "Due by the receipt"),
    "computed": ("按表计算", "Computed"),
    "firm": ("确定", "Firm"),
    "differs": ("不一致", "Differs"),
}
_PROBLEMS = {
    "row": ("行", "Row"),
    "column": ("列", "Column"),
    "found": ("读到", "Found"),
    "expected": ("应为", "Expected"),
}
_YEAR = {
    "year": ("年", "Year"),
    "provisional": ("暂定", "Provisional"),
    "holidays": ("放假", "Holidays"),
    "workdays": ("上班的周末", "Weekends worked"),
}
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say("JSON 文件", "JSON file"))]
Version = Annotated[str, typer.Argument(help=say("版本", "version"))]


def install(app: typer.Typer) -> None:
    """Add the groups."""
    rules = group("规则集：列出、查看、检查、加入、启用", "Rule sets: list, show, check, add, use")
    house = group("内部规则（催办、督办、告警）", "House rules: reminders, escalation, alerts")
    calendar = group("节假日表：载入、查看", "Holidays: load a table, show a year")
    app.add_typer(rules, name="rules")
    app.add_typer(house, name="house")
    app.add_typer(calendar, name="calendar")
    for target, kind in ((rules, RulesKind.SHARED), (house, RulesKind.HOUSE)):
        _install_rules(target, kind)
    _install_calendar(calendar)


def _install_rules(app: typer.Typer, kind: RulesKind) -> None:
    @command(app, "list", zh="列出各版本", en="List the versions")
    def list_rules(call: Call) -> None:
        with call.office() as office:
            rows = RulesShown.listed(kind, book_of(office.node, kind), civil_day(office.now()))
        call.rows(rows, _RULES)

    @command(app, "show", zh="查看一个版本", en="Show one version")
    def show_rules(call: Call, version: Version) -> None:
        with call.office() as office:
            show.print_json(book_of(office.node, kind).get(version))

    @command(app, "check", zh="检查文件，不加入", en="Check a file without adding it")
    def check(call: Call, file: File) -> None:
        rules = read_any(kind, file.read_bytes())
        told = {"version": rules.version, "digest": rules.digest}
        call.done(told, f"有效：{rules.version}，摘要 {rules.digest}", f"Valid: {rules.version}, digest {rules.digest}")

    @command(app, "add", zh="加入一个版本；加入后不再更改", en="Add a version; it is never changed afterwards")
    def add(call: Call, file: File) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            rules = add_rules(ledger, office.node, kind, file.read_bytes(), office.now())
        told = {"version": rules.version, "digest": rules.digest}
        call.done(told, f"已加入：{rules.version}，摘要 {rules.digest}", f"Added: {rules.version}, digest {rules.digest}")

    @command(app, "use", zh="自某日起启用一个版本", en="Go by a version from a day on")
    def use(
        call: Call,
        version: Version,
        since: Annotated[
            datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help=say("启用日，默认今天", "from; today by default"))
        ] = None,
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            used = use_rules(ledger, office.node, kind, version, day(since), office.now())
        told = {"kind": used.kind, "version": used.version, "since": used.since}
        call.done(told, f"自 {used.since} 起使用 {version}。", f"{version} is used from {used.since} on.")


def _install_calendar(app: typer.Typer) -> None:
    @command(app, "load", zh="载入放假安排（CSV 或 JSON）", en="Load a notice's days (CSV or JSON)")
    def load(
        call: Call,
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say("day,kind[,name] 表", "day,kind[,name]"))],
        issued: DayOption = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help=say("只看影响，不载入", "only tell what it concerns"))] = False,
    ) -> None:
        try:
            rows = read_day_table(file.read_bytes())
        except DayTableRefused as refusal:
            if not call.json:
                show.print_table([show.members(problem) for problem in refusal.problems], _PROBLEMS)
            raise
        run = plan_days if dry_run else load_days
        with (
            call.office() as office,
            office.ledgers.transaction(read_only=dry_run) as ledger,
            call.progress("计算…", "Counting …"),
        ):
            loading = LoadingShown.of(run(ledger, office.node, rows, day(issued), office.now()), dry_run=dry_run)
        if call.json:
            show.print_json(loading)
            return
        firm = "、".join(map(str, loading.firm_years)) or "–"
        call.done(
            {},
            f"{'将载入' if dry_run else '已载入'} {loading.days} 天；期限确定的年份：{firm}；"
            f"涉及未答复事项 {len(loading.concerned)} 项。",
            f"{loading.days} days {'would be' if dry_run else 'are'} loaded; firm years: {firm}; "
            f"{len(loading.concerned)} open due dates concerned.",
        )
        if loading.concerned:
            call.rows(loading.concerned, _CONCERNED)

    @command(app, "show", zh="查看某年的放假安排", en="Show a year's holidays")
    def show_year(call: Call, year: Annotated[int, typer.Argument(min=2004, max=2100, help=say("年", "year"))]) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            shown = YearShown.of(office.node.working_days, ledger.norms.days(), year)
        call.card(shown, _YEAR)
