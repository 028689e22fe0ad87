"""Whose step a difference is, the message that would settle it, and when there is none."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from exchange.codes import CloseReason, Item, Purpose, QueryReason, Role
from exchange.conversation import State
from exchange.errors import NotFound, Refused, Retry
from exchange.people.record import Moving
from exchange.people.register import EntryClosed, EntryProtected
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind, RegisterDifference
from exchange.reconciling.settling import (
    DifferenceSettled,
    EntryElsewhere,
    FieldsUnknown,
    Means,
    NotCoarse,
    NothingToSend,
    OtherSideActs,
    Standing,
)
from exchange.routing.table import NoRoute
from exchange.terms.agreement import FieldRule, ItemNotAgreed, NoAgreement
from exchange.verbs.reconciling.differences import SeveralDifferences, find_difference
from exchange.verbs.submit import submit
from exchange.wire.batch import WireProblem
from tests.builders import WUCHANG, XICHENG, YUYANG, a_conversation, a_day, a_moment, a_record, an_exchange
from tests.differences.desk import ARRIVAL, DEPARTURE, FACTS, NOW, PAIR, Desk, terms

ONE_SIDED, DIFFERING, COARSE = DifferenceKind.ONE_SIDED, DifferenceKind.DIFFERING, DifferenceKind.COARSE
MARITAL, CHILDREN = FACTS
HUBEI = "420000"


def state(desk: Desk, difference: RegisterDifference) -> tuple[Standing, type[Refused] | None]:
    settling = desk.item(difference).settling
    return settling.standing, type(settling.obstacle) if settling.obstacle is not None else None


@pytest.mark.parametrize(("county", "event"), [(WUCHANG, ARRIVAL), (XICHENG, DEPARTURE)])
def test_of_a_one_sided_entry_the_side_that_has_it_tells_the_other(county, event):
    desk = Desk(county)
    difference = desk.differs(ONE_SIDED)
    assert state(desk, difference) == (Standing.READY, None)
    assert desk.message(difference) == (event, a_day(-20), (), [Item.MOVING])
    assert desk.item(difference).settling.means == Means(event)
    sent = desk.send(difference)
    assert sent.fresh
    (exchange,) = desk.exchanges()
    assert (exchange.event, exchange.own, exchange.other, exchange.entry) == (event, county, PAIR.other(county), difference.entry)


def test_where_facts_differ_the_destination_asks_about_them_and_shows_its_own_values():
    desk = Desk(WUCHANG)
    difference = desk.differs(DIFFERING, CHILDREN, Item.EDUCATION)
    assert desk.message(difference) == (None, None, (CHILDREN,), [CHILDREN])
    item = desk.item(difference)
    assert item.settling.left_out == (Item.EDUCATION,)
    assert item.draft is not None
    assert (item.draft.purpose, item.draft.reason) == (Purpose.PUBLIC_SERVICE, QueryReason.FACTS_DIFFER)
    assert desk.send(difference).exchange.items == (CHILDREN,)


def test_a_value_that_is_not_known_is_asked_for_without_one():
    desk = Desk(WUCHANG)
    difference = desk.differs(DIFFERING, CHILDREN, record=a_record(children=None))
    assert desk.message(difference) == (None, None, (CHILDREN,), [])


def test_the_prepared_message_is_what_submit_takes():
    desk = Desk(WUCHANG)
    differences = [desk.differs(ONE_SIDED), desk.differs(DIFFERING, MARITAL, n=2)]
    drafts = [desk.item(each).draft for each in differences]
    with desk.ledgers.transaction() as ledger:
        for draft in drafts:
            assert draft is not None
            submit(ledger, desk.node, draft, NOW)
    assert [state(desk, each) for each in differences] == [(Standing.UNDER_WAY, None)] * 2


def test_looking_stores_nothing():
    desk = Desk(WUCHANG)
    desk.item(desk.differs(ONE_SIDED))
    assert desk.exchanges() == []


@pytest.mark.parametrize("moved_on", [None, a_day(9)])
def test_without_a_day_of_moving_the_notice_names_that_of_the_entry(moved_on):
    desk = Desk(WUCHANG)
    difference = desk.differs(ONE_SIDED, record=a_record(moving=Moving(moved_on=moved_on)), opened_at=a_moment(-3000))
    assert desk.message(difference)[:2] == (ARRIVAL, a_day(-2))


ONE_WAY = {WUCHANG: "second_to_first", XICHENG: "first_to_second"}


def test_the_origin_asks_only_where_the_agreement_lets_no_other_side_open():
    for opening, by in ((ONE_WAY[WUCHANG], WUCHANG), (ONE_WAY[XICHENG], XICHENG), ("both", WUCHANG)):
        for county in (WUCHANG, XICHENG):
            desk = Desk(county, agreed=terms(directions=opening))
            ours = county == by
            expected = (Standing.READY, None) if ours else (Standing.THEIRS, OtherSideActs)
            difference = desk.differs(DIFFERING, MARITAL)
            assert state(desk, difference) == expected
            if not ours:
                with pytest.raises(OtherSideActs):
                    desk.send(difference)
                assert desk.exchanges() == []


def rules(*subjects: str, purpose: Purpose = Purpose.PUBLIC_SERVICE, items: tuple[Item, ...] = tuple(FACTS)) -> list[FieldRule]:
    return [FieldRule(subject=subject, purpose=purpose, items=list(items)) for subject in subjects]


@pytest.mark.parametrize(
    ("kind", "changes", "refusal"),
    [
        (ONE_SIDED, {"directions": ONE_WAY[XICHENG]}, NoAgreement),
        (ONE_SIDED, {"kinds": ["query", "departure"]}, NoAgreement),
        (ONE_SIDED, {"purposes": [Purpose.BENEFIT]}, NoAgreement),
        (ONE_SIDED, {"categories": []}, NoAgreement),
        (ONE_SIDED, {"valid_until": a_day(-1)}, NoAgreement),
        (ONE_SIDED, {"valid_from": a_day(1)}, NoAgreement),
        (DIFFERING, {"kinds": ["arrival", "departure"]}, NoAgreement),
        (DIFFERING, {"purposes": [Purpose.BENEFIT, Purpose.BIRTH_REGISTRATION]}, NoAgreement),
        (DIFFERING, {"valid_until": a_day(-1)}, NoAgreement),
        (DIFFERING, {"fields": rules("arrival")}, ItemNotAgreed),
        (DIFFERING, {"fields": rules("query", purpose=Purpose.BENEFIT)}, ItemNotAgreed),
        (DIFFERING, {"fields": rules("query", items=(CHILDREN,))}, ItemNotAgreed),
    ],
)
def test_what_the_agreement_does_not_allow_stays_shown_with_the_reason_and_is_not_sent(kind, changes, refusal):
    desk = Desk(WUCHANG, agreed=terms(**changes))
    difference = desk.differs(kind, *([MARITAL] if kind is DIFFERING else []))
    assert state(desk, difference) == (Standing.BLOCKED, refusal)
    assert desk.item(difference).draft is None
    with pytest.raises(refusal):
        desk.send(difference)
    assert desk.exchanges() == []


def test_of_what_moving_the_agreement_says_nothing_a_notice_says_nothing():
    desk = Desk(WUCHANG, agreed=terms(fields=[]))
    assert desk.message(desk.differs(ONE_SIDED))[3] == []


def test_a_certificate_is_asked_about_for_its_own_purpose_where_no_other_lets_it_be():
    purposes = [Purpose.PUBLIC_SERVICE, Purpose.CERTIFICATE_VERIFICATION]
    fields = rules("query", purpose=Purpose.CERTIFICATE_VERIFICATION, items=(Item.CERTIFICATE, MARITAL))
    desk = Desk(WUCHANG, agreed=terms(purposes=purposes, fields=fields))
    difference = desk.differs(DIFFERING, Item.CERTIFICATE, MARITAL)
    draft = desk.item(difference).draft
    assert draft is not None
    assert (draft.purpose, draft.items) == (Purpose.CERTIFICATE_VERIFICATION, (Item.CERTIFICATE,))
    assert state(desk, desk.differs(DIFFERING, MARITAL, n=2)) == (Standing.BLOCKED, ItemNotAgreed)


def test_a_partner_without_a_way_to_it_is_told_nothing():
    desk = Desk(WUCHANG)
    difference = desk.differs(ONE_SIDED)
    with desk.ledgers.transaction() as ledger:
        ledger.partners.save(replace(desk.side.partner(), confirmed=()))
    assert state(desk, difference) == (Standing.BLOCKED, NoRoute)
    with pytest.raises(NoRoute):
        desk.send(difference)


@pytest.mark.parametrize(
    ("changes", "standing", "refusal"),
    [
        ({"closed_at": NOW, "close_reason": CloseReason.MOVED_ON}, Standing.DONE, EntryClosed),
        ({"origin": YUYANG}, Standing.DONE, EntryElsewhere),
    ],
)
@pytest.mark.parametrize("kind", [ONE_SIDED, DIFFERING])
def test_of_an_entry_that_changed_meanwhile_nothing_is_sent(kind, changes, standing, refusal):
    desk = Desk(WUCHANG)
    difference = desk.differs(kind, MARITAL)
    desk.change(difference, **changes)
    assert state(desk, difference) == (standing, refusal)
    with pytest.raises(refusal):
        desk.send(difference)
    assert desk.exchanges() == []


def test_what_a_later_comparison_did_not_find_is_not_sent():
    desk = Desk(WUCHANG)
    difference = desk.differs(ONE_SIDED)
    with desk.ledgers.transaction() as ledger:
        ledger.register_runs.put_differences([replace(difference, settled_at=NOW)])
    assert state(desk, difference) == (Standing.SETTLED, DifferenceSettled)
    with pytest.raises(DifferenceSettled):
        desk.send(difference)


def test_where_it_is_not_known_what_differs_nothing_is_asked():
    desk = Desk(WUCHANG)
    difference = desk.differs(DIFFERING)
    assert state(desk, difference) == (Standing.BLOCKED, FieldsUnknown)
    with pytest.raises(FieldsUnknown):
        desk.send(difference)


def test_sending_again_gives_the_same_exchange_and_sends_nothing():
    desk = Desk(WUCHANG)
    difference = desk.differs(ONE_SIDED)
    first = desk.send(difference)
    again = desk.send(difference)
    assert (first.fresh, again.fresh, again.exchange) == (True, False, first.exchange)
    assert len(desk.exchanges()) == 1


@pytest.mark.parametrize("kind", [ONE_SIDED, DIFFERING])
@pytest.mark.parametrize(
    ("ended", "standing"),
    [
        (State.OPEN, Standing.UNDER_WAY),
        (State.CHALLENGED, Standing.UNDER_WAY),
        (State.NOTED, Standing.DONE),
        (State.ANSWERED, Standing.DONE),
        (State.CLOSED, Standing.DONE),
        (State.LAPSED, Standing.DONE),
        (State.WITHDRAWN, Standing.READY),
        (None, Standing.READY),
    ],
)
def test_an_item_follows_its_exchange_and_is_prepared_anew_once_that_came_to_nothing(kind, ended, standing):
    desk = Desk(WUCHANG)
    difference = desk.differs(kind, MARITAL)
    desk.turn(desk.send(difference).exchange, ended)
    assert state(desk, difference) == (standing, None)
    assert desk.send(difference).fresh is (standing is Standing.READY)


def test_what_is_sent_again_by_itself_is_still_on_its_way():
    desk = Desk(WUCHANG)
    difference = desk.differs(ONE_SIDED)
    later = WireProblem(type="urn:woshou:problem:no-route", title="-", detail="-", retry=Retry.LATER)
    desk.turn(desk.send(difference).exchange, None, problem=later)
    assert state(desk, difference) == (Standing.UNDER_WAY, None)


def asked(n: int, **changes: Any) -> Any:
    told = {"own": WUCHANG, "other": XICHENG, "entry": an_exchange(1).key.exchange, "submitted_at": NOW}
    return an_exchange(n, **{**told, **changes})


@pytest.mark.parametrize(
    ("exchange", "standing", "items"),
    [
        (asked(5, items=(MARITAL, CHILDREN)), Standing.UNDER_WAY, None),
        (asked(5, items=(CHILDREN,)), Standing.READY, (MARITAL,)),
        (asked(5, items=(Item.SPOUSE,)), Standing.READY, (MARITAL, CHILDREN)),
        (asked(5, other=YUYANG), Standing.READY, (MARITAL, CHILDREN)),
        (asked(5, entry=None), Standing.READY, (MARITAL, CHILDREN)),
        (asked(5, submitted_at=a_moment(1)), Standing.UNDER_WAY, None),
        (asked(5, submitted_at=a_moment(1), conversation=a_conversation(State.CLOSED)), Standing.READY, (MARITAL, CHILDREN)),
        (asked(5, submitted_at=NOW, conversation=a_conversation(State.CLOSED)), Standing.DONE, None),
    ],
)
def test_what_was_asked_in_another_way_is_not_asked_again(exchange, standing, items):
    desk = Desk(WUCHANG)
    difference = desk.differs(DIFFERING, MARITAL, CHILDREN)
    desk.put(exchange)
    item = desk.item(difference)
    assert (item.settling.standing, item.draft.items if item.draft is not None else None) == (standing, items)


def test_what_the_other_side_asks_is_answered_and_not_asked_back():
    desk = Desk(WUCHANG)
    difference = desk.differs(DIFFERING, MARITAL)
    desk.put(asked(5, role=Role.ASKED, items=(MARITAL,), conversation=a_conversation()))
    assert state(desk, difference) == (Standing.UNDER_WAY, None)
    with pytest.raises(OtherSideActs):
        desk.send(difference)


def test_a_notice_from_before_the_entry_was_reopened_tells_nothing_of_today():
    desk = Desk(WUCHANG)
    difference = desk.differs(ONE_SIDED)
    first = desk.send(difference).exchange
    desk.change(difference, opened_at=NOW + timedelta(minutes=1))
    desk.side.now = NOW + timedelta(days=1)
    assert state(desk, difference) == (Standing.READY, None)
    assert desk.send(difference).exchange != first


def test_a_coarse_destination_is_set_to_the_county_that_was_found_and_nothing_is_sent():
    desk = Desk(XICHENG)
    difference = desk.differs(COARSE, destination=HUBEI)
    assert state(desk, difference) == (Standing.READY, None)
    with pytest.raises(NothingToSend):
        desk.send(difference)
    entry = desk.set_destination(difference)
    before = desk.differs(COARSE, n=2, destination=HUBEI)
    kept = desk.item(before).entry
    assert (entry.destination, entry.version, entry.record) == (WUCHANG, 2, kept.record)
    assert state(desk, difference) == (Standing.DONE, None)
    assert desk.set_destination(difference) == entry
    assert desk.exchanges() == []


def test_setting_a_destination_keeps_what_another_clerk_has_changed():
    desk = Desk(XICHENG)
    difference = desk.differs(COARSE, destination=HUBEI)
    desk.change(difference, record=a_record(children=[]), township="110102001")
    entry = desk.set_destination(difference)
    assert (entry.record.children, entry.township, entry.destination) == ([], "110102001", WUCHANG)


def test_only_the_origin_makes_a_coarse_destination_precise():
    desk = Desk(WUCHANG)
    difference = desk.differs(COARSE)
    assert state(desk, difference) == (Standing.THEIRS, OtherSideActs)
    with pytest.raises(OtherSideActs):
        desk.set_destination(difference)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"protected": True}, EntryProtected),
        ({"closed_at": NOW, "close_reason": CloseReason.RETURNED}, EntryClosed),
        ({"destination": "430000"}, EntryElsewhere),
    ],
)
def test_a_coarse_destination_that_is_no_more_is_not_set(changes, refusal):
    desk = Desk(XICHENG)
    difference = desk.differs(COARSE, destination=HUBEI)
    desk.change(difference, **changes)
    with pytest.raises(refusal):
        desk.set_destination(difference)


@pytest.mark.parametrize("kind", [ONE_SIDED, DIFFERING])
def test_no_other_destination_is_set(kind):
    desk = Desk(XICHENG)
    with pytest.raises(NotCoarse):
        desk.set_destination(desk.differs(kind, MARITAL))


def test_a_coarse_entry_in_two_counties_asks_which_is_meant_until_one_is_settled():
    desk = Desk(XICHENG)
    other = Pair(origin=XICHENG, destination="420111")
    desk.differs(COARSE, destination=HUBEI)
    second = desk.differs(COARSE, destination=HUBEI, pair=other)
    own = desk.node.jurisdictions
    with desk.ledgers.transaction() as ledger:
        with pytest.raises(SeveralDifferences):
            find_difference(ledger, own, second.entry, None)
        assert find_difference(ledger, own, second.entry, "420111") == second
        ledger.register_runs.put_differences([replace(second, settled_at=NOW)])
        assert find_difference(ledger, own, second.entry, None).pair == PAIR
        for county, entry, of, township in (
            (own, second.entry, YUYANG, None),
            (own, "019caf00-0000-7000-8000-0000000000ff", None, None),
            (frozenset({WUCHANG}), second.entry, None, None),
            (own, second.entry, None, "110102001"),
        ):
            with pytest.raises(NotFound):
                find_difference(ledger, county, entry, of, township)


def test_the_agreement_of_the_two_counties_decides_over_a_wider_one_that_allows():
    desk = Desk(WUCHANG, agreed=terms(kinds=["query"]))
    wide = terms()
    parties = [structs.replace(party, jurisdiction=code) for party, code in zip(wide.parties, ("110000", "420000"), strict=True)]
    desk_terms = structs.replace(wide, parties=parties)
    with desk.ledgers.transaction() as ledger:
        (held,) = ledger.agreements.all(desk.side.other_node)
        ledger.agreements.add(replace(held, digest="w" * 43, agreement=desk_terms))
    assert state(desk, desk.differs(ONE_SIDED)) == (Standing.BLOCKED, NoAgreement)
