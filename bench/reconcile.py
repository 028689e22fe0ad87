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
# At a thousand differences: how many times less than a peer's ours should be.
_AT = 1_000
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

    @property
    def ratios(self) -> dict[str, dict[str, Any]]:
        """Only of what was measured: none without ours, and none to a peer that could not be had."""
        here = self.rounds.get(_AT, {})
        return {
            f"{what}: {name} / {OURS}, {_AT:,} differences": self.ratio(what, name, target)
            for what, name, target in _TARGETS
            if OURS in here and name in here
        }


def show(entries: int, found: Found, notes: list[str]) -> None:
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
    if found.ratios:
        print(f"\n{'ratio':<66}{'value':>9}{'target':>9}{'spread':>9}")
    for label, ratio in found.ratios.items():
        met = "" if ratio["value"] >= ratio["target"] else "  below its target"
        print(f"{label:<66}{ratio['value']:>9.2f}{ratio['target']:>9.2f}{ratio['spread']:>9.2f}{met}")
    for note in notes:
        print(f"note: {note}")


def run(chosen: Options) -> None:
    entries, rounds = (100_000, 3) if chosen.quick else (1_000_000, 3)
    found, notes = Found(), ["the targets are those for 1,000,000 entries"] if chosen.quick else []
    say("registers:")
    with peers(entries, notes) as others, postgresql_server() as databases, ours(databases, entries) as own:
        contenders: dict[str, Contender] = {**others, OURS: own}
        for differences in COUNTS:
            found.run(contenders, differences, rounds)
    if not chosen.as_json:
        show(entries, found, notes)
        return
    costs = {str(count): {name: found.median(count, name) for name in taken} for count, taken in found.rounds.items()}
    print(json.dumps({"bench": "reconcile", "entries": entries, "ratios": found.ratios, "costs": costs, "notes": notes}))


def main() -> None:
    run(options(__doc__ or ""))


if __name__ == "__main__":
    main()
