"""Links and their batches."""

from dataclasses import replace

import pytest

from exchange.exchanges import Direction
from exchange.ledger import LedgerBusy
from tests.builders import a_batch, a_digest, a_link, a_moment, an_id
from tests.ledger.support import TAKEN


@pytest.fixture
def link(ledgers):
    with ledgers.transaction() as ledger:
        return ledger.links.add(an_id(1), "node-1.example")


def test_a_new_link_stands_at_the_beginning_of_both_logs(ledger):
    made = ledger.links.add(an_id(1), "node-1.example")
    assert made == a_link(id=made.id)
    assert ledger.links.of("node-1.example") == made


def test_a_node_that_is_no_partner_has_no_link(ledger):
    assert ledger.links.of("node-1.example") is None
    assert ledger.links.of("node-1.example", lock=True) is None


def test_links_are_listed_in_the_order_in_which_they_were_made(ledger):
    made = [ledger.links.add(an_id(n), f"node-{n}.example") for n in (3, 1, 2)]
    assert ledger.links.all() == made
    assert len({link.id for link in made}) == 3


@pytest.mark.parametrize(("uuid", "partner"), [(an_id(1), "node-2.example"), (an_id(2), "node-1.example")])
def test_a_partner_and_a_uuid_have_one_link(ledgers, link, uuid, partner):
    with pytest.raises(LedgerBusy), ledgers.transaction() as ledger:
        ledger.links.add(uuid, partner)
    with ledgers.transaction() as ledger:
        assert ledger.links.all() == [link]


def test_a_link_comes_back_as_it_was_saved(ledgers, link):
    saved = replace(
        link,
        out_sequence=2**40,
        out_digest=a_digest(1),
        out_turn=7,
        receipted=4,
        receipt_digest=a_digest(2),
        in_sequence=6,
        in_digest=a_digest(3),
        in_turn=8,
        issued_receipt_digest=a_digest(4),
        last_received_at=a_moment(1),
        attempts=3,
        retry_at=a_moment(2),
        last_contact_at=a_moment(3),
        trouble="503 ⚠ 对方繁忙",
    )
    with ledgers.transaction() as ledger:
        other = ledger.links.add(an_id(2), "node-2.example")
        ledger.links.save(saved)
    with ledgers.transaction() as ledger:
        assert ledger.links.of("node-1.example") == saved
        assert ledger.links.of("node-1.example", lock=True) == saved
        assert ledger.links.all() == [saved, other]
    with ledgers.transaction() as ledger:
        ledger.links.save(replace(saved, retry_at=None, trouble=None, attempts=0))
    with ledgers.transaction() as ledger:
        assert ledger.links.of("node-1.example") == replace(saved, retry_at=None, trouble=None, attempts=0)


def test_batches_are_kept_apart_by_direction_and_sequence(ledgers, link):
    batches = [
        a_batch(1, link=link.id),
        a_batch(2, link=link.id),
        a_batch(1, link=link.id, direction=Direction.IN, digest=a_digest("theirs"), seen=2),
    ]
    with ledgers.transaction() as ledger:
        for batch in batches:
            ledger.links.add_batch(batch)
    with ledgers.transaction() as ledger:
        assert [ledger.links.batch(link.id, batch.direction, batch.sequence) for batch in batches] == batches
        assert ledger.links.batch(link.id, Direction.IN, 2) is None
        assert ledger.links.batch(link.id + 1, Direction.OUT, 1) is None


def test_a_sequence_is_used_once(ledgers, link):
    with ledgers.transaction() as ledger:
        ledger.links.add_batch(a_batch(1, link=link.id))
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.links.add_batch(a_batch(1, link=link.id, digest=a_digest("other")))
    with ledgers.transaction() as ledger:
        assert ledger.links.batch(link.id, Direction.OUT, 1) == a_batch(1, link=link.id)


def test_a_receipt_is_stored_with_its_batch_and_no_other(ledgers, link):
    sent, other = a_batch(1, link=link.id), a_batch(2, link=link.id)
    receipted = replace(sent, received_at=a_moment(9), receipt_jws="header.receipt.signature", receipt_digest=a_digest("receipt"))
    with ledgers.transaction() as ledger:
        ledger.links.add_batch(sent)
        ledger.links.add_batch(other)
    with ledgers.transaction() as ledger:
        ledger.links.save_receipt(receipted)
    with ledgers.transaction() as ledger:
        assert ledger.links.batch(link.id, Direction.OUT, 1) == receipted
        assert ledger.links.batch(link.id, Direction.OUT, 2) == other


def test_a_batch_that_came_in_is_stored_with_its_receipt_at_once(ledgers, link):
    arrived = a_batch(
        1,
        link=link.id,
        direction=Direction.IN,
        received_at=a_moment(9),
        receipt_jws="header.receipt.signature",
        receipt_digest=a_digest("receipt"),
    )
    with ledgers.transaction() as ledger:
        ledger.links.add_batch(arrived)
    with ledgers.transaction() as ledger:
        assert ledger.links.batch(link.id, Direction.IN, 1) == arrived
