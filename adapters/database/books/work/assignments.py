"""The assignments."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, select

from adapters.database.books.counting.verdicts import queue_values
from adapters.database.tables import AssignmentRow, UncountedRow
from adapters.database.values import day_of, iso_of, words_or_none
from adapters.database.work import AnyRow, Asked, Values, Work, table_of
from exchange.codes import Role
from exchange.counting.version import step_day
from exchange.exchanges import ExchangeKey
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.work.assignment import Assignment, ReturnReason

_ASSIGNMENTS = table_of(AssignmentRow)
_REASON = words_or_none(ReturnReason)
_HELD = _ASSIGNMENTS.c
_of = Asked(
    lambda work: (
        select(_HELD.exchange, _HELD.township, _HELD.at, _HELD.due, _HELD.reason, _HELD.by)
        .where(
            _HELD.link == bindparam("of_link"),
            _HELD.role == bindparam("of_role"),
            work.among(_HELD.exchange, bindparam("names")),
        )
        .order_by(_HELD.exchange, _HELD.at, _HELD.id)
    )
)


class SqlAssignments:
    """`exchange.ledger.Assignments` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, assignments: Sequence[Assignment]) -> None:
        self._work.insert(AssignmentRow, [_row(each) for each in assignments])
        self._work.insert(UncountedRow, [queue_values(each.exchange, step_day(each.at)) for each in assignments])

    def of(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, tuple[Assignment, ...]]:
        sides: defaultdict[tuple[int, Role], set[str]] = defaultdict(set)
        for key in keys:
            sides[key.link, key.role].add(key.exchange)
        found: defaultdict[ExchangeKey, list[Assignment]] = defaultdict(list)
        for (link, role), names in sides.items():
            for row in self._work.ask(_of, of_link=link, of_role=role.value, names=self._work.listed(names)):
                step = _step(link, role, row)
                found[step.exchange].append(step)
        return {key: tuple(steps) for key, steps in found.items()}

    def current(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, Assignment]:
        # An exchange has a handful of steps: reading them all takes no longer than looking for the last of each.
        return {key: steps[-1] for key, steps in self.of(keys).items()}


def _row(each: Assignment) -> Values:
    link, exchange, role = each.exchange
    return exchange, link, role.value, each.township, to_milliseconds(each.at), iso_of(each.due), each.reason, each.by


def _step(link: int, role: Role, row: AnyRow) -> Assignment:
    exchange, township, at, due, reason, by = row
    return Assignment(
        exchange=ExchangeKey(link, exchange, role),
        township=township,
        at=from_milliseconds(at),
        due=day_of(due),
        reason=_REASON[reason],
        by=by,
    )
