"""Accounts and their sessions."""

from dataclasses import replace
from typing import Any

import pytest

from exchange.ledger import LedgerBusy
from exchange.signin.totp import new_secret
from tests.builders import a_moment, a_session, an_account

SECRET = new_secret()
FULL = an_account(
    2,
    password_hash=None,
    must_change=True,
    subject="https://id.example 7",
    totp=SECRET,
    totp_step=58_000_000,
    failures=3,
    locked_until=a_moment(9),
)


def test_an_account_comes_back_as_it_was_added(ledgers):
    with ledgers.transaction() as ledger:
        ledger.accounts.add(FULL)
        ledger.accounts.add(an_account(1))
    with ledgers.transaction() as ledger:
        assert ledger.accounts.all() == [an_account(1), FULL]
        assert ledger.accounts.named("clerk-2") == FULL
        assert ledger.accounts.named("clerk-1", lock=True) == an_account(1)
        assert ledger.accounts.of_key("key-2", lock=True) == FULL
        assert ledger.accounts.of_subject("https://id.example 7", lock=True) == FULL
        nobody = ledger.accounts.named("x"), ledger.accounts.of_key("x"), ledger.accounts.of_subject("x")
        assert nobody == (None, None, None)


def test_an_account_comes_back_as_it_was_saved_last(ledgers):
    changes: list[dict[str, Any]] = [
        {"totp": SECRET, "totp_step": 5},
        {"totp": new_secret()},
        {"totp": None, "failures": 4, "password_hash": "y"},
    ]
    with ledgers.transaction() as ledger:
        ledger.accounts.add(an_account(1))
        ledger.accounts.add(an_account(3))
    for change in changes:
        with ledgers.transaction() as ledger:
            held = ledger.accounts.of_key("key-1", lock=True)
            ledger.accounts.save(replace(held, **change))
        with ledgers.transaction() as ledger:
            assert ledger.accounts.all() == [replace(held, **change), an_account(3)]


def test_an_account_that_was_never_added_cannot_be_saved(ledger):
    with pytest.raises(KeyError):
        ledger.accounts.save(an_account(1))


@pytest.mark.parametrize("taken", [{"key": "key-1"}, {"login": "clerk-1"}, {"subject": "https://id.example 7"}])
def test_who_comes_second_with_a_key_a_login_or_a_subject_is_told_to_come_again(ledgers, taken):
    first = an_account(1, subject="https://id.example 7")
    with ledgers.transaction() as ledger:
        ledger.accounts.add(first)
    with pytest.raises(LedgerBusy), ledgers.transaction() as ledger:
        ledger.accounts.add(an_account(2, **taken))
    with ledgers.transaction() as ledger:
        assert ledger.accounts.all() == [first]


def test_sessions_are_listed_last_opened_first(ledgers):
    sessions = [a_session(n) for n in (1, 3, 2)]
    with ledgers.transaction() as ledger:
        for session in sessions:
            ledger.accounts.open(session)
        ledger.accounts.open(a_session(4, key="key-2"))
    with ledgers.transaction() as ledger:
        assert ledger.accounts.sessions("key-1") == [a_session(3), a_session(2), a_session(1)]
        assert ledger.accounts.session(a_session(4).id) == a_session(4, key="key-2")
        assert ledger.accounts.session("x") is None


def test_a_closed_session_is_neither_used_nor_closed_again(ledgers):
    one = a_session(1)
    with ledgers.transaction() as ledger:
        ledger.accounts.open(one)
        assert not ledger.accounts.seen("x", a_moment(2))
        assert ledger.accounts.seen(one.id, a_moment(2))
        assert ledger.accounts.close(one.id, a_moment(3))
    with ledgers.transaction() as ledger:
        assert not ledger.accounts.seen(one.id, a_moment(4))
        assert not ledger.accounts.close(one.id, a_moment(4))
        assert ledger.accounts.close_all("key-1", a_moment(4)) == 0
        assert ledger.accounts.session(one.id) == replace(one, seen_at=a_moment(2), closed_at=a_moment(3))


def test_all_sessions_of_a_key_are_closed_but_the_one_that_is_kept(ledgers):
    with ledgers.transaction() as ledger:
        for n in (1, 2, 3):
            ledger.accounts.open(a_session(n))
        ledger.accounts.open(a_session(4, key="key-2"))
        assert ledger.accounts.close_all("key-1", a_moment(9), but=a_session(2).id) == 2
    with ledgers.transaction() as ledger:
        closed = [session.closed_at for session in ledger.accounts.sessions("key-1")]
        assert closed == [a_moment(9), None, a_moment(9)]
        assert ledger.accounts.session(a_session(4).id).closed_at is None


def test_sessions_that_were_opened_before_a_moment_are_forgotten(ledgers):
    with ledgers.transaction() as ledger:
        for n in (1, 2, 3):
            ledger.accounts.open(a_session(n))
        assert ledger.accounts.forget_sessions(a_moment(2)) == 1
        assert ledger.accounts.forget_sessions(a_moment(2)) == 0
        assert ledger.accounts.sessions("key-1") == [a_session(3), a_session(2)]
