"""Hand each other the signed ends of days: what a node once handed over it cannot rewrite unseen."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import structlog

from adapters.keys import jose
from adapters.office import Office, trusted_key
from adapters.partner_http import PartnerClient, PartnerRefused
from exchange.auditing.heads import (
    HEAD_TYPE,
    HELD_DAYS,
    MOST_HEADS,
    AuditHead,
    HeadsExchanged,
    SignedHead,
    WitnessedHead,
    read_head,
    write_heads,
)
from exchange.errors import NotAuthentic
from exchange.ledger import Finding, Ledger
from exchange.moments import civil_day
from exchange.partners import Partner

_log = structlog.get_logger("audit")
# A partner's audit is another one than it was: it has another end of a day than it handed over, or does not go on from it.
HEADS_DIFFER = "audit-heads-differ"
UNKNOWN_CALL = (404, 405)


def hand_over(office: Office, client: PartnerClient, partner: Partner) -> bool:
    """Hand a partner this node's latest heads and take its; False if it does not know the call. PartnerTrouble, NotAuthentic."""
    with office.ledgers.transaction(read_only=True) as ledger:
        body = handed(ledger, partner, office.now())
    try:
        told = client.audit_heads(partner, body)
    except PartnerRefused as refusal:
        if refusal.status in UNKNOWN_CALL:
            return False
        raise
    take(office, partner, told)
    return True


def recall(office: Office, client: PartnerClient, partner: Partner) -> date | None:
    """Ask a partner for all that it holds of this node, from the latest back to the first, and keep it; the first day of it.

    None if it holds nothing. One that tells the last month's alone, whatever it is asked, has told the first day of those.
    PartnerTrouble, NotAuthentic.
    """
    first, until = None, civil_day(office.now())
    while True:
        with office.ledgers.transaction(read_only=True) as ledger:
            body = handed(ledger, partner, office.now())
        told = client.audit_heads(partner, body, until)
        take(office, partner, told)
        earliest = min((_read(office, jws).day for jws in told.held), default=None)
        if earliest is None or earliest > until:
            return first
        first = earliest
        # What an answer cut off within its earliest day comes with the next, unless that one day is all it held.
        full = len(told.held) == MOST_HEADS and earliest < until
        until = earliest if full else earliest - timedelta(days=1)


def handed(ledger: Ledger, partner: Partner, now: datetime, until: date | None = None) -> bytes:
    """What a partner is handed: the latest heads of all chains here, and those of its own that this node holds.

    Those are the last month's; with `until` the newest of that day and all days before.
    """
    since = civil_day(now) - timedelta(days=HELD_DAYS) if until is None else None
    held = [each.head for each in ledger.audit.witnessed(ours=False, partner=partner.node, since=since)]
    newest = sorted((head for head in held if until is None or head.day <= until), key=lambda head: head.day, reverse=True)
    return write_heads(ledger.audit.latest_signed()[:MOST_HEADS], newest[:MOST_HEADS])


def take(office: Office, partner: Partner, told: HeadsExchanged) -> None:
    """Keep what a partner has handed over, each head proven by its signature; NotAuthentic, and then nothing is kept."""
    theirs = [_theirs(office, partner, jws) for jws in told.heads]
    ours = [_signed(office, _read(office, jws), jws) for jws in told.held]
    with office.ledgers.transaction() as ledger:
        known: dict[tuple[str, date], set[str]] = {}
        # Of years of nights, the days alone that these heads are of or go on from.
        first = min((head.previous_day or head.day for head, _ in theirs), default=None)
        for each in ledger.audit.witnessed(ours=False, partner=partner.node, since=first) if first is not None else ():
            known.setdefault((each.head.jurisdiction, each.head.day), set()).add(each.head.digest)
        found = [_finding(partner, head, office.now()) for head, _ in theirs if _contradicts(head, known)]
        ledger.audit.witness([WitnessedHead(partner=partner.node, ours=False, head=head) for _, head in theirs])
        ledger.audit.witness([WitnessedHead(partner=partner.node, ours=True, head=head) for head in ours])
        ledger.chores.add_findings(found)
    _log.info("audit heads exchanged", partner=partner.node, theirs=len(theirs), ours=len(ours))


def proves(office: Office, head: SignedHead) -> bool:
    """Whether a head is what this node has signed, by any key that it ever had."""
    try:
        told = _read(office, head.jws)
    except NotAuthentic:
        return False
    return (told.jurisdiction, told.day, told.rows, told.digest) == (head.jurisdiction, head.day, head.rows, head.digest)


def _contradicts(head: AuditHead, known: Mapping[tuple[str, date], set[str]]) -> bool:
    """Whether it is another end of a day than the one that came before, or does not go on from that of the day before."""
    if known.get((head.jurisdiction, head.day), {head.digest}) != {head.digest}:
        return True
    before = known.get((head.jurisdiction, head.previous_day)) if head.previous_day is not None else None
    return before is not None and before != {head.previous}


def _theirs(office: Office, partner: Partner, jws: str) -> tuple[AuditHead, SignedHead]:
    now = office.now()
    payload = jose.verify(jws, typ=HEAD_TYPE, find_key=lambda kid: trusted_key(partner, kid, now)).payload
    head = read_head(payload, partner.node)
    return head, _signed(office, head, jws)


def _read(office: Office, jws: str) -> AuditHead:
    keys = {key.public.kid: key.public for key in office.keyring.index.keys if key.use == "sig"}
    return read_head(jose.verify(jws, typ=HEAD_TYPE, find_key=keys.get).payload, office.node.name)


def _signed(office: Office, head: AuditHead, jws: str) -> SignedHead:
    return SignedHead(jurisdiction=head.jurisdiction, day=head.day, rows=head.rows, digest=head.digest, jws=jws, at=office.now())


def _finding(partner: Partner, head: AuditHead, now: datetime) -> Finding:
    return Finding(
        id=f"{HEADS_DIFFER}:{partner.node}:{head.jurisdiction}:{head.day}:{head.digest[:16]}",
        kind=HEADS_DIFFER,
        partner=partner.node,
        subject=f"audit {head.jurisdiction or 'node'} {head.day}",
        detail="the partner's audit does not go on from what it handed over before; both are kept",
        at=now,
    )
