"""What is told to a person who asks (查阅): what is held, whence it came, where it went, who saw it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exchange.persons.request import SubjectRequest
from exchange.persons.subject import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A sheet that was taken in: an entry was made or changed by it, or it is named after the person."""

    file: str
    layout: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An entry, or a case, in which the person stands, and what it says of them; of another one's not where or since when."""

    kind: str
    id: str
    jurisdiction: str | None
    register: str | None
    relation: Relation
    opened_at: datetime | None
    closed_at: datetime | None
    fields: tuple[str, ...]
    content: Mapping[str, Any]
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """An exchange about the person."""

    exchange: str
    partner: str
    role: str
    own: str
    other: str
    kind: str
    event: str | None
    purpose: str
    state: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A message that told something of the person, from one county to another.

    `came` is whether it came in; `outcome` is None while it waits. An answer has its `result`, and no fields where it only
    confirms. What was erased has no fields any more.
    """

    exchange: str
    message: str
    kind: str
    came: bool
    partner: str
    sender: str
    receiver: str
    sent_at: datetime | None
    received_at: datetime | None
    outcome: str | None
    result: str | None
    relation: Relation
    fields: tuple[str, ...]
    erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateChecked:
    """A certificate of the person that one county asked another about, with name and document; the answer is one word."""

    check: str
    at: datetime
    partner: str
    asker: str
    issuer: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Comparisons of registers in which a token of an entry of the person could take part, in one month and with one partner.

    The partner learned that two registers both hold the same person; `items` were compared too. `at` is when such comparisons
    were begun, empty if there was none.
    """

    partner: str
    origin: str
    destination: str
    month: str
    items: tuple[str, ...]
    at: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Somebody was shown something of the person: `what` are the fields, of which a listing shows each person's own."""

    at: datetime
    who: str
    purpose: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectReport:
    """The whole answer. `seen_by` is what the audit tells. `perhaps` are entries for a clerk to look at.

    `named_after` are sheets in whose own names the person stands, or another one of that name.
    """

    at: datetime
    node: str
    held: tuple[Held, ...]
    exchanges: tuple[About, ...]
    passed: tuple[Passed, ...]
    certificates: tuple[CertificateChecked, ...]
    compared: tuple[Compared, ...]
    differences: tuple[str, ...]
    requests: tuple[SubjectRequest, ...]
    seen_by: tuple[Reading, ...]
    perhaps: tuple[str, ...]
    named_after: tuple[Source, ...]
