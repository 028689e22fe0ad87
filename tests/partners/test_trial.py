"""Trying a partner: how far one comes, and what is said to be wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.calling.reach import Reach
from adapters.calling.trial import Fault, Step, Trial, try_partner
from adapters.partner_http import PartnerClient, http_client
from exchange.exchanges import Link
from exchange.partners import Partner, PartnerStatus
from tests.api.nodes import Neighbours, Served, neighbours
from tests.api.test_worklists import ask
from tests.builders import WUCHANG_NODE, XICHENG_NODE, a_partner, an_id
from tests.jobs.offices import HandClock
from tests.partners.test_reach import HERE, certified, listening

ALL = tuple(Step)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Neighbours]:
    with neighbours(tmp_path, HandClock()) as nodes:
        yield nodes


def known_to(node: Served, partner: str = WUCHANG_NODE) -> tuple[Partner, Link]:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        known, link = ledger.partners.get(partner), ledger.links.of(partner)
    assert known is not None
    assert link is not None
    return known, link


def tried(
    both: Neighbours, *, client: httpx.Client | None = None, link: dict[str, object] | None = None, **known: object
) -> Trial:
    """Xicheng tries Wuchang, of which it knows something else than there is."""
    partner, held = known_to(both.xicheng)
    calling = PartnerClient(both.xicheng.office, client or both.xicheng.http)
    return try_partner(both.xicheng.office, calling, replace(partner, **known), replace(held, **(link or {})))  # type: ignore[arg-type] # by name


def test_all_is_well_between_two_nodes(both: Neighbours):
    assert tried(both) == Trial(passed=ALL, ahead=timedelta(0))


def test_a_batch_that_is_under_way_is_no_fault(both: Neighbours):
    ask(both, 1)
    assert tried(both).fault is None
    both.deliver()
    assert tried(both).fault is None


@contextmanager
def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Iterator[httpx.Client]:
    with http_client(httpx.MockTransport(answer), reach=HERE) as client:
        yield client


def timed_out(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("timed out")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (timed_out, Fault.SILENT),
        (lambda _: httpx.Response(503), Fault.BUSY),
        (lambda _: httpx.Response(429), Fault.BUSY),
        (lambda _: httpx.Response(404), Fault.NO_NODE),
        (lambda _: httpx.Response(302, headers={"location": "https://wuchang.example/"}), Fault.NO_NODE),
        (lambda _: httpx.Response(200, text="<p>It works!"), Fault.NO_NODE),
        (lambda _: httpx.Response(200, content=b"\xff"), Fault.NO_NODE),
        (lambda _: httpx.Response(200, text="e30.e30.AAAA"), Fault.DOCUMENT),
    ],
    ids=["silent", "broken", "busy", "nothing there", "led elsewhere", "a web page", "no text", "another signed text"],
)
def test_what_answers_otherwise_is_told_apart(both: Neighbours, answer: Callable[[httpx.Request], httpx.Response], fault: Fault):
    with answering(answer) as client:
        assert tried(both, client=client).fault is fault


def test_an_address_that_leads_nowhere_is_told_apart(both: Neighbours):
    with listening() as (port, _):
        gone = port
    with http_client(reach=HERE) as client:
        assert tried(both, client=client, url=f"http://127.0.0.1:{gone}") == Trial(passed=(), fault=Fault.REFUSED)
        assert tried(both, client=client, url="https://nobody.invalid").fault is Fault.NAME
    with http_client(reach=Reach()) as client:
        assert tried(both, client=client).fault is Fault.NOT_ALLOWED


def test_a_certificate_is_looked_at(both: Neighbours, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tls, trusted = certified(tmp_path, "localhost")
    with listening(tls) as (port, _), http_client(reach=HERE) as client:
        assert tried(both, client=client, url=f"https://localhost:{port}").fault is Fault.CERTIFICATE
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with listening(tls) as (port, _), http_client(reach=HERE) as client:
        found = tried(both, client=client, url=f"https://localhost:{port}")
    assert found.fault is Fault.NO_NODE
    assert found.certificate_until is not None


def test_keys_and_names_that_are_not_the_known_ones_are_told(both: Neighbours):
    assert tried(both, keys=a_partner().keys) == Trial(passed=ALL[:2], fault=Fault.KEY, ahead=timedelta(0))
    assert tried(both, node="another.example").fault is Fault.ANOTHER
    assert tried(both, environment="production").fault is Fault.ANOTHER


def test_a_newer_document_is_told(both: Neighbours):
    assert (tried(both).newer, tried(both, document_version=0).newer) == (False, True)


@pytest.mark.parametrize(
    ("status", "fault"), [(PartnerStatus.SUSPENDED, Fault.SUSPENDED), (PartnerStatus.PENDING, Fault.NOT_CONFIRMED)]
)
def test_a_standing_here_is_told_after_the_address_was_tried(both: Neighbours, status: PartnerStatus, fault: Fault):
    assert tried(both, status=status) == Trial(passed=ALL[:3], fault=fault, ahead=timedelta(0))


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_clocks_that_are_apart_are_what_a_token_is_refused_for(both: Neighbours, ahead: timedelta):
    clock = HandClock()
    clock.move(-ahead)
    both.xicheng.office.clock = clock
    assert tried(both).ahead == ahead
    assert tried(both).fault is Fault.CLOCK


def test_who_is_suspended_there_is_told(both: Neighbours):
    both.wuchang.post(f"/partners/{XICHENG_NODE}/suspension", role="operator")
    assert tried(both) == Trial(passed=ALL[:4], fault=Fault.NOT_KNOWN, ahead=timedelta(0))


def test_who_is_not_known_there_is_told(both: Neighbours):
    known, _ = known_to(both.wuchang, XICHENG_NODE)
    with both.wuchang.office.ledgers.transaction() as ledger:
        ledger.partners.save(replace(known, keys=a_partner().keys))
    assert tried(both) == Trial(passed=ALL[:4], fault=Fault.NOT_KNOWN, ahead=timedelta(0))


def test_a_token_of_before_does_not_hide_that(both: Neighbours):
    client = PartnerClient(both.xicheng.office, both.xicheng.http)
    partner, link = known_to(both.xicheng)
    assert try_partner(both.xicheng.office, client, partner, link).fault is None
    known, _ = known_to(both.wuchang, XICHENG_NODE)
    with both.wuchang.office.ledgers.transaction() as ledger:
        ledger.partners.save(replace(known, keys=a_partner().keys))
    assert try_partner(both.xicheng.office, client, partner, link).fault is Fault.NOT_KNOWN


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"uuid": an_id(9)}, Fault.LINK),
        ({"out_sequence": 2, "receipted": 2}, Fault.LOST_THERE),
        ({"in_sequence": 1}, Fault.LOST_THERE),
        ({"out_sequence": 0, "receipted": 0}, Fault.LOST_HERE),
    ],
)
def test_logs_that_cannot_be_of_one_link_are_told(both: Neighbours, changes: dict[str, object], fault: Fault):
    ask(both, 1)
    both.deliver()
    assert tried(both, link=changes) == Trial(passed=ALL[:5], fault=fault, ahead=timedelta(0))
