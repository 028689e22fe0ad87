"""An independent judge: whatever is taken here, joserfc takes under strict settings, for the same bytes and the same key.

The other way round it does not hold, and need not: the contract is narrower than the RFCs.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.errors import JoseError
from joserfc.registry import HeaderParameter

from adapters.keys import jose
from exchange.errors import NotAuthentic
from exchange.wire.ijson import b64url_decode, b64url_encode
from tests.keys.forge import KEY, ORDER, OTHER_PEM, PEM, TYP, forged, honest, only, oracle

# ES256, and of header members none but these three; each of them has to be there.
STRICT = joserfc_jws.JWSRegistry(
    header_registry={
        "kid": HeaderParameter("the key", "str", required=True),
        "typ": HeaderParameter("the use", "str", required=True),
    },
    algorithms=["ES256"],
    strict_check_header=True,
)


def taken(text: str) -> bytes | None:
    try:
        return jose.verify(text, typ=TYP, find_key=only(KEY.public)).payload
    except NotAuthentic:
        return None


def judged(text: str) -> bytes | None:
    try:
        read = joserfc_jws.deserialize_compact(text, oracle(PEM), registry=STRICT)
    except (JoseError, ValueError, TypeError):  # it stumbles over a crit that is no list
        return None
    fits = read.headers().get("kid") == KEY.kid and read.headers().get("typ") == TYP
    return read.payload if fits and set(read.headers()) == {"alg", "kid", "typ"} else None


VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.text(max_size=8)
    | st.sampled_from(["ES256", "none", "HS256", TYP, KEY.kid])
)
NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "cty", "x"])
HEADERS = st.dictionaries(NAMES, VALUES, max_size=2).map(lambda changes: {**honest(), **changes})


@given(header=HEADERS, payload=st.binary(max_size=50), pem=st.sampled_from([PEM, PEM, OTHER_PEM]))
def test_no_header_is_taken_that_the_judge_refuses(header: dict[str, object], payload: bytes, pem: bytes):
    text = forged(header, payload, pem=pem)
    assert taken(text) in (None, judged(text))


@given(
    payload=st.binary(max_size=50),
    part=st.integers(0, 2),
    at=st.integers(0, 400),
    new=st.sampled_from([*"AQZaz09-_=+/. \n", ""]),
)
def test_no_changed_letter_is_taken_that_the_judge_refuses(payload: bytes, part: int, at: int, new: str):
    parts = jose.sign(payload, typ=TYP, key=KEY).split(".")
    where = at % (len(parts[part]) + 1)
    parts[part] = parts[part][:where] + new + parts[part][where + 1 :]
    text = ".".join(parts)
    assert taken(text) in (None, judged(text))


@given(payload=st.binary(max_size=50))
def test_both_agree_on_the_twin_of_a_signature(payload: bytes):
    head, body, signature = jose.sign(payload, typ=TYP, key=KEY).split(".")
    raw = b64url_decode(signature)
    twin = f"{head}.{body}.{b64url_encode(raw[:32] + (ORDER - int.from_bytes(raw[32:], 'big')).to_bytes(32, 'big'))}"
    assert taken(twin) == judged(twin) == payload


@given(payload=st.binary(max_size=50))
def test_what_is_signed_here_the_strict_judge_takes(payload: bytes):
    text = jose.sign(payload, typ=TYP, key=KEY)
    assert taken(text) == judged(text) == payload


@pytest.mark.parametrize("header", [honest(), honest(typ="JWT"), honest(kid="x"), honest(crit=["x"], x=1), honest(b64=False)])
def test_the_judge_is_one_that_refuses(header: dict[str, object]):
    assert (judged(forged(header, b"x")) is not None) == (header == honest())
