"""Two nodes with real keys and books in memory, and a wire between them that can be slow, broken or deaf."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from adapters.calling.reach import Reach
from adapters.inbox import take_batch
from adapters.keys.keyring import Keyring
from adapters.memory import MemoryLedgers
from adapters.node_document import NodeDocuments
from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from exchange.codes import Item
from exchange.exchanges import Exchange, Link
from exchange.ledger import Ledgers, Page
from exchange.node import Node
from exchange.partners import Partner
from exchange.terms.agreement import SignedAgreement, Standing, write_terms
from exchange.verbs import onboard, submit
from exchange.wire import ijson
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_day, a_moment, a_person, agreed_terms
from tests.life.two_nodes import LINK, a_node
from tests.life.two_nodes import signed as in_form


class HandClock:
    """A clock that a test moves."""

    simulated = True

    def __init__(self) -> None:
        self.shown = a_moment()

    def now(self) -> datetime:
        return self.shown

    def move(self, by: timedelta) -> None:
        self.shown += by


def an_office(folder: Path, node: Node, clock: HandClock, ledgers: Ledgers | None = None) -> Office:
    """A node with fresh keys and empty books."""
    folder.mkdir()
    keyring = Keyring.create(folder / "keys", clock.now())
    documents = NodeDocuments(folder, node, "http://127.0.0.1:8001", clock, keyring)
    return Office(
        node=node, ledgers=ledgers or MemoryLedgers(node.keyed), keyring=keyring, clock=clock, documents=documents, folder=folder
    )


Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Wuchang:
    """The partner as the wire shows it; `answers`, while there are any, are what it says to batches instead of a receipt.

    `to_documents` are what it says to agreement documents instead of 202.
    """

    office: Office
    caller: Office
    answers: list[Answer] = field(default_factory=list)
    to_documents: list[Answer] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    token: object = field(default_factory=lambda: {"access_token": "token", "expires_in": 600})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests.append(f"{request.method} {path}")
        if path == "/.well-known/migrant-exchange":
            return httpx.Response(200, text=self.office.documents.current())
        if path == "/oauth/token":
            return httpx.Response(200, json=self.token)
        if path == "/v1/batches":
            if self.answers:
                return self.answers.pop(0)(request)
            return httpx.Response(200, text=take_batch(self.office, as_partner(self.caller), request.content))
        return self.to_documents.pop(0)(request) if self.to_documents else httpx.Response(202)


@dataclass
class Pair:
    """Xicheng, whose jobs run, and Wuchang, its partner over a wire."""

    clock: HandClock
    xicheng: Office
    wuchang: Office
    wire: Wuchang
    client: PartnerClient

    def ask(self, n: int = 1) -> str:
        """A clerk in Xicheng submits a query about person `n`."""
        with self.xicheng.ledgers.transaction() as ledger:
            return submit.submit(ledger, self.xicheng.node, a_query_about(n), self.clock.now()).key.exchange

    def held(self, office: Office, exchange: str) -> Exchange | None:
        """A side's exchange, None if it has none."""
        with office.ledgers.transaction(read_only=True) as ledger:
            return next(iter(ledger.exchanges.named(exchange)), None)

    def link(self) -> Link:
        """Xicheng's link to Wuchang."""
        with self.xicheng.ledgers.transaction(read_only=True) as ledger:
            link = ledger.links.of(WUCHANG_NODE)
        assert link is not None
        return link

    def findings(self) -> list[str]:
        """What Xicheng's operator is shown."""
        with self.xicheng.ledgers.transaction(read_only=True) as ledger:
            return [finding.kind for finding in ledger.chores.findings(Page())]


def a_query_about(n: int) -> submit.OpeningDraft:
    """What Xicheng asks Wuchang about person `n`, who applied for it."""
    return submit.OpeningDraft(
        own=XICHENG,
        other=WUCHANG,
        own_is_origin=True,
        purpose=agreed_terms().purposes[0],
        person=a_person(n),
        items=(Item.MARITAL_STATUS,),
        requested_by_person=True,
        application_date=a_day(),
    )


def as_partner(office: Office) -> Partner:
    """An office as another one trusts it."""
    return office.myself()


def a_pair(folder: Path, ledgers: Ledgers | None = None) -> Pair:
    """Two nodes that trust each other and have an agreement in force."""
    clock = HandClock()
    xicheng = an_office(folder / "xicheng", a_node(XICHENG_NODE, XICHENG), clock, ledgers)
    wuchang = an_office(folder / "wuchang", a_node(WUCHANG_NODE, WUCHANG), clock)
    wire = Wuchang(office=wuchang, caller=xicheng)
    _trust(xicheng, as_partner(wuchang))
    _trust(wuchang, as_partner(xicheng))
    client = PartnerClient(xicheng, http_client(httpx.MockTransport(wire), reach=Reach()))
    return Pair(clock=clock, xicheng=xicheng, wuchang=wuchang, wire=wire, client=client)


def _trust(office: Office, partner: Partner) -> None:
    terms = agreed_terms()
    payload = write_terms(terms)
    agreement = SignedAgreement(
        digest=ijson.digest(payload),
        agreement=terms,
        partner=partner.node,
        ours=True,
        proposal_jws=in_form(payload),
        standing=Standing.ACCEPTED,
        known_at=a_moment(-1000),
        decided_at=a_moment(-1000),
    )
    with office.ledgers.transaction() as ledger:
        onboard.confirm_partner(ledger, office.node, partner, LINK, frozenset(partner.claimed))
        ledger.agreements.add(agreement)
