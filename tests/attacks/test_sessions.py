"""Somebody else's session: fixed beforehand, kept, guessed or ridden on; and where signing in leads."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.node_document import NodeDocuments
from exchange.signin.account import LOCKED_FOR, MOST_FAILURES
from exchange.signin.session import IDLE, LONGEST
from tests.api.nodes import PATIENCE, Served
from tests.attacks.refusing import led_to_sign_in, refused, refused_on_page
from tests.attacks.somebody import COOKIE, PASSWORD, WRONG, Somebody


def token_of(answer: httpx.Response) -> str:
    """The token that an answer sets."""
    assert answer.status_code == 303, answer.text
    (cookie,) = [value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE)]
    return cookie.partition("=")[2].partition(";")[0]


def test_a_token_set_beforehand_is_not_taken(wang: Somebody):
    planted = "A" * 43
    got = token_of(wang.sign_in(with_token=planted))
    assert got != planted
    led_to_sign_in(wang.get("/", planted))
    assert wang.get("/", got).status_code == 200


def test_somebody_elses_session_set_beforehand_stays_theirs(node: Served, wang: Somebody):
    attacker = Somebody(node, "mallory", name="另一人")
    planted = attacker.session()
    got = token_of(wang.sign_in(with_token=planted))
    assert got != planted
    assert "另一人" in wang.get("/account", planted).text
    assert "另一人" not in wang.get("/account", got).text


def test_no_two_sessions_have_the_same_token_and_the_books_have_none(wang: Somebody):
    tokens = {token_of(wang.sign_in()) for _ in range(3)}
    assert len(tokens) == 3
    with wang.node.office.ledgers.transaction(read_only=True) as ledger:
        stored = {each.id for each in ledger.accounts.sessions(wang.key)}
    assert not stored & tokens
    for held in stored:
        led_to_sign_in(wang.get("/", held))  # what the books have opens nothing


def test_a_token_anywhere_but_in_the_cookie(wang: Somebody):
    token = wang.session()
    led_to_sign_in(wang.get("/", "", params={COOKIE: token}))
    led_to_sign_in(wang.get("/", "", headers={"authorization": f"Bearer {token}"}))
    led_to_sign_in(wang.get("/", "", headers={"x-session": token, COOKIE: token}))
    led_to_sign_in(wang.get("/", "", headers={"cookie": f"__Host-{COOKIE}={token}"}))


def test_a_token_after_signing_out(wang: Somebody):
    token = token_of(wang.sign_in())
    csrf = re.search(r'name="csrf" value="([^"]+)"', wang.get("/", token).text)
    assert csrf is not None
    gone = wang.post("/sign-out", token, {"csrf": csrf[1]})
    assert token_of(gone) == '""'
    led_to_sign_in(wang.get("/", token))


def test_a_token_after_its_key_was_revoked(wang: Somebody):
    token = wang.session()
    with wang.node.office.ledgers.transaction() as ledger:
        key = ledger.access.api_key(wang.key)
        assert key is not None
        ledger.access.save_api_key(replace(key, revoked_at=wang.node.clock.now()))
    led_to_sign_in(wang.get("/", token))
    refused_on_page(wang.sign_in(), 400, "sign-in-refused", by=wang.key)


def test_a_token_after_another_password_was_taken_or_the_others_were_closed(wang: Somebody):
    mine, other = wang.session(), wang.session()
    assert wang.post("/account/sessions/closing", mine).status_code == 303
    led_to_sign_in(wang.get("/", other))
    other = wang.session()
    form = {"password": PASSWORD, "new": "忽如一夜春风来 2027", "again": "忽如一夜春风来 2027"}
    changed = wang.post("/account/password", mine, form)
    assert changed.status_code == 303
    for before in (mine, other):
        led_to_sign_in(wang.get("/", before))
    assert wang.get("/", changed.cookies[COOKIE]).status_code == 200


def test_a_token_that_was_left_alone_for_half_an_hour(wang: Somebody):
    token, clock = wang.session(), wang.node.clock
    clock.move(IDLE - timedelta(seconds=1))
    assert wang.get("/", token).status_code == 200
    clock.move(IDLE)
    led_to_sign_in(wang.get("/", token))
    led_to_sign_in(wang.post("/sign-out", token))


def test_a_token_of_twelve_hours_however_it_was_used(wang: Somebody):
    token, clock = wang.session(), wang.node.clock
    for _ in range(int(LONGEST / timedelta(minutes=20)) - 1):
        clock.move(timedelta(minutes=20))
        assert wang.get("/", token).status_code == 200
    clock.move(timedelta(minutes=20))
    led_to_sign_in(wang.get("/", token))


def test_passwords_are_not_guessed(node: Served, wang: Somebody):
    other = Somebody(node, "li-si")
    for _ in range(MOST_FAILURES - 1):
        refused_on_page(wang.sign_in(WRONG), 400, "sign-in-refused", by=wang.key)
    refused_on_page(wang.sign_in(WRONG), 409, "account-locked", by=wang.key)
    refused_on_page(wang.sign_in(), 409, "account-locked", by=wang.key)  # not even the right one
    assert other.sign_in().status_code == 303
    node.clock.move(LOCKED_FOR)
    assert wang.sign_in().status_code == 303


def test_who_holds_a_session_guesses_no_password_either(wang: Somebody):
    token = wang.session()
    form = {"password": WRONG, "new": "忽如一夜春风来 2027", "again": "忽如一夜春风来 2027"}
    for _ in range(MOST_FAILURES - 1):
        refused_on_page(wang.post("/account/password", token, form), 400, "sign-in-refused", by=wang.key)
    refused_on_page(wang.post("/account/password", token, form), 409, "account-locked", by=wang.key)


def test_who_is_unknown_is_refused_as_who_has_another_password(node: Served, wang: Somebody):
    known, unknown = wang.sign_in(WRONG), Somebody.sign_in(_nobody(node), WRONG)
    refused_on_page(known, 400, "sign-in-refused", by=wang.key)
    refused_on_page(unknown, 400, "sign-in-refused")
    assert known.text.replace("wang", "nobody") == unknown.text
    assert WRONG not in known.text


def _nobody(node: Served) -> Somebody:
    made = Somebody.__new__(Somebody)
    made.node, made.login, made.key = node, "nobody", ""
    return made


def test_many_accounts_are_not_tried_from_one_address(node: Served):
    with httpx.Client(base_url=node.url, timeout=PATIENCE, verify=False) as client:
        answers = [client.post("/sign-in", data={"login": f"guess-{n}", "password": WRONG}) for n in range(62)]
    assert {answer.status_code for answer in answers[:60]} == {400}
    for answer in answers[60:]:
        refused_on_page(answer, 429, "too-many-requests")


ELSEWHERE = (
    *("//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example", "/x\\..\\evil.example"),
    *("https:evil.example", "https://evil.example", "HTTPS://evil.example", "javascript:alert(1)", "data:text/html,x"),
    *("evil.example", ".evil.example", "@evil.example", "", " //evil.example", "\t//evil.example", "/\t/evil.example"),
    *("/\n/evil.example", "/\r\nlocation: https://evil.example", "/\x00", "/\x85/evil.example", "/\u2028/evil.example"),
)


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_leads_nowhere_else(wang: Somebody, wanted: str):
    answer = wang.sign_in(next=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("wanted", ["/%2f%2fevil.example", "/%5cevil.example", "/worklists?x=//evil.example", "/@evil.example"])
def test_what_only_looks_like_another_place_is_one_of_ours(wang: Somebody, wanted: str):
    location = httpx.URL(wang.node.url).join(wang.sign_in(next=wanted).headers["location"])
    assert str(location).startswith(f"{wang.node.url}/")


def test_the_way_to_sign_in_leads_back_and_nowhere_else(wang: Somebody):
    for path in ("/account?x=%0d%0aset-cookie:a=b", "/exchanges/x?next=//evil.example"):
        answer = wang.get(path, "")
        led_to_sign_in(answer)
        assert re.fullmatch(r"/sign-in\?next=[A-Za-z0-9%_.~-]+", answer.headers["location"])
        assert "set-cookie" not in answer.headers


def test_the_cookie_is_for_this_host_and_for_no_script(node: Served, wang: Somebody, tmp_path: Path):
    plain = wang.sign_in().headers.get_list("set-cookie")
    assert [sorted(part.strip() for part in plain[0].split(";")[1:])] == [["HttpOnly", "Path=/", "SameSite=lax"]]
    node.office.documents = NodeDocuments(tmp_path, node.office.node, "https://localhost", node.clock, node.office.keyring)
    (secure,) = wang.sign_in().headers.get_list("set-cookie")
    assert secure.startswith(f"__Host-{COOKIE}=")
    assert sorted(part.strip() for part in secure.split(";")[1:]) == ["HttpOnly", "Path=/", "SameSite=lax", "Secure"]
    token = secure.partition("=")[2].partition(";")[0]
    # Over plain HTTP a neighbour can set a cookie, but none of that name.
    led_to_sign_in(wang.get("/", token))
    assert wang.get("/", "", headers={"cookie": f"__Host-{COOKIE}={token}"}).status_code == 200
    chosen = wang.get("/sign-in?lang=en", "").headers.get_list("set-cookie")
    assert all("HttpOnly" in each and "Secure" in each and "SameSite=lax" in each for each in chosen)


def test_a_form_of_another_page_does_nothing_in_somebodys_name(node: Served, wang: Somebody):
    token = wang.session()
    mine = Somebody(node, "mallory").session()
    for form in ({"csrf": ""}, {"csrf": f"csrf-{mine}"}, {"csrf": "{{csrf}}"}, {"csrf": "é" * 43}):
        refused_on_page(wang.post("/account/sessions/closing", token, form), 403, "form-not-ours", by=wang.key)
    with wang.browser(token) as browser:
        plain = {"content-type": "text/plain"}
        answer = browser.post("/account/sessions/closing", content=f"csrf=csrf-{token}", headers=plain)
    refused_on_page(answer, 403, "form-not-ours", by=wang.key)
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": node.url, "sec-fetch-site": "cross-site"},
    ):
        refused_on_page(wang.post("/account/sessions/closing", token, headers=headers), 403, "form-not-ours")
    assert wang.get("/", token).status_code == 200


def test_nobody_is_signed_in_or_out_by_a_page_elsewhere(wang: Somebody):
    answer = wang.sign_in(headers={"sec-fetch-site": "cross-site"})
    refused_on_page(answer, 403, "form-not-ours")
    assert "set-cookie" not in answer.headers
    token = wang.session()
    refused_on_page(wang.post("/sign-out", token, headers={"origin": "https://evil.example"}), 403, "form-not-ours")
    refused(wang.get("/sign-out", token), 405, "method-not-allowed")
    assert wang.get("/", token).status_code == 200
