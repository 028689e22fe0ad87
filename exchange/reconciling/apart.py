"""One side of a run: its leaves in this run's salt, and which of them the other side does not hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exchange.reconciling.sketch import Cells, Salt, Words, digest_of, elements_of, persons_of, words_of

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """The elements that only one side holds, told apart by person.

    `mine` are places among our leaves, `yours` the other side's elements. `changed` pairs the two where they are of one person.
    """

    mine: Places
    yours: Words
    changed_mine: Places
    changed_yours: Words

    @property
    def persons(self) -> int:
        """How many persons differ."""
        return len(self.mine) + len(self.yours) + len(self.changed_mine)


class Side:
    """Our leaves in one salt."""

    def __init__(self, words: Words, salt: Salt) -> None:
        self.words, self.salt = words, salt

    @cached_property
    def elements(self) -> Words:
        """The element of each leaf, in the order of the leaves."""
        return elements_of(self.words, self.salt)

    def places(self, elements: Words) -> Places:
        """Where each of these stands among our leaves; -1 for those that are not there."""
        places = np.full(len(elements), -1, np.int64)
        if not len(elements):
            return places
        # They are few and our leaves are many: the few are sorted, and ours looked up in them.
        order = np.argsort(elements)
        asked = elements[order]
        found = np.minimum(np.searchsorted(asked, self.elements), len(asked) - 1)
        ours = np.flatnonzero(asked[found] == self.elements)
        places[order[found[ours]]] = ours
        return places

    def apart(self, theirs: Cells) -> Apart | None:
        """What is left of the other side's table without our elements; None if it cannot be told. The table is used up."""
        theirs.toggle(self.elements)
        left = theirs.peel()
        return None if left is None else self._told_apart(left)

    def beside(self, other: "Side") -> Apart:
        """The same with the other side's leaves at hand."""
        mine = ~np.isin(self.elements, other.elements)
        yours = ~np.isin(other.elements, self.elements)
        return self._told_apart(np.concatenate([self.elements[mine], other.elements[yours]]))

    def digest_without(self, places: Places) -> str:
        """SHA-256 over the leaves but those at these places, in ascending order."""
        return digest_of(np.delete(self.words, places, axis=0) if len(places) else self.words)

    def leaf(self, place: int) -> bytes:
        """One leaf's 24 bytes."""
        return bytes(self.words[place].astype(">u8").tobytes())

    def _told_apart(self, left: Words) -> Apart:
        places = self.places(left)
        ours, yours = places[places >= 0], left[places < 0]
        of_person = {int(person): place for place, person in enumerate(persons_of(self.elements[ours]))}
        pairs: list[tuple[int, int]] = []
        for theirs, person in enumerate(persons_of(yours)):
            mine = of_person.pop(int(person), None)
            if mine is not None:
                pairs.append((mine, theirs))
        both = np.array(pairs, np.int64).reshape(-1, 2)
        return Apart(
            mine=np.delete(ours, both[:, 0]),
            yours=np.delete(yours, both[:, 1]),
            changed_mine=ours[both[:, 0]],
            changed_yours=yours[both[:, 1]],
        )


class Known(NamedTuple):
    """A leaf of ours whose person is among some elements: its place, the element's, and whether the facts are equal."""

    leaf: int
    element: int
    agrees: bool


def known_among(leaves: Sequence[bytes], elements: Words, salt: Salt) -> list[Known]:
    """Which of these leaves, outside the compared register, are of persons whose elements these are."""
    if not leaves or not len(elements):
        return []
    places = {int(person): place for place, person in enumerate(persons_of(elements))}
    ours = elements_of(words_of(b"".join(leaves)), salt)
    found = ((leaf, places.get(int(person))) for leaf, person in enumerate(persons_of(ours)))
    return [Known(leaf, place, bool(ours[leaf] == elements[place])) for leaf, place in found if place is not None]
