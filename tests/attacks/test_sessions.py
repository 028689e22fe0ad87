"""Somebody else's session: fixed beforehand, kept, guessed or ridden on; and what a page may be made to say or to lead to."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from msgspec import structs

from adapters.node_document import NodeDocuments
from adapters.signin.passwords import Passwords
from adapters.signin.signing_in import hash_token
from api.rights import LocalRole
from exchange.codes import Item, Role
from exchange.exchanges import Direction
from exchange.ledger import ApiKey
from exchange.people.record import Record, Spouse
from exchange.signin.account import LOCKED_FOR, MOST_FAILURES, NO_SECRET, Account
from exchange.signin.session import IDLE, LONGEST, Session
from exchange.wire.message import write_message
from tests.api.nodes import Served, served
from tests.attacks.refusing import led_to_sign_in, refused, refused_on_page
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_conversation,
    a_message,
    a_person,
    a_query,
    an_entry,
    an_exchange,
    an_id,
    judged,
)
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

PASSWORD, WRONG = "correct horse battery", "a wrong guess altogether"
HASH = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)).hash(PASSWORD)
COOKIE = "woshou"


class Somebody:
    """An account of the node, and the browser of whoever uses it."""

    def __init__(self, node: Served, login: str, role: str = "clerk", *, name: str = "", of: str = XICHENG) -> None:
        self.node, self.login, self.key = node, login, f"key-of-{login}"
        now = node.clock.now()
        key = ApiKey(
            id=self.key, secret_hash=NO_SECRET, name=name or login, jurisdiction=of, role=LocalRole(role), created_at=now
        )
        with node.office.ledgers.transaction() as ledger:
            ledger.access.save_api_key(key)
            ledger.accounts.add(Account(key=self.key, login=login, password_hash=HASH))

    def browser(self, token: str = "") -> httpx.Client:
        return httpx.Client(base_url=self.node.url, headers={"cookie": f"{COOKIE}={token}"} if token else {}, verify=False)

    def sign_in(self, password: str = PASSWORD, *, with_token: str = "", **fields: Any) -> httpx.Response:
        with self.browser(with_token) as browser:
            headers = fields.pop("headers", {})
            return browser.post("/sign-in", data={"login": self.login, "password": password, **fields}, headers=headers)

    def session(self) -> str:
        """A session that is open, without the work of a password; its token."""
        now = self.node.clock.now()
        with self.node.office.ledgers.transaction() as ledger:
            token = f"token-{len(ledger.accounts.sessions(self.key))}-of-{self.login}-{now.timestamp()}"
            session = Session(id=hash_token(token), key=self.key, csrf=f"csrf-{token}", opened_at=now, seen_at=now)
            ledger.accounts.open(session)
        return token

    def get(self, path: str, token: str, **request: Any) -> httpx.Response:
        with self.browser(token) as browser:
            return browser.get(path, **request)

    def post(self, path: str, token: str, form: Any = None, **request: Any) -> httpx.Response:
        """Send a form with the session's token."""
        with self.browser(token) as browser:
            return browser.post(path, data={"csrf": f"csrf-{token}", **(form or {})}, **request)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    """A node of its own for each attempt: what is counted of one is not counted against the next."""
    with served(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as made:
        yield made


@pytest.fixture
def wang(node: Served) -> Somebody:
    return Somebody(node, "wang")


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
    assert wang.post("/account/password", mine, form).status_code == 303
    led_to_sign_in(wang.get("/", other))
    assert wang.get("/", mine).status_code == 200


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
    with httpx.Client(base_url=node.url, verify=False) as client:
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
    assert wang.get("/sign-out", token).status_code == 405
    assert wang.get("/", token).status_code == 200


# As long as a name may be.
PAYLOAD = "{{7*7}}<script>a()</script>\"'><img src=x onerror=b()>"


class Looking(HTMLParser):
    """What a browser would find in a page: what runs, and what is only said."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []
        self.said: list[str] = []
        self.names: list[str] = []
        self.actions: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (tag == "script" and not (given.get("src") or "").startswith("/assets/")) or tag in (
            "style",
            "iframe",
            "object",
            "base",
        ):
            self.runs.append(tag)
        self.runs += [name for name, value in attrs if name.startswith("on") or name == "style"]
        self.runs += [value for value in given.values() if value and value.strip().lower().startswith("javascript:")]
        if tag in ("input", "select", "textarea") and given.get("name") not in (None, "csrf"):
            self.names.append(given["name"] or "")
        if tag == "form" and given.get("method") == "post":
            self.actions.append(given["action"] or "")
        self.said += [value for value in given.values() if value]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def looked_at(answer: httpx.Response) -> Looking:
    found = Looking()
    found.feed(answer.text)
    assert found.runs == [], answer.text
    assert not [each for each in found.said if "49<script>" in each]
    return found


@pytest.fixture
def told(node: Served) -> Somebody:
    """A clerk with a crooked name, whose county was asked about somebody with one, by somebody who wrote more of it."""
    person = structs.replace(a_person(1), name=PAYLOAD)
    record = Record(spouse=Spouse(name=PAYLOAD), address=PAYLOAD)
    query = a_query()
    body = structs.replace(query.body, person=person, items=[Item.SPOUSE, Item.ADDRESS], record=record, note=PAYLOAD)
    line = write_message(structs.replace(query, body=body))
    with node.office.ledgers.transaction() as ledger:
        link = ledger.links.add(an_id(90), "evil.example").id
        ledger.entries.add([an_entry(1, person=person, record=record, jurisdiction=XICHENG)])
        ledger.messages.add([judged(a_message(1, link=link, line=line, direction=Direction.IN))])
        held = an_exchange(1, link=link, role=Role.ASKED, own=XICHENG, other=WUCHANG, conversation=a_conversation())
        ledger.exchanges.add([replace(held, entry=an_id(1))])
    return Somebody(node, "wang", name=PAYLOAD)


SHOWN = ("/", "/account", "/certificates", "/worklists/to_answer", f"/exchanges/{an_id(1)}/asked")


@pytest.mark.parametrize("path", SHOWN)
def test_what_was_written_by_others_is_only_said(told: Somebody, path: str):
    for language in ("zh", "en"):
        answer = told.get(path, told.session(), headers={"accept-language": language})
        assert answer.status_code == 200
        assert PAYLOAD in "".join(looked_at(answer).said)
    if path.startswith("/exchanges"):
        assert "".join(looked_at(answer).said).count("<script>") >= 3  # the name, the address, the clerk's own


@pytest.mark.parametrize("path", ["/sign-in", *SHOWN])
def test_what_is_sent_by_a_form_or_an_address_is_only_said(told: Somebody, path: str):
    token = told.session()
    form = looked_at(told.get(path, token))
    for action in {action for action in form.actions if action != "/sign-out"}:
        answer = told.post(action, token, dict.fromkeys({*form.names, "extra"}, PAYLOAD))
        looked_at(answer)
        assert answer.status_code in (400, 403, 404, 409, 413, 422, 429, 303), action
    looked_at(told.get(path, token, params=dict.fromkeys({*form.names, "cursor", "done", "next"}, PAYLOAD)))


def test_a_repeated_field_is_what_was_sent(told: Somebody):
    answer = told.post("/certificates", told.session(), {"number": PAYLOAD, "holder.name": PAYLOAD})
    assert answer.status_code == 422
    assert looked_at(answer).said.count(PAYLOAD) >= 2
    answer = told.sign_in(login=PAYLOAD)
    assert PAYLOAD in looked_at(answer).said
    assert PAYLOAD in looked_at(told.get("/sign-in", "", params={"next": PAYLOAD})).said


@pytest.mark.parametrize("text", ["a%0d%0aset-cookie:%20x=y", "%0aX:%20y", "%E5%98%8A%E5%98%8Dset-cookie:x=y", "a%00b"])
def test_line_breaks_become_no_headers(wang: Somebody, text: str):
    token = wang.session()
    usual = set(wang.get("/account", token).headers)
    assert set(wang.get(f"/account?done={text}", token).headers) == usual
    changed = wang.get(f"/account?lang=en&done={text}", token)
    assert [each.partition("=")[0] for each in changed.headers.get_list("set-cookie")] == ["lang"]
    assert changed.headers["location"].startswith("/account?done=")
    assert changed.headers["location"].isprintable()
    assert "set-cookie" not in wang.get(f"/account?lang={text}", token).headers


def test_a_form_that_is_too_large(wang: Somebody):
    token = wang.session()
    refused(wang.post("/certificates", token, {"number": "x" * 300_000}), 413, "request-too-large")
    refused(wang.post("/sign-in", "", {"login": "wang", "password": "x" * 300_000}), 413, "request-too-large")


@pytest.mark.parametrize(
    "form",
    [
        {f"f{n}": "x" for n in range(1_500)},
        {"a." * 400 + "a": "x"},
        {"children.999999999.sex": "1"},
        {"holder": "x", "holder.name": "x"},
        {"holder.document.0": "x", "holder.document.type": "x"},
        {"number": "x" * 100_000},
        {"number": "\x00"},
        {"number": "\ud800".encode("utf-8", "surrogatepass")},
    ],
    ids=["many fields", "deep", "far", "two shapes", "a list and not", "long", "nothing", "half a character"],
)
def test_a_form_in_no_form(wang: Somebody, form: dict[str, Any]):
    answer = wang.post("/certificates", wang.session(), form)
    assert answer.status_code in (400, 403, 422), answer.status_code
    assert len(answer.content) < 300_000


def test_a_file_where_a_field_is_wanted(wang: Somebody):
    token = wang.session()
    for field in ("csrf", "number", "holder.name"):
        answer = wang.post("/certificates", token, files={field: ("x.txt", b"x" * 1_000)})
        assert answer.status_code in (403, 422)
    with wang.browser() as browser:
        assert browser.post("/sign-in", files={"login": ("x", b"x"), "password": ("x", b"x")}).status_code == 422
