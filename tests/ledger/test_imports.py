"""The files that were taken in, and the result of every row."""

from dataclasses import replace
from typing import Any

import pytest

from exchange.cursors import BadCursor, import_cursor, row_cursor
from exchange.imports import SILENCE, RowOutcome, RunProblem, Stage
from exchange.ledger import LedgerBusy, Page
from tests.builders import XICHENG, YUYANG, a_digest, a_moment, a_row, a_row_problem, a_run, an_id, an_import
from tests.ledger.support import TAKEN, in_pages

MINE = frozenset({XICHENG})
ROWS = [
    a_row(3),
    a_row(4, outcome=RowOutcome.UNCHANGED),
    a_row(6, outcome=RowOutcome.WARNED, problems=(a_row_problem(), a_row_problem(column="AA", found="\\N\t\n\"'"))),
    a_row(10, outcome=RowOutcome.REFUSED, made=None, problems=(a_row_problem(severity="refusal"),)),
]


def test_a_file_and_its_rows_come_back_as_they_were_added(ledgers):
    with ledgers.transaction() as ledger:
        ledger.imports.add(an_import(), [ROWS[2], ROWS[0], ROWS[3], ROWS[1]])
    with ledgers.transaction() as ledger:
        assert ledger.imports.get(an_id(1)) == an_import()
        assert ledger.imports.rows(an_id(1), Page()) == ROWS
        assert ledger.imports.get(an_id(2)) is None
        assert ledger.imports.rows(an_id(2), Page()) == []


def test_a_file_is_known_again_by_jurisdiction_layout_and_bytes(ledger):
    file = an_import()
    ledger.imports.add(file, [])
    assert ledger.imports.by_digest(file.jurisdiction, file.layout, file.digest) == file
    assert ledger.imports.by_digest(YUYANG, file.layout, file.digest) is None
    assert ledger.imports.by_digest(file.jurisdiction, "inflow", file.digest) is None
    assert ledger.imports.by_digest(file.jurisdiction, file.layout, a_digest("other")) is None


def test_the_same_bytes_are_taken_in_once(ledgers):
    with ledgers.transaction() as ledger:
        ledger.imports.add(an_import(1), ROWS)
        ledger.imports.add(an_import(2, layout="inflow", digest=an_import(1).digest), [])
        ledger.imports.add(an_import(3, jurisdiction=YUYANG, digest=an_import(1).digest), [])
    with pytest.raises(LedgerBusy), ledgers.transaction() as ledger:
        ledger.imports.add(an_import(4, digest=an_import(1).digest), [a_row(3, 4)])
    with ledgers.transaction() as ledger:
        assert ledger.imports.get(an_id(4)) is None
        assert ledger.imports.rows(an_id(4), Page()) == []


def test_a_row_has_one_result(ledgers):
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.imports.add(an_import(), [a_row(3), a_row(3, made=None)])
    with ledgers.transaction() as ledger:
        assert ledger.imports.get(an_id(1)) is None


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_rows_are_listed_as_they_stand_in_the_sheet_page_by_page(ledger, limit):
    ledger.imports.add(an_import(1), [a_row(n) for n in (100, 9, 20, 3)])
    ledger.imports.add(an_import(2), [a_row(n, 2) for n in (4, 50)])
    pages = in_pages(lambda page: ledger.imports.rows(an_id(1), page), row_cursor, limit)
    assert [row.row for page in pages for row in page] == [3, 9, 20, 100]


def test_rows_of_one_outcome_are_listed_alone(ledger):
    refused = [a_row(n, outcome=RowOutcome.REFUSED, made=None) for n in (5, 7, 9)]
    ledger.imports.add(an_import(), [*ROWS[:3], *refused])
    assert ledger.imports.rows(an_id(1), Page(limit=2), outcome="refused") == refused[:2]
    assert ledger.imports.rows(an_id(1), Page(after="7", limit=2), outcome="refused") == refused[2:]
    assert ledger.imports.rows(an_id(1), Page(), outcome="warned") == [ROWS[2]]


def test_many_rows_are_kept(ledger):
    rows = [a_row(n) for n in range(1, 5_001)]
    ledger.imports.add(an_import(), rows)
    assert ledger.imports.rows(an_id(1), Page(limit=10_000)) == rows


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_files_are_listed_newest_first_page_by_page_through_ties(ledger, limit):
    files = {n: an_import(n, at=a_moment(at)) for n, at in ((1, 5), (2, 9), (3, 5), (4, 5), (5, 1))}
    for file in (*files.values(), an_import(6, jurisdiction=YUYANG)):
        ledger.imports.add(file, [])
    pages = in_pages(lambda page: ledger.imports.find(MINE, page), import_cursor, limit)
    assert [file for page in pages for file in page] == [files[n] for n in (2, 4, 3, 1, 5)]
    assert ledger.imports.find(frozenset(), Page()) == []


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5"])
def test_a_cursor_that_no_page_gave_is_refused(ledger, cursor):
    with pytest.raises(BadCursor):
        ledger.imports.rows(an_id(1), Page(after=cursor))
    with pytest.raises(BadCursor):
        ledger.imports.find(MINE, Page(after=cursor))


def test_a_run_comes_back_as_it_was_told_last(ledgers):
    ended = a_run(stage=Stage.FAILED, problem=RunProblem(code="not-a-sheet", zh="不是表格。", en='No "sheet".'))
    with ledgers.transaction() as ledger:
        ledger.imports.put_run(a_run())
        ledger.imports.put_run(a_run(2, stage=Stage.DONE, made=an_id(7)))
    with ledgers.transaction() as ledger:
        assert ledger.imports.run(an_id(1)) == a_run()
        assert ledger.imports.run(an_id(2)) == a_run(2, stage=Stage.DONE, made=an_id(7))
        assert ledger.imports.run(an_id(3)) is None
        ledger.imports.put_run(ended)
    with ledgers.transaction() as ledger:
        assert ledger.imports.run(an_id(1)) == ended


def test_the_runs_of_a_county_are_listed_newest_first_and_old_ones_forgotten(ledger):
    for run in (a_run(1), a_run(4), a_run(2, jurisdiction=YUYANG), a_run(3), a_run(5, began_at=a_moment(4))):
        ledger.imports.put_run(run)
    assert [run.id for run in ledger.imports.runs(MINE, a_moment(3))] == [an_id(5), an_id(4), an_id(3)]
    assert ledger.imports.runs(frozenset(), a_moment(0)) == []
    assert ledger.imports.forget_runs(a_moment(3)) == 2
    assert [run.id for run in ledger.imports.runs(MINE | {YUYANG}, a_moment(0))] == [an_id(5), an_id(4), an_id(3)]


def test_a_run_that_gives_no_sign_of_life_is_lost_unless_it_told_its_end():
    told = a_run().seen_at
    assert not a_run().is_lost(told + SILENCE)
    assert a_run().is_lost(told + SILENCE + SILENCE / 45)
    assert not any(a_run(stage=stage).is_lost(told + 2 * SILENCE) for stage in (Stage.DONE, Stage.FAILED))


def test_names_of_files_are_read_and_taken_one_by_one(ledgers):
    unlike: tuple[dict[str, Any], ...] = (
        {},
        {"jurisdiction": YUYANG},
        {"filename": "", "unknown_columns": ()},
        {"filename": "", "unknown_columns": ("王",)},
    )
    files = [an_import(n, **more) for n, more in enumerate(unlike, 1)]
    with ledgers.transaction() as ledger:
        for n, file in enumerate(files, 1):
            ledger.imports.add(file, [a_row(2, n)])
        ledger.imports.unname([files[1].id, files[2].id])
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.imports.named() == [files[0], files[3]]
        assert ledger.imports.get(files[1].id) == replace(files[1], filename="", unknown_columns=())
        assert ledger.imports.rows(files[1].id, Page()) == [a_row(2, 2)]
