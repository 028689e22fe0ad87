"""Sealed values: one for each row that tells of a person, under a data key of its own.

A value is ``0x01 ‖ suite ‖ data key id (16) ‖ nonce ‖ ciphertext ‖ tag``, bound to its own head, its table and its row. New data
keys are in the key store before the ledger commits; those of erased values are put on a list in the ledger's own transaction,
and destroyed once it has committed. A row keeps its data key for life, unless something is left out of it for good.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias

from adapters.database.sealed.key_store import KeyStore
from adapters.sealing.errors import DataKeyMissing, KeyStoreMissing, KeyStoreOfAnother, SealBroken, WrappingKeyMissing
from adapters.sealing.suites import AES, KEY_BYTES, Cipher, Suite, suite_of
from adapters.sealing.wrapping import Source, Wrapping

FORMAT = 1
ID_BYTES = 16
HEAD = 2 + ID_BYTES
# As SQL counts: from 1.
ID_AT = 3
# A scan of a whole register goes through more keys than need be remembered.
_REMEMBERED = 10_000
Row: TypeAlias = tuple[str, bytes]
"""A table and the key of a row, its columns joined by 0x00."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """How a ledger is sealed: where the key-encryption keys come from, by which suite, and where its data keys lie."""

    source: Source
    suite: Suite = AES
    key_store_url: str = ""


class Sealer:
    """Seals and opens for all transactions of one ledger."""

    def __init__(self, store: KeyStore, encryption: Encryption) -> None:
        self.store, self.suite = store, encryption.suite
        self.wrapping = Wrapping(encryption.source, encryption.suite)
        self._lock = Lock()
        self._bound = False

    def bind(self, ledger: Callable[[], str], holds_values: Callable[[], bool]) -> None:
        """See that the store is this ledger's, or make an empty one so; KeyStoreMissing, KeyStoreOfAnother."""
        if self._bound:
            return
        with self._lock:
            name, owner = ledger(), self.store.owned_by()
            if owner is None:
                # Looked for once more: another process may have been the first in between.
                if holds_values() and self.store.owned_by() is None:
                    raise KeyStoreMissing
                self.store.belong_to(name)
                owner = self.store.owned_by()
            if owner != name:
                raise KeyStoreOfAnother
            self._bound = True

    def clear(self) -> None:
        """Forget all data keys: nothing is sealed any more."""
        with self._lock:
            self.store.clear()
            self._bound = False


class Seals:
    """What one transaction seals and opens."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._new: dict[bytes, tuple[bytes, Row]] = {}
        self._known: dict[bytes, bytes | None] = {}
        self.erased = False
        """Whether keys were put on the list to be destroyed."""
        self.kept = 0
        """How many new data keys went into the key store."""

    def bind(self, ledger: Callable[[], str], holds_values: Callable[[], bool]) -> None:
        """See, once for each process, that the key store is this ledger's."""
        self._sealer.bind(ledger, holds_values)

    def seal(self, rows: Sequence[tuple[Row, bytes | None, bytes]]) -> list[bytes]:
        """Seal values: each with its row, and the head of the value that it takes the place of, if there is one."""
        self._look_up([head[2:] for _, head, _ in rows if head is not None])
        return [self._sealed(row, head, plain) for row, head, plain in rows]

    def open(self, rows: Sequence[tuple[Row, bytes]]) -> list[bytes | None]:
        """Open values; None for one whose data key was destroyed. SealBroken, DataKeyMissing, and what wrapping raises."""
        for row, sealed in rows:
            if len(sealed) < HEAD or sealed[0] != FORMAT:
                raise SealBroken(told(row))
        self._look_up([sealed[2:HEAD] for _, sealed in rows])
        return [self._opened(row, sealed) for row, sealed in rows]

    def keep(self) -> None:
        """Bring the new data keys into the key store: before the ledger commits what they seal."""
        if not self._new:
            return
        try:
            self._store_new()
        except WrappingKeyMissing:
            # It was forgotten between wrapping and storing: there is a newer one.
            self._sealer.wrapping.reload()
            self._store_new()
        self._known.update((key_id, key) for key_id, (key, _) in self._new.items())
        self.kept += len(self._new)
        self._new.clear()

    def _store_new(self) -> None:
        wrapped = self._sealer.wrapping.wrap({key_id: key for key_id, (key, _) in self._new.items()})
        self._sealer.store.add([(key_id, key, kek, *self._new[key_id][1]) for key_id, key, kek in wrapped])

    def _sealed(self, row: Row, head: bytes | None, plain: bytes) -> bytes:
        key_id = None if head is None else head[2:]
        key = None if key_id is None else self._key(row, key_id)
        if key_id is None or key is None:
            key_id, key = new_key_id(), secrets.token_bytes(KEY_BYTES)
            self._new[key_id] = key, row
        suite = self._sealer.suite
        head = bytes((FORMAT, suite.tag)) + key_id
        return head + suite.cipher(key).seal(plain, _about(head, row))

    def _opened(self, row: Row, sealed: bytes) -> bytes | None:
        head = sealed[:HEAD]
        key = self._key(row, head[2:])
        if key is None:
            return None
        cipher: Cipher = suite_of(head[1]).cipher(key)
        plain = cipher.open(sealed[HEAD:], _about(head, row))
        if plain is None:
            raise SealBroken(told(row))
        return plain

    def _key(self, row: Row, key_id: bytes) -> bytes | None:
        made = self._new.get(key_id)
        if made is not None:
            return made[0]
        try:
            return self._known[key_id]
        except KeyError:
            if self._sealer.store.owned_by() is None:
                raise KeyStoreMissing from None
            raise DataKeyMissing(told(row)) from None

    def _look_up(self, ids: Sequence[bytes]) -> None:
        """Have these keys at hand, in one question to the store."""
        wanted = [key_id for key_id in dict.fromkeys(ids) if key_id not in self._known and key_id not in self._new]
        if not wanted:
            return
        if len(self._known) > _REMEMBERED:
            self._known = {}
            wanted = [key_id for key_id in dict.fromkeys(ids) if key_id not in self._new]
        found = self._sealer.store.find(wanted)
        opened = self._sealer.wrapping.unwrap((key_id, *row) for key_id, row in found.items() if row is not None)
        self._known.update((key_id, opened.get(key_id)) for key_id in found)


def told(row: Row) -> str:
    """Where a value stands, for an error's text. A caller chose the key of an answer to be repeated: it is not told."""
    table, key = row
    return table if table == "remembered_answers" else f"{table} {key.decode().replace(chr(0), '/')}"


def row_key(values: Iterable[Any]) -> bytes:
    """The key of a row as one value."""
    return "\0".join(map(str, values)).encode()


def _about(head: bytes, row: Row) -> bytes:
    table, key = row
    return head + table.encode() + b"\0" + key


def new_key_id() -> bytes:
    """16 bytes in the order of the machine's time: an index grows at its end. Not the node's clock, which may be simulated."""
    return (time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(ID_BYTES - 6)


def made_at(key_id: bytes) -> int:
    """The milliseconds since 1970 at which a data key's id was made."""
    return int.from_bytes(key_id[:6], "big")
