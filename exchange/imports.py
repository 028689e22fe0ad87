"""A sheet that was taken in: one file, and a result for every row; and one that is being taken in, as far as it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from exchange.errors import Refused, Retry

ANSWERS = "answers"
# A process that is at work gives a sign of life every few seconds; what is silent for so long has gone with its process.
SILENCE = timedelta(seconds=45)


class RowOutcome(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    WARNED = "warned"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong with one cell. `found` describes it and never quotes an ID number, name, address or certificate."""

    column: str
    field: str
    severity: Literal["warning", "refusal"]
    code: str
    found: str
    expected: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The result of one data row; `row` is the sheet's own number. `made` is the entry's or exchange's id."""

    import_id: str
    row: int
    outcome: RowOutcome
    made: str | None = None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """One file: what it held and what came of it. The same bytes count once."""

    id: str
    jurisdiction: str
    layout: str
    filename: str
    digest: str
    at: datetime
    rows: int
    accepted: int
    unchanged: int
    warned: int
    refused: int
    blank: int
    excluded_columns: int
    unknown_columns: tuple[str, ...] = ()

    @property
    def is_entry(self) -> bool:
        """Whether the file enters something, and so counts in the entry rate: answers do not."""
        return self.layout != ANSWERS

    @property
    def entered(self) -> int:
        """Rows that count as entered: accepted, warned and unchanged."""
        return self.accepted + self.warned + self.unchanged


class ImportBroken(Refused):
    """An import that ended before its end: the node was stopped, or something failed that is not the file's fault."""

    code = "import-broken"
    retry = Retry.LATER
    zh = "导入中途停止，没有完成。请把同一个文件再导入一次：已接收的行不会重复。"
    en = "The import broke off. Import the same file once more: rows that were taken are not taken twice."


class Stage(StrEnum):
    """How far a run is. All rows are judged before the first one is taken."""

    WAITING = "waiting"
    READING = "reading"
    JUDGING = "judging"
    TAKING = "taking"
    DONE = "done"
    FAILED = "failed"


_ENDED = frozenset({Stage.DONE, Stage.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProblem:
    """Why a run has failed: a refusal's code and its two texts, which name nobody."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """A sheet that is taken in behind its request, as its process told last: at `seen_at`, `done` of `rows` in its stage.

    `made` is the import that came of it. It holds counts alone: the file is nowhere but in the process.
    """

    id: str
    jurisdiction: str
    layout: str
    began_at: datetime
    seen_at: datetime
    stage: Stage = Stage.WAITING
    done: int = 0
    rows: int = 0
    made: str | None = None
    problem: RunProblem | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it told its end."""
        return self.stage in _ENDED

    def is_lost(self, now: datetime) -> bool:
        """Whether it will never tell its end."""
        return not self.has_ended and now - self.seen_at > SILENCE
