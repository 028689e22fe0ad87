"""A partner over HTTP: its node document, tokens, batches, agreements and link heads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from adapters.keys import jose, tokens
from adapters.keys.jose import PublicKey
from adapters.office import Office, Thumbprints, trusted_key
from exchange.errors import NotAuthentic, PartnerTrouble
from exchange.partners import Partner
from exchange.verbs.onboard import keys_of, partner_from
from exchange.wire import ijson
from exchange.wire.batch import RECEIPT_TYPE, Receipt, read_receipt
from exchange.wire.node import NODE_TYPE, NodeDocumentRefused, read_node_document

DISCOVERY = "/.well-known/migrant-exchange"
_LIMIT = 2 * 1024 * 1024
# A partner may take its time over a batch of 1,000; one that does not even connect is away.
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# A token is fetched anew this long before it expires, so that it does not do so on its way.
_MARGIN = timedelta(seconds=60)


class PartnerUnavailable(PartnerTrouble):
    """The partner could not be reached or is overloaded; `wait` is what it asked for, if it did."""

    code = "partner-unavailable"
    zh = "协作方节点暂时无法连接。"
    en = "The partner's node cannot be reached at the moment."

    def __init__(self, *, detail: str = "", wait: timedelta | None = None) -> None:
        self.wait = wait
        super().__init__(en=f"{type(self).en} {detail}".strip())


class PartnerRefused(PartnerTrouble):
    """The partner answered with a problem; `problem` is the end of its type, `status` the HTTP status."""

    code = "partner-refused"
    zh = "协作方节点拒绝了请求。"
    en = "The partner's node refused the request."

    def __init__(self, *, status: int, problem: str, body: dict[str, Any]) -> None:
        self.status, self.problem, self.body = status, problem, body
        super().__init__(zh=f"{type(self).zh}（{status} {problem}）", en=f"{type(self).en} ({status} {problem})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    value: str
    expires: datetime


def http_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """An HTTP client as partners are called with: no redirects, bounded waits, and never through a proxy to this machine."""
    return httpx.Client(
        transport=transport,
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=20),
        follow_redirects=False,
        headers={"user-agent": "woshou"},
        mounts=dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]")) if transport is None else None,
    )


class PartnerClient:
    """Calls partners for one node. Give it an `httpx.Client`; redirects are never followed."""

    def __init__(self, office: Office, client: httpx.Client) -> None:
        self._office, self._client = office, client
        self._tokens: dict[str, _Token] = {}

    def look(self, url: str) -> Partner:
        """Fetch a node document, signed by one of its own keys: what an operator then confirms over another channel."""
        jws = self._document(url)
        unverified = jose.read_unverified(jws)
        document = read_node_document(unverified.payload)
        own = {key.kid: key for key in keys_of(document, Thumbprints()) if key.use == "sig"}

        def find(kid: str) -> PublicKey | None:
            key = own.get(kid)
            return PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y}) if key else None

        unverified.verify(typ=NODE_TYPE, find_key=find)
        return partner_from(document, jws, url.rstrip("/"), Thumbprints(), self._office.now())

    def look_again(self, known: Partner) -> Partner:
        """Fetch a trusted partner's document, which a key that is trusted already must have signed."""
        jws = self._document(known.url)
        now = self._office.now()
        payload = jose.verify(jws, typ=NODE_TYPE, find_key=lambda kid: trusted_key(known, kid, now)).payload
        return partner_from(read_node_document(payload), jws, known.url, Thumbprints(), now)

    def send_batch(self, partner: Partner, data: bytes) -> tuple[Receipt, str, str]:
        """Push a batch; the verified receipt, its JWS and the digest of its payload.

        PartnerUnavailable, PartnerRefused, or NotAuthentic for a receipt that the partner's key did not sign.
        """
        response = self._authorised(
            "POST", partner, partner.batches_endpoint, content=data, headers={"content-type": "application/x-ndjson"}
        )
        jws = response.text.strip()
        now = self._office.now()
        verified = jose.verify(jws, typ=RECEIPT_TYPE, find_key=lambda kid: trusted_key(partner, kid, now))
        return read_receipt(verified.payload), jws, ijson.digest(verified.payload)

    def send_proposal(self, partner: Partner, jws: str) -> None:
        """Propose an agreement."""
        self._authorised(
            "POST", partner, partner.agreements_endpoint, content=jws.encode(), headers={"content-type": "application/jose"}
        )

    def send_decision(self, partner: Partner, agreement_id: str, jws: str) -> None:
        """Tell the decision on an agreement."""
        url = f"{partner.agreements_endpoint}/{agreement_id}/decision"
        self._authorised("PUT", partner, url, content=jws.encode(), headers={"content-type": "application/jose"})

    def _document(self, url: str) -> str:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise NodeDocumentRefused(zh="节点地址无效。", en="That is no node address.")
        with _translated():
            response = self._client.get(f"{url.rstrip('/')}{DISCOVERY}", headers={"accept": "application/jose"})
        return _checked(response).text.strip()

    def _authorised(self, method: str, partner: Partner, url: str, **request: Any) -> httpx.Response:
        headers = {**request.pop("headers", {}), "authorization": f"Bearer {self._token(partner)}"}
        with _translated():
            response = self._client.request(method, url, headers=headers, **request)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            # The partner may have rotated the key that signed the token; one fresh token settles that.
            self._tokens.pop(partner.node, None)
            headers["authorization"] = f"Bearer {self._token(partner)}"
            with _translated():
                response = self._client.request(method, url, headers=headers, **request)
        return _checked(response)

    def _token(self, partner: Partner) -> str:
        now = self._office.now()
        held = self._tokens.get(partner.node)
        # A simulated clock can be set back: a token from the future is as useless as an expired one.
        if held is not None and now + _MARGIN < held.expires < now + timedelta(minutes=11):
            return held.value
        assertion = tokens.client_assertion(self._office.node.name, partner.node, now, self._office.signing_key())
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": assertion,
            "scope": "exchange",
        }
        with _translated():
            response = self._client.post(partner.token_endpoint, data=form)
        answer = _object(_checked(response))
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(lifetime, int):
            raise NotAuthentic(zh="协作方的令牌应答无效。", en="The partner's token answer does not hold.")
        self._tokens[partner.node] = _Token(value=token, expires=now + timedelta(seconds=lifetime))
        return token


@contextmanager
def _translated() -> Iterator[None]:
    """Network trouble in our own words, without the address, which may carry more than a host."""
    try:
        yield
    except httpx.HTTPError as exc:
        raise PartnerUnavailable(detail=type(exc).__name__) from exc


def _checked(response: httpx.Response) -> httpx.Response:
    if len(response.content) > _LIMIT:
        raise PartnerUnavailable(detail="the answer is too large")
    if response.is_success:
        return response
    if response.status_code in (408, 425, 429) or response.status_code >= 500:
        raise PartnerUnavailable(detail=f"status {response.status_code}", wait=asked_wait(response))
    if response.is_redirect:
        raise PartnerUnavailable(detail="redirects are not followed")
    body = _object(response) if "json" in response.headers.get("content-type", "") else {}
    problem = str(body.get("type", "")).rsplit(":", 1)[-1].rsplit("/", 1)[-1]
    raise PartnerRefused(status=response.status_code, problem=problem, body=body)


def _object(response: httpx.Response) -> dict[str, Any]:
    value = ijson.loads(response.content)
    return value if isinstance(value, dict) else {}


def asked_wait(response: httpx.Response) -> timedelta | None:
    """Retry-After in either form (RFC 9110, 10.2.3), at most a day."""
    text = response.headers.get("retry-after", "")
    if text.isdigit():
        return timedelta(seconds=min(int(text), 86400))
    date = response.headers.get("date", "")
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(date)
    except ValueError:
        return None
    return min(max(wait, timedelta()), timedelta(days=1))
