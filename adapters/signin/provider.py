"""A provider of OpenID Connect: how it is set, what it publishes of itself, and the calls to it.

It is called as partners are: within so many seconds, without redirects, and where `adapters.calling.reach` lets calls lead.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from adapters.partner_calls import call
from exchange.errors import PartnerTrouble
from exchange.signin.account import AccountRole
from exchange.signin.refusals import ProviderAway, SignInFailed
from exchange.wire.node import is_loopback

_DOCUMENT = "/.well-known/openid-configuration"
_SECONDS = 10.0
_MOST = 256 * 1024
# How long its document and its keys are taken for what they are; keys are asked for again, soon, when one is not known.
_KEPT = 3600.0
_KEYS_AGAIN = 60.0
_SMALLEST_RSA = 2048
SigningKey: TypeAlias = RSAKey | ECKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What an operator sets: who it is, who this node is there, and by which claims it says what somebody may do here.

    A claim within another one is named with a dot, as ``realm_access.roles``. `roles` says what the values of the claim mean.
    """

    issuer: str
    client_id: str
    client_secret: str | None
    role_claim: str
    jurisdiction_claim: str
    roles: Mapping[str, AccountRole]

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Provider({self.issuer!r})"


class Document(msgspec.Struct, frozen=True):
    """What is used of a provider's document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class ProviderCalls:
    """The calls to one provider; ProviderAway if it does not answer as one."""

    def __init__(self, provider: Provider, client: httpx.Client) -> None:
        self._provider, self._client = provider, client
        self._lock = Lock()
        self._document: tuple[float, Document] | None = None
        self._keys: tuple[float, list[SigningKey]] | None = None

    def document(self) -> Document:
        """What it publishes of itself."""
        with self._lock:
            held, now = self._document, time.monotonic()
            if held is None or now - held[0] > _KEPT:
                held = self._document = (now, self._discovered())
            return held[1]

    def key(self, kid: object) -> SigningKey:
        """The key of that id, or the only one; SignInFailed if it has none such.

        Its keys are asked for anew if that one is not among them, once a minute at most.
        """
        url = self.document().jwks_uri
        with self._lock:
            held, now = self._keys, time.monotonic()
            known = held is not None and _chosen(held[1], kid) is not None
            if held is None or now - held[0] > (_KEPT if known else _KEYS_AGAIN):
                held = self._keys = (now, _signing_keys(self._read(url, dict[str, Any])))
        found = _chosen(held[1], kid)
        if found is None:
            raise SignInFailed
        return found

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> tuple[str, str]:
        """The ID token and the access token for a code; SignInFailed if it gives none."""
        provider, document = self._provider, self.document()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": provider.client_id,
        }
        auth = None
        if provider.client_secret is not None:
            if "client_secret_basic" in document.token_endpoint_auth_methods_supported:
                # RFC 6749, 2.3.1: both are encoded as in a form.
                auth = httpx.BasicAuth(quote(provider.client_id, safe=""), quote(provider.client_secret, safe=""))
            else:
                form["client_secret"] = provider.client_secret
        answer = self._call("POST", document.token_endpoint, data=form, **({"auth": auth} if auth else {}))
        if httpx.codes.is_client_error(answer.status_code):
            raise SignInFailed
        tokens = _decoded(answer, _Tokens)
        return tokens.id_token, tokens.access_token

    def _discovered(self) -> Document:
        issuer = self._provider.issuer
        document: Document = self._read(issuer.rstrip("/") + _DOCUMENT, Document)
        ends = (document.authorization_endpoint, document.token_endpoint, document.jwks_uri)
        methods = document.code_challenge_methods_supported
        if document.issuer != issuer or not all(map(is_safe, ends)) or (methods is not None and "S256" not in methods):
            raise ProviderAway
        return document

    def _read(self, url: str, kind: type[Any]) -> Any:
        return _decoded(self._call("GET", url), kind)

    def _call(self, method: str, url: str, **body: Any) -> httpx.Response:
        try:
            return call(self._client, method, url, seconds=_SECONDS, headers={"accept": "application/json"}, most=_MOST, **body)
        except PartnerTrouble as exc:
            raise ProviderAway from exc


def is_safe(url: str) -> bool:
    """Whether what is sent there stays between the two: HTTPS, or this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return (parts.scheme == "https" and host != "") or (parts.scheme == "http" and is_loopback(host))


def read_roles(pairs: Sequence[str]) -> dict[str, AccountRole]:
    """What the values of the role's claim mean, as ``value=clerk``; ValueError for what is no such pair, or said twice."""
    roles: dict[str, AccountRole] = {}
    for pair in pairs:
        value, found, role = pair.rpartition("=")
        if not found or not value.strip() or value.strip() in roles:
            raise ValueError("应为 值=角色，每个值一次 / must be value=role, each value once")
        roles[value.strip()] = AccountRole(role.strip())
    return roles


def _decoded(answer: httpx.Response, kind: type[Any]) -> Any:
    if answer.status_code != httpx.codes.OK:
        raise ProviderAway
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ProviderAway from exc


def _signing_keys(document: Mapping[str, Any]) -> list[SigningKey]:
    """The public keys among them by which RS256 and ES256 are verified; the others are left out, symmetric ones above all."""
    keys: list[SigningKey] = []
    rows = document.get("keys")
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or "d" in row:
            continue
        try:
            match row.get("kty"), row.get("crv"):
                case "RSA", _:
                    key = RSAKey.import_key(row)
                    if key.public_key.key_size >= _SMALLEST_RSA:
                        keys.append(key)
                case "EC", "P-256":
                    keys.append(ECKey.import_key(row))
                case _:
                    pass
        except (JoseError, ValueError, TypeError):
            continue
    if not keys:
        raise ProviderAway
    return keys


def _chosen(keys: Sequence[SigningKey], kid: object) -> SigningKey | None:
    found = [key for key in keys if kid is None or key.kid == kid]
    return found[0] if len(found) == 1 else None
