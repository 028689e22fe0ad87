"""The statement that reads a series of settled runs: of each pair the last one between one moment and the next."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select

from adapters.database.tables import RegisterRunRow
from adapters.database.work import AnyRow, table_of
from exchange.moments import from_milliseconds
from exchange.reconciling.handshake import Step, tally_counts
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import Outcome, Tally

_RUNS = table_of(RegisterRunRow)
TALLY = tuple(field.name for field in fields(Tally))
_COLUMNS = ("origin", "destination", "partner", "ended_at", "numberless_outflow", "numberless_inflow", *TALLY)


def select_steps(ours: ColumnElement[bool], moments: Sequence[int]) -> Select[Any]:
    """The steps of a series, by pair and then by time; the moments are milliseconds, in order."""
    held = _RUNS.c
    place = _place(held.ended_at, moments, 0, len(moments) - 1)
    settled = and_(held.outcome == Outcome.SETTLED.value, held.ended_at <= moments[-1], ours)
    placed = select(held.id, *(held[name] for name in _COLUMNS), place.label("place")).where(settled).subquery("placed").c
    latest = (placed.ended_at.desc(), placed.id.desc())
    turn = func.row_number().over(partition_by=(placed.origin, placed.destination, placed.place), order_by=latest)
    ranked = select(placed.place, *(placed[name] for name in _COLUMNS), turn.label("turn")).subquery("ranked").c
    columns = [ranked.place, *(ranked[name] for name in _COLUMNS)]
    return select(*columns).where(ranked.turn == 1).order_by(ranked.origin, ranked.destination, ranked.place)


def step_of(row: AnyRow) -> Step:
    """One row of it."""
    place, origin, destination, partner, ended_at, outflow, inflow, *counts = row
    counted = tally_counts(Tally(**dict(zip(TALLY, counts, strict=True))))
    pair = Pair(origin=origin, destination=destination)
    return Step(place, pair, partner, from_milliseconds(ended_at), (*counted, outflow or 0, inflow or 0))


def _place(ended: ColumnElement[int], moments: Sequence[int], first: int, last: int) -> ColumnElement[int]:
    """The place of the first moment by which a run had ended. By halves, for a year has many days."""
    if first == last:
        return literal(first)
    middle = (first + last) // 2
    return case((ended <= moments[middle], _place(ended, moments, first, middle)), else_=_place(ended, moments, middle + 1, last))
