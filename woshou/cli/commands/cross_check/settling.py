"""`woshou cross-check settle`: what a clerk decides on differences, one by one, by field, or by the sheet that comes back."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.checking import parts, read_decisions
from adapters.office import Office
from api.models.registers.cross_checks import MOST_AT_ONCE, SettledShown, Settlements, SheetRowRefused
from exchange.checking.check import CheckField, Settlement
from exchange.ledger import Page
from exchange.verbs.cross_check.settle import Settled, settle, settle_fields
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.words import say

_SETTLED = {
    "difference": ("差异编号", "Difference"),
    "check_field": ("字段", "Field"),
    "settled_as": ("结果", "Outcome"),
    "told": ("说明", "What"),
}
_COUNTS = {"settled_as": ("结果", "Outcome"), "count": ("项", "Differences")}
CheckId = Annotated[str, typer.Argument(metavar="CHECK", help=say("比对编号", "check"))]


def install_settling(checks: typer.Typer) -> None:
    """Add the command that settles."""

    @command(checks, "settle", zh="处理差异：采用、保留或暂缓", en="Settle differences: take, keep or leave")
    def settle_differences(
        call: Call,
        check: CheckId,
        settlement: Annotated[
            Settlement | None, typer.Option("--as", help=say("如何处理（--sheet 时不需要）", "how; not with --sheet"))
        ] = None,
        difference: Annotated[list[str] | None, typer.Option(help=say("差异编号，可多次", "difference; repeatable"))] = None,
        field: Annotated[
            list[CheckField] | None, typer.Option(help=say("该字段的全部差异，可多次", "all in that field; repeatable"))
        ] = None,
        sheet: Annotated[
            Path | None, typer.Option(exists=True, dir_okay=False, help=say("填写好的差异表", "the sheet that was filled in"))
        ] = None,
    ) -> None:
        if sum(map(bool, (difference, field, sheet))) != 1 or (settlement is None) is (sheet is None):
            raise typer.BadParameter(
                say("须指明 --sheet，或 --as 与 --difference、--field 之一", "name --sheet, or --as with --difference or --field")
            )
        more: dict[str, Any] = {}
        results: list[Settled] = []
        with call.office() as office, call.progress("处理…", "Settling …"):
            if sheet is not None:
                decided = read_decisions(sheet.read_bytes())
                more = {"blank": decided.blank, "refused_rows": [SheetRowRefused.of(row) for row in decided.refused]}
                results = list(_settle(office, check, decided.wanted))
            elif settlement is not None and difference:
                results = list(_settle(office, check, dict.fromkeys(difference, settlement)))
            elif settlement is not None:
                results = list(_settle_fields(office, check, field or [], settlement))
        _print_settled(call, results, more)


def _settle(office: Office, check: str, wanted: dict[str, Settlement]) -> Iterator[Settled]:
    for part in parts(wanted):
        with office.ledgers.transaction() as ledger:
            yield from settle(ledger, office.node, office.node.jurisdictions, check, part, office.now())


def _settle_fields(office: Office, check: str, fields: Sequence[CheckField], settlement: Settlement) -> Iterator[Settled]:
    after: str | None = ""
    while after is not None:
        page = Page(after=after, limit=MOST_AT_ONCE)
        with office.ledgers.transaction() as ledger:
            own, now = office.node.jurisdictions, office.now()
            results, after = settle_fields(ledger, office.node, own, check, fields, settlement, now, page)
        yield from results


def _print_settled(call: Call, results: Sequence[Settled], more: dict[str, Any]) -> None:
    shown = Settlements.of(results)
    if call.json:
        show.print_json({"counts": shown.counts, "results": shown.results, **more})
        return
    counts = Counter(result.outcome for result in results)
    show.print_table([{"settled_as": outcome, "count": count} for outcome, count in counts.items()], _COUNTS)
    to_look_at = [each for each in shown.results if each.code or each.outcome == "stale"]
    if to_look_at:
        call.rows([_settled_line(each) for each in to_look_at], _SETTLED)


def _settled_line(each: SettledShown) -> dict[str, Any]:
    told = say(each.zh or "个案已变化，请重新核对。", each.en or "The entry has changed: look at the difference again.")
    return {**vars(each), "check_field": each.field, "settled_as": each.outcome, "told": told}
