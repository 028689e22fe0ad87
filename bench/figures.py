"""Comparing both sides' figures of a link with 10,000 exchanges: bytes and seconds, equal and with 10 planted differences.

    python -m bench.figures [--quick] [--json]

The origin's node is `woshou serve` on one database, the asking destination's node this process on another; every query was
answered. Bytes are those of bodies, both ways, tokens not counted. `all rows` is what sending every row would take.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from adapters.comparing import Comparer
from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from adapters.renewal import Renewals
from bench import people
from bench.databases import KINDS, Databases
from bench.exchange import BATCH, Exchange
from bench.measure import options, say
from bench.nodes import served, two_nodes
from exchange.codes import Kind, Result
from exchange.comparing.comparison import Comparison
from exchange.comparing.frame import period_of
from exchange.ledger import ExchangeFilter, Page
from exchange.moments import civil_day
from exchange.verbs.compare_figures import frame_of, held_at, link_with, question
from exchange.verbs.deliver import cut, settle
from exchange.verbs.reply import Said, reply_all
from exchange.wire.batch import BATCH_TYPE
from exchange.wire.message import FeedbackBody
from woshou.wiring import open_office

EXCHANGES, DIFFERENCES = 10_000, 10


@dataclass
class Counting(httpx.BaseTransport):
    """A wire that counts what goes over it, tokens apart."""

    way: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)
    sent: int = 0
    received: int = 0
    calls: int = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on."""
        response = self.way.handle_request(request)
        if request.url.path.startswith("/v1/"):
            self.calls += 1
            self.sent += len(request.read())
            self.received += len(response.read())
        return response


@contextmanager
def talked(databases: Databases) -> Iterator[tuple[Office, Office]]:
    """The asking office and the asked one, which is served as well; all was asked and answered."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="woshou-bench-")))
        origin, destination = two_nodes(folder, databases.url)
        with served(origin), open_office(destination.settings) as office, http_client(reach=office.reach) as client:
            _ask(office, client)
        with served(destination), open_office(origin.settings) as office, http_client(reach=office.reach) as client:
            _answer(office, client)
        stack.enter_context(served(origin))
        asking = stack.enter_context(open_office(destination.settings))
        yield asking, stack.enter_context(open_office(origin.settings))


def _ask(office: Office, client: httpx.Client) -> None:
    with office.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(people.ORIGIN_NODE)
    if partner is None:
        raise LookupError(people.ORIGIN_NODE)
    asking = Exchange(office, PartnerClient(office, client), partner)
    for _ in range(EXCHANGES // BATCH):
        asking.ask(BATCH)


def _answer(office: Office, client: httpx.Client) -> None:
    said = Said(kind=Kind.FEEDBACK, body=FeedbackBody(result=Result.CONFIRMED))
    calling = PartnerClient(office, client)
    for _ in range(EXCHANGES // BATCH):
        with office.ledgers.transaction() as ledger:
            partner = ledger.partners.get(people.DESTINATION_NODE)
            wanted = ExchangeFilter(own=frozenset({people.ORIGIN}), state="open")
            reply_all(
                ledger, office.node, [(each, said) for each in ledger.exchanges.find(wanted, Page(limit=BATCH))], office.now()
            )
        with office.ledgers.transaction() as ledger:
            outgoing = cut(ledger, office.node, people.DESTINATION_NODE, office.now(), office.signer(BATCH_TYPE))
        if outgoing is None or partner is None:
            raise RuntimeError("nothing waited to be sent")
        receipt, jws, digest = calling.send_batch(partner, outgoing.data)
        with office.ledgers.transaction() as ledger:
            settle(ledger, office.node, people.DESTINATION_NODE, receipt, jws, digest, office.now())


def compare(office: Office) -> tuple[Comparison, dict[str, Any]]:
    """One comparison, and what it took."""
    wire, today = Counting(), civil_day(office.now())
    with httpx.Client(transport=wire) as http:
        client = PartnerClient(office, http)
        comparer = Comparer(office, client, Renewals(office, client))
        began = time.perf_counter()
        compared = comparer.compare(people.ORIGIN_NODE, period_of(today), today)
        seconds = time.perf_counter() - began
    return compared, {"seconds": seconds, "bytes": wire.sent + wire.received, "calls": wire.calls}


def spoil(office: Office) -> None:
    """Have the asked side count another due date for some."""
    with office.ledgers.transaction() as ledger:
        for each in ledger.exchanges.find(ExchangeFilter(own=frozenset({people.ORIGIN})), Page(limit=DIFFERENCES)):
            opened = ledger.exchanges.facts(each.key)[0]
            ledger.exchanges.void_facts(each.key, [opened.message], office.now())
            ledger.exchanges.add_facts([(each.key, replace(opened, due=(opened.due or date.max) - timedelta(days=1)))])


def all_rows(office: Office) -> int:
    """The bytes of every row, as JSON."""
    today = civil_day(office.now())
    with office.ledgers.transaction(read_only=True) as ledger:
        link = link_with(ledger, people.ORIGIN_NODE)
        period = period_of(today)
        asked = question(office.node, link, period, period.first, today, office.now())
        held = held_at(ledger, office.node, link, frame_of(asked))
    return sum(len(msgspec.json.encode(each.row)) + 1 for each in held.standings)


def measured(databases: Databases, rounds: int) -> dict[str, Any]:
    """What it takes on one kind of database."""
    found: dict[str, Any] = {}
    with talked(databases) as (asking, asked):
        found["all rows, bytes"] = all_rows(asking)
        for name in ("equal", f"{DIFFERENCES} differ"):
            if name != "equal":
                spoil(asked)
            taken = []
            for _ in range(rounds):
                compared, took = compare(asking)
                wanted = 0 if name == "equal" else DIFFERENCES
                if (compared.differ, compared.whole, compared.ours.exchanges) != (wanted, True, EXCHANGES):
                    raise RuntimeError(f"{name}: {compared.differ} differ among {compared.ours.exchanges}")
                taken.append(took)
            found[name] = {
                "seconds": round(statistics.median(took["seconds"] for took in taken), 2),
                "bytes": taken[-1]["bytes"],
                "calls": taken[-1]["calls"],
            }
            say(f"  {name}: {found[name]}")
    return found


def main() -> None:
    """Measure on both databases."""
    chosen = options(__doc__ or "")
    found = {}
    for kind in ("sqlite", "postgresql"):
        say(f"{kind}:")
        with KINDS[kind]() as databases:
            found[kind] = measured(databases, 3 if chosen.quick else 7)
    if chosen.as_json:
        print(json.dumps({"bench": "figures", "exchanges": EXCHANGES, **found}))
        return
    for kind, taken in found.items():
        print(f"{kind}: {EXCHANGES:,} exchanges; every row would be {taken['all rows, bytes']:,} bytes")
        for name in ("equal", f"{DIFFERENCES} differ"):
            print(f"  {name:<12} {taken[name]['seconds']:>7.2f} s {taken[name]['bytes']:>10,} bytes {taken[name]['calls']} calls")


if __name__ == "__main__":
    main()
