"""How far a case has come, from its exchanges alone: every state of an item, and of a case."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from exchange.cases.case import SERVICES, Named, Spouse
from exchange.cases.progress import KNOWN, SETTLED, Asked, CaseState, ItemState, progress, state_of
from exchange.codes import Item, MaritalStatus, Purpose, Result, WithdrawalReason
from exchange.conversation import State
from exchange.exchanges import Acceptance
from exchange.people.record import Record
from tests.builders import WUCHANG, XICHENG, a_conversation, a_moment, a_person, an_exchange, an_id
from tests.building.cases import a_case, a_commitment

ASKED = Spouse(person=a_person(1), origin=WUCHANG, query=Named(link=1, exchange=an_id(1)))
HERE = Spouse(person=a_person(2), origin=XICHENG, local=True)
LAPSE, NOW = 15, a_moment(20)
STUCK = (ItemState.UNTOLD, ItemState.NEGATIVE, ItemState.REJECTED, ItemState.WITHDRAWN, ItemState.CANNOT_BE_ASKED)


def talk(state: State, result: Result | None = None, at: int = 10):
    return a_conversation(state, result=result, fed_back_at=a_moment(at) if result else None)


def item_of(asked: Asked | None, spouse: Spouse = ASKED, now=NOW, item: Item = Item.MARITAL_STATUS):
    seen = progress(a_case(spouses=(spouse, HERE)), [asked, None], now, LAPSE)
    return next(one for one in seen.spouses[0].items if one.item is item)


def asked(conversation=None, *, record: Record | None = None, **changes) -> Asked:
    made = an_exchange(1, items=(Item.MARITAL_STATUS,), **({"conversation": conversation} if conversation else {}), **changes)
    return Asked(exchange=made, record=record)


STATUS = Record(marital_status=MaritalStatus.MARRIED)
STATES = {
    ItemState.SENDING: asked(),
    ItemState.REJECTED: asked(acceptance=Acceptance.REJECTED),
    ItemState.AWAITED: asked(talk(State.OPEN)),
    ItemState.CONFIRMED: asked(talk(State.ANSWERED, Result.CONFIRMED)),
    ItemState.CORRECTED: asked(talk(State.CLOSED, Result.CORRECTED), record=STATUS),
    ItemState.UNTOLD: asked(talk(State.ANSWERED, Result.CORRECTED), record=Record(children=[])),
    ItemState.WITHDRAWN: asked(talk(State.WITHDRAWN)),
    ItemState.CANNOT_BE_ASKED: None,
}


@pytest.mark.parametrize(("state", "query"), STATES.items(), ids=STATES.keys())
def test_an_items_state_follows_from_its_exchange(state, query):
    one = item_of(query)
    assert (one.state, one.beneath) == (state, state)


@pytest.mark.parametrize("result", [result for result in Result if result not in (Result.CONFIRMED, Result.CORRECTED)])
def test_any_other_answer_leaves_the_item_unknown(result):
    one = item_of(asked(talk(State.ANSWERED, result)))
    assert (one.state, one.result, one.answered_at) == (ItemState.NEGATIVE, result, a_moment(10))


def test_an_answer_that_has_lapsed_is_still_known():
    late = a_moment(60 * 24 * 40)
    assert item_of(asked(talk(State.ANSWERED, Result.CONFIRMED)), now=late).state is ItemState.CONFIRMED


def test_the_last_day_of_a_limit_is_not_late_and_the_next_one_is():
    query = asked(talk(State.CHALLENGED, Result.NOT_FOUND))
    (last, next_day) = (item_of(query, now=a_moment(60 * 24 * days)) for days in (30, 31))
    assert (last.state, next_day.state, last.due, last.result) == (ItemState.AWAITED, ItemState.LATE, date(2026, 4, 1), None)


def test_an_item_that_was_not_asked_is_named_with_no_source():
    one = item_of(asked(talk(State.ANSWERED, Result.CONFIRMED)), item=Item.MARRIAGE)
    assert (one.state, one.exchange) == (ItemState.CANNOT_BE_ASKED, None)


def test_who_is_registered_here_needs_no_answer():
    assert item_of(None, spouse=HERE).state is ItemState.LOCAL


COMMITTED = structs.replace(ASKED, commitments=(a_commitment(items=(Item.MARITAL_STATUS,)),))


@pytest.mark.parametrize(("state", "query"), STATES.items(), ids=STATES.keys())
def test_a_commitment_stands_for_what_no_answer_tells(state, query):
    one = item_of(query, spouse=COMMITTED)
    assert (one.state, one.beneath) == (state if state in KNOWN else ItemState.COMMITTED, state)


@pytest.mark.parametrize(("at", "contradicted"), [(4, False), (5, False), (6, True)])
def test_only_an_answer_that_came_after_it_contradicts_a_commitment(at, contradicted):
    for query in (
        asked(talk(State.ANSWERED, Result.CORRECTED, at), record=STATUS),
        asked(talk(State.ANSWERED, Result.NOT_FOUND, at)),
    ):
        assert item_of(query, spouse=COMMITTED).contradicted is contradicted


def test_the_later_of_two_commitments_stands():
    later = a_commitment(items=(Item.MARITAL_STATUS,), reference="CN-2")
    spouse = structs.replace(COMMITTED, commitments=(*COMMITTED.commitments, later))
    assert item_of(None, spouse=spouse).commitment == later


S = ItemState


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([S.LOCAL, S.CONFIRMED, S.CORRECTED, S.COMMITTED], CaseState.READY),
        ([S.CONFIRMED, S.AWAITED, S.LATE], CaseState.LATE),
        ([S.NEGATIVE, S.AWAITED], CaseState.AWAITING),
        ([S.CONFIRMED, S.SENDING], CaseState.AWAITING),
        *[
            ([S.CONFIRMED, one], CaseState.UNDECIDED)
            for one in (S.UNTOLD, S.NEGATIVE, S.REJECTED, S.WITHDRAWN, S.CANNOT_BE_ASKED)
        ],
    ],
)
def test_a_cases_state_follows_from_its_items(items, state):
    assert state_of(a_case(), items) is state


def test_a_clerks_word_goes_before_all_else():
    ended = a_case().finished(a_moment(9), following=False)
    taken_back = a_case().cancelled(a_moment(9), WithdrawalReason.PERSON_WITHDREW)
    for items in ([S.LATE], [S.CONFIRMED], []):
        assert state_of(ended, items) is CaseState.FINISHED
        assert state_of(taken_back, items) is CaseState.CANCELLED


@given(st.lists(st.sampled_from(ItemState), min_size=1))
def test_a_commitment_for_all_that_is_missing_makes_any_case_ready(items):
    committed = [one if one in KNOWN else ItemState.COMMITTED for one in items]
    assert state_of(a_case(), committed) is CaseState.READY
    assert (state_of(a_case(), items) is CaseState.READY) == all(one in SETTLED for one in items)


def test_every_purpose_is_a_service_with_items_to_ask():
    assert SERVICES.keys() == set(Purpose)
    assert all(service.items for service in SERVICES.values())
