"""Send a frozen report upward, take one in, and gather the parts of a sum."""

from collections.abc import Callable
from datetime import datetime

from exchange.errors import NotFound
from exchange.ledger import Ledger
from exchange.moments import parse_moment
from exchange.node import Node
from exchange.partners import Partner, PartnerStatus
from exchange.reporting.frozen.monthly import FrozenReport
from exchange.reporting.frozen.upward import (
    MAX_SIGNED,
    Part,
    ReceivedHead,
    ReceivedReport,
    ReportContradicts,
    ReportTooLarge,
    Sending,
    Summed,
    check_upward,
    choose_parts,
    read_signed,
    write_signed,
)
from exchange.verbs.submit import NoRoute

Sign = Callable[[bytes], str]


def sign_report(ledger: Ledger, node: Node, digest: str, receiver: str, now: datetime, sign: Sign) -> str:
    """A frozen report, signed for a node; NotFound, ReportAltered, ReportTooLarge."""
    jws = sign(write_signed(_held(ledger, digest), node.name, receiver, now))
    if len(jws) > MAX_SIGNED:
        raise ReportTooLarge
    return jws


def queue_report(ledger: Ledger, node: Node, digest: str, receiver: str, now: datetime, sign: Sign) -> Sending:
    """Let a signed report wait for delivery to a partner; one that went or waits stays as it is, one refused goes anew.

    NoRoute where the receiver is no active partner.
    """
    _held(ledger, digest)
    partner = ledger.partners.get(receiver)
    if partner is None or partner.status is not PartnerStatus.ACTIVE:
        raise NoRoute(pointer="/partner")
    held = ledger.reports.sending(digest, receiver)
    if held is not None and held.refused is None:
        return held
    jws = sign_report(ledger, node, digest, receiver, now, sign)
    sending = Sending(digest=digest, partner=receiver, jws=jws, queued_at=now)
    ledger.reports.put_sending(sending)
    return sending


def take_report(
    ledger: Ledger, node: Node, partner: Partner, payload: bytes, jws: str, now: datetime
) -> tuple[ReceivedHead, bool]:
    """Keep a partner's verified report; what it is, and whether it is new: one that was taken before changes nothing.

    MalformedReport, ReportNotAddressed, JurisdictionNotConfirmed, NotAbove, ReportContradicts.
    """
    signed, carried = read_signed(payload)
    check_upward(node, partner, signed, now)
    held = ledger.reports.received(signed.digest)
    if held is not None:
        return held.head, False
    report = signed.report
    for head in ledger.reports.received_heads(month=report.month):
        if (head.sender, head.jurisdiction, head.edition) == (partner.node, report.jurisdiction, report.edition):
            raise ReportContradicts
    head = ReceivedHead(
        digest=signed.digest,
        sender=partner.node,
        jurisdiction=report.jurisdiction,
        month=report.month,
        edition=report.edition,
        signed_at=parse_moment(signed.signed_at),
        received_at=now,
    )
    ledger.reports.receive(ReceivedReport(head=head, payload=carried, jws=jws))
    return head, True


def gather_parts(ledger: Ledger, node: Node, jurisdiction: str, month: str) -> Summed:
    """What was received or frozen here of a month within a jurisdiction; NotFound if there is nothing."""
    divisions = node.divisions
    parts = [
        Part(digest=head.digest, own=False, report=received.read())
        for head in ledger.reports.received_heads(month=month)
        if divisions.contains(jurisdiction, head.jurisdiction) and (received := ledger.reports.received(head.digest)) is not None
    ]
    for own in ledger.reports.heads(month=month):
        if divisions.contains(jurisdiction, own.jurisdiction):
            parts.append(Part(digest=own.digest, own=True, report=_held(ledger, own.digest).read()))
    summed = choose_parts(parts, divisions.normalise(jurisdiction), divisions)
    if not summed.parts:
        raise NotFound
    return summed


def _held(ledger: Ledger, digest: str) -> FrozenReport:
    frozen = ledger.reports.frozen(digest)
    if frozen is None:
        raise NotFound
    return frozen
