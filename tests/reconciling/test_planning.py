"""What a reconciliation sets out to do: every pair is planned, or left out for a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.codes import RegisterKind
from exchange.errors import NotFound
from exchange.jurisdiction import UnknownJurisdiction
from exchange.partners import PartnerStatus
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import EVERYTHING, By, LeftOut, Scope, Why
from exchange.reconciling.results import Outcome, Starter, Tally
from exchange.verbs.reconciling.plan import Plan, plan
from tests.builders import WUCHANG, XICHENG, a_moment, a_partner, a_register_run, an_id
from tests.reconciling.nights import CHAOYANG, COUNTIES, OWN, PARTNERS, agreed, an_office_with_partners, beijing, lives_in, out_to

NODE = beijing()
HUBEI, WUHAN = "420000", "420100"
NOW = a_moment()


def planned(office, scope=EVERYTHING, by=By.NIGHT, now=NOW, **options) -> Plan:
    with office.ledgers.transaction(read_only=True) as ledger:
        return plan(ledger, office.node, scope, by, now, **options)


def why(found: Plan, pair: Pair) -> Why | None:
    return next((left.why for left in found.left_out if left.pair == pair), None)


def test_every_active_partners_link_and_the_local_one_is_planned_with_all_pairs_that_entries_name(tmp_path):
    found = planned(an_office_with_partners(tmp_path / "node"))
    assert found.links == (OWN, *sorted(PARTNERS))
    assert [each.pair for each in found.pairs] == [out_to(county) for county in sorted(COUNTIES.values())]
    assert {each.own for each in found.pairs} == {XICHENG}
    assert found.left_out == ()
    assert found.partners == found.links


def test_two_own_counties_are_compared_once_under_an_agreement_as_they_exchange(tmp_path):
    office = an_office_with_partners(tmp_path / "node", partners=())
    local = out_to(CHAOYANG)
    with office.ledgers.transaction() as ledger:
        theirs = lives_in(2, CHAOYANG, jurisdiction=CHAOYANG, register=RegisterKind.INFLOW, person_index="person-1")
        ledger.entries.add([lives_in(1, CHAOYANG), theirs])
    assert planned(office).left_out == (LeftOut(partner=OWN, pair=local, why=Why.NO_AGREEMENT),)
    with office.ledgers.transaction() as ledger:
        ledger.agreements.add(agreed(1, OWN, CHAOYANG))
    (pair,) = planned(office).pairs
    assert (pair.pair, pair.own, pair.what.partner) == (local, XICHENG, OWN)
    # Inflow alone names the pair as well.
    with office.ledgers.transaction() as ledger:
        ledger.entries.save([lives_in(1, CHAOYANG, closed_at=NOW)])
    (again,) = planned(office).pairs
    assert again == pair


def test_each_reason_to_leave_a_pair_out_is_told(tmp_path):
    office = an_office_with_partners(tmp_path / "node")
    nobody, coarse = "420107", out_to(HUBEI)
    with office.ledgers.transaction() as ledger:
        ledger.entries.add([lives_in(11, nobody), lives_in(12, HUBEI)])
        ledger.agreements.save(agreed(2, "jianghan.example", "420103", allowed=False))
        ledger.partners.save(a_partner("qiaokou.example", status=PartnerStatus.SUSPENDED, confirmed=("420104",)))
        ledger.entries.add([lives_in(13, WUCHANG, jurisdiction=CHAOYANG, origin=CHAOYANG)])
    found = planned(office)
    assert why(found, out_to(nobody)) is Why.NO_ROUTE
    assert why(found, coarse) is Why.COARSE
    assert why(found, out_to("420103")) is Why.NOT_ALLOWED
    assert why(found, out_to("420104")) is Why.NOT_ACTIVE
    assert why(found, Pair(origin=CHAOYANG, destination=WUCHANG)) is Why.NO_AGREEMENT
    assert LeftOut(partner="qiaokou.example", pair=None, why=Why.NOT_ACTIVE) in found.left_out
    assert "qiaokou.example" not in found.links
    assert [each.pair for each in found.pairs] == [out_to("420102"), out_to(WUCHANG)]


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ([{}] * 3, None),
        ([{}] * 4, Why.OFTEN),
        ([{}] * 3 + [{"outcome": None, "ended_at": None}], None),
        ([{}] * 3 + [{"outcome": None, "ended_at": None, "started_by": Starter.THEM}], Why.OFTEN),
        ([{"started_by": Starter.THEM}], Why.LATELY),
        ([{"started_by": Starter.THEM, "outcome": Outcome.FAILED}], None),
    ],
)
def test_a_pair_that_was_compared_enough_is_left_out(tmp_path, runs, reason):
    office = an_office_with_partners(tmp_path / "node")
    began = NOW - timedelta(hours=2)
    with office.ledgers.transaction() as ledger:
        for n, changes in enumerate(runs, 1):
            run = a_register_run(n, reconciliation=None, began_at=began, ended_at=began)
            ledger.register_runs.put(replace(run, **changes))
    assert why(planned(office), out_to(WUCHANG)) is reason
    by_hand = why(planned(office, by=By.HAND), out_to(WUCHANG))
    assert by_hand is (None if reason is Why.LATELY else reason)


def test_what_the_partner_settled_half_a_day_ago_is_compared_again(tmp_path):
    office = an_office_with_partners(tmp_path / "node")
    with office.ledgers.transaction() as ledger:
        ledger.register_runs.put(a_register_run(1, started_by=Starter.THEM, began_at=NOW, ended_at=NOW))
    hours = [why(planned(office, now=NOW + timedelta(hours=after)), out_to(WUCHANG)) for after in (11, 12)]
    assert hours == [Why.LATELY, None]


def test_a_pair_that_no_open_entry_names_any_more_is_compared_until_nobody_is_left(tmp_path):
    office = an_office_with_partners(tmp_path / "node")
    pair = out_to(WUCHANG)
    with office.ledgers.transaction() as ledger:
        number = PARTNERS.index("wuchang.example") + 1
        ledger.entries.save([lives_in(number, WUCHANG, closed_at=NOW)])
    assert pair not in [each.pair for each in planned(office).pairs]
    for n, tally in enumerate((Tally(agreeing=1), Tally(inflow_only=1), Tally()), 1):
        at = NOW + timedelta(days=n)
        with office.ledgers.transaction() as ledger:
            ledger.register_runs.put(a_register_run(n, tally=tally, began_at=at, ended_at=at))
        found = [each.pair for each in planned(office, now=at + timedelta(hours=20)).pairs]
        assert (pair in found) is bool(tally.known)


def test_a_scope_narrows_pairs_and_links_alike(tmp_path):
    office = an_office_with_partners(tmp_path / "node")
    for scope, counties in (
        (Scope(partner="wuchang.example"), [WUCHANG]),
        (Scope(destination=WUCHANG), [WUCHANG]),
        (Scope(origin=CHAOYANG), []),
        (Scope(destination=WUHAN), sorted(COUNTIES.values())),
        (Scope(partner="wuchang.example", destination="420102"), []),
    ):
        found = planned(office, scope)
        assert [each.pair.destination for each in found.pairs] == counties
        serving = {partner for partner, county in COUNTIES.items() if county in counties}
        assert set(found.links) == serving
        assert found.left_out == ()
    assert planned(office, Scope(partner=OWN)).links == (OWN,)
    with pytest.raises(NotFound):
        planned(office, Scope(partner="nobody.example"))
    with pytest.raises(UnknownJurisdiction):
        planned(office, Scope(destination="999999"))


# Own counties, partners' counties with and without agreement, a county that nobody serves, and coarse places.
PLACES = (XICHENG, CHAOYANG, *COUNTIES.values(), "420107", WUHAN, HUBEI)


@given(
    named=st.sets(st.tuples(st.sampled_from((XICHENG, CHAOYANG)), st.sampled_from(PLACES)), max_size=12),
    inflow=st.sets(st.tuples(st.sampled_from((XICHENG, CHAOYANG)), st.sampled_from(PLACES[:7])), max_size=6),
    agreements=st.dictionaries(st.sampled_from((*PARTNERS, OWN)), st.booleans()),
    suspended=st.sets(st.sampled_from(PARTNERS)),
    by=st.sampled_from(By),
    done=st.sets(st.sampled_from(PLACES)),
)
def test_every_pair_is_done_planned_or_left_out_with_a_reason_and_none_twice(named, inflow, agreements, suspended, by, done):
    ledgers = MemoryLedgers()
    with ledgers.transaction() as ledger:
        for n, (partner, county) in enumerate(COUNTIES.items(), 1):
            status = PartnerStatus.SUSPENDED if partner in suspended else PartnerStatus.ACTIVE
            ledger.partners.save(a_partner(partner, status=status, confirmed=(county,)))
            ledger.links.add(an_id(n), partner)
        for n, (partner, allowed) in enumerate(agreements.items(), 1):
            ledger.agreements.add(agreed(n, partner, COUNTIES.get(partner, CHAOYANG), allowed=allowed))
        away = [lives_in(n, to, jurisdiction=own, origin=own) for n, (own, to) in enumerate(sorted(named), 1) if own != to]
        here = [
            lives_in(n, own, jurisdiction=own, register=RegisterKind.INFLOW, origin=origin, destination=own)
            for n, (own, origin) in enumerate(sorted(inflow), 100)
            if own != origin
        ]
        ledger.entries.add([*away, *here])
        pairs = {Pair(origin=entry.origin, destination=entry.destination) for entry in (*away, *here)}
        gone = {pair for pair in pairs if pair.destination in done}
        found = plan(ledger, NODE, EVERYTHING, by, NOW, done=gone)
    told = [each.pair for each in found.pairs] + [left.pair for left in found.left_out if left.pair is not None]
    assert sorted(told) == sorted(pairs - gone)
    allowed = {partner for partner, allows in agreements.items() if allows} - suspended
    assert {each.what.partner for each in found.pairs} <= allowed
    assert all(each.own in (each.pair.origin, each.pair.destination) and each.own in NODE.jurisdictions for each in found.pairs)
    assert set(found.links) == set(PARTNERS) - suspended
