"""What register entries count for, kept beside them, and the queue of those that are not sure."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, delete, select

from adapters.database.tables import EntryRow, ExchangeRow, StandingRow, UnsettledRow
from adapters.database.values import words
from adapters.database.work import AnyRow, Asked, Values, Work, table_of
from exchange.codes import RegisterKind, Role
from exchange.counting.entries import EntryPlace
from exchange.counting.registers.standing import Standing
from exchange.exchanges import Exchange, ExchangeKey
from exchange.moments import from_milliseconds, to_milliseconds

_ENTRIES = table_of(EntryRow)
_EXCHANGES = table_of(ExchangeRow)
_STANDINGS = table_of(StandingRow)
_QUEUE = table_of(UnsettledRow)
_REGISTER = words(RegisterKind)
# Deleted by numbers, each a parameter of its own.
_AT_ONCE = 500
_held = Asked(lambda work: select(_STANDINGS).where(work.among(_STANDINGS.c.entry, bindparam("entries"))))
_asked_about = Asked(
    lambda work: select(_EXCHANGES.c.exchange, _EXCHANGES.c.link, _EXCHANGES.c.entry, _EXCHANGES.c.acceptance).where(
        work.among(_EXCHANGES.c.exchange, bindparam("names")), _EXCHANGES.c.role == bindparam("role")
    )
)


def unsettle(work: Work, entries: Iterable[str]) -> None:
    """Queue entries of which something changes: a row each, whatever is queued already, for that may be worked off now."""
    work.insert(UnsettledRow, [(entry,) for entry in sorted(set(entries))])


def unsettle_of(work: Work, keys: Iterable[ExchangeKey]) -> None:
    """Queue the entries about which these exchanges ask."""
    unsettle(work, (entry for entry, _ in _about(work, keys).values() if entry is not None))


def unsettle_changed(work: Work, exchanges: Sequence[Exchange]) -> None:
    """Queue what is counted otherwise once these exchanges are written over what is there: seldom any, so one look is cheaper."""
    asked = {each.key: each for each in exchanges if each.key.role is Role.ASKER}
    changed = set[str | None]()
    for key, (entry, acceptance) in _about(work, asked).items():
        if key in asked and (asked[key].entry, asked[key].acceptance) != (entry, acceptance):
            changed |= {entry, asked[key].entry}
    unsettle(work, (entry for entry in changed if entry is not None))


class SqlStandings:
    """`exchange.ledger.Standings` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def queue(self, entries: Iterable[str]) -> None:
        unsettle(self._work, entries)

    def queued(self, limit: int) -> list[tuple[int, str]]:
        rows = self._work.rows(select(_QUEUE.c.id, _QUEUE.c.entry).order_by(_QUEUE.c.id).limit(limit))
        return [(int(number), str(entry)) for number, entry in rows]

    def in_queue(self, entries: Iterable[str]) -> frozenset[str]:
        found = select(_QUEUE.c.entry).where(self._work.one_of(_QUEUE.c.entry, entries))
        return frozenset(str(entry) for (entry,) in self._work.rows(found))

    def unqueue(self, ids: Iterable[int]) -> None:
        numbers = sorted(ids)
        for start in range(0, len(numbers), _AT_ONCE):
            self._work.change(delete(_QUEUE).where(_QUEUE.c.id.in_(numbers[start : start + _AT_ONCE])))

    def load(self, entries: Iterable[str]) -> Mapping[str, Standing]:
        return {row[0]: _standing(row) for row in self._work.ask(_held, entries=self._work.listed(entries))}

    def replace(self, standings: Mapping[str, Standing | None]) -> None:
        if standings:
            self._work.change(delete(_STANDINGS).where(self._work.one_of(_STANDINGS.c.entry, standings)))
            self._work.insert(StandingRow, [standing_values(one) for one in standings.values() if one is not None])

    def strays(self, limit: int) -> list[str]:
        joined = _STANDINGS.outerjoin(_ENTRIES, _ENTRIES.c.id == _STANDINGS.c.entry)
        found = select(_STANDINGS.c.entry).select_from(joined).where(_ENTRIES.c.id.is_(None)).order_by(_STANDINGS.c.entry)
        return [str(entry) for (entry,) in self._work.rows(found.limit(limit))]


def standing_values(one: Standing) -> Values:
    """The row of a standing."""
    return (
        one.place.id,
        one.place.jurisdiction,
        one.place.township,
        one.place.register.value,
        one.place.origin,
        one.place.destination,
        one.year,
        to_milliseconds(one.moved_at),
        to_milliseconds(one.settled_at),
        int(one.exchanged),
        int(one.confirmed),
    )


def _standing(row: AnyRow) -> Standing:
    entry, jurisdiction, township, register, origin, destination, year, moved_at, settled_at, exchanged, confirmed = row
    place = EntryPlace(
        id=entry,
        jurisdiction=jurisdiction,
        register=_REGISTER[register],
        origin=origin,
        destination=destination,
        township=township,
    )
    return Standing(
        place=place,
        year=year,
        moved_at=from_milliseconds(moved_at),
        settled_at=from_milliseconds(settled_at),
        exchanged=bool(exchanged),
        confirmed=bool(confirmed),
    )


def _about(work: Work, keys: Iterable[ExchangeKey]) -> dict[ExchangeKey, tuple[str | None, str]]:
    """About which entry each of these exchanges asks, if it does, and whether it was accepted."""
    names = {key.exchange for key in keys if key.role is Role.ASKER}
    if not names:
        return {}
    rows = work.ask(_asked_about, names=work.listed(names), role=Role.ASKER.value)
    return {ExchangeKey(link, exchange, Role.ASKER): (entry, acceptance) for exchange, link, entry, acceptance in rows}
