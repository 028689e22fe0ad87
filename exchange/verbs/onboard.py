"""Onboarding: look at another node's document, confirm its fingerprint over another channel, confirm what it claims."""

from dataclasses import replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from exchange.errors import Conflict
from exchange.ledger import Finding, Ledger
from exchange.moments import parse_moment
from exchange.node import Node
from exchange.partners import EnvironmentsDiffer, Partner, PartnerKey, PartnerStatus
from exchange.wire.node import PROTOCOL, NodeDocument, NodeDocumentRefused, check_node_address


class ClaimsOverlap(Conflict):
    """Two active partners may not be confirmed for the same jurisdiction; the operator decides which one is."""

    code = "claims-overlap"
    zh = "该地区已确认由另一节点服务。"
    en = "Another node, or this one, is confirmed for that jurisdiction."


class Identify(Protocol):
    """How a public key gets its id and a node its fingerprint (`adapters.keys`)."""

    def kid(self, x: str, y: str) -> str: ...
    def fingerprint(self, signing: str, encryption: str, recovery: str) -> str: ...


def partner_from(document: NodeDocument, jws: str, url: str, identify: Identify, now: datetime) -> Partner:
    """The partner that a node document describes, not yet trusted; NodeDocumentRefused for one that cannot be worked with."""
    check_addresses(document, url)
    if PROTOCOL not in document.protocols:
        raise NodeDocumentRefused(zh="对方不支持协议第 1 版。", en="The node does not speak protocol 1.", pointer="/protocols")
    keys = keys_of(document, identify)
    trusted = sorted((key for key in keys if key.trusted_at(now)), key=lambda key: key.not_before)
    # While two signing keys overlap, the older one signs the document and stands for the node; the newest encrypts.
    signing = next((key for key in trusted if key.use == "sig"), None)
    encryption = next((key for key in reversed(trusted) if key.use == "enc"), None)
    if signing is None or encryption is None:
        raise NodeDocumentRefused(zh="对方没有当前有效的签名与加密密钥。", en="No current signing and encryption key.")
    return Partner(
        node=document.node,
        name=document.name,
        url=url,
        status=PartnerStatus.PENDING,
        environment=document.environment,
        fingerprint=identify.fingerprint(signing.kid, encryption.kid, document.recovery),
        document_version=document.version,
        document_jws=jws,
        token_endpoint=document.endpoints.token,
        batches_endpoint=document.endpoints.batches,
        agreements_endpoint=document.endpoints.agreements,
        links_endpoint=document.endpoints.links,
        claimed=tuple(sorted(document.jurisdictions)),
        keys=keys,
        known_at=now,
    )


def keys_of(document: NodeDocument, identify: Identify) -> tuple[PartnerKey, ...]:
    """The document's keys, each with its revocation if it has one."""
    revoked = {gone.kid: parse_moment(gone.from_) for gone in document.revoked}
    keys = []
    for key in document.keys:
        kid = identify.kid(key.jwk.x, key.jwk.y)
        keys.append(
            PartnerKey(
                kid=kid,
                use=key.use,
                x=key.jwk.x,
                y=key.jwk.y,
                not_before=parse_moment(key.not_before),
                not_after=parse_moment(key.not_after) if key.not_after else None,
                revoked_from=revoked.get(kid),
            )
        )
    return tuple(keys)


def check_addresses(document: NodeDocument, url: str) -> None:
    """All endpoints share the document's scheme, host and port, and HTTPS is left only on loopback."""
    check_node_address(url)
    home = urlsplit(url)
    ends = document.endpoints
    for address in (ends.token, ends.batches, ends.agreements, ends.links):
        there = urlsplit(address)
        plain = address.isascii() and address.isprintable() and " " not in address and "\\" not in address
        if not plain or there.fragment or (there.scheme, there.netloc) != (home.scheme, home.netloc):
            raise NodeDocumentRefused(
                zh="各接口地址须与节点文件同协议、同主机、同端口。",
                en="All endpoints share the document's scheme, host and port.",
                pointer="/endpoints",
            )


def add_partner(ledger: Ledger, node: Node, partner: Partner) -> Partner:
    """Note a partner whose fingerprint waits for confirmation; a known active one is not overwritten."""
    if partner.environment != node.environment:
        raise EnvironmentsDiffer
    known = ledger.partners.get(partner.node)
    if known is not None and known.status is not PartnerStatus.PENDING:
        raise Conflict(zh="该协作方已存在。", en="This partner is known already.")
    ledger.partners.save(partner)
    return partner


def confirm_partner(ledger: Ledger, node: Node, partner: Partner, link: str, confirmed: frozenset[str]) -> Partner:
    """Trust the partner: its fingerprint was compared, and these of its claimed jurisdictions were confirmed."""
    unclaimed = confirmed - frozenset(partner.claimed)
    if unclaimed:
        raise Conflict(
            zh=f"对方未声明服务：{'、'.join(sorted(unclaimed))}。",
            en=f"The partner does not claim: {', '.join(sorted(unclaimed))}.",
        )
    taken = node.jurisdictions.union(
        *(
            frozenset(other.confirmed)
            for other in ledger.partners.all()
            if other.node != partner.node and other.status is PartnerStatus.ACTIVE
        )
    )
    if confirmed & taken:
        raise ClaimsOverlap
    active = replace(partner, status=PartnerStatus.ACTIVE, confirmed=tuple(sorted(confirmed)))
    ledger.partners.save(active)
    if ledger.links.of(partner.node) is None:
        ledger.links.add(link, partner.node)
    return active


def renew_partner(ledger: Ledger, known: Partner, fresh: Partner, now: datetime) -> Partner:
    """Take over a newer document of a partner that is trusted already; its signature was checked with a trusted key.

    A lower version is refused. Changed claims are a finding, never a route.
    """
    if fresh.node != known.node or fresh.document_version < known.document_version:
        raise NodeDocumentRefused(zh="节点文件版本低于已知版本。", en="The version is not above the known one.")
    if fresh.environment != known.environment:
        raise EnvironmentsDiffer
    if fresh.claimed != known.claimed:
        ledger.chores.add_findings(
            [
                Finding(
                    id=f"{known.node}:{fresh.document_version}:claims",
                    kind="claims-changed",
                    partner=known.node,
                    subject=known.node,
                    detail="the jurisdictions that the partner claims have changed",
                    at=now,
                )
            ]
        )
    kids = {key.kid for key in fresh.keys}
    historic = tuple(key for key in known.keys if key.kid not in kids)
    renewed = replace(
        fresh,
        status=known.status,
        fingerprint=known.fingerprint,
        confirmed=tuple(code for code in known.confirmed if code in fresh.claimed),
        keys=(*fresh.keys, *historic),
        known_at=known.known_at,
    )
    ledger.partners.save(renewed)
    return renewed
