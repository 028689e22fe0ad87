"""Who waits for whom, and what is told to those who have waited in vain."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from exchange.codes import Role
from exchange.ledger import LedgerAway, LedgerBusy
from exchange.people.register import EntryExists
from tests.builders import a_link, a_moment, an_answer, an_entry, an_exchange, an_id, an_import
from tests.building.sealing import open_database

PARTNER = a_link().partner


@pytest.fixture
def database(database_url):
    database = open_database(database_url, lock_seconds=0.3)
    database.upgrade()
    with database.transaction() as ledger:
        ledger.links.add(an_id(), PARTNER)
    yield database
    database.close()


def test_writers_that_read_first_never_lose_a_change(database_url, database):
    patient = open_database(database_url, lock_seconds=30)

    def count_up(_):
        with patient.transaction() as ledger:
            link = ledger.links.of(PARTNER, lock=True)
            assert link is not None
            ledger.links.save(replace(link, attempts=link.attempts + 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(80)))
    patient.close()
    with database.transaction(read_only=True) as ledger:
        assert ledger.links.of(PARTNER).attempts == 80


def test_a_lock_that_does_not_come_in_time_is_busy(database):
    with database.transaction() as ledger:
        ledger.links.of(PARTNER, lock=True)

        def second():
            with database.transaction() as other:
                other.links.of(PARTNER, lock=True)

        with ThreadPoolExecutor(1) as pool, pytest.raises(LedgerBusy):
            pool.submit(second).result()


def test_a_reader_waits_for_no_writer(database):
    with database.transaction() as ledger:
        link = ledger.links.of(PARTNER, lock=True)
        ledger.links.save(replace(link, attempts=9))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_attempts, database).result(timeout=5) == 0
    assert _attempts(database) == 9


def _attempts(database):
    with database.transaction(read_only=True) as ledger:
        return ledger.links.of(PARTNER).attempts


def test_a_connection_that_served_a_reader_can_write_again(database):
    with database.transaction(read_only=True) as ledger:
        ledger.links.all()
    with database.transaction() as ledger:
        ledger.exchanges.add([an_exchange(1)])


def test_a_write_in_a_read_only_transaction_is_refused_on_every_way(database):
    for write in (
        lambda ledger: ledger.exchanges.add([an_exchange(1)]),
        lambda ledger: ledger.exchanges.add([an_exchange(n) for n in range(100)]),
        lambda ledger: ledger.links.add(an_id(7), "other.example"),
    ):
        with pytest.raises(PermissionError), database.transaction(read_only=True) as ledger:
            write(ledger)


def test_a_refused_entry_leaves_the_rest_of_the_transaction_alone(database):
    first = an_entry(1)
    twin = replace(an_entry(2), person_index=first.person_index)
    with database.transaction() as ledger:
        ledger.entries.add([first])
        with pytest.raises(EntryExists):
            ledger.entries.add([an_entry(3), twin])
        ledger.entries.add([an_entry(4)])
    with database.transaction() as ledger:
        kept = [ledger.entries.get(an_entry(n).id) for n in (1, 2, 3, 4)]
    assert [entry is not None for entry in kept] == [True, False, False, True]


def test_of_two_who_remember_an_answer_for_one_key_the_later_is_busy(database):
    with database.transaction() as ledger:
        ledger.access.remember(an_answer())
    with pytest.raises(LedgerBusy), database.transaction() as ledger:
        ledger.access.remember(an_answer())


def test_of_two_who_take_in_the_same_file_the_later_is_busy(database):
    with database.transaction() as ledger:
        ledger.imports.add(an_import(1), [])
    with pytest.raises(LedgerBusy), database.transaction() as ledger:
        ledger.imports.add(replace(an_import(1), id=an_id(99)), [])


def test_a_database_that_is_away_is_told_as_such():
    database = open_database("postgresql://nobody@/nowhere?host=/nonexistent", lock_seconds=0.3)
    with pytest.raises(LedgerAway), database.transaction() as ledger:
        ledger.links.all()
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_finds_no_connection_free_in_time_is_busy(database):
    with ExitStack() as held:
        for _ in range(16):
            held.enter_context(database.transaction(read_only=True)).links.all()
        with pytest.raises(LedgerBusy):
            _attempts(database)
    assert _attempts(database) == 0


@pytest.mark.parametrize("count", [1, 20, 21, 50, 51, 400])
def test_few_rows_and_many_are_written_alike(database, count):
    added = [an_exchange(n) for n in range(count)]
    changed = [replace(each, version=2, paired_at=a_moment(5)) for each in added]
    names = [each.key.exchange for each in added]
    with database.transaction() as ledger:
        ledger.exchanges.add(added)
        assert ledger.exchanges.load(1, Role.ASKER, names) == {each.key.exchange: each for each in added}
        ledger.exchanges.save(changed)
        ledger.exchanges.save(changed[::-1])
        assert ledger.exchanges.load(1, Role.ASKER, names) == {each.key.exchange: each for each in changed}


@pytest.mark.parametrize("count", [2, 100])
def test_who_changes_rows_of_which_one_was_never_added_is_told(database, count):
    with database.transaction() as ledger:
        ledger.exchanges.add([an_exchange(n) for n in range(1, count)])
    with pytest.raises(KeyError), database.transaction() as ledger:
        ledger.exchanges.save([an_exchange(n) for n in range(count)])


def test_a_closing_waits_for_another_and_nobody_else_waits_for_it(postgresql_server):
    """Two closings at once would write the same versions twice. SQLite has one writer at a time anyway."""
    with postgresql_server.database() as url, ExitStack() as stack:
        first, second = (open_database(url, lock_seconds=0.3) for _ in range(2))
        stack.callback(first.close)
        stack.callback(second.close)
        first.upgrade()
        with first.transaction() as closing:
            closing.counting.lock()
            with second.transaction() as ledger:
                ledger.counting.queue([an_exchange().key], 1)
            with pytest.raises(LedgerBusy), second.transaction() as other:
                other.counting.lock()
