"""A partner made by hand: it speaks the wire with its own keys and is no Woshou node."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
from msgspec import structs

from adapters.keys import jose, tokens
from adapters.keys.jose import PublicKey
from adapters.keys.keyring import Keyring
from exchange.moments import format_moment
from exchange.partners import PartnerStatus
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, RECEIPT_TYPE, Manifest, Receipt, read_receipt
from exchange.wire.message import Message, write_message
from tests.api.nodes import Served

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Hand:
    """One side of a link, kept by hand."""

    def __init__(self, served: Served, name: str, keyring: Keyring, link: str) -> None:
        self.served, self.name, self.keyring, self.link = served, name, keyring, link
        self.sequence = 0
        self.previous: str | None = None
        self.pushed: list[bytes] = []

    @property
    def key(self) -> jose.Signer:
        """The signing key."""
        return self.keyring.signing_key(self.served.clock.now())

    def assertion(self, **claims: Any) -> str:
        """A client assertion; `claims` change what it says."""
        now = self.served.clock.now()
        made = tokens.client_assertion(self.name, self.served.office.node.name, now, self.key)
        if not claims:
            return made
        said = ijson.loads(jose.read_unverified(made).payload)
        return jose.sign(ijson.dumps({**said, **claims}), typ=tokens.ASSERTION_TYPE, key=self.key)

    def ask_token(self, assertion: str | None = None, **form: str) -> httpx.Response:
        """Call the token endpoint."""
        given = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion or self.assertion(),
            "scope": "exchange",
        }
        return self.served.http.post("/oauth/token", data={**given, **form})

    def token(self) -> str:
        """An access token."""
        answer = self.ask_token()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def manifest(self, lines: Sequence[bytes], **changes: Any) -> Manifest:
        """The next batch's manifest over these lines."""
        manifest = Manifest(
            protocol="1",
            link=self.link,
            sender=self.name,
            receiver=self.served.office.node.name,
            sequence=self.sequence + 1,
            previous=self.previous,
            seen=0,
            sent_at=format_moment(self.served.clock.now()),
            digests=[ijson.digest(line) for line in lines],
        )
        return structs.replace(manifest, **changes)

    def cut(self, *messages: Message | bytes, typ: str = BATCH_TYPE, key: jose.Signer | None = None, **changes: Any) -> bytes:
        """The bytes of the next batch; `changes` are what is wrong with its manifest."""
        lines = [message if isinstance(message, bytes) else write_message(message) for message in messages]
        manifest = wire.write(self.manifest(lines, **changes))
        return wire.join(jose.sign(manifest, typ=typ, key=key or self.key), lines)

    def send(self, data: bytes, *, token: str | None = None, **headers: str) -> httpx.Response:
        """Push a batch."""
        said = {"authorization": f"Bearer {token or self.token()}", "content-type": "application/x-ndjson", **headers}
        return self.served.http.post("/v1/batches", content=data, headers=said)

    def push(self, *messages: Message | bytes) -> Receipt:
        """Push the next batch and take its receipt."""
        data = self.cut(*messages)
        response = self.send(gzip.compress(data), **{"content-encoding": "gzip"})
        assert response.status_code == 200, response.text
        self.sequence += 1
        self.pushed.append(data)
        self.previous = ijson.digest(jose.read_unverified(data.split(b"\n")[0].decode()).payload)
        return self.read(response)

    def read(self, response: httpx.Response) -> Receipt:
        """The receipt, verified with the node's published key."""
        (sig,) = (key for key in self.served.http.get("/.well-known/jwks.json").json()["keys"] if key["use"] == "sig")
        public = PublicKey.from_jwk({name: sig[name] for name in ("kty", "crv", "x", "y")})
        return read_receipt(jose.verify(response.text, typ=RECEIPT_TYPE, find_key={public.kid: public}.get).payload)


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Status, end of the type, and what to do."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    return response.status_code, body["type"].rsplit(":", 1)[1], body["retry"]


def set_status(hand: Hand, status: PartnerStatus) -> None:
    """Have the node's operator change its mind."""
    with hand.served.office.ledgers.transaction() as ledger:
        known = ledger.partners.get(hand.name)
        assert known is not None
        ledger.partners.save(replace(known, status=status))
