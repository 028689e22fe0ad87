"""Local callers, remembered answers, job runs, findings and tidying."""

from dataclasses import replace

import pytest

from exchange.cursors import BadCursor, finding_cursor
from exchange.ledger import DailyRun, LedgerBusy, Page
from exchange.work.daily import Deed
from tests.builders import a_day, a_finding, a_moment, an_answer, an_api_key
from tests.ledger.support import in_pages


def test_a_key_comes_back_as_it_was_saved_last(ledgers):
    revoked = an_api_key(1, revoked_at=a_moment(9))
    with ledgers.transaction() as ledger:
        ledger.access.save_api_key(an_api_key(2))
        ledger.access.save_api_key(an_api_key(1))
    with ledgers.transaction() as ledger:
        assert ledger.access.api_keys() == [an_api_key(1), an_api_key(2)]
        ledger.access.save_api_key(revoked)
    with ledgers.transaction() as ledger:
        assert ledger.access.api_keys() == [revoked, an_api_key(2)]
        assert ledger.access.api_key("key-1") == revoked
        assert ledger.access.api_key("key-9") is None


def test_an_answer_is_remembered_for_its_caller_and_key(ledgers):
    with ledgers.transaction() as ledger:
        ledger.access.remember(an_answer(1))
    with ledgers.transaction() as ledger:
        assert ledger.access.remembered("key-1", "idempotency-1") == an_answer(1)
        assert ledger.access.remembered("key-1", "idempotency-2") is None
        assert ledger.access.remembered("key-2", "idempotency-1") is None


def test_two_callers_may_use_the_same_idempotency_key(ledger):
    theirs = an_answer(1, caller="key-2", body=b"")
    ledger.access.remember(an_answer(1))
    ledger.access.remember(theirs)
    assert ledger.access.remembered("key-1", "idempotency-1") == an_answer(1)
    assert ledger.access.remembered("key-2", "idempotency-1") == theirs


def test_who_answers_a_key_a_second_time_is_told_to_come_again(ledgers):
    with ledgers.transaction() as ledger:
        ledger.access.remember(an_answer(1))
    with pytest.raises(LedgerBusy), ledgers.transaction() as ledger:
        ledger.access.remember(an_answer(1, status=409))
    with ledgers.transaction() as ledger:
        assert ledger.access.remembered("key-1", "idempotency-1") == an_answer(1)


def test_a_job_is_claimed_once_for_a_business_day(ledgers):
    with ledgers.transaction() as ledger:
        assert ledger.chores.claim_run("remind", a_day(1), a_moment(1))
        assert not ledger.chores.claim_run("remind", a_day(1), a_moment(2))
    with ledgers.transaction() as ledger:
        assert not ledger.chores.claim_run("remind", a_day(1), a_moment(3))
        assert ledger.chores.claim_run("remind", a_day(2), a_moment(3))
        assert ledger.chores.claim_run("tidy", a_day(1), a_moment(3))
        ledger.chores.finish_run("remind", a_day(1), a_moment(4), "12 reminded")
    with ledgers.transaction() as ledger:
        assert not ledger.chores.claim_run("remind", a_day(1), a_moment(5))


def test_the_runs_since_a_day_are_listed_the_latest_first(ledger):
    for job, day in (("remind", 1), ("tidy", 2), ("remind", 2), ("remind", 0)):
        assert ledger.chores.claim_run(job, a_day(day), a_moment(day))
    ledger.chores.finish_run("remind", a_day(1), a_moment(4), "12 reminded")
    assert ledger.chores.runs(a_day(1)) == [
        DailyRun("remind", a_day(2), a_moment(2), None, None),
        DailyRun("tidy", a_day(2), a_moment(2), None, None),
        DailyRun("remind", a_day(1), a_moment(1), a_moment(4), "12 reminded"),
    ]


def test_a_claim_that_was_rolled_back_is_free_again(ledgers):
    with pytest.raises(ZeroDivisionError), ledgers.transaction() as ledger:
        _ = ledger.chores.claim_run("remind", a_day(1), a_moment(1)) and 1 / 0
    with ledgers.transaction() as ledger:
        assert ledger.chores.claim_run("remind", a_day(1), a_moment(2))


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_findings_are_listed_newest_first_page_by_page_through_ties(ledger, limit):
    findings = {n: a_finding(n, at=a_moment(at)) for n, at in ((1, 5), (2, 9), (3, 5), (4, 5), (5, 1))}
    ledger.chores.add_findings([findings[n] for n in (4, 1, 5)])
    ledger.chores.add_findings([])
    ledger.chores.add_findings([replace(findings[2], partner=None), findings[3]])
    pages = in_pages(ledger.chores.findings, finding_cursor, limit)
    found = [finding for page in pages for finding in page]
    assert found == [replace(findings[2], partner=None), *(findings[n] for n in (4, 3, 1, 5))]


def test_a_cursor_that_no_page_gave_is_refused(ledger):
    with pytest.raises(BadCursor):
        ledger.chores.findings(Page(after="x"))


def test_forgetting_takes_answers_and_assertions_that_are_older_and_counts_them(ledgers):
    with ledgers.transaction() as ledger:
        for n in (1, 2, 3):
            ledger.access.remember(an_answer(n))
            ledger.partners.use_assertion("a.example", f"jti-{n}", a_moment(n + 10))
    with ledgers.transaction() as ledger:
        assert ledger.chores.forget(answers_before=a_moment(3), assertions_before=a_moment(12)) == 3
        assert ledger.chores.forget(answers_before=a_moment(3), assertions_before=a_moment(12)) == 0
    with ledgers.transaction() as ledger:
        left = [ledger.access.remembered("key-1", f"idempotency-{n}") for n in (1, 2, 3)]
        assert left == [None, None, an_answer(3)]
        free = [ledger.partners.use_assertion("a.example", f"jti-{n}", a_moment(20)) for n in (1, 2, 3)]
        assert free == [True, False, False]


def test_a_finding_that_is_found_again_stays_as_it_was_first_found(ledger):
    ledger.chores.add_findings([a_finding(1)])
    ledger.chores.add_findings([replace(a_finding(1), detail="again"), a_finding(2)])
    assert {finding.id: finding for finding in ledger.chores.findings(Page())} == {
        each.id: each for each in (a_finding(1), a_finding(2))
    }


def test_deeds_are_counted_by_caller_day_and_kind_and_forgotten_by_day(ledgers):
    with ledgers.transaction() as ledger:
        count = ledger.access.count
        assert [count("key-1", a_day(), Deed.QUERIES, times) for times in (1, 2, 0)] == [1, 3, 3]
        assert count("key-2", a_day(), Deed.QUERIES, 1) == 1
        assert count("key-1", a_day(), Deed.PERSONS, 4) == 4
    with ledgers.transaction() as ledger:
        assert ledger.access.count("key-1", a_day(1), Deed.QUERIES, 5) == 5
        assert ledger.access.forget_counts(a_day(1)) == 3
        assert [ledger.access.count("key-1", a_day(day), Deed.QUERIES, 0) for day in (0, 1)] == [0, 5]


def test_answers_in_which_a_word_stands_are_forgotten(ledger):
    for n, body in enumerate((b'{"id":"one"}', b'{"id":"two"}')):
        ledger.access.remember(an_answer(key=f"key-{n}", body=body))
    assert ledger.access.forget_naming([]) == 0
    assert ledger.access.forget_naming([b"one", b"three"]) == 1
    assert [ledger.access.remembered(an_answer().caller, f"key-{n}") is None for n in range(2)] == [True, False]
