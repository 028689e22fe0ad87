"""The statements that add up stored versions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, literal_column, null, or_, select

from adapters.database.tables import ExchangeRow, UncountedRow, VerdictRow
from adapters.database.values import words, words_or_none
from adapters.database.work import Work, table_of
from exchange.codes import Event, Kind, Purpose, Role
from exchange.counting.pages import PageKey
from exchange.counting.query import UNASSIGNED
from exchange.counting.sorts import PAGE_MASK, sort_number
from exchange.counting.sums import RejectedSum, Selection
from exchange.counting.version import FOREVER, Mark
from exchange.exchanges import Acceptance
from exchange.jurisdiction import Category
from exchange.moments import Period, day_end, day_start, to_milliseconds
from exchange.rates import Cohort

_VERDICTS = table_of(VerdictRow)
_UNCOUNTED = table_of(UncountedRow)
_EXCHANGES = table_of(ExchangeRow)
_V = _VERDICTS.c
_BY_DAY = Mark.BY_EVENT | Mark.ENDED
_KIND, _EVENT, _PURPOSE, _CATEGORY = words(Kind), words_or_none(Event), words(Purpose), words(Category)
# Written into the statement, so that both databases see that a partial index serves it.
_NOTHING = literal(0, literal_execute=True)
_NULL = null()


def day_of(cohort: Cohort) -> ColumnElement[Any]:
    """The column by which an exchange falls into a period."""
    return _V.first_due if cohort is Cohort.DUE else _V.received


def touched(work: Work, wanted: Selection) -> list[Select[Any]]:
    """The exchanges that have to be judged anew: those in the queue, and those to which something happened on the day."""
    row, held = _UNCOUNTED.c, _EXCHANGES.c
    of_exchange = and_(held.exchange == row.exchange, held.link == row.link, held.role == row.role)
    queued = select(row.link, row.exchange, row.role).distinct().join(_EXCHANGES, of_exchange)
    statements = [queued.where(row.role == wanted.role.value, _is_touched(wanted), work.one_of(held.own, wanted.own))]
    if wanted.beyond:
        happened = and_(_V.since_day == wanted.boundary, _V.marks.op("&")(int(Mark.BY_EVENT)) != 0)
        statements.append(select(_V.link, _V.exchange, _V.role).where(*_ours(work, wanted), happened))
    return statements


def cohort(work: Work, wanted: Selection) -> Select[Any]:
    """The cohort, divided by all that a tally tells apart."""
    place = (*_place(wanted), _V.marks.op("&")(~int(_BY_DAY)), _V.days, _V.answered_on < wanted.answered_before)
    return _grouped(work, wanted, place, func.count()).where(_in_cohort(wanted))


def waiting(work: Work, wanted: Selection) -> Select[Any]:
    """What an answer is being waited for."""
    place = (*_place(wanted), _V.waiting_due < wanted.boundary)
    figures = (func.count(), func.min(_V.received), func.min(_V.waiting_due))
    return _grouped(work, wanted, place, *figures).where(_V.waiting_due > _NOTHING)


def counts(work: Work, wanted: Selection) -> Select[Any]:
    """The plain counts of the cohort."""
    own, _, other, sort = _place(wanted)
    return _grouped(work, wanted, (own, other, sort), *_plain()).where(_in_cohort(wanted))


def behind(work: Work, wanted: Selection, since: str, limit: int | None) -> Select[Any]:
    """The exchanges of the cohort by their names, so many from one of them on."""
    found = _held(work, wanted, _V.link, _V.exchange, _V.role).where(_in_cohort(wanted), _V.exchange >= since)
    return found.order_by(_V.exchange, _V.link).limit(limit)


def totals(work: Work, key: PageKey, boundary: int, counties: Iterable[str]) -> Select[Any]:
    """What a page holds at a boundary."""
    day = day_of(key.cohort)
    last = min(key.piece.last, boundary - 1) if key.cohort is Cohort.DUE else key.piece.last
    sort = _V.sort.op("&")(PAGE_MASK)
    holding = (_V.since_day < boundary, _V.until_day >= boundary, day.between(key.piece.first, last))
    ours = (work.one_of(_V.own, counties), _V.role == key.role.value)
    return select(_V.own, _NULL, sort, *_plain()).where(*ours, *holding).group_by(_V.own, sort)


def counties() -> Select[Any]:
    """All counties that have versions: a step in the index for each, not a look at every row."""
    found = select(func.min(_V.own).label("own")).cte("counties", recursive=True)
    following = select(func.min(_V.own)).where(_V.own > found.c.own).scalar_subquery()
    found = found.union_all(select(following).where(found.c.own.is_not(None)))
    return select(found.c.own).where(found.c.own.is_not(None))


def extent(cohort: Cohort, role: Role) -> Select[Any]:
    """The first and the last day on which anything of a cohort lies, from the ends of each county's part of the index."""
    each, day = counties().subquery("each"), day_of(cohort)
    ends = [
        select(end(day)).where(_V.own == each.c.own, _V.role == role.value, day > 0).correlate(each).scalar_subquery()
        for end in (func.min, func.max)
    ]
    of_county = select(ends[0].label("first"), ends[1].label("last")).select_from(each).subquery("ends")
    return select(func.min(of_county.c.first), func.max(of_county.c.last))


def next_changes(work: Work, key: PageKey, boundary: int, counties: Iterable[str]) -> list[Select[Any]]:
    """For each thing by which a page's content changes with the days, the first day from `boundary` on."""
    day = day_of(key.cohort)
    here = (work.one_of(_V.own, counties), _V.role == key.role.value, day.between(key.piece.first, key.piece.last))
    later = and_(*here, _V.until_day >= boundary)
    days = [_V.since_day, _V.until_day, *([_V.first_due] if key.cohort is Cohort.DUE else [])]
    return [select(func.min(each)).where(later, each >= boundary, each < FOREVER) for each in days]


def rejected(work: Work, own: frozenset[str], period: Period, as_of: datetime) -> list[RejectedSum]:
    """The openings that were rejected, by the day of submission."""
    row = _EXCHANGES.c
    submitted = and_(
        row.submitted_at >= to_milliseconds(day_start(period.first)), row.submitted_at < to_milliseconds(day_end(period.last))
    )
    known = func.coalesce(row.known_at, row.submitted_at) <= to_milliseconds(as_of)
    matter = (row.category, row.kind, row.event, row.urgent.is_not(None), row.purpose, row.own == row.origin)
    place = (row.own, row.other, row.link, *matter)
    ours = (work.one_of(row.own, own), row.role == Role.ASKER.value, row.acceptance == Acceptance.REJECTED.value)
    found = select(*place, func.count()).where(*ours, submitted, known).group_by(*place)
    return [
        RejectedSum(
            own,
            other,
            link,
            sort_number(
                outflow=bool(outflow),
                category=_CATEGORY[category],
                kind=_KIND[kind],
                event=_EVENT[event],
                urgent=bool(urgent),
                purpose=_PURPOSE[purpose],
            ),
            count,
        )
        for own, other, link, category, kind, event, urgent, purpose, outflow, count in work.rows(found)
    ]


def _grouped(work: Work, wanted: Selection, place: tuple[Any, ...], *figures: Any) -> Select[Any]:
    # By position: an expression with a parameter is to PostgreSQL another one each time that it is written.
    divided: list[ColumnElement[Any]] = [
        literal_column(str(number)) for number, part in enumerate(place, start=1) if part is not _NULL
    ]
    return _held(work, wanted, *place, *figures).group_by(*divided)


def _place(wanted: Selection) -> tuple[Any, ...]:
    township = _V.township if wanted.by_township else _NULL
    return _V.own, township, _V.other if wanted.by_other else _NULL, _V.sort.op("&")(wanted.sort_bits)


def _plain() -> tuple[Any, ...]:
    marks = _V.marks
    ones = (case((marks.op("&")(int(mark)) != 0, 1), else_=0) for mark in (Mark.ANSWERED, Mark.ON_TIME))
    return func.sum(case((marks.op("&")(int(Mark.APART)) != 0, 0), else_=1)), *(func.sum(one) for one in ones)


def _ours(work: Work, wanted: Selection) -> tuple[ColumnElement[bool], ...]:
    return work.one_of(_V.own, wanted.own), _V.role == wanted.role.value


def _held(work: Work, wanted: Selection, *columns: Any) -> Select[Any]:
    """What holds at the boundary, is of a wanted sort, and is touched by nothing."""
    row = _UNCOUNTED.c
    queued = exists().where(row.exchange == _V.exchange, row.link == _V.link, row.role == _V.role, _is_touched(wanted))
    held = select(*columns).select_from(_VERDICTS).where(~queued)
    held = held.where(*_ours(work, wanted), _V.since_day < wanted.boundary, _V.until_day >= wanted.boundary)
    if wanted.beyond:
        held = held.where(or_(_V.until_day > wanted.boundary, _V.marks.op("&")(int(Mark.ENDED)) == 0))
    if wanted.sorts.mask:
        held = held.where(_V.sort.op("&")(wanted.sorts.mask) == wanted.sorts.value)
    if wanted.township is not None:
        held = held.where(_V.township.is_(None) if wanted.township == UNASSIGNED else _V.township == wanted.township)
    if wanted.links is not None:
        held = held.where(_V.link.in_(sorted(wanted.links)))
    return held


def _in_cohort(wanted: Selection) -> ColumnElement[bool]:
    return day_of(wanted.cohort).between(wanted.first, wanted.last_counted)


def _is_touched(wanted: Selection) -> ColumnElement[bool]:
    return _UNCOUNTED.c.day <= wanted.boundary if wanted.beyond else _UNCOUNTED.c.day < wanted.boundary
