"""Passwords: how they are stored, and which are refused."""

import time
from statistics import median

import pytest
from argon2 import PasswordHasher, extract_parameters

from adapters.signin.passwords import Passwords, check_new
from exchange.signin.refusals import PasswordUnfit

GOOD = "梅花香自苦寒来 2026"
LIGHT = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def test_a_password_is_stored_as_argon2id_with_the_librarys_parameters_and_never_twice_the_same():
    passwords = Passwords()
    one, two = passwords.hash(GOOD), passwords.hash(GOOD)
    assert one != two
    assert extract_parameters(one) == extract_parameters(PasswordHasher().hash("x"))
    assert one.startswith("$argon2id$")
    assert passwords.matches(one, GOOD)
    assert not passwords.matches(one, GOOD + "x")
    assert not passwords.is_outdated(one)
    assert passwords.is_outdated(LIGHT.hash(GOOD))


def test_full_width_and_composed_characters_are_the_same_password():
    passwords = Passwords(LIGHT)
    assert passwords.matches(passwords.hash("ＡＢＣ－１２３－ｅ\u0301ｆｇ"), "ABC-123-\u00e9fg")


@pytest.mark.parametrize("stored", [None, "", "x", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"])
@pytest.mark.parametrize("password", ["", GOOD, "x" * 100_000, "\ud800"])
def test_where_there_is_no_password_none_is_right(stored: str | None, password: str):
    assert not Passwords(LIGHT).matches(stored, password)


def test_who_is_unknown_is_refused_after_the_same_work():
    passwords = Passwords()
    stored = passwords.hash(GOOD)

    # Of all threads: Argon2 has four.
    def seconds(what: str | None) -> float:
        began = time.process_time()
        passwords.matches(what, "wrong")
        return time.process_time() - began

    known, unknown = (median(seconds(what) for _ in range(5)) for what in (stored, None))
    assert 0.5 < unknown / known < 2


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevencharx",
        "x" * 129,
        "abababababab",
        "password1234",
        "Pass-word-1234",
        "123456789012",
        "zhangsan2026",
        "ZhangSan-ZhangSan",
        "zhang_san!2026",
        "ｑｗｅｒｔｙｕｉｏｐ１２",
        "good enough\x00but",
    ],
)
def test_what_is_tried_first_is_refused(password: str):
    with pytest.raises(PasswordUnfit):
        check_new(password, "zhangsan")


@pytest.mark.parametrize(
    "password", [GOOD, "twelve chars", "correct horse battery", "zhangsan mag Pflaumenblüten", "李" * 9 + "白杜甫王维"]
)
def test_any_other_is_taken_without_rules_of_composition(password: str):
    check_new(password, "zhangsan")
