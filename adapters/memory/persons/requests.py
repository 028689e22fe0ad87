"""What persons asked for, in memory."""

from adapters.memory.books import Books, add
from adapters.memory.listing import newest_first
from exchange.cursors import read_moment_cursor, subject_request_cursor
from exchange.ledger import Page
from exchange.persons.request import SubjectRequest


class MemorySubjectRequests:
    """`exchange.ledger.SubjectRequests` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, request: SubjectRequest) -> None:
        add(self._books.subject_requests, [(request.id, request)])

    def get(self, request: str) -> SubjectRequest | None:
        return self._books.subject_requests.get(request)

    def of_person(self, person_index: str) -> list[SubjectRequest]:
        theirs = [request for request in self._books.subject_requests.values() if request.person_index == person_index]
        return sorted(theirs, key=subject_request_cursor, reverse=True)

    def find(self, page: Page) -> list[SubjectRequest]:
        held = self._books.subject_requests.values()
        return newest_first(held, page, cursor=subject_request_cursor, read=read_moment_cursor)
