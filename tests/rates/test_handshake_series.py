"""The handshake as a series, and as a grid: at each moment what a report says as of then."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rules import packaged_rules
from exchange.codes import Kind, RegisterKind
from exchange.counting.grid import By, GridQuery
from exchange.counting.query import Narrowing, months_until
from exchange.counting.reconciled.series import Every, SeriesQuery, Span, moments_between, span_of
from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.moments import day_end, statistical_month
from exchange.node import NotServed
from exchange.rates import RateName
from exchange.verbs.counting.grid import grid
from exchange.verbs.counting.handshakes import NotOfHandshakes, handshake_series
from tests.builders import WUCHANG, XICHENG, YUYANG, a_day, a_partner
from tests.rates.histories import HANYANG, HUBEI, XILING, a_counting_node, counts, holding, moment, reported, until, wanted
from tests.rates.runs import FIVE, THEIRS, a_pair, a_run, reconciled
from tests.rates.test_handshake import several_runs

NODE = a_counting_node()
EVERYBODY = Narrowing(category=None)


def series_of(ledgers, query, node=NODE):
    with ledgers.transaction(read_only=True) as ledger:
        return handshake_series(ledger, node, query)


def points(series, partner=None):
    line = next(line for line in series.lines if line.partner == partner)
    return [(point.handshaken, point.known) for point in line.points]


def test_a_night_s_repair_shows_on_the_next_day():
    ledgers = reconciled(
        [a_run(1, 1, tally=FIVE), a_run(2, 3), a_run(3, 3, pair=a_pair(XICHENG, WUCHANG), partner="b.example", tally=FIVE)]
    )
    moments = tuple(until(day) for day in range(5))
    made = series_of(ledgers, SeriesQuery(jurisdiction=WUCHANG, moments=moments, by_partner=True))
    assert points(made) == [(0, 0), (3, 5), (3, 5), (97, 115), (97, 115)]
    assert points(made, THEIRS) == [(0, 0), (3, 5), (3, 5), (94, 110), (94, 110)]
    assert points(made, "b.example") == [(0, 0)] * 3 + [(3, 5)] * 2


def test_a_county_that_went_to_another_node_leaves_the_old_one_s_line():
    ledgers = reconciled([a_run(1, 1, tally=FIVE), a_run(2, 3, partner="new.example")])
    made = series_of(ledgers, SeriesQuery(jurisdiction=WUCHANG, moments=tuple(until(day) for day in (1, 3)), by_partner=True))
    assert (points(made), points(made, THEIRS), points(made, "new.example")) == (
        [(3, 5), (94, 110)],
        [(3, 5), (0, 0)],
        [(0, 0), (94, 110)],
    )


@given(several_runs(), st.sampled_from([None, *RegisterKind]), st.sampled_from([None, *Category]))
@settings(max_examples=40, deadline=None)
def test_at_each_moment_it_says_what_a_report_says_as_of_then(runs, register, category):
    ledgers, narrowing = reconciled(runs), Narrowing(register=register, category=category)
    moments = tuple(until(day) for day in (0, 7, 15, 16, 30, 41))
    for place in (HUBEI, WUCHANG, XILING):
        (line,) = series_of(ledgers, SeriesQuery(jurisdiction=place, moments=moments, narrowing=narrowing)).lines
        for as_of, point in zip(moments, line.points, strict=True):
            figures = reported(ledgers, wanted(place, as_of=as_of, narrowing=narrowing)).of(place)
            handshake, agreement = figures.rate(RateName.HANDSHAKE), figures.rate(RateName.FIELD_AGREEMENT)
            assert (point.handshaken, point.known) == tuple(count or 0 for count in counts(handshake))
            assert (point.agreed, point.handshaken) == tuple(count or 0 for count in counts(agreement))


@given(several_runs(), st.sampled_from([RateName.HANDSHAKE, RateName.FIELD_AGREEMENT]))
@settings(max_examples=30, deadline=None)
def test_a_grid_says_of_each_month_what_its_report_says(runs, rate):
    ledgers, rules = reconciled(runs), packaged_rules()
    periods, places = months_until("2026-05", 4, rules), (HUBEI, WUCHANG, HANYANG)
    for by, matters in ((By.ALL, ("all",)), (By.KIND, ("outflow", "inflow"))):
        query = GridQuery(rate=rate, jurisdictions=places, periods=periods, as_of=until(50), by=by, narrowing=EVERYBODY)
        with ledgers.transaction(read_only=True) as ledger:
            made = grid(ledger, NODE, query)
        assert made.matters == matters
        for j, place in enumerate(places):
            for p, month in enumerate(("2026-02", "2026-03", "2026-04", "2026-05")):
                as_of = min(rules.default_as_of(month), until(50))
                asked = wanted(place, period=statistical_month(month), as_of=as_of, narrowing=EVERYBODY)
                found = counts(reported(ledgers, asked).of(place).rate(rate))
                assert (made.numerator[j, p].sum(), made.denominator[j, p].sum()) == tuple(count or 0 for count in found)


def test_days_end_at_midnight_months_at_their_customary_moment_and_neither_after_now():
    rules, now = packaged_rules(), moment(3)
    assert moments_between(a_day(0), a_day(3), Every.DAY, rules, now) == (until(0), until(1), until(2), now)
    months = moments_between(date(2026, 1, 5), a_day(3), Every.MONTH, rules, now)
    assert months == (day_end(date(2026, 1, 27)), day_end(date(2026, 2, 27)), now)
    assert span_of(a_day(0), a_day(9), Every.DAY, rules, now) == Span(
        first=a_day(0), last=a_day(3), moments=(until(0), until(1), until(2), now)
    )
    assert [span_of(None, None, every, rules, now).first for every in Every] == [a_day(-26), a_day(3 - 334)]
    for first, last in ((a_day(2), a_day(1)), (a_day(4), a_day(5)), (a_day(-500), a_day(0)), (a_day(-20_000), a_day(0))):
        with pytest.raises(ValueError, match=r"series begins|too many"):
            moments_between(first, last, Every.DAY, rules, now + timedelta(hours=1))


def test_who_is_not_there_and_what_is_not_divided_is_refused():
    ledgers, moments = holding(), (until(1),)
    with pytest.raises(NotServed):
        series_of(ledgers, SeriesQuery(jurisdiction=YUYANG, moments=moments))
    with pytest.raises(NotFound):
        series_of(ledgers, SeriesQuery(jurisdiction=WUCHANG, moments=moments, narrowing=Narrowing(partner="nobody.example")))
    for narrowing in (Narrowing(kind=Kind.QUERY), Narrowing(township="420106001")):
        with pytest.raises(NotOfHandshakes):
            series_of(ledgers, SeriesQuery(jurisdiction=WUCHANG, moments=moments, narrowing=narrowing))


def test_a_partner_s_series_is_of_its_pairs_alone():
    ledgers = reconciled([a_run(1, 1), a_run(2, 1, pair=a_pair(WUCHANG, YUYANG), partner="yuyang.example", tally=FIVE)])
    with ledgers.transaction() as ledger:
        ledger.partners.save(a_partner("yuyang.example"))
    narrowing = Narrowing(partner="yuyang.example")
    query = SeriesQuery(jurisdiction=WUCHANG, moments=(until(0), until(1)), narrowing=narrowing, by_partner=True)
    made = series_of(ledgers, query)
    assert [line.partner for line in made.lines] == [None, "yuyang.example"]
    assert points(made) == points(made, "yuyang.example") == [(0, 0), (3, 5)]
