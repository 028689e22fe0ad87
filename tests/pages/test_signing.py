"""Signing in, the own account, and signing out, as a browser does it."""

from datetime import timedelta

import pytest

from exchange.signin.totp import code_at, step_of
from tests.api.nodes import Neighbours
from tests.pages.support import PASSWORD, Reader, account, refusal_of, signed_in, text_of


def test_who_is_not_signed_in_is_led_to_the_page_for_it_and_back(both: Neighbours):
    account(both.wuchang)
    reader = Reader(both.wuchang)
    wanted = reader.get("/worklists/to_answer", kind="query")
    assert (wanted.status_code, wanted.url.path) == (200, "/sign-in")
    arrived = reader.sign_in(next=wanted.url.params["next"])
    assert (arrived.status_code, arrived.url.path, arrived.url.query) == (200, "/worklists/to_answer", b"kind=query")


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "evil", ""])
def test_nobody_is_led_to_another_site(both: Neighbours, next: str):
    account(both.wuchang)
    arrived = Reader(both.wuchang).sign_in(next=next)
    assert (arrived.status_code, str(arrived.url)) == (200, f"{both.wuchang.url}/")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_password_is_told_in_the_readers_language_and_the_login_is_kept(both: Neighbours, language: str):
    account(both.wuchang)
    refused = Reader(both.wuchang, language).sign_in(password="something else entirely")
    assert (refused.status_code, refusal_of(refused)) == (400, "sign-in-refused")
    assert 'value="wang"' in refused.text
    assert ("登录名、密码" in refused.text) == (language == "zh")
    assert "something else" not in refused.text


def test_the_password_that_was_given_out_is_changed_before_anything_else(both: Neighbours):
    account(both.wuchang)
    with both.wuchang.office.ledgers.transaction() as ledger:
        held = ledger.accounts.named("wang")
        assert held is not None
        ledger.accounts.save(held.with_password(held.password_hash or "", must_change=True))
    reader = Reader(both.wuchang)
    assert reader.sign_in().url.path == "/account"
    assert reader.get("/worklists/to_answer").url.path == "/account"
    told = reader.post("/account/password", password=PASSWORD, new="another long password", again="another long passw0rd")
    assert (told.status_code, refusal_of(told)) == (422, "invalid")
    reader.get("/worklists/to_answer", kind="query")
    wanted = 'name="next" value="/worklists/to_answer?kind=query"'
    assert reader.page is not None
    assert wanted in reader.page.text
    led = "/worklists/to_answer?kind=query"
    done = reader.post(
        "/account/password", password=PASSWORD, new="another long password", again="another long password", next=led
    )
    assert "密码已更改" in done.text
    assert f'<a href="{led}">继续</a>' in done.text
    assert '<a href="/">继续</a>' in reader.get("/account", done="password", next="//evil.example").text
    assert reader.get("/worklists/to_answer").url.path == "/worklists/to_answer"


def test_a_second_factor_is_turned_on_asked_for_and_turned_off(both: Neighbours):
    reader = signed_in(both.wuchang)
    page = reader.get("/account")
    secret = page.text.split('name="secret" value="')[1].split('"')[0]

    def code() -> str:
        both.wuchang.clock.move(timedelta(seconds=30))
        return code_at(secret, step_of(both.wuchang.clock.now()))

    wrong = reader.post("/account/second-factor", password=PASSWORD, secret=secret, code="000000")
    assert refusal_of(wrong) == "code-wrong"
    assert f'name="secret" value="{secret}"' in wrong.text  # the phone holds it already
    forged = reader.post("/account/second-factor", password=PASSWORD, secret="not a secret of ours", code="000000")
    assert "not a secret" not in forged.text
    assert "已启用" in reader.post("/account/second-factor", password=PASSWORD, secret=secret, code=code()).text
    another = Reader(both.wuchang)
    assert refusal_of(another.sign_in()) == "code-needed"
    assert another.sign_in(code=code()).url.path == "/"
    assert "已停用" in reader.post("/account/second-factor/removal", password=PASSWORD, code=code()).text


def test_who_signs_out_or_is_signed_out_is_out(both: Neighbours):
    here, there = signed_in(both.wuchang), Reader(both.wuchang)
    there.sign_in()
    here.get("/account")
    assert "其他登录已退出" in here.post("/account/sessions/closing").text
    assert there.get("/").url.path == "/sign-in"
    assert here.post("/sign-out").url.path == "/sign-in"
    assert here.get("/").url.path == "/sign-in"


def test_another_language_keeps_the_filter_that_was_set(both: Neighbours):
    reader = signed_in(both.wuchang)
    page = reader.get("/worklists/to_answer", kind="notice", other="110102")
    link = page.text.split('lang="en" hreflang')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    english = reader.http.get(link)
    assert (english.status_code, english.url.query) == (200, b"kind=notice&other=110102")
    assert 'value="notice" selected' in english.text


def test_the_language_is_chosen_once_and_kept(both: Neighbours):
    reader = signed_in(both.wuchang)
    assert "今天" in text_of(reader.get("/"))
    assert "Today" in text_of(reader.get("/", lang="en"))
    english = reader.get("/certificates")
    assert ('lang="en"' in english.text, "Check a certificate" in english.text) == (True, True)
