"""The book of what two sides of a link cannot settle by themselves."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from exchange.ledger.values import Page
from exchange.settling.evidence import Evidence


class Evidences(Protocol):
    """Both sides' signed words on what they cannot settle; added again, one that was settled stands anew."""

    def add(self, evidence: Evidence) -> None: ...
    def standing(self, partner: str) -> list[Evidence]: ...
    def settle(self, ids: Iterable[str], at: datetime) -> None: ...
    def find(self, partner: str | None, page: Page) -> list[Evidence]: ...
