"""The node's clock: the machine's, or in a sandbox one that a file sets.

A simulated clock is a file that holds one moment in the wire form. It shows that moment when the file was written, and goes on
from there as fast as time does; writing a later moment into the file moves it. Several processes share it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from exchange.errors import Invalid
from exchange.moments import format_moment, parse_moment, whole_milliseconds


class ClockUnreadable(Invalid):
    """The simulated clock's file holds no moment."""

    code = "clock-unreadable"
    zh = "模拟时钟文件无法读取：内容须为 YYYY-MM-DDTHH:MM:SS.sssZ。"
    en = "The simulated clock's file cannot be read: it holds one moment, YYYY-MM-DDTHH:MM:SS.sssZ."


class Clock(Protocol):
    """What time it is."""

    simulated: bool

    def now(self) -> datetime:
        """The moment, in UTC, in whole milliseconds."""
        ...


class RealClock:
    """The machine's clock."""

    simulated = False

    def now(self) -> datetime:
        """The moment, in UTC, in whole milliseconds."""
        return whole_milliseconds(datetime.now(UTC))


class SimulatedClock:
    """A clock that a file sets."""

    simulated = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = -1
        self._shift = timedelta()
        self.now()

    def now(self) -> datetime:
        """The moment, in UTC, in whole milliseconds; ClockUnreadable if the file holds none."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                shown = parse_moment(self._path.read_text(encoding="ascii").strip())
                self._shift = shown - datetime.fromtimestamp(stamp / 1e9, UTC)
                self._stamp = stamp
        except (OSError, ValueError) as exc:
            raise ClockUnreadable from exc
        return whole_milliseconds(datetime.now(UTC) + self._shift)


def set_clock(path: Path, moment: datetime) -> None:
    """Move a simulated clock; other processes see the old or the new moment, never half a file."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(format_moment(moment), encoding="ascii")
    draft.replace(path)
