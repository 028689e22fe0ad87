"""The checks against other departments' sheets, the rows to look at, and the differences."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, func, literal, select

from adapters.database.faults import or_busy
from adapters.database.pages import beyond
from adapters.database.tables import CrossCheckRow, CrossCheckRowRow, DifferenceRow
from adapters.database.values import json_of, moment_of, number_of, words, words_or_none
from adapters.database.work import AnyRow, Values, Work, table_of
from exchange.checking.check import (
    CheckField,
    CheckLayout,
    CheckOutcome,
    CheckRow,
    CrossCheck,
    Difference,
    DifferenceFilter,
    DifferenceState,
    EntryToCheck,
    FieldCounts,
    Proposal,
    Settlement,
)
from exchange.codes import RegisterKind
from exchange.cursors import read_entry_cursor, read_row_cursor
from exchange.imports import RowProblem
from exchange.ledger import Page
from exchange.moments import from_milliseconds, to_milliseconds

_CHECKS = table_of(CrossCheckRow)
_ROWS = table_of(CrossCheckRowRow)
_DIFFERENCES = table_of(DifferenceRow)
_OUTCOME = words(CheckOutcome)
_FIELD = words(CheckField)
_STATE = words(DifferenceState)
_SETTLEMENT = words_or_none(Settlement)
# Written into the statements, so that both databases see that a partial index serves them.
_IS_OPEN = _DIFFERENCES.c.state == literal(DifferenceState.OPEN.value, literal_execute=True)
_BOTH = "both"
_problems = msgspec.json.Decoder(tuple[RowProblem, ...])
_encoder = msgspec.json.Encoder()
_proposal = msgspec.json.Decoder(Proposal)


class SqlCrossChecks:
    """`exchange.ledger.CrossChecks` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def latest(self, jurisdiction: str, layout: CheckLayout, register: RegisterKind | None, digest: str) -> CrossCheck | None:
        checks = _CHECKS.c
        same = (
            checks.jurisdiction == jurisdiction,
            checks.layout == layout.value,
            checks.registers == (register or _BOTH),
            checks.digest == digest,
        )
        row = self._work.first(select(_CHECKS).where(*same).order_by(checks.run.desc()).limit(1))
        return None if row is None else _check(row)

    def get(self, check: str) -> CrossCheck | None:
        row = self._work.first(select(_CHECKS).where(_CHECKS.c.id == check))
        return None if row is None else _check(row)

    def add(self, check: CrossCheck, rows: Sequence[CheckRow], differences: Sequence[Difference]) -> None:
        with or_busy():
            self._work.insert(CrossCheckRow, [_check_values(check)])
        self._work.insert(CrossCheckRowRow, [(row.check, row.row, row.outcome.value, json_of(row.problems)) for row in rows])
        self._work.insert(DifferenceRow, [_values(difference) for difference in differences])

    def find(self, own: frozenset[str], page: Page) -> list[CrossCheck]:
        checks = _CHECKS.c
        found = beyond(select(_CHECKS), checks.at, checks.id, page)
        return [_check(row) for row in self._work.newest(found, checks.jurisdiction, own, [checks.at, checks.id], page.limit)]

    def rows(self, check: str, page: Page) -> list[CheckRow]:
        rows = _ROWS.c
        found = select(_ROWS).where(rows.check_id == check)
        if page.after:
            found = found.where(rows.row > read_row_cursor(page.after))
        return [_row(*row) for row in self._work.rows(found.order_by(rows.row).limit(page.limit))]

    def differences(self, wanted: DifferenceFilter, page: Page) -> list[Difference]:
        found = select(_DIFFERENCES).where(self._work.one_of(_DIFFERENCES.c.jurisdiction, wanted.own), *_fitting(wanted))
        if page.after:
            found = found.where(_DIFFERENCES.c.id > read_entry_cursor(page.after))
        return self._differences(self._work.rows(found.order_by(_DIFFERENCES.c.id).limit(page.limit)))

    def pick(self, check: str, ids: Iterable[str], *, lock: bool = False) -> list[Difference]:
        picked = select(_DIFFERENCES).where(_DIFFERENCES.c.check_id == check, self._work.one_of(_DIFFERENCES.c.id, ids))
        picked = picked.order_by(_DIFFERENCES.c.id)
        return self._differences(self._work.rows(picked.with_for_update() if lock else picked))

    def save(self, differences: Sequence[Difference]) -> None:
        self._work.update(DifferenceRow, [_values(difference) for difference in differences])

    def counts(self, checks: Iterable[str]) -> Mapping[str, FieldCounts]:
        rows = _DIFFERENCES.c
        grouped = (rows.check_id, rows.field, rows.state)
        counted = select(*grouped, func.count()).where(self._work.one_of(rows.check_id, checks)).group_by(*grouped)
        found: defaultdict[str, dict[tuple[CheckField, DifferenceState], int]] = defaultdict(dict)
        for check, field, state, count in self._work.rows(counted):
            found[check][_FIELD[field], _STATE[state]] = count
        return dict(found)

    def open_fields(self, entries: Iterable[str]) -> Mapping[str, tuple[CheckField, ...]]:
        rows = _DIFFERENCES.c
        still_open = select(rows.entry, rows.field).where(_IS_OPEN, self._work.one_of(rows.entry, entries)).distinct()
        found: defaultdict[str, list[CheckField]] = defaultdict(list)
        for entry, field in self._work.rows(still_open):
            found[entry].append(_FIELD[field])
        return {entry: tuple(sorted(fields)) for entry, fields in found.items()}

    def to_check(self, own: frozenset[str], page: Page) -> list[EntryToCheck]:
        rows = _DIFFERENCES.c
        listed = select(rows.entry, rows.jurisdiction).where(_IS_OPEN, self._work.one_of(rows.jurisdiction, own)).distinct()
        if page.after:
            listed = listed.where(rows.entry > read_entry_cursor(page.after))
        found = self._work.rows(listed.order_by(rows.entry).limit(page.limit))
        fields = self.open_fields([entry for entry, _ in found])
        return [EntryToCheck(entry=entry, jurisdiction=place, fields=fields[entry]) for entry, place in found]

    def count_to_check(self, own: frozenset[str]) -> int:
        rows = _DIFFERENCES.c
        counted = select(func.count(rows.entry.distinct())).where(_IS_OPEN, self._work.one_of(rows.jurisdiction, own))
        return int(self._work.rows(counted)[0][0])

    def lapse(self, *, check: str | None = None, entry: str | None = None) -> int:
        rows = _DIFFERENCES.c
        meant = [column == wanted for column, wanted in ((rows.check_id, check), (rows.entry, entry)) if wanted is not None]
        return self._lapse(*meant)

    def forget(self, before: datetime) -> int:
        return self._lapse(_DIFFERENCES.c.at < to_milliseconds(before))

    def _lapse(self, *meant: ColumnElement[bool]) -> int:
        return self._work.erase(DifferenceRow, _IS_OPEN, *meant, state=DifferenceState.LAPSED.value)

    def _differences(self, rows: Iterable[AnyRow]) -> list[Difference]:
        return [_difference(*row) for row in self._work.opened(DifferenceRow, rows)]


def drop_differences(work: Work, entries: Sequence[str]) -> None:
    """Let nothing be left of what other departments' sheets say of these entries; open ones lapse."""
    _drop(work, work.one_of(_DIFFERENCES.c.entry, entries))


def lapse_differences(work: Work, ids: Sequence[str]) -> None:
    """The same of single differences."""
    _drop(work, work.one_of(_DIFFERENCES.c.id, ids))


def _drop(work: Work, these: ColumnElement[bool]) -> None:
    work.change(_DIFFERENCES.update().where(these, _IS_OPEN).values(state=DifferenceState.LAPSED.value))
    work.erase(DifferenceRow, these, _DIFFERENCES.c.sealed.is_not(None))


def _fitting(wanted: DifferenceFilter) -> list[ColumnElement[bool]]:
    rows = _DIFFERENCES.c
    asked_for = ((rows.check_id, wanted.check), (rows.entry, wanted.entry), (rows.field, wanted.field))
    fitting: list[ColumnElement[bool]] = [column == str(value) for column, value in asked_for if value is not None]
    if wanted.state is DifferenceState.OPEN:
        fitting.append(_IS_OPEN)
    elif wanted.state is not None:
        fitting.append(rows.state == wanted.state.value)
    return fitting


def _check_values(check: CrossCheck) -> Values:
    return (
        check.id,
        check.jurisdiction,
        check.layout.value,
        check.register.value if check.register else _BOTH,
        check.digest,
        check.run,
        to_milliseconds(check.at),
        check.rows,
        check.refused,
        check.no_entry,
        check.equal,
        check.differing,
        check.ambiguous,
        check.blank,
        check.excluded_columns,
        check.unknown_columns,
    )


def _check(row: AnyRow) -> CrossCheck:
    values = dict(row._mapping)
    registers = values.pop("registers")
    values["register"] = None if registers == _BOTH else RegisterKind(registers)
    values["layout"] = CheckLayout(row.layout)
    values["at"] = from_milliseconds(row.at)
    return CrossCheck(**values)


def _row(check: str, row: int, outcome: str, problems: str) -> CheckRow:
    return CheckRow(check=check, row=row, outcome=_OUTCOME[outcome], problems=_problems.decode(problems))


def _values(each: Difference) -> Values:
    return (
        each.id,
        each.check,
        each.jurisdiction,
        each.entry,
        each.entry_version,
        each.row,
        each.field.value,
        each.state.value,
        each.settlement.value if each.settlement else None,
        to_milliseconds(each.at),
        number_of(each.settled_at),
        None if each.proposal is None else _encoder.encode(each.proposal),
    )


def _difference(
    id_: str,
    check: str,
    jurisdiction: str,
    entry: str,
    entry_version: int,
    row: int,
    field: str,
    state: str,
    settlement: str | None,
    at: int,
    settled_at: int | None,
    sealed: bytes | None,
) -> Difference:
    # The key of an open one was destroyed: it had lapsed or been settled before an older copy of the ledger came back.
    forgotten = state == DifferenceState.OPEN.value and sealed is None
    return Difference(
        id=id_,
        check=check,
        jurisdiction=jurisdiction,
        entry=entry,
        entry_version=entry_version,
        row=row,
        field=_FIELD[field],
        state=DifferenceState.LAPSED if forgotten else _STATE[state],
        settlement=_SETTLEMENT[settlement],
        at=from_milliseconds(at),
        settled_at=moment_of(settled_at),
        proposal=None if sealed is None else _proposal.decode(sealed),
    )
