"""Who saw somebody: what a person goes by in the audit, the readings that it tells of, and what one caller was shown."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from exchange.auditing.event import NODE_WIDE, Actor, AuditEvent, of_entry, of_exchange, of_person
from exchange.cursors import audit_cursor
from exchange.ledger import AuditFilter, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.document import read_document
from exchange.people.record import DocumentRef

_AT_ONCE = 500


def subjects_of(ledger: Ledger, node: Node, counties: Iterable[str], document: DocumentRef) -> frozenset[str]:
    """The person's own index, and their entries and exchanges in these counties; nothing without a number, or DocumentRefused."""
    if document.number is None:
        return frozenset()
    index = node.document_index(read_document(document.type, document.number))
    if index is None:
        return frozenset()
    entries = [entry.id for entry in ledger.entries.by_person(counties, [index]).get(index, ())]
    exchanges = [each.key.exchange for those in ledger.exchanges.of_entries(entries).values() for each in those]
    return frozenset({of_person(index), *map(of_entry, entries), *map(of_exchange, exchanges)})


def readings_of(ledger: Ledger, counties: Iterable[str], subjects: Iterable[str]) -> Iterator[AuditEvent]:
    """Whatever showed something of these subjects, the latest first; what was refused or withheld showed nothing."""
    chains = frozenset({NODE_WIDE, *counties})
    return _shown(ledger, AuditFilter(jurisdictions=chains, subjects=frozenset(subjects), refused=False))


def shown_to(ledger: Ledger, counties: Iterable[str], actor: Actor, since: datetime, until: datetime) -> frozenset[str]:
    """The subjects of all that somebody was shown from one moment to another."""
    wanted = AuditFilter(
        jurisdictions=frozenset({NODE_WIDE, *counties}),
        first=civil_day(since),
        last=civil_day(until),
        actor=actor.id,
        refused=False,
    )
    rows = _shown(ledger, wanted)
    return frozenset(
        subject for row in rows if row.actor.kind is actor.kind and since <= row.at <= until for subject in row.subjects
    )


def _shown(ledger: Ledger, wanted: AuditFilter) -> Iterator[AuditEvent]:
    page = Page(limit=_AT_ONCE)
    while found := ledger.audit.find(wanted, page):
        yield from (row.event for row in found if row.event.shown)
        page = Page(after=audit_cursor(found[-1]), limit=_AT_ONCE)
