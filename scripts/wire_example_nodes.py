"""The two nodes of the worked example (scripts/wire_example.py): their keys, their signatures, their documents.

The private keys are derived from a sentence that stands below, so anyone can sign with them: no node may ever trust them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.divisions import load_divisions
from adapters.keys import jose
from adapters.keys.fingerprint import fingerprint
from adapters.keys.jose import PrivateKey
from adapters.memory import MemoryLedgers
from adapters.rules import packaged_house_book, packaged_house_rules, packaged_rulebook, packaged_rules
from exchange.moments import format_moment
from exchange.node import Node
from exchange.terms.calendar import WorkingDays
from exchange.wire import ijson
from exchange.wire.batch import MAX_MESSAGES, MAX_UNPACKED
from exchange.wire.node import NODE_TYPE, PROTOCOL, NodeDocument

SECRET = "Woshou, worked example of the wire contract: known to everyone, trusted by nobody. "
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@dataclass
class Pen:
    """Signs, and signs the same bytes only once: what the folder holds already is kept."""

    kept: dict[str, str] = field(default_factory=dict)

    def learn(self, text: str) -> None:
        """Remember every signature in a file of the last run."""
        for line in text.splitlines():
            signed, _, _ = line.rpartition(".")
            self.kept[signed] = line

    def sign(self, payload: bytes, typ: str, key: PrivateKey) -> str:
        """The kept JWS over this payload, or a new one."""
        fresh = jose.sign(payload, typ=typ, key=key)
        return self.kept.setdefault(fresh.rpartition(".")[0], fresh)


def _key(name: str) -> PrivateKey:
    number = int.from_bytes(hashlib.sha256((SECRET + name).encode()).digest(), "big") % (2**256 - 2**225) + 1
    key = ec.derive_private_key(number, ec.SECP256R1())
    return PrivateKey.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Side:
    """One of the two nodes."""

    def __init__(self, short: str, title: str, county: str, pen: Pen) -> None:
        self.short, self.county, self.pen = short, county, pen
        self.keys = {use: _key(f"{short} {use}") for use in ("sig", "enc", "recovery")}
        self.node = Node(
            name=f"{short}.example",
            title=title,
            environment="sandbox",
            jurisdictions=frozenset({county}),
            divisions=load_divisions(),
            rules=packaged_rules(),
            rulebook=packaged_rulebook(),
            house=packaged_house_rules(),
            housebook=packaged_house_book(),
            working_days=WorkingDays(),
            keyed=lambda data: ijson.digest(short.encode() + data),
        )
        self.ledgers = MemoryLedgers(self.node.keyed)

    @property
    def fingerprint(self) -> str:
        """What the operator reads out."""
        return fingerprint(*(self.keys[use].kid for use in ("sig", "enc", "recovery")))

    def signer(self, typ: str) -> Callable[[bytes], str]:
        """Payload bytes in, compact JWS out."""
        return lambda payload: self.pen.sign(payload, typ, self.keys["sig"])

    def document(self) -> str:
        """The signed node document."""
        url = f"https://{self.node.name}"
        contents = {
            "node": self.node.name,
            "version": 1,
            "issued_at": format_moment(BEGIN),
            "name": self.node.title,
            "protocols": [PROTOCOL],
            "environment": "sandbox",
            "clock": "simulated",
            "jurisdictions": [self.county],
            "endpoints": {
                "token": f"{url}/oauth/token",
                "batches": f"{url}/v1/batches",
                "agreements": f"{url}/v1/agreements",
                "links": f"{url}/v1/links",
            },
            "limits": {"messages": MAX_MESSAGES, "unpacked_bytes": MAX_UNPACKED},
            "keys": [
                {"jwk": self.keys[use].public.jwk, "use": use, "not_before": format_moment(BEGIN), "not_after": None}
                for use in ("sig", "enc")
            ],
            "revoked": [],
            "recovery": self.keys["recovery"].kid,
        }
        return self.signer(NODE_TYPE)(msgspec.json.encode(msgspec.convert(contents, NodeDocument)))
