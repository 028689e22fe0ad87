"""What a page may be made to say by whoever wrote to it: a name, a note, a field of a form, an address."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from msgspec import structs

from exchange.codes import Item, Role
from exchange.exchanges import Direction
from exchange.people.record import Record, Spouse
from exchange.wire.message import write_message
from tests.api.nodes import Served
from tests.attacks.refusing import refused, refused_on_page
from tests.attacks.somebody import Somebody
from tests.builders import (
    WUCHANG,
    XICHENG,
    a_conversation,
    a_message,
    a_person,
    a_query,
    an_entry,
    an_exchange,
    an_id,
    judged,
)

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


EXCHANGE = f"/exchanges/{an_id(1)}/asked"
# What each form says when every field of it holds the same crooked text; None: it has no field, and does what it is for.
FORMS: dict[str, dict[str, str | None]] = {
    "/sign-in": {"/sign-in": "invalid"},
    "/": {},
    "/account": {"/account/password": "password-unfit", "/account/second-factor": "invalid"},
    "/certificates": {"/certificates": "invalid"},
    "/worklists/to_answer": {},
    EXCHANGE: {
        **{f"{EXCHANGE}/{deed}": "invalid" for deed in ("feedback", "interim", "assignment", "unpairing", "clerk")},
        f"{EXCHANGE}/number": None,
    },
}


@pytest.mark.parametrize("path", FORMS)
def test_what_is_sent_by_a_form_is_only_said(told: Somebody, path: str):
    token = told.session()
    form = looked_at(told.get(path, token))
    assert set(form.actions) - {"/sign-out"} == FORMS[path].keys()
    for action, code in FORMS[path].items():
        answer = told.post(action, token, dict.fromkeys({*form.names, "extra"}, PAYLOAD))
        looked_at(answer)
        if code is not None:
            refused_on_page(answer, 422, code, by="" if action == "/sign-in" else told.key)
        else:
            assert answer.status_code == (200 if action.endswith("/number") else 303)


# A page whose address says how far one has turned takes no other word for that.
TURNED = {"/", "/worklists/to_answer"}


@pytest.mark.parametrize("path", FORMS)
def test_what_is_sent_by_an_address_is_only_said(told: Somebody, path: str):
    token = told.session()
    names = looked_at(told.get(path, token)).names
    answer = told.get(path, token, params=dict.fromkeys({*names, "cursor", "done", "next"}, PAYLOAD))
    looked_at(answer)
    if path in TURNED:
        refused_on_page(answer, 422, "invalid", by=told.key)
    else:
        assert answer.status_code == 200


def test_a_repeated_field_is_what_was_sent(told: Somebody):
    answer = told.post("/certificates", told.session(), {"number": PAYLOAD, "holder.name": PAYLOAD})
    refused_on_page(answer, 422, "invalid", by=told.key)
    assert looked_at(answer).said.count(PAYLOAD) >= 2
    answer = told.sign_in(login=PAYLOAD)
    refused_on_page(answer, 400, "sign-in-refused")
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
        {"holder." + "a." * 2_000 + "a": "x"},
        {"children.999999999.sex": "1"},
        {f"holder.{'9' * 4_400}.sex": "1"},
        {"holder": "x", "holder.name": "x"},
        {"holder.document.0": "x", "holder.document.type": "x"},
        {"number": "x" * 100_000},
        {"number": "\x00"},
        {"number": "\ud800".encode("utf-8", "surrogatepass")},
    ],
    ids=[
        "many fields",
        "deep",
        "deep in a shape",
        "far",
        "further than numbers go",
        "two shapes",
        "a list and not",
        "long",
        "nothing",
        "half a character",
    ],
)
def test_a_form_in_no_form(wang: Somebody, form: dict[str, Any]):
    answer = wang.post("/certificates", wang.session(), form)
    refused_on_page(answer, 422, "unseen-character" if form == {"number": "\x00"} else "invalid", by=wang.key)
    assert len(answer.content) < 300_000


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "utf-16", "utf-7", "none-at-all"])
@pytest.mark.parametrize("path", ["/sign-in", "/certificates"])
def test_a_form_in_another_writing(wang: Somebody, path: str, charset: str):
    token = wang.session() if path != "/sign-in" else ""
    fields = {"csrf": f"csrf-{token}", "login": r"\ud800", "password": "x", "number": r"\ud800"}
    body = "".join(f'--b\r\ncontent-disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()) + "--b--\r\n"
    with wang.browser(token) as browser:
        kind = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
        refused_on_page(browser.post(path, content=body.encode(), headers=kind), 403, "form-not-ours")


@pytest.mark.parametrize(
    "origin", ["http://[", "http://", "[", "null.example", "http://127.0.0.1@evil.example", "https://{host}"]
)
def test_a_form_of_an_origin_that_is_none(wang: Somebody, origin: str):
    refused_on_page(
        wang.post(
            "/certificates", wang.session(), headers={"origin": origin.replace("{host}", wang.node.url.partition("://")[2])}
        ),
        403,
        "form-not-ours",
    )


@pytest.mark.parametrize("sign", ["%3F", "%23", "%0A", "%09", "%25", "%00", "%5B", "%E8%A5%BF"])
def test_an_address_with_a_sign_of_its_own_in_it(wang: Somebody, sign: str):
    token = wang.session()
    for path in (f"/exchanges/{sign}/asked/feedback", f"/imports/{sign}/rows", f"/agreements/{sign}/decision"):
        assert wang.post(path, token).status_code in (403, 404, 422), path
    for path in (f"/reports/{sign}/file", f"/reports/{sign}", f"/exchanges/{sign}/asked", f"/entries/{sign}", f"/imports/{sign}"):
        assert wang.get(path, token).status_code in (403, 404, 422), path


def test_a_file_where_a_field_is_wanted(wang: Somebody):
    token = wang.session()
    for field, status, code in (("csrf", 403, "form-not-ours"), ("number", 422, "invalid"), ("holder.name", 422, "invalid")):
        answer = wang.post("/certificates", token, files={field: ("x.txt", b"x" * 1_000)})
        refused_on_page(answer, status, code, by=wang.key)
    with wang.browser() as browser:
        answer = browser.post("/sign-in", files={"login": ("x", b"x"), "password": ("x", b"x")})
    refused_on_page(answer, 422, "invalid")
