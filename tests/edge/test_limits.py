"""What strangers cost: junk for tokens shuts out nobody, looks at partners are few, and odd documents are refused."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from adapters.keys import jose
from adapters.keys.keyring import Keyring
from adapters.partner_calls import PartnerUnavailable
from adapters.partner_http import PartnerClient
from api.problems import TooManyRequests
from api.serving.limiting import FewLooks, Limiter
from exchange.wire import ijson
from exchange.wire.node import NODE_TYPE
from tests.api.hand import Hand
from tests.api.nodes import Served, served
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock, an_office, as_partner
from tests.life.two_nodes import LINK, a_node


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Hand]:
    """Wuchang's node, and Xicheng made by hand, which it trusts."""
    clock = HandClock()
    office = an_office(tmp_path / "hand", a_node(XICHENG_NODE, XICHENG), clock)
    with served(tmp_path / "node", a_node(WUCHANG_NODE, WUCHANG), clock) as node:
        with node.office.ledgers.transaction() as ledger:
            known = replace(as_partner(office), confirmed=(XICHENG,))
            ledger.partners.save(known)
            ledger.links.add(LINK, known.node)
        yield Hand(node, XICHENG_NODE, office.keyring, LINK)


def code(response: httpx.Response) -> str:
    return str(response.json()["type"].rsplit(":", 1)[1])


def test_junk_from_a_partners_address_leaves_the_partner_its_token(hand: Hand):
    answers = [hand.ask_token("x.y.z") for _ in range(121)]
    assert {code(answer) for answer in answers[:120]} == {"unauthorized"}
    assert (answers[120].status_code, code(answers[120])) == (429, "too-many-requests")
    assert hand.ask_token().status_code == 200


def test_junk_in_a_partners_name_leaves_the_partner_its_token(hand: Hand, tmp_path: Path):
    stranger = Hand(hand.served, hand.name, Keyring.create(tmp_path / "stranger", hand.served.clock.now()), LINK)
    answers = [stranger.ask_token() for _ in range(121)]
    assert {code(answer) for answer in answers[:120]} == {"unauthorized"}
    assert (answers[120].status_code, code(answers[120])) == (429, "too-many-requests")
    assert code(hand.ask_token("x.y.z")) == "unauthorized"  # has a count of its own
    assert hand.ask_token().status_code == 200


def test_tokens_that_are_given_count_for_nothing(hand: Hand):
    assert {hand.ask_token().status_code for _ in range(125)} == {200}


def test_two_looks_at_partners_at_most_hold_a_thread(hand: Hand):
    office, looking, go_on = hand.served.office, threading.Barrier(3), threading.Event()

    def slow(_: httpx.Request) -> httpx.Response:
        looking.wait(10)
        go_on.wait(10)
        return httpx.Response(503)

    names = ("one.example", "two.example", "three.example")
    with office.ledgers.transaction() as ledger:
        known = ledger.partners.get(hand.name)
        assert known is not None
        for name in names:
            ledger.partners.save(replace(known, node=name))
    with httpx.Client(transport=httpx.MockTransport(slow)) as client, ThreadPoolExecutor(2) as pool:
        renewals = FewLooks(office, PartnerClient(office, client))
        looks = [pool.submit(renewals.renew, name) for name in names[:2]]
        looking.wait(10)
        assert renewals.renew(names[2]) is None
        go_on.set()
        for look in looks:
            with pytest.raises(PartnerUnavailable):
                look.result()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-02-31T00:00:00.000Z"])
def test_a_node_document_with_a_moment_out_of_all_time_is_refused(tmp_path: Path, moment: str):
    clock = HandClock()
    other = an_office(tmp_path / "other", a_node(WUCHANG_NODE, WUCHANG), clock)
    said = ijson.loads(jose.read_unverified(other.documents.current()).payload)
    odd = {**said, "keys": [{**key, "not_before": moment} for key in said["keys"]]}
    document = jose.sign(ijson.dumps(odd), typ=NODE_TYPE, key=other.signing_key())
    wire = httpx.MockTransport(lambda _: httpx.Response(200, text=document))
    node: Served
    with served(tmp_path / "xicheng", a_node(XICHENG_NODE, XICHENG), clock, wire=wire) as node:
        refused = node.call("POST", "/partners", json={"url": "http://127.0.0.1:8001"}, role="operator")
        assert (refused.status_code, code(refused)) == (400, "node-document-refused")


def test_all_partners_together_ask_about_sixteen_certificates_at_one_time():
    limiter = Limiter()
    with ExitStack() as asked:
        for n in range(16):
            asked.enter_context(limiter.checking(f"partner-{n % 3}.example"))
        with pytest.raises(TooManyRequests), limiter.checking("another.example"):
            pass
    with limiter.checking("another.example"):
        pass


def test_a_key_waits_for_two_partners_at_one_time_and_all_keys_for_eight():
    limiter = Limiter()
    with ExitStack() as calls:
        for n in range(8):
            calls.enter_context(limiter.calling(f"key-{n // 2}"))
            if n % 2:
                with pytest.raises(TooManyRequests), limiter.calling(f"key-{n // 2}"):
                    pass
        with pytest.raises(TooManyRequests), limiter.calling("another"):
            pass
    with limiter.calling("another"):
        pass
