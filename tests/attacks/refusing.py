"""What every attempt has to end in: a refusal for the right reason, that the audit shows."""

import re
import time
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from adapters.auditing.flood import EACH_A_MINUTE
from adapters.keys import jose
from exchange.auditing.chain import AuditRow
from exchange.auditing.event import NODE_WIDE, UNKNOWN, Actor, ActorKind
from exchange.ledger import AuditFilter, Page
from exchange.wire import ijson
from tests.api.hand import problem
from tests.api.nodes import PATIENCE, RUNNING, Served

# Refused before anybody was asked who calls: no route has that address or method, or the door was shut.
BEFORE_A_ROUTE = {"not-found", "method-not-allowed", "host-unknown", "head-too-large", "request-too-large", "too-many-requests"}


@dataclass
class Book:
    """What a node's audit has shown so far: each row answers for one attempt, and for no second."""

    told: set[str] = field(default_factory=set)


_BOOKS: dict[str, Book] = {}


def refused(response: httpx.Response, status: int, code: str, *, proven: str = "") -> None:
    """The attempt was refused with this status and this problem, and is on record.

    `proven` is the partner whose own proof it came with, though it was of no use any more.
    """
    assert problem(response)[:2] == (status, code), response.text
    seen_in_audit(response, proven)


def refused_without_words(response: httpx.Response, status: int, code: str) -> None:
    """The same of a HEAD, whose answer has no body: before it was asked who calls, and on record."""
    assert (response.status_code, response.content) == (status, b"")
    assert code in BEFORE_A_ROUTE
    _seen(response, code, UNKNOWN, NODE_WIDE)


def refused_on_page(response: httpx.Response, status: int, code: str, *, by: str = "") -> None:
    """The same on a page, which says why; `by` is the API key of the account that did it, if that is known."""
    found = re.search(r'role="alert" data-code="([a-z-]+)"', response.text)
    assert (response.status_code, found and found[1]) == (status, code), response.text
    _seen(response, code, *_holder(RUNNING[_url(response)], by))


def led_to_sign_in(response: httpx.Response) -> None:
    """Nothing was shown or done for who has no session."""
    assert (response.status_code, response.content) == (303, b""), response.text
    assert response.headers["location"].startswith("/sign-in")
    _seen(response, "unauthorized", UNKNOWN, NODE_WIDE)


def seen_in_audit(response: httpx.Response, proven: str = "") -> None:
    """The audit of the node that gave this answer has a row of its own for it: the reason, who it was, in the right county."""
    node = RUNNING[_url(response)]
    actor, county = (Actor(kind=ActorKind.PARTNER, id=proven), NODE_WIDE) if proven else _caller(node, response)
    _seen(response, problem(response)[1], actor, county)


def _url(response: httpx.Response) -> str:
    return str(response.request.url.copy_with(raw_path=b"/")).rstrip("/")


def _seen(response: httpx.Response, code: str, actor: Actor, county: str) -> None:
    node, book = RUNNING[_url(response)], _BOOKS.setdefault(_url(response), Book())
    found = _awaited(node, book, code, actor, county)
    book.told.add(found.id)
    if len(book.told) % (EACH_A_MINUTE // 2) == 0:
        # More a minute would be counted in one row, and no attempt could be told from another.
        node.clock.move(timedelta(minutes=1))


def _caller(node: Served, response: httpx.Response) -> tuple[Actor, str]:
    """Who the node must have seen, by the credential that was sent; who has proven nothing is nobody."""
    scheme, _, credential = response.request.headers.get("authorization", "").partition(" ")
    if response.status_code == 401 or scheme != "Bearer":
        return UNKNOWN, NODE_WIDE
    if not credential.startswith("wsk_"):
        client = str(ijson.loads(jose.read_unverified(credential).payload)["sub"])
        return Actor(kind=ActorKind.PARTNER, id=client), NODE_WIDE
    return _holder(node, credential.split("_")[1])


def _holder(node: Served, number: str) -> tuple[Actor, str]:
    """The holder of an API key, and in whose chain it is told; nobody, for no key."""
    if not number:
        return UNKNOWN, NODE_WIDE
    with node.office.ledgers.transaction(read_only=True) as ledger:
        key = ledger.access.api_key(number)
    assert key is not None
    contains, served = node.office.node.divisions.contains, node.office.node.jurisdictions
    below = {county for county in served if contains(key.jurisdiction, county)}
    if key.role in ("clerk", "system"):  # a township's belongs to its county
        below |= {county for county in served if contains(county, key.jurisdiction)}
    return Actor(kind=ActorKind.KEY, id=key.id, role=key.role), below.pop() if len(below) == 1 else NODE_WIDE


def _awaited(node: Served, book: Book, code: str, actor: Actor, county: str) -> AuditRow:
    """The row; refusals are written a moment after their answer."""
    ends, rows = time.monotonic() + PATIENCE, list[AuditRow]()
    while time.monotonic() < ends:
        with node.office.ledgers.transaction(read_only=True) as ledger:
            rows = [
                row
                for chain in ({county, NODE_WIDE} if code in BEFORE_A_ROUTE else {county})
                for row in ledger.audit.find(AuditFilter(jurisdictions=frozenset({chain}), refused=True), Page(limit=8))
            ]
        for row in rows:
            if row.id not in book.told and row.event.problem == code and _is_of(row, code, actor, county):
                return row
        time.sleep(0.002)
    told = [(row.event.problem, row.event.actor, row.event.action) for row in rows]
    raise AssertionError(f"the audit shows no {code} of {actor} in {county or 'the whole node'}: {told}")


def _is_of(row: AuditRow, code: str, actor: Actor, county: str) -> bool:
    if row.event.action == "unrouted":
        return code in BEFORE_A_ROUTE and row.event.actor == UNKNOWN and row.event.jurisdiction == NODE_WIDE
    return (row.event.actor, row.event.jurisdiction) == (actor, county)
