"""Keep the tokens of the registers: make them under a new key, follow the entries as they change, drop what is old.

Call each in transactions of its own until nothing is left: none is long, so that no clerk waits. All may be broken off at any
moment and done by several processes at once. For whoever reads, a set stands at the revision at which it was found: every
transaction that changes it makes a new one.

Why nothing is missed: an entry and its place in the queue are written in one transaction. The queue is read before the keys, and
the keys before the entries; so a key that is not found yet was added after the change, and its first making reads it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from exchange.ledger import Ledger, Page
from exchange.people.register import Entry
from exchange.reconciling.keys import Leaf, TokenKey, TokenKeyGone
from exchange.reconciling.pairs import pair_of, takes_part
from exchange.reconciling.tokens import Tokening

AT_ONCE = 2_000
TokeningOf = Callable[[Ledger, TokenKey], Tokening]


class Made(NamedTuple):
    """How many entries were looked at, and the key as it stands then."""

    entries: int
    key: TokenKey


def add_key(ledger: Ledger, wanted: TokenKey) -> TokenKey:
    """The key of the same name, now added if it is not there."""
    ledger.tokens.lock()
    return ledger.tokens.find(wanted) or ledger.tokens.add(wanted)


def make_some(ledger: Ledger, key_id: int, tokening: TokeningOf, limit: int = AT_ONCE) -> Made:
    """Make the next tokens of a key that is not ready, in the order of the entries' ids; TokenKeyGone."""
    ledger.tokens.lock()
    key = ledger.tokens.get(key_id)
    if key is None:
        raise TokenKeyGone
    if key.made_through is None:
        return Made(0, key)
    page = Page(after=key.made_through, limit=limit)
    entries = ledger.entries.between(key.own, key.register, [key.pair.other(key.own)], page)
    if entries:
        key = replace(key, made_through=entries[-1].id)
    if len(entries) < limit:
        key = replace(key, made_through=None)
    ledger.tokens.save(key)
    _bring(ledger, {entry.id: entry for entry in entries}, [key], tokening)
    return Made(len(entries), ledger.tokens.get(key_id) or key)


def take_up(ledger: Ledger, tokening: TokeningOf, limit: int = AT_ONCE) -> int:
    """Bring the tokens of changed entries up to date, under every key; how much of the queue was done, 0 once it is empty."""
    ledger.tokens.lock()
    queued = ledger.tokens.queued(limit)
    keys = ledger.tokens.all() if queued else []
    if keys:
        changed = {entry for _, entry in queued}
        found = ledger.entries.load(sorted(changed))
        _bring(ledger, {entry: found.get(entry) for entry in sorted(changed)}, keys, tokening)
    ledger.tokens.unqueue(number for number, _ in queued)
    return len(queued)


def forget_some(ledger: Ledger, key_id: int, now: datetime, limit: int = AT_ONCE) -> int:
    """Erase some of what ended so long ago that no run can ask for it; how much, less than `limit` once all is done."""
    ledger.tokens.lock()
    key = ledger.tokens.get(key_id)
    if key is None:
        return 0
    upto = key.forgettable(now)
    erased = ledger.tokens.forget(key_id, upto, limit) if upto is not None else 0
    if erased < limit and (upto is not None or key.noted_at is None):
        ledger.tokens.save(key.with_note(now))
    return erased


def drop_some(ledger: Ledger, key_id: int, limit: int = AT_ONCE) -> bool:
    """Erase some tokens of a key, and the key when none is left; whether it is gone.

    What is left of it meanwhile counts as not made: whoever needs the key again has it made whole.
    """
    ledger.tokens.lock()
    key = ledger.tokens.get(key_id)
    if key is None:
        return True
    if ledger.tokens.erase(key_id, limit) < limit:
        ledger.tokens.drop(key_id)
        return True
    ledger.tokens.save(replace(key, made_through=""))
    return False


def _bring(ledger: Ledger, entries: Mapping[str, Entry | None], keys: Iterable[TokenKey], tokening: TokeningOf) -> None:
    """Let the tokens of these entries under these keys be those that they should have; None is an entry that is gone."""
    standing = _by_key(ledger, entries)
    serving: defaultdict[object, list[TokenKey]] = defaultdict(list)
    for key in keys:
        serving[key.own, key.register, key.pair].append(key)
    wanted: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries.values():
        if entry is not None and takes_part(entry):
            for key in serving.get((entry.jurisdiction, entry.register, pair_of(entry)), ()):
                wanted[key.id].append(entry)
    for key in keys:
        held = standing.get(key.id, {})
        made = [tokening(ledger, key).leaf(entry) for entry in wanted[key.id]] if key.id in wanted else []
        come = [leaf for leaf in made if not _stands(leaf, held)]
        stays = {leaf.entry for leaf in made if _stands(leaf, held)}
        gone = [leaf for entry, leaf in held.items() if entry not in stays]
        if come or gone:
            then = key.at_next_revision()
            ledger.tokens.change(key.id, then.revision, gone, come)
            ledger.tokens.save(then)


def _by_key(ledger: Ledger, entries: Iterable[str]) -> Mapping[int, dict[str, Leaf]]:
    found: defaultdict[int, dict[str, Leaf]] = defaultdict(dict)
    for entry, leaves in ledger.tokens.standing(entries).items():
        for key, leaf in leaves:
            found[key][entry] = leaf
    return found


def _stands(leaf: Leaf, held: Mapping[str, Leaf]) -> bool:
    known = held.get(leaf.entry)
    return known is not None and (known.value, known.numbered) == (leaf.value, leaf.numbered)
