"""Which exchanges are over, and what is still held of them; what retention finds of cases and files."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from exchange.codes import Role, WithdrawalReason
from exchange.conversation import State
from exchange.exchanges import Acceptance, ExchangeKey, NoteKept
from exchange.ledger import Held, Page
from exchange.wire.batch import Outcome
from tests.builders import (
    a_conversation,
    a_day,
    a_message,
    a_moment,
    a_row,
    a_row_problem,
    an_exchange,
    an_id,
    an_import,
    cut,
    judged,
)
from tests.building.cases import a_case

ENDS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "open": (a_conversation(), {}, 30 + 365),
    "challenged": (a_conversation(State.CHALLENGED, due=a_day(-350)), {}, 15),
    "answered": (a_conversation(State.ANSWERED, lapses_on=a_day(15)), {}, 15),
    "lapsed": (a_conversation(State.LAPSED, lapses_on=a_day(16)), {}, 16),
    "closed": (a_conversation(State.CLOSED, closed_on=a_day(3), lapses_on=a_day(17)), {}, 3),
    "withdrawn": (a_conversation(State.WITHDRAWN, closed_on=a_day(4)), {}, 4),
    "noted": (a_conversation(State.NOTED), {"received_at": a_moment(24 * 60)}, 16),
    "rejected": (None, {"acceptance": Acceptance.REJECTED, "received_at": a_moment()}, 0),
    "pending": (None, {}, 365),
    "pending for a year": (None, {"submitted_at": a_moment(-350 * 24 * 60)}, 15),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_exchange_is_over_on_this_day(name):
    talk, changes, day = ENDS[name]
    exchange = an_exchange(conversation=talk, **changes) if talk is not None else an_exchange(**changes)
    assert exchange.over_on == a_day(day)


def put(ledger, n, name="closed", **changes):
    talk, more, _ = ENDS[name]
    exchange = an_exchange(n, conversation=talk, **more) if talk is not None else an_exchange(n, **more)
    ledger.exchanges.add([exchange])
    ledger.messages.add([replace(judged(a_message(n), position=n), **changes)])
    return exchange.key


@pytest.mark.parametrize("name", ENDS)
def test_a_ledger_finds_it_from_the_next_day_on(ledger, name):
    key, day = put(ledger, 1, name), ENDS[name][2]
    # Of what was said on the first day, the body is not old enough on that day itself.
    for offset, expected in ((0, []), (max(day, 0), []), (max(day, 0) + 1, [key]), (max(day, 0) + 99, [key])):
        assert ledger.exchanges.over(a_day(offset), Held.BODIES, 10) == expected, offset


def test_what_is_held_is_told_apart(ledger):
    plain = put(ledger, 1)
    noted = put(ledger, 2, note=NoteKept.HELD)
    bare = put(ledger, 3, note=NoteKept.ERASED)
    put(ledger, 4, line=None)
    waits = put(ledger, 5, outcome=None)
    put(ledger, 6, note=NoteKept.HELD, line=None)
    find = ledger.exchanges.over
    assert find(a_day(9), Held.BODIES, 10) == [plain, noted, bare]
    assert find(a_day(9), Held.NOTES, 10) == [noted]
    assert find(a_day(9), Held.UNJUDGED, 10) == [waits]
    assert len(find(a_day(9), Held.BODIES, 2)) == 2


def test_an_index_is_left_alone_once_every_body_is_gone(ledger):
    put(ledger, 1)
    bare = put(ledger, 2, line=None)
    gone = put(ledger, 3, line=None)
    ledger.exchanges.forget_persons([gone])
    ledger.exchanges.add([an_exchange(4, conversation=a_conversation())])
    half = an_exchange(5, conversation=ENDS["closed"][0])
    ledger.exchanges.add([half, an_exchange(5, role=Role.ASKED, conversation=a_conversation())])
    day = ENDS["closed"][2]
    find = ledger.exchanges.over
    assert [find(a_day(max(day, 0) + more), Held.INDEXES, 10) for more in (0, 1)] == [[], [bare]]


def test_bodies_wait_while_something_newer_was_said(ledger):
    key = put(ledger, 1)
    late = judged(a_message(2, exchange=an_id(1), created_at=a_moment() + timedelta(days=20)), position=2)
    ledger.messages.add([late])
    assert [ledger.exchanges.over(a_day(day), Held.BODIES, 10) for day in (20, 21)] == [[], [key]]


def test_of_a_local_link_both_sides_must_be_over(ledger):
    asker, asked = an_exchange(1, conversation=ENDS["closed"][0]), an_exchange(1, role=Role.ASKED, conversation=a_conversation())
    ledger.exchanges.add([asker, asked])
    ledger.messages.add([judged(a_message(1))])
    assert ledger.exchanges.over(a_day(9), Held.BODIES, 10) == []
    ledger.exchanges.save([replace(asked, conversation=ENDS["closed"][0])])
    assert ledger.exchanges.over(a_day(9), Held.BODIES, 10) == sorted([asker.key, asked.key])


def test_the_index_of_a_person_goes_from_these_alone(ledger):
    gone, stays = put(ledger, 1), put(ledger, 2)
    ledger.exchanges.forget_persons([gone, ExchangeKey(1, an_id(9), Role.ASKER)])
    ledger.exchanges.forget_persons([])
    held = ledger.exchanges.load(1, Role.ASKER, [an_id(1), an_id(2)])
    assert [held[key.exchange].person_index for key in (gone, stays)] == ["", "person-2"]
    # A change like any other: who read it before must read it again. Once is enough.
    ledger.exchanges.forget_persons([gone])
    assert [ledger.exchanges.load(1, Role.ASKER, [key.exchange])[key.exchange].version for key in (gone, stays)] == [2, 1]


def test_a_note_is_kept_as_it_was_stored_and_goes_with_its_body(ledger):
    message = judged(a_message(1, note=NoteKept.HELD))
    ledger.messages.add([message, cut(a_message(2, note=NoteKept.ERASED), position=1)])
    assert ledger.messages.of_exchanges(1, [an_id(1)]) == {an_id(1): [message]}
    ledger.messages.save([replace(message, note=NoteKept.ERASED)])
    ledger.messages.erase(1, [an_id(1)])
    assert ledger.messages.of_exchanges(1, [an_id(1)])[an_id(1)] == [replace(message, line=None, note=None)]
    assert message.outcome is Outcome.ACCEPTED


def test_a_case_that_is_never_finished_is_given_up_a_year_after_it_was_opened(ledgers):
    opened = a_case(1).opened_at
    with ledgers.transaction() as ledger:
        for case in (a_case(1), replace(a_case(2), finished_at=opened + timedelta(days=300))):
            ledger.cases.add(case)
        assert [case.id for case in ledger.cases.finished_before(opened + timedelta(days=365), 10)] == [a_case(2).id]
        found = ledger.cases.finished_before(opened + timedelta(days=365, milliseconds=1), 10)
        assert {case.id for case in found} == {a_case(1).id, a_case(2).id}


def test_finished_cases_that_name_their_couple_are_found_the_first_finished_first(ledgers):
    finished = [replace(a_case(n), finished_at=a_moment(20 - n)) for n in (1, 2, 3)]
    with ledgers.transaction() as ledger:
        for case in (
            *finished,
            a_case(4),
            replace(a_case(5), cancelled_at=a_moment(), cancelled_for=WithdrawalReason.ENTERED_BY_MISTAKE),
        ):
            ledger.cases.add(case)
    with ledgers.transaction() as ledger:
        assert ledger.cases.finished_before(a_moment(19), 10, lock=True) == [finished[2], finished[1]]
        assert ledger.cases.finished_before(a_moment(99), 1) == [finished[2]]
        for case in ledger.cases.finished_before(a_moment(99), 10):
            ledger.cases.save(case.without_couple())
        assert ledger.cases.finished_before(a_moment(99), 10) == []
        kept = ledger.cases.get(finished[0].id)
    assert kept == finished[0].without_couple()
    assert not kept.names_couple


def test_what_was_told_of_rows_goes_file_by_file_and_what_became_of_them_stays(ledger):
    told = [a_row(n, problems=(a_row_problem(),)) for n in (1, 2)]
    for n, at in ((1, a_moment(1)), (2, a_moment(2)), (3, a_moment(50))):
        rows = [replace(row, import_id=an_id(n)) for row in told]
        ledger.imports.add(an_import(n, at=at), [*rows, a_row(3, import_id=an_id(n))])
    assert [ledger.imports.forget(a_moment(50), 1) for _ in range(3)] == [2, 2, 0]
    assert [len([row for row in ledger.imports.rows(an_id(n), Page()) if row.problems]) for n in (1, 2, 3)] == [0, 0, 2]
    files = {file.id: (file.filename, file.unknown_columns) for n in (1, 2, 3) if (file := ledger.imports.get(an_id(n)))}
    assert [files[an_id(n)] == ("", ()) for n in (1, 2, 3)] == [True, True, False]
    assert [(row.row, row.outcome, row.made) for row in ledger.imports.rows(an_id(1), Page())][:2] == [
        (row.row, row.outcome, row.made) for row in told
    ]
