"""What two do to one thing at once is both done: whoever read before the other's commit reads again."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from adapters.database.engine import Database
from exchange.codes import RegisterKind, Role, WithdrawalReason
from exchange.conversation import State
from exchange.exchanges import Acceptance, Exchange, PairedBy
from exchange.ledger import Ledger, LedgerBusy, Page
from exchange.people.register import EntryDraft
from exchange.verbs.cases.cancelling import follow
from exchange.verbs.deliver import requeue
from exchange.verbs.enrol import enrol
from exchange.verbs.keep_entry import protect_entry
from exchange.verbs.pair import pair, pair_waiting, unpair
from exchange.wire.batch import Outcome
from exchange.wire.problems import wire_problem
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    a_conversation,
    a_link,
    a_message,
    a_moment,
    a_person,
    an_entry,
    an_exchange,
    an_id,
    judged,
)
from tests.building.cases import a_case
from tests.building.sealing import open_database
from tests.building.waiting import at_once
from tests.life.two_nodes import a_node

LATER = wire_problem(LedgerBusy())
PARTNER = a_link().partner
NODE = a_node(WUCHANG_NODE, WUCHANG)
ENTRY = an_entry(9, jurisdiction=WUCHANG, register=RegisterKind.INFLOW)
OPEN = an_exchange(1, role=Role.ASKED, conversation=a_conversation(), person_index=ENTRY.person_index)
WITHDRAWN = replace(OPEN, conversation=a_conversation(State.WITHDRAWN), version=2)


@pytest.fixture
def database(database_url) -> Iterator[Database]:
    database = open_database(database_url, lock_seconds=30, keyed=NODE.keyed)
    database.upgrade()
    with database.transaction() as ledger:
        assert ledger.links.add(an_id(), PARTNER).id == 1
    yield database
    database.close()


def a_batch_withdraws(ledger: Ledger) -> None:
    ledger.links.of(PARTNER, lock=True)
    ledger.exchanges.save([replace(WITHDRAWN, entry=OPEN.entry)])


def held(database: Database, role: Role = Role.ASKED):
    with database.transaction(read_only=True) as ledger:
        return ledger.exchanges.load(1, role, [an_id(1)])[an_id(1)]


def test_a_pairing_keeps_what_a_batch_brought_meanwhile(database):
    with database.transaction() as ledger:
        ledger.exchanges.add([OPEN])
        ledger.entries.add([ENTRY])
    at_once(database, a_batch_withdraws, lambda ledger: pair(ledger, OPEN, ENTRY.id, a_moment(50)))
    expected = replace(WITHDRAWN, entry=ENTRY.id, paired_at=a_moment(50), pairing=PairedBy.CLERK, version=3)
    assert held(database) == expected


def saving(exchange: Exchange) -> Callable[[Ledger], None]:
    """What the other one does: lock the link, and save the exchange."""

    def save(ledger: Ledger) -> None:
        ledger.links.of(PARTNER, lock=True)
        ledger.exchanges.save([exchange])

    return save


def test_an_unpairing_keeps_what_a_batch_brought_meanwhile(database):
    together = replace(OPEN, entry=ENTRY.id, paired_at=a_moment(40), pairing=PairedBy.EXACT)
    with database.transaction() as ledger:
        ledger.entries.add([ENTRY])
        ledger.exchanges.add([together])
    at_once(
        database,
        saving(replace(together, conversation=WITHDRAWN.conversation, version=2)),
        lambda ledger: unpair(ledger, together, a_moment(1)),
    )
    assert held(database) == replace(WITHDRAWN, pairing=PairedBy.UNDONE, version=3)


def test_a_new_entry_is_not_paired_with_what_was_withdrawn_meanwhile(database):
    with database.transaction() as ledger:
        ledger.exchanges.add([OPEN])
        ledger.entries.add([ENTRY])
    at_once(database, a_batch_withdraws, lambda ledger: pair_waiting(ledger, [ENTRY], a_moment(50)))
    assert held(database) == WITHDRAWN


def test_a_sheet_does_not_lift_the_protection_that_is_set_meanwhile(database):
    draft = EntryDraft(register=RegisterKind.INFLOW, origin=XICHENG, destination=WUCHANG, person=a_person(9))

    def sheet(changes: dict) -> Callable[[Ledger], object]:
        return lambda ledger: enrol(ledger, NODE, WUCHANG, [replace(draft, **changes)], a_moment(60))

    with database.transaction() as ledger:
        (made,) = enrol(ledger, NODE, WUCHANG, [draft], a_moment(50))
    entry_id = str(made.entry)
    at_once(
        database,
        lambda ledger: protect_entry(ledger, frozenset({WUCHANG}), entry_id, True, a_moment(55)),
        sheet({"township": "420106001"}),
    )
    with database.transaction(read_only=True) as ledger:
        entry = ledger.entries.get(entry_id)
        assert (entry.protected, entry.township, entry.version) == (True, "420106001", 3)


def test_what_is_queued_again_keeps_what_a_clerk_said_meanwhile(database):
    rejected = an_exchange(1, acceptance=Acceptance.REJECTED)
    later = judged(a_message(1), outcome=Outcome.REJECTED, problem=LATER)
    with database.transaction() as ledger:
        ledger.exchanges.add([rejected])
        ledger.messages.add([later])
    paired = replace(rejected, entry=ENTRY.id, version=2)
    at_once(
        database,
        saving(paired),
        lambda ledger: requeue(ledger, a_moment(5000), 10),
    )
    assert held(database, Role.ASKER) == replace(paired, acceptance=Acceptance.PENDING, version=3)


def test_a_case_that_is_followed_stays_with_the_clerk_to_whom_it_is_handed_meanwhile(database):
    case = a_case(cancelled_at=a_moment(40), cancelled_for=WithdrawalReason.PERSON_WITHDREW, following=True)
    with database.transaction() as ledger:
        ledger.cases.add(case)
    handed = replace(case, owner="another", version=2)

    def hand_over(ledger: Ledger) -> None:
        ledger.cases.get(case.id, lock=True)
        ledger.cases.save(handed)

    at_once(
        database,
        hand_over,
        lambda ledger: follow(ledger, NODE, a_moment(50), Page()),
    )
    with database.transaction(read_only=True) as ledger:
        assert ledger.cases.get(case.id) == replace(handed, following=False, version=3)


def test_an_erased_body_does_not_come_back_by_an_older_reading(database):
    with database.transaction() as ledger:
        ledger.messages.add([judged(a_message(n)) for n in (1, 2)])

    def say_again(ledger: Ledger) -> None:
        ledger.messages.save([each for log in ledger.messages.of_exchanges(1, [an_id(1), an_id(2)]).values() for each in log])

    with suppress(LedgerBusy):
        at_once(database, lambda ledger: ledger.messages.erase(1, [an_id(1)]), say_again)
    with database.transaction(read_only=True) as ledger:
        logs = ledger.messages.of_exchanges(1, [an_id(1), an_id(2)])
        assert [message.line is None for name in (1, 2) for message in logs[an_id(name)]] == [True, False]


def test_a_note_that_was_erased_does_not_come_back_by_an_older_reading(database):
    with database.transaction() as ledger:
        ledger.messages.add([judged(a_message(1))])

    def shorten(ledger: Ledger) -> None:
        (message,) = ledger.messages.of_exchanges(1, [an_id(1)])[an_id(1)]
        ledger.messages.shorten([replace(message, line=b"short")])

    def say_again(ledger: Ledger) -> None:
        ledger.messages.save(ledger.messages.of_exchanges(1, [an_id(1)])[an_id(1)])

    with suppress(LedgerBusy):
        at_once(database, shorten, say_again)
    with database.transaction(read_only=True) as ledger:
        assert [message.line for message in ledger.messages.of_exchanges(1, [an_id(1)])[an_id(1)]] == [b"short"]


def test_an_erased_person_does_not_come_back_by_an_older_reading(database):
    with database.transaction() as ledger:
        ledger.entries.add([ENTRY])

    def save(ledger: Ledger) -> None:
        ledger.entries.save(list(ledger.entries.load([ENTRY.id]).values()))

    with suppress(LedgerBusy):
        at_once(database, lambda ledger: ledger.entries.erase([ENTRY.id]), save)
    with database.transaction(read_only=True) as ledger:
        assert ledger.entries.get(ENTRY.id) is None
        assert not ledger.entries.by_person([WUCHANG], [ENTRY.person_index])


def test_an_erased_couple_does_not_come_back_by_an_older_reading(database):
    case = a_case(finished_at=a_moment(40))
    with database.transaction() as ledger:
        ledger.cases.add(case)

    def hand_over(ledger: Ledger) -> None:
        held = ledger.cases.get(case.id)
        assert held is not None
        ledger.cases.save(held.handed_to("another"))

    with suppress(LedgerBusy):
        at_once(database, lambda ledger: ledger.cases.save(case.without_couple()), hand_over)
    with database.transaction(read_only=True) as ledger:
        kept = ledger.cases.get(case.id)
        assert kept is not None
        assert not kept.names_couple


def test_a_row_is_filled_again_by_whoever_read_that_it_is_empty(database):
    """What a partner rejected for a while has no line here, and gets it with the word that follows."""
    freed = judged(a_message(1), line=None, outcome=Outcome.REJECTED, problem=LATER)
    with database.transaction() as ledger:
        ledger.messages.add([freed])
    with pytest.raises(LedgerBusy), database.transaction() as ledger:
        ledger.messages.save([judged(a_message(1))])
    with database.transaction() as ledger:
        ledger.messages.known(1, freed.direction, [freed.id])
        ledger.messages.save([judged(a_message(1))])
    with database.transaction(read_only=True) as ledger:
        assert ledger.messages.known(1, freed.direction, [freed.id]) == {freed.id: judged(a_message(1))}
