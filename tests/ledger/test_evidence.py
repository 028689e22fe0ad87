"""Evidence of what two sides cannot settle, and a batch that gives way."""

from dataclasses import replace

import pytest

from exchange.cursors import evidence_cursor
from exchange.exchanges import Direction
from exchange.ledger import Page
from exchange.settling.evidence import Evidence, EvidenceKind
from exchange.settling.heads import Log
from tests.builders import a_batch, a_digest, a_moment, an_id
from tests.ledger.support import in_pages


def an_evidence(n: int = 1, *, partner: str = "node-1.example") -> Evidence:
    """Two words on batch `n` of our log."""
    return Evidence.of(
        EvidenceKind.FORK,
        Log.OURS,
        partner=partner,
        link=an_id(1),
        sequence=n,
        ours=a_batch(n),
        their_manifest="header.theirs.signature",
        their_receipt=None,
        at=a_moment(n),
    )


def test_evidence_comes_back_as_it_was_added_the_newest_first_and_by_partner(ledgers):
    rows = [an_evidence(n) for n in (1, 2, 3)]
    other = an_evidence(4, partner="node-2.example")
    with ledgers.transaction() as ledger:
        for row in (*rows, other):
            ledger.evidence.add(row)
    with ledgers.transaction() as ledger:
        assert ledger.evidence.find("node-1.example", Page()) == rows[::-1]
        pages = in_pages(lambda page: ledger.evidence.find(None, page), evidence_cursor, 3)
        assert pages == [[other, *rows[:0:-1]], [rows[0]]]
        assert ledger.evidence.standing("node-1.example") == rows


def test_what_is_settled_stands_no_more_until_it_is_found_again(ledgers):
    row = an_evidence()
    with ledgers.transaction() as ledger:
        ledger.evidence.add(row)
        ledger.evidence.settle([row.id, "another"], a_moment(7))
    with ledgers.transaction() as ledger:
        assert ledger.evidence.standing("node-1.example") == []
        assert ledger.evidence.find(None, Page()) == [row.settled(a_moment(7))]
        ledger.evidence.settle([row.id], a_moment(8))
        assert ledger.evidence.find(None, Page()) == [row.settled(a_moment(7))]
        ledger.evidence.add(replace(row, at=a_moment(9)))
    with ledgers.transaction() as ledger:
        assert ledger.evidence.standing("node-1.example") == [row]
        ledger.evidence.add(row.settled(a_moment(9)))
        assert ledger.evidence.standing("node-1.example") == [row]


def test_a_batch_that_is_dropped_leaves_its_number_free_and_no_other(ledgers):
    with ledgers.transaction() as ledger:
        link = ledger.links.add(an_id(1), "node-1.example").id
        first, second = a_batch(1, link=link), a_batch(2, link=link)
        theirs = a_batch(2, link=link, direction=Direction.IN, digest=a_digest("theirs"))
        for batch in (first, second, theirs):
            ledger.links.add_batch(batch)
    with ledgers.transaction() as ledger:
        ledger.links.drop_batch(second)
    with ledgers.transaction() as ledger:
        assert ledger.links.batch(link, Direction.OUT, 2) is None
        assert ledger.links.batch(link, Direction.OUT, 1) == first
        assert ledger.links.batch(link, Direction.IN, 2) == theirs
        ledger.links.add_batch(replace(second, digest=a_digest("anew")))
    with pytest.raises(KeyError), ledgers.transaction() as ledger:
        ledger.links.drop_batch(a_batch(9, link=link))
