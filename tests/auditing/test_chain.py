"""Whatever is changed, taken out, put in, swapped or cut off in a chain is found, and said where."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange.auditing.chain import ChainHead, digest_of, extend, read_row_id, row_id
from exchange.auditing.event import MOST_SUBJECTS, Actor, ActorKind, AuditEvent
from exchange.auditing.verifying import Fault, FaultKind, Mark, check_chain, check_index
from exchange.codes import Purpose
from exchange.moments import civil_day
from tests.builders import XICHENG
from tests.building.auditing import CLERK, a_chain, an_event

DAYS = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def faults(head, rows, marks=()):
    return list(check_chain(head, rows, marks))


def places(head, rows, marks=()):
    return [(fault.kind, fault.day, fault.sequence) for fault in faults(head, rows, marks)]


def marks_of(rows, said_by=""):
    ends = {row.day: row for row in rows}
    return [Mark(day=row.day, rows=row.sequence, digest=row.digest, said_by=said_by) for row in ends.values()]


@given(DAYS)
def test_a_chain_that_nobody_touched_holds(days):
    head, rows = a_chain(*days)
    assert faults(head, rows, marks_of(rows)) == []
    assert [row.sequence for row in rows] == [n for count in days for n in range(1, count + 1)]


CHANGES = {
    "at": lambda event: event.at + timedelta(milliseconds=1),
    "jurisdiction": lambda event: "420106",
    "actor": lambda event: replace(event.actor, id="k2"),
    "action": lambda event: "list_entries",
    "purpose": lambda event: Purpose.BENEFIT,
    "problem": lambda event: "forbidden",
    "subjects": lambda event: (),
    "shown": lambda event: ("person", "children"),
    "masked": lambda event: True,
    "count": lambda event: event.count + 1,
}


def test_every_part_of_an_event_is_in_its_digest():
    assert CHANGES.keys() == {field.name for field in fields(AuditEvent)}


@given(DAYS, st.sampled_from(sorted(CHANGES)), st.data())
def test_a_changed_row_is_found_where_it_stands(days, part, data):
    head, rows = a_chain(*days)
    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    rows[place] = replace(row, event=replace(row.event, **{part: CHANGES[part](row.event)}))
    assert places(head, rows) == [(FaultKind.CHANGED, row.day, row.sequence)]


@given(DAYS, st.sampled_from([Actor(kind=ActorKind.JOB, id="k1", role="clerk"), replace(CLERK, role="system")]), st.data())
def test_so_is_a_changed_actor(days, other, data):
    head, rows = a_chain(*days)
    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    rows[place] = replace(row, event=replace(row.event, actor=other))
    assert places(head, rows) == [(FaultKind.CHANGED, row.day, row.sequence)]


@given(DAYS, st.data())
def test_a_row_that_was_changed_with_its_digest_shows_at_the_next_one_or_at_the_end(days, data):
    head, rows = a_chain(*days)
    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    event = replace(row.event, action="list_entries")
    rows[place] = replace(row, event=event, digest=digest_of(event, row.day, row.sequence, row.previous))
    if place + 1 < len(rows):
        after = rows[place + 1]
        assert places(head, rows) == [(FaultKind.UNLINKED, after.day, after.sequence)]
    else:
        assert places(head, rows) == [(FaultKind.CUT_OFF, row.day, row.sequence)]


@given(DAYS, st.data())
def test_a_row_that_is_taken_out_is_found_at_its_place(days, data):
    head, rows = a_chain(*days)
    gone = rows.pop(data.draw(st.integers(0, len(rows) - 1)))
    found = places(head, rows)
    assert found
    kind, day, sequence = found[0]
    if kind is FaultKind.MISSING:
        assert (day, sequence) == (gone.day, gone.sequence)
    elif kind is FaultKind.UNLINKED:  # it was the only one of its day, and the next day no longer goes on from it
        assert day > gone.day
        assert sequence == 1
    else:
        assert (kind, day, sequence) == (FaultKind.CUT_OFF, head.day, head.sequence)
        assert gone.digest == head.digest


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.data())
def test_a_day_that_is_taken_out_is_found(days, data):
    head, rows = a_chain(*days)
    ends = sorted({row.day for row in rows})
    gone = data.draw(st.sampled_from(ends))
    left = [row for row in rows if row.day != gone]
    assert faults(head, left) != []
    assert (FaultKind.NOT_AS_SIGNED, gone, 1) in places(head, left, marks_of(rows))


@given(DAYS, st.data())
def test_a_row_that_is_put_in_is_found(days, data):
    head, rows = a_chain(*days)
    place = data.draw(st.integers(0, len(rows) - 1))
    before = rows[place]
    event = replace(before.event, action="put_in")
    sequence = before.sequence + 1
    forged = digest_of(event, before.day, sequence, before.digest)
    rows.insert(place + 1, replace(before, event=event, sequence=sequence, previous=before.digest, digest=forged))
    found = places(head, rows)
    assert found
    assert found[0][1] >= before.day


@given(DAYS, st.data())
def test_two_rows_that_change_places_are_found(days, data):
    head, rows = a_chain(*days)
    assume(len(rows) > 1)
    one, other = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=2, max_size=2)))
    events = rows[one].event, rows[other].event
    assume(events[0] != events[1])
    rows[one], rows[other] = replace(rows[one], event=events[1]), replace(rows[other], event=events[0])
    assert {place[1:] for place in places(head, rows)} == {(rows[at].day, rows[at].sequence) for at in (one, other)}


@given(DAYS, st.data())
def test_a_tail_that_is_cut_off_with_its_head_is_found_by_what_was_signed(days, data):
    _, rows = a_chain(*days)
    kept = data.draw(st.integers(0, len(rows) - 1))
    left, cut = rows[:kept], rows[kept]
    end = left[-1] if left else None
    head = ChainHead(jurisdiction=XICHENG)
    if end is not None:
        head = replace(head, day=end.day, sequence=end.sequence, digest=end.digest)
    assert places(head, left) == [], "without a mark nothing shows it"
    found = faults(head, left, marks_of(rows))
    assert {fault.kind for fault in found} == {FaultKind.NOT_AS_SIGNED}
    assert found[0].day == cut.day


@given(DAYS, st.data())
def test_a_chain_that_is_rewritten_from_some_row_on_is_found_by_what_partners_hold(days, data):
    _, rows = a_chain(*days)
    place = data.draw(st.integers(0, len(rows) - 1))
    events = [row.event for row in rows]
    events[place] = replace(events[place], action="list_entries")
    forged_head, forged = extend(ChainHead(jurisdiction=XICHENG), events)
    assert faults(forged_head, forged, marks_of(forged)) == [], "signed anew it holds in itself"
    found = faults(forged_head, forged, marks_of(rows, said_by="wuchang.example"))
    assert {fault.kind for fault in found} == {FaultKind.NOT_AS_WITNESSED}
    assert found[0].day == rows[place].day
    assert "wuchang.example" in found[0].detail


@pytest.mark.parametrize(("drop", "add"), [(True, False), (False, True)])
def test_an_index_that_hides_or_invents_a_row_is_found(drop, add):
    _, rows = a_chain(2, 1)
    index = [((row.day, row.sequence), frozenset(row.event.subjects)) for row in rows]
    assert list(check_index(XICHENG, rows, index)) == []
    if drop:
        place, _ = index.pop(1)
    if add:
        place = (rows[0].day, 7)
        index.insert(2, (place, frozenset({"person:x"})))
    found = list(check_index(XICHENG, rows, index))
    assert [(fault.kind, fault.day, fault.sequence) for fault in found] == [(FaultKind.INDEX, *place)]


def test_nothing_is_added_to_a_day_that_was_signed_or_is_over():
    head, rows = a_chain(1, 1)
    _, late = extend(head, [an_event(9)])
    assert (late[0].day, late[0].sequence) == (rows[-1].day, 2)
    _, closed = extend(replace(head, closed=head.day), [an_event(9)])
    assert (closed[0].day, closed[0].sequence) == (rows[-1].day + timedelta(days=1), 1)


def test_a_request_about_thousands_becomes_several_rows():
    event = an_event(subjects=tuple(f"entry:{n}" for n in range(MOST_SUBJECTS + 5)), count=MOST_SUBJECTS + 5)
    assert [(len(part.subjects), part.count) for part in event.parts()] == [(MOST_SUBJECTS, MOST_SUBJECTS), (5, 5)]


def test_an_id_names_a_place_and_sorts_as_the_chain():
    day = civil_day(an_event().at)
    ids = [row_id(XICHENG, day, n) for n in (9, 10, 100)]
    assert sorted(ids) == ids
    assert [read_row_id(each)[2] for each in ids] == [9, 10, 100]
    assert read_row_id(row_id("", day, 1)) == ("", day, 1)


def test_a_chain_of_another_county_does_not_pass_for_this_one():
    head, rows = a_chain(2, jurisdiction="420106")
    found = faults(replace(head, jurisdiction=XICHENG), rows)
    assert [fault.kind for fault in found] == [FaultKind.CHANGED] * 2


def test_a_fault_says_where():
    head, rows = a_chain(3)
    del rows[1]
    day = rows[0].day
    assert faults(head, rows) == [
        Fault(kind=FaultKind.MISSING, jurisdiction=XICHENG, day=day, sequence=2, detail="row 2 comes next, row 3 is there")
    ]


def test_who_acted_is_told_without_a_secret():
    assert Actor(kind=ActorKind.KEY, id="k1", role="clerk") == an_event().actor
