"""The clerks: who answers when and what, who never does, who is not content; all by dice that follow the seed."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from woshou.demo.nodes import DemoNode

Reply = dict[str, Any]
# How the asked side deals with what it receives, in percent.
_FATES = (("in_time", 70), ("late", 10), ("interim", 6), ("never", 9), ("withdrawn", 5))
# What the asker does with an answer.
_THANKS = (("confirm", 70), ("challenge", 12), ("nothing", 14), ("withdraw", 4))
_KNOWN_RESULTS = (("confirmed", 68), ("corrected", 22), ("moved_on", 6), ("refused", 4))
_UNKNOWN_RESULTS = (("not_found", 80), ("confirmed", 12), ("deceased", 3), ("refused", 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One accepted exchange, seen by both of its clerks."""

    exchange: str
    kind: str
    paired: bool
    due: date | None
    asker: DemoNode
    asked: DemoNode
    dice: Random


@dataclass(order=True, slots=True)
class _Task:
    day: date
    number: int
    step: str = field(compare=False)
    case: Case = field(compare=False)


class Clerks:
    """What is to be done on which day; doing it decides what comes next."""

    def __init__(self) -> None:
        self._tasks: list[_Task] = []
        self._number = 0
        self.said: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def take(self, cases: Iterable[Case], today: date) -> None:
        """Decide the fate of new cases."""
        for case in cases:
            dice, fate = case.dice, _chosen(case.dice, _FATES)
            days = (case.due - today).days if case.due else 0
            if fate == "withdrawn":
                self._plan(today + timedelta(days=dice.randrange(2, 10)), "withdraw", case)
            elif days <= 0 or fate == "never":
                continue
            elif fate == "interim":
                self._plan(today + timedelta(days=max(1, days - 6)), "interim", case)
            elif fate == "late":
                self._plan(today + timedelta(days=days + dice.randrange(2, 12)), "answer", case)
            else:
                self._plan(today + timedelta(days=dice.randrange(1, max(2, days - 4))), "answer", case)

    def work(self, today: date) -> None:
        """Do what is due by today, each node's replies in one request."""
        due: dict[str, list[tuple[_Task, Reply]]] = {}
        nodes: dict[str, DemoNode] = {}
        while self._tasks and self._tasks[0].day <= today:
            task = heapq.heappop(self._tasks)
            node = task.case.asked if task.step in ("answer", "answer_again", "interim") else task.case.asker
            nodes[node.name] = node
            due.setdefault(node.name, []).append((task, _reply(task.step, task.case, today)))
        for name, work in due.items():
            results = nodes[name].say([reply for _, reply in work])
            for (task, reply), result in zip(work, results, strict=True):
                if result["outcome"] == "refused":
                    self.refused[result["problem"]["type"].rpartition(":")[2]] += 1
                else:
                    self.said[reply["kind"]] += 1
                    self._follow(task.step, task.case, today)

    def _follow(self, step: str, case: Case, today: date) -> None:
        dice = case.dice
        later = today + timedelta(days=dice.randrange(1, 7))
        match step:
            case "interim":
                self._plan(later, "answer", case)
            case "answer":
                thanks = _chosen(dice, _THANKS)
                if thanks != "nothing":
                    self._plan(later, thanks, case)
            case "challenge":
                if dice.random() < 0.85:
                    self._plan(today + timedelta(days=dice.randrange(2, 25)), "answer_again", case)
            case "answer_again":
                self._plan(later, "confirm", case)
            case _:
                pass

    def _plan(self, day: date, step: str, case: Case) -> None:
        self._number += 1
        heapq.heappush(self._tasks, _Task(day, self._number, step, case))


def _reply(step: str, case: Case, today: date) -> Reply:
    kind, body = _said(step, case, today)
    return {"exchange": case.exchange, "kind": kind, "body": body}


def _said(step: str, case: Case, today: date) -> tuple[str, dict[str, Any]]:
    match step:
        case "answer":
            return "feedback", _answer(case)
        case "answer_again":
            return "feedback", {"result": "confirmed"}
        case "interim":
            return "interim", {"reason": "archive_search", "expected": (today + timedelta(days=10)).isoformat()}
        case "challenge":
            return "challenge", {"reason": "incomplete", "items": ["marital_status"]}
        case "confirm":
            return "confirmation", {}
        case _:
            return "withdrawal", {"reason": "answered_otherwise"}


def _answer(case: Case) -> dict[str, Any]:
    dice = case.dice
    result = _chosen(dice, _KNOWN_RESULTS if case.paired else _UNKNOWN_RESULTS)
    if result == "corrected" and case.kind != "query":
        result = "confirmed"
    more: dict[str, dict[str, Any]] = {
        "corrected": {"record": {"marital_status": dice.choice(("22", "40"))}},
        "moved_on": {"moved_to": dice.choice(("4403", "3302"))},
        "refused": {"reason": "under_correction"},
    }
    return {"result": result, **more.get(result, {})}


def _chosen(dice: Random, chances: tuple[tuple[str, int], ...]) -> str:
    words, weights = zip(*chances, strict=True)
    return str(dice.choices(words, weights)[0])


def cases_of(node: DemoNode, nodes: list[DemoNode], imported: str, seed: str) -> Iterator[Case]:
    """The accepted exchanges that a sheet of matters made, in the order of its rows; the dice follow the seed and the row."""
    mine = {row["exchange"]: row for row in node.pages("/api/v1/exchanges", role="asker", acceptance="accepted")}
    paired: dict[str, set[str]] = {
        other.county: {row["exchange"] for row in other.pages("/api/v1/exchanges", role="asked", paired="true")}
        for other in nodes
        if other is not node
    }
    for row in node.pages(f"/api/v1/imports/{imported}/rows"):
        held = mine.get(row["made"]) if row["outcome"] in ("accepted", "warned") else None
        asked = next((other for other in nodes if held and other.county == held["other"]), None)
        if held is None or asked is None:
            continue
        yield Case(
            exchange=held["exchange"],
            kind=held["kind"],
            paired=held["exchange"] in paired[asked.county],
            due=date.fromisoformat(held["first_due"]) if held["first_due"] else None,
            asker=node,
            asked=asked,
            dice=Random(f"{seed} {node.county} {row['row']}"),
        )
