"""The book of the audit: rows are added and never changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from exchange.auditing.chain import AuditRow, ChainHead
from exchange.auditing.event import Actor, AuditEvent
from exchange.auditing.heads import SignedHead, WitnessedHead
from exchange.auditing.repeated import Reading
from exchange.ledger.values import Page
from exchange.moments import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which rows to list; None does not filter. `jurisdictions` are chains, of which "" is the node's own.

    With `subjects`, rows about any of them.
    """

    jurisdictions: frozenset[str]
    first: date | None = None
    last: date | None = None
    actor: str | None = None
    actions: frozenset[str] | None = None
    subjects: frozenset[str] | None = None
    refused: bool | None = None


class Audits(Protocol):
    """The audit's chains, their signed heads, and what partners have witnessed.

    `append` holds the chain until the transaction ends, so that two that append at once make one chain; it comes last in a
    transaction. `rows` and `indexed` give a chain in its order, row by row; `count` is how often something was done, since a
    moment, by an actor, or about a subject, refused ones left out; `repeated` are readings of persons, more than so many.
    """

    def append(self, events: Sequence[AuditEvent]) -> list[AuditRow]: ...
    def heads(self) -> list[ChainHead]: ...
    def close(self, jurisdiction: str, day: date) -> None: ...
    def get(self, jurisdiction: str, day: date, sequence: int) -> AuditRow | None: ...
    def find(self, wanted: AuditFilter, page: Page) -> list[AuditRow]: ...
    def rows(self, jurisdiction: str) -> Iterable[AuditRow]: ...
    def indexed(self, jurisdiction: str) -> Iterable[tuple[date, int, str]]: ...
    def unsigned(self, before: date) -> list[AuditRow]: ...
    def count(
        self, *, since: datetime, actor: Actor | None = None, subject: str | None = None, actions: Sequence[str] = ()
    ) -> int: ...
    def repeated(self, period: Period, more_than: int) -> list[Reading]: ...
    def add_signed(self, heads: Sequence[SignedHead]) -> None: ...
    def signed(self, jurisdiction: str) -> list[SignedHead]: ...
    def latest_signed(self) -> list[SignedHead]: ...
    def witness(self, heads: Sequence[WitnessedHead]) -> None: ...
    def witnessed(self, *, ours: bool, partner: str | None = None, since: date | None = None) -> list[WitnessedHead]: ...
