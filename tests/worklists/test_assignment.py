"""Who may be handed what, until when, and what a return takes."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.codes import Role
from exchange.conversation import State
from exchange.work.assignment import (
    AlreadyTheirs,
    InternalLimit,
    InternalLimitRefused,
    NotAssignable,
    NotAssigned,
    NotATownshipHere,
    ReturnReason,
    check_township,
    handed,
    returned,
)
from tests.builders import WUCHANG, a_conversation, a_day, a_moment, an_exchange

TOWNSHIP, OTHER = "420106001", "420106002"


def asked(state=State.OPEN, **changes):
    return an_exchange(role=Role.ASKED, conversation=a_conversation(state, due=a_day(30)), **changes)


def hand(exchange, township=TOWNSHIP, before=None, now=None, **more):
    given: dict[str, Any] = {"limit": InternalLimit(), "by": "key-1", "now": now or a_moment(), "lapse_days": 15}
    return handed(exchange, before, township, **(given | more))


@pytest.mark.parametrize(
    "code", [WUCHANG, "110102001", "420106999", "42010600", "4201060010", "", "abc", "420000001", "42010600１"]
)
def test_what_is_no_township_of_the_county_is_handed_nothing(divisions, code):
    with pytest.raises(NotATownshipHere):
        check_township(divisions, WUCHANG, code)


def test_a_township_of_the_county_is_one(divisions):
    check_township(divisions, WUCHANG, divisions.children(WUCHANG)[0])


def test_a_township_is_given_two_thirds_of_the_days_that_remain():
    assert hand(asked()).due == a_day(20)
    assert hand(asked(), limit=InternalLimit(share=Fraction(1, 2), least_days=3)).due == a_day(15)


@given(remaining=st.integers(-400, 400), share=st.fractions(Fraction(1, 100), Fraction(99, 100)), least=st.integers(1, 30))
def test_the_internal_limit_is_at_least_its_days_and_else_before_the_due_date(remaining, share, least):
    until = InternalLimit(share=share, least_days=least).until(a_day(remaining), a_day())
    assert until is not None
    assert until >= a_day(least)
    assert until == a_day(least) or until < a_day(remaining)


def test_a_notice_that_wants_no_answer_has_no_internal_limit():
    noted = asked(State.NOTED)
    noted = replace(noted, conversation=replace(noted.conversation, due=None))
    assert hand(noted).due is None
    with pytest.raises(InternalLimitRefused):
        hand(noted, due=a_day(3))


@pytest.mark.parametrize("day", [-1, 30, 31])
def test_a_limit_that_is_named_lies_from_today_to_before_the_due_date(day):
    with pytest.raises(InternalLimitRefused):
        hand(asked(), due=a_day(day))
    assert hand(asked(), due=a_day()).due == a_day()
    assert hand(asked(), due=a_day(29)).due == a_day(29)


@pytest.mark.parametrize("state", [State.CLOSED, State.LAPSED, State.WITHDRAWN])
def test_what_is_over_is_not_assigned(state):
    with pytest.raises(NotAssignable):
        hand(asked(state))


def test_an_answer_that_has_lapsed_is_over():
    answered = asked(State.ANSWERED)
    answered = replace(answered, conversation=replace(answered.conversation, fed_back_at=a_moment()))
    assert hand(answered, now=a_moment(60)).township == TOWNSHIP
    with pytest.raises(NotAssignable):
        hand(answered, now=a_moment() + timedelta(days=17))


def test_what_was_asked_of_others_or_is_not_taken_yet_is_not_assigned():
    for exchange in (an_exchange(conversation=a_conversation()), an_exchange(role=Role.ASKED)):
        with pytest.raises(NotAssignable):
            hand(exchange)


def test_handing_it_to_the_same_township_again_needs_another_limit():
    first = hand(asked())
    exchange = asked(handled_by=TOWNSHIP)
    for due in (None, first.due):
        with pytest.raises(AlreadyTheirs):
            hand(exchange, before=first, due=due)
    assert hand(exchange, before=first, due=a_day(5)).due == a_day(5)
    assert hand(exchange, OTHER, before=first).township == OTHER


def test_a_return_says_why_and_ends_the_internal_limit():
    first = hand(asked())
    back = returned(asked(handled_by=TOWNSHIP), first, ReturnReason.NEED_HELP, by="key-2", now=a_moment(9))
    assert (back.township, back.due, back.reason, back.by) == (None, None, ReturnReason.NEED_HELP, "key-2")
    with pytest.raises(NotAssigned):
        returned(asked(), back, ReturnReason.NEED_HELP, by="key-2", now=a_moment(9))


def test_a_clock_that_was_set_back_puts_no_step_before_the_last():
    first = hand(asked(), now=a_moment(60))
    assert hand(asked(handled_by=TOWNSHIP), OTHER, before=first, now=a_moment(2)).at == a_moment(60)
