"""Find persons who are in two inflow registers, as far as this node can see it: each a finding, settled once it no longer holds.

- open entries of one person, by document, in two of the node's own counties, both from one origin
- an outflow entry whose coarse destination was found to be two counties at once

A finding names entries and counties, never the person. Protected entries are not looked at.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from exchange.ledger import Finding, Ledger
from exchange.node import Node
from exchange.people.document import DocumentType
from exchange.reconciling.pairs import takes_part
from exchange.wire import ijson

TWO_INFLOWS, TWO_DESTINATIONS = "in-two-inflow-registers", "coarse-in-two-destinations"
KINDS = (TWO_INFLOWS, TWO_DESTINATIONS)


def find_doubles(ledger: Ledger, node: Node, now: datetime) -> list[Finding]:
    """What stands now. Every inflow register is read, so that this is for a transaction that holds up nobody."""
    return [*_in_two_inflows(ledger, node, now), *_of_two_destinations(ledger, node, now)]


def note_doubles(ledger: Ledger, node: Node, found: Sequence[Finding], now: datetime) -> int:
    """Raise what was found, and settle what is gone: how much that is."""
    ledger.chores.add_findings(found)
    standing = {finding.id for finding in found}
    gone = [each.id for each in ledger.chores.open_findings(KINDS, node.name) if each.id not in standing]
    ledger.chores.settle_findings(gone, now)
    return len(gone)


def _in_two_inflows(ledger: Ledger, node: Node, now: datetime) -> Iterator[Finding]:
    groups = ledger.entries.in_two_inflows(node.jurisdictions)
    held = ledger.entries.load({entry for group in groups for entry in group})
    for group in groups:
        entries = [held[each] for each in group]
        # Without a number, name and birth date are all that says that it is one person.
        if any(entry.person.document.type is DocumentType.NONE for entry in entries):
            continue
        counties = ", ".join(sorted(entry.jurisdiction for entry in entries))
        detail = f"one person from {entries[0].origin} is in the inflow registers of {counties}"
        yield _finding(node, TWO_INFLOWS, group, group, detail, now)


def _of_two_destinations(ledger: Ledger, node: Node, now: datetime) -> Iterator[Finding]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in ledger.register_runs.found_twice(node.jurisdictions):
        found[each.entry].append(each.pair.destination)
    for id_, entry in sorted(ledger.entries.load(found).items()):
        if not takes_part(entry):
            continue
        counties = found[id_]
        detail = f"the entry names {entry.destination}; its person is in the inflow registers of {', '.join(counties)}"
        yield _finding(node, TWO_DESTINATIONS, (entry.id,), (entry.id, *counties), detail, now)


def _finding(node: Node, kind: str, entries: Sequence[str], about: Sequence[str], detail: str, now: datetime) -> Finding:
    """The finding of entries; `about` is what makes it another one."""
    digest = ijson.digest(" ".join(about).encode())
    return Finding(id=f"{kind}.{digest}", kind=kind, partner=node.name, subject=" ".join(entries), detail=detail, at=now)
