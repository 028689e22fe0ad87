"""What the audit tells: who did what, about whom, for what purpose, and what was shown. Never a name and never a number."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from exchange.codes import Purpose

# The chain of what concerns the node and no single county of it.
NODE_WIDE = ""
# A request about more people than this becomes several rows, so that none is longer than a page.
MOST_SUBJECTS = 1000


class ActorKind(StrEnum):
    """What acted."""

    KEY = "key"
    PARTNER = "partner"
    COMMAND = "command"
    JOB = "job"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted: an API key by its id, a partner by its node, who ran a command by their account, a job by its name."""

    kind: ActorKind
    id: str = ""
    role: str = ""


UNKNOWN = Actor(kind=ActorKind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One thing that was done, or refused with the code `problem`.

    `subjects` are words such as ``entry:ID``, ``exchange:ID`` and ``person:INDEX``, a person by the node's blind index;
    `shown` names the fields of persons that were shown, and `masked` says that some were withheld. `count` is how many things
    it was about: rows of a file, messages of a batch, refusals of a flood.
    """

    at: datetime
    jurisdiction: str = NODE_WIDE
    actor: Actor
    action: str
    purpose: Purpose | None = None
    problem: str | None = None
    subjects: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    masked: bool = False
    count: int = 1

    def parts(self) -> Iterator["AuditEvent"]:
        """The same as several events, none with more than a thousand subjects."""
        if len(self.subjects) <= MOST_SUBJECTS:
            yield self
            return
        for start in range(0, len(self.subjects), MOST_SUBJECTS):
            part = self.subjects[start : start + MOST_SUBJECTS]
            yield replace(self, subjects=part, count=len(part))


def of_entry(entry: str) -> str:
    """The subject that a register entry is."""
    return f"entry:{entry}"


def of_exchange(exchange: str) -> str:
    """The subject that an exchange is."""
    return f"exchange:{exchange}"


def of_case(case: str) -> str:
    """The subject that a case is."""
    return f"case:{case}"


def of_person(index: str) -> str:
    """The subject that a person is, by the node's blind index."""
    return f"person:{index}"
