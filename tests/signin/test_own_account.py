"""What a person changes of the own account: the password and the second factor."""

from datetime import timedelta

import pytest

from exchange.signin.account import MOST_FAILURES
from exchange.signin.refusals import (
    AccountLocked,
    CodeNeeded,
    CodeWrong,
    PasswordElsewhere,
    PasswordUnfit,
    SecondFactorSet,
    SignedOut,
    SignInRefused,
)
from exchange.signin.totp import new_secret
from tests.signin.conftest import PASSWORD, Desk

NEW = "忽如一夜春风来 2027"


def test_a_new_password_takes_the_place_of_the_old_one_and_ends_all_other_sessions(desk: Desk):
    one, other = desk.sign_in(), desk.sign_in()
    further = desk.signing.change_password(one.token, PASSWORD, NEW)
    assert desk.signing.session_of(further.token) is not None
    # Nor does the session that it was changed in, whose token somebody may have got hold of before.
    assert {desk.signing.session_of(before.token) for before in (one, other)} == {None}
    with pytest.raises(SignInRefused):
        desk.sign_in()
    desk.sign_in(NEW)
    assert ("change-password", None) in desk.deeds()


def test_a_password_that_was_given_need_not_be_changed_again(desk: Desk):
    desk.change(must_change=True)
    opened = desk.sign_in()
    assert opened.account.must_change
    desk.signing.change_password(opened.token, PASSWORD, NEW)
    assert not desk.sign_in(NEW).account.must_change


@pytest.mark.parametrize("new", [PASSWORD, "short", "zhangsan-2026"])
def test_neither_the_old_one_nor_an_unfit_one_is_a_new_password(desk: Desk, new: str):
    opened = desk.sign_in()
    with pytest.raises(PasswordUnfit):
        desk.signing.change_password(opened.token, PASSWORD, new)
    desk.sign_in()


def test_who_holds_a_session_alone_guesses_no_password(desk: Desk):
    opened = desk.sign_in()
    for _ in range(MOST_FAILURES - 1):
        with pytest.raises(SignInRefused):
            desk.signing.change_password(opened.token, "a wrong guess", NEW)
    with pytest.raises(AccountLocked):
        desk.signing.change_password(opened.token, "a wrong guess", NEW)
    with pytest.raises(AccountLocked):
        desk.signing.change_password(opened.token, PASSWORD, NEW)


def test_nobody_changes_anything_without_a_session(desk: Desk):
    token = desk.sign_in().token
    desk.signing.sign_out(token)
    secret = new_secret()
    for deed in (
        lambda: desk.signing.change_password(token, PASSWORD, NEW),
        lambda: desk.signing.enrol_totp(token),
        lambda: desk.signing.confirm_totp(token, PASSWORD, secret, desk.code(secret)),
        lambda: desk.signing.remove_totp(token, PASSWORD, "000000"),
    ):
        with pytest.raises(SignedOut):
            deed()


def test_a_second_factor_is_there_once_a_code_and_the_password_have_confirmed_it(desk: Desk):
    one, other = desk.sign_in(), desk.sign_in()
    offered = desk.signing.enrol_totp(one.token)
    assert offered.secret in offered.uri
    right = desk.code(offered.secret)
    with pytest.raises(CodeWrong):
        desk.signing.confirm_totp(one.token, PASSWORD, offered.secret, "000000" if right != "000000" else "111111")
    with pytest.raises(CodeWrong):
        desk.signing.confirm_totp(one.token, PASSWORD, "A" * 8, desk.code("A" * 8))
    with pytest.raises(SignInRefused):
        desk.signing.confirm_totp(one.token, "a wrong guess", offered.secret, right)
    assert not desk.has_factor()
    further = desk.signing.confirm_totp(one.token, PASSWORD, offered.secret, right)
    assert desk.account.totp == offered.secret
    assert desk.signing.session_of(further.token) is not None
    assert {desk.signing.session_of(before.token) for before in (one, other)} == {None}
    with pytest.raises(SignInRefused):
        desk.sign_in(code=right)


def test_a_second_factor_is_not_replaced_by_who_does_not_have_it(desk: Desk):
    opened = desk.sign_in()
    offered = desk.signing.enrol_totp(opened.token)
    desk.with_factor()
    opened = desk.sign_in(code=desk.code(desk.account.totp or ""))
    with pytest.raises(SecondFactorSet):
        desk.signing.enrol_totp(opened.token)
    with pytest.raises(SecondFactorSet):
        desk.signing.confirm_totp(opened.token, PASSWORD, offered.secret, desk.code(offered.secret))


def test_a_second_factor_is_given_up_by_who_has_it(desk: Desk):
    secret = desk.with_factor()
    opened = desk.sign_in(code=desk.code(secret))
    desk.clock.move(timedelta(minutes=1))
    with pytest.raises(CodeNeeded):
        desk.signing.remove_totp(opened.token, PASSWORD, "")
    with pytest.raises(SignInRefused):
        desk.signing.remove_totp(opened.token, "a wrong guess", desk.code(secret))
    desk.signing.remove_totp(opened.token, PASSWORD, desk.code(secret))
    assert desk.account.totp is None
    desk.sign_in()
    assert ("remove-second-factor", None) in desk.deeds()


def test_who_signs_in_elsewhere_has_no_password_here(desk: Desk):
    token = desk.sign_in().token
    desk.change(password_hash=None)
    with pytest.raises(PasswordElsewhere):
        desk.signing.change_password(token, "", NEW)
    with pytest.raises(PasswordElsewhere):
        desk.signing.enrol_totp(token)
