"""The statement that adds up open entries and what was exchanged about them, as `exchange.counting.entries` tells it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CTE, Select, and_, case, exists, func, or_, select

from adapters.database.tables import EntryFactRow, EntryRow, ExchangeRow, FactRow
from adapters.database.work import Work, table_of
from exchange.codes import Role
from exchange.conversation import FactKind
from exchange.counting.entries import RECORD_CONFIRMED
from exchange.exchanges import Acceptance
from exchange.moments import day_end, to_milliseconds
from exchange.people.register import EntryFactKind

_ENTRIES = table_of(EntryRow)
_ENTRY_FACTS = table_of(EntryFactRow)
_EXCHANGES = table_of(ExchangeRow)
_FACTS = table_of(FactRow)


def open_entries(work: Work, own: frozenset[str], last: date, as_of: datetime) -> Select[Any]:
    """The entries that are open at the earlier of a day's end and `as_of`, by where they stand."""
    openings = _openings(work, own, last, as_of)
    contacts = _contacts(work, own, as_of)
    entry, at = _ENTRIES.c, openings.c.happened_at
    known = exists().where(
        _ENTRY_FACTS.c.entry == entry.id,
        _ENTRY_FACTS.c.what == EntryFactKind.OPENED.value,
        _ENTRY_FACTS.c.known_at <= to_milliseconds(as_of),
    )
    place = (entry.jurisdiction, entry.township, entry.register, entry.origin, entry.destination, openings.c.year)
    since = [func.sum(case((moment >= at, 1), else_=0)) for moment in (contacts.c.accepted_at, contacts.c.confirmed_at)]
    joined = _ENTRIES.join(openings, openings.c.entry == entry.id).outerjoin(contacts, contacts.c.entry == entry.id)
    standing = (openings.c.place == 1, openings.c.what != EntryFactKind.CLOSED.value, known)
    return select(*place, func.count(), *since).select_from(joined).where(*standing).group_by(*place)


def _openings(work: Work, own: frozenset[str], last: date, as_of: datetime) -> CTE:
    """Of each entry the openings and closings by then, the latest in place 1."""
    fact, moment = _ENTRY_FACTS.c, to_milliseconds(as_of)
    latest = (fact.happened_at.desc(), fact.known_at.desc(), fact.id.desc())
    return (
        select(
            fact.entry,
            fact.what,
            fact.happened_at,
            func.substr(work.civil_date(fact.happened_at), 1, 4).label("year"),
            func.row_number().over(partition_by=fact.entry, order_by=latest).label("place"),
        )
        .join(_ENTRIES, _ENTRIES.c.id == fact.entry)
        .where(
            work.one_of(_ENTRIES.c.jurisdiction, own),
            fact.what != EntryFactKind.CHANGED.value,
            fact.happened_at < to_milliseconds(day_end(last)),
            fact.happened_at <= moment,
            fact.known_at <= moment,
        )
        .cte("openings")
    )


def _contacts(work: Work, own: frozenset[str], as_of: datetime) -> CTE:
    """Of each entry the latest acceptance of an exchange about it, and the latest of one that confirmed its record."""
    fact, held, moment = _FACTS.c, _EXCHANGES.c, to_milliseconds(as_of)
    of_exchange = and_(fact.exchange == held.exchange, fact.link == held.link, fact.role == held.role)

    def of(what: FactKind, value: Any, *more: Any) -> Any:
        return case((and_(fact.what == what.value, *more), value))

    told = (
        select(
            held.entry,
            func.max(of(FactKind.OPENED, fact.happened_at)).label("opened_at"),
            func.max(of(FactKind.OPENED, fact.due)).label("due"),
            func.min(of(FactKind.ANSWERED, fact.happened_at, fact.round == 1)).label("answered_at"),
            func.min(of(FactKind.WITHDRAWN, fact.happened_at)).label("withdrawn_at"),
            func.max(of(FactKind.CONFIRMED, 1, fact.result.in_(sorted(RECORD_CONFIRMED)))).label("confirmed"),
        )
        .join(_FACTS, of_exchange)
        .where(
            work.one_of(held.own, own),
            held.role == Role.ASKER.value,
            held.acceptance == Acceptance.ACCEPTED.value,
            held.entry.is_not(None),
            fact.happened_at <= moment,
            fact.known_at <= moment,
            or_(fact.voided_at.is_(None), fact.voided_at > moment),
        )
        .group_by(held.exchange, held.link, held.entry)
        .cte("told")
    ).c
    first = or_(told.answered_at.is_(None), told.withdrawn_at < told.answered_at)
    in_time = and_(first, or_(told.due.is_(None), work.civil_date(told.withdrawn_at) <= told.due))
    return (
        select(
            told.entry,
            func.max(told.opened_at).label("accepted_at"),
            func.max(case((told.confirmed == 1, told.opened_at))).label("confirmed_at"),
        )
        # Withdrawn in time is out of all rates.
        .where(told.opened_at.is_not(None), or_(told.withdrawn_at.is_(None), ~in_time))
        .group_by(told.entry)
        .cte("contacts")
    )
