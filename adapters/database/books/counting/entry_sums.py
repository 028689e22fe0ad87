"""The statement that adds up open entries and what was exchanged about them, as `exchange.counting.entries` tells it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from adapters.database.tables import EntryFactRow, EntryRow, ExchangeRow, FactRow, StandingRow, UnsettledRow
from adapters.database.work import Work, table_of
from exchange.codes import Role
from exchange.conversation import FactKind
from exchange.counting.entries import RECORD_CONFIRMED
from exchange.exchanges import Acceptance
from exchange.moments import civil_day, day_end, to_milliseconds
from exchange.people.register import MOVES, EntryFactKind

_ENTRIES = table_of(EntryRow)
_ENTRY_FACTS = table_of(EntryFactRow)
_EXCHANGES = table_of(ExchangeRow)
_FACTS = table_of(FactRow)
_STANDINGS = table_of(StandingRow)
_PLACE = ("jurisdiction", "township", "register", "origin", "destination", "year")
_COUNTS = ("open", "exchanged", "confirmed")
_NULL = cast(null(), BigInteger)


def open_entries(work: Work, own: frozenset[str], last: date, as_of: datetime) -> Select[Any]:
    """The entries that are open at the earlier of a day's end and `as_of`, by where they stand.

    What was settled by then is read as it is kept, all else is counted from its facts; in one statement, so that what is being
    settled meanwhile is in one of the two.
    """
    end, moment = to_milliseconds(day_end(last)), to_milliseconds(as_of)
    queued = select(table_of(UnsettledRow).c.entry).distinct()
    settled = _settled(end, moment).where(work.one_of(_STANDINGS.c.jurisdiction, own))
    # Taken out again, rather than looked for: a queue that fills within minutes is larger than PostgreSQL has it in mind, and
    # each standing would be compared with all that is queued.
    out = queued.subquery("out")
    unsure = _settled(end, moment, -1).join(out, out.c.entry == _STANDINGS.c.entry).where(_found_otherwise(work, own, _STANDINGS))
    facts = _from_facts(work, own, last, as_of, queued.union(_late(work, own, end, moment)))
    all_ = union_all(settled, unsure, facts).subquery("all")
    divided, counts = [all_.c[name] for name in _PLACE], [func.sum(all_.c[name]) for name in _COUNTS]
    return select(*divided, *counts).group_by(*divided).having(counts[0] > 0)


def _settled(end: int, moment: int, sign: int = 1) -> Select[Any]:
    """What the standings say that hold by then."""
    stands = _STANDINGS.c
    # Written into the statement, so that both databases see that a partial index serves it.
    is_open = stands.year > literal(0, literal_execute=True)
    holds = (stands.settled_at <= moment, stands.moved_at < end)
    divided = [stands[name] for name in _PLACE]
    counts = (func.count(), func.sum(stands.exchanged), func.sum(stands.confirmed))
    return (
        select(*divided, *((sign * count).label(name) for count, name in zip(counts, _COUNTS, strict=True)))
        .where(is_open, *holds)
        .group_by(*divided)
    )


def _found_otherwise(work: Work, own: frozenset[str], table: Table) -> ColumnElement[bool]:
    """Whether a row is of these counties, where it is found by its id: no index of the counties is to be asked for each."""
    return work.one_of(table.c.jurisdiction.concat(""), own)


def _late(work: Work, own: frozenset[str], end: int, moment: int) -> Select[Any]:
    """The entries that were settled later, or moved after the end."""
    stands = _STANDINGS.c
    # Nothing is settled before it moved.
    by_index = (work.one_of(stands.jurisdiction, own), stands.settled_at >= min(end, moment + 1))
    return select(stands.entry).where(*by_index, or_(stands.settled_at > moment, stands.moved_at >= end))


def _from_facts(work: Work, own: frozenset[str], last: date, as_of: datetime, among: CompoundSelect[Any]) -> Select[Any]:
    """What the facts of these entries say."""
    these = among.cte("these")
    openings, contacts = _openings(work, own, last, as_of, these).c, _contacts(work, own, as_of, these).c
    place = [openings[name] for name in _PLACE]
    stands = and_(openings.rank == 1, openings.what != EntryFactKind.CLOSED.value)
    # Put together by grouping: joined, they would be what a planner has no figures about, and may go through row by row.
    both = union_all(
        select(openings.entry, *place, openings.happened_at, _NULL.label("accepted_at"), _NULL.label("confirmed_at")).where(
            stands
        ),
        select(contacts.entry, *(null() for _ in place), _NULL, contacts.accepted_at, contacts.confirmed_at),
    ).subquery("told_of")
    names = (*_PLACE, "happened_at", "accepted_at", "confirmed_at")
    each = select(*(func.max(both.c[name]).label(name) for name in names)).group_by(both.c.entry).subquery("each").c
    since = [func.sum(case((moment >= each.happened_at, 1), else_=0)) for moment in (each.accepted_at, each.confirmed_at)]
    divided = [each[name] for name in _PLACE]
    return select(*divided, func.count(), *since).where(each.happened_at.is_not(None)).group_by(*divided)


def named_places(work: Work, own: frozenset[str], as_of: datetime) -> Select[Any]:
    """What the entries that are open at a moment name."""
    openings = _openings(work, own, civil_day(as_of), as_of).c
    place = [openings[name] for name in _PLACE if name != "township"]
    stands = and_(openings.rank == 1, openings.what != EntryFactKind.CLOSED.value)
    return select(*place).where(stands).distinct().order_by(*place)


def _openings(work: Work, own: frozenset[str], last: date, as_of: datetime, these: CTE | None = None) -> CTE:
    """Of each entry, or of each of `these`, the openings and closings by then, the latest of rank 1, and where it stands."""
    fact, entry, moment = _ENTRY_FACTS.c, _ENTRIES.c, to_milliseconds(as_of)
    latest = (fact.happened_at.desc(), fact.known_at.desc(), fact.id.desc())
    opened = _ENTRY_FACTS.alias("opened").c
    among = [work.one_of(entry.jurisdiction, own)]
    if these is not None:
        among = [entry.id.in_(select(these.c.entry)), _found_otherwise(work, own, _ENTRIES)]
    known = exists().where(opened.entry == entry.id, opened.what == EntryFactKind.OPENED.value, opened.known_at <= moment)
    return (
        select(
            fact.entry,
            entry.jurisdiction,
            entry.township,
            entry.register,
            entry.origin,
            entry.destination,
            cast(func.substr(work.civil_date(fact.happened_at), 1, 4), Integer).label("year"),
            fact.what,
            fact.happened_at,
            func.row_number().over(partition_by=fact.entry, order_by=latest).label("rank"),
        )
        .join(_ENTRIES, entry.id == fact.entry)
        .where(
            *among,
            fact.what.in_(sorted(MOVES)),
            fact.happened_at < to_milliseconds(day_end(last)),
            fact.happened_at <= moment,
            fact.known_at <= moment,
            known,
        )
        .cte("openings")
    )


def _contacts(work: Work, own: frozenset[str], as_of: datetime, these: CTE) -> CTE:
    """Of each of these entries the latest acceptance of an exchange about it, and the latest of one that confirmed its record."""
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
            held.entry.in_(select(these.c.entry)),
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
