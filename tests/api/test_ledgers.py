"""Two nodes of which one was put back to an old backup find what is missing, bring it back, and count alike again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from adapters.calling.reach import Reach
from adapters.partner_calls import PartnerUnavailable
from adapters.partner_http import http_client
from exchange.codes import Kind, Result
from exchange.exchanges import Acceptance, Direction
from exchange.moments import format_moment
from exchange.settling.heads import Judgement, Stand
from exchange.verbs.deliver import cut, settle
from exchange.verbs.submit import submit
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, RECEIPT_TYPE, Outcome, Receipt, read_receipt, write
from exchange.wire.batch import Judgement as Word
from exchange.wire.message import FeedbackBody
from tests.api.restoring import Pair, a_pair, everything, exchanges_of, open_kinds, positions, reconcile
from tests.builders import WUCHANG_NODE, XICHENG_NODE
from tests.conftest import PostgresServer
from tests.jobs.offices import a_query_about

EQUAL = Judgement(ours=Stand.EQUAL, theirs=Stand.EQUAL)


class Opening(Protocol):
    def __call__(self, restored: str) -> AbstractContextManager[Pair]: ...


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Opens a pair whose named node stands on a database that can be put back, once of each kind."""
    if request.param == "sqlite":
        yield lambda restored: a_pair(tmp_path, f"sqlite:///{tmp_path / 'woshou.db'}", restored, None)
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with server.database() as url:
        yield lambda restored: a_pair(tmp_path, url, restored, server)


@pytest.mark.parametrize("starts", ["restored", "other"])
@pytest.mark.parametrize("restored", [WUCHANG_NODE, XICHENG_NODE])
def test_after_a_restore_one_night_of_either_side_brings_everything_back(opened: Opening, restored: str, starts: str):
    with opened(restored) as pair:
        pair.live(1)
        backup = pair.books.backup()
        pair.live(11)
        before, theirs = everything(pair.restored.office), everything(pair.other.office)
        pair.books.restore(backup)
        assert everything(pair.restored.office) != before
        outcome = reconcile(pair.restored if starts == "restored" else pair.other)
        assert (outcome.heads, outcome.settled, outcome.open_findings) == (EQUAL, True, 0)
        assert outcome.comparison is not None
        assert outcome.comparison.equal
        assert (outcome.adopted > 0, outcome.resent > 0) == (starts == "restored", starts == "other")
        assert everything(pair.restored.office) == before
        assert everything(pair.other.office) == theirs
        again = reconcile(pair.other)
        assert (again.adopted, again.resent, again.settled) == (0, 0, True)
        # And life goes on, both ways.
        (exchange,) = pair.ask(20)
        pair.say(pair.nodes.wuchang, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
        assert reconcile(pair.restored).settled


def test_bodies_that_were_not_erased_come_back_and_erased_ones_stay_erased(opened: Opening):
    with opened(WUCHANG_NODE) as pair:
        backup = pair.books.backup()
        *_, withdrawn = pair.live()
        pair.books.restore(backup)
        reconcile(pair.other)
        office = pair.restored.office
        with office.ledgers.transaction(read_only=True) as ledger:
            (link,) = ledger.links.all()
            names = {held.key.exchange for held in exchanges_of(office)}
            log = [message for messages in ledger.messages.of_exchanges(link.id, names).values() for message in messages]
        assert {message.exchange for message in log if message.line is None} == {withdrawn}


def test_a_restored_node_that_went_on_sending_takes_its_batch_back_and_sends_it_under_the_next_number(opened: Opening):
    with opened(XICHENG_NODE) as pair:
        backup = pair.books.backup()
        lost = pair.live(1)
        pair.books.restore(backup)
        # It does not know that it lost anything: the batch is cut under a number that was used, and refused.
        (fresh,) = pair.ask(30)
        assert open_kinds(pair.restored) == ["link-forked"]
        outcome = reconcile(pair.restored)
        assert (outcome.heads, outcome.settled) == (Judgement(ours=Stand.EQUAL, theirs=Stand.EQUAL), True)
        assert open_kinds(pair.restored) == []
        (kept,) = pair.restored.get(f"/evidence?partner={WUCHANG_NODE}", role="operator")["items"]
        assert (kept["kind"], kept["log"], kept["sequence"], kept["settled_at"] is not None) == ("gave-way", "ours", 1, True)
        pair.nodes.deliver()
        held = {exchange.key.exchange: exchange.acceptance for exchange in exchanges_of(pair.other.office)}
        assert held == dict.fromkeys([*lost, fresh], Acceptance.ACCEPTED)
        assert reconcile(pair.other).settled


def test_a_resend_that_is_broken_off_goes_on_where_it_stopped(opened: Opening):
    with opened(WUCHANG_NODE) as pair:
        backup = pair.books.backup()
        pair.live()
        before = everything(pair.restored.office)
        pair.books.restore(backup)
        calls = 0

        def breaking(request: httpx.Request) -> httpx.Response:
            nonlocal calls
            response = httpx.request(request.method, request.url, headers=request.headers, content=request.content)
            if request.url.path == "/v1/batches/proven":
                calls += 1
                if calls > 3:  # it was taken; the answer got lost
                    raise httpx.ReadError("gone", request=request)
            return httpx.Response(response.status_code, headers=response.headers, content=response.content)

        with pytest.raises(PartnerUnavailable):
            reconcile(pair.other, http_client(httpx.MockTransport(breaking), reach=Reach()))
        assert everything(pair.restored.office) != before
        outcome = reconcile(pair.other)
        assert (outcome.settled, outcome.open_findings) == (True, 0)
        assert everything(pair.restored.office) == before


def test_a_fork_is_laid_before_both_operators_and_nothing_is_changed(opened: Opening):
    with opened(XICHENG_NODE) as pair:
        backup = pair.books.backup()
        pair.ask(1)
        with pair.other.office.ledgers.transaction(read_only=True) as ledger:
            (link,) = ledger.links.all()
            taken = ledger.links.batch(link.id, Direction.IN, 1)
        assert taken is not None
        pair.books.restore(backup)
        _plant(pair)
        before = positions(pair.restored.office), positions(pair.other.office)
        for node, other in ((pair.restored, WUCHANG_NODE), (pair.other, XICHENG_NODE)):
            for _ in range(2):
                outcome = reconcile(node)
                assert outcome.heads is not None
                assert Stand.FORKED in (outcome.heads.ours, outcome.heads.theirs)
                assert (outcome.comparison, outcome.settled, outcome.adopted, outcome.resent) == (None, False, 0, 0)
            (row,) = node.get(f"/evidence?partner={other}", role="operator")["items"]
            assert (row["kind"], row["sequence"], row["settled_at"]) == ("fork", 1, None)
            assert None not in (row["our_manifest"], row["their_manifest"])
            assert row["our_manifest"] != row["their_manifest"]
            assert taken.manifest_jws in (row["our_manifest"], row["their_manifest"])
            assert "ledger-forked" in open_kinds(node)
        assert (positions(pair.restored.office), positions(pair.other.office)) == before


def _plant(pair: Pair) -> None:
    """Have Xicheng hold a receipt for another first batch: what no honest node can have said twice."""

    office, other = pair.restored.office, pair.other.office
    with office.ledgers.transaction() as ledger:
        submit(ledger, office.node, a_query_about(7), office.now())
        outgoing = cut(ledger, office.node, WUCHANG_NODE, office.now(), office.signer(BATCH_TYPE))
        assert outgoing is not None
        link = outgoing.link
        stored = ledger.links.batch(link.id, Direction.OUT, 1)
        (message,) = ledger.messages.in_batch(link.id, Direction.OUT, 1)
        assert stored is not None
        payload = write(
            Receipt(
                link=link.uuid,
                sender=office.node.name,
                receiver=WUCHANG_NODE,
                sequence=1,
                batch=stored.digest,
                previous=None,
                received_at=format_moment(office.now()),
                receipts=[Word(digest=message.digest, id=message.id, outcome=Outcome.ACCEPTED, due="2026-04-01")],
            )
        )
        jws = other.signer(RECEIPT_TYPE)(payload)
        settle(ledger, office.node, WUCHANG_NODE, read_receipt(payload), jws, ijson.digest(payload), office.now())
