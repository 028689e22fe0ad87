import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from adapters.keys import jose
from adapters.keys.errors import BadSignature, MalformedJws, UnknownKey, UnusableKey, WrongType
from exchange.wire.ijson import b64url_decode, b64url_encode
from tests.keys.forge import KEY, OTHER, PEM, TYP, a_pem, only, oracle

FIND = only(KEY.public)
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF  # the prime of P-256


@given(payload=st.binary(max_size=2000), typ=st.sampled_from(["mx-batch+jws", "mx-receipt+jws", "at+jwt"]))
def test_what_is_signed_here_is_verified_here_and_by_joserfc(payload, typ):
    signed = jose.sign(payload, typ=typ, key=KEY)

    assert jose.verify(signed, typ=typ, find_key=FIND) == jose.Verified(payload=payload, kid=KEY.kid)
    theirs = joserfc_jws.deserialize_compact(signed, oracle(PEM), algorithms=["ES256"])
    assert (theirs.payload, theirs.headers()) == (payload, {"alg": "ES256", "kid": KEY.kid, "typ": typ})


@given(payload=st.binary(max_size=2000))
def test_what_joserfc_signs_is_verified_here(payload):
    header = {"typ": TYP, "kid": oracle(PEM).thumbprint(), "alg": "ES256"}
    signed = joserfc_jws.serialize_compact(header, payload, oracle(PEM), algorithms=["ES256"])

    assert jose.verify(signed, typ=TYP, find_key=FIND) == jose.Verified(payload=payload, kid=KEY.kid)


@given(at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_no_changed_byte_of_payload_or_signature_passes(at, flip):
    head, payload, signature = jose.sign(b'{"sequence":1}', typ=TYP, key=KEY).split(".")
    body, seal = bytearray(b64url_decode(payload)), bytearray(b64url_decode(signature))
    where = at % (len(body) + len(seal))
    if where < len(body):
        body[where] ^= flip
    else:
        seal[where - len(body)] ^= flip

    with pytest.raises(BadSignature):
        jose.verify(f"{head}.{b64url_encode(bytes(body))}.{b64url_encode(bytes(seal))}", typ=TYP, find_key=FIND)


@given(text=st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_=.-]{0,80}", fullmatch=True))
def test_any_other_text_is_malformed_and_nothing_worse(text):
    with pytest.raises(MalformedJws):
        jose.verify(text, typ=TYP, find_key=FIND)


@pytest.mark.parametrize("text", ["", "..", "a.b", "a.b.c.d", "握.手.手", "\ud800.a.a"])
def test_three_parts_of_ascii_make_a_jws(text):
    with pytest.raises(MalformedJws):
        jose.read_unverified(text)


def test_a_jws_has_at_most_one_mebibyte():
    signed = jose.sign(b"x" * (jose.MAX_JWS * 3 // 4), typ=TYP, key=KEY)

    with pytest.raises(MalformedJws):
        jose.verify(signed, typ=TYP, find_key=FIND)


def test_the_type_is_judged_before_a_key_is_looked_for():
    def looked(kid):
        raise AssertionError("an unknown kid may cost a call to the partner")

    with pytest.raises(WrongType) as refusal:
        jose.verify(jose.sign(b"{}", typ="mx-receipt+jws", key=KEY), typ=TYP, find_key=looked)
    assert refusal.value.expected == TYP


def test_an_unknown_key_is_named():
    with pytest.raises(UnknownKey) as refusal:
        jose.verify(jose.sign(b"{}", typ=TYP, key=OTHER), typ=TYP, find_key=FIND)
    assert refusal.value.kid == OTHER.kid


def test_a_key_found_under_another_kid_is_not_used():
    with pytest.raises(UnknownKey):
        jose.verify(jose.sign(b"{}", typ=TYP, key=OTHER), typ=TYP, find_key=lambda _: KEY.public)


def test_the_header_can_be_read_before_anything_is_proven():
    signed = jose.sign(b"{}", typ=TYP, key=OTHER)

    assert jose.read_header(signed) == jose.Header(kid=OTHER.kid, typ=TYP)
    assert jose.read_unverified(signed).payload == b"{}"


def test_the_kid_is_the_thumbprint_that_joserfc_computes():
    assert jose.thumbprint(KEY.public.jwk) == KEY.kid == KEY.public.kid == oracle(PEM).thumbprint()


def test_the_same_key_is_the_same_value_and_constructed_once():
    again = jose.PublicKey.from_jwk(KEY.public.jwk)

    assert again == KEY.public
    assert again._key is KEY.public._key


def test_public_members_beside_the_point_are_ignored_and_not_kept():
    jwk = {**KEY.public.jwk, "kid": KEY.kid, "use": "sig", "alg": "ES256", "key_ops": ["verify"]}

    assert jose.PublicKey.from_jwk(jwk) == KEY.public


def changed(**members):
    return {**KEY.public.jwk, **members}


def number(value):
    return b64url_encode(value.to_bytes(32, "big"))


X = KEY.public.x
LAST = X[-1]
STRAY = X[:-1] + chr(ord(LAST) + 1)  # the last character of 32 bytes carries two bits that must be 0


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param({}, id="empty"),
        pytest.param(changed(kty="RSA"), id="RSA"),
        pytest.param(changed(kty="oct", k="c2VjcmV0"), id="symmetric"),
        pytest.param(changed(crv="P-384"), id="curve name"),
        pytest.param(changed(crv="secp256k1"), id="another curve of 256 bits"),
        pytest.param(ECKey.generate_key("P-384").as_dict(private=False), id="P-384 key"),
        pytest.param(changed(y=KEY.public.x), id="not on the curve"),
        pytest.param(changed(x=number(0), y=number(0)), id="origin"),
        pytest.param(changed(x=number(P + 1)), id="coordinate above the prime"),
        pytest.param(changed(x=X + "="), id="padding"),
        pytest.param(changed(x=STRAY), id="stray trailing bits"),
        pytest.param(changed(x=b64url_encode(b"\0" + b64url_decode(X))), id="33 bytes"),
        pytest.param(changed(x=b64url_encode(b64url_decode(X)[1:])), id="31 bytes"),
        pytest.param(changed(x=12), id="number"),
        pytest.param(changed(x=None), id="null"),
        pytest.param(changed(d=KEY.public.x), id="private part"),
        pytest.param(changed(kid=OTHER.kid), id="kid of another key"),
    ],
)
def test_only_a_canonical_public_p256_key_is_taken(jwk):
    with pytest.raises(UnusableKey):
        jose.PublicKey.from_jwk(jwk)


def rsa_pem():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(a_pem(ec.SECP384R1()), id="P-384"),
        pytest.param(a_pem(ec.SECP256K1()), id="secp256k1"),
        pytest.param(rsa_pem(), id="RSA"),
        pytest.param(b"no key", id="text"),
        pytest.param(b"", id="empty"),
    ],
)
def test_only_a_p256_private_key_signs(pem):
    with pytest.raises(UnusableKey):
        jose.PrivateKey.from_pem(pem)


def test_a_private_key_never_shows_its_secret():
    secret = str(oracle(PEM).as_dict(private=True)["d"])

    assert secret not in repr(KEY)
    assert repr(KEY) == f"PrivateKey(public={KEY.public!r})"
