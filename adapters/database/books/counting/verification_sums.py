"""The statement that adds up the inflow entries whose 30 days ended, as `exchange.counting.verification` tells it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select

from adapters.database.tables import EntryFactRow, EntryRow, ExchangeRow, FactRow
from adapters.database.work import Work, table_of
from exchange.codes import Kind, Purpose, RegisterKind, Role
from exchange.conversation import FactKind
from exchange.counting.entries import RECORD_CONFIRMED
from exchange.counting.verification import VERIFICATION_DAYS
from exchange.exchanges import Acceptance
from exchange.moments import day_end, day_start, to_milliseconds
from exchange.people.register import EntryFactKind

_ENTRIES = table_of(EntryRow)
_ENTRY_FACTS = table_of(EntryFactRow)
_EXCHANGES = table_of(ExchangeRow)
_FACTS = table_of(FactRow)
_DAY = 86_400_000
_SHANGHAI = 8 * 3_600_000


def verified_entries(work: Work, own: frozenset[str], opened: tuple[date, date], as_of: datetime) -> Select[Any]:
    """The entries opened on these days, by where they stand: how many, and of how many the certificate was found in time."""
    opening, entry, moment = _ENTRY_FACTS.alias("opening").c, _ENTRIES.c, to_milliseconds(as_of)
    end = ((opening.happened_at + _SHANGHAI) // _DAY + VERIFICATION_DAYS + 1) * _DAY - _SHANGHAI
    first, closing, found = (_ENTRY_FACTS.alias(name).c for name in ("first", "closing", "found"))
    known = exists().where(first.entry == entry.id, first.what == EntryFactKind.OPENED.value, first.known_at <= moment)
    later = or_(
        closing.happened_at > opening.happened_at,
        and_(
            closing.happened_at == opening.happened_at,
            or_(closing.known_at > opening.known_at, and_(closing.known_at == opening.known_at, closing.id > opening.id)),
        ),
    )
    closed = exists().where(
        closing.entry == opening.entry,
        closing.what == EntryFactKind.CLOSED.value,
        closing.known_at <= moment,
        closing.happened_at < end,
        later,
    )
    checked = exists().where(
        found.entry == opening.entry,
        found.what == EntryFactKind.CERTIFICATE_FOUND.value,
        found.known_at <= moment,
        found.happened_at >= opening.happened_at,
        found.happened_at < end,
    )
    held, fact = _EXCHANGES.c, _FACTS.c
    answered = exists().where(
        held.entry == opening.entry,
        held.role == Role.ASKER.value,
        held.acceptance == Acceptance.ACCEPTED.value,
        held.kind == Kind.QUERY.value,
        held.purpose == Purpose.CERTIFICATE_VERIFICATION.value,
        fact.exchange == held.exchange,
        fact.link == held.link,
        fact.role == held.role,
        fact.what == FactKind.ANSWERED.value,
        fact.result.in_(sorted(RECORD_CONFIRMED)),
        fact.known_at <= moment,
        or_(fact.voided_at.is_(None), fact.voided_at > moment),
        fact.happened_at >= opening.happened_at,
        fact.happened_at < end,
    )
    place = [entry.jurisdiction, entry.township, entry.register, entry.origin, entry.destination]
    year = func.substr(work.civil_date(opening.happened_at), 1, 4)
    each = (
        select(*place, year.label("year"), case((or_(checked, answered), 1), else_=0).label("verified"))
        .join(_ENTRIES, entry.id == opening.entry)
        .where(
            work.one_of(entry.jurisdiction, own),
            entry.register == RegisterKind.INFLOW.value,
            opening.what.in_([EntryFactKind.OPENED.value, EntryFactKind.REOPENED.value]),
            opening.happened_at >= to_milliseconds(day_start(opened[0])),
            opening.happened_at < to_milliseconds(day_end(opened[1])),
            opening.known_at <= moment,
            known,
            ~closed,
        )
        .subquery("each")
        .c
    )
    divided = [each[name] for name in ("jurisdiction", "township", "register", "origin", "destination", "year")]
    return select(*divided, func.count(), func.sum(each.verified)).group_by(*divided)
