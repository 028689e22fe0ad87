"""The couriers: everything is delivered in order, trouble is put off, and one partner's trouble is no other's."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog.testing
from msgspec import structs

from adapters.calling.reach import Reach
from adapters.inbox import take_batch
from adapters.keys import jose
from adapters.partner_http import PartnerClient, http_client
from adapters.renewal import Renewals
from exchange.codes import Role
from exchange.exchanges import Acceptance
from exchange.ledger import Page
from exchange.moments import civil_day
from exchange.terms.agreement import DecisionWord, Party
from exchange.verbs import agree, submit
from exchange.wire import ijson
from jobs.courier import STUCK, Courier
from jobs.couriers import Couriers
from jobs.deliver import deliver_all, waiting_partners
from jobs.runner import on_shift
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_moment, agreed_terms
from tests.jobs.offices import HandClock, Pair, a_pair, a_query_about, an_office, as_partner
from tests.life.two_nodes import LINK, a_node


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_pair(tmp_path)


def deliver(pair: Pair) -> int:
    with on_shift(pair.xicheng, pair.client) as shift:
        return deliver_all(shift)


def a_problem(status: int, code: str, **members: object) -> httpx.Response:
    return httpx.Response(status, json={"type": f"urn:woshou:problem:{code}", **members}, headers={"x": "y"})


def test_what_waits_reaches_the_partner_and_takes_effect_on_both_sides(pair: Pair):
    exchange = pair.ask()
    assert deliver(pair) == 1
    for office in (pair.xicheng, pair.wuchang):
        held = pair.held(office, exchange)
        assert held is not None
        assert held.acceptance is Acceptance.ACCEPTED
    assert deliver(pair) == 0


def test_a_queue_longer_than_a_batch_is_emptied_in_one_go(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("exchange.verbs.deliver.MAX_MESSAGES", 2)
    asked = [pair.ask(n) for n in range(1, 6)]
    assert deliver(pair) == 3
    assert [pair.held(pair.wuchang, exchange) is not None for exchange in asked] == [True] * 5


def test_a_partner_that_is_away_is_tried_again_after_a_while_and_loses_nothing(pair: Pair):
    exchange = pair.ask()
    pair.wire.answers = [lambda request: _lost(pair, request)]
    assert deliver(pair) == 0
    assert pair.held(pair.wuchang, exchange) is not None  # it was taken; the receipt got lost
    assert (pair.link().attempts, pair.link().trouble) == (1, "partner-unavailable")
    assert deliver(pair) == 0
    pair.clock.move(timedelta(seconds=3))
    assert deliver(pair) == 1
    assert (pair.link().attempts, pair.link().trouble, pair.link().receipted) == (0, None, 1)


def _lost(pair: Pair, request: httpx.Request) -> httpx.Response:
    take_batch(pair.wuchang, as_partner(pair.xicheng), request.content)
    raise httpx.ReadTimeout("lost", request=request)


def test_retry_after_is_obeyed(pair: Pair):
    pair.ask()
    pair.wire.answers = [lambda _: httpx.Response(503, headers={"retry-after": "120"})]
    deliver(pair)
    assert pair.link().retry_at == pair.clock.now() + timedelta(seconds=120)


def test_waits_grow_with_every_failure(pair: Pair):
    pair.ask()
    waits = []
    courier = Courier(pair.xicheng, pair.client, Renewals(pair.xicheng, pair.client), threading.Event(), jitter=lambda: 1.0)
    for _ in range(4):
        pair.wire.answers = [lambda _: httpx.Response(502)]
        courier.deliver_to(WUCHANG_NODE)
        retry_at = pair.link().retry_at
        assert retry_at is not None
        waits.append((retry_at - pair.clock.now()).total_seconds())
    assert waits == [2, 4, 8, 16]


@pytest.mark.parametrize(
    ("status", "code"), [(409, "link-forked"), (409, "sequence-gap"), (400, "batch-not-authentic"), (413, "batch-too-large")]
)
def test_a_refusal_that_needs_people_is_one_finding_and_waits_long(pair: Pair, status: int, code: str):
    pair.ask()
    for _ in range(3):
        pair.wire.answers = [lambda _: a_problem(status, code, expected=7)]
        deliver(pair)
        assert pair.link().retry_at == pair.clock.now() + STUCK
        pair.clock.move(STUCK)
    assert pair.findings() == [code]


@pytest.mark.parametrize(
    "problem", ["A" * 5000 + "张三42010619900307851X", "张三", "a b", "x" * 61, "", "Batch-Too-Large", ["张三"], {"张三": 1}]
)
def test_of_a_partners_words_only_a_plain_problem_is_kept(pair: Pair, problem: object):
    pair.ask()
    answer = {"type": f"urn:x:{problem}" if isinstance(problem, str) else problem, "expected": 10**400, "detail": "张三"}
    pair.wire.answers = [lambda _: httpx.Response(409, json=answer)]
    deliver(pair)
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        (finding,) = ledger.chores.findings(Page())
    assert (finding.kind, finding.subject, finding.detail) == ("unknown-problem", "batch 1", "status 409")
    assert pair.link().trouble == "unknown-problem"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(409, content=b'{"type":', headers={"content-type": "application/problem+json"}),
        httpx.Response(409, json=[1]),
        httpx.Response(503, headers=[(b"retry-after", "²".encode())]),
        httpx.Response(503, headers={"retry-after": "Mon, 01 Jan 2024 00:00:00 -0000", "date": "Mon, 01 Jan 2024 00:00:00 GMT"}),
        httpx.Response(302, headers={"location": "https://evil.example/"}),
        httpx.Response(200),
        httpx.Response(200, text="é.é.é"),
        httpx.Response(200, content=b"x" * (2 * 1024 * 1024 + 1)),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(200, content=b"x", headers={"content-type": "text/plain; charset=zlib"}),
    ],
)
def test_no_answer_stops_the_courier(pair: Pair, answer: httpx.Response):
    pair.ask()
    pair.wire.answers = [lambda _: answer] * 2
    assert deliver(pair) == 0
    link = pair.link()
    assert link.trouble is not None
    assert link.attempts == 1
    assert link.retry_at is not None
    assert link.retry_at >= pair.clock.now()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("received_at", moment) for moment in ("2026-99-99T00:00:00.000Z", "9999-12-31T23:59:59.999Z")),
        *(("due", day) for day in ("2026-02-31", "0000-00-00")),
    ],
)
def test_a_receipt_with_a_moment_or_day_that_is_none_is_not_believed(pair: Pair, member: str, value: str):
    def answer(request: httpx.Request) -> httpx.Response:
        taken = take_batch(pair.wuchang, as_partner(pair.xicheng), request.content)
        receipt = ijson.loads(jose.read_unverified(taken).payload)
        (receipt if member == "received_at" else receipt["receipts"][0])[member] = value
        return httpx.Response(200, text=pair.wuchang.signer("mx-receipt+jws")(ijson.dumps(receipt)))

    exchange = pair.ask()
    pair.wire.answers = [answer]
    assert deliver(pair) == 0
    assert (pair.link().trouble, pair.link().attempts) == ("not-authentic", 1)
    held = pair.held(pair.xicheng, exchange)
    assert held is not None
    assert held.acceptance is Acceptance.PENDING


@pytest.mark.parametrize(
    "answer",
    [
        [1],
        {},
        {"access_token": "x\r\ny: z", "expires_in": 600},
        {"access_token": "测", "expires_in": 600},
        {"access_token": "x" * 10000, "expires_in": 600},
        {"access_token": "x", "expires_in": "600"},
    ],
)
def test_a_token_that_is_none_is_put_off(pair: Pair, answer: object):
    pair.ask()
    pair.wire.token = answer
    assert deliver(pair) == 0
    assert (pair.link().trouble, pair.link().attempts) == ("not-authentic", 1)


def test_a_token_may_not_last_for_ever(pair: Pair):
    pair.ask()
    pair.wire.token = {"access_token": "x", "expires_in": 10**30}
    assert deliver(pair) == 1


def test_what_nobody_foresaw_is_an_error_with_its_type_and_rests_like_any_trouble(pair: Pair):
    pair.ask()

    def surprise(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError("张三")

    for attempt in (1, 2):
        pair.wire.answers = [surprise]
        with structlog.testing.capture_logs() as logs, pytest.raises(ZeroDivisionError):
            deliver(pair)
        assert [entry["fault"] for entry in logs if entry["log_level"] == "error"] == ["ZeroDivisionError"]
        assert (pair.link().trouble, pair.link().attempts) == ("delivery-broke-down", attempt)
        with on_shift(pair.xicheng, pair.client) as shift:
            assert waiting_partners(shift) == []
        pair.clock.move(timedelta(minutes=1))
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        assert [(found.kind, found.detail) for found in ledger.chores.findings(Page())] == [
            ("delivery-broke-down", "ZeroDivisionError; the log says where")
        ]
        assert ledger.chores.last_run("deliver", civil_day(pair.clock.now()) + timedelta(days=1)) == civil_day(pair.clock.now())
    assert deliver(pair) == 1


def test_an_unknown_receipt_key_is_looked_up_once_and_the_delivery_goes_on(pair: Pair):
    exchange = pair.ask()
    pair.wuchang.keyring.rotate(pair.clock.now(), timedelta(days=1))
    assert deliver(pair) == 1
    held = pair.held(pair.xicheng, exchange)
    assert held is not None
    assert held.acceptance is Acceptance.ACCEPTED
    assert pair.wire.requests.count("GET /.well-known/migrant-exchange") == 1


def test_a_receipt_by_a_strange_key_is_not_believed(pair: Pair, tmp_path: Path):
    exchange = pair.ask()
    (tmp_path / "elsewhere").mkdir()
    stranger = a_pair(tmp_path / "elsewhere").wuchang
    pair.wire.answers = [lambda request: httpx.Response(200, text=stranger.signer("mx-receipt+jws")(b"{}")) for _ in range(2)]
    assert deliver(pair) == 0
    held = pair.held(pair.xicheng, exchange)
    assert held is not None
    assert held.acceptance is Acceptance.PENDING
    assert pair.link().trouble == "key-unknown"


def test_a_suspended_partner_gets_nothing(pair: Pair):
    pair.ask()
    with pair.xicheng.ledgers.transaction() as ledger:
        partner = ledger.partners.get(WUCHANG_NODE)
        assert partner is not None
        ledger.partners.save(replace(partner, status=type(partner.status).SUSPENDED))
    assert deliver(pair) == 0
    assert pair.wire.requests == []


def test_a_proposal_is_delivered_before_anything_else(pair: Pair):
    pair.ask()
    terms = agreed_terms(2)
    with pair.xicheng.ledgers.transaction() as ledger:
        signed = agree.propose(ledger, pair.xicheng.node, terms, a_moment(), pair.xicheng.signer("mx-agreement+jws"))
    assert signed.unsent == ("proposal",)
    deliver(pair)
    assert [request for request in pair.wire.requests if request.startswith("POST /v1")] == [
        "POST /v1/agreements",
        "POST /v1/batches",
    ]
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        held = ledger.agreements.get(signed.digest)
    assert held is not None
    assert held.unsent == ()


def test_a_refused_document_is_one_finding_and_holds_up_neither_batches_nor_other_documents(pair: Pair):
    exchange = pair.ask()
    signer = pair.xicheng.signer("mx-agreement+jws")
    with pair.xicheng.ledgers.transaction() as ledger:
        signed = [agree.propose(ledger, pair.xicheng.node, agreed_terms(n), a_moment(), signer) for n in (2, 3)]
    pair.wire.to_documents = [lambda _: a_problem(409, "not-served")]
    courier = Courier(pair.xicheng, pair.client, Renewals(pair.xicheng, pair.client), threading.Event())
    assert courier.deliver_to(WUCHANG_NODE) == 1
    assert courier.deliver_to(WUCHANG_NODE) == 0
    assert pair.held(pair.wuchang, exchange) is not None
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        unsent = {held.digest: held.unsent for held in ledger.agreements.all() if held.digest in {one.digest for one in signed}}
        (finding,) = ledger.chores.findings(Page())
    assert sorted(unsent.values()) == [(), ("proposal",)]
    (refused,) = (digest for digest, waiting in unsent.items() if waiting)
    assert (finding.kind, finding.subject) == ("not-served", f"agreement {refused}")
    pair.clock.move(STUCK)
    courier.deliver_to(WUCHANG_NODE)
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        held = ledger.agreements.get(refused)
    assert held is not None
    assert held.unsent == ()


def test_a_partner_under_delivery_is_not_started_twice(pair: Pair):
    pair.ask()
    arrived, go_on = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        arrived.set()
        assert go_on.wait(5)
        return httpx.Response(503)

    pair.wire.answers = [slow]
    with on_shift(pair.xicheng, pair.client) as shift:
        started = shift.couriers.start(waiting_partners(shift))
        assert arrived.wait(5)
        assert len(started) == 1
        assert shift.couriers.start([WUCHANG_NODE]) == []
        go_on.set()


class TwoSpeeds(Courier):
    """A courier whom one partner keeps waiting."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def deliver_to(self, node: str) -> int:
        if node == "slow.example":
            assert self.go_on.wait(10)
        return 1


def test_a_slow_partner_never_delays_another():
    courier = TwoSpeeds()
    couriers = Couriers(courier)
    slow, quick = couriers.start(["slow.example", "quick.example"])
    assert quick.result(timeout=5) == 1
    (again,) = couriers.start(["slow.example", "quick.example"])
    assert again.result(timeout=5) == 1
    assert not slow.done()
    courier.go_on.set()
    couriers.close()
    assert slow.result() == 1


def test_two_counties_of_one_node_exchange_without_a_wire(tmp_path: Path):
    node = replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({XICHENG, WUCHANG}))
    clock = HandClock()
    office = an_office(tmp_path / "both", node, clock)
    party = Party(node=XICHENG_NODE, jurisdiction=WUCHANG)
    terms = structs.replace(agreed_terms(), parties=[Party(node=XICHENG_NODE, jurisdiction=XICHENG), party])
    sign = office.signer("mx-agreement+jws")
    with office.ledgers.transaction() as ledger:
        ledger.links.add(LINK, XICHENG_NODE)
        proposed = agree.propose(ledger, node, terms, clock.now(), sign)
        agree.decide(ledger, node, proposed.digest, DecisionWord.ACCEPTED, WUCHANG, clock.now(), sign)
        asked = submit.submit(ledger, node, a_query_about(1), clock.now())

    def nobody(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"a local link has no wire, and {request.url} was called")

    with on_shift(office, PartnerClient(office, http_client(httpx.MockTransport(nobody), reach=Reach()))) as shift:
        assert deliver_all(shift) == 1
    with office.ledgers.transaction(read_only=True) as ledger:
        sides = ledger.exchanges.named(asked.key.exchange)
    assert {(side.own, side.key.role, side.acceptance) for side in sides} == {
        (XICHENG, Role.ASKER, Acceptance.ACCEPTED),
        (WUCHANG, Role.ASKED, Acceptance.ACCEPTED),
    }
