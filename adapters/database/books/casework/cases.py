"""The cases of couples."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select, text

from adapters.database.tables import CaseExchangeRow, CaseRow
from adapters.database.values import json_of, list_of, moment_of, number_of, words, words_or_none
from adapters.database.work import AnyRow, Values, Work, named, table_of
from exchange.cases.case import Case, Spouse
from exchange.codes import Item, Purpose, Role, WithdrawalReason
from exchange.cursors import read_entry_cursor
from exchange.exchanges import GIVEN_UP, ExchangeKey
from exchange.ledger import CaseFilter, Page
from exchange.moments import from_milliseconds, to_milliseconds

_CASES = table_of(CaseRow)
_EXCHANGES = table_of(CaseExchangeRow)
# Written as in the partial index: SQLite takes no `= 1` for it.
_FOLLOWING, _NAMES_COUPLE = text("cases.following"), text("cases.names_couple")
_PURPOSE = words(Purpose)
_REASON = words_or_none(WithdrawalReason)
_NOBODY = (Spouse(person=None, origin=None), Spouse(person=None, origin=None))
_spouses = msgspec.json.Decoder(tuple[Spouse, Spouse])


class SqlCases:
    """`exchange.ledger.Cases` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, case: str, *, lock: bool = False) -> Case | None:
        statement = select(_CASES).where(_CASES.c.id == case)
        row = self._work.first(statement.with_for_update() if lock else statement)
        return None if row is None else self._cases([row])[0]

    def add(self, case: Case) -> None:
        self._work.insert(CaseRow, [_values(case)])
        self._name(case)

    def save(self, case: Case) -> None:
        # What is left without one of the two is under a data key of its own: in no copy can the couple be opened by it.
        lessened = any(spouse.person is None for spouse in case.spouses)
        self._work.update(CaseRow, [_values(case)], afresh=lessened)
        self._name(case)

    def find(self, wanted: CaseFilter, page: Page) -> list[Case]:
        found = select(_CASES).where(*_fitting(wanted))
        if page.after:
            found = found.where(_CASES.c.id < read_entry_cursor(page.after))
        rows = self._work.newest(found, _CASES.c.jurisdiction, wanted.own, [_CASES.c.id], page.limit)
        return self._cases(rows)

    def of_exchanges(self, exchanges: Iterable[str]) -> Mapping[ExchangeKey, str]:
        wanted = sorted(set(exchanges))
        if not wanted:
            return {}
        rows = self._work.rows(select(_EXCHANGES).where(self._work.one_of(_EXCHANGES.c.exchange, wanted)))
        return {ExchangeKey(row.link, row.exchange, Role.ASKER): row.case_id for row in rows}

    def following(self, page: Page) -> list[Case]:
        found = select(_CASES).where(_FOLLOWING)
        if page.after:
            found = found.where(_CASES.c.id < read_entry_cursor(page.after))
        return self._cases(self._work.rows(found.order_by(_CASES.c.id.desc()).limit(page.limit)))

    def _cases(self, rows: Iterable[AnyRow]) -> list[Case]:
        return [_case(named(_CASES, row)) for row in self._work.opened(CaseRow, rows)]

    def finished_before(self, moment: datetime, limit: int, *, lock: bool = False) -> list[Case]:
        cases = _CASES.c
        given_up = and_(cases.finished_at.is_(None), cases.opened_at < to_milliseconds(moment - GIVEN_UP))
        due = (_NAMES_COUPLE, or_(cases.finished_at < to_milliseconds(moment), given_up))
        found = select(_CASES).where(*due).order_by(cases.finished_at, cases.opened_at, cases.id).limit(limit)
        return self._cases(self._work.rows(found.with_for_update(skip_locked=True) if lock else found))

    def _name(self, case: Case) -> None:
        for key in case.exchanges():
            self._work.claim(CaseExchangeRow, {"exchange": key.exchange, "link": key.link, "case_id": case.id})


def _fitting(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    cases = _CASES.c
    fitting: list[ColumnElement[bool]] = []
    if wanted.open is not None:
        still_open = cases.finished_at.is_(None) & cases.cancelled_at.is_(None)
        fitting.append(still_open if wanted.open else ~still_open)
    if wanted.owner is not None:
        fitting.append(cases.owner == wanted.owner)
    if wanted.contradicted is not None:
        told = cases.contradicted_at
        fitting.append(told.is_not(None) if wanted.contradicted else told.is_(None))
    return fitting


def _values(case: Case) -> Values:
    return (
        case.id,
        case.jurisdiction,
        case.service.value,
        json_of(case.items),
        case.application_date.isoformat(),
        case.owner,
        to_milliseconds(case.opened_at),
        msgspec.json.encode(case.spouses),
        number_of(case.finished_at),
        number_of(case.cancelled_at),
        case.cancelled_for,
        case.following,
        number_of(case.contradicted_at),
        case.version,
        case.names_couple,
    )


def _case(row: Mapping[str, Any]) -> Case:
    return Case(
        id=row["id"],
        jurisdiction=row["jurisdiction"],
        service=_PURPOSE[row["service"]],
        items=list_of(row["items"], Item),
        application_date=date.fromisoformat(row["application_date"]),
        owner=row["owner"],
        opened_at=from_milliseconds(row["opened_at"]),
        # Its data key was destroyed: the couple was erased before an older copy of the ledger came back.
        spouses=_NOBODY if row["sealed"] is None else _spouses.decode(row["sealed"]),
        finished_at=moment_of(row["finished_at"]),
        cancelled_at=moment_of(row["cancelled_at"]),
        cancelled_for=_REASON[row["cancelled_for"]],
        following=bool(row["following"]),  # SQLite knows no flags, only 0 and 1
        contradicted_at=moment_of(row["contradicted_at"]),
        version=row["version"],
    )
