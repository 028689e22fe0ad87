"""Signing in with a password: what opens a session, what is counted against an account, and what is told of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from adapters.signin.passwords import Passwords
from adapters.signin.signing_in import SigningIn
from exchange.auditing.event import UNKNOWN, Actor, ActorKind
from exchange.errors import NotAuthentic, Refused
from exchange.ledger import ApiKey
from exchange.signin.account import LOCKED_FOR, MOST_FAILURES, NO_SECRET
from exchange.signin.refusals import AccountLocked, CodeNeeded, SignInRefused
from exchange.signin.session import IDLE, LONGEST
from exchange.signin.totp import LOST
from exchange.verbs.signin.keep import end_account
from tests.builders import WUCHANG, a_moment
from tests.signin.conftest import LOGIN, PASSWORD, Desk

SECOND = timedelta(seconds=1)


def fail(desk: Desk, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            desk.sign_in("wrong password")


def test_the_right_password_opens_a_session_with_the_rights_of_the_accounts_key(desk: Desk):
    opened = desk.sign_in()
    known = desk.signing.session_of(opened.token)
    assert known is not None
    session, account, key = known
    assert (session, account) == (opened.session, opened.account)
    assert (session.opened_at, session.closed_at) == (a_moment(), None)
    assert key == ApiKey(
        id="key-1", secret_hash=NO_SECRET, name="张三", jurisdiction=WUCHANG, role="clerk", created_at=a_moment()
    )


@pytest.mark.parametrize("login", ["ZhangSan", " zhangsan ", "ｚｈａｎｇｓａｎ"])
def test_a_login_is_known_however_it_is_typed(desk: Desk, login: str):
    assert desk.sign_in(login=login).account.login == LOGIN


def test_the_token_is_new_each_time_and_nowhere_in_the_books(desk: Desk):
    opened = [desk.sign_in() for _ in range(3)]
    assert len({each.token for each in opened}) == len({each.session.csrf for each in opened}) == 3
    with desk.office.ledgers.transaction(read_only=True) as ledger:
        for session in ledger.accounts.sessions("key-1"):
            assert not {each.token for each in opened} & {session.id, session.csrf}
    assert all(desk.signing.session_of(each.session.id) is None for each in opened)


def _unknown(desk: Desk) -> None:
    desk.sign_in(login="lisi")


def _wrong_password(desk: Desk) -> None:
    desk.sign_in("wrong password")


def _wrong_code(desk: Desk) -> None:
    desk.sign_in(code="000000" if desk.code(desk.with_factor()) != "000000" else "111111")


def _ended(desk: Desk) -> None:
    account = desk.account
    with desk.office.ledgers.transaction() as ledger:
        end_account(ledger, account, a_moment())
    desk.sign_in()


def _signs_in_elsewhere(desk: Desk) -> None:
    desk.change(password_hash=None)
    desk.sign_in("")


@pytest.mark.parametrize("attempt", [_unknown, _wrong_password, _wrong_code, _ended, _signs_in_elsewhere])
def test_whatever_is_wrong_the_answer_is_the_same(desk: Desk, attempt):
    with pytest.raises((NotAuthentic, Refused)) as told:
        attempt(desk)
    plain = SignInRefused()
    assert type(told.value) is SignInRefused
    assert vars(told.value) == vars(plain)
    assert told.value.args == plain.args


def test_after_five_failures_nobody_signs_in_for_a_quarter_of_an_hour(desk: Desk):
    fail(desk, MOST_FAILURES - 1)
    with pytest.raises(AccountLocked):
        desk.sign_in("wrong password")
    for password in (PASSWORD, "wrong password"):
        with pytest.raises(AccountLocked):
            desk.sign_in(password)
    desk.clock.move(LOCKED_FOR - SECOND)
    with pytest.raises(AccountLocked):
        desk.sign_in()
    desk.clock.move(SECOND)
    desk.sign_in()
    assert desk.account.locked_until is None


def test_an_attempt_while_it_is_locked_does_not_lock_it_longer(desk: Desk):
    fail(desk, MOST_FAILURES - 1)
    for _ in range(9):
        with pytest.raises(AccountLocked):
            desk.sign_in("wrong password")
        desk.clock.move(LOCKED_FOR / 9)
    desk.sign_in()


def test_failures_are_forgotten_when_somebody_signs_in_and_not_before(desk: Desk):
    fail(desk, MOST_FAILURES - 1)
    desk.clock.move(timedelta(days=30))
    assert desk.account.failures == MOST_FAILURES - 1
    desk.sign_in()
    fail(desk, MOST_FAILURES - 1)
    desk.sign_in()


def test_another_account_is_not_locked_with_it(desk: Desk):
    for _ in range(9):
        with pytest.raises(SignInRefused):
            desk.sign_in(login="lisi")
    desk.sign_in()


def test_a_code_is_asked_for_only_after_the_right_password(desk: Desk):
    secret = desk.with_factor()
    fail(desk)
    with pytest.raises(CodeNeeded):
        desk.sign_in()
    desk.sign_in(code=desk.code(secret))


def test_a_code_opens_one_session(desk: Desk):
    secret = desk.with_factor()
    code = desk.code(secret)
    desk.sign_in(code=code)
    with pytest.raises(SignInRefused):
        desk.sign_in(code=code)
    with pytest.raises(SignInRefused):
        desk.sign_in(code=desk.code(secret, -1))
    desk.sign_in(code=desk.code(secret, 1))


def test_the_password_alone_does_not_take_wrong_codes_from_the_count(desk: Desk):
    secret = desk.with_factor()
    wrong = "000000" if desk.code(secret) != "000000" else "111111"
    for _ in range(MOST_FAILURES - 1):
        with pytest.raises(SignInRefused):
            desk.sign_in(code=wrong)
        with pytest.raises(CodeNeeded):
            desk.sign_in()
    with pytest.raises(AccountLocked):
        desk.sign_in(code=wrong)


def test_a_right_code_does_not_help_a_wrong_password(desk: Desk):
    secret = desk.with_factor()
    with pytest.raises(SignInRefused):
        desk.sign_in("wrong password", desk.code(secret))
    desk.sign_in(code=desk.code(secret))


def test_a_second_factor_that_was_lost_keeps_everybody_out(desk: Desk):
    desk.with_factor()
    desk.change(totp=LOST)
    with pytest.raises(CodeNeeded):
        desk.sign_in()
    with pytest.raises(SignInRefused):
        desk.sign_in(code="000000")


def test_a_password_of_older_parameters_is_hashed_anew_when_it_is_used(desk: Desk):
    before = desk.account.password_hash
    newer = Passwords(PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    desk.signing = SigningIn(desk.office, newer)
    fail(desk)
    assert desk.account.password_hash == before
    desk.sign_in()
    after = desk.account.password_hash
    assert after != before
    assert not newer.is_outdated(after or "")
    desk.sign_in()
    assert desk.account.password_hash == after


def test_a_session_ends_when_it_is_idle(desk: Desk):
    token = desk.sign_in().token
    desk.clock.move(IDLE - SECOND)
    assert desk.signing.session_of(token) is not None
    desk.clock.move(IDLE - SECOND)
    assert desk.signing.session_of(token) is not None
    desk.clock.move(IDLE)
    assert desk.signing.session_of(token) is None


def test_a_session_ends_after_twelve_hours_however_busy_it_is(desk: Desk):
    token = desk.sign_in().token
    steps = 0
    while desk.signing.session_of(token) is not None:
        desk.clock.move(timedelta(minutes=20))
        steps += 1
    assert steps * timedelta(minutes=20) == LONGEST


def test_the_use_of_a_session_is_noted_once_a_minute(desk: Desk):
    opened = desk.sign_in()

    def seen() -> timedelta:
        with desk.office.ledgers.transaction(read_only=True) as ledger:
            session = ledger.accounts.session(opened.session.id)
        assert session is not None
        return session.seen_at - a_moment()

    noted = []
    for _ in range(5):
        desk.clock.move(timedelta(seconds=40))
        assert desk.signing.session_of(opened.token) is not None
        noted.append(seen().total_seconds())
    assert noted == [0, 80, 80, 160, 160]


def test_who_reads_does_not_fail_because_the_use_cannot_be_noted(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    token = desk.sign_in().token
    desk.clock.move(timedelta(minutes=2))
    monkeypatch.setattr("adapters.memory.ledgers.BUSY_SECONDS", 0.01)
    with desk.office.ledgers.transaction():
        assert desk.signing.session_of(token) is not None


def test_who_has_signed_out_is_out(desk: Desk):
    one, other = desk.sign_in(), desk.sign_in()
    desk.signing.sign_out(one.token)
    desk.signing.sign_out(one.token)
    desk.signing.sign_out("no token")
    assert desk.signing.session_of(one.token) is None
    assert desk.signing.session_of(other.token) is not None
    assert [deed for deed, _ in desk.deeds()].count("sign-out") == 1


def test_of_an_account_that_was_closed_and_of_a_key_that_was_revoked_no_session_holds(desk: Desk):
    token = desk.sign_in().token
    with desk.office.ledgers.transaction() as ledger:
        key = ledger.access.api_key("key-1")
        assert key is not None
        ledger.access.save_api_key(replace(key, revoked_at=a_moment()))
    assert desk.signing.session_of(token) is None


def test_each_attempt_leaves_a_row_that_names_the_key_and_never_the_login(desk: Desk):
    secret = desk.with_factor()
    wrong = "000000" if desk.code(secret) != "000000" else "111111"
    for code in ("", wrong, desk.code(secret)):
        try:
            token = desk.sign_in(code=code).token
        except NotAuthentic:
            continue
    desk.signing.sign_out(token)
    fail(desk, MOST_FAILURES - 1)
    for _ in range(2):
        with pytest.raises(AccountLocked):
            desk.sign_in("wrong password")
    assert desk.deeds() == [
        ("sign-in", None),
        ("add-second-factor", None),
        ("sign-in", "code-needed"),
        ("sign-in", "sign-in-refused"),
        ("sign-in", None),
        ("sign-out", None),
        *[("sign-in", "sign-in-refused")] * (MOST_FAILURES - 1),
        ("lock-out", "account-locked"),
        ("sign-in", "account-locked"),
    ]
    for event in desk.told():
        assert event.actor == Actor(kind=ActorKind.KEY, id="key-1", role="clerk")
        assert event.subjects == ("key:key-1",)


def test_of_who_is_unknown_it_is_told_that_somebody_tried(desk: Desk):
    with pytest.raises(SignInRefused):
        desk.sign_in(login="lisi")
    (event,) = desk.told("")
    assert (event.actor, event.action, event.problem, event.subjects) == (UNKNOWN, "sign-in", "sign-in-refused", ())
    assert desk.told() == []


def test_a_flood_of_refusals_is_counted_and_not_written_row_by_row(desk: Desk):
    for _ in range(200):
        with pytest.raises(SignInRefused):
            desk.sign_in(login="lisi")
    desk.clock.move(timedelta(minutes=1))
    with pytest.raises(SignInRefused):
        desk.sign_in(login="lisi")
    events = desk.told("")
    assert len(events) < 60
    assert sum(event.count for event in events) == 201
