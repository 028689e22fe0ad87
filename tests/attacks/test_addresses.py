"""A node led to where it must not call: by an operator's slip, by a partner's document, or by a name that leads elsewhere."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.calling.reach import Reach
from adapters.keys import jose
from adapters.office import Office
from adapters.partner_http import http_client
from exchange.wire import ijson
from exchange.wire.node import NODE_TYPE
from tests.api.nodes import Served, served
from tests.attacks.refusing import refused
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock, an_office
from tests.life.two_nodes import a_node
from tests.partners.test_reach import listening


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node that calls as one in production does."""
    folder: Path = tmp_path_factory.mktemp("strict")
    with (
        http_client(reach=Reach()) as calling,
        served(folder / "node", a_node(XICHENG_NODE, XICHENG), HandClock(), calling=calling) as made,
    ):
        yield made


def look(node: Served, url: str) -> httpx.Response:
    return node.call("POST", "/partners", json={"url": url}, role="operator")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.0.0.2"])
def test_another_program_of_the_machine(strict: Served, host: str):
    with listening() as (port, heard):
        refused(look(strict, f"http://{host}:{port}"), 502, "no-node-there")
    assert heard == []


def test_the_machine_answers_the_same_whether_a_program_listens_or_not(strict: Served):
    """From an open and a closed port nobody can tell which is which."""
    with listening() as (port, _):
        there = look(strict, f"http://127.0.0.1:{port}")
    gone = look(strict, f"http://127.0.0.1:{port}")
    assert there.content == gone.content
    refused(there, 502, "no-node-there")


@pytest.mark.parametrize("host", ["169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "0.0.0.0", "[::]", "[fe80::1]"])
def test_the_hostings_store_of_credentials(strict: Served, host: str):
    refused(look(strict, f"https://{host}"), 502, "no-node-there")


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        *((url, 400, "node-document-refused") for url in ("http://169.254.169.254", "http://10.0.0.1", "http://wuchang.example")),
        *((url, 400, "node-document-refused") for url in ("http://127.1", "http://2130706433", "http://0x7f000001")),
        *((url, 422, "invalid") for url in ("file:///etc/passwd", "gopher://127.0.0.1:6379", "https://wuchang.example/admin?x=")),
        *(
            (url, 422, "invalid")
            for url in ("https://a:b@wuchang.example", "https://a@127.0.0.1", "https://a.example#@evil.example")
        ),
    ],
)
def test_an_address_that_is_no_nodes(strict: Served, url: str, status: int, code: str):
    refused(look(strict, url), status, code)


@contextmanager
def naming(monkeypatch: pytest.MonkeyPatch, **names: str) -> Iterator[None]:
    """A resolver that knows these names."""
    real = socket.getaddrinfo

    def resolving(host: str, *rest: Any, **more: Any) -> Any:
        return real(names.get(str(host).split(".")[0], host), *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", resolving)
        yield


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:7f00:1"])
def test_a_good_name_that_leads_into_the_machine_or_its_hosting(strict: Served, monkeypatch: pytest.MonkeyPatch, address: str):
    with naming(monkeypatch, wuchang=address):
        refused(look(strict, "https://wuchang.example"), 502, "no-node-there")


@dataclass
class Told:
    """A node whose partners, wherever it looks, answer as a test has them answer."""

    node: Served
    other: Office
    answer: httpx.Response = field(default_factory=lambda: httpx.Response(404))
    asked: list[str] = field(default_factory=list)

    def look(self, answer: httpx.Response) -> httpx.Response:
        """Let the operator look at an address, where this is the answer."""
        self.answer = answer
        return look(self.node, "https://wuchang.example")

    def document(self, key: jose.Signer | None = None, **changes: Any) -> httpx.Response:
        """The other node's document, with these changes, signed by its own key or by this one."""
        said = ijson.loads(jose.read_unverified(self.other.documents.current()).payload)
        said["endpoints"] = {name: f"https://wuchang.example/{name}" for name in said["endpoints"]}
        for name, value in changes.pop("endpoints", {}).items():
            said["endpoints"][name] = value
        jws = jose.sign(ijson.dumps({**said, **changes}), typ=NODE_TYPE, key=key or self.other.signing_key())
        return httpx.Response(200, text=jws)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A production node that looks at others."""
    folder, here = tmp_path_factory.mktemp("told"), list[Told]()

    def answering(request: httpx.Request) -> httpx.Response:
        here[0].asked.append(str(request.url))
        return here[0].answer

    production = replace(a_node(XICHENG_NODE, XICHENG), environment="production")
    other = an_office(folder / "other", a_node(WUCHANG_NODE, WUCHANG), HandClock())
    with served(folder / "node", production, HandClock(), wire=httpx.MockTransport(answering)) as node:
        here.append(Told(node, other))
        yield here[0]


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("http://127.0.0.1:8001/v1/batches", "https://evil.example/v1/batches", "https://wuchang.example:8443/v1/batches"),
        *("https://wuchang.example@evil.example/v1", "https://wuchang.example.evil.example/v1", "//evil.example/v1"),
        *("https://wuchang.example\\@evil.example/v1", "file:///etc/passwd", "/v1/batches"),
    ],
)
@pytest.mark.parametrize("end", ["token", "batches", "agreements", "links"])
def test_a_document_whose_endpoints_lie_elsewhere(told: Told, elsewhere: str, end: str):
    refused(told.look(told.document(endpoints={end: elsewhere})), 400, "node-document-refused")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_node_that_sends_the_caller_on(told: Told, status: int):
    told.asked.clear()
    inside = httpx.Response(status, headers={"location": "http://169.254.169.254/latest/meta-data/"})
    refused(told.look(inside), 502, "no-node-there")
    assert told.asked == ["https://wuchang.example/.well-known/migrant-exchange"]


def test_a_document_without_end(told: Told):
    refused(told.look(httpx.Response(200, content=b"a" * 3_000_000)), 502, "no-node-there")


def test_a_document_of_another_nodes_keys(told: Told, tmp_path: Path):
    """Signed by a key that the document does not hold: the first look must prove at least that it is one node's own word."""
    strange = an_office(tmp_path / "strange", a_node(WUCHANG_NODE, WUCHANG), HandClock()).signing_key()
    refused(told.look(told.document(strange)), 502, "no-node-there")


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"crv": "secp256k1"}, 400, "node-document-refused"),
        ({"d": "A" * 43}, 400, "node-document-refused"),
        (
            {"y": "A" * 43},
            502,
            "no-node-there",
        ),  # which has a key's form: no signature holds under it
        ({"kty": "oct"}, 400, "node-document-refused"),
    ],
    ids=["a curve that looks alike", "its private half", "a point that lies on no curve", "a shared secret"],
)
def test_a_document_of_keys_that_are_none(told: Told, wrong: dict[str, str], status: int, code: str):
    key = ijson.loads(jose.read_unverified(told.other.documents.current()).payload)["keys"][0]
    refused(told.look(told.document(keys=[{**key, "jwk": {**key["jwk"], **wrong}}] * 2)), status, code)


def test_a_document_of_an_older_protocol(told: Told):
    refused(told.look(told.document(protocols=["0"])), 400, "node-document-refused")


def test_a_sandbox_for_a_production_node(told: Told):
    refused(told.look(told.document(environment="sandbox")), 409, "environments-differ")
