"""Every page, for every role, from every place: what its right says is what happens, and nobody is shown who may not be.

What is expected follows from api/rights.py: a new page is tried here by itself. It may need a name in `world.NAMES` for a record
that its path names, and, where it has a form, a filled one in `world.FORMS`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import APIRouter

from api.access import ClerkDep, ReaderDep
from api.pages.route import PageRoute, page_router
from api.rights import PUBLIC_PAGES, LocalRole, Place, Records, Right
from api.serving.routes import NoRight, ruled
from exchange.auditing.event import AuditEvent
from exchange.ledger import AuditFilter, Page
from exchange.signin.account import AccountRole
from exchange.work.daily import DailyLimits
from tests.access.serving import RELATIONS
from tests.access.test_matrix import HERE, RECORDS, shown_beyond
from tests.access.world import birth_words, words_of
from tests.api.nodes import PATIENCE
from tests.builders import XICHENG
from tests.pages.support import refusal_of
from tests.pages.world import FORMS, OPEN, OWN_CLERK, POSTS, ROUTES, Desks, address, allowed, desks_in, who

OK, FORBIDDEN, UNKNOWN = "ok", "forbidden", "not-found"
# What a township has when its county gave it the matter.
GIVEN = {
    *("GET /exchanges/{exchange}", "GET /exchanges/{exchange}/{role}"),
    *(f"POST /exchanges/{{exchange}}/{{role}}/{what}" for what in ("feedback", "interim", "return", "clerk", "number")),
}
# Pages on which a clerk of the county sees somebody, whatever others come to it.
SHOWING = {"GET /worklists/{worklist}", "GET /exchanges/{exchange}/{role}"}
ALL = [(role, relation) for relation in reversed(RELATIONS) for role in AccountRole]


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    with desks_in(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest.fixture(scope="module")
def births(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    """The same; Xicheng's exchanges are birth registrations of its first clerk."""
    with desks_in(tmp_path_factory.mktemp("births"), births=True) as made:
        yield made


def expected(name: str, right: Right, role: AccountRole, relation: str) -> str:
    """What the table of rights, and whose the record is, lead to."""
    place = RELATIONS[relation][1]
    if place is Place.TOWNSHIP and role is not AccountRole.CLERK:
        place = Place.ELSEWHERE
    if not right.covers(LocalRole(role), place):
        return FORBIDDEN
    if name.startswith("GET /reports") and place is Place.TOWNSHIP:
        return UNKNOWN  # figures are the county's
    of_a_record = any(record in name for record in (*RECORDS, "/received/sum"))
    if right.records is Records.NODE or not of_a_record or relation in HERE:
        return OK
    return OK if relation == "its township" and name in GIVEN else UNKNOWN


def got(name: str, response: httpx.Response) -> str:
    """What came of it; a matter that was judged, and may be refused as it stands, is within reach."""
    code = refusal_of(response)
    assert response.status_code < 500 or response.status_code == 502, response.text
    assert name == "POST /sign-out" or not response.headers.get("location", "").startswith("/sign-in")
    return code if code in (FORBIDDEN, UNKNOWN) else OK


@pytest.mark.parametrize("name", OPEN)
def test_each_role_gets_from_each_place_what_its_rights_say_and_no_person_who_is_not_its_own(desks: Desks, name: str):
    right = OPEN[name]
    outcomes, wanted, leaks = {}, {}, []
    desks.world.restore()
    for role, relation in ALL:
        response = desks.ask(name, who(role, relation))
        outcomes[role.value, relation] = got(name, response)
        wanted[role.value, relation] = expected(name, right, role, relation)
        leaks += [(role.value, relation, word) for word in shown_beyond(right, LocalRole(role), relation, told_by(response))]
        if name in POSTS and response.status_code == 303:
            desks.world.restore()  # or what is done would be refused to the next
    assert outcomes == wanted
    assert leaks == []


def told_by(response: httpx.Response) -> str:
    """All that an answer says, in its headers too."""
    return f"{response.headers}\n{response.text}"


@pytest.mark.parametrize("name", OPEN)
def test_who_is_not_signed_in_is_led_to_where_that_is_done(desks: Desks, name: str):
    method, path = address(name)
    wanted = "/sign-in" if method == "POST" or path == "/" else f"/sign-in?next={quote(path, safe='')}"
    key = desks.world.node.key("clerk", XICHENG)
    for cookies, headers in (
        ({}, {}),
        ({"woshou": "nonsense"}, {}),
        ({"woshou": key}, {}),  # a key is no session
        ({}, {"authorization": f"Bearer {key}"}),  # and opens no page
        ({"__Host-woshou": "token-of-clerk,-own"}, {}),  # nor does a session under another name
    ):
        url = desks.world.node.url
        with httpx.Client(base_url=url, cookies=cookies, headers=headers, timeout=PATIENCE, verify=False) as client:
            answer = client.request(method, path)
        assert (answer.status_code, answer.headers["location"]) == (303, wanted), (cookies, headers)
        assert answer.content == b""


def test_a_session_opens_nothing_of_the_interface_for_machines(desks: Desks):
    answer = desks.ask("GET /", OWN_CLERK)
    assert answer.status_code == 200
    cookie = answer.request.headers["cookie"]
    for path in ("/api/v1/exchanges", "/api/v1/entries", "/metrics"):
        assert desks.world.node.http.get(path, headers={"cookie": cookie}).status_code in (401, 404)


def test_a_page_that_names_no_right_or_two_cannot_be_made():
    router = page_router()

    def nobody() -> None: ...
    def both(one: ClerkDep, two: ReaderDep) -> None: ...
    def clerk(caller: ClerkDep) -> None: ...

    for endpoint in (nobody, both):
        with pytest.raises(NoRight):
            router.get("/new")(endpoint)
    with pytest.raises(NoRight):
        router.get("/sign-in")(clerk)  # public, and yet for clerks
    with pytest.raises(NoRight):
        router.get("/healthz")(nobody)  # public among operations, and no page
    router.get("/new")(clerk)
    plain = APIRouter()
    plain.get("/new")(clerk)
    with pytest.raises(NoRight):
        ruled(plain)


def test_what_is_open_to_all_is_what_is_listed():
    assert {name for name, route in ROUTES.items() if route.right is None} == PUBLIC_PAGES.keys()
    assert all(isinstance(route, PageRoute) for route in ROUTES.values())


@pytest.mark.parametrize("name", [name for name in ROUTES if name.startswith("POST ")])
def test_a_form_that_this_sessions_pages_did_not_make_is_refused_and_changes_nothing(desks: Desks, name: str):
    someone = allowed(OPEN[name]) if name in OPEN else OWN_CLERK
    right, here = desks.csrf(someone), desks.world.node.url
    forms: list[tuple[Any, dict[str, Any]]] = [
        (None, {"headers": {"origin": "https://evil.example"}}),
        (None, {"headers": {"origin": here.replace("127.0.0.1", "localhost")}}),
        (None, {"headers": {"origin": f"{here}.evil.example"}}),
        (None, {"headers": {"sec-fetch-site": "cross-site"}}),
        (None, {"headers": {"sec-fetch-site": "same-site"}}),
    ]
    if name in OPEN:
        foreign: tuple[dict[str, Any], ...] = (
            {},
            {"csrf": ""},
            {"csrf": desks.csrf("another clerk")},
            {"csrf": right[:-1]},
            {"csrf": f"{right} "},
        )
        forms += [({**filled(name), **token}, {}) for token in foreign]
        forms += [(filled(name), {"params": {"csrf": right}}), (filled(name), {"headers": {"x-csrf-token": right}})]
    desks.world.restore()
    before = desks.books()
    for form, more in forms:
        answer = desks.ask(name, someone, form, **more)
        assert (answer.status_code, refusal_of(answer)) == (403, "form-not-ours"), (form, more)
        assert "set-cookie" not in answer.headers
    assert desks.books() == before
    own = desks.ask(name, someone, headers={"origin": here, "sec-fetch-site": "same-origin"})
    assert refusal_of(own) != "form-not-ours"


def filled(name: str) -> dict[str, Any]:
    """The form without its token."""
    return dict(FORMS.get(name, {}))


def test_a_form_of_the_session_is_taken(desks: Desks):
    """Or nothing above would show anything."""
    desks.world.restore()
    before = desks.books()
    answer = desks.ask("POST /exchanges/{exchange}/{role}/pairing", OWN_CLERK)
    assert (answer.status_code, desks.books() == before) == (303, False)


def shown(desks: Desks) -> list[AuditEvent]:
    """The rows of the audit by which somebody was shown something, of Xicheng's chain."""
    with desks.world.node.office.ledgers.transaction(read_only=True) as ledger:
        rows = ledger.audit.find(AuditFilter(jurisdictions=frozenset({XICHENG})), Page(limit=1000))
    return [row.event for row in rows if row.event.shown]


@pytest.fixture
def limited(desks: Desks) -> Iterator[Desks]:
    """Clerks who may be shown nobody."""
    office = desks.world.node.office
    kept = office.node
    office.node = replace(kept, daily_limits=DailyLimits(persons=0, sheets=0))
    yield desks
    office.node = kept


@pytest.mark.parametrize("name", OPEN)
def test_a_page_that_shows_a_person_is_told_in_the_audit_and_counts_in_the_clerks_day(limited: Desks, name: str):
    desks, office = limited, limited.world.node.office
    desks.world.restore()
    refused = desks.ask(name, OWN_CLERK)
    assert shown(desks) == []
    assert not [word for word in words_of(XICHENG) if word in refused.text]
    office.node = replace(office.node, daily_limits=DailyLimits())
    desks.world.restore()
    answered = desks.ask(name, OWN_CLERK)
    shows = shown(desks) != []
    assert shows or not [word for word in words_of(XICHENG) if word in answered.text]
    assert shows or name not in SHOWING
    if shows:
        assert (refused.status_code, refusal_of(refused)) == (429, "daily-limit")


@pytest.mark.parametrize("name", OPEN)
def test_a_birth_registration_is_shown_to_nobody_but_its_clerk(births: Desks, name: str):
    births.world.restore()
    # Who has not the right is turned away before a record is read, which is tried above.
    allowed_in = [each for each in ALL if expected(name, OPEN[name], *each) != FORBIDDEN]
    others = [who(role, relation) for role, relation in allowed_in if who(role, relation) != OWN_CLERK]
    for someone in (*others, "another clerk"):
        answer = births.ask(name, someone)
        assert not [word for word in birth_words() if word in told_by(answer)], someone
        if name in POSTS and answer.status_code == 303:
            births.world.restore()


@pytest.mark.parametrize("name", sorted(SHOWING))
def test_its_clerk_is_shown_the_people_of_a_birth_registration(births: Desks, name: str):
    births.world.restore()
    assert [word for word in birth_words() if word in births.ask(name, OWN_CLERK).text]


@pytest.mark.parametrize("name", [name for name in POSTS if name.startswith("POST /exchanges/{exchange}/{role}/")])
def test_nobody_but_its_clerk_acts_on_a_birth_registration(births: Desks, name: str):
    births.world.restore()
    answer = births.ask(name, "another clerk")
    # These hand it on without a look at the person, or show that there is nothing to show.
    if not name.endswith(("/assignment", "/return", "/number")):
        assert (answer.status_code, refusal_of(answer)) == (403, "not-your-exchange")


def test_no_page_has_an_id_number_in_its_address_or_in_its_links(desks: Desks):
    desks.world.restore()
    for name in OPEN:
        if name.startswith("GET "):
            links = re.findall(r'(?:href|action|src)="([^"]*)"', desks.ask(name, OWN_CLERK).text)
            assert not [link for link in links if re.search(r"(?<![0-9a-f])\d{17}[\dX]", link)], name
