"""The table of states, cell by cell, as the protocol prints it."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from exchange.codes import Kind, Result
from exchange.conversation import (
    SENDER,
    TRANSITIONS,
    Conversation,
    Effect,
    Letter,
    NotInThisState,
    Signal,
    State,
    Step,
    Turn,
    answered_at,
    fold,
)
from tests.builders import a_moment, an_id

# Rows: state; columns: what comes. "-" is refused; an effect in the same state needs no state.
PRINTED = """
            feedback            feedback_to_challenge interim           challenge             confirmation       reminder            withdrawal
open        answered:answers    -                     open:remarks      -                     -                  open:remarks        withdrawn:withdraws
answered    answered:supersedes answered:supersedes   answered:overtaken challenged:challenges closed:confirms    answered:overtaken  withdrawn:withdraws
challenged  challenged:overtaken answered:answers     challenged:remarks challenged:overtaken closed:confirms    challenged:remarks  withdrawn:withdraws
noted       noted:remarks       -                     -                 -                     -                  -                   withdrawn:withdraws
closed      closed:supplements  closed:supplements    closed:overtaken  -                     closed:overtaken   closed:overtaken    closed:erases
lapsed      lapsed:supplements  lapsed:supplements    lapsed:overtaken  -                     lapsed:overtaken   lapsed:overtaken    lapsed:erases
withdrawn   withdrawn:overtaken withdrawn:overtaken   withdrawn:overtaken withdrawn:overtaken withdrawn:overtaken withdrawn:overtaken withdrawn:overtaken
"""  # noqa: E501  a table is read in rows


def printed() -> dict[State, dict[Signal, Step]]:
    """The printed table as a value."""
    head, *rows = (line.split() for line in PRINTED.strip("\n").splitlines())
    table: dict[State, dict[Signal, Step]] = {}
    for state, *cells in rows:
        steps = {}
        for signal, cell in zip(head, cells, strict=True):
            if cell != "-":
                to, effect = cell.split(":")
                steps[Signal(signal)] = Step(State(to), Effect(effect))
        table[State(state)] = steps
    return table


def test_the_table_is_the_printed_one() -> None:
    assert printed() == TRANSITIONS


def a_conversation_in(state: State) -> Conversation:
    """A conversation in that state, with an open challenge where there is one."""
    challenge = an_id(3) if state is State.CHALLENGED else None
    return Conversation(state=state, due=date(2026, 4, 1), challenge=challenge, last_turn=Turn(1, "a", 0))


@pytest.mark.parametrize(("state", "kind"), list(product(State, [kind for kind in Kind if kind.value in set(Signal)])))
def test_every_pair_that_the_table_does_not_list_is_refused(state: State, kind: Kind) -> None:
    conversation = a_conversation_in(state)
    listed = TRANSITIONS[state].get(Signal(kind.value))
    if listed is None:
        with pytest.raises(NotInThisState):
            conversation.step(kind, an_id(9), a_moment(), lapse_days=15, max_challenges=3)
    else:
        assert conversation.step(kind, an_id(9), a_moment(), lapse_days=15, max_challenges=3) == listed


def test_every_state_but_the_end_can_be_left_or_is_an_end() -> None:
    leaves = {state: {step.to for step in steps.values()} - {state} for state, steps in TRANSITIONS.items()}
    assert {state for state, targets in leaves.items() if not targets} == {State.CLOSED, State.LAPSED, State.WITHDRAWN}


def test_only_the_asked_side_answers() -> None:
    assert {kind for kind, role in SENDER.items() if role == "asked"} == {Kind.FEEDBACK, Kind.INTERIM}


def a_letter(kind: Kind, turn: int, minute: int, **changes: Any) -> Letter:
    """A letter at that minute; its id tells its turn."""
    values = {
        "id": an_id(turn),
        "kind": kind,
        "turn": Turn(turn, "a", 0),
        "stamp": a_moment(minute),
        "known_at": a_moment(minute),
    }
    return Letter(**{**values, **changes})


def test_a_second_feedback_supersedes_and_the_round_keeps_its_first_stamp() -> None:
    conversation, facts = fold(
        [
            a_letter(Kind.FEEDBACK, 3, 50, in_reply_to=an_id(1), result=Result.CONFIRMED),
            a_letter(Kind.QUERY, 1, 0, due=date(2026, 4, 1)),
            a_letter(Kind.FEEDBACK, 2, 20, in_reply_to=an_id(1), result=Result.NOT_FOUND),
        ],
        lapse_days=15,
    )
    assert (conversation.state, conversation.result, conversation.feedback) == (State.ANSWERED, Result.CONFIRMED, an_id(3))
    assert [(fact.what, fact.happened_at) for fact in facts] == [("opened", a_moment(0)), ("answered", a_moment(20))]


def test_a_notice_that_wants_no_feedback_is_only_noted() -> None:
    conversation, _ = fold([a_letter(Kind.NOTICE, 1, 0)], lapse_days=15)
    assert conversation.state is State.NOTED


def test_a_challenge_sent_before_the_lapse_counts_though_it_arrives_later() -> None:
    answered = a_letter(Kind.FEEDBACK, 2, 0, in_reply_to=an_id(1), result=Result.CONFIRMED)
    opening = a_letter(Kind.QUERY, 1, 0, due=date(2026, 4, 1))
    day, due = 24 * 60, date(2026, 5, 4)
    in_time, _ = fold([opening, answered, a_letter(Kind.CHALLENGE, 3, 15 * day, in_reply_to=an_id(2), due=due)], lapse_days=15)
    too_late, _ = fold([opening, answered, a_letter(Kind.CHALLENGE, 3, 16 * day, in_reply_to=an_id(2), due=due)], lapse_days=15)
    assert (in_time.state, too_late.state) == (State.CHALLENGED, State.LAPSED)


@pytest.mark.parametrize(
    ("hours", "counts_as_sent"),
    [(0, True), (24, True), (24.001, False), (-0.1, False)],
)
def test_an_answer_counts_as_sent_if_it_arrived_within_a_day(hours: float, counts_as_sent: bool) -> None:
    sent, received = a_moment(), a_moment() + timedelta(hours=hours)
    assert answered_at(sent, received) == (sent if counts_as_sent else received)


def test_a_challenge_whose_receipt_names_no_due_date_opens_no_round() -> None:
    opening = a_letter(Kind.QUERY, 1, 0, due=date(2026, 4, 1))
    answer = a_letter(Kind.FEEDBACK, 2, 5, in_reply_to=an_id(1), result=Result.CONFIRMED)
    conversation, facts = fold([opening, answer, a_letter(Kind.CHALLENGE, 3, 9, in_reply_to=an_id(2))], lapse_days=15)
    assert (conversation.state, conversation.round, len(facts)) == (State.ANSWERED, 1, 2)
