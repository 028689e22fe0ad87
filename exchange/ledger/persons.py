"""The book of what persons asked for."""

from typing import Protocol

from exchange.ledger.values import Page
from exchange.persons.request import SubjectRequest


class SubjectRequests(Protocol):
    """The requests that changed something; `of_person` gives those of one blind index, the latest first."""

    def add(self, request: SubjectRequest) -> None: ...
    def get(self, request: str) -> SubjectRequest | None: ...
    def of_person(self, person_index: str) -> list[SubjectRequest]: ...
    def find(self, page: Page) -> list[SubjectRequest]: ...
