"""One-time codes: RFC 6238's own, and when one is taken."""

import base64
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exchange.moments import from_milliseconds
from exchange.signin.totp import LOST, code_at, is_secret, matching_step, new_secret, provisioning_uri, step_of
from tests.builders import a_moment

RFC = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B, SHA-1: the last six of eight digits.
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
steps = some.integers(min_value=1, max_value=10**9)


@pytest.mark.parametrize(("seconds", "code"), VECTORS.items())
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str):
    now = from_milliseconds(seconds * 1000)
    assert step_of(now) == seconds // 30
    assert code_at(RFC, seconds // 30) == code[2:]
    assert matching_step(RFC, code[2:], now, 0) == seconds // 30


@given(step=steps, off=some.integers(min_value=-4, max_value=4))
def test_a_code_is_taken_half_a_minute_early_or_late_and_no_more(step: int, off: int):
    now = from_milliseconds((step + 10) * 30_000)
    here = step + 10
    code = code_at(RFC, here + off)
    near = {code_at(RFC, here + n) for n in (-1, 0, 1)}
    assert (matching_step(RFC, code, now, 0) is not None) is (code in near)


@given(step=steps, used=some.integers(min_value=-2, max_value=2))
def test_no_code_is_taken_twice_nor_after_a_later_one(step: int, used: int):
    now = from_milliseconds((step + 10) * 30_000)
    here = step + 10
    found = matching_step(RFC, code_at(RFC, here), now, here + used)
    assert found is None or found > here + used


def test_a_code_is_read_however_it_is_typed():
    now = a_moment()
    code = code_at(RFC, step_of(now))
    for typed in (code, f"{code[:3]} {code[3:]}", "".join(chr(ord(digit) + 0xFEE0) for digit in code)):
        assert matching_step(RFC, typed, now, 0) == step_of(now)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "-12345", "１２３４５", "٣٤٥٦٧٨"])
def test_what_is_no_code_matches_nothing(code: str):
    assert matching_step(RFC, code, a_moment(), 0) is None


def test_of_a_secret_that_was_lost_no_code_is_right():
    now = a_moment()
    assert matching_step(LOST, code_at(LOST, step_of(now)), now, 0) is None
    assert not is_secret(LOST)


def test_secrets_differ_and_have_as_many_bits_as_the_hash():
    secrets = {new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(is_secret(secret) and len(base64.b32decode(secret)) == 20 for secret in secrets)


def test_an_app_reads_the_secret_the_login_and_who_it_is_for():
    uri = urlsplit(provisioning_uri(RFC, "zhangsan", "武昌区 & co"))
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/武昌区 & co:zhangsan")
    assert parse_qs(uri.query) == {"secret": [RFC], "issuer": ["武昌区 & co"], "digits": ["6"], "period": ["30"]}
    assert matching_step(RFC, code_at(RFC, step_of(a_moment())), a_moment() + timedelta(minutes=2), 0) is None
