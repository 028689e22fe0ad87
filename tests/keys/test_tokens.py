from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jose import jwt as python_jose_jwt
from joserfc import jwt as joserfc_jwt

from adapters.keys import tokens
from adapters.keys.errors import BadSignature, TokenExpired, UnknownKey, WrongClaims, WrongType
from adapters.keys.tokens import Access, access_token, check_access_token, check_client_assertion, client_assertion
from exchange.errors import NotAuthentic
from exchange.wire import ijson
from tests.keys.forge import KEY, NOW, OTHER, OTHER_PEM, PEM, forged, only, oracle

WUHAN, BEIJING = "wuchang.wuhan.example", "xicheng.beijing.example"
ISSUED = int(NOW.timestamp())
REGISTERED = {(WUHAN, KEY.kid): KEY.public, (BEIJING, OTHER.kid): OTHER.public}


class Missing:
    """Marks a claim that is left out; its name in a test's id is the same in every process."""

    def __repr__(self):
        return "missing"


MISSING = Missing()


def assertion_claims(**changes):
    claims = {"iss": WUHAN, "sub": WUHAN, "aud": BEIJING, "iat": ISSUED, "exp": ISSUED + 120, "jti": "j-1"} | changes
    return {name: value for name, value in claims.items() if value is not MISSING}


def access_claims(**changes):
    claims: dict[str, object] = {"iss": BEIJING, "sub": WUHAN, "client_id": WUHAN, "aud": BEIJING, "scope": "exchange"}
    claims |= {"iat": ISSUED, "exp": ISSUED + 600, "jti": "j-1"} | changes
    return {name: value for name, value in claims.items() if value is not MISSING}


def assertion(claims, *, pem=None, typ=tokens.ASSERTION_TYPE):
    payload = claims if isinstance(claims, bytes) else ijson.dumps(claims)
    return forged({"alg": "ES256", "kid": KEY.kid, "typ": typ}, payload, pem=pem)


def access(claims):
    payload = claims if isinstance(claims, bytes) else ijson.dumps(claims)
    return forged({"alg": "ES256", "kid": KEY.kid, "typ": tokens.ACCESS_TYPE}, payload)


def checked_assertion(jws, *, audience=BEIJING, now=NOW):
    return check_client_assertion(jws, audience=audience, find_key=lambda *key: REGISTERED.get(key), now=now)


def checked_access(jws, *, node=BEIJING, now=NOW):
    return check_access_token(jws, node=node, find_key=only(KEY.public), now=now)


def both(claim, value):
    """The same wrong claim in both kinds of token, each with its check."""
    return [
        (checked_assertion, assertion(assertion_claims(**{claim: value}))),
        (checked_access, access(access_claims(**{claim: value}))),
    ]


def test_an_assertion_made_here_proves_its_node():
    got = checked_assertion(client_assertion(WUHAN, BEIJING, NOW, KEY))

    expires = datetime.fromtimestamp(ISSUED, UTC) + timedelta(minutes=2)
    assert got == tokens.Assertion(issuer=WUHAN, jti=got.jti, expires=expires, forget_after=expires + timedelta(minutes=1))


def test_every_assertion_has_an_id_of_its_own():
    made = {checked_assertion(client_assertion(WUHAN, BEIJING, NOW, KEY)).jti for _ in range(20)}

    assert len(made) == 20


def test_an_access_token_made_here_says_who_may_do_what_until_when():
    token, expires = access_token(BEIJING, WUHAN, ["reconcile", "exchange"], NOW, KEY)

    assert expires == datetime.fromtimestamp(ISSUED, UTC) + timedelta(minutes=10)
    assert checked_access(token) == Access(client=WUHAN, scopes=frozenset({"exchange", "reconcile"}), expires=expires)


def test_joserfc_reads_both_tokens():
    access_claims_read = joserfc_jwt.decode(access_token(BEIJING, WUHAN, ["check"], NOW, KEY)[0], oracle(PEM), ["ES256"])
    assertion_read = joserfc_jwt.decode(client_assertion(WUHAN, BEIJING, NOW, KEY), oracle(PEM), ["ES256"])

    assert access_claims_read.claims == access_claims(scope="check", jti=access_claims_read.claims["jti"])
    assert assertion_read.claims == assertion_claims(jti=assertion_read.claims["jti"])
    assert assertion_read.header == {"alg": "ES256", "kid": KEY.kid, "typ": "client-authentication+jwt"}


def test_tokens_that_joserfc_makes_are_taken():
    header = {"alg": "ES256", "kid": KEY.kid}
    proof = joserfc_jwt.encode(header | {"typ": tokens.ASSERTION_TYPE}, assertion_claims(), oracle(PEM), ["ES256"])
    token = joserfc_jwt.encode(header | {"typ": tokens.ACCESS_TYPE}, access_claims(), oracle(PEM), ["ES256"])

    assert checked_assertion(proof).issuer == WUHAN
    assert checked_access(token).client == WUHAN


def test_one_kind_of_token_never_passes_for_the_other():
    with pytest.raises(WrongType):
        checked_access(client_assertion(BEIJING, BEIJING, NOW, KEY))
    with pytest.raises(WrongType):
        checked_assertion(access_token(WUHAN, WUHAN, ["exchange"], NOW, KEY)[0], audience=WUHAN)


def test_a_node_cannot_speak_for_another():
    with pytest.raises(UnknownKey):
        checked_assertion(client_assertion(BEIJING, BEIJING, NOW, KEY))
    with pytest.raises(BadSignature):
        checked_assertion(assertion(assertion_claims(), pem=OTHER_PEM))


def test_python_jose_alone_takes_a_token_without_audience():
    token = assertion(assertion_claims(aud=MISSING, exp=ISSUED + 10**9))

    assert "aud" not in python_jose_jwt.decode(token, KEY.public.jwk, algorithms=["ES256"], audience=BEIJING)
    with pytest.raises(WrongClaims):
        checked_assertion(token)


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp", "jti"])
@pytest.mark.parametrize("value", [MISSING, None, True, [], {}, [BEIJING], ""], ids=str)
def test_each_claim_is_there_in_its_type(claim, value):
    for check, jws in both(claim, value):
        with pytest.raises(WrongClaims) as refusal:
            check(jws)
        assert refusal.value.claim == claim


@pytest.mark.parametrize("claim", ["client_id", "scope"])
@pytest.mark.parametrize("value", [MISSING, None, 1, ["exchange"], ""], ids=str)
def test_an_access_token_names_client_and_scopes(claim, value):
    with pytest.raises(WrongClaims) as refusal:
        checked_access(access(access_claims(**{claim: value})))
    assert refusal.value.claim == claim


@pytest.mark.parametrize("claim", ["sub", "aud"])
@pytest.mark.parametrize("value", [BEIJING.upper(), BEIJING + ".", "x", WUHAN + " ", f"https://{BEIJING}"])
def test_names_are_compared_exactly(claim, value):
    with pytest.raises(WrongClaims) as refusal:
        checked_assertion(assertion(assertion_claims(**{claim: value})))
    assert refusal.value.claim == claim


def test_an_access_token_is_for_its_issuer_and_its_client():
    for changes in ({"iss": WUHAN}, {"aud": WUHAN}, {"client_id": BEIJING}):
        with pytest.raises(WrongClaims):
            checked_access(access(access_claims(**changes)))


@pytest.mark.parametrize("value", [-1, 10**400, 253402300800, "1795336200", "NaN"])
@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
def test_a_time_is_a_number_of_seconds(claim, value):
    for check, jws in both(claim, value):
        with pytest.raises(WrongClaims):
            check(jws)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"])
def test_a_time_is_finite(number):
    for check, make, claims in (
        (checked_assertion, assertion, assertion_claims()),
        (checked_access, access, access_claims()),
    ):
        with pytest.raises(WrongClaims):
            check(make(ijson.dumps(claims | {"exp": 0}).replace(b'"exp":0', b'"exp":' + number)))


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b'"x"', b"\xff", b'{"iss":"a","iss":"a"}', b'{"a":"\\u0000"}'])
def test_claims_are_one_i_json_object(payload):
    for check, make in ((checked_assertion, assertion), (checked_access, access)):
        with pytest.raises(WrongClaims):
            check(make(payload))


def test_a_claim_named_twice_is_refused_although_both_say_the_same():
    once = ijson.dumps(assertion_claims())

    with pytest.raises(WrongClaims):
        checked_assertion(assertion(once.replace(b'"aud"', f'"aud":"{BEIJING}","aud"'.encode())))


@given(late=st.integers(-400, 400))
def test_an_assertion_holds_from_a_minute_before_to_a_minute_after_its_time(late):
    jws = client_assertion(WUHAN, BEIJING, NOW, KEY)

    def look():
        return checked_assertion(jws, now=NOW + timedelta(seconds=late)).issuer

    if -60 <= late < 180:
        assert look() == WUHAN
    else:
        with pytest.raises(TokenExpired):
            look()


@pytest.mark.parametrize(("late", "holds"), [(-61, False), (-60, True), (0, True), (659, True), (660, False)])
def test_an_access_token_holds_ten_minutes_and_the_leeway(late, holds):
    token, _ = access_token(BEIJING, WUHAN, ["exchange"], NOW, KEY)
    now = NOW + timedelta(seconds=late)

    if holds:
        assert checked_access(token, now=now).client == WUHAN
    else:
        with pytest.raises(TokenExpired):
            checked_access(token, now=now)


@pytest.mark.parametrize(
    ("check", "make", "claims", "limit"),
    [
        (checked_assertion, assertion, assertion_claims, 300),
        (checked_access, access, access_claims, 600),
    ],
    ids=["assertion", "access"],
)
def test_a_lifetime_is_positive_and_bounded(check, make, claims, limit):
    assert check(make(claims(exp=ISSUED + limit)))
    for wrong in (ISSUED + limit + 1, ISSUED, ISSUED - 1):
        with pytest.raises(WrongClaims):
            check(make(claims(exp=wrong)))


def test_a_token_that_begins_later_is_not_valid_yet():
    assert checked_assertion(assertion(assertion_claims(nbf=ISSUED + 60)))
    with pytest.raises(TokenExpired):
        checked_assertion(assertion(assertion_claims(nbf=ISSUED + 61)))


def test_fractions_of_a_second_are_taken():
    got = checked_assertion(assertion(assertion_claims(iat=ISSUED + 0.25, exp=ISSUED + 100.5)))

    assert got.expires == datetime.fromtimestamp(ISSUED + 100.5, UTC)


def test_claims_that_nobody_asked_for_are_ignored():
    assert checked_access(access(access_claims(auth_time=1, act={"sub": "x"}))).client == WUHAN


ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)


@given(odd=st.dictionaries(st.sampled_from(["iss", "sub", "aud", "iat", "exp"]), ODD, min_size=1))
def test_odd_claims_get_a_refusal_and_nothing_worse(odd):
    for check, jws in (
        (checked_assertion, assertion(assertion_claims() | odd)),
        (checked_access, access(access_claims() | odd)),
    ):
        with pytest.raises(NotAuthentic):
            check(jws)
