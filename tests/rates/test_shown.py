"""How a figure is shown, and the ranks beside it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.counting.share import Share, percent_of, percentile


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [
        (2330, 3260, "71.47 %"),
        (207, 207, "100.00 %"),
        (0, 5, "0.00 %"),
        (1, 3, "33.33 %"),
        (2, 3, "66.67 %"),
        (1, 20_000, "0.01 %"),  # 0.005 %, exactly half: up
        (1, 20_001, "0.00 %"),
        (125, 100_000, "0.13 %"),  # 0.125 %: up, where round-half-even says 0.12
        (10_049, 100_000, "10.05 %"),
        (19_999, 20_000, "100.00 %"),  # 99.995 %
    ],
)
def test_a_percentage_is_rounded_half_up_to_two_decimals(numerator, denominator, shown):
    assert percent_of(numerator, denominator) == shown


def test_without_a_denominator_there_is_no_quotient_and_a_dash_is_shown():
    none = Share(numerator=0, denominator=0)
    assert (none.ratio, none.percent()) == (None, "—")
    assert percent_of(None, None) == "—"


@given(st.integers(1, 10**9).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_what_is_shown_is_never_further_off_than_half_a_hundredth(counts):
    numerator, denominator = counts
    shown = Fraction(percent_of(numerator, denominator).removesuffix(" %")) / 100
    off = shown - Fraction(numerator, denominator)
    assert -Fraction(1, 20_000) < off <= Fraction(1, 20_000)


@pytest.mark.parametrize(
    ("days", "median", "ninetieth"),
    [
        ([], None, None),
        ([7], 7, 7),
        ([1, 2], 1, 2),
        ([1, 2, 3], 2, 3),
        ([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], 3, 6),
        ([0] * 9 + [40], 0, 0),
        ([0] * 8 + [40, 50], 0, 40),
    ],
)
def test_percentiles_are_by_nearest_rank(days, median, ninetieth):
    histogram = {day: days.count(day) for day in days}
    assert (percentile(histogram, 50), percentile(histogram, 90)) == (median, ninetieth)


@given(st.lists(st.integers(0, 60), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(days, percent):
    value = percentile({day: days.count(day) for day in days}, percent)
    assert value in days
    assert sum(day <= value for day in days) * 100 >= percent * len(days)
    assert sum(day < value for day in days) * 100 < percent * len(days)
