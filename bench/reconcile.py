"""What it takes to find the differences between two registers, beside the full list and tools that compare two databases.

    python -m bench.reconcile [--quick] [--json]

Two registers of 1,000,000 entries (`--quick`: 100,000) that differ in 100, 1,000 and 10,000 persons: a quarter on the one side
only, a quarter on the other, half with other fields. Whoever takes part finds them from its own database and is believed only
if it found exactly these. Bytes and round trips are those between the client, beside one database, and the far side; CPU is
that of all processes on both sides, the databases' included; memory is the peak of the largest process that is no database, of
a node, which is there before and after, what came on top.
"""

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from bench.databases import postgresql_server
from bench.measure import Options, options, say
from bench.reconciling.meter import Cost
from bench.reconciling.ours import ours
from bench.reconciling.peers import COMPARATOR, DATA_DIFF, FULL_LIST, peers

COUNTS = (100, 1_000, 10_000)
OURS = "woshou"
# At a thousand differences: how many times less than a peer's ours should be, and what it may take at most.
_AT = 1_000
_LIMITS = {"bytes": 130_000.0, "round_trips": 3.0, "cpu": 3.0, "memory": 150.0 * 2**20}
_EQUAL_LIMITS = {"bytes": 2_048.0, "round_trips": 1.0}
# A register so many times smaller with as many differences: ours may cost less than twice the bytes in the large one.
_SMALLER = 100
_GROWTH = 2.0
_TARGETS = (("bytes", FULL_LIST, 490.0), ("cpu", DATA_DIFF, 10.0), ("cpu", COMPARATOR, 1.0))


class Contender(Protocol):
    """Who finds differences: `prepare` comes once before the rounds with so many, and never with fewer than before."""

    def prepare(self, differences: int) -> None: ...
    def measure(self, differences: int) -> Cost: ...


@dataclass
class Found:
    """The costs of each contender at each number of differences, one a round."""

    rounds: dict[int, dict[str, list[Cost]]] = field(default_factory=dict)

    def run(self, contenders: Mapping[str, Contender], differences: int, rounds: int) -> None:
        """Let each work once a round, in turn."""
        for contender in contenders.values():
            contender.prepare(differences)
        taken: dict[str, list[Cost]] = {name: [] for name in contenders}
        for number in range(rounds):
            for name, contender in contenders.items():
                taken[name].append(contender.measure(differences))
            say(f"  {differences:,} differences: round {number + 1} of {rounds}")
        self.rounds[differences] = taken

    def median(self, differences: int, name: str) -> dict[str, float]:
        costs = [asdict(cost) for cost in self.rounds[differences][name]]
        return {what: round(statistics.median(cost[what] for cost in costs), 2) for what in costs[0]}

    def ratio(self, what: str, name: str, target: float) -> dict[str, Any]:
        """How many times as much the peer took as we did, as the median of the rounds."""
        pairs = zip(self.rounds[_AT][name], self.rounds[_AT][OURS], strict=True)
        ratios = [getattr(theirs, what) / getattr(ours, what) for theirs, ours in pairs]
        median = statistics.median(ratios)
        spread = (max(ratios) - min(ratios)) / median
        return {"value": round(median, 2), "target": target, "better": "higher", "spread": round(spread, 3)}

    def spent(self, what: str, differences: int, target: float) -> dict[str, Any]:
        """What ours took, beside the most that it may."""
        costs = [float(getattr(cost, what)) for cost in self.rounds[differences][OURS]]
        median = statistics.median(costs)
        spread = (max(costs) - min(costs)) / median if median else 0.0
        return {"value": round(median, 2), "target": target, "better": "lower", "spread": round(spread, 3)}

    def grown(self, small: list[Cost]) -> dict[str, Any]:
        """How many times the bytes of a small register the large one takes, with as many differences."""
        ratios = [large.bytes / little.bytes for large, little in zip(self.rounds[_AT][OURS], small, strict=True)]
        median = statistics.median(ratios)
        spread = (max(ratios) - min(ratios)) / median
        return {"value": round(median, 2), "target": _GROWTH, "better": "lower", "spread": round(spread, 3)}

    @property
    def limits(self) -> dict[str, dict[str, Any]]:
        """What ours took, beside what it may take."""
        told = {f"{what}: {OURS}, {_AT:,} differences": self.spent(what, _AT, most) for what, most in _LIMITS.items()}
        return told | {f"{what}: {OURS}, equal registers": self.spent(what, 0, most) for what, most in _EQUAL_LIMITS.items()}

    @property
    def ratios(self) -> dict[str, dict[str, Any]]:
        """Only of what was measured: none to a peer that could not be had."""
        here = self.rounds.get(_AT, {})
        return {
            f"{what}: {name} / {OURS}, {_AT:,} differences": self.ratio(what, name, target)
            for what, name, target in _TARGETS
            if OURS in here and name in here
        }


def show(entries: int, found: Found, ratios: Mapping[str, dict[str, Any]], notes: list[str]) -> None:
    print(f"\nreconcile: two registers of {entries:,}, medians of the rounds")
    for differences, taken in found.rounds.items():
        head = f"{differences:,} differences"
        print(f"\n{head:<26}{'bytes':>14}{'round trips':>13}{'CPU s':>9}{'seconds':>9}{'MiB':>7}")
        for name in taken:
            cost = found.median(differences, name)
            print(
                f"{name:<26}{cost['bytes']:>14,.0f}{cost['round_trips']:>13,.0f}{cost['cpu']:>9.2f}{cost['seconds']:>9.2f}"
                f"{cost['memory'] / 2**20:>7.0f}"
            )
    print(f"\n{'ratio, or what ours took':<66}{'value':>14}{'target':>14}{'spread':>9}")
    for label, ratio in ratios.items():
        enough = ratio["value"] >= ratio["target"] if ratio["better"] == "higher" else ratio["value"] <= ratio["target"]
        met = "" if enough else "  target not met"
        print(f"{label:<66}{ratio['value']:>14,.2f}{ratio['target']:>14,.2f}{ratio['spread']:>9.2f}{met}")
    for note in notes:
        print(f"note: {note}")


def run(chosen: Options) -> None:
    entries, rounds = (100_000, 3) if chosen.quick else (1_000_000, 3)
    found, notes = Found(), ["the targets are those for 1,000,000 entries"] if chosen.quick else []
    say("registers:")
    with peers(entries, notes) as others, postgresql_server() as databases, ours(databases, entries) as own:
        found.run({OURS: own}, 0, rounds)
        contenders: dict[str, Contender] = {**others, OURS: own}
        for differences in COUNTS:
            found.run(contenders, differences, rounds)
        with ours(databases, entries // _SMALLER, "_small") as small:
            small.prepare(_AT)
            little = [small.measure(_AT) for _ in range(rounds)]
    ratios = {**found.ratios, **found.limits, f"bytes: {entries:,} / {entries // _SMALLER:,} entries": found.grown(little)}
    if not chosen.as_json:
        show(entries, found, ratios, notes)
        return
    costs = {str(count): {name: found.median(count, name) for name in taken} for count, taken in found.rounds.items()}
    print(json.dumps({"bench": "reconcile", "entries": entries, "ratios": ratios, "costs": costs, "notes": notes}))


def main() -> None:
    run(options(__doc__ or ""))


if __name__ == "__main__":
    main()
