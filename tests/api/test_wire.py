"""The wire API over real HTTP, called by a partner made by hand: every line of the protocol's table, in its order."""

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.keys import jose
from adapters.keys.keyring import Keyring
from exchange.errors import Retry
from exchange.ledger import LedgerBusy
from exchange.moments import format_moment
from exchange.partners import PartnerStatus
from exchange.terms.agreement import write_terms
from exchange.wire import ijson
from exchange.wire.batch import Outcome
from tests.api.hand import Hand, problem, set_status
from tests.builders import (
    WUCHANG_NODE,
    a_feedback,
    a_partner,
    a_query,
    agreed_terms,
    an_id,
)
from tests.life.two_nodes import LINK


def test_a_batch_gets_a_signed_receipt_and_the_same_again_when_it_comes_again(hand: Hand):
    data = hand.cut(a_query())
    first = hand.send(data)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/jose")
    receipt = hand.read(first)
    assert [(word.outcome, word.id, word.due) for word in receipt.receipts] == [(Outcome.ACCEPTED, a_query().id, "2026-04-01")]
    assert hand.send(data).content == first.content
    assert hand.send(gzip.compress(data), **{"content-encoding": "gzip"}).content == first.content


def test_two_signatures_over_one_payload_are_one_batch(hand: Hand):
    data = hand.cut(a_query())
    first = hand.send(data)
    other = hand.cut(a_query())
    assert other != data
    assert hand.send(other).content == first.content


def test_a_message_that_breaks_a_rule_is_rejected_and_holds_nothing_up(hand: Hand):
    lost = a_feedback(5, to=a_query(9))
    receipt = hand.push(a_query(1), b'{"a":"b"}', a_query(1, origin="610802"), lost, a_query(2))
    assert [(word.outcome, word.problem.type.rsplit(":", 1)[1] if word.problem else None) for word in receipt.receipts] == [
        (Outcome.ACCEPTED, None),
        (Outcome.REJECTED, "malformed-message"),
        (Outcome.REJECTED, "id-reused"),
        (Outcome.REJECTED, "unknown-exchange"),
        (Outcome.ACCEPTED, None),
    ]
    again = hand.push(a_query(1))
    assert [(word.outcome, word.due) for word in again.receipts] == [(Outcome.DUPLICATE, "2026-04-01")]


@pytest.mark.parametrize("credential", [None, "Bearer", "Bearer nonsense", "Basic eDp5"])
def test_401_without_a_token_that_holds(hand: Hand, credential: str | None):
    headers = {"authorization": credential} if credential else {}
    response = hand.served.http.post("/v1/batches", content=b"x", headers=headers)
    assert problem(response) == (401, "unauthorized", "corrected")
    assert (response.headers["www-authenticate"], response.headers["date"]) == ("Bearer", "Mon, 02 Mar 2026 01:00:00 GMT")


def test_401_for_a_token_that_has_expired(hand: Hand):
    token = hand.token()
    hand.served.clock.move(timedelta(minutes=12))
    assert problem(hand.send(hand.cut(a_query()), token=token)) == (401, "unauthorized", "corrected")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other.example"},
        {"aud": [WUCHANG_NODE]},
        {"sub": "other.example"},
        {"iss": "other.example", "sub": "other.example"},
        {"exp": 4_000_000_000},
        {"exp": 1_000_000_000},
        {"iat": None},
    ],
)
def test_an_assertion_that_says_something_else_gets_no_token(hand: Hand, claims: dict[str, Any]):
    assert problem(hand.ask_token(hand.assertion(**claims))) == (401, "unauthorized", "corrected")


def test_an_assertion_is_good_once(hand: Hand):
    assertion = hand.assertion()
    assert hand.ask_token(assertion).status_code == 200
    assert problem(hand.ask_token(assertion)) == (401, "unauthorized", "corrected")


def test_an_assertion_by_a_key_that_nobody_knows_gets_no_token(hand: Hand, tmp_path: Path):
    stranger = Keyring.create(tmp_path / "stranger", hand.served.clock.now())
    hand.keyring = stranger
    assert problem(hand.ask_token()) == (401, "unauthorized", "corrected")
    assert problem(hand.ask_token("x.y.z")) == (401, "unauthorized", "corrected")


def test_a_token_form_of_another_kind_is_refused(hand: Hand):
    assert problem(hand.ask_token(grant_type="password")) == (422, "invalid", "corrected")
    assert problem(hand.ask_token(scope="everything")) == (401, "unauthorized", "corrected")


def test_tokens_are_not_guessed_at_leisure(hand: Hand):
    answers = [hand.ask_token("x.y.z") for _ in range(121)]
    assert problem(answers[-1]) == (429, "too-many-requests", "later")
    assert answers[-1].headers["retry-after"] == "60"


@pytest.mark.parametrize(
    "changes",
    [{"sender": "other.example"}, {"receiver": "other.example"}, {"link": an_id(77)}],
    ids=["sender", "receiver", "link"],
)
def test_403_for_another_sender_receiver_or_link(hand: Hand, changes: dict[str, Any]):
    response = hand.send(hand.cut(a_query(), **changes))
    assert problem(response) == (403, "not-your-link", "contact")
    assert response.json()["contact"] == WUCHANG_NODE


@pytest.mark.parametrize("status", [PartnerStatus.SUSPENDED, PartnerStatus.PENDING])
def test_403_for_a_partner_that_is_suspended_or_not_confirmed(hand: Hand, status: PartnerStatus):
    token = hand.token()
    set_status(hand, status)
    assert problem(hand.send(hand.cut(a_query()), token=token)) == (403, "not-your-link", "contact")
    assert problem(hand.ask_token()) == (401, "unauthorized", "corrected")


def test_413_for_more_messages_or_more_bytes_than_a_batch_has(hand: Hand):
    many = hand.cut(*[b"{}"] * 1001, digests=["A" * 43] * 1000)
    assert problem(hand.send(many)) == (413, "batch-too-large", "corrected")
    large = hand.cut(b"{" + b" " * (8 * 1024 * 1024) + b"}")
    assert problem(hand.send(large)) == (413, "batch-too-large", "corrected")
    assert problem(hand.send(gzip.compress(large), **{"content-encoding": "gzip"})) == (413, "batch-too-large", "corrected")


def test_400_for_what_is_not_authentic(hand: Hand, tmp_path: Path):
    good = hand.cut(a_query())
    first, rest = good.split(b"\n", 1)
    stranger = Keyring.create(tmp_path / "stranger", hand.served.clock.now()).signing_key(hand.served.clock.now())
    header, payload, signature = first.split(b".")
    for data in (
        b"",
        b"nonsense\n{}\n",
        good[:-1],
        first + b"\n",
        good.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + good,
        good + b"{}\n",
        first + b"\n" + rest.replace(b"1990", b"1991"),
        hand.cut(a_query(), digests=[]),
        hand.cut(a_query(), key=stranger),
        hand.cut(a_query(), typ="mx-receipt+jws"),
        b".".join((header, payload, signature[:-2] + b"AA")) + b"\n" + rest,
        b".".join((header, payload + b"=", signature)) + b"\n" + rest,
    ):
        assert problem(hand.send(data)) == (400, "batch-not-authentic", "corrected"), data[:80]
    assert problem(hand.send(good, **{"content-encoding": "br"})) == (400, "batch-not-authentic", "corrected")
    assert problem(hand.send(b"\x1f\x8bnonsense", **{"content-encoding": "gzip"})) == (400, "batch-not-authentic", "corrected")
    assert hand.send(good).status_code == 200


def test_409_above_the_next_sequence_with_the_one_expected(hand: Hand):
    hand.push(a_query(1))
    response = hand.send(hand.cut(a_query(2), sequence=3))
    assert problem(response) == (409, "sequence-gap", "corrected")
    assert response.json()["expected"] == 2


def test_409_for_a_fork_with_the_signed_manifest_that_is_held(hand: Hand):
    held = hand.cut(a_query(1))
    assert hand.send(held).status_code == 200
    other = hand.send(hand.cut(a_query(2)))
    assert problem(other) == (409, "link-forked", "contact")
    assert other.json()["manifest"] == held.split(b"\n")[0].decode()
    broken = hand.send(hand.cut(a_query(2), sequence=2, previous="A" * 43))
    assert problem(broken) == (409, "link-forked", "contact")
    assert broken.json()["manifest"] == held.split(b"\n")[0].decode()


def test_409_for_a_first_batch_that_names_one_before_it_without_any_manifest(hand: Hand):
    broken = hand.send(hand.cut(a_query(), previous="A" * 43))
    assert problem(broken) == (409, "link-forked", "contact")
    assert broken.json()["manifest"] is None


def test_the_refusals_come_in_the_order_of_the_table(hand: Hand, tmp_path: Path):
    """Each batch has all the faults that stand below its own in the table."""
    stranger = Keyring.create(tmp_path / "stranger", hand.served.clock.now()).signing_key(hand.served.clock.now())
    too_many: list[bytes] = [b"{}"] * 1001
    wrong: dict[str, Any] = {"digests": ["A" * 43], "key": stranger, "sequence": 7}
    cases = [
        (401, hand.send(hand.cut(*too_many, link=an_id(77), **wrong), token="none")),
        (403, hand.send(hand.cut(*too_many, link=an_id(77), **wrong))),
        (413, hand.send(hand.cut(*too_many, **wrong))),
        (400, hand.send(hand.cut(a_query(), **wrong))),
        (409, hand.send(hand.cut(a_query(), sequence=7, previous="A" * 43))),
    ]
    assert [(status, response.status_code) for status, response in cases] == [(status, status) for status, _ in cases]
    assert problem(cases[-1][1])[1] == "sequence-gap"


def test_503_with_retry_after_while_the_database_is_busy(hand: Hand):
    token, data = hand.token(), hand.cut(a_query())
    office = hand.served.office

    class Busy:
        def transaction(self, *, read_only: bool = False, within: Any = None) -> Any:
            if read_only:
                return ledgers.transaction(read_only=True)
            raise LedgerBusy

        def advisory_leader(self, name: str) -> Any:
            return ledgers.advisory_leader(name)

    ledgers = office.ledgers
    office.ledgers = Busy()
    try:
        response = hand.send(data, token=token)
    finally:
        office.ledgers = ledgers
    assert problem(response) == (503, "overloaded", Retry.LATER)
    assert response.headers["retry-after"] == "2"
    assert hand.send(data, token=token).status_code == 200


def test_a_batch_is_judged_by_the_key_trusted_when_it_was_sent(hand: Hand):
    """A key that was rotated in is found by one look at the node document; here the partner cannot be reached."""
    now = hand.served.clock.now()
    hand.keyring = hand.keyring.rotate(now, timedelta(days=1))
    hand.served.clock.move(timedelta(days=2))
    assert problem(hand.ask_token()) == (401, "unauthorized", "corrected")


def test_the_heads_of_a_link_are_shown_to_its_partner_alone(hand: Hand):
    hand.push(a_query(1))
    headers = {"authorization": f"Bearer {hand.token()}"}
    heads = hand.served.http.get(f"/v1/links/{hand.name}", headers=headers).json()
    assert (heads["link"], heads["received"]["sequence"], heads["sent"]["sequence"]) == (LINK, 1, 0)
    assert heads["received"]["receipt"] is not None
    assert heads["sent"] == {"sequence": 0, "digest": None, "manifest": None, "receipt": None}
    assert problem(hand.served.http.get("/v1/links/other.example", headers=headers)) == (403, "not-your-link", "contact")


def test_the_node_document_is_signed_by_a_published_key(hand: Hand):
    response = hand.served.http.get("/.well-known/migrant-exchange")
    document = jose.read_unverified(response.text)
    published = {key["kid"] for key in hand.served.http.get("/.well-known/jwks.json").json()["keys"]}
    assert (response.headers["content-type"], document.header.typ, document.header.kid in published) == (
        "application/jose",
        "mx-node+jws",
        True,
    )


def test_every_answer_forbids_sniffing_framing_and_keeping(hand: Hand):
    for path in ("/.well-known/jwks.json", "/nowhere", "/api/v1/entries"):
        headers = hand.served.http.get(path).headers
        assert (headers["x-content-type-options"], headers["x-frame-options"], headers["cache-control"]) == (
            "nosniff",
            "DENY",
            "no-store",
        )


def test_an_unknown_address_and_an_unknown_method_are_problems_too(hand: Hand):
    assert problem(hand.served.http.get("/nowhere")) == (404, "not-found", "never")
    assert problem(hand.served.http.delete("/v1/batches")) == (405, "method-not-allowed", "never")


def test_a_proposal_is_taken_once_and_waits_for_the_coordinator(hand: Hand):
    terms = agreed_terms(2)
    jws = jose.sign(write_terms(terms), typ="mx-agreement+jws", key=hand.key)
    headers = {"authorization": f"Bearer {hand.token()}", "content-type": "application/jose"}
    answers = [hand.served.http.post("/v1/agreements", content=jws, headers=headers).status_code for _ in range(2)]
    assert answers == [202, 200]
    waiting = hand.served.get("/agreements", role="coordinator")["items"]
    assert sorted((signed["standing"] for signed in waiting), reverse=True) == ["proposed", "accepted"]

    ended = {"agreement": ijson.digest(write_terms(terms)), "decision": "accepted", "jurisdiction": "110102"}
    ended["at"] = format_moment(hand.served.clock.now())
    own = jose.sign(ijson.dumps(ended), typ="mx-agreement-acceptance+jws", key=hand.key)
    decided = hand.served.http.put(f"/v1/agreements/{terms.id}/decision", content=own, headers=headers)
    assert problem(decided) == (409, "not-your-decision", "corrected")
    wrong = hand.served.http.post("/v1/agreements", content=own, headers=headers)
    assert problem(wrong)[0] == 400
    garbage = hand.served.http.post("/v1/agreements", content=b"\xff", headers=headers)
    assert problem(garbage) == (422, "malformed-agreement", "corrected")


def test_a_partner_that_nobody_confirmed_is_no_one(hand: Hand):
    with hand.served.office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(node="stranger.example"))
    assert problem(hand.ask_token(hand.assertion(iss="stranger.example", sub="stranger.example")))[0] == 401
