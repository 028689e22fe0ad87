"""Sign the ends of the audit's days, and show who read one person again and again."""

from exchange.auditing.heads import HEAD_TYPE
from exchange.verbs.auditing.sign_heads import sign_heads
from exchange.verbs.auditing.watch_readings import note_repeated_readings
from jobs.shift import Shift


def seal_days(shift: Shift) -> str:
    """One transaction each: who reads while it is signed waits no longer than for any other row."""
    office = shift.office
    with office.ledgers.transaction() as ledger:
        signed = sign_heads(ledger, office.node.name, office.signer(HEAD_TYPE), office.now())
    with office.ledgers.transaction() as ledger:
        found = note_repeated_readings(ledger, office.now())
    return f"{len(signed)} days signed, {found} repeated readings"
