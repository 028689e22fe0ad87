"""The comparisons of pairs, what they found of our entries, and what people released."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, bindparam, delete, exists, func, literal, or_, select, tuple_, union

from adapters.database.books.reconciling.series import TALLY, select_steps, step_of
from adapters.database.tables import EntryRow, RegisterDifferenceRow, RegisterRunRow, ReleaseRow
from adapters.database.values import json_of, list_of, moment_of, number_of, stored
from adapters.database.work import AnyRow, Asked, Values, Work, named, table_of
from exchange.codes import Item, RegisterKind
from exchange.counting.query import UNASSIGNED
from exchange.cursors import read_register_difference_cursor
from exchange.ledger import Page, RegisterDifferenceFilter
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.reconciling.handshake import Step
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import (
    DifferenceKind,
    Outcome,
    RegisterDifference,
    RegisterRun,
    Release,
    Starter,
    Tally,
)

_RUNS = table_of(RegisterRunRow)
_DIFFERENCES = table_of(RegisterDifferenceRow)
_RELEASES = table_of(ReleaseRow)
_SETTLED = _RUNS.c.outcome == Outcome.SETTLED.value
_UNSETTLED = _RUNS.c.outcome != Outcome.SETTLED.value
_ENTRIES = table_of(EntryRow)


def _end(column: Column[str]) -> Asked:
    """The end of the last settled run with each of some values in a column: one step in an index for each."""

    def write(work: type[Work]) -> Select[Any]:
        value = work.each(bindparam("values"))
        settled = select(_RUNS.c.ended_at).where(_SETTLED, column == value).order_by(_RUNS.c.ended_at.desc()).limit(1)
        return select(value, settled.scalar_subquery())

    return Asked(write)


_ENDS = {column.name: _end(column) for column in (_RUNS.c.origin, _RUNS.c.destination, _RUNS.c.partner)}


class SqlRegisterRuns:
    """`exchange.ledger.RegisterRuns` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def put(self, run: RegisterRun) -> None:
        self._work.put(RegisterRunRow, _run_columns(run))

    def get(self, run: str, *, lock: bool = False) -> RegisterRun | None:
        statement = select(_RUNS).where(_RUNS.c.id == run)
        row = self._work.first(statement.with_for_update() if lock else statement)
        return None if row is None else _run(row)

    def of_reconciliation(self, reconciliation: str) -> list[RegisterRun]:
        held = _RUNS.c
        found = select(_RUNS).where(held.reconciliation == reconciliation).order_by(held.began_at, held.id)
        return [_run(row) for row in self._work.rows(found)]

    def since(self, pair: Pair, partner: str, moment: datetime) -> list[RegisterRun]:
        held = _RUNS.c
        within = (*_of(held, pair), held.partner == partner, held.began_at >= to_milliseconds(moment))
        return [_run(row) for row in self._work.rows(select(_RUNS).where(*within).order_by(held.began_at, held.id))]

    def settled(self, own: frozenset[str], as_of: datetime) -> list[RegisterRun]:
        return self._last(own, as_of, _SETTLED)

    def unsettled(self, own: frozenset[str], as_of: datetime) -> list[RegisterRun]:
        return self._last(own, as_of, _UNSETTLED)

    def began(self, as_of: datetime) -> bool:
        ended = _RUNS.c.ended_at <= to_milliseconds(as_of)
        return self._work.first(select(_RUNS.c.id).where(_SETTLED, ended).limit(1)) is not None

    def steps(self, own: frozenset[str], moments: Sequence[datetime]) -> list[Step]:
        found = select_steps(self._of_ours(own), [to_milliseconds(moment) for moment in moments])
        return [step_of(row) for row in self._work.rows(found)]

    def last_settled(self, partners: Iterable[str]) -> Mapping[str, datetime]:
        return self._latest(_RUNS.c.partner, partners)

    def _latest(self, column: Column[str], values: Iterable[str]) -> dict[str, datetime]:
        """For each value of a column the end of the last settled run, if there was one."""
        rows = self._work.ask(_ENDS[column.name], values=self._work.listed(values))
        return {value: from_milliseconds(ended_at) for value, ended_at in rows if ended_at is not None}

    def _of_ours(self, own: frozenset[str]) -> ColumnElement[bool]:
        return or_(self._work.one_of(_RUNS.c.origin, own), self._work.one_of(_RUNS.c.destination, own))

    def _last(self, own: frozenset[str], as_of: datetime, outcome: ColumnElement[bool]) -> list[RegisterRun]:
        """Of each pair and partner the last run of such an outcome that had ended by a moment.

        Which those are is read from an index alone, before any run is: there may be years of them.
        """
        held, whose = _RUNS.c, (_RUNS.c.origin, _RUNS.c.destination, _RUNS.c.partner)
        ended = and_(outcome, held.ended_at <= to_milliseconds(as_of))
        sides = (
            select(*whose, func.max(held.ended_at).label("ended_at")).where(ended, self._work.one_of(side, own)).group_by(*whose)
            for side in (held.origin, held.destination)
        )
        last = union(*sides).subquery("found")
        same = [held[name] == last.c[name] for name in ("origin", "destination", "partner", "ended_at")]
        found = select(_RUNS).join(last, and_(*same)).where(outcome).order_by(*whose, held.id)
        # Of two that ended at one moment the one with the greater id.
        runs = (_run(row) for row in self._work.rows(found))
        return list({(run.pair, run.partner): run for run in runs}.values())

    def standing(self, pair: Pair, own: str) -> list[RegisterDifference]:
        held = _DIFFERENCES.c
        found = select(_DIFFERENCES).where(*_of(held, pair), held.own == own, held.settled_at.is_(None)).order_by(held.entry)
        return [_difference(row) for row in self._work.rows(found)]

    def differences(self, wanted: RegisterDifferenceFilter, page: Page) -> list[RegisterDifference]:
        held = _DIFFERENCES.c
        place = (held.entry, held.origin, held.destination)
        found = select(_DIFFERENCES).where(*_fitting(wanted))
        if page.after:
            entry, pair = read_register_difference_cursor(page.after)
            found = found.where(tuple_(*place) > (entry, pair.origin, pair.destination))
        return [_difference(row) for row in self._work.first_of(found, held.own, wanted.own, place, page.limit)]

    def count_differences(self, wanted: RegisterDifferenceFilter) -> Mapping[DifferenceKind, int]:
        held = _DIFFERENCES.c
        counted = select(held.kind, func.count()).where(self._work.one_of(held.own, wanted.own), *_fitting(wanted))
        return {DifferenceKind(kind): int(count) for kind, count in self._work.rows(counted.group_by(held.kind))}

    def reconciled(self, own: frozenset[str]) -> Mapping[str, datetime]:
        there, last = self._latest(_RUNS.c.destination, own), self._latest(_RUNS.c.origin, own)
        for county, moment in there.items():
            last[county] = max(moment, last.get(county, moment))
        return last

    def found_twice(self, own: frozenset[str]) -> list[RegisterDifference]:
        held = _DIFFERENCES.c
        coarse = _fitting(RegisterDifferenceFilter(own=own, kind=DifferenceKind.COARSE))
        fitting = and_(self._work.one_of(held.own, own), *coarse)
        twice = select(held.entry).where(fitting).group_by(held.entry).having(func.count() > 1)
        found = select(_DIFFERENCES).where(fitting, held.entry.in_(twice)).order_by(held.entry, held.origin, held.destination)
        return [_difference(row) for row in self._work.rows(found)]

    def difference_of(self, entry: str) -> list[RegisterDifference]:
        held = _DIFFERENCES.c
        found = select(_DIFFERENCES).where(held.entry == entry).order_by(held.origin, held.destination)
        return [_difference(row) for row in self._work.rows(found)]

    def put_differences(self, differences: Sequence[RegisterDifference]) -> None:
        held, entries = _DIFFERENCES.c, defaultdict[Pair, list[str]](list)
        for each in differences:
            entries[each.pair].append(each.entry)
        these = [and_(*_of(held, pair), self._work.one_of(held.entry, some)) for pair, some in entries.items()]
        for some in these:
            self._work.change(delete(_DIFFERENCES).where(some))
        self._work.insert(RegisterDifferenceRow, [_difference_values(each) for each in differences])
        gone = or_(_ENTRIES.c.protected, _ENTRIES.c.sealed.is_(None))
        hidden = exists(select(literal(1)).where(_ENTRIES.c.id == held.entry, gone).correlate(_DIFFERENCES))
        for some in these:
            self._work.change(delete(_DIFFERENCES).where(some, hidden))

    def forget(self, before: datetime) -> int:
        return self._work.change(delete(_DIFFERENCES).where(_DIFFERENCES.c.settled_at < to_milliseconds(before)))

    def release(self, release: Release) -> None:
        self._work.put(ReleaseRow, stored(release, "pair"))

    def released(self, partner: str, pair: Pair) -> Release | None:
        held = _RELEASES.c
        row = self._work.first(select(_RELEASES).where(held.partner == partner, *_of(held, pair)))
        if row is None:
            return None
        _, _, _, limit, by, at, until = row
        return Release(partner=partner, pair=pair, limit=limit, by=by, at=from_milliseconds(at), until=from_milliseconds(until))


def _of(columns: Any, pair: Pair) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return columns.origin == pair.origin, columns.destination == pair.destination


def _fitting(wanted: RegisterDifferenceFilter) -> list[ColumnElement[bool]]:
    held = _DIFFERENCES.c
    fitting: list[ColumnElement[bool]] = [held.settled_at.is_(None)]
    if wanted.kind is not None:
        fitting.append(held.kind == wanted.kind.value)
    if wanted.partner is not None:
        fitting.append(held.partner == wanted.partner)
    if wanted.register is not None:
        fitting.append(held.own == (held.origin if wanted.register is RegisterKind.OUTFLOW else held.destination))
    if wanted.other is not None:
        fitting += [held.own != wanted.other, or_(held.origin == wanted.other, held.destination == wanted.other)]
    if wanted.township is not None:
        place = _ENTRIES.c.township
        lives = place.is_(None) if wanted.township == UNASSIGNED else place == wanted.township
        fitting.append(exists(select(literal(1)).where(_ENTRIES.c.id == held.entry, lives).correlate(_DIFFERENCES)))
    return fitting


def _run_columns(run: RegisterRun) -> dict[str, Any]:
    columns = stored(run, "pair")
    del columns["tally"]
    return {**columns, **(dict.fromkeys(TALLY) if run.tally is None else stored(run.tally))}


def _run(row: AnyRow) -> RegisterRun:
    held = named(_RUNS, row)
    tally = {name: held.pop(name) for name in TALLY}
    pair = Pair(origin=held.pop("origin"), destination=held.pop("destination"))
    outcome = held.pop("outcome")
    return RegisterRun(
        **{
            **held,
            "pair": pair,
            "items": list_of(held["items"], Item),
            "bound": list_of(held["bound"], str),
            "started_by": Starter(held["started_by"]),
            "began_at": from_milliseconds(held["began_at"]),
            "ended_at": moment_of(held["ended_at"]),
            "as_of": moment_of(held["as_of"]),
            "outcome": None if outcome is None else Outcome(outcome),
            "tally": None if tally["agreeing"] is None else Tally(**tally),
        }
    )


def _difference_values(each: RegisterDifference) -> Values:
    return (
        each.entry,
        each.pair.origin,
        each.pair.destination,
        each.own,
        each.partner,
        each.kind.value,
        json_of(each.fields),
        to_milliseconds(each.first_at),
        number_of(each.settled_at),
    )


def _difference(row: AnyRow) -> RegisterDifference:
    held = named(_DIFFERENCES, row)
    return RegisterDifference(
        entry=held["entry"],
        own=held["own"],
        partner=held["partner"],
        pair=Pair(origin=held["origin"], destination=held["destination"]),
        kind=DifferenceKind(held["kind"]),
        fields=list_of(held["fields"], Item),
        first_at=from_milliseconds(held["first_at"]),
        settled_at=moment_of(held["settled_at"]),
    )
