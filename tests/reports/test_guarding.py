"""What one answer about a whole and its parts must not tell, where it divides by purpose."""

from dataclasses import replace

from exchange.codes import Purpose
from exchange.counting.query import Narrowing
from exchange.moments import default_as_of, statistical_month
from exchange.rates import RateName
from exchange.reporting.guarding import guarded
from tests.builders import WUCHANG
from tests.rates.histories import HANYANG, JIANGAN, holding, reported, wanted
from tests.reports.making import MARCH, OF_HANYANG, WUHAN, answered, owed

BY_PURPOSE = wanted(
    WUHAN,
    period=statistical_month(MARCH),
    as_of=default_as_of(MARCH),
    narrowing=Narrowing(purpose=Purpose.PUBLIC_SERVICE),
    parts=True,
)


def given(report) -> dict[str, int | None]:
    return {figures.jurisdiction: figures.rate(RateName.FEEDBACK_GIVEN).denominator for figures in report.figures}


def test_a_part_that_is_too_small_takes_another_with_it():
    told = [*answered(range(1, 6)), *owed(range(20, 32), **OF_HANYANG), *owed(range(40, 70), own=JIANGAN, origin=JIANGAN)]
    counted = reported(holding(told), BY_PURPOSE)
    assert given(counted) == {WUHAN: 47, JIANGAN: 30, HANYANG: 12, WUCHANG: None}
    shown = guarded(counted)
    assert given(shown) == {WUHAN: 47, JIANGAN: 30, HANYANG: None, WUCHANG: None}
    withheld = shown.of(HANYANG).rate(RateName.FEEDBACK_GIVEN)
    assert (withheld.numerator, withheld.beside, withheld.reason and withheld.reason.code) == (None, None, "too-few")


def test_a_report_that_divides_by_no_purpose_is_what_it_was():
    counted = reported(holding(answered(range(1, 6))), replace(BY_PURPOSE, narrowing=Narrowing()))
    assert guarded(counted) is counted
