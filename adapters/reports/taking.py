"""A partner's signed report in: its signature is judged by the keys that were trusted when it was made."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.keys import jose
from adapters.keys.errors import WrongType
from adapters.keys.jose import Unverified
from adapters.office import Office, trusted_key
from exchange.errors import NotFound
from exchange.ledger import Ledger
from exchange.moments import parse_moment
from exchange.partners import Partner, PartnerStatus, PartnerSuspended
from exchange.reporting.frozen.upward import REPORT_TYPE, ReceivedHead, read_signed
from exchange.verbs.reporting.send_report import take_report


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReport:
    """A report that was read and proven to be this partner's, not yet stored."""

    partner: Partner
    payload: bytes
    jws: str

    def take(self, ledger: Ledger, office: Office) -> tuple[ReceivedHead, bool]:
        """Store it; what it is, and whether it is new. Refusals as `take_report`."""
        return take_report(ledger, office.node, self.partner, self.payload, self.jws, office.now())


def open_report(partner: Partner, jws: str) -> OpenedReport:
    """Prove that a partner has signed a report. No transaction need be open.

    MalformedJws, ForbiddenHeader, WrongType, MalformedReport, UnknownKey, BadSignature, in this order.
    """
    unverified = _of_type(jws)
    signed, _ = read_signed(unverified.payload)
    signed_at = parse_moment(signed.signed_at)
    unverified.verify(typ=REPORT_TYPE, find_key=lambda kid: trusted_key(partner, kid, signed_at))
    return OpenedReport(partner=partner, payload=unverified.payload, jws=jws)


def open_report_file(
    office: Office, jws: str, trusting: Callable[[Partner, Callable[[Partner], OpenedReport]], OpenedReport] | None = None
) -> OpenedReport:
    """The same for a report that came as a file: who has signed it is what it says, and must be a partner of ours.

    NotFound for a node that is no partner, PartnerSuspended. `trusting` may look for a partner's newer keys.
    """
    sender = read_signed(_of_type(jws).payload)[0].sender
    with office.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(sender)
    if partner is None:
        raise NotFound
    if partner.status is not PartnerStatus.ACTIVE:
        raise PartnerSuspended
    if trusting is None:
        return open_report(partner, jws)
    return trusting(partner, lambda known: open_report(known, jws))


def _of_type(jws: str) -> Unverified:
    """A report by its header, before anything of it is read."""
    unverified = jose.read_unverified(jws)
    if unverified.header.typ != REPORT_TYPE:
        raise WrongType(expected=REPORT_TYPE)
    return unverified
