"""A partner that lies about heads or proofs is shown to people; nothing crashes, and nothing is taken for true."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.calling.reach import Reach
from adapters.keys import jose
from adapters.keys.tokens import access_token
from adapters.partner_http import http_client
from exchange.codes import Kind, Result
from exchange.exchanges import Direction
from exchange.settling.heads import Stand
from exchange.verbs.reply import Said, reply
from exchange.wire import ijson
from exchange.wire.batch import RECEIPT_TYPE
from exchange.wire.message import FeedbackBody
from tests.api.comparing import ask
from tests.api.nodes import Neighbours, Served
from tests.api.restoring import a_pair, everything, open_kinds, reconcile
from tests.builders import WUCHANG_NODE, XICHENG_NODE, a_digest

Change = Callable[[dict[str, Any]], Any]


def between(change: Change | None = None, *, batch: Callable[[bytes], bytes] | None = None) -> httpx.Client:
    """A wire on which heads, or batches with their proofs, are changed."""

    def carry(request: httpx.Request) -> httpx.Response:
        told = httpx.request(request.method, request.url, headers=request.headers, content=request.content)
        content, path = told.content, request.url.path
        if change is not None and request.method == "GET" and path.startswith("/v1/links/") and path.count("/") == 3:
            content = httpx.Response(200, json=change(told.json())).content
        if batch is not None and path.endswith(("/sent", "/received")) and told.status_code == 200:
            content = batch(content)
        headers = {"content-type": told.headers.get("content-type", "")}
        return httpx.Response(told.status_code, headers=headers, content=content)

    return http_client(httpx.MockTransport(carry), reach=Reach())


def head(sequence: int = 0, **members: Any) -> dict[str, Any]:
    return {"sequence": sequence, "digest": None, "manifest": None, "receipt": None, **members}


@pytest.mark.parametrize(
    "change",
    [
        lambda told: {},
        lambda told: [],
        lambda told: {**told, "more": 1},
        lambda told: {**told, "link": "019caf00-0000-8000-8000-000000000000"},
        lambda told: {**told, "received": {**told["received"], "sequence": 2**60}},
        lambda told: {**told, "received": {**told["received"], "sequence": -1}},
        lambda told: {**told, "received": {**told["received"], "sequence": told["received"]["sequence"] + 1}},
        lambda told: {**told, "received": {**told["received"], "digest": a_digest("other")}},
        lambda told: {**told, "received": {**told["received"], "receipt": None}},
        lambda told: {**told, "received": {**told["received"], "receipt": told["received"]["manifest"]}},
        lambda told: {**told, "received": told["sent"]},
        lambda told: {**told, "sent": {**told["sent"], "manifest": "a.b.c"}},
        lambda told: {**told, "sent": {**told["sent"], "manifest": told["sent"]["manifest"][:-4] + "AAAA"}},
        lambda told: {**told, "received": head(3)},
    ],
)
def test_false_heads_are_a_finding_and_change_nothing(both: Neighbours, change: Change):
    _talk(both)
    before = everything(both.xicheng.office)
    outcome = reconcile(both.xicheng, between(change))
    assert (outcome.heads, outcome.comparison, outcome.settled, outcome.open_findings) == (None, None, False, 1)
    assert open_kinds(both.xicheng) == ["heads-do-not-fit"]
    assert everything(both.xicheng.office) == before
    # And once it tells the truth, that is settled.
    assert reconcile(both.xicheng).settled
    assert open_kinds(both.xicheng) == []


def test_a_partner_that_feigns_a_loss_is_given_what_it_has_and_gains_nothing(both: Neighbours):
    _talk(both)
    before = everything(both.xicheng.office), everything(both.wuchang.office)
    outcome = reconcile(both.xicheng, between(lambda told: {**told, "received": head(), "sent": head()}))
    assert (outcome.resent, outcome.adopted, outcome.settled) == (2, 0, False)
    assert (everything(both.xicheng.office), everything(both.wuchang.office)) == before


@pytest.mark.parametrize(
    "batch",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"{}\n",
        lambda data: data.replace(b"marital_status", b"children", 1),
        lambda data: b"\n".join([data.split(b"\n")[1], *data.split(b"\n")[1:]]),
        lambda data: b"\n".join([data.split(b"\n")[0], data.split(b"\n")[0], *data.split(b"\n")[2:]]),
        lambda data: b"\n".join([*data.split(b"\n")[:2], b'{"erased":"' + a_digest("x").encode() + b'","message":null}', b""]),
        lambda data: b"\xff\n\n\n",
    ],
)
def test_a_proof_that_does_not_hold_is_a_finding_and_is_not_taken_back(tmp_path: Path, batch: Callable[[bytes], bytes]):
    with a_pair(tmp_path, f"sqlite:///{tmp_path / 'woshou.db'}", XICHENG_NODE, None) as pair:
        backup = pair.books.backup()
        pair.ask(1)
        whole = everything(pair.restored.office)
        pair.books.restore(backup)
        before = everything(pair.restored.office)
        outcome = reconcile(pair.restored, between(batch=batch))
        assert (outcome.adopted, outcome.settled) == (0, False)
        assert outcome.heads is not None
        assert outcome.heads.ours is Stand.LOST_HERE
        assert open_kinds(pair.restored) == ["batches-lost-here", "ledger-unsettled"]
        assert everything(pair.restored.office) == before
        assert reconcile(pair.restored).settled
        assert everything(pair.restored.office) == whole


@pytest.mark.parametrize(
    ("role", "status"),
    [("foreign", 403), ("negative", 422), ("beyond", 204), ("first", 200)],
)
def test_only_the_caller_itself_is_given_its_batches(both: Neighbours, role: str, status: int):
    _talk(both)
    node = "yuyang.example" if role == "foreign" else XICHENG_NODE
    after = {"negative": -1, "beyond": 5}.get(role, 0)
    for log in ("sent", "received"):
        path = f"/v1/links/{node}/{log}?after={after}"
        assert _asked(both.xicheng, both.wuchang, "GET", path).status_code == status


def test_what_is_given_back_must_come_next_and_must_be_the_callers(both: Neighbours):
    _talk(both)
    data = _asked(both.xicheng, both.wuchang, "GET", f"/v1/links/{XICHENG_NODE}/sent?after=0").content
    first, *rest = data.split(b"\n")
    assert _asked(both.xicheng, both.wuchang, "POST", "/v1/batches/proven", data).status_code == 204
    crooked = b"\n".join([first[:-4] + b"AAAA", *rest])
    refused = _asked(both.xicheng, both.wuchang, "POST", "/v1/batches/proven", crooked)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:woshou:problem:signature-bad")
    refused = _asked(both.xicheng, both.wuchang, "POST", "/v1/batches/proven", b"nothing\n")
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:woshou:problem:proof-does-not-hold")


def test_a_batch_is_not_taken_back_before_what_its_sender_had_seen(tmp_path: Path):
    with a_pair(tmp_path, f"sqlite:///{tmp_path / 'woshou.db'}", WUCHANG_NODE, None) as pair:
        backup = pair.books.backup()
        pair.live()
        held = [
            _asked(pair.restored, pair.other, "GET", f"/v1/links/{WUCHANG_NODE}/{log}?after={after}").content
            for log, after in (("received", 0), ("received", 1), ("sent", 0), ("sent", 1))
        ]
        pair.books.restore(backup)
        codes = []
        for data in (held[1], held[2], held[0], held[1]):
            answer = _asked(pair.other, pair.restored, "POST", "/v1/batches/proven", data)
            codes.append(answer.json()["type"].split(":")[-1] if answer.content else "taken")
        assert codes == ["sequence-gap", "batch-too-early", "taken", "batch-too-early"]
        assert reconcile(pair.other).settled


def test_two_receipts_for_one_batch_are_shown_with_both_words(both: Neighbours):
    _talk(both)
    office = both.wuchang.office
    with office.ledgers.transaction() as ledger:
        link = ledger.links.of(XICHENG_NODE)
        assert link is not None
        stored = ledger.links.batch(link.id, Direction.IN, 1)
        assert stored is not None
        assert stored.receipt_jws is not None
        payload = jose.read_unverified(stored.receipt_jws).payload.replace(b"2026-03-02T01:00:00", b"2026-03-02T01:00:09")
        anew = replace(stored, receipt_jws=office.signer(RECEIPT_TYPE)(payload), receipt_digest=ijson.digest(payload))
        ledger.links.save_receipt(anew)
    outcome = reconcile(both.xicheng)
    assert outcome.heads is not None
    assert (outcome.heads.settled, outcome.settled) == (False, False)
    assert open_kinds(both.xicheng) == ["receipts-differ"]
    (row,) = both.xicheng.get(f"/evidence?partner={WUCHANG_NODE}", role="operator")["items"]
    assert (row["kind"], row["our_receipt"], row["their_receipt"]) == ("receipts", stored.receipt_jws, anew.receipt_jws)


def _talk(both: Neighbours) -> None:
    """One batch each way."""
    (exchange,) = ask(both, 1)
    office = both.wuchang.office
    with office.ledgers.transaction() as ledger:
        (held,) = ledger.exchanges.named(exchange)
        said = Said(kind=Kind.FEEDBACK, body=FeedbackBody(result=Result.CONFIRMED))
        reply(ledger, office.node, held, said, office.now())
    both.deliver()


def _asked(caller: Served, of: Served, method: str, path: str, content: bytes = b"") -> httpx.Response:
    """What another node answers to this one, as a partner with a token that lets it reconcile."""
    office = of.office
    token, _ = access_token(office.node.name, caller.office.node.name, ["reconcile"], office.now(), office.signing_key())
    headers = {"authorization": f"Bearer {token}", "content-type": "application/x-ndjson"}
    return of.http.request(method, path, headers=headers, content=content)


@pytest.mark.parametrize("who", [XICHENG_NODE, WUCHANG_NODE])
@pytest.mark.parametrize(
    "lie",
    [
        {"from": "310101", "to": "310104", "origin": "310101", "destination": "310104"},
        {"origin": "420107"},
        {"event": "birth"},
    ],
)
def test_what_could_never_have_been_accepted_is_not_taken_back_as_erased(tmp_path: Path, who: str, lie: dict[str, Any]):
    def erased(data: bytes) -> bytes:
        manifest, receipt, *lines, _ = data.split(b"\n")
        digests = [word["digest"] for word in ijson.loads(jose.read_unverified(receipt.decode()).payload)["receipts"]]
        told = [_as_erased(ijson.loads(line), digest, lie) for line, digest in zip(lines, digests, strict=True)]
        return b"\n".join([manifest, receipt, *map(ijson.dumps, told), b""])

    with a_pair(tmp_path, f"sqlite:///{tmp_path / 'woshou.db'}", who, None) as pair:
        backup = pair.books.backup()
        pair.ask(1)
        pair.books.restore(backup)
        before = everything(pair.restored.office)
        assert reconcile(pair.restored, between(batch=erased)).adopted == 0
        assert open_kinds(pair.restored) == ["batches-lost-here", "ledger-unsettled"]
        assert everything(pair.restored.office) == before


def _as_erased(line: dict[str, Any], digest: str, lie: dict[str, Any]) -> dict[str, Any]:
    """A whole query as if it had been erased, with something else told of it."""
    opening = {name: line[name] for name in ("from", "to", "origin", "destination", "purpose")}
    told = {**opening, "urgent": None, "event": None, "items": line["body"]["items"], **lie}
    kept = {name: line[name] for name in ("id", "kind", "exchange", "created_at")}
    return {"erased": digest, "message": {**kept, "in_reply_to": None, "result": None, "opening": told}}
