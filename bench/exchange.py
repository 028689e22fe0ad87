"""Signed exchange with receipts between two processes, beside django-pyas2: message by message, and a thousand at once.

    python -m bench.exchange [--quick] [--json]

Woshou: what the destination's node does with a query from its submission to its settled receipt, the origin's node being
`woshou serve`. django-pyas2: what its own command does with a file of the same records, from reading it to its verified receipt,
the other site being served by gunicorn. Both keep everything durably in SQLite files.
"""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from bench import people
from bench.as2.sites import Sender, two_sites
from bench.databases import Databases, sqlite_files
from bench.environments import NotInstalled
from bench.measure import Rates, Report, Take, options, say
from bench.nodes import served, two_nodes
from exchange.codes import Purpose
from exchange.partners import Partner
from exchange.verbs.deliver import cut, settle
from exchange.verbs.submit import OpeningDraft, Submission
from exchange.wire.batch import BATCH_TYPE, Outcome
from woshou.wiring import open_office

SINGLES, BATCH = 20, 1000
ONE, MANY = "message by message", "1,000 at once"
OURS, THEIRS = "woshou", "django-pyas2"


class Exchange:
    """The destination's node, asking."""

    def __init__(self, office: Office, client: PartnerClient, partner: Partner) -> None:
        self._office, self._client, self._partner = office, client, partner
        self._numbers = itertools.count()

    def ask(self, size: int) -> None:
        """Submit queries about this many people, send them in one batch, and let the receipt take effect."""
        office, node = self._office, self._partner.node
        with office.ledgers.transaction() as ledger:
            submission = Submission(ledger, office.node, office.now())
            drafts = [draft(next(self._numbers)) for _ in range(size)]
            submission.expect(drafts)
            for each in drafts:
                submission.add(each)
            submission.store()
        with office.ledgers.transaction() as ledger:
            outgoing = cut(ledger, office.node, node, office.now(), office.signer(BATCH_TYPE))
        if outgoing is None:
            raise RuntimeError("nothing waited to be sent")
        receipt, jws, digest = self._client.send_batch(self._partner, outgoing.data)
        with office.ledgers.transaction() as ledger:
            settle(ledger, office.node, node, receipt, jws, digest, office.now())
        if len(receipt.receipts) != size or any(word.outcome is not Outcome.ACCEPTED for word in receipt.receipts):
            raise RuntimeError(f"not all were accepted: {receipt.receipts[0]}")


def draft(n: int) -> OpeningDraft:
    return OpeningDraft(
        own=people.DESTINATION,
        other=people.ORIGIN,
        own_is_origin=False,
        purpose=Purpose.PUBLIC_SERVICE,
        person=people.person(n),
        items=tuple(people.ITEMS),
        record=people.record(n),
        requested_by_person=True,
        application_date=date(2026, 1, 5),
    )


@contextmanager
def asking(databases: Databases) -> Iterator[Exchange]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="woshou-bench-")))
        origin, destination = two_nodes(folder, databases.url)
        stack.enter_context(served(origin))
        office = stack.enter_context(open_office(destination.settings))
        client = stack.enter_context(http_client(reach=office.reach))
        with office.ledgers.transaction(read_only=True) as ledger:
            partner = ledger.partners.get(people.ORIGIN_NODE)
        if partner is None:
            raise LookupError(people.ORIGIN_NODE)
        yield Exchange(office, PartnerClient(office, client), partner)


def main() -> None:
    chosen = options(__doc__ or "")
    rounds = 3 if chosen.quick else 7
    report = Report(bench="exchange")
    with ExitStack() as stack:
        exchange = stack.enter_context(asking(stack.enter_context(sqlite_files())))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="woshou-bench-as2-")))
        lines = people.query_lines(range(BATCH), datetime.now(UTC))
        one, many = {OURS: _singles(exchange)}, {OURS: _batch(exchange)}
        try:
            sender = stack.enter_context(two_sites(folder))
        except NotInstalled as exc:
            report.notes.append(f"django-pyas2 could not be installed, so nothing is compared: {exc}")
        else:
            one[THEIRS] = _timed(sender, lines[:SINGLES], 1)
            many[THEIRS] = _timed(sender, lines, BATCH)
        for label, works, target in ((ONE, one, 30), (MANY, many, 6)):
            say(f"{label}:")
            rates = Rates()
            rates.run(works, rounds)
            report.keep(f"{label}: ", rates)
            if THEIRS in works:
                report.compare(f"{label}: woshou / django-pyas2", rates, OURS, THEIRS, target)
    report.show(chosen)


def _singles(exchange: Exchange) -> Take:
    def take() -> int:
        for _ in range(10 * SINGLES):
            exchange.ask(1)
        return 10 * SINGLES

    return take


def _batch(exchange: Exchange) -> Take:
    def take() -> int:
        exchange.ask(BATCH)
        return BATCH

    return take


def _timed(sender: Sender, lines: list[bytes], size: int) -> Take:
    def take() -> int:
        sender.send(lines, size)
        return len(lines)

    return take


if __name__ == "__main__":
    main()
