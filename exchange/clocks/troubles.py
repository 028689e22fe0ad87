"""Trouble (告警): what keeps a node from its work. It begins and ends; each is told once, however often somebody looks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TroubleKind(StrEnum):
    """What can be wrong, and about what: a partner's node, a job, or answers owed or awaited."""

    PARTNER_UNREACHABLE = "partner-unreachable"
    RECEIPTS_REFUSED = "receipts-refused"
    PARTNER_SILENT = "partner-silent"
    CLOCK_OFF = "clock-off"
    JOB_FAILED = "job-failed"
    OVERDUE_MANY = "overdue-many"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Symptom:
    """Something that is wrong now; `subject` is a node's name, a job's name, `owed` or `awaited`."""

    kind: TroubleKind
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One stretch of trouble. For each kind and subject at most one has not ended."""

    id: str
    kind: TroubleKind
    subject: str
    began_at: datetime
    ended_at: datetime | None = None

    @property
    def symptom(self) -> Symptom:
        """What it shows itself by."""
        return Symptom(kind=self.kind, subject=self.subject)
