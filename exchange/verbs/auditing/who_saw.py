"""Who saw somebody: what a person goes by in the audit, found by a document's number."""

from collections.abc import Iterable

from exchange.auditing.event import of_entry, of_exchange, of_person
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.people.document import read_document
from exchange.people.record import DocumentRef


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
