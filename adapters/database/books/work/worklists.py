"""The worklists: `exchange.work.worklists.BELONGS` as conditions, each list read in the order of an index of its own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_, select, tuple_

from adapters.database.books.endings import shown_as
from adapters.database.books.exchange_rows import exchange_of
from adapters.database.tables import ExchangeRow
from adapters.database.work import Work, table_of
from exchange.codes import Role
from exchange.conversation import State
from exchange.counting.query import UNASSIGNED
from exchange.cursors import read_work_cursor
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import Page
from exchange.moments import to_milliseconds
from exchange.work.worklists import BELONGS, TAKEN_BACK, Order, WorkFilter, Worklist, noted_since

_EXCHANGES = table_of(ExchangeRow)
_HELD = _EXCHANGES.c
_LATER = _EXCHANGES.alias("later")
_ALL = select(_EXCHANGES)
_PLACE: dict[Order, ColumnElement[Any]] = {
    Order.DUE: _HELD.due,
    Order.LAPSES: _HELD.lapses_on,
    Order.SUBMITTED: _HELD.submitted_at,
    Order.RECEIVED: _HELD.received_at,
}


def _plainly(word: str) -> ColumnElement[str]:
    """A word written into the statement, so that both databases see that a partial index serves it."""
    return literal(word, literal_execute=True)


class SqlWorklists:
    """`exchange.ledger.Worklists` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def page(self, worklist: Worklist, wanted: WorkFilter, page: Page) -> list[Exchange]:
        place = (_PLACE[BELONGS[worklist].order], _HELD.exchange, _HELD.link)
        on = [*_on(worklist, wanted), *_fitting(self._work, wanted)]
        if page.after:
            after = read_work_cursor(worklist, page.after)
            at = after.place if BELONGS[worklist].order.dated else int(after.place)
            on.append(tuple_(*place) > tuple_(at, after.exchange, after.link))
        if len(wanted.own) == 1:
            # One county's rows come in the order of the list's index.
            (own,) = wanted.own
            found = _ALL.where(_HELD.own == own, *on)
        else:
            # Those of several are put in order by their places, which the index holds: no row behind the page is read.
            ours = self._work.one_of(_HELD.own, wanted.own)
            first = select(*place).where(ours, *on).order_by(*place).limit(page.limit).subquery("found").c
            its = and_(_HELD.exchange == first.exchange, _HELD.link == first.link)
            found = _ALL.join(first.exchange.table, its).where(_HELD.role == BELONGS[worklist].role.value)
        return [exchange_of(row) for row in self._work.rows(found.order_by(*place).limit(page.limit))]

    def counts(self, wanted: WorkFilter) -> Mapping[Worklist, int]:
        own, fitting = self._work.one_of(_HELD.own, wanted.own), _fitting(self._work, wanted)
        counted = [
            select(func.count()).where(own, *_on(worklist, wanted), *fitting).scalar_subquery().label(worklist.value)
            for worklist in Worklist
        ]
        (row,) = self._work.rows(select(*counted))
        return dict(zip(Worklist, row, strict=True))

    def late_by_link(self, wanted: WorkFilter) -> Mapping[int, int]:
        own = self._work.one_of(_HELD.own, wanted.own)
        late = select(_HELD.link, func.count()).where(own, *_on(Worklist.AWAITED, wanted), *_fitting(self._work, wanted))
        return dict(map(tuple, self._work.rows(late.group_by(_HELD.link))))


def _on(worklist: Worklist, wanted: WorkFilter) -> list[ColumnElement[bool]]:
    """What stands on a list."""
    belonging = BELONGS[worklist]
    on = [_HELD.role == _plainly(belonging.role.value), _PLACE[belonging.order].is_not(None)]
    if belonging.rejected:
        return [*on, _HELD.acceptance == _plainly(Acceptance.REJECTED.value), _for_people(), not_(_submitted_again())]
    states = sorted(belonging.states, key=list(State).index)
    on.append(
        _HELD.state == _plainly(states[0].value)
        if len(states) == 1
        else _HELD.state.in_([_plainly(state.value) for state in states])
    )
    if belonging.order is Order.LAPSES:
        on.append(_HELD.lapses_on >= wanted.today.isoformat())
    if belonging.paired is not None:
        on.append(_HELD.paired_at.is_not(None) if belonging.paired else _HELD.paired_at.is_(None))
    if belonging.in_hand is not None:
        on.append(_HELD.handled_by.is_not(None) if belonging.in_hand else _HELD.handled_by.is_(None))
    if belonging.unread:
        on += [_HELD.clerk.is_(None), _HELD.received_at >= to_milliseconds(noted_since(wanted.today))]
    if belonging.late:
        on.append(_HELD.due < wanted.today.isoformat())
    return on


def _for_people() -> ColumnElement[bool]:
    """Not what is sent again by itself, or was taken back before it was sent."""
    mendable = and_(_HELD.problem.not_like('%"retry":"later"%'), _HELD.problem.not_like(f'%"type":"{TAKEN_BACK}"%'))
    return or_(_HELD.problem.is_(None), mendable)


def _submitted_again() -> ColumnElement[bool]:
    """Whether a later opening is about the same matter (`exchange.work.worklists.matter_of`)."""
    later = _LATER.c
    same = and_(
        later.person_index == _HELD.person_index,
        later.own == _HELD.own,
        later.other == _HELD.other,
        later.kind == _HELD.kind,
        later.event.is_not_distinct_from(_HELD.event),
        later.purpose == _HELD.purpose,
        later.role == _plainly(Role.ASKER.value),
        later.submitted_at > _HELD.submitted_at,
    )
    return exists(select(literal(1)).select_from(_LATER).where(same).correlate(_EXCHANGES))


def _fitting(work: Work, wanted: WorkFilter) -> list[ColumnElement[bool]]:
    equal: tuple[tuple[ColumnElement[Any], object], ...] = (
        (_HELD.kind, wanted.kind),
        (_HELD.event, wanted.event),
        (_HELD.other, wanted.other),
    )
    fitting = [column == str(value) for column, value in equal if value is not None]
    if wanted.purpose is not None:
        fitting.append(shown_as(work, wanted.purpose, wanted.today))
    if wanted.urgent is not None:
        fitting.append(_HELD.urgent.is_not(None) if wanted.urgent else _HELD.urgent.is_(None))
    if wanted.township is not None:
        unassigned = wanted.township == UNASSIGNED
        fitting.append(_HELD.handled_by.is_(None) if unassigned else _HELD.handled_by == wanted.township)
    if wanted.link is not None:
        fitting.append(_HELD.link == wanted.link)
    return fitting
