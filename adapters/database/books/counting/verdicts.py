"""What the rates are counted from: stored versions, the queue of what is not in them yet, and pages of totals."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from adapters.database.books.counting import sums
from adapters.database.tables import ExchangeRow, TotalsRow, UncountedRow, VerdictRow
from adapters.database.values import words
from adapters.database.work import AnyRow, Asked, Values, Work, table_of
from exchange.codes import Role
from exchange.counting.pages import PageKey, Piece, TotalsPage
from exchange.counting.sums import CohortSum, CountSum, Queued, RejectedSum, Selection, WaitingSum
from exchange.counting.version import Version
from exchange.exchanges import ExchangeKey
from exchange.moments import Period
from exchange.rates import Cohort

_VERDICTS = table_of(VerdictRow)
_UNCOUNTED = table_of(UncountedRow)
_EXCHANGES = table_of(ExchangeRow)
_TOTALS = table_of(TotalsRow)
_ROLE = words(Role)
_COHORT = words(Cohort)
_versions = Asked(
    lambda work: (
        select(_VERDICTS)
        .where(work.among(_VERDICTS.c.exchange, bindparam("names")))
        .order_by(_VERDICTS.c.exchange, _VERDICTS.c.link, _VERDICTS.c.role, _VERDICTS.c.since_day)
    )
)

_valid = Asked(
    lambda _: select(_TOTALS).where(
        _TOTALS.c.cohort == bindparam("cohort"),
        _TOTALS.c.role == bindparam("role"),
        _TOTALS.c.since_day < bindparam("boundary"),
        _TOTALS.c.until_day >= bindparam("boundary"),
    ),
    blobs=True,
)


def queue_values(key: ExchangeKey, day: int) -> Values:
    """The row of the queue by which a day of an exchange is counted later."""
    return key.exchange, key.link, key.role.value, day


class SqlCounting:
    """`exchange.ledger.Counting` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def lock(self) -> None:
        self._work.lock(VerdictRow)

    def queue(self, keys: Iterable[ExchangeKey], day: int) -> None:
        self._work.insert(UncountedRow, [queue_values(key, day) for key in keys])

    def queued(self, before: int, limit: int) -> list[Queued]:
        row = _UNCOUNTED.c
        first = select(row.link, row.exchange, row.role).where(row.day < before).order_by(row.id).limit(limit)
        keys = {_key(*found) for found in self._work.rows(first)}
        named = self._work.one_of(row.exchange, {key.exchange for key in keys})
        found = select(row.id, row.day, row.link, row.exchange, row.role).where(named).order_by(row.id)
        several = (Queued(id_, _key(*key), day) for id_, day, *key in self._work.rows(found))
        return [queued for queued in several if queued.key in keys]

    def in_queue(self, keys: Iterable[ExchangeKey]) -> frozenset[ExchangeKey]:
        row, wanted = _UNCOUNTED.c, frozenset(keys)
        named = self._work.one_of(row.exchange, {key.exchange for key in wanted})
        return wanted & {_key(*found) for found in self._work.rows(select(row.link, row.exchange, row.role).where(named))}

    def unqueue(self, ids: Iterable[int]) -> None:
        numbers = sorted(ids)
        if numbers:
            self._work.change(delete(_UNCOUNTED).where(_UNCOUNTED.c.id.in_(numbers)))

    def versions(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, tuple[Version, ...]]:
        wanted = frozenset(keys)
        held: defaultdict[ExchangeKey, list[Version]] = defaultdict(list)
        if wanted:
            for exchange, link, role, *values in self._work.ask(
                _versions, names=self._work.listed({key.exchange for key in wanted})
            ):
                if (key := _key(link, exchange, role)) in wanted:
                    held[key].append(_version(values))
        return {key: tuple(several) for key, several in held.items()}

    def replace(self, versions: Mapping[ExchangeKey, Sequence[Version]]) -> None:
        sides: defaultdict[tuple[int, Role], list[str]] = defaultdict(list)
        for link, exchange, role in versions:
            sides[link, role].append(exchange)
        row = _VERDICTS.c
        for (link, role), names in sides.items():
            these = (row.link == link, row.role == role.value, self._work.one_of(row.exchange, names))
            self._work.change(delete(_VERDICTS).where(*these))
        self._work.insert(VerdictRow, [version_values(key, one) for key, several in versions.items() for one in several])

    def strays(self, limit: int) -> list[ExchangeKey]:
        row, held = _VERDICTS.c, _EXCHANGES.c
        of_exchange = (held.exchange == row.exchange) & (held.link == row.link) & (held.role == row.role)
        joined = _VERDICTS.outerjoin(_EXCHANGES, of_exchange)
        found = select(row.link, row.exchange, row.role).select_from(joined).where(held.exchange.is_(None)).distinct()
        return sorted(_key(*key) for key in self._work.rows(found.limit(limit)))

    def touched(self, wanted: Selection) -> frozenset[ExchangeKey]:
        return frozenset(_key(*found) for statement in sums.touched(self._work, wanted) for found in self._work.rows(statement))

    def cohort(self, wanted: Selection) -> list[CohortSum]:
        return [CohortSum._make((*row[:6], bool(row[6]), row[7])) for row in self._work.rows(sums.cohort(self._work, wanted))]

    def waiting(self, wanted: Selection) -> list[WaitingSum]:
        rows = self._work.rows(sums.waiting(self._work, wanted))
        return [WaitingSum._make((*row[:4], bool(row[4]), *row[5:])) for row in rows]

    def behind(self, wanted: Selection, since: str = "", limit: int | None = None) -> list[ExchangeKey]:
        return [_key(*found) for found in self._work.rows(sums.behind(self._work, wanted, since, limit))]

    def counts(self, wanted: Selection) -> list[CountSum]:
        return [CountSum(*row) for row in self._work.rows(sums.counts(self._work, wanted))]

    def totals(self, key: PageKey, boundary: int) -> list[CountSum]:
        return [CountSum(*row) for row in self._work.rows(sums.totals(self._work, key, boundary, self._counties()))]

    def next_change(self, key: PageKey, boundary: int) -> int | None:
        rows = [self._work.first(each) for each in sums.next_changes(self._work, key, boundary, self._counties())]
        return min((row[0] for row in rows if row is not None and row[0] is not None), default=None)

    def extent(self, cohort: Cohort, role: Role) -> Piece | None:
        first, last = self._work.rows(sums.extent(cohort, role))[0]
        return None if first is None else Piece(first, last)

    def rejected(self, own: frozenset[str], period: Period, as_of: datetime) -> list[RejectedSum]:
        return sums.rejected(self._work, own, period, as_of)

    def pages(self, cohort: Cohort, role: Role, boundary: int) -> Mapping[Piece, TotalsPage]:
        rows = self._work.ask(_valid, cohort=cohort.value, role=role.value, boundary=boundary)
        return {page.key.piece: page for page in map(_page, rows)}

    def all_pages(self) -> list[TotalsPage]:
        row = _TOTALS.c
        order = (row.cohort, row.role, row.first_day, row.last_day, row.since_day)
        return [_page(found) for found in self._work.rows(select(_TOTALS).order_by(*order))]

    def put_page(self, page: TotalsPage) -> None:
        self._work.put(
            TotalsRow,
            {
                "cohort": page.key.cohort.value,
                "role": page.key.role.value,
                "first_day": page.key.piece.first,
                "last_day": page.key.piece.last,
                "since_day": page.since,
                "until_day": page.until,
                "content": page.content,
            },
        )

    def spans(self) -> list[tuple[PageKey, Piece]]:
        row = _TOTALS.c
        place = (row.cohort, row.role, row.first_day, row.last_day, row.since_day)
        found = self._work.rows(select(*place, row.until_day).order_by(*place))
        return [(_page_key(*key), Piece(since + 1, until)) for *key, since, until in found]

    def drop_page(self, key: PageKey, since: int) -> None:
        self._work.change(delete(_TOTALS).where(*_of(key), _TOTALS.c.since_day == since))

    def cut_page(self, key: PageKey, since: int, until: int) -> None:
        self._work.change(update(_TOTALS).where(*_of(key), _TOTALS.c.since_day == since).values(until_day=until))

    def _counties(self) -> list[str]:
        """All counties that have versions."""
        return [own for (own,) in self._work.rows(sums.counties())]


def version_values(key: ExchangeKey, version: Version) -> Values:
    """The row of a version."""
    return (
        key.exchange,
        key.link,
        key.role.value,
        version.since,
        version.until,
        version.own,
        version.other,
        version.township,
        version.sort,
        version.received,
        version.first_due,
        version.marks,
        version.days,
        version.answered_on,
        version.waiting_due,
    )


def _version(values: Sequence[AnyRow]) -> Version:
    since, until, own, other, township, sort, received, first_due, marks, days, answered_on, waiting_due = values
    return Version(
        since=since,
        until=until,
        own=own,
        other=other,
        township=township,
        sort=sort,
        received=received,
        first_due=first_due,
        marks=marks,
        days=days,
        answered_on=answered_on,
        waiting_due=waiting_due,
    )


def _key(link: int, exchange: str, role: str) -> ExchangeKey:
    return ExchangeKey(link, exchange, _ROLE[role])


def _page(row: AnyRow) -> TotalsPage:
    *key, since, until, content = row
    return TotalsPage(key=_page_key(*key), since=since, until=until, content=bytes(content))


def _page_key(cohort: str, role: str, first: int, last: int) -> PageKey:
    return PageKey(_COHORT[cohort], _ROLE[role], Piece(first, last))


def _of(key: PageKey) -> tuple[ColumnElement[bool], ...]:
    row = _TOTALS.c
    piece = (row.first_day == key.piece.first, row.last_day == key.piece.last)
    return row.cohort == key.cohort.value, row.role == key.role.value, *piece
