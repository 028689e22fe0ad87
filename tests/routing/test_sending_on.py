"""Sending on: what was answered `wrong_jurisdiction` goes to the named county in one step, and never in a circle."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from exchange.codes import Event, Item, Kind, MaritalStatus, RegisterKind, Result, Role
from exchange.conversation import State
from exchange.exchanges import Acceptance
from exchange.jurisdiction import Category
from exchange.people.record import Record
from exchange.people.whereabouts import PlaceTooCoarse
from exchange.routing.table import NoRoute
from exchange.routing.today import SeveralSuccessors
from exchange.routing.trail import NothingToSendOn, SentInCircle, SentOnAlready
from exchange.terms.agreement import NoAgreement
from exchange.verbs.reply import NotYourRole, Said, reply
from exchange.verbs.routing.send_on import EntryNamesAnother, right_county, send_on, trail
from exchange.wire.message import read_message
from tests.builders import WUCHANG, XICHENG, YUYANG, a_person, an_entry
from tests.cases.world import APPLIED, World, terms_between

CHAOYANG, JIANGAN = "110105", "420102"


@pytest.fixture
def world():
    return World.of(XICHENG, WUCHANG, YUYANG)


def on(world: World, exchange: str, **how):
    station = world.stations[XICHENG]
    with station.ledgers.transaction() as ledger:
        (held,) = [one for one in ledger.exchanges.named(exchange) if one.key.role is Role.ASKER]
        return send_on(ledger, station.node, held, world.now, **how)


def wrongly_asked(world, right: str = YUYANG, other: str = WUCHANG, **draft):
    exchange = world.ask(XICHENG, other, **draft).key.exchange
    world.carry()
    world.answer(other, exchange, Result.WRONG_JURISDICTION, jurisdiction=right)
    return exchange


def opening(world: World, county: str, exchange: str):
    with world.stations[county].ledgers.transaction(read_only=True) as ledger:
        (held,) = [one for one in ledger.exchanges.named(exchange) if one.key.role is Role.ASKER]
        log = ledger.messages.of_exchanges(held.key.link, [exchange])[exchange]
    (line,) = {message.line for message in log if message.id == held.opening and message.line is not None}
    return read_message(line)


def test_the_same_matter_goes_to_the_named_county_and_the_old_one_is_confirmed(world):
    exchange = wrongly_asked(world, record=Record(marital_status=MaritalStatus.MARRIED))
    with world.stations[XICHENG].ledgers.transaction(read_only=True) as ledger:
        assert right_county(ledger, world.held(XICHENG, exchange)) == YUYANG
    sent = on(world, exchange)
    world.carry()
    assert (sent.after.other, sent.confirmed, sent.entry_corrected, sent.note) == (YUYANG, True, False, None)
    assert world.state(XICHENG, exchange) is State.CLOSED
    (arrived,) = world.stations[YUYANG].exchanges(Role.ASKED)
    assert (arrived.key.exchange, arrived.origin, arrived.items) == (
        sent.after.key.exchange,
        YUYANG,
        (Item.MARITAL_STATUS, Item.CHILDREN),
    )
    before, after = opening(world, XICHENG, exchange), opening(world, XICHENG, sent.after.key.exchange)
    assert (after.body, after.purpose, after.priority) == (before.body, before.purpose, before.priority)
    assert (after.body.requested_by_person, after.body.application_date) == (True, APPLIED)
    with world.stations[XICHENG].ledgers.transaction(read_only=True) as ledger:
        assert [one.key.exchange for one in trail(ledger, sent.after.key)] == [exchange]
    with pytest.raises(SentOnAlready):
        on(world, exchange)


def test_a_notice_is_sent_on_as_well(world):
    exchange = wrongly_asked(world, event=Event.BIRTH, event_date=APPLIED, items=())
    sent = on(world, exchange)
    assert (sent.after.kind, sent.after.event, sent.after.other) == (Kind.NOTICE, Event.BIRTH, YUYANG)


def test_the_clerk_may_choose_another_county(world):
    assert on(world, wrongly_asked(world, right="610823"), to=YUYANG).after.other == YUYANG


def test_an_old_exchange_that_has_ended_stays_as_it_is(world):
    exchange = wrongly_asked(world)
    world.say(XICHENG, exchange, Said(kind=Kind.CONFIRMATION), Role.ASKER)
    assert not on(world, exchange).confirmed
    late = wrongly_asked(world, n=2)
    world.pass_time(days=40)
    assert not on(world, late).confirmed


def test_a_confirmation_that_is_on_its_way_is_not_said_twice(world):
    exchange = wrongly_asked(world)
    station = world.stations[XICHENG]
    with station.ledgers.transaction() as ledger:
        reply(ledger, station.node, world.held(XICHENG, exchange), Said(kind=Kind.CONFIRMATION), world.now)
    assert not on(world, exchange).confirmed


def test_nothing_goes_in_a_circle(world):
    first = wrongly_asked(world)
    second = on(world, first).after.key.exchange
    world.carry()
    for named in (WUCHANG, XICHENG, YUYANG):
        world.answer(YUYANG, second, Result.WRONG_JURISDICTION, jurisdiction=named)
        with pytest.raises(SentInCircle):
            on(world, second)


def test_a_merged_county_counts_as_what_it_is_today_and_is_told(world):
    world = World.of(XICHENG, WUCHANG, "110101")
    world.agree(XICHENG, "110101", categories=[Category.INTRA_CITY], valid_from=date(2026, 2, 1))
    sent = on(world, wrongly_asked(world, right="110103"))
    assert (sent.after.other, sent.note.code) == ("110101", "retired-code")
    with pytest.raises(SentInCircle):
        on(world, wrongly_asked(world, n=2, right="110104"))  # today the asking county itself


@pytest.mark.parametrize(
    ("right", "refusal"),
    [("500112", SeveralSuccessors), ("610000", PlaceTooCoarse), ("310101", NoRoute), (CHAOYANG, NoAgreement)],
)
def test_what_cannot_be_sent_there_is_refused_and_nothing_is_confirmed(right, refusal):
    world = World.of(XICHENG, WUCHANG, YUYANG, CHAOYANG)
    exchange = wrongly_asked(world, right=right)
    with pytest.raises(refusal):
        on(world, exchange)
    world.carry()
    assert world.state(XICHENG, exchange) is State.ANSWERED


@pytest.mark.parametrize(
    ("result", "body"), [(Result.CONFIRMED, {}), (Result.MOVED_ON, {"moved_to": "61"}), (Result.NOT_FOUND, {})]
)
def test_only_a_wrong_jurisdiction_is_sent_on(world, result, body):
    exchange = world.ask(XICHENG, WUCHANG).key.exchange
    with pytest.raises(NothingToSendOn):
        on(world, exchange)
    world.carry()
    world.answer(WUCHANG, exchange, result, **body)
    with pytest.raises(NothingToSendOn):
        on(world, exchange, to=YUYANG)


def test_only_the_asker_sends_on(world):
    exchange = wrongly_asked(world)
    station = world.stations[WUCHANG]
    with station.ledgers.transaction() as ledger, pytest.raises(NotYourRole):
        send_on(ledger, station.node, world.held(WUCHANG, exchange, Role.ASKED), world.now)


def entered(world, **changes):
    station = world.stations[XICHENG]
    facts = {"register": RegisterKind.INFLOW, "origin": WUCHANG, "destination": XICHENG, **changes}
    entry = an_entry(person_index=station.node.person_index(a_person()), **facts)
    with station.ledgers.transaction() as ledger:
        ledger.entries.add([entry])
    return entry.id


BY_ENTRY: dict[str, Any] = {"requested_by_person": False, "application_date": None}


def test_a_query_that_rests_on_an_entry_goes_on_with_the_entry_corrected(world):
    entry = entered(world)
    exchange = wrongly_asked(world, **BY_ENTRY)
    with pytest.raises(EntryNamesAnother):
        on(world, exchange)
    sent = on(world, exchange, correct_entry=True)
    assert (sent.entry_corrected, sent.after.entry) == (True, entry)
    with world.stations[XICHENG].ledgers.transaction(read_only=True) as ledger:
        held = ledger.entries.get(entry)
    assert (held.origin, held.destination, held.version) == (YUYANG, XICHENG, 2)


def test_an_application_is_ground_enough_and_the_entry_is_left_alone_unless_told(world):
    entry = entered(world)
    sent = on(world, wrongly_asked(world))
    with world.stations[XICHENG].ledgers.transaction(read_only=True) as ledger:
        assert (sent.after.entry, ledger.entries.get(entry).origin) == (None, WUCHANG)


def test_an_entry_that_knows_the_province_alone_names_the_right_county_already():
    world = World.of(XICHENG, WUCHANG, JIANGAN)
    entry = entered(world, register=RegisterKind.OUTFLOW, origin=XICHENG, destination="420000")
    sent = on(world, wrongly_asked(world, right=JIANGAN, own_is_origin=True, **BY_ENTRY), correct_entry=True)
    assert (sent.entry_corrected, sent.after.entry, sent.after.destination) == (False, entry, JIANGAN)


def test_it_works_between_counties_of_one_node():
    world = World.of(XICHENG, WUCHANG, agreements=False)
    station = world.stations[XICHENG]
    station.node = replace(station.node, jurisdictions=frozenset({XICHENG, CHAOYANG}))
    name = station.node.name
    with station.ledgers.transaction() as ledger:
        ledger.links.add("019caf00-0000-8000-8000-00000000abcd", name)
    local = terms_between((name, XICHENG), (name, CHAOYANG), categories=[Category.INTRA_CITY])
    station.agree(name, local)
    world.agree(XICHENG, WUCHANG)
    exchange = wrongly_asked(world, right=CHAOYANG)
    sent = on(world, exchange)
    world.carry()
    asked = world.held(XICHENG, sent.after.key.exchange, Role.ASKED)
    assert (asked.own, asked.other, asked.acceptance) == (CHAOYANG, XICHENG, Acceptance.ACCEPTED)
    # And back out of the node.
    world.answer(XICHENG, sent.after.key.exchange, Result.WRONG_JURISDICTION, jurisdiction="420102")
    with pytest.raises(NoRoute):
        on(world, sent.after.key.exchange)
    with pytest.raises(SentInCircle):
        on(world, sent.after.key.exchange, to=WUCHANG)
