"""Withholding small cells so that no other figure gives them away: complementary suppression, a pure function over sums.

A published figure under ten is masked. Then, as long as the published sums still tell a small value, or tell that the
masked ones of one sum come to fewer than ten together, one more cell is masked: the smallest that helps.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Sum(NamedTuple, Generic[K]):
    """One figure that is the sum of others, each of them named by its key."""

    total: K
    parts: tuple[K, ...]

    @property
    def members(self) -> tuple[K, ...]:
        """The total and its parts."""
        return self.total, *self.parts


def masked(cells: Mapping[K, int | None], sums: Sequence[Sum[K]], *, smallest: int) -> frozenset[K]:
    """The keys to be masked, of cells that are linked by sums.

    Masked from the start: every cell from 1 up to `smallest` exclusive, and those whose value is withheld already (None).
    Afterwards no small value follows from the published ones and the sums. Zeros are published unless they are needed.
    """
    hidden = {key for key, value in cells.items() if value is None or 0 < value < smallest}
    while True:
        determined = _determined(cells, hidden, sums)
        given_away = {key for key, value in determined.items() if 0 < value < smallest}
        given_away |= _small_remainders(cells, hidden, sums, smallest)
        more = _one_more(cells, hidden, sums, given_away)
        if more is None:
            return frozenset(hidden)
        hidden.add(more)


def _determined(cells: Mapping[K, int | None], hidden: set[K], sums: Sequence[Sum[K]]) -> dict[K, Fraction]:
    """The masked cells whose value the sums tell: by elimination, a line that is left with one unknown."""
    unknowns = sorted(hidden, key=repr)
    place = {key: index for index, key in enumerate(unknowns)}
    rows = []
    for one in sums:
        row = [Fraction(0)] * (len(unknowns) + 1)
        for key, sign in ((one.total, -1), *((part, 1) for part in one.parts)):
            if key in place:
                row[place[key]] += sign
            else:
                row[-1] -= sign * (cells[key] or 0)
        rows.append(row)
    found = {}
    for row in _reduced(rows, len(unknowns)):
        left = [index for index, factor in enumerate(row[:-1]) if factor != 0]
        if len(left) == 1:
            found[unknowns[left[0]]] = row[-1]
    return found


def _reduced(rows: list[list[Fraction]], unknowns: int) -> list[list[Fraction]]:
    """The reduced row echelon form over the unknowns, the last column of each line its known side; without empty lines."""
    done: list[list[Fraction]] = []
    for column in range(unknowns):
        pivot = next((row for row in rows if row[column] != 0), None)
        if pivot is None:
            continue
        rows = [row for row in rows if row is not pivot]
        pivot = [value / pivot[column] for value in pivot]
        rows = [_without(row, pivot, column) for row in rows]
        done = [*(_without(row, pivot, column) for row in done), pivot]
    return done


def _without(row: list[Fraction], pivot: list[Fraction], column: int) -> list[Fraction]:
    factor = row[column]
    return row if factor == 0 else [value - factor * other for value, other in zip(row, pivot, strict=True)]


def _small_remainders(cells: Mapping[K, int | None], hidden: set[K], sums: Sequence[Sum[K]], smallest: int) -> set[K]:
    """The masked parts of a published total that come to fewer than `smallest` together: their sum is as good as a cell."""
    found: set[K] = set()
    for one in sums:
        total = cells[one.total]
        unknown = [key for key in one.parts if key in hidden]
        if one.total in hidden or total is None or not unknown:
            continue
        if 0 < total - sum(cells[key] or 0 for key in one.parts if key not in hidden) < smallest:
            found.update(unknown)
    return found


def _one_more(cells: Mapping[K, int | None], hidden: set[K], sums: Sequence[Sum[K]], given_away: Iterable[K]) -> K | None:
    """The smallest published cell that stands in a sum with one that is given away; one that is not 0 where there is any."""
    exposed = set(given_away)
    if not exposed:
        return None
    near = _beside(exposed, sums) - hidden or _beside(hidden, sums) - hidden
    return min(near, key=lambda key: (cells[key] == 0, cells[key] or 0, repr(key)), default=None)


def _beside(some: set[K], sums: Sequence[Sum[K]]) -> set[K]:
    """Whatever stands in a sum with one of these."""
    return {key for one in sums if some.intersection(one.members) for key in one.members}
