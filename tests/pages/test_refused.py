"""Whoever opens a page in a browser is refused on a page, in her language, with what to do next; a program gets a problem."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.pages.route import POLICY
from exchange.auditing.event import NODE_WIDE
from exchange.ledger import AuditFilter, Page
from tests.api.nodes import Neighbours, Served, served
from tests.api.test_worklists import ask
from tests.builders import XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.pages.support import refusal_of, signed_in, text_of

# What browsers say of themselves when a page is opened.
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "accept-language": "zh-CN"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("refused") / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as made:
        yield made


def is_page(answer: httpx.Response, status: int, code: str) -> None:
    """A whole page of the house that tells of the refusal, under the pages' own policy, and leads on."""
    assert (answer.status_code, refusal_of(answer)) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert 'class="button" href="/"' in answer.text


def test_an_address_that_is_none_is_told_on_a_page_in_the_readers_language(node: Served):
    answer = node.http.get("/nothing/here", headers=BROWSER)
    is_page(answer, 404, "not-found")
    assert "请从首页或清单重新进入" in text_of(answer)
    english = node.http.get("/nothing/here", headers={**BROWSER, "accept-language": "en"})
    assert "Go on from the first page" in text_of(english)
    chosen = node.http.get("/nothing/here?lang=en", headers=BROWSER)
    assert 'lang="en"' in chosen.text
    assert chosen.headers["set-cookie"].startswith("lang=en;")
    node.http.cookies.clear()


def test_who_signed_in_keeps_the_menu_where_a_page_refuses(node: Served):
    reader = signed_in(node)
    reader.http.headers.update(BROWSER)
    answer = reader.get("/exchanges/019caf00-0000-7000-8000-000000000099")
    is_page(answer, 404, "not-found")
    assert 'href="/worklists"' in answer.text


def test_who_signed_in_keeps_the_menu_at_an_address_that_is_none(node: Served):
    reader = signed_in(node, "qian")
    reader.http.headers.update(BROWSER)
    answer = reader.get("/nothing/here")
    is_page(answer, 404, "not-found")
    assert [link for link in ('href="/worklists"', 'href="/account"') if link not in answer.text] == []
    assert "退出" in answer.text
    reader.http.cookies.clear()
    assert 'href="/worklists"' not in reader.get("/nothing/here").text


def test_a_mistyped_address_is_told_in_words(node: Served):
    reader = signed_in(node, "sun")
    reader.http.headers.update(BROWSER)
    answer = reader.get("/exchanges/not-an-exchange")
    is_page(answer, 422, "invalid")
    assert "网址不完整，或有一处写错了。" in text_of(answer)
    assert "path" not in text_of(answer)
    assert 'href="/worklists"' in answer.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/v1/nothing", "/.well-known/nothing", "/oauth/nothing"])
def test_the_addresses_of_programs_are_answered_with_problems_whatever_is_accepted(node: Served, path: str):
    answer = node.http.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("accepted", ["*/*", "application/json", ""])
def test_a_program_at_a_pages_address_gets_a_problem(node: Served, accepted: str):
    answer = node.http.get("/nothing", headers={"accept": accepted})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_what_is_refused_at_the_door_is_told_on_a_page(node: Served):
    large = node.http.post("/certificates", content=b"x" * 300_000, headers=BROWSER)
    is_page(large, 413, "request-too-large")
    is_page(node.http.get("/", headers={**BROWSER, "host": "elsewhere.example"}), 421, "host-unknown")
    is_page(node.http.delete("/sign-in", headers=BROWSER), 405, "method-not-allowed")


def test_a_crooked_address_is_no_link_to_another_host(node: Served):
    url = httpx.URL(node.url).copy_with(raw_path=b"//evil.example/x")
    answer = node.http.get(url, headers=BROWSER)
    is_page(answer, 404, "not-found")
    assert '"//evil' not in answer.text
    assert node.http.get(url.copy_with(query=b"lang=en"), headers=BROWSER).status_code == 404


def test_a_fault_of_the_node_is_told_on_a_page_and_to_programs_as_a_problem(tmp_path: Path):
    with served(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as broken:
        broken.office.ledgers = None  # type: ignore[assignment] # whatever is asked of it breaks
        # Each in a connection of its own: the server closes it after a fault.
        page = httpx.get(f"{broken.url}/entries", headers={**BROWSER, "cookie": "woshou=anything"}, verify=False)
        problem = httpx.get(f"{broken.url}/api/v1/worklists", headers={"authorization": "Bearer wsk_k0_0"}, verify=False)
    is_page(page, 500, "error")
    assert "把下面的时间告诉管理员" in text_of(page)
    assert (problem.status_code, problem.json()["type"]) == (500, "urn:woshou:problem:error")
    assert problem.headers["x-content-type-options"] == "nosniff"


def test_a_form_from_elsewhere_is_told_in_the_audit_by_the_page_that_it_was_for(node: Served):
    answer = node.http.post("/certificates", headers={**BROWSER, "origin": "https://evil.example"})
    is_page(answer, 403, "form-not-ours")
    ends, told = time.monotonic() + 10, list[str]()
    while not told and time.monotonic() < ends:  # refusals are written a moment after their answer
        with node.office.ledgers.transaction(read_only=True) as ledger:
            rows = ledger.audit.find(AuditFilter(jurisdictions=frozenset({NODE_WIDE}), refused=True), Page(limit=20))
            told = [row.event.action for row in rows if row.event.problem == "form-not-ours"]
    assert told == ["check"]


def test_an_exchange_whose_messages_are_erased_is_shown_without_them(both: Neighbours):
    exchange = ask(both, 1, paired=False)
    both.deliver()
    with both.wuchang.office.ledgers.transaction() as ledger:
        ledger.messages.erase(1, [exchange])
    answer = signed_in(both.wuchang).get(f"/exchanges/{exchange}")
    assert (answer.status_code, "正文已擦除" in answer.text) == (200, True)
    assert "可能是谁" not in answer.text


def test_who_asks_too_often_is_told_on_a_page_to_wait(node: Served):
    many = node.many("/sign-in", 700, f"accept: {BROWSER['accept']}")
    assert 429 in many
    refused = node.http.get("/sign-in", headers=BROWSER)
    is_page(refused, 429, "too-many-requests")
    assert refused.headers["retry-after"] == "60"
