"""The story: months of work in a minute. Sheets come in, matters go out, clerks answer or do not, and the rates are read."""

import contextlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from woshou.cli.show import progress
from woshou.cli.words import say
from woshou.demo.certificates import check_certificates
from woshou.demo.clerks import Clerks, cases_of
from woshou.demo.night import nights_repair
from woshou.demo.nodes import DemoFailed, DemoNode, await_quiet
from woshou.demo.people import Someone, invent
from woshou.demo.sheets import SheetWriter
from woshou.demo.stage import move_clock, stage
from woshou.demo.summary import print_summary, summary_of, write_keys

# The day on which every demonstration begins, so that a seed gives the same figures whenever it runs.
FIRST_DAY = date(2026, 1, 8)
_MONTH = 30
_STEPS = 32
_AFTERMATH = 5
_DAY_SECONDS = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the options of the command say."""

    people: int
    seed: int
    months: int
    once: bool
    as_json: bool
    folder: Path | None


def play(script: Script) -> None:
    """Play the demonstration; unless it is to end at once, serve until Ctrl-C."""
    began = time.monotonic()
    for name in [name for name in os.environ if name.startswith("WOSHOU_")]:
        del os.environ[name]  # what is set for another node must not reach these
    with _folder(script.folder) as folder, _ended_by_signals(), stage(folder, f"{FIRST_DAY}T09:00", _tell) as nodes:
        last, imports, nights = _live(nodes, folder, script)
        summary = summary_of(nodes, FIRST_DAY, last, imports, nights, round(time.monotonic() - began, 1))
        kept = script.folder is not None or not script.once
        password = secrets.token_urlsafe(12) if kept else ""
        if kept:
            _tell("建立网页账号……", "Making accounts for the pages …")
            for node in nodes:
                node.make_accounts(password)
        write_keys(folder, nodes, password)
        print_summary(summary, nodes, folder, as_json=script.as_json, password=password)
        if not script.once:
            _tell("三个节点继续运行，按 Ctrl-C 结束。", "The three nodes go on serving; Ctrl-C ends them.")
            _serve(nodes)


def _live(nodes: list[DemoNode], folder: Path, script: Script) -> tuple[date, list[dict[str, Any]], list[dict[str, Any]]]:
    people = invent(script.seed, script.people, tuple(node.county for node in nodes), FIRST_DAY)
    sheets = folder / "sheets"
    sheets.mkdir()
    _tell("写出并导入台账（.xlsx）……", "Writing and importing the registers (.xlsx) …")
    writers = {node.county: SheetWriter(script.seed, node.county, node.place) for node in nodes}
    imports = [taken for node in nodes for taken in _registers(node, writers[node.county], people, sheets)]
    _tell("向签发地验证新来人员的婚育证明……", "Checking newcomers' certificates with their issuers …")
    check_certificates(nodes)
    clerks, days = Clerks(), script.months * _MONTH + _AFTERMATH
    stride = max(1, -(-days // _STEPS))
    month, today = 0, FIRST_DAY
    with progress() as bar:
        task = bar.add_task("", total=days)
        for day in [*range(0, days, stride), days]:
            today = FIRST_DAY + timedelta(days=day)
            bar.update(task, completed=day, description=say(f"模拟日期 {today}", f"Simulated day {today}"))
            moved = time.monotonic()
            if day:
                move_clock(nodes, f"{today}T09:00")
            clerks.work(today)
            if month < script.months and day >= month * _MONTH:
                seed = f"{script.seed}-{month}"
                for node in nodes:
                    taken = _matters(node, writers[node.county], people, sheets, seed, today, script.months)
                    imports.append(taken)
                await_quiet(nodes)
                for node, taken in zip(nodes, imports[-len(nodes) :], strict=True):
                    clerks.take(cases_of(node, nodes, taken["id"], seed), today)
                month += 1
            # The day's reminders are queued within this time; a leap of the clock would catch them on their way.
            time.sleep(max(0.0, moved + _DAY_SECONDS - time.monotonic()))
            await_quiet(nodes)
    said = ", ".join(f"{kind} {count}" for kind, count in sorted(clerks.said.items()))
    _tell(f"经办人往来：{said}", f"The clerks said: {said}")
    if clerks.refused:
        refused = ", ".join(f"{code} {count}" for code, count in sorted(clerks.refused.items()))
        _tell(f"其中未被接受：{refused}", f"What the nodes did not let them say: {refused}")
    _tell("夜间对账；经办人补建缺漏个案；次夜再对账……", "Reconciling at night; clerks enter who is missing; reconciling again …")
    today, added, nights = nights_repair(nodes, writers, people, sheets, script.seed, today)
    return today, imports + added, nights


def _registers(node: DemoNode, writer: SheetWriter, people: list[Someone], folder: Path) -> Iterator[dict[str, Any]]:
    away = [one for one in people if one.origin == node.county and one.in_outflow]
    here = [one for one in people if one.destination == node.county and one.in_inflow]
    for layout, listed in (("outflow", away), ("inflow", here)):
        file = folder / f"{node.folder.name}-{layout}.xlsx"
        file.write_bytes(writer.register(layout, listed))
        yield node.take_in(layout, file)


def _matters(
    node: DemoNode, writer: SheetWriter, people: list[Someone], folder: Path, seed: str, today: date, months: int
) -> dict[str, Any]:
    """A month's sheet of queries and notices: each person comes up in one of the months."""
    dice, month = Random(f"{seed}-{node.county}"), int(seed.rpartition("-")[2])
    mine = [one for n, one in enumerate(people) if n % months == month and node.county in (one.origin, one.destination)]
    queries: list[Someone] = []
    births: list[Someone] = []
    arrivals: list[Someone] = []
    for one in mine:
        chance = dice.random()
        if one.origin == node.county:
            if chance < 0.35:
                queries.append(one)
        elif chance < 0.5:
            queries.append(one)
        elif chance < 0.7:
            births.append(one)
        elif chance < 0.85:
            arrivals.append(one)
    file = folder / f"{node.folder.name}-matters-{month + 1}.xlsx"
    file.write_bytes(writer.matters(today, queries, births, arrivals))
    return node.take_in("matters", file)


@contextlib.contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named is not None:
        named.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield named.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="woshou-demo-"))
    with contextlib.ExitStack() as ended:
        ended.callback(shutil.rmtree, folder)
        try:
            yield folder
        except DemoFailed as failure:
            ended.pop_all()
            raise DemoFailed(f"{failure} (everything stays in {folder})") from None


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends the demonstration as Ctrl-C does, so that no process stays behind.

    So does SIGINT, even where a shell that runs it in the background has it ignored.
    """

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve(nodes: list[DemoNode]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)
            for node in nodes:
                node.check_alive()


def _tell(zh: str, en: str) -> None:
    print(say(zh, en), file=sys.stderr, flush=True)
