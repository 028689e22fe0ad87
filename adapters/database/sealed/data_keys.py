"""The upkeep of a ledger's data keys: destroying those of what was erased, sweeping what nothing uses, wrapping anew."""

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import structlog
from sqlalchemy import delete, select

from adapters.database.sealed.restored import erase_page
from adapters.database.sealed.sealing import in_use
from adapters.database.sealed.seals import Sealer, Seals, made_at
from adapters.database.shapes import Values, sealed_tables, table_of
from adapters.database.tables import DoomedKeyRow
from adapters.sealing.errors import WrappingKeyInUse, WrappingKeyUnknown
from exchange.ledger import LedgerBusy

if TYPE_CHECKING:
    from adapters.database.work import Work

_DOOMED = table_of(DoomedKeyRow)
_AT_ONCE = 1000
_HOUR = 3_600_000
# A key is younger than its transaction is long, at most: those under way are left alone.
_YOUNG = _HOUR
# Long enough to find that an older backup was restored by mistake, and to restore the newer one.
KEEP_IDLE = 7 * 24 * _HOUR
Open: TypeAlias = "Callable[..., AbstractContextManager[Work]]"
Progress: TypeAlias = Callable[[int, int], None]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappingKeyState:
    """A key-encryption key, and how many data keys it wraps."""

    kek: str
    source: str
    newest: bool
    here: bool
    data_keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found: keys that nothing uses, and those of them that were destroyed for it."""

    idle: int
    destroyed: int


class DataKeys:
    """One ledger's data keys. `open_work` opens a transaction on the ledger, read-only or not; with seals, if it seals."""

    def __init__(self, sealer: Sealer, open_work: Open) -> None:
        self._sealer, self.store, self._wrapping = sealer, sealer.store, sealer.wrapping
        self._open = open_work

    def check(self) -> None:
        """See that the key store is this ledger's, and that the wrapping keys open it; a SealingTrouble if not."""
        self._wrapping.newest()
        with self._open(True) as work:
            self._sealer.bind(work.sealing.ledger_id, work.sealing.holds_values)
        self._wrapping.unwrap(self.store.wrapped_otherwise("", b"", 1))

    def destroy_soon(self) -> None:
        """Destroy the keys on the list; what cannot be done now is left to the next tidying, which loses nothing."""
        try:
            self.destroy_doomed()
        except LedgerBusy:
            log.warning("data_keys_left_to_tidy")

    def destroy_doomed(self) -> int:
        """Destroy the keys of what was erased, and strike them off the list; how many there were."""
        destroyed = 0
        while True:
            with self._open(True) as work:
                ids = [bytes(row.id) for row in work.rows(select(_DOOMED.c.id).order_by(_DOOMED.c.id).limit(_AT_ONCE))]
            if not ids:
                return destroyed
            destroyed += self.store.destroy(ids)
            with self._open(False) as work:
                work.change(delete(_DOOMED).where(_DOOMED.c.id <= ids[-1], _DOOMED.c.id.in_(ids)))

    def erase_again(self) -> int:
        """Erase what an older copy of the ledger brought back, which nobody can read any more; how many rows."""
        self.check()
        erased = 0
        for kind in sealed_tables():
            after, goes_on = None, True
            while goes_on:
                with self._open(True) as work:
                    gone, last = erase_page(work, self.store, kind, after, write=False)
                if gone:
                    with self._open(False, Seals(self._sealer)) as work:
                        erased += erase_page(work, self.store, kind, after, write=True)[0]
                after, goes_on = last, last is not None
        if erased:
            self.destroy_doomed()
        return erased

    def sweep(self, now: int | None = None) -> Swept:
        """Find keys that no value uses, as a transaction leaves them that was undone; destroy those that have been so for long.

        `now`: milliseconds by the machine's clock, by which keys are made.
        """
        now = time.time_ns() // 1_000_000 if now is None else now
        kinds = {table_of(kind).name: kind for kind in sealed_tables()}
        self.check()
        after, idle, destroyed = b"", 0, 0
        while page := self.store.used(after, _AT_ONCE):
            after = page[-1][0]
            settled = [row for row in page if made_at(row[0]) < now - _YOUNG]
            wanted: defaultdict[str, list[tuple[bytes, Values]]] = defaultdict(list)
            for key_id, table, row, _ in settled:
                wanted[table].append((key_id, tuple(row.decode().split("\0"))))
            with self._open(True) as work:
                used = {key_id for table, rows in wanted.items() for key_id in in_use(work, kinds[table], rows)}
            unused = {key_id: since for key_id, _, _, since in settled if key_id not in used}
            self.store.note_idle([key_id for key_id, since in unused.items() if since is None], now)
            self.store.note_idle([key_id for key_id, _, _, since in settled if since is not None and key_id in used], None)
            idle += len(unused)
            destroyed += self.store.destroy(
                [key_id for key_id, since in unused.items() if since is not None and since <= now - KEEP_IDLE]
            )
        return Swept(idle=idle, destroyed=destroyed)

    def rotate(self, progress: Progress) -> tuple[str, int]:
        """Let a new key wrap all data keys, while the node runs; the key's id, and how many were wrapped anew.

        One that was broken off is gone on with, under the key that it was for. Where keys come from elsewhere, the newest there
        is taken.
        """
        self._wrapping.reload()
        if self.left_to_wrap() == 0 and self._wrapping.source.makes:
            self._wrapping.source.add()
        return self._wrapping.newest(), self.rewrap(progress)

    def rewrap(self, progress: Progress) -> int:
        """Wrap all data keys by the newest key that are wrapped by others; how many they were."""
        kek, after, done = self._wrapping.newest(), b"", 0
        of = self.left_to_wrap()
        while page := self.store.wrapped_otherwise(kek, after, _AT_ONCE):
            after = page[-1][0]
            old = {key_id: under for key_id, _, under in page}
            made = self._wrapping.wrap(self._wrapping.unwrap(page))
            done += self.store.rewrap([(wrapped, by, key_id, old[key_id]) for key_id, wrapped, by in made])
            progress(done, max(of, done))
        return done

    def left_to_wrap(self) -> int:
        """How many data keys another key than the newest wraps."""
        kek = self._wrapping.newest()
        return sum(count for held, count in self.store.counts().items() if held != kek)

    def states(self) -> list[WrappingKeyState]:
        """The key-encryption keys, oldest first, those too that are needed and not here."""
        here, counts = self._wrapping.ids(), self.store.counts()
        names = [*sorted(set(counts) - set(here)), *here]
        return [
            WrappingKeyState(
                kek=kek,
                source=self._wrapping.source.name,
                newest=kek == here[-1],
                here=kek in here,
                data_keys=counts.get(kek, 0),
            )
            for kek in names
        ]

    def forget(self, kek: str) -> None:
        """Destroy a key-encryption key that wraps nothing here, and with it all that older copies of the key store hold.

        WrappingKeysElsewhere where the operator has to destroy it: that nothing will be stored under it is seen to then, too.
        """
        if kek not in self._wrapping.ids():
            raise WrappingKeyUnknown
        # In the store first: a writer that wrapped by it a moment ago must wrap anew.
        if kek == self._wrapping.newest() or not self.store.forget(kek):
            raise WrappingKeyInUse
        self._wrapping.source.forget(kek)
