"""The key-encryption keys: where they come from, and how they wrap data keys. The newest wraps, all of them unwrap.

Three sources: a file outside the database, a variable, or a command that asks a key management service. A command prints what
the variable would hold, one key a line (docs/encryption.md has the contract).
"""

import base64
import binascii
import re
import secrets
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol

from adapters.keys.errors import KeyringDamaged
from adapters.keys.files import locked, read_private, write_private
from adapters.sealing.errors import (
    DataKeyUnreadable,
    WrappingKeyInUse,
    WrappingKeyMissing,
    WrappingKeysElsewhere,
    WrappingKeysUnreadable,
    WrappingKeyUnknown,
)
from adapters.sealing.suites import KEY_BYTES, Cipher, Suite, suite_of

FILE = "key-encryption.keys"
COMMAND_SECONDS = 30
_LINE = re.compile(r"([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=)")
Keys = Mapping[str, bytes]
"""Keys by their ids, oldest first."""


class Source(Protocol):
    """Where key-encryption keys come from."""

    name: str
    makes: bool
    """Whether new keys are made here (`add`)."""

    def stamp(self) -> object:
        """What changes when the keys may have changed; cheap enough to be asked in every transaction."""

    def load(self) -> Keys:
        """The keys; WrappingKeysUnreadable."""

    def add(self) -> str:
        """Make a new key, which is then the newest, and tell its id; WrappingKeysElsewhere where none can be made here."""

    def forget(self, kek: str) -> None:
        """Destroy a key; WrappingKeysElsewhere."""


class KeyFile:
    """A file of mode 0600, in the folder of the node's keys."""

    name, makes = "file", True

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.path.exists()

    def stamp(self) -> object:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def load(self) -> Keys:
        try:
            return _read(read_private(self.path).decode("ascii"), self.path.name)
        except KeyringDamaged:
            raise WrappingKeysUnreadable(f"{self.path.name}: not there") from None
        except UnicodeDecodeError:
            raise WrappingKeysUnreadable(f"{self.path.name}: not text") from None

    def add(self) -> str:
        with locked(self.path.parent):
            held = dict(self.load()) if self.path.exists() else {}
            made = f"k{len(held) + 1}-{secrets.token_hex(4)}"
            self._write({**held, made: secrets.token_bytes(KEY_BYTES)})
        return made

    def forget(self, kek: str) -> None:
        with locked(self.path.parent):
            held = dict(self.load())
            if next(reversed(held)) == kek:
                raise WrappingKeyInUse
            if held.pop(kek, None) is None:
                raise WrappingKeyUnknown
            self._write(held)

    def _write(self, keys: Keys) -> None:
        write_private(self.path, "".join(f"{kek}:{base64.b64encode(key).decode()}\n" for kek, key in keys.items()).encode())


class _Elsewhere:
    """Keys that are changed where they come from."""

    makes = False

    def add(self) -> str:
        raise WrappingKeysElsewhere

    def forget(self, kek: str) -> None:
        raise WrappingKeysElsewhere


class GivenKeys(_Elsewhere):
    """Keys of the setting `kek`, which belongs into the environment."""

    name = "environment"

    def __init__(self, text: str) -> None:
        self._text = text

    def stamp(self) -> object:
        return None

    def load(self) -> Keys:
        return _read(self._text.replace(",", "\n"), "WOSHOU_KEK")


class CommandKeys(_Elsewhere):
    """Keys that a command prints; run without a shell, when the process starts and when an unknown key id is met."""

    name = "command"

    def __init__(self, command: str, seconds: float = COMMAND_SECONDS) -> None:
        self._command, self._seconds = shlex.split(command), seconds

    def stamp(self) -> object:
        return None

    def load(self) -> Keys:
        try:
            # What it says on stderr goes to the operator's own: it is the one who wrote the command.
            ended = subprocess.run(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=self._seconds, check=False
            )
            text = ended.stdout.decode("ascii")
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise WrappingKeysUnreadable(f"kek_command: {type(exc).__name__}") from None
        except UnicodeDecodeError:
            raise WrappingKeysUnreadable("kek_command: not text") from None
        if ended.returncode != 0:
            raise WrappingKeysUnreadable(f"kek_command: exit code {ended.returncode}")
        return _read(text, "kek_command")


def _read(text: str, told: str) -> Keys:
    keys: dict[str, bytes] = {}
    for number, line in enumerate(filter(None, map(str.strip, text.split("\n"))), start=1):
        found = _LINE.fullmatch(line)
        if found is None or found[1] in keys:
            raise WrappingKeysUnreadable(f"{told}: line {number} is not `id:` and base64 of 32 bytes, or its id comes twice")
        try:
            keys[found[1]] = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            raise WrappingKeysUnreadable(f"{told}: line {number} is not base64") from None
    if not keys:
        raise WrappingKeysUnreadable(f"{told}: no key")
    return keys


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The keys of one look at the source, each under both suites as they come to be needed."""

    stamp: object
    keys: Keys = field(repr=False)
    newest: str
    ciphers: dict[tuple[str, int], Cipher] = field(default_factory=dict, repr=False, compare=False)

    def cipher(self, kek: str, suite: Suite) -> Cipher:
        known = self.ciphers.get((kek, suite.tag))
        if known is None:
            known = self.ciphers[kek, suite.tag] = suite.cipher(self.keys[kek])
        return known


class Wrapping:
    """Wraps data keys and unwraps them; for many threads. What other processes change in the file is taken over."""

    def __init__(self, source: Source, suite: Suite) -> None:
        self.source, self._suite = source, suite
        self._lock = Lock()
        self._loaded: _Loaded | None = None

    def newest(self) -> str:
        """The id of the key that wraps."""
        return self._current().newest

    def ids(self) -> list[str]:
        """The ids of all keys, oldest first."""
        return list(self._current().keys)

    def wrap(self, data_keys: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes, str]]:
        """Data keys by their ids: each id with the key, wrapped and bound to it, and the id of the key that wraps it."""
        loaded = self._current()
        kek, tag = loaded.newest, bytes((self._suite.tag,))
        cipher = loaded.cipher(kek, self._suite)
        return [(key_id, tag + cipher.seal(key, _about(key_id, kek)), kek) for key_id, key in data_keys.items()]

    def unwrap(self, rows: Iterable[tuple[bytes, bytes, str]]) -> dict[bytes, bytes]:
        """The data keys of such rows by their ids; WrappingKeyMissing, DataKeyUnreadable, UnknownSuite."""
        loaded = self._current()
        found = {}
        for key_id, wrapped, kek in rows:
            if kek not in loaded.keys:
                # It may have come since: a file tells so by itself, a command must be asked.
                loaded = self._load()
                if kek not in loaded.keys:
                    raise WrappingKeyMissing(kek)
            opened = loaded.cipher(kek, suite_of(wrapped[0] if wrapped else 0)).open(wrapped[1:], _about(key_id, kek))
            if opened is None:
                raise DataKeyUnreadable(kek)
            found[key_id] = opened
        return found

    def reload(self) -> None:
        """Look at the source anew."""
        self._load()

    def _current(self) -> _Loaded:
        loaded = self._loaded
        return loaded if loaded is not None and loaded.stamp == self.source.stamp() else self._load()

    def _load(self) -> _Loaded:
        with self._lock:
            stamp = self.source.stamp()  # before the content: a change in between is then seen the next time
            keys = self.source.load()
            self._loaded = _Loaded(stamp, keys, list(keys)[-1])
            return self._loaded


def _about(key_id: bytes, kek: str) -> bytes:
    return key_id + b"\0" + kek.encode()
