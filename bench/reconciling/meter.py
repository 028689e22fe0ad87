"""CPU and memory of processes, as Linux counts them; the processes that ended meanwhile are counted with their parents."""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What finding the differences took: bytes over the wire, CPU of all who took part, and the peak of the largest client."""

    bytes: int
    round_trips: int
    cpu: float
    seconds: float
    memory: int


class NoAnswer(Exception):
    """A process ended in failure; the message is its last line."""


@dataclass
class Meter:
    """Seconds, known when the block has ended."""

    cpu: float = 0
    seconds: float = 0


@contextmanager
def metered(servers: Sequence[int]) -> Iterator[Meter]:
    """Count the CPU of these processes, of their children, and of all that this process starts and waits for in the block."""
    meter = Meter()
    before, began = _children() + sum(map(spent, servers)), time.perf_counter()
    yield meter
    meter.seconds = time.perf_counter() - began
    meter.cpu = _children() + sum(map(spent, servers)) - before


def spent(root: int) -> float:
    """Seconds of CPU of a process and its descendants, those included that have ended and were waited for."""
    stats = {number: stat for name in os.listdir(_PROC) if name.isdigit() and (stat := _stat(number := int(name)))}
    family, grown = {root}, True
    while grown:
        children = {number for number, stat in stats.items() if stat.parent in family}
        grown = not children <= family
        family |= children
    return sum(stats[number].ticks for number in family if number in stats) / _TICKS


def postmaster(url: str) -> int:
    """The process that all backends of this database's server are children of."""
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        stat = _stat(backend)
    if stat is None:
        raise ProcessLookupError(backend)
    return stat.parent


def peak(process: int) -> int:
    """Bytes that a process held at most; 0 if it has ended."""
    return _status(process, "VmHWM:")


def resident(process: int) -> int:
    """Bytes that a process holds now; 0 if it has ended."""
    return _status(process, "VmRSS:")


def forget_peak(process: int) -> None:
    """Let the peak begin anew at what the process holds now."""
    (_PROC / str(process) / "clear_refs").write_text("5")


class Client:
    """A process that takes part; its output goes to files, so that it never waits for this process.

    The kernel's own figure for an ended child, ru_maxrss, begins with its parent's, so the peak is looked up while it lives.
    """

    def __init__(self, *command: str | Path, environment: Mapping[str, str] | None = None) -> None:
        self._command, self._environment = command, {**os.environ, **(environment or {})}
        self.memory = 0

    def __enter__(self) -> Self:
        self._files = ExitStack()
        self._out = self._files.enter_context(tempfile.TemporaryFile("w+"))
        self._err = self._files.enter_context(tempfile.TemporaryFile("w+"))
        self._process = subprocess.Popen(self._command, stdout=self._out, stderr=self._err, env=self._environment)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._files.close()

    def first_line(self) -> str:
        """The first line that it writes, as soon as it is there."""
        while "\n" not in (text := _text(self._out)):
            if self._ended():
                raise NoAnswer(self._complaint())
        return text.partition("\n")[0]

    def wait(self) -> str:
        """All that it wrote, once it has ended; NoAnswer if it failed."""
        while not self._ended():
            pass
        if self._process.returncode != 0:
            raise NoAnswer(self._complaint())
        return _text(self._out)

    def _ended(self) -> bool:
        time.sleep(_LOOK)
        self.memory = max(self.memory, peak(self._process.pid))
        return self._process.poll() is not None

    def _complaint(self) -> str:
        told = _text(self._err).strip().splitlines()
        return told[-1] if told else f"{self._command[0]} ended with {self._process.returncode}"


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    ticks: int


def _stat(process: int) -> _Stat | None:
    try:
        text = (_PROC / str(process) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may hold anything; after it: state, parent, and as 12th to 15th the four times.
    fields = text.rpartition(")")[2].split()
    return _Stat(parent=int(fields[1]), ticks=sum(map(int, fields[11:15])))


def _status(process: int, name: str) -> int:
    try:
        lines = (_PROC / str(process) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
