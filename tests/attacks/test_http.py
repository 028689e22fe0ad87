"""What HTTP itself offers an attacker: methods, paths, hosts, other origins, headers that others obey."""

import json
import socket

import httpx
import pytest

from api.rights import Right
from tests.access.asking import RIGHTS, address, role_of
from tests.api.nodes import Served
from tests.attacks.refusing import refused, refused_on_page, refused_without_words
from tests.attacks.somebody import Somebody
from tests.attacks.test_fixation import a_body
from tests.builders import XICHENG
from tests.edge.test_order import ROUTES


def raw(node: Served, path: str, *, host: str = "localhost", **headers: str) -> httpx.Response:
    """A GET of exactly this path."""
    url = httpx.URL(node.url).copy_with(raw_path=path.encode())
    return node.http.request(
        "GET", url, headers={"host": host, "authorization": f"Bearer {node.key('clerk', XICHENG)}", **headers}
    )


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "OPTIONS", "PROPFIND", "MOVE", "DEBUG", "PATCH", "GETX"])
def test_a_method_that_no_route_has(full: Served, method: str):
    answer = full.call(method, "/exchanges", of=XICHENG)
    refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET" or "POST" in answer.headers["allow"]


def test_a_head_request_tells_no_more_than_its_get(full: Served):
    refused_without_words(full.http.head("/api/v1/exchanges"), 405, "method-not-allowed")


@pytest.mark.parametrize("name", ["x-http-method-override", "x-http-method", "x-method-override"])
def test_a_method_in_disguise(full: Served, name: str):
    """A GET that says it is a DELETE stays a GET."""
    headers = {name: "DELETE", "authorization": f"Bearer {full.key('operator', XICHENG)}"}
    before = full.http.get("/api/v1/partners", headers=headers).json()
    refused(full.http.post("/api/v1/routes/420106", headers=headers), 405, "method-not-allowed")
    assert full.http.get("/api/v1/partners", headers=headers).json() == before


PATHS = (
    *("//api/v1/exchanges", "/api//v1/exchanges"),
    *("/%2e%2e/api/v1/exchanges", "/api%2fv1%2fexchanges", "/api/v1/exchanges%2f", "/api\\v1\\exchanges", "/api/v1/exchanges%00"),
    *(
        "/api/v1/exchanges;x=y",
        "/api/v1/exchanges/..;/entries",
        "/%252e%252e/api/v1/exchanges",
        "/API/V1/exchanges",
        "/api/v1/exchanges/",
    ),
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_a_proxy_could_read_apart(full: Served, path: str):
    refused(raw(full, path), 404, "not-found")


def test_a_letter_in_disguise_leads_to_the_same_route_and_the_same_rules(full: Served):
    address = "/api/v1/%65xchanges"
    assert raw(full, address).status_code == 200
    refused(raw(full, address, authorization="Bearer nonsense"), 401, "unauthorized")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example:8000", "127.0.0.1.evil.example"]
)
def test_a_request_under_anothers_name(full: Served, host: str):
    answer = raw(full, "/api/v1/exchanges", host=host)
    refused(answer, 421, "host-unknown")
    assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "name", ["x-forwarded-host", "x-original-url", "x-rewrite-url", "x-forwarded-prefix", "forwarded", "x-forwarded-proto"]
)
def test_a_header_that_some_servers_obey(full: Served, name: str):
    plain = raw(full, "/api/v1/exchanges?limit=1")
    changed = raw(full, "/api/v1/exchanges?limit=1", **{name: "/metrics" if "url" in name else "host=evil.example"})
    assert (changed.status_code, changed.content) == (plain.status_code, plain.content)
    assert "evil" not in str(changed.headers)


def test_an_address_claimed_by_who_is_no_trusted_proxy(full: Served):
    """Failures are counted where they come from, whatever address they claim."""
    statuses = full.many("/healthz", 600, "x-forwarded-for: 2001:db8:{n}::1", "forwarded: for=192.0.2.1")
    assert set(statuses) == {200}
    refused(raw(full, "/healthz", **{"x-forwarded-for": "203.0.113.9"}), 429, "too-many-requests")


def test_a_page_of_another_origin(full: Served):
    headers = {
        "origin": "https://evil.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    answer = full.http.options("/api/v1/entries", headers=headers)
    refused(answer, 405, "method-not-allowed")
    told = raw(full, "/api/v1/exchanges", origin="https://evil.example")
    for each in (answer, told):
        assert not [name for name in each.headers if name.startswith("access-control-")]
    assert told.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_form_of_another_origin(full: Served):
    """What a page elsewhere can send without asking is no JSON, and carries no key."""
    key = full.key("clerk", XICHENG)
    refused(full.http.post("/api/v1/entries", content=b'{"a":1}', headers={"content-type": "text/plain"}), 401, "unauthorized")
    body, mine = json.dumps(a_body(77)).encode(), {"authorization": f"Bearer {key}"}
    refused(full.http.post("/api/v1/entries", content=body, headers={"content-type": "text/plain", **mine}), 422, "invalid")
    assert (
        full.http.post("/api/v1/entries", content=body, headers={"content-type": "application/json", **mine}).status_code == 201
    )


def test_line_breaks_in_what_comes_back_in_a_header(full: Served):
    for text in ("a%0d%0aset-cookie:%20x=y", "%0aX:%20y", "%E5%98%8A%E5%98%8D"):
        answer = raw(full, f"/api/v1/exchanges?cursor={text}&limit=1")
        refused(answer, 422, "invalid")
        assert "set-cookie" not in answer.headers


def test_no_answer_sets_a_cookie(full: Served):
    for path in ("/healthz", "/docs", "/redoc", "/api/v1/exchanges", "/nowhere"):
        assert "set-cookie" not in raw(full, path).headers


def test_a_second_request_hidden_in_the_body_of_the_first(full: Served, caplog: pytest.LogCaptureFixture):
    """What two servers could read apart is no request: nothing of it comes as far as a route, or the audit; the log has it."""
    inner = f"GET /api/v1/entries HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {full.key('clerk', XICHENG)}\r\n\r\n"
    lengths = f"content-length: {len(inner)}\r\ntransfer-encoding: xchunked\r\n\r\n"
    outer = f"POST /api/v1/exchanges HTTP/1.1\r\nhost: localhost\r\n{lengths}"
    with socket.create_connection(("127.0.0.1", int(full.url.rsplit(":", 1)[1])), timeout=10) as line:
        line.sendall((outer + inner).encode())
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [(each.name, each.message) for each in caplog.records] == [("uvicorn.error", "Invalid HTTP request received.")]


@pytest.mark.parametrize("value", ["bytes=0-0,-1", "bytes=9-1", "bytes=" + ",".join("0-1" for _ in range(5_000)), "lines=1-2"])
def test_ranges_upon_ranges(full: Served, value: str):
    """A file is sent whole, whatever parts of it are asked for."""
    path = "/static-offline-docs/favicon.png"
    answer = raw(full, path, range=value)
    assert (answer.status_code, answer.content) == (200, raw(full, path).content)


def test_ranges_that_fill_a_head(full: Served):
    refused(
        raw(full, "/static-offline-docs/favicon.png", range="bytes=" + ",".join("0-1" for _ in range(10_000))),
        431,
        "head-too-large",
    )


# A report is a document of the wire, which has a word of its own for what is none.
OWN_WORD = {"POST /api/v1/received-reports": "malformed-report"}
# These answer line by line, each with a refusal of its own.
BY_LINE = {"POST /api/v1/entries/bulk", "POST /api/v1/exchanges/bulk-replies"}


@pytest.mark.parametrize("name", [name for name in RIGHTS if "requestBody" in ROUTES[name]])
def test_every_refusal_is_a_problem_that_repeats_nothing(full: Served, name: str):
    """On every route that takes a body: what was sent never comes back, names of unknown fields included."""
    method, path = address(name)
    headers = {"authorization": f"Bearer {full.key(role_of(name), XICHENG)}", "if-match": '"1"'}
    answer = full.http.request(method, path, json={"秘密王小明": "110102199003070017"}, headers=headers)
    if name in BY_LINE:
        told = [line["problem"]["type"] for line in map(json.loads, answer.text.splitlines())]
        assert (answer.status_code, told) == (200, ["urn:woshou:problem:invalid"])
    else:
        refused(answer, 422, OWN_WORD.get(name, "invalid"))
    assert "110102199003070017" not in answer.text
    assert "秘密" not in answer.text


DAYS = [
    (name, each["name"])
    for name, route in ROUTES.items()
    for each in route.get("parameters", ())
    if each["in"] == "query" and any(kind.get("format") == "date" for kind in each["schema"].get("anyOf", [each["schema"]]))
]
PAGED = [("/audit", name) for name in ("first", "last")] + [("/reports", name) for name in ("from", "to", "until")]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(("name", "param"), [each for each in DAYS if each[0] in RIGHTS and isinstance(RIGHTS[each[0]], Right)])
def test_a_day_at_the_end_of_time(full: Served, name: str, param: str, day: str):
    method, path = address(name)
    headers = {"authorization": f"Bearer {full.key(role_of(name), XICHENG)}"}
    refused(full.http.request(method, path, params={"month": "2026-02", param: day}, headers=headers), 422, "invalid")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(("path", "param"), PAGED)
def test_a_day_at_the_end_of_time_on_a_page(full: Served, path: str, param: str, day: str):
    somebody = Somebody(full, f"{param}-{day}-of{path.replace('/', '-')}", "auditor" if path == "/audit" else "coordinator")
    refused_on_page(somebody.get(path, somebody.session(), params={param: day}), 422, "invalid", by=somebody.key)
