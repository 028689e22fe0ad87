"""How fast and how well candidates are found for one person, beside a scan of the same people; and Splink beside, for many.

    python -m bench.pairing [--quick] [--json]

A register of 1,000,000 invented people on PostgreSQL (`--quick`: 50,000), and people asked about whose facts have gone wrong in
ways that the weights were not made for; half of them are in the register, half are strangers, some of those kin and namesakes.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

from adapters.database.engine import open_database
from adapters.linkage import link
from bench.crowd import entry, people
from bench.databases import KINDS, Databases
from bench.measure import Options, Rates, Report, Take, options, say
from bench.people import ORIGIN
from bench.registers import AT_ONCE, SEED, Bench, fill, keyed
from bench.slips import Asked, asked, stranger
from exchange.codes import RegisterKind
from exchange.ledger import Ledger
from exchange.pairing.comparing import describe
from exchange.pairing.keys import Blinding
from exchange.pairing.linking import flat
from exchange.pairing.scoring import Candidate
from exchange.people.register import Entry
from exchange.verbs.pairing.candidates import Wanted, find, place

_BINS = (0.01, 0.1, 0.5, 0.9, 0.99, 1.0)
_SCAN = (
    "SELECT entry FROM plain_people WHERE number LIKE %(head)s OR number LIKE %(tail)s OR name = %(name)s "
    "OR (name LIKE %(surname)s AND birth_date = %(born)s) LIMIT 200"
)


@dataclass
class Judged:
    """What was offered for people whose truth is known."""

    present: int = 0
    strangers: int = 0
    first: int = 0
    among_five: int = 0
    offered: int = 0
    sure: int = 0
    surely_right: int = 0
    bins: list[list[float]] = field(default_factory=lambda: [[0, 0, 0] for _ in _BINS])

    def take(self, truth: int | None, found: Sequence[Candidate], of: Callable[[Candidate], int]) -> None:
        names = [of(each) for each in found]
        self.present += truth is not None
        self.strangers += truth is None
        if truth is not None:
            self.first += names[:1] == [truth]
            self.among_five += truth in names[:5]
            self.offered += truth in names
        if found and found[0].probability >= 0.5:
            self.sure += 1
            self.surely_right += names[0] == truth
        for name, each in zip(names, found, strict=True):
            place_ = next(at for at, end in enumerate(_BINS) if each.probability <= end)
            row = self.bins[place_]
            row[0] += 1
            row[1] += each.probability
            row[2] += name == truth


def questions(bench: Bench, seed: int, count: int) -> list[Asked]:
    """Half about people of the register, half about strangers."""
    dice, held = Random(seed), sorted(bench.crowd)
    asked_about = []
    for _ in range(count // 2):
        n = dice.choice(held)
        asked_about.append(asked(dice, bench.crowd[n], n))
        asked_about.append(stranger(dice, bench.crowd[dice.choice(held)]))
    return asked_about


def wanted(bench: Bench, each: Asked) -> Wanted:
    person = describe(each.person, each.record, place=place(bench.node.divisions, each.other))
    return Wanted(jurisdiction=ORIGIN, register=RegisterKind.OUTFLOW, person=person)


def number_in(candidate: Candidate) -> int:
    return int(candidate.entry.person_index)


def look(bench: Bench, asked_about: Sequence[Asked]) -> tuple[Judged, list[float]]:
    """Find candidates for each, one transaction a person as a request has it; what came of it, and the milliseconds."""
    judged, took = Judged(), []
    blinding = Blinding(keyed)
    for each in asked_about:
        person = wanted(bench, each)
        began = time.perf_counter()
        with bench.database.transaction(read_only=True) as ledger:
            found = find(ledger, bench.node, blinding, person)
        took.append((time.perf_counter() - began) * 1000)
        judged.take(each.truth, found, number_in)
    return judged, took


def scan(connection: psycopg.Connection[Any], asked_about: Sequence[Asked]) -> int:
    """The same question as a clerk's own SELECT over plain columns; how many people were looked for."""
    for each in asked_about:
        who = each.person
        digits = who.document.number or "?"
        connection.execute(
            _SCAN,
            {
                "head": f"{digits[:14]}%",
                "tail": f"%{digits[6:]}",
                "name": who.name,
                "surname": f"{who.name[0]}%",
                "born": who.birth_date,
            },
        ).fetchall()
    return len(asked_about)


def keys_cost(databases: Databases, rounds: int) -> Rates:
    """Entering the same people with and without keys, in turn; only storing them is measured."""
    made = [[entry(seed * 10_000 + n, who) for n, who in enumerate(people(AT_ONCE, seed))] for seed in range(1, rounds + 2)]
    rates = Rates()
    rates.run(
        {
            name: _entering(databases.url(name.replace(" ", "_")), with_key, iter(made))
            for name, with_key in (("entries with keys", keyed), ("entries without", None))
        },
        rounds,
    )
    return rates


def _entering(url: str, with_key: Callable[[bytes], str] | None, batches: Iterator[list[Entry]]) -> Take:
    database = open_database(url, keyed=with_key)
    database.upgrade()

    def take() -> int:
        entries = next(batches)
        with database.transaction() as ledger:
            ledger.entries.add(entries)
        return len(entries)

    return take


def splink(report: Report, bench: Bench, count: int) -> None:
    """As many people at once as there are in the register, told without a document; Splink's pairs, and the engine's."""
    dice = Random(SEED + 3)
    left: list[Asked] = []
    held = sorted(bench.crowd)
    while len(left) < count:
        n = dice.choice(held)
        told = asked(dice, bench.crowd[n], n) if len(left) % 2 else stranger(dice, bench.crowd[n])
        if told.person.document.number is None:
            left.append(told)
    right = [flat(str(n), describe(who.person, who.record, place=(who.destination,))) for n, who in sorted(bench.crowd.items())]
    began = time.perf_counter()
    flat_left = [flat(str(at), wanted(bench, each).person) for at, each in enumerate(left)]
    linked = link(flat_left, right)
    took = time.perf_counter() - began
    best: dict[int, tuple[float, int]] = {}
    for one, other, probability in linked:
        best[int(one)] = max(best.get(int(one), (0.0, 0)), (probability, int(other)))
    present = sum(each.truth is not None for each in left)
    right_ones = sum(left[at].truth == found for at, (_, found) in best.items())
    sample = left[: min(len(left), 2000)]
    judged, engine_took = look(bench, sample)
    report.rates["splink: people a second"] = round(len(left) / took, 1)
    report.rates["engine, the same people: people a second"] = round(1000 / statistics.mean(engine_took), 1)
    _share(report, "splink: recall at its best pair", right_ones / present, 0.0)
    _share(report, "splink: precision of its best pair", right_ones / max(1, len(best)), 0.0)
    _share(report, "engine, the same people: recall at the first", judged.first / judged.present, 0.0)
    _share(report, "engine, the same people: precision at 0.5 or more", judged.surely_right / max(1, judged.sure), 0.0)


def _share(report: Report, label: str, value: float, target: float) -> None:
    report.ratios[label] = {"value": round(value, 4), "target": target, "better": "higher", "spread": 0.0}


def _quality(report: Report, judged: Judged) -> None:
    _share(report, "recall at the first candidate", judged.first / judged.present, 0.95)
    _share(report, "recall among the first five", judged.among_five / judged.present, 0.97)
    _share(report, "precision of a first candidate of 0.5 or more", judged.surely_right / max(1, judged.sure), 0.97)
    below = 0.0
    for end, (count, probability, right) in zip(_BINS, judged.bins, strict=True):
        if count:
            report.notes.append(
                f"said {below}–{end}: {count:,.0f} candidates, mean {probability / count:.3f}, right {right / count:.3f}"
            )
        below = end


def main() -> None:
    chosen = options(__doc__ or "")
    report = Report(bench="pairing", unit="people a second, or milliseconds where it says so")
    with KINDS["postgresql"]() as databases:
        _on_postgresql(databases, chosen, report)
    with KINDS["sqlite"]() as databases:
        count = 20_000 if chosen.quick else 200_000
        say("sqlite:")
        keep = frozenset(range(0, count, 20))
        bench = fill(databases, "register", count, keep, plain=False)
        _, took = look(bench, questions(bench, SEED + 4, 400))
        _times(report, f"sqlite, {count:,}", took)
        bench.database.close()
    report.show(chosen)


def _on_postgresql(databases: Databases, chosen: Options, report: Report) -> None:
    count, asked_about = (50_000, 1_000) if chosen.quick else (1_000_000, 4_000)
    many = 5_000 if chosen.quick else 100_000
    say("postgresql:")
    bench = fill(databases, "register", count, frozenset(range(0, count, 25)), plain=True)
    look(bench, questions(bench, SEED + 1, 50))  # the first look warms what a running node has warm
    judged, took = look(bench, questions(bench, SEED + 2, asked_about))
    _times(report, f"postgresql, {count:,}", took)
    _quality(report, judged)

    rates = Rates()
    with psycopg.connect(bench.url, autocommit=True) as connection:
        sample = questions(bench, SEED + 5, 40)
        blinding = Blinding(keyed)

        def engine() -> int:
            for each in sample:
                with bench.database.transaction(read_only=True) as ledger:
                    _find(ledger, bench, blinding, each)
            return len(sample)

        rates.run({"engine": engine, "scan": lambda: scan(connection, sample)}, 3 if chosen.quick else 7)
    report.keep("postgresql: ", rates)
    report.compare("engine / scan of plain columns", rates, "engine", "scan", 3 if chosen.quick else 10)
    bench.database.close()

    costs = keys_cost(databases, 3 if chosen.quick else 7)
    report.keep("postgresql: ", costs)
    report.compare("entering with keys / without", costs, "entries with keys", "entries without", 0.5)

    say(f"splink, 2 × {many:,}:")
    smaller = fill(databases, "linkage", many, frozenset(range(many)), plain=True)
    splink(report, smaller, many)
    smaller.database.close()


def _find(ledger: Ledger, bench: Bench, blinding: Blinding, each: Asked) -> None:
    find(ledger, bench.node, blinding, wanted(bench, each))


def _times(report: Report, label: str, took: list[float]) -> None:
    report.rates[f"{label}: median ms a person"] = round(statistics.median(took), 2)
    report.rates[f"{label}: p95 ms a person"] = round(statistics.quantiles(took, n=20)[18], 2)
    report.rates[f"{label}: slowest ms a person"] = round(max(took), 2)


if __name__ == "__main__":
    main()
