"""Whose figures, of what, and what stands beside them."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from adapters.rules import packaged_rules
from exchange.codes import Event, Kind, PriorityLevel, Purpose, RegisterKind, Result, Role, UrgentReason
from exchange.counting.query import UNASSIGNED, Narrowing, month_query
from exchange.counting.rows import Row, Stamp
from exchange.counting.share import Beside, Share
from exchange.errors import NotFound
from exchange.exchanges import Acceptance
from exchange.jurisdiction import Category, UnknownJurisdiction
from exchange.moments import default_as_of, statistical_month
from exchange.node import NotServed
from exchange.rates import (
    NOT_DIVIDED,
    NOT_RECONCILED,
    TOO_FEW,
    Cohort,
    Rate,
    RateName,
)
from exchange.verbs.report import rows_behind
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, YUYANG, a_day, a_partner, an_exchange, an_id, an_import
from tests.rates.histories import (
    ALL_DAYS,
    HANYANG,
    HUBEI,
    WUHAN,
    XIANTAO,
    XILING,
    History,
    a_counting_node,
    an_open_entry,
    counts,
    holding,
    moment,
    reported,
    the_rate,
    until,
    wanted,
)

GIVEN = RateName.FEEDBACK_GIVEN


def test_a_rate_names_all_that_is_needed_to_count_it_again():
    query = wanted(period=ALL_DAYS, as_of=until(60))
    rate = the_rate(holding([History().answered(3).of(1)]), RateName.ON_TIME, query)
    assert replace(rate, beside=None) == Rate(
        name=RateName.ON_TIME,
        jurisdiction=WUCHANG,
        cohort=Cohort.DUE,
        period=ALL_DAYS,
        as_of=until(60),
        numerator=1,
        denominator=1,
        rules="woshou-2026.1",
    )
    assert (rate.ratio, rate.numerator_ids) == (Fraction(1), None)


def test_a_report_has_all_thirteen_rates_in_their_order_and_names_what_it_rests_on():
    node = a_counting_node()
    report = reported(holding(), wanted())
    assert [rate.name for rate in report.figures[0].rates] == list(RateName)
    assert (report.rules, report.rules_digest, report.divisions) == (
        node.rules.version,
        node.rules.digest,
        node.divisions.edition,
    )
    assert all(name.zh for name in RateName)


def test_what_needs_reconciliation_is_null_with_the_reason():
    figures = reported(holding(), wanted()).of(WUCHANG)
    reasons = {rate.name: rate.reason for rate in figures.rates if rate.reason is not None}
    assert reasons == {
        RateName.HANDSHAKE: NOT_RECONCILED,
        RateName.FIELD_AGREEMENT: NOT_RECONCILED,
        RateName.COVERAGE: NOT_RECONCILED,
    }
    for name in reasons:
        rate = figures.rate(name)
        assert (counts(rate), rate.ratio, rate.percent()) == ((None, None), None, "—")


def test_the_rows_behind_a_rate_are_ids_and_stamps_without_a_person():
    ledgers = holding([History().of(2), History(lag=1).answered(3, Result.NOT_FOUND).of(1)])
    with ledgers.transaction(read_only=True) as ledger:
        answered, unanswered = rows_behind(ledger, a_counting_node(), wanted(), WUCHANG, GIVEN)
    assert answered == Row(
        id=an_id(1),
        own=WUCHANG,
        other=XICHENG,
        stamps=(
            Stamp(what="opened", at=moment(0), known_at=moment(1), round=1, due=a_day(30)),
            Stamp(what="answered", at=moment(3), known_at=moment(4), round=1, result=Result.NOT_FOUND),
        ),
        numerator=1,
        denominator=1,
    )
    assert (unanswered.id, unanswered.numerator, unanswered.denominator) == (an_id(2), 0, 1)


def test_the_ids_are_kept_where_the_rows_are_asked_for_and_only_there():
    ledgers = holding([History().answered(3).of(1), History().of(2)])
    figures = reported(ledgers, wanted(rows=frozenset({GIVEN}))).of(WUCHANG)
    rate = figures.rate(GIVEN)
    assert (rate.numerator_ids, rate.denominator_ids) == ((an_id(1),), (an_id(1), an_id(2)))
    assert figures.rate(RateName.ON_TIME).rows is None


def test_what_stands_beside_a_feedback_rate():
    told = [
        History().answered(2, Result.NOT_FOUND).of(1),
        History().answered(4, Result.REFUSED).of(2),
        History().answered(6).challenged(7, 37).answered(8).confirmed(9).of(3),
        History().answered(40).of(4),
        History().of(5),  # overdue
        History(received=20, due=200).of(6),  # open, and due after the as-of moment
        History().withdrawn(3).of(7),
        History().answered(10).withdrawn(11).of(8),
        History(received=5, due=None).of(9),
    ]
    rate = the_rate(holding(told), GIVEN, wanted(as_of=until(61)))
    assert counts(rate) == (5, 6)
    assert rate.beside == Beside(
        median_days=6,
        p90_days=40,
        not_found=Share(numerator=1, denominator=6),
        refused=Share(numerator=1, denominator=6),
        lapsed=Share(numerator=3, denominator=6),
        challenged=Share(numerator=1, denominator=6),
        withdrawn=Share(numerator=2, denominator=7),
        withdrawn_apart=1,
        open=2,
        oldest_open_days=61,
        overdue=1,
        oldest_overdue_days=31,
    )


def test_a_challenge_left_open_is_overdue_since_its_own_due_date():
    beside = the_rate(holding([History().answered(6).challenged(7, 37).of(1)]), GIVEN, wanted(as_of=until(40))).beside
    assert beside is not None
    assert (beside.overdue, beside.oldest_overdue_days, beside.oldest_open_days) == (1, 3, 40)


def test_both_sides_of_a_link_of_the_node_with_itself_are_counted_each_in_its_own_role():
    """Wuchang asks Hanyang, both served here: each side has its row, and neither counts twice."""
    asked = History().answered(1).of(1, own=HANYANG, other=WUCHANG, origin=HANYANG, destination=WUCHANG)
    asking = History().answered(1).of(1, role=Role.ASKER, own=WUCHANG, other=HANYANG, origin=HANYANG, destination=WUCHANG)
    figures = reported(holding([asked, asking]), wanted(WUHAN)).of(WUHAN)
    assert counts(figures.rate(GIVEN)) == counts(figures.rate(RateName.FEEDBACK_OBTAINED)) == (1, 1)


def test_a_higher_jurisdiction_is_a_sum_over_its_parts_and_no_average():
    told = [
        *(History().answered(1).of(n) for n in range(1, 10)),
        History().of(10, own=XILING, origin=XILING),
        History().of(11, own=XIANTAO, origin=XIANTAO),  # directly under the province: its digits say otherwise
    ]
    report = reported(holding(told), wanted(HUBEI, WUHAN, WUCHANG))
    shown = {figures.jurisdiction: figures.rate(GIVEN).percent() for figures in report.figures}
    assert shown == {HUBEI: "81.82 %", WUHAN: "100.00 %", WUCHANG: "100.00 %"}


def test_the_parts_of_a_province_are_its_prefectures_and_the_counties_directly_below():
    told = [
        History().of(1),
        History().of(2, own=XILING, origin=XILING),
        History().of(3, own=XIANTAO, origin=XIANTAO),
    ]
    report = reported(holding(told), wanted(HUBEI, parts=True))
    assert [figures.jurisdiction for figures in report.figures] == [HUBEI, WUHAN, "420500", XIANTAO]


def test_unassigned_is_a_row_of_its_own():
    told = [History().of(1, handled_by=WUCHANG + "001"), History().answered(1).of(2)]
    report = reported(holding(told), wanted(WUCHANG, parts=True))
    shown = {figures.township: counts(figures.rate(GIVEN)) for figures in report.figures}
    assert shown == {None: (1, 2), WUCHANG + "001": (0, 1), UNASSIGNED: (1, 1)}


def test_a_township_can_be_asked_for_by_its_code_or_as_a_filter():
    told = [History().of(1, handled_by=WUCHANG + "002"), History().answered(1).of(2)]
    ledgers = holding(told)
    by_code = the_rate(ledgers, GIVEN, wanted(WUCHANG + "002"))
    assert (by_code.jurisdiction, by_code.township, counts(by_code)) == (WUCHANG, WUCHANG + "002", (0, 1))
    by_filter = wanted(WUHAN, narrowing=Narrowing(township=UNASSIGNED))
    assert counts(the_rate(ledgers, GIVEN, by_filter)) == (1, 1)


def test_a_jurisdiction_that_is_not_served_or_never_was_is_refused():
    for code, refusal in (
        ("110105", NotServed),
        ("350000", NotServed),
        ("110105001", NotServed),
        ("999999", UnknownJurisdiction),
    ):
        with pytest.raises(refusal):
            reported(holding(), wanted(code))
    with pytest.raises(NotFound):
        reported(holding(), wanted(narrowing=Narrowing(partner="nobody.example")))


def test_key_information_is_urgent_queries_and_notices_of_birth_and_marriage():
    urgent = UrgentReason.APPOINTMENT
    told = [
        History().of(1),
        History().of(2, urgent=urgent),
        History().of(3, kind=Kind.NOTICE, event=Event.BIRTH),
        History().of(4, kind=Kind.NOTICE, event=Event.MARRIAGE, urgent=urgent),
        History().of(5, kind=Kind.NOTICE, event=Event.DIVORCE, urgent=urgent),
    ]
    rate = the_rate(holding(told), RateName.KEY_INFORMATION, wanted(rows=frozenset(RateName)))
    assert rate.denominator_ids == (an_id(2), an_id(3), an_id(4))


@pytest.mark.parametrize(
    ("narrowing", "numbers"),
    [
        (Narrowing(), {1, 2, 3, 4}),
        (Narrowing(category=Category.INTRA_CITY), {5}),
        (Narrowing(category=None), {1, 2, 3, 4, 5}),
        (Narrowing(kind=Kind.NOTICE), {2}),
        (Narrowing(event=Event.BIRTH), {2}),
        (Narrowing(purpose=Purpose.BENEFIT, category=None), set()),
        (Narrowing(priority=PriorityLevel.URGENT), {3}),
        (Narrowing(priority=PriorityLevel.NORMAL), {1, 2, 4}),
        (Narrowing(other=YUYANG), {4}),
        (Narrowing(other="110000"), {1, 2, 3}),
        (Narrowing(other=YUYANG, category=Category.INTRA_CITY), set()),
        (Narrowing(register=RegisterKind.INFLOW), {3}),
        (Narrowing(partner=XICHENG_NODE), {1, 2, 3}),
    ],
)
def test_a_filter_takes_the_exchanges_that_it_names(narrowing, numbers):
    told = [
        History().of(1),
        History().of(2, kind=Kind.NOTICE, event=Event.BIRTH),
        History().of(3, urgent=UrgentReason.APPOINTMENT, origin=XICHENG, destination=WUCHANG),
        History().of(4, other=YUYANG, destination=YUYANG, link=2),
        History().of(5, other=HANYANG, destination=HANYANG, category=Category.INTRA_CITY, link=2),
    ]
    ledgers = holding(told)
    with ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, confirmed=(XICHENG,)))
        ledger.links.add(an_id(100), XICHENG_NODE)
        ledger.links.add(an_id(101), WUCHANG_NODE)
    rate = the_rate(ledgers, GIVEN, wanted(narrowing=narrowing, rows=frozenset({GIVEN})))
    assert rate.denominator_ids == tuple(an_id(n) for n in sorted(numbers))


def test_a_partners_entries_are_those_that_name_what_it_serves():
    entries = [an_open_entry(1), an_open_entry(2, origin=YUYANG)]
    ledgers = holding(entries=entries)
    with ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, confirmed=(XICHENG,)))
    query = wanted(narrowing=Narrowing(partner=XICHENG_NODE), rows=frozenset({RateName.EXCHANGE}))
    assert the_rate(ledgers, RateName.EXCHANGE, query).denominator_ids == (an_id(1),)


@pytest.mark.parametrize(("benefits", "shown"), [(0, "—"), (9, None), (10, "100.00 %")])
def test_a_purpose_is_not_shown_below_cells_of_ten(benefits, shown):
    told = [History().answered(1).of(n, purpose=Purpose.BENEFIT) for n in range(1, benefits + 1)]
    rate = the_rate(holding(told), GIVEN, wanted(narrowing=Narrowing(purpose=Purpose.BENEFIT), rows=frozenset({GIVEN})))
    if shown is None:
        assert (counts(rate), rate.reason, rate.beside, rate.rows) == ((None, None), TOO_FEW, None, None)
    else:
        assert (rate.reason, rate.percent()) == (None, shown)


def test_nor_can_a_small_cell_of_a_purpose_be_had_by_subtraction():
    """Of 23, 20 are about its own people: that number would tell the 3 others."""
    told = [History().answered(1).of(n) for n in range(1, 21)]
    told += [History().answered(1).of(n, origin=XICHENG, destination=WUCHANG) for n in range(21, 24)]
    figures = reported(holding(told), wanted(narrowing=Narrowing(purpose=Purpose.PUBLIC_SERVICE))).of(WUCHANG)
    assert counts(figures.rate(GIVEN)) == (23, 23)
    for name in (RateName.OUTFLOW_FEEDBACK, RateName.INFLOW_FEEDBACK):
        assert (counts(figures.rate(name)), figures.rate(name).reason) == ((None, None), TOO_FEW)


def test_open_entries_are_not_divided_by_matter_nor_files_by_place():
    by_matter = reported(holding(), wanted(narrowing=Narrowing(kind=Kind.QUERY))).of(WUCHANG)
    for name in (RateName.EXCHANGE, RateName.CONFIRMATION, RateName.ENTRY):
        assert by_matter.rate(name).reason == NOT_DIVIDED
    by_place = reported(holding(), wanted(narrowing=Narrowing(other=XICHENG))).of(WUCHANG)
    assert by_place.rate(RateName.ENTRY).reason == NOT_DIVIDED
    assert counts(by_place.rate(RateName.EXCHANGE)) == (0, 0)
    assert reported(holding(), wanted(WUCHANG + "002")).figures[0].rate(RateName.ENTRY).reason == NOT_DIVIDED


def test_rejected_openings_are_out_of_all_rates_and_counted_apart():
    rejected = an_exchange(1, role=Role.ASKER, acceptance=Acceptance.REJECTED, own=WUCHANG, other=XICHENG)
    pending = an_exchange(2, role=Role.ASKER, own=WUCHANG, other=XICHENG)
    ledgers = holding()
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([rejected, pending])
    figures = reported(ledgers, wanted(WUCHANG, parts=True)).of(WUCHANG)
    assert (figures.rejected, counts(figures.rate(RateName.FEEDBACK_OBTAINED))) == (1, (0, 0))
    assert reported(ledgers, wanted(as_of=moment(-1))).of(WUCHANG).rejected == 0


def test_files_count_by_the_day_on_which_they_were_taken_in_and_the_same_bytes_once():
    first = an_import(1, jurisdiction=WUCHANG, at=moment(0), digest="same")
    again_in_another_layout = an_import(2, jurisdiction=WUCHANG, at=moment(40), digest="same", layout="inflow")
    other = an_import(3, jurisdiction=WUCHANG, at=moment(40), rows=10, accepted=2, unchanged=3, warned=1, refused=4)
    elsewhere = an_import(4, jurisdiction=HANYANG, at=moment(0), digest="same")
    ledgers = holding(files=[first, again_in_another_layout, other, elsewhere])
    entry = RateName.ENTRY
    assert counts(the_rate(ledgers, entry, wanted(WUCHANG))) == (3 + 6, 4 + 10)
    assert counts(the_rate(ledgers, entry, wanted(WUHAN))) == (3 + 6 + 3, 4 + 10 + 4)
    later = replace(ALL_DAYS, first=a_day(40))
    assert counts(the_rate(ledgers, entry, wanted(WUCHANG, period=later))) == (6, 10)
    assert counts(the_rate(ledgers, entry, wanted(WUCHANG, as_of=moment(39)))) == (3, 4)
    rows = the_rate(ledgers, entry, wanted(WUCHANG, rows=frozenset({entry}))).rows or ()
    assert [(row.id, row.numerator, row.denominator) for row in rows] == [(an_id(1), 3, 4), (an_id(3), 6, 10)]


def test_a_statistical_month_is_reported_as_of_the_27th_or_of_now_before_that():
    month = statistical_month("2026-03")
    after = month_query("2026-03", (WUCHANG,), until(40), rules=packaged_rules())
    assert (after.period, after.as_of) == (month, default_as_of("2026-03"))
    now = default_as_of("2026-03") - timedelta(days=2)
    assert month_query("2026-03", (WUCHANG,), now, rules=packaged_rules()).as_of == now
