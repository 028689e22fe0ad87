"""The two tokens of OAuth 2.0 between nodes: the client assertion (RFC 7523) and the access token (RFC 9068)."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.keys.errors import TokenExpired, WrongClaims
from adapters.keys.jose import PublicKey, Signer, read_unverified, sign, verify
from exchange.wire import ijson

ASSERTION_TYPE = "client-authentication+jwt"
ACCESS_TYPE = "at+jwt"
# What a token lets its holder do: deliver and agree, compare, or check certificates.
EXCHANGE = "exchange"
RECONCILE = "reconcile"
CHECK = "check"
SCOPES = frozenset({EXCHANGE, RECONCILE, CHECK})
LEEWAY = timedelta(seconds=60)
ASSERTION_LIMIT = timedelta(minutes=5)
ASSERTION_LIFETIME = timedelta(minutes=2)
"""Shorter than the limit: a call follows at once, and the receiver remembers each jti that long."""
ACCESS_LIFETIME = timedelta(minutes=10)
_LATEST = 253402300799  # 9999-12-31T23:59:59Z, the last second that a datetime can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A caller that proved its node name; who takes it keeps (issuer, jti) until `forget_after` and takes it once."""

    issuer: str
    jti: str
    expires: datetime
    forget_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What an access token says; the partner's standing is looked up at every request all the same."""

    client: str
    scopes: frozenset[str]
    expires: datetime


def client_assertion(node: str, audience: str, now: datetime, key: Signer) -> str:
    """Prove to the node `audience` that the caller is `node`: a JWT for its token endpoint, good once in 2 minutes."""
    issued = int(now.timestamp())
    claims = _claims(node, node, audience, issued, ASSERTION_LIFETIME)
    return sign(ijson.dumps(claims), typ=ASSERTION_TYPE, key=key)


def check_client_assertion(
    jws: str, *, audience: str, find_key: Callable[[str, str], PublicKey | None], now: datetime
) -> Assertion:
    """Check an assertion made for `audience`; `find_key(issuer, kid)` gives a key that this node trusts for it now.

    Refusals, all NotAuthentic: those of `jose.verify`, WrongClaims, TokenExpired. Whether the jti was seen before is
    for the caller to ask.
    """
    unverified = read_unverified(jws)
    claims = _read(unverified.payload)
    issuer = _text(claims, "iss")  # only claimed, until the key that is registered for it has proven it
    unverified.verify(typ=ASSERTION_TYPE, find_key=lambda kid: find_key(issuer, kid))
    expires = _check_times(claims, ASSERTION_LIMIT, now)
    _same(claims, "aud", audience)
    _same(claims, "sub", issuer)
    return Assertion(issuer=issuer, jti=_text(claims, "jti"), expires=expires, forget_after=expires + LEEWAY)


def access_token(issuer_node: str, client: str, scopes: Iterable[str], now: datetime, key: Signer) -> tuple[str, datetime]:
    """An access token of this node for a partner, with at least one scope, and the moment at which it expires.

    That is 10 minutes on, in whole seconds.
    """
    issued = int(now.timestamp())
    claims = _claims(issuer_node, client, issuer_node, issued, ACCESS_LIFETIME)
    claims |= {"client_id": client, "scope": " ".join(sorted(scopes))}
    return sign(ijson.dumps(claims), typ=ACCESS_TYPE, key=key), _moment(claims["exp"])


def check_access_token(token: str, *, node: str, find_key: Callable[[str], PublicKey | None], now: datetime) -> Access:
    """Check a token that `node` issued for itself; `find_key(kid)` gives its own signing keys that are trusted now.

    Refusals, all NotAuthentic: those of `jose.verify`, WrongClaims, TokenExpired.
    """
    claims = _read(verify(token, typ=ACCESS_TYPE, find_key=find_key).payload)
    expires = _check_times(claims, ACCESS_LIFETIME, now)
    _same(claims, "iss", node)
    _same(claims, "aud", node)
    client = _text(claims, "sub")
    _same(claims, "client_id", client)
    _text(claims, "jti")
    return Access(client=client, scopes=frozenset(_text(claims, "scope").split()), expires=expires)


def _claims(issuer: str, subject: str, audience: str, issued: int, lifetime: timedelta) -> dict[str, Any]:
    return {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "jti": str(uuid.uuid4()),
    }


def _read(payload: bytes) -> dict[str, Any]:
    try:
        claims = ijson.loads(payload)
    except ijson.NotIJSON as exc:
        raise WrongClaims("*") from exc
    if not isinstance(claims, dict):
        raise WrongClaims("*")
    return claims


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 255:
        raise WrongClaims(name)
    return value


def _same(claims: dict[str, Any], name: str, expected: str) -> None:
    # A list is refused even when it holds the one right name: other implementations read lists as "any of".
    if _text(claims, name) != expected:
        raise WrongClaims(name)


def _time(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    # RFC 7519 allows fractions. bool is an int to Python, and 1e999 is infinite: neither is a time.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise WrongClaims(name)
    return value


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _check_times(claims: dict[str, Any], limit: timedelta, now: datetime) -> datetime:
    """The expiry; WrongClaims for times that make no sense together, TokenExpired outside them (60 s leeway)."""
    issued, expires = _time(claims, "iat"), _time(claims, "exp")
    if not 0 < expires - issued <= limit.total_seconds():
        raise WrongClaims("exp")
    begins = max(issued, _time(claims, "nbf")) if "nbf" in claims else issued
    clock, leeway = now.timestamp(), LEEWAY.total_seconds()
    if clock >= expires + leeway or begins > clock + leeway:
        raise TokenExpired
    return _moment(expires)
