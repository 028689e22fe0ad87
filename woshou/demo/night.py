"""A night's repair: what the nightly reconciliation found, what the clerks enter by day, and what the next night finds of it."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from woshou.demo.nodes import DemoNode, await_quiet, await_until
from woshou.demo.people import Someone
from woshou.demo.sheets import SheetWriter
from woshou.demo.stage import move_clock

# How many of the people that the other side has, and theirs lacks, the clerks of a county reach in a day, in percent.
_REACHED = 80


def nights_repair(
    nodes: list[DemoNode], writers: dict[str, SheetWriter], people: list[Someone], folder: Path, seed: int, today: date
) -> tuple[date, list[dict[str, Any]], list[dict[str, Any]]]:
    """Let a night pass, have clerks enter who was found missing, let another pass.

    The day on which it ends, the files that were taken in, and for each county how far both sides knew the same people before
    and after.
    """
    morning = today + timedelta(days=1)
    _pass(nodes, morning)
    before = [_handshake(node, today) for node in nodes]
    imports = [taken for node in nodes for taken in _enter(node, nodes, writers[node.county], people, folder, seed)]
    await_quiet(nodes)
    after_that = morning + timedelta(days=1)
    _pass(nodes, after_that)
    after = [_handshake(node, today) for node in nodes]
    told = [
        {"jurisdiction": node.county, "before": one, "after": other}
        for node, one, other in zip(nodes, before, after, strict=True)
    ]
    return after_that, imports, told


def _enter(
    node: DemoNode, nodes: list[DemoNode], writer: SheetWriter, people: list[Someone], folder: Path, seed: int
) -> list[dict[str, Any]]:
    """The people who are missing here and stand in another node's register, as the notices and calls of that day tell of them."""
    dice = Random(f"{seed}-night-{node.county}")
    others = {other.county for other in nodes if other is not node}
    away = [each for each in people if each.origin == node.county and each.destination in others]
    here = [each for each in people if each.destination == node.county and each.origin in others]
    missing = {
        "outflow": [each for each in away if each.in_inflow and not each.in_outflow],
        "inflow": [each for each in here if each.in_outflow and not each.in_inflow],
    }
    taken = []
    for layout, listed in missing.items():
        reached = [each for each in listed if dice.randrange(100) < _REACHED]
        if reached:
            file = folder / f"{node.folder.name}-{layout}-added.xlsx"
            file.write_bytes(writer.register(layout, reached))
            taken.append(node.take_in(layout, file))
    return taken


def _pass(nodes: list[DemoNode], morning: date) -> None:
    """Let the clock show nine on that day, and wait until every node has reconciled in the night before."""
    move_clock(nodes, f"{morning}T09:00")
    for node in nodes:
        await_until(partial(_is_over, node, morning), f"{node.name} does not reconcile; see jobs.log in the data folders")
    await_quiet(nodes)


def _is_over(node: DemoNode, morning: date) -> bool:
    node.check_alive()
    return any(night["ended_at"] for night in _nights(node) if night["business_date"] == morning.isoformat())


def _nights(node: DemoNode) -> list[dict[str, Any]]:
    return list(node.get("/api/v1/reconciliations", "operator")["items"])


def _handshake(node: DemoNode, last: date) -> dict[str, int | None]:
    day = last.isoformat()
    report = node.get("/api/v1/rates", "coordinator", **{"from": day, "to": day})
    (rate,) = [rate for figures in report["figures"] for rate in figures["rates"] if rate["rate"] == "handshake"]
    return {"numerator": rate["numerator"], "denominator": rate["denominator"]}
