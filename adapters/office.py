"""The open parts of a running node, handed to whoever serves a request or runs a job."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from adapters.auditing.ledgers import AuditedLedgers
from adapters.calling.reach import Reach
from adapters.clock import Clock
from adapters.database.engine import Database
from adapters.database.policies import Weakness
from adapters.database.sealed.data_keys import DataKeys
from adapters.keys import jose
from adapters.keys.fingerprint import fingerprint
from adapters.keys.jose import PublicKey, Signer
from adapters.keys.keyring import Keyring
from adapters.node_document import NodeDocuments
from adapters.signin.provider import Provider
from adapters.webhooks import WebhookAddress
from exchange.clocks.norms import Added, node_on, node_with
from exchange.ledger import Ledger, Ledgers
from exchange.moments import civil_day, parse_moment
from exchange.node import Node
from exchange.partners import Partner, PartnerKey, PartnerStatus


class Office:
    """A node at work: its rules (`node`), its books (`ledgers`), its keys, its clock and its published document.

    `webhooks` is where own systems listen, None if nowhere; then `node.webhooks` is off. `reach` is where partners may be called.
    `data_keys` are those of a sealed ledger, for their upkeep; `provider` is where people sign in elsewhere, None if nowhere.
    What administrators add to rules and holidays is taken over at every request and before every job (`look_up`), in every
    process.
    """

    def __init__(
        self,
        *,
        node: Node,
        ledgers: Ledgers,
        keyring: Keyring,
        clock: Clock,
        documents: NodeDocuments,
        folder: Path,
        webhooks: WebhookAddress | None = None,
        reach: Reach = Reach(),  # noqa: B008 # a value
        data_keys: DataKeys | None = None,
        provider: Provider | None = None,
    ) -> None:
        self._wired = self._whole = node
        self._stamp = 0
        self._today: tuple[Node, date, Node] | None = None
        self.ledgers: Ledgers = AuditedLedgers(ledgers)
        self._database = ledgers if isinstance(ledgers, Database) else None
        self.clock = clock
        self.documents = documents
        self.folder = folder
        self.webhooks = webhooks
        self.reach = reach
        self.data_keys = data_keys
        self.provider = provider
        self._keyring = keyring

    def weaknesses(self) -> list[Weakness]:
        """What should protect the database and does not; of books in memory nothing."""
        return [] if self._database is None else self._database.weaknesses()

    @property
    def keyring(self) -> Keyring:
        """The keys as they are in the folder now."""
        self._keyring = self._keyring.refreshed()
        return self._keyring

    @property
    def node(self) -> Node:
        """The node with the rules that are in use today."""
        whole, today, known = self._whole, civil_day(self.now()), self._today
        if known is None or known[0] is not whole or known[1] != today:
            known = self._today = (whole, today, node_on(whole, today))
        return known[2]

    @node.setter
    def node(self, node: Node) -> None:
        self._wired = self._whole = node
        self._stamp = 0

    def look_up(self, ledger: Ledger) -> None:
        """Take over what administrators have added since."""
        stamp = ledger.norms.stamp()
        if stamp != self._stamp:
            norms = ledger.norms
            added = Added(files=tuple(norms.files()), uses=tuple(norms.uses()), days=tuple(norms.days()))
            self._whole, self._stamp = node_with(self._wired, added), stamp

    def refresh(self) -> None:
        """Look that up in a transaction of its own."""
        with self.ledgers.transaction(read_only=True) as ledger:
            self.look_up(ledger)

    def now(self) -> datetime:
        """What the node's clock shows."""
        return self.clock.now()

    def signing_key(self) -> Signer:
        """The key that signs batches, receipts, agreements and tokens now."""
        return self.keyring.signing_key(self.now())

    def signer(self, typ: str) -> Callable[[bytes], str]:
        """Payload bytes in, compact JWS of this type out."""
        key = self.signing_key()
        return lambda payload: jose.sign(payload, typ=typ, key=key)

    def myself(self) -> Partner:
        """This node as its own partner: the other end of a local link."""
        now, keyring, node = self.now(), self.keyring, self.node
        ends = self.documents.endpoints
        keys = []
        for row in keyring.public_documents():
            public = PublicKey.from_jwk(row["jwk"])
            until = row["not_after"]
            keys.append(
                PartnerKey(
                    kid=public.kid,
                    use=row["use"],
                    x=public.x,
                    y=public.y,
                    not_before=parse_moment(row["not_before"]),
                    not_after=parse_moment(until) if until else None,
                )
            )
        codes = tuple(sorted(node.jurisdictions))
        return Partner(
            node=node.name,
            name=node.title,
            url=self.documents.url,
            status=PartnerStatus.ACTIVE,
            environment=node.environment,
            fingerprint=keyring.fingerprint(now),
            document_version=self.documents.version,
            document_jws=self.documents.current(),
            token_endpoint=ends.token,
            batches_endpoint=ends.batches,
            agreements_endpoint=ends.agreements,
            links_endpoint=ends.links,
            claimed=codes,
            confirmed=codes,
            keys=tuple(keys),
            known_at=now,
        )


def trusted_key(partner: Partner, kid: str, moment: datetime) -> PublicKey | None:
    """The partner's signing key of that id, constructed, if a signature of that moment may be trusted."""
    key = partner.signing_key_at(kid, moment)
    return PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y}) if key else None


class Thumbprints:
    """How keys and nodes are identified (the port `exchange.verbs.onboard.Identify`)."""

    def kid(self, x: str, y: str) -> str:
        """The RFC 7638 thumbprint; UnusableKey for a point that is none."""
        return PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y}).kid

    def fingerprint(self, signing: str, encryption: str, recovery: str) -> str:
        """What the operators compare over another channel."""
        return fingerprint(signing, encryption, recovery)
