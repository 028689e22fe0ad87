"""Every ledger puts exactly those exchanges on a list that the definition names, in its order, page by page."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest

from exchange.codes import Event, Kind, Purpose, Role, UrgentReason
from exchange.conversation import State
from exchange.cursors import BadCursor, work_cursor
from exchange.errors import Retry
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import Page
from exchange.wire.batch import WireProblem
from exchange.work.worklists import WorkFilter, Worklist, belongs, place_on
from tests.builders import WUCHANG, XICHENG, YUYANG, a_conversation, a_day, a_moment, an_entry, an_exchange, an_id
from tests.ledger.support import in_pages

NOW = a_moment(20 * 24 * 60)  # 22 March, so that answers of the first days have lapsed
TOWNSHIP = "420106001"
WANTED = WorkFilter.at(frozenset({WUCHANG, XICHENG}), NOW)
NARROWED: dict[str, dict[str, Any]] = {
    "everything": {},
    "kind": {"kind": Kind.NOTICE},
    "event": {"event": Event.BIRTH},
    "purpose": {"purpose": Purpose.BENEFIT},
    "urgent": {"urgent": True},
    "not urgent": {"urgent": False},
    "other": {"other": YUYANG},
    "township": {"township": TOWNSHIP},
    "unassigned": {"township": "unassigned"},
    "link": {"link": 2},
    "several": {"kind": Kind.QUERY, "link": 1, "urgent": False},
}


def every_exchange():
    """One of each kind that the lists tell apart, and of each that the filters do."""
    made: list[Exchange] = []
    for role, state, paired, in_hand, late in product(Role, State, (True, False), (True, False), (True, False)):
        talk = a_conversation(state, due=a_day(10 if late else 30), fed_back_at=a_moment(), lapses_on=a_day(len(made) * 7 % 40))
        n = len(made) + 1
        made.append(
            an_exchange(
                n,
                role=role,
                conversation=talk,
                link=1 + n % 2,
                received_at=a_moment(n % 20 * 24 * 60) if n % 6 else None,
                clerk="k1" if n % 4 == 0 else None,
                paired_at=a_moment(n) if paired else None,
                handled_by=TOWNSHIP if in_hand and role is Role.ASKED else None,
                kind=Kind.NOTICE if n % 3 else Kind.QUERY,
                event=(Event.BIRTH if n % 2 else Event.MARRIAGE) if n % 3 else None,
                purpose=Purpose.BENEFIT if n % 5 == 0 else Purpose.PUBLIC_SERVICE,
                urgent=UrgentReason.APPOINTMENT if n % 7 == 0 else None,
                other=YUYANG if n % 11 == 0 else XICHENG,
                **({"own": "610802"} if n % 13 == 0 else {}),
            )
        )
    return made


def rejected(n, retry=Retry.CORRECTED, **changes):
    problem = WireProblem(type="urn:woshou:problem:invalid", title="有误", detail="wrong", retry=retry)
    return an_exchange(n, **{"acceptance": Acceptance.REJECTED, "problem": problem, **changes})


def expected(exchanges, worklist, wanted):
    found = [e for e in exchanges if wanted.fits(e) and belongs(worklist, e, wanted.today)]
    return sorted(found, key=lambda e: (place_on(worklist, e), e.key.exchange))


@pytest.mark.parametrize("narrowed", NARROWED.values(), ids=NARROWED.keys())
def test_a_list_holds_what_its_definition_names_and_the_counts_are_the_lists(ledger, narrowed):
    exchanges = [*every_exchange(), rejected(900), rejected(901, Retry.LATER), rejected(902, problem=None)]
    ledger.exchanges.add(exchanges)
    wanted = replace(WANTED, **narrowed)
    counts = ledger.worklists.counts(wanted)
    for worklist in Worklist:
        pages = in_pages(
            partial(ledger.worklists.page, worklist, wanted),
            partial(work_cursor, worklist),
            4,
        )
        found = [each for page in pages for each in page]
        assert found == expected(exchanges, worklist, wanted)
        assert counts[worklist] == len(found)


@pytest.mark.parametrize(("days", "purpose"), [(89, Purpose.BIRTH_REGISTRATION), (90, Purpose.PUBLIC_SERVICE)])
def test_a_birth_registration_is_found_by_what_it_is_shown_as(ledger, days, purpose):
    ledger.exchanges.add([rejected(1, purpose=Purpose.BIRTH_REGISTRATION, received_at=NOW - timedelta(days=days))])
    found = [
        each
        for each in Purpose
        if ledger.worklists.page(Worklist.TO_MEND, replace(WANTED, purpose=each), Page())
        and ledger.worklists.counts(replace(WANTED, purpose=each))[Worklist.TO_MEND]
    ]
    assert found == [purpose]


def test_each_list_has_something_to_show(ledger):
    ledger.exchanges.add([*every_exchange(), rejected(900)])
    assert all(ledger.worklists.counts(WANTED).values())


def test_late_answers_are_counted_by_partner(ledger):
    exchanges = every_exchange()
    ledger.exchanges.add(exchanges)
    late = [each.key.link for each in expected(exchanges, Worklist.AWAITED, WANTED)]
    assert dict(ledger.worklists.late_by_link(WANTED)) == Counter(late)


def test_what_was_submitted_again_need_not_be_mended(ledger):
    first = rejected(1)
    ledger.exchanges.add([first])
    others: list[dict[str, Any]] = [
        {"other": YUYANG},
        {"kind": Kind.NOTICE},
        {"event": Event.BIRTH},
        {"purpose": Purpose.BENEFIT},
        {"person_index": "another"},
        {"submitted_at": a_moment(-5)},
        {"role": Role.ASKED, "own": first.own, "other": first.other},
    ]
    for n, other in enumerate(others, 10):
        ledger.exchanges.add([an_exchange(n, **{"person_index": first.person_index, **other})])
    assert ledger.worklists.page(Worklist.TO_MEND, WANTED, Page()) == [first]
    again = an_exchange(99, person_index=first.person_index)
    ledger.exchanges.add([again])
    assert ledger.worklists.page(Worklist.TO_MEND, WANTED, Page()) == []
    ledger.exchanges.save([replace(again, acceptance=Acceptance.REJECTED)])
    assert ledger.worklists.page(Worklist.TO_MEND, WANTED, Page()) == [replace(again, acceptance=Acceptance.REJECTED)]


def test_a_page_goes_on_after_its_place_though_rows_have_left_the_list(ledger):
    ledger.exchanges.add(
        [an_exchange(n, role=Role.ASKED, conversation=a_conversation(due=a_day(30 + n % 3))) for n in range(1, 10)]
    )
    first = ledger.worklists.page(Worklist.TO_ANSWER, WANTED, Page(limit=4))
    done = [replace(each, conversation=replace(each.conversation, state=State.CLOSED)) for each in first]
    ledger.exchanges.save(done)
    rest = ledger.worklists.page(Worklist.TO_ANSWER, WANTED, Page(after=work_cursor(Worklist.TO_ANSWER, first[-1])))
    assert len({each.key for each in (*first, *rest)}) == 9
    assert ledger.worklists.page(Worklist.TO_ANSWER, WANTED, Page()) == rest


@pytest.mark.parametrize("cursor", ["x", "2026-03-02", "000000000000001~a~0000000001", "2026-03-02~a~1", "9" * 300])
def test_a_cursor_of_another_list_is_refused(ledger, cursor):
    with pytest.raises(BadCursor):
        ledger.worklists.page(Worklist.TO_ANSWER, WANTED, Page(after=cursor))


def test_whose_counties_are_none_sees_nothing(ledger):
    ledger.exchanges.add(every_exchange())
    nobody = WorkFilter.at(frozenset(), NOW)
    assert set(ledger.worklists.counts(nobody).values()) == {0}
    assert all(ledger.worklists.page(worklist, nobody, Page()) == [] for worklist in Worklist)


def test_the_townships_of_entries_are_found_for_many_at_once(ledger):
    ledger.entries.add([an_entry(1, township="110102001"), an_entry(2), an_entry(3, township="110102003")])
    found = ledger.entries.townships([an_id(1), an_id(2), an_id(3), an_id(4)])
    assert dict(found) == {an_id(1): "110102001", an_id(3): "110102003"}
    assert dict(ledger.entries.townships([])) == {}
