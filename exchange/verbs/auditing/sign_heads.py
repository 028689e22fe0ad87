"""Sign the ended days of all chains, and close them: nothing is added to a day that was signed."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from exchange.auditing.heads import SignedHead, head_of
from exchange.ledger import Ledger
from exchange.moments import civil_day


def sign_heads(ledger: Ledger, node: str, sign: Callable[[bytes], str], now: datetime) -> list[SignedHead]:
    """The heads of the days that ended and were not signed; `sign` makes a JWS (`mx-audit-head+jws`) of a payload."""
    before = {head.jurisdiction: head for head in ledger.audit.latest_signed()}
    heads: list[SignedHead] = []
    for last in ledger.audit.unsigned(civil_day(now)):
        jurisdiction = last.event.jurisdiction
        payload = msgspec.json.encode(head_of(node, last, before.get(jurisdiction)))
        head = SignedHead(
            jurisdiction=jurisdiction, day=last.day, rows=last.sequence, digest=last.digest, jws=sign(payload), at=now
        )
        before[jurisdiction] = head
        heads.append(head)
    ledger.audit.add_signed(heads)
    for head in heads:
        ledger.audit.close(head.jurisdiction, head.day)
    return heads
