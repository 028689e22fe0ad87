"""Verify the audit of a node: every chain, its index of subjects, its signed heads, and what partners hold of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter

from exchange.auditing.chain import AuditRow, ChainHead
from exchange.auditing.event import NODE_WIDE
from exchange.auditing.heads import SignedHead
from exchange.auditing.verifying import Fault, FaultKind, Mark, check_chain, check_index
from exchange.ledger import EntryFilter, Ledger, Page
from exchange.moments import civil_day

# The commands that read the audit, by which somebody who looks for it leaves the first row of an empty one.
OF_ITSELF = "audit "
# Whether a signed head is one that this node has signed.
Proves = Callable[[SignedHead], bool]


def verify_chain(
    ledger: Ledger, head: ChainHead, proves: Proves, counted: Callable[[AuditRow], None] = lambda _: None
) -> Iterator[Fault]:
    """All faults of one chain; `counted` is called with each row."""
    signed = ledger.audit.signed(head.jurisdiction)
    held = [each for each in ledger.audit.witnessed(ours=True) if each.head.jurisdiction == head.jurisdiction]
    marks = [_mark(each) for each in signed] + [_mark(each.head, each.partner) for each in held]
    for each in signed:
        if not proves(each):
            yield Fault(kind=FaultKind.SIGNATURE, jurisdiction=head.jurisdiction, day=each.day, sequence=each.rows)
    yield from _unsigned_days(head, signed)
    yield from check_chain(head, _counting(ledger.audit.rows(head.jurisdiction), counted), marks)
    yield from check_index(head.jurisdiction, ledger.audit.rows(head.jurisdiction), _indexed(ledger, head.jurisdiction))


@dataclass(slots=True)
class Begins:
    """Where the audit of a whole node begins, of the rows that went by; who only read the audit itself has told of nothing."""

    day: date | None = None

    def note(self, row: AuditRow) -> None:
        """Note a row, of any chain and in any order."""
        if not row.event.action.startswith(OF_ITSELF):
            self.day = min(self.day or row.day, row.day)

    def check(self, ledger: Ledger, counties: frozenset[str]) -> Iterator[Fault]:
        """A fault if the ledger holds what came before: nothing comes into the books that leaves no row."""
        oldest = next((each for key in ledger.exchanges.keys(None, 1) for each in ledger.exchanges.named(key.exchange)), None)
        came = civil_day(oldest.known_at or oldest.submitted_at) if oldest is not None else None
        lost = came is not None and self.day is not None and came < self.day
        if lost or (self.day is None and (came or ledger.entries.find(EntryFilter(jurisdictions=counties), Page(limit=1)))):
            begins = f"begins on {self.day}" if self.day is not None else "is empty"
            detail = f"the ledger holds what came before, and the audit {begins}"
            yield Fault(kind=FaultKind.BEGINS_LATE, jurisdiction=NODE_WIDE, day=came, sequence=0, detail=detail)


def chains(ledger: Ledger, wanted: frozenset[str] | None = None) -> list[ChainHead]:
    """The chains to verify: those with a head, and those that somebody has signed or witnessed and whose head is gone."""
    heads = {head.jurisdiction: head for head in ledger.audit.heads()}
    told = [*ledger.audit.latest_signed(), *(each.head for each in ledger.audit.witnessed(ours=True))]
    for head in told:
        heads.setdefault(head.jurisdiction, ChainHead(jurisdiction=head.jurisdiction))
    return [heads[each] for each in sorted(heads) if wanted is None or each in wanted]


def _mark(head: SignedHead, said_by: str = "") -> Mark:
    return Mark(day=head.day, rows=head.rows, digest=head.digest, said_by=said_by)


def _unsigned_days(head: ChainHead, signed: Iterable[SignedHead]) -> Iterator[Fault]:
    """The day up to which it was signed has its signature."""
    if head.closed is not None and head.closed not in {each.day for each in signed}:
        detail = "this day was signed, and its signed head is gone"
        yield Fault(kind=FaultKind.SIGNATURE, jurisdiction=head.jurisdiction, day=head.closed, sequence=0, detail=detail)


def _counting(rows: Iterable[AuditRow], counted: Callable[[AuditRow], None]) -> Iterator[AuditRow]:
    for row in rows:
        counted(row)
        yield row


def _indexed(ledger: Ledger, jurisdiction: str) -> Iterator[tuple[tuple[date, int], frozenset[str]]]:
    for place, those in groupby(ledger.audit.indexed(jurisdiction), key=itemgetter(0, 1)):
        yield place, frozenset(subject for _, _, subject in those)
