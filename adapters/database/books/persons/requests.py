"""What persons asked for."""

from sqlalchemy import select

from adapters.database.pages import newest_first
from adapters.database.tables import SubjectRequestRow
from adapters.database.values import list_of, stored
from adapters.database.work import AnyRow, Work, table_of
from exchange.ledger import Page
from exchange.moments import from_milliseconds
from exchange.persons.request import Recipient, RequestKind, SubjectRequest

_REQUESTS = table_of(SubjectRequestRow)


class SqlSubjectRequests:
    """`exchange.ledger.SubjectRequests` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, request: SubjectRequest) -> None:
        self._work.change(_REQUESTS.insert().values(stored(request)))

    def get(self, request: str) -> SubjectRequest | None:
        row = self._work.first(select(_REQUESTS).where(_REQUESTS.c.id == request))
        return None if row is None else _request(row)

    def of_person(self, person_index: str) -> list[SubjectRequest]:
        theirs = select(_REQUESTS).where(_REQUESTS.c.person_index == person_index)
        return [_request(row) for row in self._work.rows(theirs.order_by(_REQUESTS.c.at.desc(), _REQUESTS.c.id.desc()))]

    def find(self, page: Page) -> list[SubjectRequest]:
        return [_request(row) for row in self._work.rows(newest_first(select(_REQUESTS), _REQUESTS.c.at, _REQUESTS.c.id, page))]


def _request(row: AnyRow) -> SubjectRequest:
    return SubjectRequest(
        **{
            **row._mapping,
            "kind": RequestKind(row.kind),
            "at": from_milliseconds(row.at),
            "entries": list_of(row.entries, str),
            "exchanges": list_of(row.exchanges, str),
            "recipients": list_of(row.recipients, Recipient),
        }
    )
