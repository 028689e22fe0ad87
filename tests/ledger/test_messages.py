"""The messages of the logs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from exchange.codes import Kind, Result
from exchange.errors import Retry
from exchange.exchanges import Direction, NoteKept
from exchange.wire.batch import Outcome, WireProblem
from tests.builders import a_day, a_digest, a_message, a_moment, an_id, cut, judged
from tests.ledger.support import TAKEN

# Whatever a bulk format could take for a separator, an escape, an end or a null.
AWKWARD = "\t\\t\n\\N\r\\.\"'|,{};\\\\ 𠮷·䶮\u200b NULL \\x41"
PROBLEM = WireProblem(type="no-agreement", title="没有协议", detail=AWKWARD, retry=Retry.LATER, pointer="/body")
ANSWER = a_message(
    5,
    kind=Kind.FEEDBACK,
    exchange=an_id(1),
    direction=Direction.IN,
    in_reply_to=an_id(1),
    line=AWKWARD.encode() + bytes(range(256)),
)
JUDGED = judged(ANSWER, 3, 7, turn=2**40, due=a_day(1), result=Result.NOT_FOUND, outcome=Outcome.REJECTED, problem=PROBLEM)


@pytest.mark.parametrize(
    "message",
    [a_message(), a_message(line=None), a_message(line=b""), cut(a_message()), judged(a_message()), JUDGED],
    ids=["queued", "erased", "empty", "cut", "accepted", "rejected"],
)
def test_a_message_comes_back_as_it_was_added(ledgers, message):
    with ledgers.transaction() as ledger:
        ledger.messages.add([message])
    with ledgers.transaction() as ledger:
        assert ledger.messages.known(1, message.direction, [message.id]) == {message.id: message}


def test_only_the_messages_of_this_link_and_direction_are_known(ledger):
    mine = a_message(1)
    back = replace(judged(mine), direction=Direction.IN)  # the other side's copy, on a node's link with itself
    elsewhere = a_message(1, link=2)
    ledger.messages.add([mine, back, elsewhere])
    asked = [an_id(1), an_id(2)]
    assert ledger.messages.known(1, Direction.OUT, asked) == {mine.id: mine}
    assert ledger.messages.known(1, Direction.IN, asked) == {mine.id: back}
    assert ledger.messages.known(2, Direction.OUT, asked) == {mine.id: elsewhere}
    assert ledger.messages.known(2, Direction.IN, asked) == {}
    assert ledger.messages.known(1, Direction.OUT, []) == {}


def test_a_set_may_be_larger_than_any_number_of_parameters(ledger):
    messages = [a_message(n) for n in range(2_500)]
    ledger.messages.add(messages)
    ids = (an_id(n) for n in range(40_000))
    assert ledger.messages.known(1, Direction.OUT, ids) == {message.id: message for message in messages}


def test_an_empty_set_is_stored_without_a_word(ledger):
    ledger.messages.add([])
    ledger.messages.save([])
    ledger.messages.erase(1, [])
    assert ledger.messages.of_exchanges(1, []) == {}
    assert ledger.messages.queue_lengths() == {}


def test_an_id_is_used_once_in_one_direction_of_a_link(ledgers):
    with ledgers.transaction() as ledger:
        ledger.messages.add([a_message(1)])
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.messages.add([a_message(1, digest=a_digest("other"))])
    with ledgers.transaction() as ledger:
        assert ledger.messages.known(1, Direction.OUT, [an_id(1)]) == {an_id(1): a_message(1)}


def test_the_queue_gives_the_oldest_unsent_messages_of_the_link(ledger):
    unsent = [a_message(n) for n in (4, 2, 9)]
    ledger.messages.add(
        [
            *unsent,
            cut(a_message(1)),
            judged(a_message(3)),
            a_message(5, link=2),
            replace(judged(a_message(6)), direction=Direction.IN),
        ]
    )
    assert ledger.messages.queued(1, 10) == [a_message(2), a_message(4), a_message(9)]
    assert ledger.messages.queued(1, 2) == [a_message(2), a_message(4)]
    assert ledger.messages.queued(3, 10) == []


def test_the_queue_lengths_name_the_links_on_which_something_waits(ledger):
    ledger.messages.add(
        [
            a_message(1),
            a_message(2),
            cut(a_message(3)),
            a_message(4, link=2),
            cut(a_message(5, link=3)),
            replace(judged(a_message(6, link=4)), direction=Direction.IN),
        ]
    )
    assert ledger.messages.queue_lengths() == {1: 2, 2: 1}


def test_a_batch_lists_its_messages_by_position(ledger):
    first, second, third = cut(a_message(3), 2, 0), cut(a_message(1), 2, 1), cut(a_message(2), 2, 10)
    theirs = replace(judged(a_message(4), 2, 0), direction=Direction.IN)
    ledger.messages.add([second, third, first, theirs, cut(a_message(5), 1), cut(a_message(6, link=2), 2)])
    assert ledger.messages.in_batch(1, Direction.OUT, 2) == [first, second, third]
    assert ledger.messages.in_batch(1, Direction.IN, 2) == [theirs]
    assert ledger.messages.in_batch(1, Direction.OUT, 3) == []


def test_saving_writes_what_cutting_and_a_receipt_add(ledgers):
    with ledgers.transaction() as ledger:
        ledger.messages.add([a_message(n) for n in (1, 2, 3)])
    for told in (
        [cut(a_message(1), 1, 0), cut(a_message(2), 1, 1)],
        [judged(a_message(1), 1, 0, due=a_day(30)), judged(a_message(2), 1, 1, outcome=Outcome.REJECTED, problem=PROBLEM)],
    ):
        with ledgers.transaction() as ledger:
            ledger.messages.save(told)
        with ledgers.transaction() as ledger:
            assert ledger.messages.in_batch(1, Direction.OUT, 1) == told
            assert ledger.messages.queued(1, 10) == [a_message(3)]


def test_saving_one_copy_leaves_the_other_sides_copy_alone(ledger):
    out, back = judged(a_message(1)), replace(judged(a_message(1)), direction=Direction.IN)
    ledger.messages.add([cut(a_message(1)), back])
    ledger.messages.save([out])
    assert ledger.messages.known(1, Direction.OUT, [an_id(1)]) == {an_id(1): out}
    assert ledger.messages.known(1, Direction.IN, [an_id(1)]) == {an_id(1): back}


def test_a_message_that_is_judged_anew_has_its_line_again(ledger):
    refused = replace(judged(a_message(1), 1, outcome=Outcome.REJECTED, problem=PROBLEM), direction=Direction.IN, line=None)
    accepted = replace(judged(a_message(1), 4, 2), direction=Direction.IN)
    ledger.messages.add([refused])
    # Who has not read that it is empty would write over what was erased since.
    assert ledger.messages.known(1, Direction.IN, [an_id(1)]) == {an_id(1): refused}
    ledger.messages.save([accepted])
    assert ledger.messages.known(1, Direction.IN, [an_id(1)]) == {an_id(1): accepted}


def test_a_message_that_must_be_cut_anew_is_in_the_queue_again(ledger):
    ledger.messages.add([cut(a_message(1)), a_message(2)])
    ledger.messages.save([a_message(1)])
    assert ledger.messages.queued(1, 10) == [a_message(1), a_message(2)]
    assert ledger.messages.in_batch(1, Direction.OUT, 1) == []


def test_an_exchange_has_the_messages_of_both_directions_by_id(ledger):
    opening = judged(a_message(1))
    answer = replace(judged(a_message(3, exchange=an_id(1), kind=Kind.FEEDBACK)), direction=Direction.IN)
    challenge = a_message(7, exchange=an_id(1), kind=Kind.CHALLENGE)
    other, elsewhere = a_message(2), a_message(1, link=2)
    ledger.messages.add([challenge, other, answer, elsewhere, opening])
    assert ledger.messages.of_exchanges(1, [an_id(1), an_id(2), an_id(9)]) == {
        an_id(1): [opening, answer, challenge],
        an_id(2): [other],
    }
    assert ledger.messages.of_exchanges(2, [an_id(1)]) == {an_id(1): [elsewhere]}


def test_erasing_takes_the_lines_of_what_was_judged_and_nothing_else(ledgers):
    accepted = judged(a_message(1))
    refused = judged(a_message(2, exchange=an_id(1)), outcome=Outcome.REJECTED, problem=PROBLEM)
    answer = replace(judged(a_message(3, exchange=an_id(1), kind=Kind.FEEDBACK)), direction=Direction.IN)
    untouched = [
        cut(a_message(4, exchange=an_id(1)), 2),  # under way: its bytes may have to be sent again
        a_message(5, exchange=an_id(1)),  # waits to be sent
        judged(a_message(6, exchange=an_id(6))),  # of another exchange
        judged(a_message(7, exchange=an_id(1), link=2)),  # of another link
    ]
    with ledgers.transaction() as ledger:
        ledger.messages.add([accepted, refused, answer, *untouched])
    with ledgers.transaction() as ledger:
        ledger.messages.erase(1, [an_id(1), an_id(9)])
    with ledgers.transaction() as ledger:
        erased = [replace(message, line=None) for message in (accepted, refused, answer)]
        assert ledger.messages.of_exchanges(1, [an_id(1), an_id(6)]) == {
            an_id(1): [*erased, *untouched[:2]],
            an_id(6): [untouched[2]],
        }
        assert ledger.messages.of_exchanges(2, [an_id(1)]) == {an_id(1): [untouched[3]]}


def test_erasing_twice_is_erasing_once(ledger):
    ledger.messages.add([judged(a_message(1))])
    ledger.messages.erase(1, [an_id(1)])
    ledger.messages.erase(1, [an_id(1)])
    assert ledger.messages.of_exchanges(1, [an_id(1)]) == {an_id(1): [judged(a_message(1), line=None)]}
    assert ledger.messages.known(1, Direction.OUT, [an_id(1)])[an_id(1)].created_at == a_moment(1)


def test_only_what_was_rejected_for_now_comes_back_to_be_retried_and_only_after_a_while(ledger):
    for_now = judged(a_message(1), 1, 5, outcome=Outcome.REJECTED, problem=PROBLEM)
    for_ever = judged(a_message(2), 1, 5, outcome=Outcome.REJECTED, problem=structs.replace(PROBLEM, retry=Retry.NEVER))
    theirs = replace(judged(a_message(3), 1, 5, outcome=Outcome.REJECTED, problem=PROBLEM), direction=Direction.IN)
    ledger.messages.add([for_now, for_ever, theirs, judged(a_message(4)), a_message(5)])
    assert for_now.known_at is not None
    assert ledger.messages.to_retry(for_now.known_at, 10) == []
    assert ledger.messages.to_retry(for_now.known_at + timedelta(seconds=1), 10) == [for_now]
    assert ledger.messages.to_retry(for_now.known_at + timedelta(seconds=1), 0) == []


def test_what_was_erased_since_it_was_rejected_is_not_retried(ledger):
    """Withdrawn, or its note gone at closing: the bytes that would be judged anew are not there any more."""
    whole, noted, bare, gone = (
        judged(a_message(n, line=line, note=note), 1, n, outcome=Outcome.REJECTED, problem=PROBLEM)
        for n, line, note in (
            (1, b"{}", None),
            (2, b"{}", NoteKept.HELD),
            (3, b"{}", NoteKept.ERASED),
            (4, None, None),
        )
    )
    ledger.messages.add([whole, noted, bare, gone])
    assert ledger.messages.to_retry(a_moment(9_000_000), 10) == [whole, noted]


def test_what_is_queued_is_dropped_as_if_it_had_never_been_written_and_nothing_else(ledgers):
    queued, kept, sent, back = (
        a_message(1),
        a_message(2),
        cut(a_message(3)),
        replace(judged(a_message(4)), direction=Direction.IN),
    )
    with ledgers.transaction() as ledger:
        ledger.messages.add([queued, kept, sent, back])
        ledger.messages.drop([])
        ledger.messages.drop([queued, sent, back])
    with ledgers.transaction() as ledger:
        assert ledger.messages.queued(1, 10) == [kept]
        assert ledger.messages.known(1, Direction.OUT, [an_id(1), an_id(2), an_id(3)]) == {kept.id: kept, sent.id: sent}
        assert ledger.messages.known(1, Direction.IN, [back.id]) == {back.id: back}
        ledger.messages.add([queued])  # its id is free again
        assert ledger.messages.queued(1, 10) == [queued, kept]
