"""Coverage: with how many of the partners that open entries name a county really works together."""

from dataclasses import replace
from datetime import timedelta

from msgspec import structs

from exchange.codes import Kind, RegisterKind
from exchange.counting.query import Narrowing
from exchange.counting.rows import Compared
from exchange.partners import PartnerStatus
from exchange.people.register import EntryFactKind
from exchange.rates import NOT_DIVIDED, NOT_RECONCILED, RateName
from exchange.routing.table import Pin
from exchange.terms.agreement import Standing
from exchange.verbs.report import rows_behind
from tests.builders import WUCHANG, XICHENG, YUYANG, a_partner, an_agreement
from tests.rates.histories import (
    HANYANG,
    WUHAN,
    a_counting_node,
    an_open_entry,
    counts,
    holding,
    moment,
    reported,
    the_rate,
    then,
    until,
    wanted,
)
from tests.rates.runs import a_failed_run, a_pair, a_run, in_force, reconciled, working_with

COVERAGE = RateName.COVERAGE
# Of Wuchang: people of Yuyang and of Chaoyang in Beijing live there, and people of Jinshui in Zhengzhou.
CHAOYANG, JINSHUI = "110105", "410105"
PARTNERS = {"yuyang.example": YUYANG, "beijing.example": CHAOYANG, "zhengzhou.example": JINSHUI}


def from_place(n: int, origin: str, day: float = 0, **changes):
    return an_open_entry(n, day, origin=origin, **changes)


def with_three_partners(*entries):
    named = entries or (from_place(1, YUYANG), from_place(2, CHAOYANG), from_place(3, JINSHUI), from_place(4, CHAOYANG))
    return working_with(holding(entries=named), PARTNERS)


def run_with(n: int, partner: str, day: float, own: str = WUCHANG):
    return a_run(n, day, pair=a_pair(PARTNERS[partner], own), partner=partner)


def coverage(ledgers, day: float, place: str = WUCHANG, **changes):
    return counts(the_rate(ledgers, COVERAGE, wanted(place, as_of=moment(day), **changes)))


def test_two_of_three_named_partners_were_reconciled_with_in_48_hours():
    runs = [run_with(1, "yuyang.example", 8.5), run_with(2, "beijing.example", 8), run_with(3, "zhengzhou.example", 7.9)]
    ledgers = reconciled(runs, with_three_partners())
    assert coverage(ledgers, 10) == (2, 3)
    assert the_rate(ledgers, COVERAGE, wanted(as_of=moment(10))).percent() == "66.67 %"
    assert coverage(ledgers, 10.01) == (1, 3)


def test_before_anything_was_ever_reconciled_it_is_null_and_then_0_of_those_named():
    ledgers = with_three_partners()
    rate = the_rate(ledgers, COVERAGE, wanted(as_of=moment(10)))
    assert (counts(rate), rate.reason) == ((None, None), NOT_RECONCILED)
    reconciled([a_run(9, 9, pair=a_pair(HANYANG))], ledgers)
    assert coverage(ledgers, 10) == (0, 3)
    assert coverage(ledgers, 8) == (None, None)


def test_a_failed_comparison_covers_nobody():
    ledgers = with_three_partners(from_place(1, YUYANG))
    reconciled([a_run(8, 1), a_failed_run(1, 9, pair=a_pair(YUYANG), partner="yuyang.example")], ledgers)
    assert coverage(ledgers, 10) == (0, 1)


def test_without_an_agreement_in_force_then_a_partner_is_not_covered():
    ledgers = reconciled([run_with(1, "yuyang.example", 9)], with_three_partners(from_place(1, YUYANG)))
    with ledgers.transaction() as ledger:
        (held,) = ledger.agreements.all("yuyang.example")
        ledger.agreements.save(replace(held, standing=Standing.ENDED, ended_at=moment(20)))
    reconciled([run_with(2, "yuyang.example", 21)], ledgers)
    assert [coverage(ledgers, day) for day in (10, 21.5)] == [(1, 1), (0, 1)]
    with ledgers.transaction() as ledger:
        ledger.agreements.add(in_force(7, HANYANG, "yuyang.example", YUYANG, day=20))
    assert coverage(ledgers, 21.5) == (0, 1)
    with ledgers.transaction() as ledger:
        ledger.agreements.add(in_force(8, WUHAN, "yuyang.example", YUYANG, day=21.2))
    assert [coverage(ledgers, day) for day in (21.1, 21.5)] == [(0, 1), (1, 1)]


def test_only_an_agreement_of_that_county_with_that_partner_counts_whoever_signed_first():
    named = (from_place(1, YUYANG), from_place(2, CHAOYANG))
    ledgers = reconciled([run_with(1, "yuyang.example", 9), run_with(2, "beijing.example", 9)], with_three_partners(*named))
    with ledgers.transaction() as ledger:
        for held in ledger.agreements.all():
            ledger.agreements.save(replace(held, standing=Standing.DECLINED))
        ledger.agreements.add(in_force(7, HANYANG, "beijing.example", CHAOYANG))
    assert coverage(ledgers, 10) == (0, 2)
    with ledgers.transaction() as ledger:
        turned = in_force(8, WUCHANG, "beijing.example", CHAOYANG)
        parties = turned.agreement.parties[::-1]
        ledger.agreements.add(replace(turned, agreement=structs.replace(turned.agreement, parties=parties)))
    assert coverage(ledgers, 10) == (1, 2)


def test_a_declined_or_open_proposal_was_never_in_force_and_one_ended_was_until_then():
    held = in_force(1, WUCHANG, "yuyang.example", YUYANG, day=5)
    assert [held.was_in_force(moment(day)) for day in (4, 5, 300)] == [False, True, True]
    assert not replace(held, standing=Standing.DECLINED).was_in_force(moment(6))
    assert not an_agreement().was_in_force(moment(6))
    ended = replace(held, standing=Standing.ENDED, ended_at=moment(7))
    assert [ended.was_in_force(moment(day)) for day in (6, 7)] == [True, False]
    assert not held.was_in_force(moment(1000))


def test_only_open_entries_name_a_partner_and_only_a_partner_can_be_named():
    closed = from_place(1, YUYANG)
    closed[1].append(then(EntryFactKind.CLOSED, 1, 5))
    entries = (
        closed,
        from_place(2, CHAOYANG, 3),
        from_place(3, XICHENG),
        from_place(4, "370102"),
        an_open_entry(5, register=RegisterKind.OUTFLOW, origin=WUCHANG, destination="410000"),
    )
    ledgers = reconciled([a_run(9, 1)], with_three_partners(*entries))
    # Xicheng is of this node, nobody serves Jinan, and to a whole province no partner of one county leads.
    assert [coverage(ledgers, day) for day in (2, 4, 6)] == [(0, 1), (0, 2), (0, 1)]
    with ledgers.transaction() as ledger:
        ledger.routes.pin(Pin(prefix="41", partner="zhengzhou.example", at=moment(7)))
    assert [coverage(ledgers, day) for day in (6, 8)] == [(0, 1), (0, 2)]


def test_a_partner_that_came_later_or_is_suspended_changes_no_past():
    ledgers = reconciled([a_run(9, 1)], with_three_partners(from_place(1, YUYANG), from_place(2, "370102")))
    with ledgers.transaction() as ledger:
        ledger.partners.save(a_partner("jinan.example", confirmed=("370102",), known_at=moment(5)))
        (yuyang,) = (partner for partner in ledger.partners.all() if partner.node == "yuyang.example")
        ledger.partners.save(replace(yuyang, status=PartnerStatus.SUSPENDED))
    assert [coverage(ledgers, day) for day in (4, 6)] == [(0, 1), (0, 2)]


def test_parts_sum_to_the_whole_each_county_with_its_own_partners():
    entries = (from_place(1, YUYANG), from_place(2, YUYANG, jurisdiction=HANYANG, destination=HANYANG), from_place(3, JINSHUI))
    ledgers = with_three_partners(*entries)
    with ledgers.transaction() as ledger:
        ledger.agreements.add(in_force(7, HANYANG, "yuyang.example", YUYANG))
    reconciled([run_with(1, "yuyang.example", 9), run_with(2, "yuyang.example", 9, HANYANG)], ledgers)
    report = reported(ledgers, wanted(WUHAN, as_of=moment(10), parts=True, rows=frozenset({COVERAGE})))
    assert counts(report.of(WUHAN).rate(COVERAGE)) == (2, 3)
    assert [counts(report.of(part).rate(COVERAGE)) for part in (WUCHANG, HANYANG)] == [(1, 2), (1, 1)]
    rows = report.of(WUHAN).rate(COVERAGE).rows or ()
    assert [(row.id, row.own, row.numerator) for row in rows] == [
        ("yuyang.example", HANYANG, 1),
        ("yuyang.example", WUCHANG, 1),
        ("zhengzhou.example", WUCHANG, 0),
    ]


def test_a_row_tells_the_agreement_and_the_run():
    run = run_with(1, "yuyang.example", 9)
    ledgers = reconciled([run], with_three_partners(from_place(1, YUYANG)))
    with ledgers.transaction(read_only=True) as ledger:
        (row,) = rows_behind(ledger, a_counting_node(), wanted(as_of=moment(10)), WUCHANG, COVERAGE)
    assert [(stamp.what, stamp.at) for stamp in row.stamps] == [("agreed", moment(-100)), ("reconciled", moment(9))]
    assert row.compared == Compared(run=run, days=1)


def test_filters_narrow_entries_and_pairs_alike():
    outflow = an_open_entry(5, register=RegisterKind.OUTFLOW, origin=WUCHANG, destination=CHAOYANG)
    ledgers = with_three_partners(from_place(1, YUYANG), outflow)
    reconciled([run_with(1, "yuyang.example", 9), run_with(2, "beijing.example", 9)], ledgers)
    narrowed = {
        "partner": (Narrowing(partner="yuyang.example"), (1, 1)),
        # The run with Beijing compared the inflow register, and the entry is of the outflow one.
        "outflow": (Narrowing(register=RegisterKind.OUTFLOW), (0, 1)),
        "other": (Narrowing(other="610000"), (1, 1)),
        "all": (Narrowing(), (2, 2)),
    }
    assert {name: coverage(ledgers, 10, narrowing=each) for name, (each, _) in narrowed.items()} == {
        name: expected for name, (_, expected) in narrowed.items()
    }
    for narrowing in (Narrowing(kind=Kind.QUERY), Narrowing(township="420106001")):
        assert the_rate(ledgers, COVERAGE, wanted(as_of=moment(10), narrowing=narrowing)).reason == NOT_DIVIDED


def test_entries_count_as_of_then_not_as_of_the_end_of_the_period():
    ledgers = reconciled([a_run(9, 1)], with_three_partners(from_place(1, YUYANG, 3)))
    month = replace(wanted().period, last=(moment(2)).date())
    assert coverage(ledgers, 4, period=month) == (0, 1)
    assert until(4) - moment(4) < timedelta(days=1)
