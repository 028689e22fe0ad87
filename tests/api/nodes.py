"""Real nodes on loopback ports, served by uvicorn as in production, and callers of every role."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from adapters.keys.keyring import Keyring
from adapters.memory import MemoryLedgers
from adapters.node_document import NodeDocuments
from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.signin.provider import Provider
from api.access import hash_secret
from api.app import create_app
from api.rights import LocalRole
from api.serving.importing import QUICK_SECONDS
from api.serving.server import HeadInTime, listening, server
from exchange.ledger import ApiKey, Ledgers
from exchange.node import Node
from jobs.deliver import deliver_all
from jobs.runner import on_shift
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

PATIENCE = 120
"""Seconds that an answer may take: a machine that others load is no failure."""


@dataclass
class Served:
    """A node that is served, and its callers."""

    office: Office
    clock: HandClock
    url: str
    http: httpx.Client
    server: uvicorn.Server | None = None
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def stop(self) -> None:
        """Begin to stop, which takes the server its time."""
        if self.server is not None:
            self.server.should_exit = True

    def key(self, role: str, jurisdiction: str) -> str:
        """A key of that role, bound to that jurisdiction."""
        if (role, jurisdiction) not in self._keys:
            number, secret = f"k{len(self._keys)}", secrets.token_hex(16)
            made = ApiKey(
                id=number,
                secret_hash=hash_secret(secret),
                name=role,
                jurisdiction=jurisdiction,
                role=LocalRole(role),
                created_at=self.clock.now(),
            )
            with self.office.ledgers.transaction() as ledger:
                ledger.access.save_api_key(made)
            self._keys[role, jurisdiction] = f"wsk_{number}_{secret}"
        return self._keys[role, jurisdiction]

    def call(self, method: str, path: str, *, role: str = "clerk", of: str | None = None, **request: Any) -> httpx.Response:
        """Call the API of own systems as a role of a jurisdiction, the node's county unless told."""
        county = of or min(self.office.node.jurisdictions)
        headers = {"authorization": f"Bearer {self.key(role, county)}", **request.pop("headers", {})}
        return self.http.request(method, f"/api/v1{path}", headers=headers, **request)

    def many(self, path: str, number: int, *headers: str) -> list[int]:
        """The statuses of so many GETs, all sent at once on one connection; each header may name the number as `{n}`."""
        host, port = self.url.removeprefix("http://").split(":")
        heads = ["".join(f"{header.format(n=n)}\r\n" for header in ("host: localhost", *headers)) for n in range(number)]
        asked = "".join(f"GET {path} HTTP/1.1\r\n{head}\r\n" for head in heads).encode()
        with socket.create_connection((host, int(port)), timeout=30) as line:
            sending = threading.Thread(target=line.sendall, args=(asked,))
            sending.start()
            answers = b""
            while answers.count(b"HTTP/1.1 ") < number:
                answers += line.recv(65536)
            sending.join()
        return [int(answer[:3]) for answer in answers.split(b"HTTP/1.1 ")[1:]]

    def get(self, path: str, **request: Any) -> Any:
        """The body of a successful GET."""
        response = self.call("GET", path, **request)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any = None, *, status: int | None = None, **request: Any) -> Any:
        """The body of a successful POST."""
        response = self.call("POST", path, json=body, **request) if body is not None else self.call("POST", path, **request)
        assert response.status_code == status if status else response.is_success, response.text
        return response.json()

    def deliver(self) -> None:
        """What the jobs do: send everything that waits."""
        with on_shift(self.office, PartnerClient(self.office, self.http)) as shift:
            deliver_all(shift)


# By the address of each: so an answer tells which node gave it.
RUNNING: dict[str, Served] = {}


@contextmanager
def served(
    folder: Path,
    node: Node,
    clock: HandClock,
    ledgers: Ledgers | None = None,
    wire: httpx.BaseTransport | None = None,
    *,
    calling: httpx.Client | None = None,
    body_seconds: float = 30.0,
    quick_seconds: float = QUICK_SECONDS,
    protocol: type[HeadInTime] = HeadInTime,
    provider: Provider | None = None,
) -> Iterator[Served]:
    """Serve a node with fresh keys on a free port, until the block ends; `wire` stands between it and its partners.

    Instead of that, `calling` may be what partners are called with.
    """
    folder.mkdir(parents=True)
    with listening("127.0.0.1", 0) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        keyring = Keyring.create(folder / "keys", clock.now())
        documents = NodeDocuments(folder, node, url, clock, keyring)
        books = ledgers or MemoryLedgers(node.keyed)
        office = Office(
            node=node,
            ledgers=books,
            keyring=keyring,
            clock=clock,
            documents=documents,
            folder=folder,
            provider=provider,
        )
        # No certificates are loaded for what stays on loopback: that takes longer than most tests.
        with httpx.Client(base_url=url, timeout=PATIENCE, verify=False) as client:
            partners = calling or (client if wire is None else httpx.Client(transport=wire))
            app = create_app(office, client=partners, body_seconds=body_seconds, quick_seconds=quick_seconds)
            serving = server(app, protocol=protocol)
            thread = threading.Thread(target=serving.run, kwargs={"sockets": [door]}, daemon=True)
            thread.start()
            while not serving.started:
                time.sleep(0.01)
            RUNNING[url] = Served(office=office, clock=clock, url=url, http=client, server=serving)
            yield RUNNING[url]
            RUNNING[url].stop()
            thread.join()


@dataclass(frozen=True)
class Neighbours:
    """Xicheng and Wuchang, which know each other and have an agreement in force."""

    xicheng: Served
    wuchang: Served

    def deliver(self) -> None:
        """Send everything that waits, both ways."""
        self.xicheng.deliver()
        self.wuchang.deliver()


@contextmanager
def neighbours(folder: Path, clock: HandClock, *, xicheng: Ledgers | None = None) -> Iterator[Neighbours]:
    """Two nodes that were onboarded and have signed an agreement, all of it through the API."""
    with (
        served(folder / "xicheng", a_node(XICHENG_NODE, XICHENG), clock, xicheng) as one,
        served(folder / "wuchang", a_node(WUCHANG_NODE, WUCHANG), clock) as other,
    ):
        for here, there in ((one, other), (other, one)):
            onboard(here, there)
        both = Neighbours(xicheng=one, wuchang=other)
        agree(both)
        yield both
        for node in (one, other):  # both at one time
            node.stop()


def onboard(here: Served, there: Served) -> None:
    """Look at the other node and confirm what its operator reads out."""
    seen = here.post("/partners", {"url": there.url}, role="operator", status=201)
    fingerprint = there.office.keyring.fingerprint(there.clock.now())
    assert seen["fingerprint"] == fingerprint
    confirmed = {"fingerprint": fingerprint.lower(), "jurisdictions": seen["claimed"]}
    here.post(f"/partners/{seen['node']}/confirmation", confirmed, role="operator")


def agree(both: Neighbours, **terms: Any) -> str:
    """Xicheng proposes, Wuchang accepts; the agreement's digest."""
    proposal = {"partner": WUCHANG_NODE, "jurisdiction": XICHENG, "with": WUCHANG, **terms}
    digest: str = both.xicheng.post("/agreements", proposal, role="coordinator", status=201)["digest"]
    both.xicheng.deliver()
    both.wuchang.post(f"/agreements/{digest}/decision", {"decision": "accepted"}, role="coordinator")
    both.wuchang.deliver()
    return digest
