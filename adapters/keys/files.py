"""Files that hold secrets: written whole or not at all, read by their owner only."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.keys.errors import KeyringDamaged, KeysExposed

OTHERS = 0o077


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 atomically: after a crash there is the old content or the new, on disk, never a part.

    Replaces what is there. The folder must be on a local file system, for rename and fsync to mean something.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring renames and removals in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_private(path: Path) -> bytes:
    """Read a file that only its owner may touch; KeysExposed if others may, KeyringDamaged if it is not there."""
    try:
        with path.open("rb") as file:
            # The mode of the open file, not of the name: nobody can exchange the file between the look and the read.
            if os.fstat(file.fileno()).st_mode & OTHERS:
                raise KeysExposed(path)
            return file.read()
    except FileNotFoundError as exc:
        raise KeyringDamaged(path.name) from exc


def check_private_folder(folder: Path) -> None:
    """KeysExposed if anyone but the owner may look into or change the folder."""
    if folder.stat().st_mode & OTHERS:
        raise KeysExposed(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one writer at a time, across processes; the kernel lets go when a process dies.

    Not to be taken twice by one thread: the second would wait for the first for ever.
    """
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
