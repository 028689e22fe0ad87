"""`woshou rates`: grids, closing, and the recount that proves the stored figures."""

import threading
from typing import Annotated

import typer

from api.models.grids import GridShown
from exchange.counting.grid import By, GridQuery
from exchange.counting.query import EVERYTHING, months_until
from exchange.jurisdiction import Category, Level
from exchange.moments import civil_day, day_start
from exchange.rates import Cohort, RateName
from exchange.verbs.counting.grid import grid, jurisdictions_at
from jobs.count import close_all, recount_all, repair_all, report_differences
from woshou.cli.call import Call, command, group
from woshou.cli.commands.reporting import handshakes
from woshou.cli.commands.reporting.period import WhichPeriod
from woshou.cli.commands.upkeep import read_moment
from woshou.cli.exits import Exit
from woshou.cli.show import print_json
from woshou.cli.words import say

_CELLS = {
    "jurisdiction": ("地区", "Jurisdiction"),
    "from": ("起", "From"),
    "to": ("止", "To"),
    "matter": ("种类", "Matter"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
}
_DIFFERENCES = {
    "subject": ("对象", "Subject"),
    "since": ("自", "Since"),
    "stored": ("已存", "Stored"),
    "counted": ("重算", "Counted"),
}


def install(app: typer.Typer) -> None:
    """Add the group."""
    rates = group("指标：总表、握手率走势、结账、重算", "Rates: grids, the handshake's trend, closing, recounting")
    app.add_typer(rates, name="rates")
    handshakes.install(rates)

    @command(rates, "grid", zh="一项比率的总表：地区 × 月份 × 种类或台账", en="One rate: places × months × matters or registers")
    def read_grid(
        call: Call,
        month: Annotated[str, typer.Option(help=say("最后一个统计月 YYYY-MM", "the last statistical month YYYY-MM"))],
        months: Annotated[int, typer.Option(min=1, max=60, help=say("共几个月", "how many months"))] = 1,
        rate: Annotated[RateName, typer.Option(help=say("指标", "which rate"))] = RateName.FEEDBACK_GIVEN,
        jurisdiction: Annotated[
            list[str] | None, typer.Option(help=say("地区代码，可多次；默认全部", "division; repeatable; all by default"))
        ] = None,
        level: Annotated[Level, typer.Option(help=say("地区层级", "level of the places"))] = Level.COUNTY,
        by: Annotated[By, typer.Option(help=say("按种类或事件分列", "told apart by kind or event"))] = By.KIND,
        cohort: Annotated[
            Cohort, typer.Option(help=say("按首次期限或按提交", "by first due date, or by submission"))
        ] = Cohort.DUE,
        as_of: Annotated[str | None, typer.Option(help=say("截至时刻，默认今日 0 时", "as of; last midnight by default"))] = None,
        intra_city: Annotated[bool, typer.Option("--intra-city", help=say("市内人户分离", "movers within a city"))] = False,
    ) -> None:
        with call.office() as office:
            now, node = office.now(), office.node
            try:
                periods = months_until(month, months, office.node.rules)
            except (ValueError, OverflowError) as exc:
                raise WhichPeriod(
                    zh="统计月应写作 YYYY-MM，如 2026-03。", en="A month is written YYYY-MM, like 2026-03."
                ) from exc
            within = jurisdiction or sorted(node.jurisdictions)
            places = {place: None for code in within for place in jurisdictions_at(node, code, level)}
            wanted = GridQuery(
                rate=rate,
                jurisdictions=tuple(places),
                periods=periods,
                as_of=min(read_moment(as_of, now), now) if as_of else day_start(civil_day(now)),
                by=by,
                cohort=cohort,
                narrowing=EVERYTHING if not intra_city else type(EVERYTHING)(category=Category.INTRA_CITY),
            )
            with office.ledgers.transaction(read_only=True) as ledger, call.progress("计算…", "Counting …"):
                made = GridShown.of(grid(ledger, node, wanted))
        if call.json:
            print_json(made)
        else:
            table = made.table()
            call.rows([dict(zip(table, cell, strict=True)) for cell in zip(*table.values(), strict=True)], _CELLS)

    @command(rates, "close", zh="立即结账：汇总已结束的日期", en="Close the days that are over, now")
    def close(call: Call) -> None:
        with call.office() as office, call.progress("结账…", "Closing …"):
            closed = close_all(office, threading.Event())
        changes, entries, pages = closed
        call.done(
            closed._asdict(),
            f"已汇总 {changes} 项变化、{entries} 项个案变化，{pages} 页总计。",
            f"{changes} changes counted, {entries} of entries, {pages} pages made.",
        )

    @command(rates, "recount", zh="由原始记录重算，核对已存的数字", en="Count again from the raw rows, and compare")
    def recount(
        call: Call,
        repair: Annotated[bool, typer.Option("--repair", help=say("重写有差异的部分", "write anew what differs"))] = False,
    ) -> None:
        with call.office() as office, call.progress("重算…", "Recounting …"):
            whole = recount_all(office, threading.Event())
            report_differences(office, whole.differences)
            if repair:
                repair_all(office, whole.differences)
        rows = [{name: getattr(one, name) for name in _DIFFERENCES} for one in whole.differences]
        if rows or call.json:
            repaired = repair and bool(rows)
            counted = {name: getattr(whole, name) for name in ("exchanges", "entries", "pages", "queued")}
            call.rows(rows, _DIFFERENCES, **counted, repaired=repaired)
        if not rows:
            call.note(
                f"{whole.exchanges} 件、{whole.entries} 个个案、{whole.pages} 页，全部一致。",
                f"{whole.exchanges} exchanges, {whole.entries} entries, {whole.pages} pages: equal.",
            )
        elif repair:
            call.note(f"已修复 {len(rows)} 处差异。", f"{len(rows)} differences repaired.")
        else:
            raise typer.Exit(Exit.REFUSED)
