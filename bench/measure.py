"""Rounds, medians and spreads: everything that is compared runs in turn within each round, and ratios are taken within it."""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Take = Callable[[], int]


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    quick: bool
    as_json: bool


@dataclass
class Rates:
    """Records a second of each contender, one number a round."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def run(self, contenders: Mapping[str, Take], rounds: int) -> None:
        """Let each contender work once a round; one round before is not counted."""
        for number in range(-1, rounds):
            for name, work in contenders.items():
                began = time.perf_counter()
                records = work()
                if number >= 0:
                    self.rounds.setdefault(name, []).append(records / (time.perf_counter() - began))
            say(f"  round {number + 1} of {rounds}")

    def median(self, name: str) -> float:
        return statistics.median(self.rounds[name])

    def ratio(self, name: str, to: str) -> tuple[float, float]:
        """The median of the rounds' ratios, and their spread: (largest - smallest) / median."""
        ratios = [one / other for one, other in zip(self.rounds[name], self.rounds[to], strict=True)]
        median = statistics.median(ratios)
        return median, (max(ratios) - min(ratios)) / median


@dataclass
class Report:
    """What a bench found."""

    bench: str
    ratios: dict[str, dict[str, Any]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unit: str = "records a second, median of the rounds"

    def compare(self, label: str, rates: Rates, name: str, to: str, target: float) -> None:
        value, spread = rates.ratio(name, to)
        self.ratios[label] = {
            "value": round(value, 4),
            "target": target,
            "better": "higher",
            "spread": round(spread, 3),
        }

    def keep(self, prefix: str, rates: Rates) -> None:
        for name in rates.rounds:
            self.rates[f"{prefix}{name}"] = round(rates.median(name), 1)

    def show(self, options: Options) -> None:
        if options.as_json:
            print(json.dumps({"bench": self.bench, "ratios": self.ratios, "rates": self.rates, "notes": self.notes}))
            return
        print(f"\n{self.bench}: {self.unit}")
        for name, rate in self.rates.items():
            print(f"  {name:<44}{rate:>12,.0f}" if rate >= 100 else f"  {name:<44}{rate:>12,.1f}")
        print(f"\n{'ratio':<46}{'value':>9}{'target':>9}{'spread':>9}")
        for name, found in self.ratios.items():
            met = "" if found["value"] >= found["target"] else "  below its target"
            print(f"{name:<46}{found['value']:>9.3f}{found['target']:>9.2f}{found['spread']:>9.2f}{met}")
        for note in self.notes:
            print(f"note: {note}")


def options(description: str) -> Options:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, wider spreads")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    given = parser.parse_args()
    return Options(quick=given.quick, as_json=given.json)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
