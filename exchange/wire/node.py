"""The node document: who a node is, which keys it holds and which jurisdictions it claims."""

import re
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exchange.errors import NotAuthentic
from exchange.moments import parse_moment
from exchange.people.record import Shape
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import CountyCode, Digest, WireMoment

NODE_TYPE = "mx-node+jws"
PROTOCOL = "1"
_ADDRESS = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?/?", re.IGNORECASE)


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
    """Read the payload; NodeDocumentRefused, with the place but not the words of it, if it does not fit."""
    try:
        ijson.loads(payload)
        document = msgspec.json.decode(payload, type=NodeDocument)
    except ijson.NotIJSON as exc:
        raise NodeDocumentRefused(en="The node document is not I-JSON.") from exc
    except msgspec.ValidationError as exc:
        # The place is ours, made of the names of fields; what comes before it may quote the partner.
        place = str(exc).rpartition(" - at `$")[2].rstrip("`") if " - at `$" in str(exc) else ""
        raise NodeDocumentRefused(en=f"The node document does not fit the protocol (${place}).") from None
    try:
        for moment in _moments(document):
            parse_moment(moment)
    except ValueError as exc:
        raise NodeDocumentRefused(zh="节点文件中有无效的时刻。", en="A moment in the node document is none.") from exc
    return document


def _moments(document: NodeDocument) -> Iterator[str]:
    yield document.issued_at
    for key in document.keys:
        yield key.not_before
        if key.not_after is not None:
            yield key.not_after
    for gone in document.revoked:
        yield gone.from_


def check_node_address(url: str) -> None:
    """Scheme, host and port alone, and HTTPS unless the host is this machine; NodeDocumentRefused otherwise.

    An IPv4 address that is written as IPv6 is judged as what it is.
    """
    form = _ADDRESS.fullmatch(url)
    if form is None or int(form[3] or "443") not in range(1, 65536):
        raise NodeDocumentRefused(
            zh="节点地址只含协议、主机与端口，如 https://node.example。",
            en="A node's address is a scheme, a host and a port only, such as https://node.example.",
        )
    if form[1].lower() != "https" and not is_loopback(form[2].lower()):
        raise NodeDocumentRefused(zh="除本机外，节点地址须为 HTTPS。", en="Addresses are HTTPS, except on loopback.")


def is_loopback(host: str) -> bool:
    """Whether a host, as an address names it, is this machine."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
