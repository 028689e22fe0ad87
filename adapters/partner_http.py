"""A partner over HTTP: its node document, tokens, batches, agreements and link heads."""

import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from adapters.calling.reach import Reach
from adapters.keys import jose, tokens
from adapters.keys.errors import MalformedJws
from adapters.keys.jose import PublicKey
from adapters.office import Office, Thumbprints, trusted_key
from adapters.partner_calls import MAX_ANSWER, PartnerUnavailable, bound, call
from exchange.auditing.heads import HeadsExchanged
from exchange.auditing.heads import read_heads as read_audit_heads
from exchange.errors import NotAuthentic, PartnerTrouble
from exchange.partners import Partner
from exchange.verbs.onboard import keys_of, partner_from
from exchange.verbs.reconciling.asked import TooManyRuns
from exchange.wire import ijson
from exchange.wire.batch import RECEIPT_TYPE, Receipt, read_receipt
from exchange.wire.figures import FIGURES_TYPE, ROWS_TYPE
from exchange.wire.heads import HeadsTold, read_heads
from exchange.wire.node import NODE_TYPE, check_node_address, read_node_document
from exchange.wire.proven import MAX_PROVEN
from exchange.wire.registers import CELLS_TYPE, REGISTERS_TYPE, SETTLED_TYPE

DISCOVERY = "/.well-known/migrant-exchange"
# For other calls with such a client; a partner's have a limit each.
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
# Seconds for a whole call. A partner may take its time over a batch of 1,000.
_DOCUMENT, _TOKEN, _DELIVERY = 5.0, 10.0, 60.0
# A clerk waits for it, and can ask people instead.
_CHECK = 10.0
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# A token is fetched anew this long before it expires, so that it does not do so on its way.
_MARGIN = timedelta(seconds=60)
# RFC 6750, 2.1; bounded, for it goes into a header.
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}={0,2}")
_LIFETIME = 3600
# With one answer in five lost, five times in a row happen to one call in three thousand.
_TRIES = 5
_FIRST_PAUSE = 0.1
_DAY = 86400
_WORD = re.compile(r"[a-z0-9-]{1,60}")
UNKNOWN_PROBLEM = "unknown-problem"
_REGISTER_QUESTIONS = {REGISTERS_TYPE: "registers", CELLS_TYPE: "registers/cells", SETTLED_TYPE: "registers/settlement"}


class PartnerRefused(PartnerTrouble):
    """The partner answered with a problem: its HTTP status, and of what it wrote two things that can hold no person.

    `problem` is the end of its type if that is a plain word, else `unknown-problem`; `expected` the batch that it waits for.
    """

    code = "partner-refused"
    zh = "协作方节点拒绝了请求。"
    en = "The partner's node refused the request."

    def __init__(self, *, status: int, problem: str, expected: int | None = None) -> None:
        self.status, self.problem, self.expected = status, problem, expected
        super().__init__(zh=f"{type(self).zh}（{status} {problem}）", en=f"{type(self).en} ({status} {problem})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    value: str
    expires: datetime


@dataclass(slots=True, kw_only=True)
class Knock:
    """A node document as it came, and what came with it: the sender's clock, and until when its certificate holds."""

    jws: str = ""
    clock: datetime | None = None
    certificate_until: datetime | None = None


def http_client(transport: httpx.BaseTransport | None = None, *, reach: Reach) -> httpx.Client:
    """An HTTP client as partners are called with: no redirects, bounded waits, and never through a proxy to this machine.

    It connects to what `reach` allows: a node's own rules, which no caller may leave out.
    """
    client = httpx.Client(
        transport=transport,
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=20),
        follow_redirects=False,
        headers={"user-agent": "woshou"},
        mounts=dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]")) if transport is None else None,
    )
    return bound(client, reach)


class PartnerClient:
    """Calls partners for one node. Give it an `httpx.Client`; redirects are never followed. `pause` lies before a repetition."""

    def __init__(self, office: Office, client: httpx.Client, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._office, self._client, self._pause = office, client, pause
        self._tokens: dict[tuple[str, str], _Token] = {}

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

    def knock(self, known: Partner) -> Knock:
        """A known partner's document, not verified, with what else its answer tells of it."""
        return self._fetched(known.url)

    def try_link(self, partner: Partner) -> HeadsTold:
        """Ask for a token, as if there were none, and with it where the link stands there: once, for somebody waits for it."""
        self._tokens.pop((partner.node, tokens.EXCHANGE), None)
        url = f"{partner.links_endpoint}/{self._office.node.name}"
        return read_heads(self._authorised("GET", partner, url, content=b"", headers={}, seconds=_CHECK).content)

    def send_batch(self, partner: Partner, data: bytes) -> tuple[Receipt, str, str]:
        """Push a batch; the verified receipt, its JWS and the digest of its payload.

        PartnerUnavailable, PartnerRefused, or NotAuthentic for a receipt that the partner's key did not sign.
        """
        response = self._authorised(
            "POST", partner, partner.batches_endpoint, content=data, headers={"content-type": "application/x-ndjson"}
        )
        payload, jws = self._verified(partner, response, RECEIPT_TYPE)
        return read_receipt(payload), jws, ijson.digest(payload)

    def send_proposal(self, partner: Partner, jws: str) -> None:
        """Propose an agreement."""
        self._authorised(
            "POST", partner, partner.agreements_endpoint, content=jws.encode(), headers={"content-type": "application/jose"}
        )

    def send_decision(self, partner: Partner, agreement_id: str, jws: str) -> None:
        """Tell the decision on an agreement."""
        url = f"{partner.agreements_endpoint}/{agreement_id}/decision"
        self._authorised("PUT", partner, url, content=jws.encode(), headers={"content-type": "application/jose"})

    def send_report(self, partner: Partner, jws: str) -> None:
        """Hand a signed monthly report over."""
        url = _beside_agreements(partner, "reports")
        self._authorised("POST", partner, url, content=jws.encode(), headers={"content-type": "application/jose"})

    def ask_figures(self, partner: Partner, request: bytes, *, rows: bool) -> tuple[bytes, str]:
        """Ask for a link's figures, or for rows of theirs; the verified payload of the answer, and its JWS.

        PartnerUnavailable, PartnerRefused, or NotAuthentic for an answer that the partner's key did not sign.
        """
        # Derived, so that nodes whose documents are older than the call need no other one.
        url = f"{partner.links_endpoint}/{self._office.node.name}/figures{'/rows' if rows else ''}"
        headers = {"content-type": "application/json"}
        response = self._repeated("POST", partner, url, content=request, headers=headers)
        return self._verified(partner, response, ROWS_TYPE if rows else FIGURES_TYPE)

    def link_heads(self, partner: Partner) -> HeadsTold:
        """Ask where both logs of the link stand there; HeadsDoNotFit for what is no such answer. Its signatures are within."""
        url = f"{partner.links_endpoint}/{self._office.node.name}"
        return read_heads(self._repeated("GET", partner, url, content=b"", headers={}, scope=tokens.EXCHANGE).content)

    def audit_heads(self, partner: Partner, body: bytes, until: date | None = None) -> HeadsExchanged:
        """Hand over audit heads and get the partner's, with what it holds of the last month, or of `until` and before.

        Nothing of them is verified yet.
        """
        url, headers = f"{partner.links_endpoint}/{self._office.node.name}/audit-heads", {"content-type": "application/json"}
        url += f"?until={until.isoformat()}" if until is not None else ""
        return read_audit_heads(self._repeated("POST", partner, url, content=body, headers=headers).content)

    def lost_batch(self, partner: Partner, log: str, after: int) -> bytes | None:
        """Ask for the next batch of a log that the partner can prove, `sent` by this node or `received` by it; None without one.

        Nothing of it is verified yet.
        """
        url = f"{partner.links_endpoint}/{self._office.node.name}/{log}?after={after}"
        answer = self._repeated("GET", partner, url, content=b"", headers={}, most=MAX_PROVEN)
        return None if answer.status_code == httpx.codes.NO_CONTENT else answer.content

    def give_back(self, partner: Partner, data: bytes) -> None:
        """Give back a batch that the partner has lost, with its proof."""
        url, headers = f"{partner.batches_endpoint}/proven", {"content-type": "application/x-ndjson"}
        self._repeated("POST", partner, url, content=data, headers=headers)

    def ask_registers(self, partner: Partner, request: bytes, typ: str) -> tuple[bytes, int]:
        """Ask one of the questions about a pair's registers, by the type of its answer; the verified payload, and the
        answer's size.

        PartnerUnavailable, PartnerRefused, or NotAuthentic for an answer that the partner's key did not sign.
        """
        url = _beside_agreements(partner, _REGISTER_QUESTIONS[typ])
        headers = {"content-type": "application/json"}
        response = self._repeated("POST", partner, url, content=request, headers=headers)
        payload, _ = self._verified(partner, response, typ)
        return payload, len(response.content)

    def check_certificate(self, partner: Partner, jws: str) -> str:
        """Ask about a certificate, once, for the partner answers no question twice; the answer's JWS, not verified yet."""
        url, headers = _beside_agreements(partner, "certificate-checks"), {"content-type": "application/jose"}
        return _jws(
            self._authorised("POST", partner, url, content=jws.encode(), headers=headers, scope=tokens.CHECK, seconds=_CHECK)
        )

    def _verified(self, partner: Partner, response: httpx.Response, typ: str) -> tuple[bytes, str]:
        """The payload that a key of the partner's signed as such an answer, and its JWS."""
        jws, now = _jws(response), self._office.now()
        return jose.verify(jws, typ=typ, find_key=lambda kid: trusted_key(partner, kid, now)).payload, jws

    def _document(self, url: str) -> str:
        return self._fetched(url).jws

    def _fetched(self, url: str) -> Knock:
        # Before anything is fetched: what an operator was talked into must not make this machine ask its neighbours.
        check_node_address(url)
        address, told = f"{url.rstrip('/')}{DISCOVERY}", Knock()

        def heed(answer: httpx.Response) -> None:
            told.clock, told.certificate_until = _clock(answer), _certificate_until(answer)

        headers = {"accept": "application/jose"}
        told.jws = _jws(_checked(call(self._client, "GET", address, seconds=_DOCUMENT, headers=headers, heed=heed)))
        return told

    def _repeated(
        self, method: str, partner: Partner, url: str, *, scope: str = tokens.RECONCILE, **asked: Any
    ) -> httpx.Response:
        """Ask what is safe to ask again, until an answer comes through, a few times at most while the trouble may pass."""
        for tries in range(_TRIES - 1):
            try:
                return self._authorised(method, partner, url, scope=scope, **asked)
            except PartnerUnavailable as trouble:
                # A partner that names a time wants no call before it.
                if not trouble.passing or trouble.wait is not None:
                    raise
                self._pause(_FIRST_PAUSE * 2**tries)
        return self._authorised(method, partner, url, scope=scope, **asked)

    def _authorised(
        self,
        method: str,
        partner: Partner,
        url: str,
        *,
        content: bytes,
        headers: dict[str, str],
        scope: str = tokens.EXCHANGE,
        most: int = MAX_ANSWER,
        seconds: float = _DELIVERY,
    ) -> httpx.Response:
        def ask() -> httpx.Response:
            bearing = {**headers, "authorization": f"Bearer {self._token(partner, scope)}"}
            return call(self._client, method, url, seconds=seconds, headers=bearing, most=most, content=content)

        response = ask()
        if response.status_code == httpx.codes.UNAUTHORIZED:
            # The partner may have rotated the key that signed the token; one fresh token settles that.
            self._tokens.pop((partner.node, scope), None)
            response = ask()
        return _checked(response)

    def _token(self, partner: Partner, scope: str) -> str:
        now = self._office.now()
        held = self._tokens.get((partner.node, scope))
        # A simulated clock can be set back: a token from the future is as useless as an expired one.
        if held is not None and now + _MARGIN < held.expires < now + timedelta(minutes=11):
            return held.value
        assertion = tokens.client_assertion(self._office.node.name, partner.node, now, self._office.signing_key())
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": assertion,
            "scope": scope,
        }
        answer = _object(_checked(call(self._client, "POST", partner.token_endpoint, seconds=_TOKEN, data=form)))
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(token, str) and _BEARER.fullmatch(token) and isinstance(lifetime, int)):
            raise NotAuthentic(zh="协作方的令牌应答无效。", en="The partner's token answer does not hold.")
        expires = now + timedelta(seconds=max(0, min(lifetime, _LIFETIME)))
        self._tokens[partner.node, scope] = _Token(value=token, expires=expires)
        return token


def _beside_agreements(partner: Partner, path: str) -> str:
    """The address of a call that node documents do not name: those of nodes that are older than the call need not change."""
    return f"{partner.agreements_endpoint.rpartition('/')[0]}/{path}"


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    body = _object(response) if "json" in response.headers.get("content-type", "") else {}
    word = re.split("[:/]", str(body.get("type", "")))[-1]
    # A pair's runs of a day come back tomorrow: nobody waits for that.
    busy = response.status_code in (408, 425, 429) and word != TooManyRuns.code
    broken = response.status_code >= 500
    if busy or broken:
        raise PartnerUnavailable(detail=f"status {response.status_code}", wait=asked_wait(response), passing=broken)
    if response.is_redirect:
        raise PartnerUnavailable(detail="redirects are not followed")
    expected = body.get("expected")
    raise PartnerRefused(
        status=response.status_code,
        problem=word if _WORD.fullmatch(word) else UNKNOWN_PROBLEM,
        expected=expected if type(expected) is int and 0 < expected < 2**53 else None,
    )


def _clock(answer: httpx.Response) -> datetime | None:
    """What the Date of an answer says, to the second; None without one."""
    try:
        shown = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return shown if shown.tzinfo is not None else None


def _certificate_until(answer: httpx.Response) -> datetime | None:
    """When the certificate that the connection rests on runs out; None for a plain connection."""
    stream = answer.extensions.get("network_stream")
    line = stream.get_extra_info("ssl_object") if stream is not None else None
    ends = (line.getpeercert() or {}).get("notAfter") if line is not None else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None


def _jws(response: httpx.Response) -> str:
    try:
        return response.content.decode("ascii").strip()
    except UnicodeDecodeError:
        raise MalformedJws from None  # the cause quotes the answer


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        value = ijson.loads(response.content)
    except ijson.NotIJSON:
        return {}
    return value if isinstance(value, dict) else {}


def asked_wait(response: httpx.Response) -> timedelta | None:
    """Retry-After in either form (RFC 9110, 10.2.3), at most a day; None for what is neither."""
    text = response.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        # Nine digits are enough for every wait, and Python refuses to read thousands.
        return timedelta(seconds=min(int(text.lstrip("0")[:9] or "0"), _DAY))
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):  # no date, one with a zone beside one without, or none that there can be
        return None
    return min(max(wait, timedelta()), timedelta(seconds=_DAY))
