"""A month is frozen once, stays as it was, and comes out the same when it is counted again."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from msgspec import structs

from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.ledger import Page
from exchange.moments import default_as_of, format_moment
from exchange.node import NotServed
from exchange.rates import RateName
from exchange.reporting.frozen.monthly import (
    CorrectionReason,
    FrozenReport,
    MalformedReport,
    ReportAltered,
    freeze_as,
    read_monthly,
    write_monthly,
)
from exchange.reporting.frozen.thawing import report_of
from exchange.verbs.report import report
from exchange.verbs.reporting.freeze import MonthNotOver, NothingToCorrect, correct, freeze, freeze_due, last_month, served_whole
from exchange.verbs.reporting.verify_report import verify
from tests.builders import WUCHANG, XICHENG, a_digest, a_frozen_rate, a_monthly, frozen_line
from tests.rates.histories import HANYANG, JIANGAN, XILING, History, a_counting_node, an_open_entry, counts, holding, wanted
from tests.rates.runs import FIVE, a_pair, a_run, reconciled, working_with
from tests.reports.making import MARCH, WUHAN, answered, owed, some_books

AFTER = default_as_of(MARCH) + timedelta(hours=2)
NODE = a_counting_node()


def frozen_in(ledgers, code=WUCHANG):
    with ledgers.transaction() as ledger:
        return freeze(ledger, NODE, code, MARCH, AFTER)


def test_a_month_is_frozen_as_of_its_27th_with_all_that_it_rests_on():
    ledgers = some_books()
    held, fresh = frozen_in(ledgers, WUHAN)
    monthly = held.read()
    assert fresh
    assert (monthly.node, monthly.jurisdiction, monthly.counties) == (NODE.name, WUHAN, [JIANGAN, HANYANG, WUCHANG])
    assert (monthly.month, monthly.edition, monthly.supersedes, monthly.correction) == (MARCH, 1, None, None)
    assert (monthly.as_of, monthly.frozen_at) == (format_moment(default_as_of(MARCH)), format_moment(AFTER))
    assert (monthly.rules.version, monthly.rules.digest) == (NODE.rules.version, NODE.rules.digest)
    with ledgers.transaction(read_only=True) as ledger:
        query = report_of(monthly, Category.MIGRANT).query
        assert report_of(monthly, Category.MIGRANT) == report(ledger, NODE, query)
    assert report_of(monthly, Category.INTRA_CITY).figures[0].rate(RateName.FEEDBACK_GIVEN).denominator == 0


def test_a_frozen_report_holds_no_person_and_no_exchange():
    held, _ = frozen_in(some_books())
    text = held.payload.decode()
    assert "王" not in text
    assert "019caf00" not in text


def test_the_bytes_are_canonical_and_their_digest_names_them():
    held, _ = frozen_in(some_books())
    value = msgspec.json.decode(held.payload)
    assert msgspec.json.encode(value, order="sorted") == held.payload
    assert freeze_as(held.read()) == held


def test_freezing_twice_changes_nothing_even_when_more_is_known():
    ledgers = some_books()
    first, _ = frozen_in(ledgers)
    with ledgers.transaction() as ledger:
        assert freeze(ledger, NODE, WUCHANG, MARCH, AFTER + timedelta(days=40)) == (first, False)
        assert ledger.reports.heads() == [first.head]


def test_a_month_that_is_not_over_is_not_frozen():
    with some_books().transaction() as ledger:
        with pytest.raises(MonthNotOver):
            freeze(ledger, NODE, WUCHANG, MARCH, default_as_of(MARCH) - timedelta(milliseconds=1))
        with pytest.raises(NotServed):
            freeze(ledger, NODE, "610802", MARCH, AFTER)


def test_each_night_the_last_month_is_frozen_for_what_is_served_whole():
    ledgers = some_books()
    with ledgers.transaction() as ledger:
        assert freeze_due(ledger, NODE, AFTER) == 6
        assert freeze_due(ledger, NODE, AFTER + timedelta(days=1)) == 0
        assert [head.jurisdiction for head in ledger.reports.heads(month=MARCH)] == sorted(NODE.jurisdictions)
        together = {head.jurisdiction: ledger.reports.frozen(head.digest) for head in ledger.reports.heads()}
    alone, _ = frozen_in(some_books())
    assert together[WUCHANG] == alone


def test_the_last_month_is_the_one_whose_27th_has_ended():
    assert last_month(NODE.rules, default_as_of(MARCH)) == MARCH
    assert last_month(NODE.rules, default_as_of(MARCH) - timedelta(milliseconds=1)) == "2026-02"
    assert last_month(NODE.rules, default_as_of("2026-01") - timedelta(days=20)) == "2025-12"


def test_a_division_is_served_whole_where_all_its_counties_are():
    node = a_counting_node(*NODE.divisions.counties_within("420500"))
    assert set(served_whole(node)) == {*node.jurisdictions, "420500"}
    assert XILING in node.jurisdictions


def test_counted_again_a_report_is_equal_whatever_happened_since():
    ledgers = some_books()
    held, _ = frozen_in(ledgers)
    later = owed(range(200, 230))
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([replace(one.exchange, submitted_at=AFTER, known_at=AFTER) for one in later])
        for one in later:
            facts = [replace(fact, happened_at=AFTER, known_at=AFTER) for fact in one.facts]
            ledger.exchanges.add_facts([(one.exchange.key, fact) for fact in facts])
        made = verify(ledger, NODE, held.head.digest, AFTER + timedelta(days=30))
        assert (made.equal, made.altered, made.rules_differ, made.divisions_differ, made.differences) == (
            *(True, False, False, False),
            (),
        )
        assert ledger.chores.findings(Page()) == []


def test_a_difference_says_where_and_becomes_one_finding():
    ledgers = some_books()
    held, _ = frozen_in(ledgers)
    with ledgers.transaction() as ledger:
        (one,) = owed([300])
        ledger.exchanges.add([one.exchange])
        ledger.exchanges.add_facts([(one.exchange.key, fact) for fact in one.facts])
        first = verify(ledger, NODE, held.head.digest, AFTER)
        again = verify(ledger, NODE, held.head.digest, AFTER + timedelta(days=1))
        (finding,) = ledger.chores.findings(Page())
    assert first == again
    assert not first.equal
    given = next(one for one in first.differences if one.rate == "feedback_given")
    assert given.where == ("migrant", WUCHANG, "")
    assert (given.frozen.split()[0], given.now.split()[0]) == ("30/40", "30/41")
    assert (finding.kind, finding.detail) == ("frozen-report-differs", f"{len(first.differences)} differences")


def test_altered_bytes_are_noticed_and_not_given_out():
    ledgers = some_books()
    held, _ = frozen_in(ledgers)
    forged = FrozenReport(head=held.head, payload=held.payload.replace(b'"numerator":30', b'"numerator":40', 1))
    with pytest.raises(ReportAltered):
        forged.read()
    books = holding([])
    with books.transaction() as ledger:
        ledger.reports.freeze([forged])
        made = verify(ledger, NODE, held.head.digest, AFTER)
        (finding,) = ledger.chores.findings(Page())
    assert (made.equal, made.altered, finding.kind) == (False, True, "frozen-report-altered")


def test_other_rules_are_told_beside_what_differs():
    ledgers = some_books()
    held, _ = frozen_in(ledgers)
    rules = replace(NODE.rules, version="woshou-2099.1")
    with ledgers.transaction() as ledger:
        made = verify(ledger, replace(NODE, rules=rules), held.head.digest, AFTER)
        with pytest.raises(NotFound):
            verify(ledger, NODE, a_digest("none"), AFTER)
    assert (made.equal, made.rules_differ) == (True, True)


def test_a_correction_is_a_new_edition_and_both_stay():
    ledgers = holding([*answered(range(1, 11)), *History(received=-20, due=10, lag=60).of_many(range(20, 25))])
    first, _ = frozen_in(ledgers)
    later = AFTER + timedelta(days=40)
    with ledgers.transaction() as ledger:
        second = correct(ledger, NODE, WUCHANG, MARCH, CorrectionReason.LATE_FACTS, later)
        assert freeze(ledger, NODE, WUCHANG, MARCH, later) == (second, False)
        assert ledger.reports.heads() == [first.head, second.head]
        assert verify(ledger, NODE, first.head.digest, later).equal
        assert verify(ledger, NODE, second.head.digest, later).equal
        with pytest.raises(NothingToCorrect):
            correct(ledger, NODE, WUCHANG, MARCH, CorrectionReason.LATE_FACTS, later)
        with pytest.raises(NothingToCorrect):
            correct(ledger, NODE, XICHENG, MARCH, CorrectionReason.LATE_FACTS, later)
    told = second.read()
    assert (told.edition, told.supersedes, told.correction) == (2, first.head.digest, CorrectionReason.LATE_FACTS)
    counts = [
        report_of(one.read(), Category.MIGRANT).figures[0].rate(RateName.FEEDBACK_GIVEN).denominator for one in (first, second)
    ]
    assert counts == [10, 15]


GOOD = a_monthly()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"first": GOOD.last}, "/first"),
        ({"as_of": "2026-02-01T00:00:00.000Z"}, "/as_of"),
        ({"as_of": "2026-03-03T00:00:00.000Z"}, "/as_of"),
        ({"edition": 2}, "/edition"),
        ({"correction": CorrectionReason.LATE_FACTS}, "/edition"),
        ({"figures": [frozen_line(WUCHANG)]}, "/figures/0"),
        ({"figures": [frozen_line(rates=[a_frozen_rate()])]}, "/figures/0"),
        ({"figures": [frozen_line(), frozen_line(numerator=11)]}, "/figures/1"),
        ({"month": "2026-2"}, None),
        ({"counties": []}, None),
        ({"frozen_at": "yesterday"}, None),
    ],
)
def test_a_report_that_contradicts_itself_is_none(changes, pointer):
    with pytest.raises(MalformedReport) as refusal:
        read_monthly(write_monthly(structs.replace(GOOD, **changes)))
    assert refusal.value.pointer == pointer


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        write_monthly(GOOD) + b" ",
        write_monthly(GOOD).replace(b'"edition":1', b'"edition":1.0'),
        write_monthly(GOOD).replace(b'{"as_of"', b'{"as_of":"x","as_of"'),
        msgspec.json.encode(GOOD),
    ],
)
def test_bytes_in_another_form_are_none(payload):
    with pytest.raises(MalformedReport):
        read_monthly(payload)


def test_the_query_of_a_frozen_report_is_whole():
    query = report_of(GOOD, Category.MIGRANT).query
    expected = wanted(XICHENG, period=query.period, as_of=default_as_of("2026-02"), parts=True)
    assert query == expected


def test_a_month_frozen_before_anything_was_reconciled_still_comes_out_the_same_afterwards():
    ledgers = working_with(holding(entries=[an_open_entry(1, -30, origin="610802")]), {"yuyang.example": "610802"})
    held, _ = frozen_in(ledgers)
    figures = held.read().figures
    resting = (RateName.HANDSHAKE, RateName.FIELD_AGREEMENT, RateName.COVERAGE)
    # The county and its townships, of both categories: as reports were frozen when there were no reconciliations at all.
    assert {rate.reason for one in figures for rate in one.rates if rate.rate in resting} == {"not-reconciled"}
    reconciled([a_run(1, 40), a_run(2, 40, pair=a_pair("610802", WUCHANG), partner="yuyang.example")], ledgers)
    with ledgers.transaction() as ledger:
        assert verify(ledger, NODE, held.head.digest, AFTER + timedelta(days=30)).equal


def test_a_frozen_month_holds_the_handshake_of_its_moment_and_a_later_run_changes_nothing():
    ledgers = working_with(holding(entries=[an_open_entry(1, -30, origin="610802")]), {"yuyang.example": "610802"})
    reconciled([a_run(1, 20), a_run(2, 24.5, pair=a_pair("610802", WUCHANG), partner="yuyang.example", tally=FIVE)], ledgers)
    held, _ = frozen_in(ledgers)
    whole = report_of(held.read(), Category.MIGRANT).figures[0]
    assert [counts(whole.rate(name)) for name in (RateName.HANDSHAKE, RateName.FIELD_AGREEMENT, RateName.COVERAGE)] == [
        (97, 115),
        (86, 97),
        (1, 1),
    ]
    reconciled([a_run(3, 30)], ledgers)
    with ledgers.transaction() as ledger:
        assert verify(ledger, NODE, held.head.digest, AFTER + timedelta(days=30)).equal
        corrected = correct(ledger, NODE, WUCHANG, MARCH, CorrectionReason.LATE_FACTS, AFTER + timedelta(days=30))
    assert counts(report_of(corrected.read(), Category.MIGRANT).figures[0].rate(RateName.COVERAGE)) == (0, 1)
