"""Rules, days, escalations and troubles come back as they were stored, on every ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.clocks.troubles import TroubleKind
from exchange.codes import Role
from exchange.cursors import escalation_cursor, trouble_cursor
from exchange.exchanges import ExchangeKey
from exchange.ledger import Page, UnfinishedRun
from exchange.terms.rulebook import RulesKind
from tests.builders import (
    WUCHANG,
    XICHENG,
    YUYANG,
    a_day,
    a_loaded_day,
    a_moment,
    a_rules_file,
    a_rules_use,
    a_trouble,
    an_escalation,
    an_id,
)
from tests.ledger.support import TAKEN, in_pages


def test_what_was_added_comes_back_whole_and_the_stamp_grows_with_each(ledgers):
    house = a_rules_file(1, kind=RulesKind.HOUSE)
    files, uses = [a_rules_file(2), a_rules_file(1), house], [a_rules_use(2), a_rules_use(1)]
    days = [a_loaded_day(3), a_loaded_day(1, name=None), a_loaded_day(1, known_at=a_moment(9))]
    stamps = []
    with ledgers.transaction() as ledger:
        stamps.append(ledger.norms.stamp())
        for file in files:
            ledger.norms.add_file(file)
            stamps.append(ledger.norms.stamp())
        for use in uses:
            ledger.norms.add_use(use)
            stamps.append(ledger.norms.stamp())
        ledger.norms.add_days(days)
        ledger.norms.add_days([])
        stamps.append(ledger.norms.stamp())
    assert stamps == [0, 1, 2, 3, 4, 5, 8]
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.norms.files() == [house, a_rules_file(1), a_rules_file(2)]
        assert ledger.norms.uses() == uses
        assert ledger.norms.days() == [days[1], days[0], days[2]]


def test_a_version_is_added_once(ledgers):
    with ledgers.transaction() as ledger:
        ledger.norms.add_file(a_rules_file(1))
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.norms.add_file(a_rules_file(1, content="{}"))


def test_escalations_are_listed_newest_first_by_county_place_and_standing(ledger):
    theirs = an_escalation(2, own=YUYANG)
    above = an_escalation(3, to="110000", stays=False, due=None)
    over = an_escalation(4, resolved_at=a_moment(9), acknowledged_at=a_moment(8))
    ledger.escalations.add([an_escalation(1), theirs, above, over])
    mine = frozenset({XICHENG, WUCHANG})

    def find(**wanted):
        return ledger.escalations.find(mine, Page(), **{"to": None, "resolved": None, **wanted})

    assert find() == [over, above, an_escalation(1)]
    assert find(to=XICHENG) == [over, an_escalation(1)]
    assert find(to=XICHENG, resolved=False) == [an_escalation(1)]
    assert find(resolved=True) == [over]
    pages = in_pages(lambda page: ledger.escalations.find(mine, page, to=None, resolved=None), escalation_cursor, 2)
    assert pages == [[over, above], [an_escalation(1)]]
    assert ledger.escalations.get(an_id(3)) == above
    assert ledger.escalations.get(an_id(9)) is None


def test_the_latest_step_that_stands_is_found_and_all_steps_are_resolved_together(ledger):
    key = an_escalation(1).key
    first, second = an_escalation(1, acknowledged_at=a_moment(5)), an_escalation(2, key=key, level=2, to="110000")
    other_side = an_escalation(3, key=ExchangeKey(key.link, key.exchange, Role.ASKED))
    ledger.escalations.add([replace(first, acknowledged_at=None), second, other_side])
    ledger.escalations.save(first)
    assert ledger.escalations.standing([key.exchange, an_id(8)]) == {key: second, other_side.key: other_side}
    assert ledger.escalations.resolve([key], a_moment(7)) == 2
    assert ledger.escalations.resolve([key], a_moment(8)) == 0
    assert ledger.escalations.standing([key.exchange]) == {other_side.key: other_side}
    assert ledger.escalations.get(an_id(1)) == replace(first, resolved_at=a_moment(7))
    with pytest.raises(KeyError):
        ledger.escalations.save(an_escalation(9))


def test_trouble_begins_once_and_ends_once(ledger):
    first, again = a_trouble(1), a_trouble(2)
    assert ledger.troubles.begin(first)
    assert not ledger.troubles.begin(again)
    clock = a_trouble(3, kind=TroubleKind.CLOCK_OFF)
    assert ledger.troubles.begin(clock)
    assert ledger.troubles.lasting() == [clock, first]
    assert ledger.troubles.end(first.symptom, a_moment(5))
    assert not ledger.troubles.end(first.symptom, a_moment(6))
    assert ledger.troubles.begin(again)
    assert ledger.troubles.lasting() == [clock, again]
    ended = replace(first, ended_at=a_moment(5))
    assert in_pages(ledger.troubles.find, trouble_cursor, 2) == [[clock, again], [ended]]


def test_something_is_told_once_for_each_exchange_and_day(ledger):
    key = an_escalation(1).key
    other_side = key._replace(role=Role.ASKED)
    told = [("due", key, 1), ("due", key, 1), ("due", key, 2), ("lapsing", key, 1), ("due", other_side, 1), ("due", key, 2)]
    claimed = [ledger.notifications.claim(what, of, a_day(day)) for what, of, day in told]
    assert claimed == [True, False, True, True, True, False]


def test_a_run_that_was_begun_and_not_finished_is_told(ledger):
    for day, finished in ((1, False), (2, True), (3, False)):
        ledger.chores.claim_run("remind", a_day(day), a_moment(day))
        if finished:
            ledger.chores.finish_run("remind", a_day(day), a_moment(day), "done")
    ledger.chores.claim_run("escalate", a_day(3), a_moment(4))
    assert ledger.chores.unfinished(a_day(2)) == [
        UnfinishedRun("escalate", a_day(3), a_moment(4)),
        UnfinishedRun("remind", a_day(3), a_moment(3)),
    ]
    assert [run.business_date for run in ledger.chores.unfinished(a_day(3) - timedelta(days=9))][1:] == [a_day(1), a_day(3)]
