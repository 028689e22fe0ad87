"""Our side of a pair as a run sees it: its leaves at one revision, and the entries behind some of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.codes import RegisterKind
from exchange.ledger import Ledger, Page
from exchange.node import Node
from exchange.people.register import Entry
from exchange.reconciling.apart import Known, Side, known_among
from exchange.reconciling.keys import TokenKey
from exchange.reconciling.pairs import Comparable, Pair
from exchange.reconciling.sketch import Salt, Words, words_of
from exchange.reconciling.tokens import Tokening
from exchange.wire.registers import FIELD

_CHUNK = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The leaves of one register at one revision, as words; people without a number are only counted."""

    key: TokenKey
    words: Words
    numberless: int

    @property
    def size(self) -> int:
        """How many are compared."""
        return len(self.words)


def snapshot_of(ledger: Ledger, key: TokenKey, revision: int) -> Snapshot:
    """Read a register as it was at a revision."""
    held = ledger.tokens.register(key.id, revision)
    return Snapshot(key=key, words=words_of(held.leaves), numberless=held.numberless)


def stands(ledger: Ledger, ours: Snapshot) -> bool:
    """Whether a snapshot of ours is still whole: of an entry that was protected meanwhile nothing is left at any revision."""
    return ledger.tokens.size(ours.key.id, ours.key.revision) == ours.size


def limit_of(ledger: Ledger, what: Comparable, answering: int, now: datetime) -> int:
    """How many differing persons may be told in a run: as agreed, or as a person has released it."""
    released = ledger.register_runs.released(what.partner, what.pair)
    agreed = what.limit(answering)
    return agreed if released is None or released.until <= now else max(agreed, released.limit)


def names_at(ledger: Ledger, key: TokenKey, side: Side, places: Sequence[int]) -> list[str | None]:
    """The ids of the entries behind some leaves; None for one that has become protected: its tokens are erased."""
    leaves = [side.leaf(place) for place in places]
    names = ledger.tokens.entries_of(key.id, leaves)
    return [names.get(leaf) for leaf in leaves]


def entries_at(ledger: Ledger, key: TokenKey, side: Side, places: Sequence[int]) -> list[Entry | None]:
    """The entries behind some leaves, as they are now; None for one that is gone or has become protected."""
    names = names_at(ledger, key, side, places)
    entries = ledger.entries.load(name for name in names if name is not None)
    held = [entries.get(name) if name is not None else None for name in names]
    return [entry if entry is not None and not entry.protected else None for entry in held]


def fields_at(entries: Sequence[Entry | None], tokening: Tokening, items: int) -> list[bytes]:
    """The field digests of each entry; of one that is gone, or has lost its number since, what equals nothing."""
    nothing = bytes(FIELD * items)
    return [nothing if entry is None or tokening.token(entry) is None else tokening.fields(entry) for entry in entries]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseMatch:
    """An outflow entry with a coarse destination whose person is among elements that only the destination holds."""

    entry: Entry
    element: int
    agrees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseFound:
    """The matches, and how many coarse entries were not among the elements."""

    matches: tuple[CoarseMatch, ...]
    left: int


def look_among_coarse(ledger: Ledger, node: Node, pair: Pair, tokening: Tokening, elements: Words, salt: Salt) -> CoarseFound:
    """Look for persons of these elements among the origin's entries that know their destination only to prefecture or province.

    Nothing of those that are not found leaves the node.
    """
    matches: list[CoarseMatch] = []
    looked = 0
    for entries in _coarse(ledger, node, pair):
        leaves = [tokening.leaf(entry) for entry in entries]
        numbered = [(entry, leaf) for entry, leaf in zip(entries, leaves, strict=True) if leaf.numbered]
        looked += len(entries)
        known: list[Known] = known_among([leaf.value for _, leaf in numbered], elements, salt)
        matches += [CoarseMatch(entry=numbered[one.leaf][0], element=one.element, agrees=one.agrees) for one in known]
    return CoarseFound(matches=tuple(matches), left=looked - len(matches))


def _coarse(ledger: Ledger, node: Node, pair: Pair) -> Iterator[list[Entry]]:
    places = node.divisions.ancestors(node.divisions.normalise(pair.destination))
    after = ""
    while True:
        entries = ledger.entries.between(pair.origin, RegisterKind.OUTFLOW, places, Page(after=after, limit=_CHUNK))
        if entries:
            yield entries
        if len(entries) < _CHUNK:
            return
        after = entries[-1].id
