"""What figures by purpose must not tell: no small cell, by no subtraction of whatever else may be asked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.codes import Kind, Purpose
from exchange.counting.figures import SMALLEST_CELL
from exchange.counting.query import Narrowing
from exchange.moments import Period, default_as_of, statistical_month
from exchange.rates import Cohort, RateName
from exchange.reporting.guarding import NotByPurpose
from exchange.verbs.report import report, rows_behind
from exchange.verbs.reporting.by_purpose import shown_report
from tests.builders import WUCHANG
from tests.rates.histories import HANYANG, JIANGAN, a_counting_node, holding, wanted
from tests.reports.making import MARCH, OF_HANYANG, WUHAN, answered, owed

GIVEN = RateName.FEEDBACK_GIVEN
NODE = a_counting_node()
COUNTIES = (WUCHANG, HANYANG, JIANGAN)
OF_JIANGAN = {"own": JIANGAN, "origin": JIANGAN}
PURPOSE = Narrowing(purpose=Purpose.PUBLIC_SERVICE)
BY_PURPOSE = wanted(WUHAN, period=statistical_month(MARCH), as_of=default_as_of(MARCH), narrowing=PURPOSE, parts=True)


# Few of Wuchang's were for the purpose; and each county has others, so that what is withheld is not of one purpose alone.
FEW_OF_WUCHANG = [
    *owed(range(1, 6)),
    *owed(range(20, 32), **OF_HANYANG),
    *owed(range(40, 110), **OF_JIANGAN),
    *owed(range(200, 230), purpose=Purpose.BENEFIT),
    *owed(range(300, 330), purpose=Purpose.BENEFIT, **OF_HANYANG),
]


def shown(ledgers, query=BY_PURPOSE):
    with ledgers.transaction(read_only=True) as ledger:
        return shown_report(ledger, NODE, query)


def given_of(made) -> dict[str, int | None]:
    return {figures.jurisdiction: figures.rate(GIVEN).denominator for figures in made.figures}


def test_a_part_that_is_too_small_takes_another_with_it():
    made = shown(holding(FEW_OF_WUCHANG))
    assert given_of(made) == {WUHAN: 87, JIANGAN: 70, HANYANG: None, WUCHANG: None}
    rate = made.of(HANYANG).rate(GIVEN)
    assert (rate.numerator, rate.beside, rate.reason and rate.reason.code) == (None, None, "too-few")


def test_a_county_alone_is_shown_what_it_is_shown_among_the_others():
    ledgers = holding(FEW_OF_WUCHANG)
    alone = [shown(ledgers, replace(BY_PURPOSE, jurisdictions=(county,), parts=False)) for county in COUNTIES]
    assert {county: count for made in alone for county, count in given_of(made).items()} == {
        WUCHANG: None,
        HANYANG: None,
        JIANGAN: 70,
    }


def test_a_county_of_few_of_one_purpose_is_shown_by_none():
    """12 in all, 11 of one purpose: 1 of the other."""
    ledgers = holding([*owed(range(1, 12), purpose=Purpose.BENEFIT), *owed(range(20, 21))])
    for purpose in (Purpose.BENEFIT, Purpose.PUBLIC_SERVICE):
        made = shown(ledgers, replace(BY_PURPOSE, narrowing=Narrowing(purpose=purpose)))
        assert given_of(made)[WUCHANG] is None, purpose
        assert given_of(made)[WUHAN] is None, purpose


def test_what_is_withheld_and_all_of_one_purpose_is_not_told_by_the_place_above():
    """All was for one purpose: what each county was asked in all, which is always shown, is what it was asked for it."""
    made = shown(holding([*owed(range(1, 4)), *owed(range(20, 60), **OF_HANYANG), *owed(range(100, 160), **OF_JIANGAN)]))
    assert given_of(made) == {WUHAN: None, JIANGAN: 60, HANYANG: 40, WUCHANG: None}


@pytest.mark.parametrize(("many", "few"), [(3, 30), (30, 3)])
def test_few_that_were_answered_or_not_are_a_small_cell_of_a_large_place(many, few):
    made = shown(holding([*answered(range(1, 1 + many)), *owed(range(100, 100 + few))]))
    assert given_of(made)[WUCHANG] is None


def test_nothing_stands_beside_a_figure_by_purpose():
    """What is open is so whatever the month: it would tell small cells of others."""
    rate = shown(holding(owed(range(1, 31)))).of(WUCHANG).rate(GIVEN)
    assert (rate.denominator, rate.beside) == (30, None)


def test_where_there_is_enough_of_everything_all_is_shown():
    told = [told for n, place in enumerate(({}, OF_HANYANG)) for told in owed(range(1 + 100 * n, 31 + 100 * n), **place)]
    assert given_of(shown(holding(told))) == {WUHAN: 60, WUCHANG: 30, HANYANG: 30, JIANGAN: 0}


PLACES = st.fixed_dictionaries({(county, purpose): st.sampled_from((0, 3, 10, 25)) for county in COUNTIES for purpose in Purpose})


@settings(max_examples=25)
@given(counts=PLACES)
def test_what_is_shown_of_all_purposes_and_places_tells_no_small_cell_of_one(counts):
    told, first = [], 1
    for (county, purpose), count in counts.items():
        told += owed(range(first, first + count), purpose=purpose, own=county, origin=county)
        first += 100
    ledgers = holding(told)
    seen = {purpose: given_of(shown(ledgers, replace(BY_PURPOSE, narrowing=Narrowing(purpose=purpose)))) for purpose in Purpose}
    for county in COUNTIES:
        known = [purpose for purpose in Purpose if seen[purpose].get(county) is not None]
        assert [seen[purpose][county] for purpose in known] == [counts[county, purpose] for purpose in known]
        # All or none: of the whole of the county, which is always shown, nothing is left to be subtracted.
        assert known in ([], list(Purpose))
        assert not [purpose for purpose in known if 0 < counts[county, purpose] < SMALLEST_CELL]
    for purpose in Purpose:
        hidden = sum(counts[county, purpose] for county in COUNTIES if seen[purpose].get(county) is None)
        assert seen[purpose].get(WUHAN) is None or not 0 < hidden < SMALLEST_CELL


APART = {
    "another period": {
        "period": Period(first=statistical_month(MARCH).first, last=statistical_month(MARCH).last - timedelta(days=1))
    },
    "another moment": {"as_of": default_as_of(MARCH) - timedelta(days=1)},
    "by submission": {"cohort": Cohort.SUBMITTED},
    "another filter": {"narrowing": replace(PURPOSE, kind=Kind.QUERY)},
    "every category": {"narrowing": replace(PURPOSE, category=None)},
    "townships": {"jurisdictions": ("420106001",), "parts": False},
    "rows": {"rows": frozenset({GIVEN})},
}


@pytest.mark.parametrize("changes", APART.values(), ids=APART)
def test_what_could_be_subtracted_from_one_another_is_refused(changes):
    with pytest.raises(NotByPurpose):
        shown(holding(owed(range(1, 30))), replace(BY_PURPOSE, **changes))


def test_the_rows_behind_are_refused():
    with holding(owed(range(1, 30))).transaction(read_only=True) as ledger, pytest.raises(NotByPurpose):
        rows_behind(ledger, NODE, BY_PURPOSE, WUCHANG, GIVEN)


def test_a_report_that_divides_by_no_purpose_is_what_it_was():
    ledgers, query = holding(answered(range(1, 6))), replace(BY_PURPOSE, narrowing=Narrowing())
    with ledgers.transaction(read_only=True) as ledger:
        assert shown_report(ledger, NODE, query) == report(ledger, NODE, query)
