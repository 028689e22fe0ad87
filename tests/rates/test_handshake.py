"""Handshake and field agreement: what the last settled runs of each pair add up to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.codes import Kind, Purpose, RegisterKind
from exchange.counting.query import Narrowing
from exchange.counting.rows import Compared
from exchange.jurisdiction import Category
from exchange.moments import day_end
from exchange.rates import NOT_DIVIDED, NOT_RECONCILED, RateName
from exchange.reconciling.handshake import Handshakes, last_of_pairs, sides_of, sum_of
from exchange.reconciling.results import Outcome, Tally
from exchange.verbs.report import rows_behind
from tests.builders import WUCHANG, XICHENG, YUYANG, a_partner, an_id
from tests.rates.histories import (
    HANYANG,
    HUBEI,
    JIANGAN,
    WUHAN,
    XILING,
    a_counting_node,
    counts,
    holding,
    moment,
    reported,
    the_rate,
    until,
    wanted,
)
from tests.rates.runs import FIVE, TALLY, THEIRS, a_failed_run, a_pair, a_run, reconciled

HANDSHAKE, AGREEMENT = RateName.HANDSHAKE, RateName.FIELD_AGREEMENT
COUNTIES = [WUCHANG, HANYANG, XILING, YUYANG, "110101"]

tallies = st.builds(
    Tally, **{name: st.integers(0, 50) for name in ("agreeing", "differing", "coarse", "outflow_only", "inflow_only")}
).flatmap(lambda tally: st.integers(0, tally.coarse).map(lambda differing: replace(tally, coarse_differing=differing)))


@st.composite
def several_runs(draw: st.DrawFn):
    """Runs of pairs between counties of ours and others, within Hubei too; some came to nothing."""
    runs = []
    for n in range(1, draw(st.integers(1, 14)) + 1):
        origin, destination = draw(st.permutations(COUNTIES))[:2]
        day = draw(st.integers(0, 40))
        if draw(st.integers(0, 5)) == 0:
            runs.append(a_failed_run(n, day, pair=a_pair(origin, destination)))
        else:
            runs.append(a_run(n, day, pair=a_pair(origin, destination), tally=draw(tallies)))
    return runs


def test_both_registers_of_a_pair_know_94_of_110_and_83_of_those_agree():
    ledgers = reconciled([a_run()])
    rate = the_rate(ledgers, HANDSHAKE)
    assert (counts(rate), rate.percent()) == ((94, 110), "85.45 %")
    assert counts(the_rate(ledgers, AGREEMENT)) == (83, 94)
    assert rate.handshakes == Handshakes(
        sides=1,
        handshaken=94,
        agreed=83,
        outflow_only=6,
        inflow_only=10,
        coarse=4,
        numberless_outflow=2,
        numberless_inflow=3,
        oldest_at=moment(0),
        newest_at=moment(0),
    )
    assert (rate.handshakes.over_outflow.percent(), rate.handshakes.over_inflow.percent()) == ("94.00 %", "90.38 %")


def test_the_last_settled_run_by_then_counts_and_the_past_never_changes():
    first, second = a_run(1, 1, tally=FIVE), a_run(2, 5)
    ledgers = reconciled([first])
    before = reported(ledgers, wanted(as_of=until(4), rows=frozenset(RateName)))
    reconciled([second, a_failed_run(3, 6), a_run(4, 90, pair=a_pair(HANYANG))], ledgers)
    assert reported(ledgers, wanted(as_of=until(4), rows=frozenset(RateName))) == before
    assert counts(the_rate(ledgers, HANDSHAKE, wanted(as_of=moment(5)))) == (94, 110)
    assert counts(the_rate(ledgers, HANDSHAKE, wanted(as_of=moment(5) - timedelta(milliseconds=1)))) == (3, 5)
    assert the_rate(ledgers, HANDSHAKE, wanted(as_of=moment(0))).reason == NOT_RECONCILED


def test_a_row_tells_its_run_how_old_it_is_and_what_came_to_nothing_since():
    run, later = a_run(1, 1), a_failed_run(3, 6, Outcome.COUNTS_ONLY)
    ledgers = reconciled([a_run(9, -3), run, a_failed_run(2, 5), later, a_failed_run(4, 0)])
    with ledgers.transaction(read_only=True) as ledger:
        (row,) = rows_behind(ledger, a_counting_node(), wanted(as_of=moment(9)), WUCHANG, HANDSHAKE)
        (agreement,) = rows_behind(ledger, a_counting_node(), wanted(as_of=moment(4)), WUCHANG, AGREEMENT)
    assert (row.id, row.own, row.other, row.numerator, row.denominator) == (an_id(1), WUCHANG, XICHENG, 94, 110)
    assert row.compared == Compared(run=run, days=8, failed=later)
    assert (agreement.numerator, agreement.denominator, agreement.compared) == (83, 94, Compared(run=run, days=3))


def test_a_pair_within_a_jurisdiction_counts_for_each_of_its_counties_and_once_for_each_register():
    within = a_run(1, pair=a_pair(WUCHANG, XILING), partner="hubei.example", tally=FIVE)
    ledgers = reconciled([within, a_run(2)])
    assert counts(the_rate(ledgers, HANDSHAKE, wanted(HUBEI))) == (94 + 3 + 3, 110 + 5 + 5)
    for register, expected in ((RegisterKind.OUTFLOW, (97, 115)), (RegisterKind.INFLOW, (3, 5))):
        query = wanted(HUBEI, narrowing=Narrowing(register=register))
        assert counts(the_rate(ledgers, HANDSHAKE, query)) == expected


def test_each_filter_counts_what_it_names():
    runs = [
        a_run(1),
        a_run(2, pair=a_pair(XICHENG, WUCHANG), tally=FIVE),
        a_run(3, pair=a_pair(WUCHANG, YUYANG), partner="yuyang.example", tally=Tally(agreeing=1)),
        a_run(4, pair=a_pair(WUCHANG, HANYANG), partner="wuhan.example", tally=Tally(agreeing=7, inflow_only=1)),
    ]
    ledgers = reconciled(runs)
    with ledgers.transaction() as ledger:
        ledger.partners.save(a_partner("yuyang.example", confirmed=(YUYANG,)))

    def narrowed(**narrowing):
        return counts(the_rate(ledgers, HANDSHAKE, wanted(narrowing=Narrowing(**narrowing))))

    assert narrowed() == (98, 116)
    assert narrowed(register=RegisterKind.INFLOW) == (3, 5)
    assert narrowed(partner="yuyang.example") == (1, 1)
    assert narrowed(other="110000") == (97, 115)
    assert narrowed(category=Category.INTRA_CITY) == (7, 8)
    assert narrowed(category=None) == (105, 124)


def test_what_two_nodes_compared_is_not_divided_by_matter_purpose_or_township():
    ledgers = reconciled([a_run()])
    for narrowing in (Narrowing(kind=Kind.QUERY), Narrowing(purpose=Purpose.BENEFIT), Narrowing(township="420106001")):
        for name in (HANDSHAKE, AGREEMENT):
            rate = the_rate(ledgers, name, wanted(narrowing=narrowing))
            assert (counts(rate), rate.reason) == ((None, None), NOT_DIVIDED)


def test_a_county_that_went_to_another_node_is_counted_once():
    ledgers = reconciled([a_run(1, 1), a_run(2, 2, partner="xicheng.new", tally=FIVE)])
    assert counts(the_rate(ledgers, HANDSHAKE)) == (3, 5)


def test_both_sides_of_a_pair_have_the_same_figures():
    here, there = a_counting_node(WUCHANG, name="wuhan.example"), a_counting_node(XICHENG, name=THEIRS)
    ours, theirs = a_run(1), a_run(1, partner="wuhan.example", coarse_left=None)
    for name in (HANDSHAKE, AGREEMENT):
        one = reported(reconciled([ours]), wanted(WUCHANG), here).of(WUCHANG).rate(name)
        other = reported(reconciled([theirs]), wanted(XICHENG), there).of(XICHENG).rate(name)
        assert (counts(one), one.handshakes) == (counts(other), other.handshakes)


def test_two_empty_registers_have_no_quotient():
    rate = the_rate(reconciled([a_run(tally=Tally())]), HANDSHAKE)
    assert (counts(rate), rate.ratio, rate.percent(), rate.reason) == ((0, 0), None, "—", None)


@given(several_runs())
@settings(max_examples=60, deadline=None)
def test_rates_lie_between_0_and_1_parts_sum_to_the_whole_and_a_run_kept_twice_changes_nothing(runs):
    ledgers = reconciled(runs)
    query = wanted(HUBEI, WUHAN, WUCHANG, HANYANG, JIANGAN, XILING, narrowing=Narrowing(category=None))
    report = reported(ledgers, query)
    reconciled(reversed(runs), ledgers)
    assert reported(ledgers, query) == report
    for name in (HANDSHAKE, AGREEMENT):
        for figures in report.figures:
            assert 0 <= (figures.rate(name).ratio or 0) <= 1
        assert_sum(report, name, HUBEI, [WUHAN, XILING])
        assert_sum(report, name, WUHAN, [WUCHANG, HANYANG, JIANGAN])
        by_register = [
            reported(ledgers, replace(query, narrowing=Narrowing(category=None, register=register))).of(HUBEI).rate(name)
            for register in RegisterKind
        ]
        whole = report.of(HUBEI).rate(name)
        assert (whole.numerator or 0, whole.denominator or 0) == tuple(
            sum(counts(rate)[n] or 0 for rate in by_register) for n in (0, 1)
        )


def assert_sum(report, name, whole, parts):
    of_parts = [counts(report.of(part).rate(name)) for part in parts]
    total = report.of(whole).rate(name)
    assert (total.numerator or 0, total.denominator or 0) == tuple(sum(part[n] or 0 for part in of_parts) for n in (0, 1))


@given(several_runs())
@settings(max_examples=60, deadline=None)
def test_each_side_of_a_run_adds_what_the_run_says(runs):
    last = last_of_pairs(runs)
    assert all(run.outcome is Outcome.SETTLED for run in last.values())
    for pair, run in last.items():
        assert run.ended_at == max(one.ended_at for one in runs if one.pair == pair and one.outcome is Outcome.SETTLED)
        sides = list(sides_of(run, frozenset(COUNTIES)))
        assert [side.own for side in sides] == [pair.origin, pair.destination]
        tally = run.tally or Tally()
        assert (sum_of(sides).handshaken, sum_of(sides).known) == (2 * tally.handshaken, 2 * tally.known)


def test_without_a_run_there_is_the_reason():
    figures = reported(holding(), wanted(WUCHANG, parts=True)).of(WUCHANG)
    assert {figures.rate(name).reason for name in (HANDSHAKE, AGREEMENT, RateName.COVERAGE)} == {NOT_RECONCILED}
    only_failed = reconciled([a_failed_run(1, 1)])
    assert the_rate(only_failed, HANDSHAKE).reason == NOT_RECONCILED


def test_what_stands_at_midnight_is_of_the_day_before():
    ledgers = reconciled([replace(a_run(), ended_at=day_end(moment(0).date()))])
    assert counts(the_rate(ledgers, HANDSHAKE, wanted(as_of=until(0)))) == (94, 110)
    assert TALLY.handshake == the_rate(ledgers, HANDSHAKE, wanted(as_of=until(0))).ratio


@pytest.mark.parametrize("name", [HANDSHAKE, AGREEMENT])
def test_the_rows_sum_to_the_rate(name):
    runs = [a_run(1), a_run(2, pair=a_pair(XILING, WUCHANG), tally=FIVE), a_run(3, pair=a_pair(XICHENG, HANYANG))]
    rate = the_rate(reconciled(runs), name, wanted(HUBEI, rows=frozenset({name})))
    rows = rate.rows or ()
    assert counts(rate) == (sum(row.numerator for row in rows), sum(row.denominator for row in rows))
    assert [row.id for row in rows] == [an_id(1), an_id(2), an_id(2), an_id(3)]
