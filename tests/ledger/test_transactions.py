"""A ledger is one transaction: all of it is kept, or nothing."""

import threading
from collections.abc import Callable

import pytest

from exchange.exchanges import Link
from exchange.ledger import Ledger, Ledgers
from tests.builders import a_digest, a_link, a_message, an_agreement, an_entry, an_exchange, an_id
from tests.ledger.support import TAKEN


class _Trouble(Exception):
    """Something that goes wrong half way."""


def _fail_after(ledgers: Ledgers, deed: Callable[[Ledger], None]) -> None:
    with ledgers.transaction() as ledger:
        deed(ledger)
        raise _Trouble


def _write_something(ledger: Ledger) -> None:
    ledger.links.add(an_id(), "node-1.example")
    ledger.messages.add([a_message()])
    ledger.exchanges.add([an_exchange()])
    ledger.entries.add([an_entry()])
    ledger.agreements.add(an_agreement())


def test_what_was_written_is_there_in_the_next_transaction(ledgers):
    with ledgers.transaction() as ledger:
        made = ledger.links.add(an_id(), "node-1.example")
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.links.all() == [made]


def test_nothing_is_kept_of_a_transaction_that_an_exception_ends(ledgers):
    with pytest.raises(_Trouble):
        _fail_after(ledgers, _write_something)
    with ledgers.transaction() as ledger:
        assert ledger.links.all() == []
        assert ledger.messages.queued(1, 10) == []
        assert ledger.exchanges.named(an_id()) == []
        assert ledger.entries.get(an_id()) is None
        assert ledger.agreements.get(a_digest("agreement 1")) is None


def test_a_change_that_an_exception_undoes_leaves_the_value_as_it_was(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(version=1)])
    with pytest.raises(_Trouble):
        _fail_after(ledgers, lambda ledger: ledger.entries.save([an_entry(version=2)]))
    with ledgers.transaction() as ledger:
        assert ledger.entries.get(an_id()) == an_entry(version=1)


def test_nothing_is_kept_of_a_set_in_which_one_key_is_taken(ledgers):
    with ledgers.transaction() as ledger:
        ledger.messages.add([a_message(2)])
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.messages.add([a_message(1), a_message(2), a_message(3)])
    with ledgers.transaction() as ledger:
        assert ledger.messages.queued(1, 10) == [a_message(2)]


def test_after_a_failed_transaction_the_next_one_works(ledgers):
    with pytest.raises(_Trouble):
        _fail_after(ledgers, _write_something)
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry()])
    with ledgers.transaction() as ledger:
        assert ledger.entries.get(an_id()) == an_entry()


def test_a_read_only_transaction_changes_nothing_and_says_so(ledgers):
    with pytest.raises(PermissionError), ledgers.transaction(read_only=True) as ledger:
        ledger.entries.add([an_entry()])
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id()) is None


def test_a_transaction_reads_what_it_wrote(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry()])
        assert ledger.entries.get(an_id()) == an_entry()


def test_a_reader_sees_one_state_of_the_books_to_its_end(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(1)])
    with ledgers.transaction(read_only=True) as reader:
        assert reader.entries.get(an_id(1)) == an_entry(1)
        with ledgers.transaction() as writer:
            writer.entries.save([an_entry(1, version=2)])
            writer.entries.add([an_entry(2)])
        assert reader.entries.get(an_id(1)) == an_entry(1)
        assert reader.entries.get(an_id(2)) is None


def test_who_asks_for_a_link_with_its_lock_sees_what_the_one_before_left(ledgers):
    with ledgers.transaction() as ledger:
        ledger.links.add(an_id(), "node-1.example")

    def go_on() -> None:
        for _ in range(10):
            with ledgers.transaction() as ledger:
                link = ledger.links.of("node-1.example", lock=True)
                assert link is not None
                ledger.links.save(a_link(id=link.id, out_sequence=link.out_sequence + 1))

    threads = [threading.Thread(target=go_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledgers.transaction() as ledger:
        link: Link | None = ledger.links.of("node-1.example")
        assert link == a_link(id=link.id if link else 0, out_sequence=30)
