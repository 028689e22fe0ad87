"""A reconciliation as whoever started it follows it on the terminal: one bar over all steps, and one for each partner."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.progress import Progress, TaskID

from adapters.reconciling.steps import Came
from exchange.reconciling.pairs import Pair
from exchange.verbs.reconciling.night import Begun
from woshou.cli import show
from woshou.cli.call import Call
from woshou.cli.words import say

_STEPS = {
    "tokens": ("生成标识", "tokens"),
    "open": ("比对摘要", "sketch"),
    "cells": ("找出差异", "cells"),
    "settle": ("核定差异", "settling"),
}


class Bars:
    """`adapters.reconciling.steps.Watch` on a terminal."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._all = bars.add_task(say("对账…", "Reconciling …"), total=None)
        self._partners: dict[str, TaskID] = {}

    def begun(self, begun: Begun) -> None:
        """How much there is to do, partner by partner."""
        plan = begun.plan
        self._bars.update(self._all, total=len(plan.links) + len(plan.pairs))
        for partner in plan.partners:
            steps = (partner in plan.links) + sum(planned.what.partner == partner for planned in plan.pairs)
            self._partners[partner] = self._bars.add_task(partner, total=steps)

    def told(self, partner: str, pair: Pair | None, what: str) -> None:
        """What a partner is at."""
        self._bars.update(self._partners[partner], description=f"{partner} {_place(pair)} {say(*_STEPS.get(what, (what, what)))}")

    def ended(self, partner: str, pair: Pair | None, what: Came) -> None:
        """A step is over."""
        self._bars.update(self._partners[partner], advance=1, description=partner)
        self._bars.update(self._all, advance=1)


def begins(call: Call) -> None:
    """Where no bar is shown, as in a log, one line says that something is under way; a program needs none."""
    if not call.json and not show.console(stderr=True).is_terminal:
        call.note("对账开始。", "Reconciling has begun.")


@contextmanager
def stopped_by_hand(call: Call) -> Iterator[threading.Event]:
    """Set on the first Ctrl-C or SIGTERM. A second one ends the process where it stands, which harms nothing."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        stopping.set()
        call.note("正在停止：当前各步完成后结束。", "Stopping once the steps under way are over.")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _place(pair: Pair | None) -> str:
    return say("账目", "ledgers") if pair is None else f"{pair.origin} → {pair.destination}"
