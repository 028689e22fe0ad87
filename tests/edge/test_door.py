"""What every answer leaves with, which hosts and paths are served, and how often a stranger may ask."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.health import written
from api.problems import HostUnknown, TooManyRequests
from api.serving.door import POLICY, Door
from api.serving.limiting import Limiter, address_of
from exchange.errors import NotFound
from tests.api.nodes import Served, served
from tests.builders import XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

EVERY_ANSWER = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
VIEWERS = ("/docs", "/redoc")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("door")
    with served(folder / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as made:
        yield made


def a_scope(
    path: str = "/healthz", *, host: str | None = "xicheng.example", client: str = "10.0.0.1", raw: str = ""
) -> dict[str, Any]:
    headers = [] if host is None else [(b"host", host.encode())]
    return {"type": "http", "path": path, "raw_path": (raw or path).encode(), "headers": headers, "client": (client, 1)}


def a_door(url: str = "https://xicheng.example", *names: str) -> Door:
    return Door(url=url, names=names, limiter=Limiter())


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/entries", "/nowhere", "/.well-known/jwks.json", "/openapi.json", *VIEWERS])
def test_every_answer_has_the_safe_headers(node: Served, path: str):
    answer = node.http.get(path)
    assert {name: answer.headers.get(name) for name in EVERY_ANSWER} == EVERY_ANSWER
    assert "server" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert policy == POLICY or (path in VIEWERS and policy.startswith("default-src 'none'; script-src 'self'"))


def test_browsers_are_told_to_stay_with_https_where_the_node_has_it():
    assert a_door().headers["strict-transport-security"] == "max-age=63072000"
    assert "strict-transport-security" not in a_door("http://127.0.0.1:8000").headers


@pytest.mark.parametrize("path", VIEWERS)
def test_the_viewers_load_the_nodes_own_files_and_run_no_script_but_their_own(node: Served, path: str):
    page = node.http.get(path)
    assert page.status_code == 200
    assets = re.findall(r"(?:src|href|spec-url)=\"([^\"]+)\"", page.text)
    assert len(assets) >= 2
    assert [asset for asset in assets if not asset.startswith("/")] == []
    assert {node.http.get(asset).status_code for asset in assets} == {200}
    policy = page.headers["content-security-policy"]
    for script in re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL):
        assert b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    scripts = policy.split("script-src")[1].split(";")[0]
    assert "unsafe" not in scripts


@pytest.mark.parametrize(
    "host",
    ["xicheng.example", "XICHENG.example:8443", "localhost:8000", "10.2.3.4", "10.2.3.4:80", "[::1]:8000", None, "also.example"],
)
def test_the_node_answers_to_its_own_names_and_to_any_number(host: str | None):
    a_door("https://xicheng.example", "also.example").check(a_scope(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "xicheng.example.evil.example",
        "xicheng.example.",
        "x@xicheng.example",
        "127.1",
        "xicheng.example:1:2",
        "[x]",
    ],
)
def test_it_answers_to_no_other_name(host: str):
    with pytest.raises(HostUnknown):
        a_door().check(a_scope(host=host))


def test_a_request_under_another_name_gets_a_problem_that_does_not_repeat_the_name(node: Served):
    answer = node.http.get("/healthz", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["type"]) == (421, "urn:woshou:problem:host-unknown")
    assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("headers", [{f"x-{n}": "y" for n in range(120)}, {"x": "a" * 33_000}], ids=["many", "long"])
def test_a_request_has_a_head_of_common_size(node: Served, headers: dict[str, str]):
    answer = node.http.get("/healthz", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (431, "urn:woshou:problem:head-too-large")


@pytest.mark.parametrize("path", ["/docs/", "/api/v1/entries/", "/healthz/"])
def test_nobody_is_sent_elsewhere_for_a_stroke_too_many(node: Served, path: str):
    answer = node.http.get(path, headers={"host": "localhost"})
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


@pytest.mark.parametrize(
    "raw",
    [
        "//healthz",
        "/%68ealthz/%2e%2e",
        "/x/../healthz",
        "/x%2fhealthz",
        "/x\\healthz",
        "/healthz%00",
        "/%252e",
        "/healthz;x=1",
        "/..",
    ],
)
def test_a_crooked_path_leads_nowhere(raw: str):
    with pytest.raises(NotFound):
        a_door().check(a_scope(raw=raw))


def test_a_stranger_has_six_hundred_requests_a_minute_for_each_door():
    door = a_door()
    for _ in range(600):
        door.check(a_scope("/readyz"))
    with pytest.raises(TooManyRequests):
        door.check(a_scope("/readyz"))
    door.check(a_scope("/healthz"))
    door.check(a_scope("/readyz", client="10.0.0.2"))
    door.check(a_scope("/api/v1/entries"))  # who may, is known here; what fails is counted there


def test_what_leads_nowhere_shares_one_count():
    door = a_door()
    for number in range(600):
        door.check(a_scope(f"/nowhere/{number}"))
    with pytest.raises(TooManyRequests):
        door.check(a_scope("/docs"))


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_an_address_of_the_sixth_version_counts_as_its_network(client: str, counted: str):
    assert address_of(client) == counted


def test_keys_that_do_not_hold_are_counted_and_those_that_do_pass(node: Served):
    statuses = node.many("/api/v1/exchanges", 601, "authorization: Bearer wsk_k0_wrong")
    assert (set(statuses[:600]), statuses[600]) == ({401}, 429)
    assert node.call("GET", "/exchanges").status_code == 200


def test_nobody_to_tell_is_no_page(node: Served):
    answer = node.http.get("/.well-known/security.txt")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:woshou:problem:not-found")


def test_whom_to_tell_stands_in_security_txt():
    said = written("mailto:security@xicheng.example", "https://xicheng.example", datetime(2026, 3, 2, 1, tzinfo=UTC))
    assert said == (
        "Contact: mailto:security@xicheng.example\nExpires: 2026-08-29T00:00:00Z\nPreferred-Languages: zh, en\n"
        "Canonical: https://xicheng.example/.well-known/security.txt\n"
    )
