"""The comparisons of pairs, and what they found, in memory."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from adapters.memory.books import Books
from exchange.counting.query import UNASSIGNED
from exchange.cursors import read_register_difference_cursor
from exchange.ledger import Page, RegisterDifferenceFilter
from exchange.reconciling.handshake import Step, counts_of
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind, Outcome, RegisterDifference, RegisterRun, Release


class MemoryRegisterRuns:
    """`exchange.ledger.RegisterRuns` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def put(self, run: RegisterRun) -> None:
        self._books.register_runs[run.id] = run

    def get(self, run: str, *, lock: bool = False) -> RegisterRun | None:
        # There is one writer at a time: the lock that is asked for is held already.
        return self._books.register_runs.get(run)

    def of_reconciliation(self, reconciliation: str) -> list[RegisterRun]:
        return sorted((run for run in self._books.register_runs.values() if run.reconciliation == reconciliation), key=_place)

    def since(self, pair: Pair, partner: str, moment: datetime) -> list[RegisterRun]:
        runs = self._books.register_runs.values()
        found = (run for run in runs if (run.pair, run.partner) == (pair, partner) and run.began_at >= moment)
        return sorted(found, key=_place)

    def settled(self, own: frozenset[str], as_of: datetime) -> list[RegisterRun]:
        return self._last(own, as_of, settled=True)

    def unsettled(self, own: frozenset[str], as_of: datetime) -> list[RegisterRun]:
        return self._last(own, as_of, settled=False)

    def began(self, as_of: datetime) -> bool:
        runs = self._books.register_runs.values()
        return any(run.outcome is Outcome.SETTLED and run.ended_at is not None and run.ended_at <= as_of for run in runs)

    def steps(self, own: frozenset[str], moments: Sequence[datetime]) -> list[Step]:
        last: dict[tuple[Pair, int], tuple[datetime, RegisterRun]] = {}
        for ended_at, run in self._ended(own, moments[-1], settled=True):
            last[run.pair, bisect_left(moments, ended_at)] = ended_at, run
        return [
            Step(place, pair, run.partner, ended_at, counts_of(run))
            for (pair, place), (ended_at, run) in sorted(last.items(), key=lambda each: each[0])
        ]

    def last_settled(self, partners: Iterable[str]) -> Mapping[str, datetime]:
        last, wanted = dict[str, datetime](), frozenset(partners)
        for run in self._books.register_runs.values():
            if run.partner in wanted and run.outcome is Outcome.SETTLED and run.ended_at is not None:
                last[run.partner] = max(last.get(run.partner, run.ended_at), run.ended_at)
        return last

    def _last(self, own: frozenset[str], as_of: datetime, *, settled: bool) -> list[RegisterRun]:
        """Of each pair and partner the last one."""
        last = {(run.pair, run.partner): run for _, run in self._ended(own, as_of, settled=settled)}
        return [run for _, run in sorted(last.items(), key=lambda each: each[0])]

    def _ended(self, own: frozenset[str], as_of: datetime, *, settled: bool) -> list[tuple[datetime, RegisterRun]]:
        """The runs that had ended so, by their end and then by id."""
        ended = [
            (run.ended_at, run)
            for run in self._books.register_runs.values()
            if run.ended_at is not None
            and run.ended_at <= as_of
            and (run.outcome is Outcome.SETTLED) is settled
            and not own.isdisjoint((run.pair.origin, run.pair.destination))
        ]
        return sorted(ended, key=lambda each: (each[0], each[1].id))

    def standing(self, pair: Pair, own: str) -> list[RegisterDifference]:
        held = sorted(self._books.register_differences.items(), key=lambda each: each[0])
        return [each for (_, of), each in held if of == pair and each.own == own and each.open]

    def differences(self, wanted: RegisterDifferenceFilter, page: Page) -> list[RegisterDifference]:
        after = read_register_difference_cursor(page.after) if page.after else None
        held = sorted(self._books.register_differences.items())
        found = [each for place, each in held if self._fits(each, wanted) and (after is None or place > after)]
        return found[: page.limit]

    def count_differences(self, wanted: RegisterDifferenceFilter) -> Mapping[DifferenceKind, int]:
        return Counter(each.kind for each in self._books.register_differences.values() if self._fits(each, wanted))

    def reconciled(self, own: frozenset[str]) -> Mapping[str, datetime]:
        last: dict[str, datetime] = {}
        for run in self._books.register_runs.values():
            if run.outcome is Outcome.SETTLED and run.ended_at is not None:
                for county in own & {run.pair.origin, run.pair.destination}:
                    last[county] = max(run.ended_at, last.get(county, run.ended_at))
        return last

    def found_twice(self, own: frozenset[str]) -> list[RegisterDifference]:
        coarse = RegisterDifferenceFilter(own=own, kind=DifferenceKind.COARSE)
        found = [each for _, each in sorted(self._books.register_differences.items()) if self._fits(each, coarse)]
        counted = Counter(each.entry for each in found)
        return [each for each in found if counted[each.entry] > 1]

    def difference_of(self, entry: str) -> list[RegisterDifference]:
        return [each for (of, _), each in sorted(self._books.register_differences.items()) if of == entry]

    def put_differences(self, differences: Sequence[RegisterDifference]) -> None:
        held = self._books.entries
        erased = self._books.erased_entries
        seen = (
            each for each in differences if each.entry not in erased and not (each.entry in held and held[each.entry].protected)
        )
        self._books.register_differences.update(((each.entry, each.pair), each) for each in seen)

    def forget(self, before: datetime) -> int:
        differences = self._books.register_differences
        gone = [place for place, each in differences.items() if each.settled_at is not None and each.settled_at < before]
        for place in gone:
            del differences[place]
        return len(gone)

    def release(self, release: Release) -> None:
        self._books.releases[release.partner, release.pair] = release

    def released(self, partner: str, pair: Pair) -> Release | None:
        return self._books.releases.get((partner, pair))

    def _fits(self, difference: RegisterDifference, wanted: RegisterDifferenceFilter) -> bool:
        entry, own = self._books.entries.get(difference.entry), difference.own
        asked: tuple[tuple[object, object], ...] = (
            (wanted.kind, difference.kind),
            (wanted.township, (entry.township if entry is not None else None) or UNASSIGNED),
            (wanted.register, difference.pair.register_of(own)),
            (wanted.other, difference.pair.other(own)),
            (wanted.partner, difference.partner),
        )
        return difference.open and own in wanted.own and all(want is None or want == has for want, has in asked)


def _place(run: RegisterRun) -> tuple[datetime, str]:
    return run.began_at, run.id
