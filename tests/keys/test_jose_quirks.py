"""What python-jose alone takes and this node refuses: each quirk is shown first, so that the rule has its reason."""

import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from jose import jws as python_jose

from adapters.keys import jose
from adapters.keys.errors import BadSignature, ForbiddenHeader, MalformedJws, UnknownKey, WrongType
from exchange.wire.ijson import b64url_decode, b64url_encode
from tests.keys.forge import (
    KEY,
    ORDER,
    OTHER,
    PEM,
    TYP,
    a_pem,
    forged,
    honest,
    only,
    public_bytes,
)

FIND = only(KEY.public)
PUBLIC_PEM = public_bytes(PEM, Encoding.PEM)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def taken_by_python_jose(jws, key=PUBLIC_PEM, algorithms=("ES256",)):
    return python_jose.verify(jws, key.decode() if key is PUBLIC_PEM else key, algorithms)


def refused(jws, why):
    with pytest.raises(why):
        jose.verify(jws, typ=TYP, find_key=FIND)


@given(secret=st.sampled_from([public_bytes(PEM, Encoding.DER), b"shared"]), payload=st.binary(max_size=100))
def test_a_public_key_is_no_hmac_secret_and_the_header_does_not_choose_the_algorithm(secret, payload):
    head = json.dumps(honest(alg="HS256")).encode()
    signed = f"{b64url_encode(head)}.{b64url_encode(payload)}"
    jws = f"{signed}.{b64url_encode(hmac.digest(secret, signed.encode(), 'sha256'))}"

    assert taken_by_python_jose(jws, secret, None) == payload
    refused(jws, ForbiddenHeader)


@given(alg=st.sampled_from(["none", "None", "NONE", "HS256", "HS512", "RS256", "PS256", "ES384", "ES512", "EdDSA", "es256"]))
def test_every_algorithm_but_es256_is_refused(alg):
    refused(forged(honest(alg=alg)), ForbiddenHeader)


@pytest.mark.parametrize("alg", [None, 256, True, ["ES256"], {"ES256": 1}, ""])
def test_the_algorithm_is_a_string(alg):
    refused(forged(honest(alg=alg)), ForbiddenHeader)


def test_an_unsigned_token_is_refused():
    jws = forged(honest(alg="none"))

    refused(jws[: jws.rindex(".") + 1], ForbiddenHeader)


@given(name=st.text(min_size=1, max_size=8).filter(lambda name: name.isascii() and name.isalnum()))
def test_an_unknown_critical_extension_is_refused(name):
    jws = forged(honest(crit=[name], **{f"x-{name}": 1}))

    assert taken_by_python_jose(jws) == b"{}"
    refused(jws, ForbiddenHeader)


def test_an_unencoded_payload_is_refused():
    jws = forged(honest(b64=False, crit=["b64"]))

    assert taken_by_python_jose(jws) == b"{}"
    refused(jws, ForbiddenHeader)


@pytest.mark.parametrize(
    "more",
    [
        {"jku": "https://attacker.example/jwks.json"},
        {"x5u": "https://attacker.example/cert.pem"},
        {"jwk": OTHER.public.jwk},
        {"x5c": ["MIIB"]},
        {"x5t": "abc"},
        {"x5t#S256": "abc"},
        {"zip": "DEF"},
        {"crit": []},
        {"b64": True},
        {"cty": "JWT"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_header_brings_no_key_and_no_processing_of_its_own(more):
    jws = forged(honest(**more))

    assert taken_by_python_jose(jws) == b"{}"
    refused(jws, ForbiddenHeader)


@given(name=st.text(max_size=12).filter(lambda name: name not in honest() and "\0" not in name), value=st.integers(0, 9))
def test_any_further_header_member_is_refused(name, value):
    refused(forged(honest(**{name: value})), ForbiddenHeader)


@pytest.mark.parametrize("missing", ["alg", "kid", "typ"])
def test_every_header_member_is_required(missing):
    refused(forged({name: value for name, value in honest().items() if name != missing}), ForbiddenHeader)


@given(kid=st.text(max_size=60) | st.none() | st.integers() | st.just(KEY.kid + "\n") | st.just("../" + KEY.kid[3:]))
def test_a_kid_is_a_thumbprint_of_a_known_key(kid):
    jws = forged(honest(kid=kid))

    assert taken_by_python_jose(jws) == b"{}"
    refused(jws, (ForbiddenHeader, UnknownKey, MalformedJws))


def test_a_kid_that_names_another_key_than_signed_is_refused():
    jws = forged(honest(kid=OTHER.kid))

    assert taken_by_python_jose(jws) == b"{}"
    with pytest.raises(BadSignature):
        jose.verify(jws, typ=TYP, find_key=only(OTHER.public))


@given(typ=st.sampled_from([TYP.upper(), f"application/{TYP}", f"{TYP} ", "JWT", "jwt", "", "mx-receipt+jws", f"{TYP}\n"]))
def test_the_type_is_compared_exactly(typ):
    jws = forged(honest(typ=typ))

    assert taken_by_python_jose(jws) == b"{}"
    refused(jws, WrongType)


@pytest.mark.parametrize("typ", [None, 1, [TYP]])
def test_the_type_is_a_string(typ):
    refused(forged(honest(typ=typ)), ForbiddenHeader)


@pytest.mark.parametrize("name", ["alg", "kid", "typ"])
def test_a_header_that_names_a_member_twice_is_refused(name):
    once = json.dumps(honest())
    twice = f'{{"{name}": "none", {once[1:]}'.encode()

    jws = forged(twice)

    assert taken_by_python_jose(jws) == b"{}"
    refused(jws, MalformedJws)


@pytest.mark.parametrize(
    "header",
    [b"[]", b'"ES256"', b"", b"{", b"NaN", b'{"alg":NaN}', b"\xef\xbb\xbf{}", b"\xff", b'{"alg":"\\ud800"}', b"[" * 400],
)
def test_a_header_is_one_i_json_object(header):
    refused(forged(header), MalformedJws)


def test_a_header_is_short():
    refused(forged(honest(typ="x" * 1000)), MalformedJws)


def test_a_p384_key_makes_no_es256_signature():
    pem = a_pem(ec.SECP384R1())
    jws = forged(honest(), pem=pem)

    assert taken_by_python_jose(jws, public_bytes(pem, Encoding.PEM).decode()) == b"{}"
    refused(jws, BadSignature)


@given(payload=st.binary(max_size=100))
def test_both_twins_of_a_signature_hold_for_the_same_payload(payload):
    head, body, signature = jose.sign(payload, typ=TYP, key=KEY).split(".")
    raw = b64url_decode(signature)
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")

    verified = jose.verify(f"{head}.{body}.{b64url_encode(twin)}", typ=TYP, find_key=FIND)

    assert verified == jose.Verified(payload=payload, kid=KEY.kid)


@pytest.mark.parametrize("raw", [b"", b"\0" * 64, b"\xff" * 64, ORDER.to_bytes(32, "big") * 2, b"\0" * 63, b"\0" * 65])
def test_a_signature_of_impossible_numbers_or_length_is_refused(raw):
    head, body, _ = jose.sign(b"{}", typ=TYP, key=KEY).split(".")

    refused(f"{head}.{body}.{b64url_encode(raw)}", BadSignature)


@given(part=st.sampled_from([0, 1, 2]), payload=st.binary(min_size=1, max_size=50), stray=st.integers(1, 15))
def test_altered_trailing_bits_are_refused(part, payload, stray):
    parts = jose.sign(payload, typ=TYP, key=KEY).split(".")
    free = {0: 0, 2: 15, 3: 3}[len(parts[part]) % 4]  # bits of the last character that carry nothing
    last = ALPHABET.index(parts[part][-1])
    altered = last ^ (stray & free)
    if altered == last:
        return
    parts[part] = parts[part][:-1] + ALPHABET[altered]

    if part == 2:
        assert taken_by_python_jose(".".join(parts)) == payload
    refused(".".join(parts), MalformedJws)


@given(part=st.sampled_from([0, 1, 2]), more=st.sampled_from(["=", "==", "===", "====", "\n", " ", "+", "/", "."]))
def test_padding_and_foreign_characters_are_refused(part, more):
    parts = jose.sign(b"{}", typ=TYP, key=KEY).split(".")
    parts[part] += more

    refused(".".join(parts), MalformedJws)


def test_python_jose_takes_padding():
    assert taken_by_python_jose(jose.sign(b"{}", typ=TYP, key=KEY) + "==") == b"{}"
