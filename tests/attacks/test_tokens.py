"""Forged, replayed, stretched and downgraded proofs of who calls, at the token endpoint and behind it."""

import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.keys import jose, tokens
from adapters.keys.keyring import Keyring
from exchange.partners import PartnerStatus
from exchange.wire import ijson
from exchange.wire.ijson import b64url_decode, b64url_encode
from tests.api.hand import Hand, set_status
from tests.attacks.refusing import refused
from tests.builders import WUCHANG_NODE, XICHENG_NODE, a_partner, a_query
from tests.keys.forge import ORDER, OTHER

ELSEWHERE = "https://evil.example/keys.json"
Header = dict[str, Any]


def parts(jws: str) -> tuple[Header, dict[str, Any]]:
    head, payload, _ = jws.split(".")
    return ijson.loads(b64url_decode(head)), ijson.loads(b64url_decode(payload))


def written(header: object, claims: object, sign: Callable[[bytes], bytes]) -> str:
    """A JWS of any header and claims."""
    texts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    signed = ".".join(b64url_encode(text) for text in texts)
    return f"{signed}.{b64url_encode(sign(signed.encode()))}"


def with_header(hand: Hand, **changes: Any) -> str:
    """An assertion of the partner's own, signed with its key, under another header."""
    header, claims = parts(hand.assertion())
    return written({name: value for name, value in {**header, **changes}.items() if value is not None}, claims, hand.key.sign)


def by_hmac(hand: Hand, secret: bytes, alg: str) -> str:
    header, claims = parts(hand.assertion())
    return written({**header, "alg": alg}, claims, lambda data: hmac.digest(secret, data, {"HS512": "sha512"}.get(alg, "sha256")))


def jwks_of(hand: Hand) -> bytes:
    return json.dumps({"keys": [hand.key.public.jwk]}).encode()


def pem_of(hand: Hand) -> bytes:
    x, y = (int.from_bytes(b64url_decode(half)) for half in (hand.key.public.x, hand.key.public.y))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


HEADERS: dict[str, Header] = {
    "no algorithm": {"alg": "none"},
    "no algorithm in capitals": {"alg": "nOnE"},
    "a weaker algorithm": {"alg": "HS256"},
    "another curve": {"alg": "ES384"},
    "RSA": {"alg": "RS256"},
    "no kid": {"kid": None},
    "a kid that is a path": {"kid": "../../../../dev/null"},
    "a kid that is SQL": {"kid": "' UNION SELECT 'AAAA"},
    "a kid of nobody": {"kid": OTHER.kid},
    "no type": {"typ": None},
    "a type of the common kind": {"typ": "JWT"},
    "a type of another use": {"typ": tokens.ACCESS_TYPE},
    "keys from elsewhere": {"jku": ELSEWHERE},
    "a certificate from elsewhere": {"x5u": ELSEWHERE},
    "a key of its own": {"jwk": OTHER.public.jwk},
    "a certificate of its own": {"x5c": ["MIIB"]},
    "an extension that must be understood": {"crit": ["exp"], "exp": 1},
    "a payload that is not encoded": {"b64": False, "crit": ["b64"]},
    "a payload that is packed": {"zip": "DEF"},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_proof_under_a_header_with(hand: Hand, header: Header):
    refused(hand.ask_token(with_header(hand, **header)), 401, "unauthorized")


@pytest.mark.parametrize("alg", ["HS256", "HS512", "ES256"])
def test_a_public_key_as_shared_secret(hand: Hand, alg: str):
    for secret in (jwks_of(hand), pem_of(hand), b64url_decode(hand.key.public.x), b""):
        refused(hand.ask_token(by_hmac(hand, secret, alg)), 401, "unauthorized")


def test_a_proof_with_its_signature_cut_off(hand: Hand):
    whole = hand.assertion()
    for cut in (whole[: whole.rindex(".") + 1], whole[: whole.rindex(".")]):
        refused(hand.ask_token(cut), 401, "unauthorized")


def test_a_proof_whose_claims_were_changed_under_its_signature(hand: Hand):
    head, _, signature = hand.assertion().split(".")
    claims = parts(hand.assertion())[1] | {"sub": "other.example"}
    refused(hand.ask_token(f"{head}.{b64url_encode(ijson.dumps(claims))}.{signature}"), 401, "unauthorized")


def test_a_proof_that_names_a_claim_twice(hand: Hand):
    header, claims = parts(hand.assertion())
    twice = ijson.dumps(claims)[:-1] + b',"iss":"other.example"}'
    refused(hand.ask_token(written(header, twice, hand.key.sign)), 401, "unauthorized")


CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "other.example"},
    "an audience among others": {"aud": [WUCHANG_NODE, "other.example"]},
    "no audience": {"aud": None},
    "a lifetime of an hour": {"exp": 1772416800 + 3600},
    "an end long ago": {"exp": 1_000_000_000},
    "a beginning to come": {"nbf": 4_000_000_000},
    "an end beyond all numbers": {"exp": 10**400},
    "no id": {"jti": None},
    "another subject": {"sub": "other.example"},
}


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS)
def test_a_proof_that_claims(hand: Hand, claims: dict[str, Any]):
    refused(hand.ask_token(hand.assertion(**claims)), 401, "unauthorized")


def test_a_proof_sent_twice(hand: Hand):
    assertion = hand.assertion()
    assert hand.ask_token(assertion).status_code == 200
    refused(hand.ask_token(assertion), 401, "unauthorized", proven=XICHENG_NODE)


def test_a_proof_sent_again_under_the_twin_of_its_signature(hand: Hand):
    """Whoever overhears a proof can turn its signature into another valid one: it is known by its id."""
    assertion = hand.assertion()
    assert hand.ask_token(assertion).status_code == 200
    head, payload, signature = assertion.split(".")
    raw = b64url_decode(signature)
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    refused(hand.ask_token(f"{head}.{payload}.{b64url_encode(twin)}"), 401, "unauthorized", proven=XICHENG_NODE)


def test_a_proof_kept_until_its_id_is_forgotten(hand: Hand):
    assertion = hand.assertion()
    assert hand.ask_token(assertion).status_code == 200
    hand.served.clock.move(timedelta(minutes=4))
    refused(hand.ask_token(assertion), 401, "unauthorized")


def test_a_partner_in_another_partners_name(hand: Hand):
    with hand.served.office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner("victim.example", status=PartnerStatus.ACTIVE))
    refused(hand.ask_token(hand.assertion(iss="victim.example", sub="victim.example")), 401, "unauthorized")


def test_the_node_in_its_own_name(hand: Hand):
    refused(hand.ask_token(hand.assertion(iss=WUCHANG_NODE, sub=WUCHANG_NODE)), 401, "unauthorized")


def test_a_proof_by_the_partners_encryption_key(hand: Hand):
    """That key is published, and trusted for another use."""
    (enc,) = (key for key in hand.keyring.index.keys if key.use == "enc")
    pem = (hand.keyring.folder / f"{enc.public.kid}.pem").read_bytes()
    key = jose.PrivateKey.from_pem(pem)
    header, claims = parts(hand.assertion())
    refused(hand.ask_token(written({**header, "kid": key.kid}, claims, key.sign)), 401, "unauthorized")


def test_a_proof_by_the_partners_recovery_key(hand: Hand):
    key = jose.PrivateKey.from_pem((hand.keyring.folder / "recovery.pem").read_bytes())
    header, claims = parts(hand.assertion())
    refused(hand.ask_token(written({**header, "kid": key.kid}, claims, key.sign)), 401, "unauthorized")


def test_a_proof_by_a_key_that_has_been_revoked(hand: Hand):
    with hand.served.office.ledgers.transaction() as ledger:
        known = ledger.partners.get(hand.name)
        assert known is not None
        revoked = tuple(replace(key, revoked_from=hand.served.clock.now() - timedelta(days=1)) for key in known.keys)
        ledger.partners.save(replace(known, keys=revoked))
    try:
        refused(hand.ask_token(), 401, "unauthorized")
    finally:
        with hand.served.office.ledgers.transaction() as ledger:
            ledger.partners.save(known)


def test_a_grant_of_another_kind(hand: Hand):
    for grant in ("password", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        refused(hand.ask_token(grant_type=grant), 422, "invalid")


def test_scopes_that_nobody_gives(hand: Hand):
    for scope in ("admin", "exchange,reconcile", "EXCHANGE", "*"):
        refused(hand.ask_token(scope=scope), 401, "unauthorized")


def post_batch(hand: Hand, token: str) -> httpx.Response:
    return hand.send(hand.cut(a_query(1)), token=token)


def test_a_proof_in_the_place_of_a_token(hand: Hand):
    refused(post_batch(hand, hand.assertion()), 401, "unauthorized")


def test_a_token_in_the_place_of_a_proof(hand: Hand):
    refused(hand.ask_token(hand.token()), 401, "unauthorized")


def test_a_token_that_the_partner_wrote_itself(hand: Hand):
    made, _ = tokens.access_token(WUCHANG_NODE, hand.name, ["exchange"], hand.served.clock.now(), hand.key)
    refused(post_batch(hand, made), 401, "unauthorized")


def test_a_token_of_another_node(hand: Hand, tmp_path: Path):
    """One that another node gave, for itself, with a key of its own."""
    other = Keyring.create(tmp_path / "other", hand.served.clock.now())
    made, _ = tokens.access_token(
        "other.example", hand.name, ["exchange"], hand.served.clock.now(), other.signing_key(hand.served.clock.now())
    )
    refused(post_batch(hand, made), 401, "unauthorized")


def test_a_token_past_its_end(hand: Hand):
    token = hand.token()
    hand.served.clock.move(timedelta(minutes=12))
    refused(post_batch(hand, token), 401, "unauthorized")


def test_a_token_that_was_given_wider_scopes_by_its_holder(hand: Hand):
    head, _, signature = hand.token().split(".")
    claims = parts(hand.token())[1] | {"scope": "exchange reconcile"}
    refused(post_batch(hand, f"{head}.{b64url_encode(ijson.dumps(claims))}.{signature}"), 401, "unauthorized")


def test_a_token_for_exchange_at_what_needs_one_for_reconciling(hand: Hand):
    answer = hand.served.http.get(
        f"/v1/links/{XICHENG_NODE}/sent", params={"after": 0}, headers={"authorization": f"Bearer {hand.token()}"}
    )
    refused(answer, 401, "unauthorized")


def test_a_token_of_a_partner_that_has_been_suspended_since(hand: Hand):
    token = hand.token()
    set_status(hand, PartnerStatus.SUSPENDED)
    try:
        refused(post_batch(hand, token), 403, "not-your-link")
    finally:
        set_status(hand, PartnerStatus.ACTIVE)


def test_a_token_in_the_address_in_the_body_or_in_a_cookie(hand: Hand):
    token, url = hand.token(), f"/v1/links/{XICHENG_NODE}"
    refused(hand.served.http.get(url, params={"access_token": token}), 401, "unauthorized")
    refused(hand.served.http.get(url, headers={"cookie": f"access_token={token}; token={token}"}), 401, "unauthorized")
    refused(hand.served.http.post("/v1/agreements", data={"access_token": token}), 401, "unauthorized")


def test_a_token_under_another_scheme(hand: Hand):
    token = hand.token()
    for value in (
        f"Basic {b64encode(token.encode()).decode()}",
        f"DPoP {token}",
        f"Bearer{token}",
        token,
        f"Bearer {token} {token}",
    ):
        answer = hand.served.http.get(f"/v1/links/{XICHENG_NODE}", headers={"authorization": value})
        refused(answer, 401, "unauthorized")


def test_two_credentials_in_one_request(hand: Hand):
    """The first counts and no other: a proxy and the node must not see two callers."""
    headers = [("authorization", "Bearer nonsense"), ("authorization", f"Bearer {hand.token()}")]
    refused(hand.served.http.get(f"/v1/links/{XICHENG_NODE}", headers=headers), 401, "unauthorized")


def test_a_partners_token_at_what_only_the_countys_own_may_do(hand: Hand):
    answer = hand.served.http.get("/api/v1/exchanges", headers={"authorization": f"Bearer {hand.token()}"})
    refused(answer, 401, "unauthorized")


def test_a_clerks_key_at_what_only_partners_may_do(hand: Hand):
    refused(post_batch(hand, hand.served.key("clerk", "420106")), 401, "unauthorized")


def test_another_links_heads(hand: Hand):
    headers = {"authorization": f"Bearer {hand.token()}"}
    for node in ("victim.example", WUCHANG_NODE):
        refused(hand.served.http.get(f"/v1/links/{node}", headers=headers), 403, "not-your-link")
