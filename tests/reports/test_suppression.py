"""What is masked cannot be worked out: proven by finding, for every small value, another table that looks the same."""

from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.reporting.suppression import Sum, masked

ALL = "*"
SIDE = 3


def sums_of(rows: int, columns: int) -> list[Sum]:
    return [
        *(Sum((r, ALL), tuple((r, c) for c in range(columns))) for r in range(rows)),
        *(Sum((ALL, c), tuple((r, c) for r in range(rows))) for c in range(columns)),
        Sum((ALL, ALL), tuple((r, ALL) for r in range(rows))),
        Sum((ALL, ALL), tuple((ALL, c) for c in range(columns))),
    ]


def with_totals(table: list[list[int]]) -> dict[Any, int | None]:
    cells: dict[Any, int | None] = {(r, c): value for r, row in enumerate(table) for c, value in enumerate(row)}
    cells |= {(r, ALL): sum(row) for r, row in enumerate(table)}
    cells |= {(ALL, c): sum(column) for c, column in enumerate(zip(*table, strict=True))}
    return {**cells, (ALL, ALL): sum(map(sum, table))}


def could_differ(table: list[list[int]], hidden: frozenset) -> set:
    """The masked cells that another table has otherwise, of whole numbers not below 0, with all that is published equal."""
    inner = [key for key in hidden if ALL not in key]
    found: set = set()
    for steps in product((-1, 0, 1), repeat=len(inner)):
        change = {key: step for key, step in zip(inner, steps, strict=True) if step}
        moved = [[value + change.get((r, c), 0) for c, value in enumerate(row)] for r, row in enumerate(table)]
        if change and min(map(min, moved)) >= 0:
            before, after = with_totals(table), with_totals(moved)
            differ = {key for key in before if before[key] != after[key]}
            if differ <= hidden:
                found |= differ
    return found


@given(st.lists(st.lists(st.integers(0, 30), min_size=SIDE, max_size=SIDE), min_size=2, max_size=SIDE))
@example([[5, 40, 40], [40, 40, 40], [40, 40, 40]])
@example([[1, 1, 40], [40, 40, 40], [40, 40, 40]])
@example([[3, 0, 0], [0, 30, 0], [0, 0, 30]])
@example([[9, 0, 0], [0, 0, 0], [0, 0, 30]])
def test_no_small_value_follows_from_what_is_published(table):
    cells = with_totals(table)
    hidden = masked(cells, sums_of(len(table), SIDE), smallest=10)
    assert {key for key, value in cells.items() if 0 < (value or 0) < 10} <= hidden
    assert {key for key in hidden if 0 < (cells[key] or 0) < 10} <= could_differ(table, hidden)


def test_a_table_without_small_cells_is_published_whole():
    cells = with_totals([[10, 0, 12], [11, 30, 0]])
    assert masked(cells, sums_of(2, 3), smallest=10) == frozenset()


def test_one_small_part_takes_the_next_smallest_with_it():
    cells = {"whole": 100, "a": 4, "b": 20, "c": 76}
    assert masked(cells, [Sum("whole", ("a", "b", "c"))], smallest=10) == {"a", "b"}


def test_small_parts_that_come_to_fewer_than_ten_together_take_another_with_them():
    cells = {"whole": 100, "a": 1, "b": 1, "c": 20, "d": 78}
    assert masked(cells, [Sum("whole", ("a", "b", "c", "d"))], smallest=10) == {"a", "b", "c"}


def test_a_withheld_zero_needs_no_company():
    cells = {"whole": 50, "a": None, "b": 20, "c": 30}
    assert masked(cells, [Sum("whole", ("a", "b", "c"))], smallest=10) == {"a"}


def test_what_is_withheld_already_counts_as_small():
    cells = {"whole": 100, "a": None, "b": 20, "c": 76}
    assert masked(cells, [Sum("whole", ("a", "b", "c"))], smallest=10) == {"a", "b"}


@pytest.mark.parametrize("smallest", [1, 10])
def test_the_order_of_the_sums_does_not_matter(smallest):
    cells, sums = with_totals([[5, 20, 7], [11, 30, 9], [40, 3, 50]]), sums_of(3, 3)
    assert masked(cells, sums, smallest=smallest) == masked(cells, sums[::-1], smallest=smallest)
