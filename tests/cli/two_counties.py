"""A node of two counties, Wuchang and Xicheng, with an agreement of the two in force; what waits is delivered by hand."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
from msgspec import structs

from adapters.calling.reach import Reach
from adapters.clock import set_clock
from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from exchange.codes import CloseReason, Item, Kind, Purpose, RegisterKind
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Person, Record, Spouse
from exchange.terms.agreement import DECISION_TYPES, PROPOSAL_TYPE, DecisionWord, FieldRule, Party
from exchange.verbs import agree
from exchange.verbs.reply import NOTHING, Body, Said, reply
from exchange.verbs.submit import OpeningDraft, submit
from jobs.deliver import deliver_all
from jobs.runner import on_shift
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    a_day,
    a_moment,
    a_person,
    a_record,
    agreed_terms,
    an_entry,
    an_id,
    an_id_number,
)
from tests.cli.conftest import Terminal
from woshou.cli.call import Call

KINDS = ("query", "birth", "correction")


def two_counties(node: Terminal, folder: Path, database: str, *, kinds: tuple[str, ...] = KINDS) -> Terminal:
    """Make it: the folder's node, on a database of either kind."""
    set_clock(folder / "clock", a_moment())
    made = node(
        "init",
        *("--node", WUCHANG_NODE, "--title", "武昌", "--jurisdiction", WUCHANG, "--jurisdiction", XICHENG),
        *("--environment", "sandbox", "--url", "http://127.0.0.1:8000", "--clock", str(folder / "clock")),
        *(("--database-url", database) if database else ()),
    )
    assert made.code == 0, made.err
    items = [Item.NAME, Item.MARITAL_STATUS, Item.MARRIAGE, Item.SPOUSE, Item.CHILDREN]
    terms = structs.replace(
        agreed_terms(),
        parties=[Party(node=WUCHANG_NODE, jurisdiction=code) for code in (XICHENG, WUCHANG)],
        kinds=list(kinds),
        purposes=[Purpose.PUBLIC_SERVICE, Purpose.CERTIFICATE_VERIFICATION],
        fields=[
            *(FieldRule(subject=kind, purpose=Purpose.PUBLIC_SERVICE, items=items) for kind in kinds),
            FieldRule(subject="query", purpose=Purpose.CERTIFICATE_VERIFICATION, items=[Item.CERTIFICATE]),
        ],
    )
    with opened(node) as office, office.ledgers.transaction() as ledger:
        held = agree.propose(ledger, office.node, terms, office.now(), office.signer(PROPOSAL_TYPE))
        sign = office.signer(DECISION_TYPES[DecisionWord.ACCEPTED])
        agree.decide(ledger, office.node, held.digest, DecisionWord.ACCEPTED, WUCHANG, office.now(), sign)
    return node


def ask(node: Terminal, n: int = 1, **changes: object) -> str:
    """Wuchang asks Xicheng about person `n`, who applied for it; the exchange, delivered."""
    given = {
        "own": WUCHANG,
        "other": XICHENG,
        "own_is_origin": False,
        "purpose": Purpose.PUBLIC_SERVICE,
        "person": a_person(n),
        "items": (Item.MARITAL_STATUS, Item.CHILDREN),
        "requested_by_person": True,
        "application_date": a_day(),
        **changes,
    }
    with opened(node) as office, office.ledgers.transaction() as ledger:
        made = submit(ledger, office.node, OpeningDraft(**given), office.now())  # type: ignore[arg-type]  # a test's own words
    deliver(node)
    return made.key.exchange


def say(node: Terminal, exchange: str, kind: Kind, body: Body = NOTHING) -> None:
    """One side says something, delivered."""
    with opened(node) as office, office.ledgers.transaction() as ledger:
        asked = kind in (Kind.FEEDBACK, Kind.INTERIM)
        held = next(each for each in ledger.exchanges.named(exchange) if (each.key.role == "asked") is asked)
        reply(ledger, office.node, held, Said(kind=kind, body=body), office.now())
    deliver(node)


def deliver(node: Terminal) -> None:
    """What the jobs process does; a local link has no wire."""

    def nobody(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.url} was called")

    with opened(node) as office:
        client = PartnerClient(office, http_client(httpx.MockTransport(nobody), reach=Reach()))
        with on_shift(office, client) as shift:
            deliver_all(shift)


def opened(node: Terminal) -> AbstractContextManager[Office]:
    """The open node."""
    return Call(data=node.data, json=True).office()


def keep(node: Terminal, n: int, person: Person, county: str = WUCHANG, **changes: Any) -> str:
    """An entry of Wuchang's inflow from Xicheng, or of Xicheng's outflow."""
    register = RegisterKind.INFLOW if county == WUCHANG else RegisterKind.OUTFLOW
    with opened(node) as office, office.ledgers.transaction() as ledger:
        place: dict[str, Any] = {
            "jurisdiction": county,
            "register": register,
            "origin": XICHENG,
            "destination": WUCHANG,
            "township": None,
        }
        place["opened_at"] = a_moment(-10)
        index = office.node.person_index(person)
        ledger.entries.add([an_entry(n, person=person, person_index=index, **{**place, **changes})])
    return an_id(n)


def closed() -> dict[str, Any]:
    """What a closed entry has."""
    return {"closed_at": a_moment(), "close_reason": CloseReason.RETURNED}


def married_to(n: int, name: str = "阿依古丽·买买提") -> Record:
    """A record whose spouse is person `n`."""
    return a_record(spouse=Spouse(name=name, document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(n))))
