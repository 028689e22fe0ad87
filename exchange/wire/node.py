"""The node document: who a node is, which keys it holds and which jurisdictions it claims."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exchange.errors import NotAuthentic
from exchange.people.record import Shape
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import CountyCode, Digest, WireMoment

NODE_TYPE = "mx-node+jws"
PROTOCOL = "1"


class NodeDocumentRefused(NotAuthentic):
    """A node document that is not well formed or that its own key did not sign."""

    code = "node-document-refused"
    zh = "节点文件无效。"
    en = "The node document does not hold."


class PublishedJwk(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """A P-256 public key (RFC 7517)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Digest
    y: Digest


class PublishedKey(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """A key and the time in which it may be used; `not_after` is null while no end is planned."""

    jwk: PublishedJwk
    use: Literal["sig", "enc"]
    not_before: WireMoment
    not_after: WireMoment | None


class RevokedKey(Shape, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A key that must not be trusted from a moment on."""

    kid: Digest
    from_: WireMoment
    reason: Annotated[str, Meta(max_length=100)]


class Endpoints(Shape, frozen=True, kw_only=True):
    """Absolute addresses; all share the document's scheme, host and port."""

    token: Annotated[str, Meta(max_length=300)]
    batches: Annotated[str, Meta(max_length=300)]
    agreements: Annotated[str, Meta(max_length=300)]
    links: Annotated[str, Meta(max_length=300)]


class Limits(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What the node takes in one batch."""

    messages: int
    unpacked_bytes: int


class NodeDocument(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What ``GET /.well-known/migrant-exchange`` serves, signed.

    `recovery` is the thumbprint of the offline recovery key, which the onboarding fingerprint covers. `clock` is
    ``simulated`` only in a sandbox.
    """

    node: NodeName
    version: Annotated[int, Meta(ge=1)]
    issued_at: WireMoment
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    protocols: list[str]
    environment: Literal["production", "sandbox"]
    clock: Literal["real", "simulated"]
    jurisdictions: Annotated[list[CountyCode], Meta(max_length=4000)]
    endpoints: Endpoints
    limits: Limits
    keys: Annotated[list[PublishedKey], Meta(min_length=2, max_length=400)]
    revoked: Annotated[list[RevokedKey], Meta(max_length=200)]
    recovery: Digest


def read_node_document(payload: bytes) -> NodeDocument:
    """Read the payload; NodeDocumentRefused if it does not fit."""
    try:
        ijson.loads(payload)
        return msgspec.json.decode(payload, type=NodeDocument)
    except (ijson.NotIJSON, msgspec.ValidationError) as exc:
        raise NodeDocumentRefused(en=f"The node document does not fit the protocol: {exc}") from exc
