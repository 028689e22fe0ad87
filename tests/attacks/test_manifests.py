"""Batches and documents that are forged, replayed, reordered, downgraded, or made to burst what reads them."""

import gzip
import json
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.keys import jose
from adapters.keys.keyring import Keyring
from adapters.keys.tokens import access_token
from exchange.auditing.event import NODE_WIDE
from exchange.ledger import AuditFilter, Page
from exchange.moments import format_moment
from exchange.terms.agreement import PROPOSAL_TYPE
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, RECEIPT_TYPE, Outcome
from exchange.wire.message import write_message
from exchange.wire.node import NODE_TYPE
from exchange.wire.proven import join_proven
from tests.api.hand import Hand
from tests.attacks.refusing import refused
from tests.builders import a_digest, a_query, an_id

GZIP = {"content-encoding": "gzip"}
NOT_AUTHENTIC = (400, "batch-not-authentic")


@pytest.fixture
def strange(hand: Hand, tmp_path: Path) -> jose.Signer:
    """A key that nobody has confirmed."""
    return Keyring.create(tmp_path / "strange", hand.served.clock.now()).signing_key(hand.served.clock.now())


def test_a_batch_signed_by_a_strange_key(hand: Hand, strange: jose.Signer):
    refused(hand.send(hand.cut(a_query(2), key=strange)), *NOT_AUTHENTIC)


def test_a_batch_signed_for_another_use(hand: Hand):
    for typ in (RECEIPT_TYPE, NODE_TYPE, "JWT", "mx-batch+JWS"):
        refused(hand.send(hand.cut(a_query(2), typ=typ)), *NOT_AUTHENTIC)


def test_a_batch_under_no_signature(hand: Hand):
    head, payload, _ = hand.cut(a_query(2)).split(b"\n")[0].decode().split(".")
    lines = hand.cut(a_query(2)).split(b"\n", 1)[1]
    none = ijson.b64url_encode(b'{"alg":"none"}')
    for manifest in (f"{none}.{payload}.", f"{head}.{payload}.", payload):
        refused(hand.send(manifest.encode() + b"\n" + lines), *NOT_AUTHENTIC)


@pytest.mark.parametrize("protocol", ["0", "2", "1.0", ""])
def test_a_batch_of_another_protocol(hand: Hand, protocol: str):
    payload = json.loads(jose.read_unverified(hand.cut(a_query(2)).split(b"\n")[0].decode()).payload) | {"protocol": protocol}
    manifest = jose.sign(json.dumps(payload).encode(), typ=BATCH_TYPE, key=hand.key)
    refused(hand.send(manifest.encode() + b"\n" + write_message(a_query(2)) + b"\n"), *NOT_AUTHENTIC)


CHANGES: dict[str, tuple[dict[str, Any], int, str]] = {
    "another sender": ({"sender": "other.example"}, 403, "not-your-link"),
    "another receiver": ({"receiver": "other.example"}, 403, "not-your-link"),
    "another link": ({"link": an_id(77)}, 403, "not-your-link"),
    "the place of a later one": ({"sequence": 9}, 409, "sequence-gap"),
    "the place of one that came": ({"sequence": 1, "previous": None}, 409, "link-forked"),
    "another past": ({"previous": a_digest("other")}, 409, "link-forked"),
    "no past": ({"previous": None}, 409, "link-forked"),
    "a number below one": ({"sequence": 0}, *NOT_AUTHENTIC),
    "a number above all": ({"sequence": 2**63}, *NOT_AUTHENTIC),
    "a moment that is none": ({"sent_at": "2026-02-31T00:00:00.000Z"}, *NOT_AUTHENTIC),
    "a moment before its key": ({"sent_at": "2001-01-01T00:00:00.000Z"}, *NOT_AUTHENTIC),
    "digests of other lines": ({"digests": [a_digest("other")]}, *NOT_AUTHENTIC),
    "no digests": ({"digests": []}, *NOT_AUTHENTIC),
}


@pytest.mark.parametrize(("changes", "status", "code"), CHANGES.values(), ids=CHANGES)
def test_a_batch_that_says(hand: Hand, changes: dict[str, Any], status: int, code: str):
    refused(hand.send(hand.cut(a_query(2), **changes)), status, code)


def test_a_batch_sent_again_has_no_second_effect(hand: Hand):
    """The same bytes get the same receipt, and each time a row; the fixture sees that nothing else has become of them."""
    first = hand.pushed[0]
    batch = ijson.digest(jose.read_unverified(first.split(b"\n")[0].decode()).payload)
    wanted = AuditFilter(jurisdictions=frozenset({NODE_WIDE}), subjects=frozenset({f"batch:{batch}"}), refused=False)

    def told() -> list[tuple[str, str, int]]:
        with hand.served.office.ledgers.transaction(read_only=True) as ledger:
            rows = ledger.audit.find(wanted, Page())
        return [(row.event.action, row.event.actor.id, row.event.count) for row in rows]

    before = told()
    answers = [hand.send(first) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].content == answers[1].content
    assert told() == [("send_batch", hand.name, 1)] * 2 + before


def test_a_line_changed_on_its_way(hand: Hand):
    data = hand.cut(a_query(2))
    assert b"1990" in data
    refused(hand.send(data.replace(b"1990", b"1991")), *NOT_AUTHENTIC)


def test_lines_added_doubled_dropped_or_put_in_another_order(hand: Hand):
    manifest, one, two, end = hand.cut(a_query(2), a_query(3)).split(b"\n")
    for lines in ([one, two, one], [two, one], [one], [one, one], [one, two, b"{}"], []):
        refused(hand.send(b"\n".join([manifest, *lines, end])), *NOT_AUTHENTIC)


def test_a_manifest_over_anothers_lines(hand: Hand):
    manifest = hand.cut(a_query(2)).split(b"\n")[0]
    refused(hand.send(manifest + b"\n" + write_message(a_query(3)) + b"\n"), *NOT_AUTHENTIC)


def test_a_manifest_that_names_a_member_twice(hand: Hand):
    payload = jose.read_unverified(hand.cut(a_query(2)).split(b"\n")[0].decode()).payload
    twice = payload[:-1] + b',"receiver":"other.example"}'
    manifest = jose.sign(twice, typ=BATCH_TYPE, key=hand.key)
    refused(hand.send(manifest.encode() + b"\n" + write_message(a_query(2)) + b"\n"), *NOT_AUTHENTIC)


def test_a_gzip_bomb(hand: Hand):
    """A hundred mebibytes of blanks in a hundred kilobytes: what is beyond 8 MiB is never unpacked."""
    packer = zlib.compressobj(9, wbits=31)
    head = hand.cut(a_query(2)).split(b"\n")[0]
    blank = b" " * 2**20
    data = packer.compress(head + b"\n") + b"".join(packer.compress(blank) for _ in range(100)) + packer.flush()
    assert len(data) < 2**18
    refused(hand.send(data, **GZIP), 413, "batch-too-large")


def test_a_gzip_within_a_gzip(hand: Hand):
    refused(hand.send(gzip.compress(gzip.compress(hand.cut(a_query(2)))), **GZIP), *NOT_AUTHENTIC)


def test_two_gzips_one_after_the_other(hand: Hand):
    refused(hand.send(gzip.compress(hand.cut(a_query(2))) + gzip.compress(b"{}\n"), **GZIP), *NOT_AUTHENTIC)


def test_a_gzip_cut_short_or_damaged(hand: Hand):
    packed = gzip.compress(hand.cut(a_query(2)))
    for data in (packed[:-1], packed[:20], packed[:-8] + b"\0" * 8, b"\x1f\x8b"):
        refused(hand.send(data, **GZIP), *NOT_AUTHENTIC)


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "compress", "x-gzip"])
def test_a_coding_that_nobody_unpacks(hand: Hand, coding: str):
    refused(hand.send(hand.cut(a_query(2)), **{"content-encoding": coding}), *NOT_AUTHENTIC)


def test_a_body_above_every_bound(hand: Hand):
    headers = {"authorization": f"Bearer {hand.token()}"}
    pieces = (b" " * 2**20 for _ in range(65))
    refused(hand.served.http.post("/v1/batches", content=pieces, headers=headers), 413, "request-too-large")


LINES: dict[str, tuple[bytes, str]] = {
    "nested ten thousand deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "not-i-json"),
    "a number of sixty thousand digits": (b'{"id":' + b"9" * 60_000 + b"}", "not-i-json"),
    "longer than a line may be": (b'{"a":"' + b"a" * 70_000 + b'"}', "malformed-message"),
    "with a name twice": (b'{"id":1,"id":2}', "not-i-json"),
    "with a lone surrogate": (b'{"a":"\\ud800"}', "not-i-json"),
    "with U+0000": (b'{"a":"\\u0000"}', "not-i-json"),
    "with NaN": (b'{"a":NaN}', "not-i-json"),
    "that is no UTF-8": (b'{"a":"\xff"}', "not-i-json"),
    "that is an array": (b"[]", "malformed-message"),
}


@pytest.mark.parametrize(("line", "code"), LINES.values(), ids=LINES)
def test_a_message_made_to_burst_its_reader_is_rejected_in_its_receipt(taking: Hand, line: bytes, code: str):
    """Sent between two that are good, which are taken: the receipt says of each what came of it, and the log goes on."""
    number = 100 + 2 * taking.sequence
    receipt = taking.push(a_query(number), line, a_query(number + 1))
    said = [(word.outcome, word.problem and word.problem.type.rsplit(":", 1)[1]) for word in receipt.receipts]
    assert said == [(Outcome.ACCEPTED, None), (Outcome.REJECTED, code), (Outcome.ACCEPTED, None)]


def proven(hand: Hand, manifest: str, receipt: str, lines: list[bytes]) -> Any:
    token = hand.ask_token(scope="reconcile").json()["access_token"]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/x-ndjson"}
    return hand.served.http.post("/v1/batches/proven", content=join_proven(manifest, receipt, lines), headers=headers)


def taken(hand: Hand) -> tuple[str, str, bytes]:
    """The batch that the node has, its receipt, and its line."""
    data = hand.pushed[0]
    receipt = hand.send(data).text
    manifest, line, _ = data.split(b"\n")
    return manifest.decode(), receipt, line


def test_a_chain_mended_with_another_line(hand: Hand):
    manifest, receipt, line = taken(hand)
    refused(proven(hand, manifest, receipt, [line.replace(b"1990", b"1991")]), 400, "proof-does-not-hold")


def test_a_chain_mended_with_a_receipt_of_the_senders_own(hand: Hand):
    manifest, receipt, line = taken(hand)
    forged = jose.sign(jose.read_unverified(receipt).payload, typ=RECEIPT_TYPE, key=hand.key)
    refused(proven(hand, manifest, forged, [line]), 400, "key-unknown")


def test_a_chain_mended_with_a_receipt_that_says_more(hand: Hand):
    manifest, receipt, line = taken(hand)
    head, payload, signature = receipt.split(".")
    said = json.loads(ijson.b64url_decode(payload)) | {"received_at": "2026-03-02T01:00:00.001Z"}
    changed = f"{head}.{ijson.b64url_encode(json.dumps(said).encode())}.{signature}"
    refused(proven(hand, manifest, changed, [line]), 400, "signature-bad")


def test_a_chain_mended_with_the_receipt_of_another_batch(hand: Hand):
    _, receipt, _ = taken(hand)
    manifest, line, _ = hand.cut(a_query(2)).split(b"\n")
    refused(proven(hand, manifest.decode(), receipt, [line]), 400, "proof-does-not-hold")


def test_an_agreement_signed_by_a_strange_key(hand: Hand, strange: jose.Signer):
    headers = {"authorization": f"Bearer {hand.token()}"}
    forged = jose.sign(b"{}", typ=PROPOSAL_TYPE, key=strange)
    refused(hand.served.http.post("/v1/agreements", content=forged, headers=headers), 400, "key-unknown")


def test_an_agreement_that_is_a_batch(hand: Hand):
    headers = {"authorization": f"Bearer {hand.token()}"}
    forged = jose.sign(b"{}", typ=BATCH_TYPE, key=hand.key)
    refused(hand.served.http.post("/v1/agreements", content=forged, headers=headers), 400, "jws-type-wrong")


def test_a_key_is_trusted_at_the_moment_of_sending_and_not_by_whoever_turns_up_with_it(hand: Hand):
    """Of two keys that overlap each signs within its own time: an old one proves old batches, and no new one."""
    with hand.served.office.ledgers.transaction() as ledger:
        known = ledger.partners.get(hand.name)
        assert known is not None
        now = hand.served.clock.now()
        since, until = now - timedelta(days=1), now - timedelta(hours=1)
        ended = tuple(replace(key, not_before=since, not_after=until) for key in known.keys)
        ledger.partners.save(replace(known, keys=ended))
    office = hand.served.office
    token, _ = access_token(office.node.name, hand.name, ["exchange"], now, office.signing_key())
    try:
        refused(hand.send(hand.cut(a_query(2)), token=token), *NOT_AUTHENTIC)
        old = hand.cut(a_query(2), sequence=3, sent_at=format_moment(now - timedelta(hours=2)))
        refused(hand.send(old, token=token), 409, "sequence-gap")  # its signature held
    finally:
        with hand.served.office.ledgers.transaction() as ledger:
            ledger.partners.save(known)


def test_a_digest_that_collides_by_its_case(hand: Hand):
    manifest = hand.manifest([write_message(a_query(2))])
    swapped = msgspec.structs.replace(manifest, digests=[manifest.digests[0].swapcase()])
    data = (
        jose.sign(msgspec.json.encode(swapped), typ=BATCH_TYPE, key=hand.key).encode() + b"\n" + write_message(a_query(2)) + b"\n"
    )
    refused(hand.send(data), *NOT_AUTHENTIC)
