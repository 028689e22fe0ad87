"""`woshou retention`: how long persons are kept, what is due, and erasing it now."""

import threading
from typing import Annotated, Any

import typer

from adapters.office import Office
from exchange.verbs.clocks.retain import due
from jobs.upkeep.retain import MOST, retain_all
from woshou.cli.call import Call, command, group
from woshou.cli.words import say

_COLUMNS = {
    "bodies_months": ("正文保留（月）", "Bodies kept, months"),
    "entries_months": ("个案人员保留（月）", "Entries' persons kept, months"),
    "bodies_before": ("擦除此日前办结的正文", "Bodies go of what was over before"),
    "entries_before": ("擦除此时前退档的人员", "Persons go of what was closed before"),
    "bodies": ("待擦除：交换", "Due: exchanges"),
    "indexes": ("待擦除：只余的盲索引", "Due: indexes that are left alone"),
    "couples": ("待擦除：事项", "Due: cases"),
    "persons": ("待擦除：个案", "Due: entries"),
    "unjudged": ("无回执而不能擦除", "Held up: no receipt"),
}


def install(app: typer.Typer) -> None:
    """Add the group."""
    retention = group("保存期限：查看、执行", "Retention: show, run")
    app.add_typer(retention, name="retention")

    @command(retention, "show", zh="显示保存期限与待擦除的数量", en="Show the periods, and how much is due")
    def show(call: Call) -> None:
        with call.office() as office:
            call.card(_told(office), _COLUMNS)

    @command(retention, "run", zh="立即擦除已到期的内容（每夜自动执行）", en="Erase now what is due; the jobs do so every night")
    def run(
        call: Call,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help=say("只显示将擦除的数量", "only show how much would go"), show_default=False)
        ] = False,
    ) -> None:
        with call.office() as office:
            if dry_run:
                call.card(_told(office), _COLUMNS)
                return
            with call.progress("正在擦除", "Erasing"):
                erased = retain_all(office, threading.Event())
            call.done(
                erased,
                f"已擦除：交换 {erased['bodies']}、事项 {erased['couples']}、个案 {erased['persons']}；"
                f"{erased['held_up']} 件因无回执尚不能擦除。",
                f"Erased: {erased['bodies']} exchanges, {erased['couples']} cases, {erased['persons']} entries; "
                f"{erased['held_up']} cannot go, for they have no receipt.",
            )


def _told(office: Office) -> dict[str, Any]:
    now, kept = office.now(), office.node.retention
    with office.ledgers.transaction(read_only=True) as ledger:
        waiting = due(ledger, office.node, now, MOST)
    return {
        "bodies_months": kept.bodies_months,
        "entries_months": kept.entries_months,
        "bodies_before": kept.bodies_before(now),
        "entries_before": kept.entries_before(now),
        **waiting,
    }
