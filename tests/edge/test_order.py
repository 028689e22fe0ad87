"""What every route does in which order: who calls, then the body, and the ledger last; no caller holds up the others."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from adapters.keys.tokens import access_token
from api.models.base import EXAMPLE_ID
from api.serving.edge import USUAL_BODY
from exchange.partners import PartnerStatus
from tests.access.asking import role_of
from tests.api.nodes import Served, served
from tests.builders import XICHENG, XICHENG_NODE, a_digest, a_partner
from tests.building.described import described
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

PATHS: dict[str, dict[str, Any]] = described()["paths"]
ROUTES = {f"{method.upper()} {path}": operation for path, methods in PATHS.items() for method, operation in methods.items()}
OPEN = {
    "GET /healthz",
    "GET /readyz",
    "GET /.well-known/migrant-exchange",
    "GET /.well-known/jwks.json",
    "GET /.well-known/security.txt",
    "POST /oauth/token",
}
CLOSED = sorted(set(ROUTES) - OPEN)
IDS = {
    "code": "420106",
    "other": "420106",
    "digest": a_digest("any"),
    "node": "wuchang.example",
    "layout": "outflow",
    "rate": "feedback_given",
}
BODY_SECONDS = 5.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node on SQLite, where one transaction at a time may write, and with little patience for slow bodies."""
    folder: Path = tmp_path_factory.mktemp("order")
    database = open_database(f"sqlite:///{folder / 'woshou.db'}", lock_seconds=2)
    database.upgrade()
    with served(folder / "node", a_node(XICHENG_NODE, XICHENG), HandClock(), database, body_seconds=BODY_SECONDS) as node:
        with database.transaction() as ledger:
            ledger.partners.save(a_partner(node="wuchang.example", status=PartnerStatus.ACTIVE))
        for role in ("clerk", "coordinator", "operator", "auditor"):
            node.key(role, XICHENG)
        yield node
    database.close()


def address(name: str) -> tuple[str, str]:
    method, path = name.split()
    parameters = [part.split("}")[0] for part in path.split("{")[1:]]
    return method, path.format(**{name: IDS.get(name, EXAMPLE_ID) for name in parameters})


def credential(node: Served, name: str) -> str:
    (tag,) = ROUTES[name]["tags"]
    if tag == "Partner":
        office = node.office
        return access_token(
            office.node.name, "wuchang.example", ["exchange", "reconcile", "check"], office.now(), office.signing_key()
        )[0]
    return node.key(role_of(name), XICHENG)


def media(name: str) -> str:
    body = ROUTES[name].get("requestBody", {"content": {"application/json": {}}})
    (told,) = body["content"]
    return f"{told}; boundary=x" if told.startswith("multipart") else str(told)


def test_all_routes_but_these_ask_who_calls():
    assert {name for name, operation in ROUTES.items() if "security" not in operation} == OPEN


def test_a_stranger_waits_for_no_lock_and_his_body_is_not_read(node: Served):
    answers = {}
    with node.office.ledgers.transaction():
        for name in CLOSED:
            method, path = address(name)
            with socket.create_connection(("127.0.0.1", int(node.url.rsplit(":", 1)[1])), timeout=10) as line:
                begun = time.monotonic()
                line.sendall(f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{{".encode())
                answers[name] = (line.recv(12), time.monotonic() - begun < BODY_SECONDS)
    assert answers == dict.fromkeys(CLOSED, (b"HTTP/1.1 401", True))


def test_what_is_no_valid_body_is_refused_without_waiting_for_a_lock(node: Served):
    """NDJSON and batches are valid or not line by line, or by what the ledger holds."""
    written = [name for name in CLOSED if ROUTES[name].get("requestBody") and "ndjson" not in media(name)]
    with node.office.ledgers.transaction():
        for name in written:
            method, path = address(name)
            headers = {"authorization": f"Bearer {credential(node, name)}", "content-type": media(name), "if-match": '"1"'}
            response = node.http.request(method, path, content=b'{"nonsense": "\xe6\x97\xa0"}', headers=headers)
            assert response.status_code in (400, 422), (name, response.text)
    assert len(written) > 10


def test_bodies_that_drip_hold_no_lock_and_end(node: Served):
    """On every route at once, each of them from a caller who may call it."""
    # What reads and what removes a pin take no body, and wait for none.
    asked = [name for name in CLOSED if not name.startswith(("GET", "DELETE"))]
    port = int(node.url.rsplit(":", 1)[1])
    with ExitStack() as stack:
        lines = []
        for name in chain(asked, asked):
            method, path = address(name)
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            said = (f"authorization: Bearer {credential(node, name)}", f"content-type: {media(name)}", 'if-match: "1"')
            head = "\r\n".join((f"{method} {path} HTTP/1.1", "host: localhost", "content-length: 1000", *said))
            line.sendall(f"{head}\r\n\r\n--x\r\n".encode())
            lines.append((name, line))
        begun = time.monotonic()
        with node.office.ledgers.transaction():
            waited = time.monotonic() - begun
        assert node.http.get("/readyz").status_code == 200
        # Well within the time: a line that the node has closed already takes nothing more.
        for _ in range(2):
            time.sleep(BODY_SECONDS / 6)
            for _, line in lines:
                line.sendall(b"a")
        answers = {name: line.makefile("rb").read() for name, line in lines}  # until it is closed
    # Of those that take a sheet, which all have the same key, two are read at one time.
    sheets = {name for name in asked if media(name).startswith("multipart")}
    waited_for = {name for name in sheets if answers[name].startswith(b"HTTP/1.1 429")}
    assert len(sheets - waited_for) <= 2 < len(sheets)
    assert all(b"urn:woshou:problem:imports-waiting" in answers.pop(name) for name in waited_for)
    assert {answer[:12] for answer in answers.values()} == {b"HTTP/1.1 408"}
    assert all(b"urn:woshou:problem:request-timeout" in answer for answer in answers.values())
    assert waited < 1


@pytest.mark.parametrize("name", sorted(name for name in CLOSED if media(name).startswith("multipart")))
def test_every_route_that_takes_a_file_takes_one_larger_than_the_usual_body(node: Served, name: str):
    method, path = address(name)
    form = {"layout": "births" if "cross-checks" in path else "outflow", "check": EXAMPLE_ID}
    headers = {"authorization": f"Bearer {credential(node, name)}"}
    answer = node.http.request(method, path, files={"file": ("a.csv", b"a" * 2 * USUAL_BODY)}, data=form, headers=headers)
    assert answer.status_code in (404, 422), answer.text
