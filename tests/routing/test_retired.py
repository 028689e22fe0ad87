"""Merged, renamed and split divisions: asked under what they are today; what is open goes on under its old code."""

from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from adapters.divisions import load_divisions
from exchange.codes import Kind, RegisterKind, Role
from exchange.conversation import State
from exchange.errors import NotFound
from exchange.jurisdiction import UnknownJurisdiction
from exchange.ledger import Page
from exchange.routing.today import NoSuccessor, SeveralSuccessors, names, todays_code
from exchange.verbs.reply import Said
from exchange.verbs.routing.find import route
from exchange.verbs.routing.pin import NotToBePinned, pin, unpin
from exchange.verbs.submit import NoRoute
from exchange.verbs.suspend import suspend
from tests.builders import WUCHANG, XICHENG, YUYANG, a_moment, a_person, an_entry
from tests.cases.world import World, terms_between

TODAY = date(2026, 3, 2)
CHONGWEN, DONGCHENG = "110103", "110101"  # merged in 2010
YUBEI, HEIRS = "500112", ("500109", "500157")  # split in 2025
JIANGJIN, JIANGJIN_TODAY = "500381", "500116"  # a city that became a district in 2006


@pytest.mark.parametrize(
    ("code", "today"), [(WUCHANG, WUCHANG), (CHONGWEN, DONGCHENG), (JIANGJIN, JIANGJIN_TODAY), ("330104", "330102")]
)
def test_one_successor_is_used_and_told(code, today):
    found = todays_code(load_divisions(), code, TODAY)
    assert (found.code, found.note is None) == (today, code == today)
    if found.note is not None:
        assert today in found.note.zh
        assert code in found.note.en


def test_several_successors_are_a_clerks_choice_and_all_named():
    with pytest.raises(SeveralSuccessors) as refused:
        todays_code(load_divisions(), YUBEI, TODAY, pointer="/to")
    assert (refused.value.choices, refused.value.pointer) == (HEIRS, "/to")
    assert all(heir in refused.value.zh and heir in refused.value.en for heir in HEIRS)


def test_before_it_was_split_a_code_stands_for_itself():
    assert todays_code(load_divisions(), YUBEI, date(2024, 6, 1)).code == YUBEI


def test_what_nobody_knows_is_told_apart():
    with pytest.raises(NoSuccessor):
        todays_code(load_divisions(), "130305", TODAY)
    with pytest.raises(UnknownJurisdiction):
        todays_code(load_divisions(), "999999", TODAY)


def test_an_old_name_still_names_its_successors():
    divisions = load_divisions()
    assert names(divisions, CHONGWEN, DONGCHENG, TODAY)
    assert all(names(divisions, YUBEI, heir, TODAY) for heir in HEIRS)
    assert names(divisions, "420000", WUCHANG, TODAY)
    assert not names(divisions, CHONGWEN, XICHENG, TODAY)


def test_a_query_to_a_merged_county_goes_to_the_one_that_took_it_in():
    world = World.of(WUCHANG, DONGCHENG)
    exchange = world.ask(WUCHANG, CHONGWEN)
    assert (exchange.other, exchange.origin) == (DONGCHENG, DONGCHENG)
    world.carry()
    assert len(world.stations[DONGCHENG].exchanges(Role.ASKED)) == 1


def test_an_entry_that_names_a_merged_county_is_ground_for_asking_its_successor():
    world = World.of(WUCHANG, DONGCHENG)
    station = world.stations[WUCHANG]
    entry = an_entry(
        jurisdiction=WUCHANG,
        register=RegisterKind.INFLOW,
        origin=CHONGWEN,
        destination=WUCHANG,
        person_index=station.node.person_index(a_person()),
    )
    with station.ledgers.transaction() as ledger:
        ledger.entries.add([entry])
    exchange = world.ask(WUCHANG, CHONGWEN, requested_by_person=False, application_date=None)
    assert (exchange.entry, exchange.other) == (entry.id, DONGCHENG)


def test_a_query_to_a_split_county_is_refused_with_the_choices():
    world = World.of(WUCHANG, *HEIRS)
    with pytest.raises(SeveralSuccessors, match=r"500109.*500157"):
        world.ask(WUCHANG, YUBEI)
    assert world.ask(WUCHANG, HEIRS[1]).other == HEIRS[1]


def test_what_was_open_when_the_county_was_merged_goes_on_under_its_code():
    world = World.of(WUCHANG, YUBEI)
    world.now = a_moment().replace(year=2024)
    for station in world.stations.values():
        with station.ledgers.transaction() as ledger:
            for signed in ledger.agreements.all():
                terms = signed.agreement
                changed = structs.replace(terms, valid_from=date(2024, 1, 1))
                ledger.agreements.save(replace(signed, agreement=changed))
    exchange = world.ask(WUCHANG, YUBEI).key.exchange
    world.carry()
    world.now = a_moment()
    world.answer(YUBEI, exchange)
    world.say(WUCHANG, exchange, Said(kind=Kind.CONFIRMATION), Role.ASKER)
    for county, role in ((WUCHANG, Role.ASKER), (YUBEI, Role.ASKED)):
        held = world.held(county, exchange, role)
        assert (world.state(county, exchange, role), {held.own, held.other}) == (State.CLOSED, {WUCHANG, YUBEI})


def test_a_node_of_a_whole_prefecture_is_routed_all_of_it():
    world = World.of(XICHENG, WUCHANG, agreements=False)
    xicheng, wuchang = world.stations[XICHENG], world.stations[WUCHANG]
    wuchang.node = replace(wuchang.node, jurisdictions=frozenset({WUCHANG, "420102"}))
    xicheng.know(wuchang, claimed=("420100",), confirmed=("420100",))
    terms = terms_between((xicheng.node.name, XICHENG), (wuchang.node.name, "420100"))
    xicheng.agree(wuchang.node.name, terms)
    wuchang.agree(xicheng.node.name, terms)
    asked = world.ask(XICHENG, "420102")
    world.carry()
    assert world.state(XICHENG, asked.key.exchange) is State.OPEN


def test_a_county_that_is_confirmed_elsewhere_is_not_believed_from_the_province():
    world = World.of(XICHENG, WUCHANG, YUYANG)
    xicheng = world.stations[XICHENG]
    xicheng.know(world.stations[YUYANG], claimed=(YUYANG, "420000"), confirmed=(YUYANG, "420000"))
    with xicheng.ledgers.transaction(read_only=True) as ledger:
        assert route(ledger, xicheng.node, WUCHANG).partner == world.stations[WUCHANG].node.name
        assert route(ledger, xicheng.node, "420102").partner == world.stations[YUYANG].node.name


@pytest.mark.parametrize(("confirmed", "outcome"), [(("420000",), "accepted"), ((WUCHANG,), "rejected"), ((), "rejected")])
def test_a_partner_is_believed_for_the_counties_that_are_routed_to_it(confirmed, outcome):
    world = World.of(XICHENG, WUCHANG, agreements=False)
    xicheng, wuchang = world.stations[XICHENG], world.stations[WUCHANG]
    wuchang.node = replace(wuchang.node, jurisdictions=frozenset({WUCHANG, "420102"}))
    xicheng.know(wuchang, claimed=("420000", WUCHANG), confirmed=confirmed)
    terms = terms_between((xicheng.node.name, XICHENG), (wuchang.node.name, "420000"))
    xicheng.agree(wuchang.node.name, terms)
    wuchang.agree(xicheng.node.name, terms)
    asked = world.ask("420102", XICHENG, at=WUCHANG)
    world.carry()
    with wuchang.ledgers.transaction(read_only=True) as ledger:
        (held,) = ledger.exchanges.named(asked.key.exchange)
    assert held.acceptance == outcome


def test_a_pin_needs_an_active_partner_that_claims_the_place():
    world = World.of(XICHENG, WUCHANG, YUYANG)
    station, wuchang = world.stations[XICHENG], world.stations[WUCHANG].node.name
    with station.ledgers.transaction() as ledger:
        for code in (YUYANG, XICHENG):
            with pytest.raises(NotToBePinned):
                pin(ledger, station.node, code, wuchang, world.now)
        with pytest.raises(UnknownJurisdiction):
            pin(ledger, station.node, "99", wuchang, world.now)
        with pytest.raises(NotFound):
            pin(ledger, station.node, WUCHANG, "nobody.example", world.now)
        assert pin(ledger, station.node, "420000", wuchang, world.now).prefix == "42"
        assert route(ledger, station.node, "429004").partner == wuchang
        unpin(ledger, "42")
        with pytest.raises(NotFound):
            unpin(ledger, "42")


def test_a_pin_to_a_partner_that_is_suspended_is_a_finding_and_no_route():
    world = World.of(XICHENG, WUCHANG)
    station, wuchang = world.stations[XICHENG], world.stations[WUCHANG].node.name
    with station.ledgers.transaction() as ledger:
        pin(ledger, station.node, "42", wuchang, world.now)
        suspend(ledger, wuchang, world.now)
        assert [(found.kind, found.subject) for found in ledger.chores.findings(Page())] == [("pin-to-inactive", "route 42")]
        with pytest.raises(NoRoute):
            route(ledger, station.node, "429004")
