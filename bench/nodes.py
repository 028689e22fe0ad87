"""Two sandbox nodes with keys, onboarded with each other, one agreement in force; each can be served by a process of its own."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from adapters.keys import jose
from adapters.keys.keyring import Keyring, link_id
from adapters.office import Office
from bench.people import DESTINATION, DESTINATION_NODE, ORIGIN, ORIGIN_NODE
from exchange.codes import Item, Purpose
from exchange.ids import new_id
from exchange.jurisdiction import Category
from exchange.partners import Partner
from exchange.terms.agreement import (
    DECISION_TYPES,
    PROPOSAL_TYPE,
    Agreement,
    DecisionWord,
    FieldRule,
    Party,
    RegisterComparison,
    RulesRef,
)
from exchange.verbs import agree, onboard
from woshou.settings import FILE, Settings
from woshou.wiring import keys_folder, open_clock, open_office

NOT_COMPARED = RegisterComparison()


@dataclass(frozen=True)
class BenchNode:
    """A node that was set up: its settings, and how it calls the other one."""

    settings: Settings
    other: str

    @property
    def url(self) -> str:
        return self.settings.url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def two_nodes(
    folder: Path, database_url: Callable[[str], str], comparison: RegisterComparison = NOT_COMPARED
) -> tuple[BenchNode, BenchNode]:
    """The origin's and the destination's node, with databases at these addresses, onboarded and agreed."""
    origin = _prepare(folder, ORIGIN_NODE, ORIGIN, "武昌区", DESTINATION_NODE, database_url("origin"))
    destination = _prepare(folder, DESTINATION_NODE, DESTINATION, "西城区", ORIGIN_NODE, database_url("destination"))
    with open_office(origin.settings) as one, open_office(destination.settings) as other:
        link = link_id(*_named(one), *_named(other))
        _trust(one, other.myself(), link)
        _trust(other, one.myself(), link)
        _agree(one, other, comparison)
    return origin, destination


def _prepare(folder: Path, name: str, county: str, title: str, other: str, database_url: str) -> BenchNode:
    data, port = folder / county, free_port()
    data.mkdir(parents=True)
    settings = Settings(
        data=data,
        node=name,
        title=title,
        jurisdictions=[county],
        environment="sandbox",
        url=f"http://127.0.0.1:{port}",
        port=port,
        database_url=database_url,
    )
    kept = settings.model_dump(mode="json", exclude_none=True, exclude={"data"})
    # JSON's strings, numbers and lists are TOML's.
    (data / FILE).write_text("".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in kept.items()))
    Keyring.create(keys_folder(settings), open_clock(settings).now())
    return BenchNode(settings=settings, other=other)


def _named(office: Office) -> tuple[str, str]:
    return office.node.name, office.keyring.fingerprint(office.now())


def _trust(office: Office, partner: Partner, link: str) -> None:
    with office.ledgers.transaction() as ledger:
        onboard.confirm_partner(ledger, office.node, partner, link, frozenset(partner.claimed))


def _agree(one: Office, other: Office, comparison: RegisterComparison) -> None:
    rules = one.node.rules
    items = list(Item)
    terms = Agreement(
        id=new_id(one.now()),
        version=1,
        parties=[Party(node=ORIGIN_NODE, jurisdiction=ORIGIN), Party(node=DESTINATION_NODE, jurisdiction=DESTINATION)],
        directions="both",
        kinds=["query"],
        purposes=[Purpose.PUBLIC_SERVICE],
        fields=[FieldRule(subject="query", purpose=Purpose.PUBLIC_SERVICE, items=items)],
        categories=[Category.MIGRANT],
        notes_allowed=False,
        register_comparison=comparison,
        queries_per_day=None,
        limits=[],
        rules=RulesRef(version=rules.version, digest=rules.digest),
        valid_from=date(2020, 1, 1),
        valid_until=None,
        supersedes=None,
    )
    accepted = DECISION_TYPES[DecisionWord.ACCEPTED]
    with one.ledgers.transaction() as mine, other.ledgers.transaction() as theirs:
        signed = agree.propose(mine, one.node, terms, one.now(), one.signer(PROPOSAL_TYPE))
        payload = jose.read_unverified(signed.proposal_jws).payload
        agree.take_proposal(theirs, other.node, one.myself(), payload, signed.proposal_jws, other.now())
        sign = other.signer(accepted)
        decided = agree.decide(theirs, other.node, signed.digest, DecisionWord.ACCEPTED, DESTINATION, other.now(), sign)
        jws = decided.decision_jws or ""
        agree.take_decision(mine, other.myself(), terms.id, DecisionWord.ACCEPTED, jose.read_unverified(jws).payload, jws)
        for ledger in (mine, theirs):
            for document in ("proposal", "decision"):
                agree.sent(ledger, signed.digest, document)


@contextmanager
def served(node: BenchNode) -> Iterator[subprocess.Popen[bytes]]:
    """`woshou serve` for this node, for as long as the block lasts."""
    command = [sys.executable, "-m", "woshou", "serve", "--data", str(node.settings.data)]
    with process(command, stderr=subprocess.DEVNULL) as child:
        wait_for(f"{node.url}/.well-known/jwks.json")
        yield child


@contextmanager
def process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(command, **{"stdout": subprocess.DEVNULL, **options})
    try:
        yield child
    finally:
        child.terminate()
        child.wait(timeout=20)


def wait_for(url: str, seconds: float = 60) -> None:
    """Until something answers there."""
    limit = time.monotonic() + seconds
    with httpx.Client(trust_env=False, timeout=2) as client:
        while True:
            try:
                client.get(url)
                return
            except httpx.HTTPError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.1)
