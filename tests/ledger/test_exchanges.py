"""The exchanges and their facts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.codes import Event, Item, Kind, Purpose, Result, Role, UrgentReason
from exchange.conversation import FactKind, State, Turn
from exchange.errors import Retry
from exchange.exchanges import Acceptance, ExchangeKey
from exchange.jurisdiction import Category
from exchange.wire.batch import WireProblem
from tests.builders import (
    YUYANG,
    a_conversation,
    a_day,
    a_digest,
    a_fact,
    a_message,
    a_moment,
    an_exchange,
    an_id,
    judged,
)
from tests.ledger.support import TAKEN

ASKER, ASKED = Role.ASKER, Role.ASKED
KEY = an_exchange().key
REJECTED = an_exchange(
    acceptance=Acceptance.REJECTED,
    received_at=a_moment(2),
    known_at=a_moment(3),
    problem=WireProblem(type="no-agreement", title="没有协议", detail="\\N\t\n\"'", retry=Retry.CONTACT),
)
FULL = an_exchange(
    link=2**40,
    role=ASKED,
    category=Category.INTRA_CITY,
    kind=Kind.NOTICE,
    event=Event.BIRTH,
    purpose=Purpose.BENEFIT,
    urgent=UrgentReason.BENEFIT_DEADLINE,
    items=(),
    submitted_at=a_moment(1) + timedelta(milliseconds=123),
    conversation=a_conversation(
        State.CHALLENGED,
        round=3,
        due=a_day(61),
        challenges=2,
        challenge=an_id(8),
        feedback=an_id(7),
        result=Result.MOVED_ON,
        fed_back_at=a_moment(70),
        reminded_on=a_day(2),
        last_turn=Turn(2**40, "wuchang.example", 999),
    ),
    entry=an_id(5),
    paired_at=a_moment(6),
    handled_by="420106001",
    version=12,
)


@pytest.mark.parametrize(
    "exchange",
    [an_exchange(), REJECTED, an_exchange(conversation=a_conversation(State.NOTED, due=None), first_due=None), FULL],
    ids=["pending", "rejected", "noted", "full"],
)
def test_an_exchange_comes_back_as_it_was_added(ledgers, exchange):
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([exchange])
    with ledgers.transaction() as ledger:
        key = exchange.key
        assert ledger.exchanges.load(key.link, key.role, [key.exchange]) == {key.exchange: exchange}
        assert ledger.exchanges.named(key.exchange) == [exchange]


def test_exchanges_are_loaded_by_link_role_and_name(ledger):
    mine, theirs, elsewhere = an_exchange(1), an_exchange(1, role=ASKED), an_exchange(1, link=2)
    ledger.exchanges.add([mine, theirs, elsewhere, an_exchange(2)])
    asked = [an_id(1), an_id(9)]
    assert ledger.exchanges.load(1, ASKER, asked) == {an_id(1): mine}
    assert ledger.exchanges.load(1, ASKED, asked) == {an_id(1): theirs}
    assert ledger.exchanges.load(2, ASKER, asked) == {an_id(1): elsewhere}
    assert ledger.exchanges.load(2, ASKED, asked) == {}
    assert ledger.exchanges.load(1, ASKER, []) == {}


def test_a_name_finds_all_sides_that_this_ledger_holds(ledger):
    sides = [an_exchange(1, role=ASKED), an_exchange(1), an_exchange(1, link=2)]
    ledger.exchanges.add([*reversed(sides), an_exchange(2)])
    assert ledger.exchanges.named(an_id(1)) == sides
    assert ledger.exchanges.named(an_id(9)) == []


def test_a_large_set_is_added_changed_and_loaded_whole(ledger):
    exchanges = [an_exchange(n) for n in range(1_500)]
    changed = [an_exchange(n, conversation=a_conversation(), version=2) for n in range(0, 1_500, 2)]
    ledger.exchanges.add(exchanges)
    ledger.exchanges.save(changed)
    expected = {exchange.key.exchange: exchange for exchange in [*exchanges, *changed]}
    assert ledger.exchanges.load(1, ASKER, (an_id(n) for n in range(40_000))) == expected


def test_an_empty_set_of_exchanges_is_stored_without_a_word(ledger):
    ledger.exchanges.add([])
    ledger.exchanges.save([])
    ledger.exchanges.add_facts([])
    ledger.exchanges.void_facts(KEY, [], a_moment())
    assert ledger.exchanges.facts(KEY) == []


def test_one_side_of_an_exchange_is_there_once(ledgers):
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([an_exchange(1)])
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.exchanges.add([an_exchange(1, entry=an_id(5))])
    with ledgers.transaction() as ledger:
        assert ledger.exchanges.named(an_id(1)) == [an_exchange(1)]


def test_a_saved_exchange_comes_back_as_it_was_saved_and_others_as_they_were(ledgers):
    other = an_exchange(1, link=2)
    saved = replace(FULL, key=KEY)
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([an_exchange(1), other])
    with ledgers.transaction() as ledger:
        ledger.exchanges.save([saved])
    with ledgers.transaction() as ledger:
        assert ledger.exchanges.named(an_id(1)) == [saved, other]


def test_facts_come_back_in_the_order_of_their_rounds_and_times(ledgers):
    opened = a_fact(FactKind.OPENED, 1, due=a_day(30))
    answered = a_fact(FactKind.ANSWERED, 2, result=Result.NOT_FOUND, known_at=a_moment(9))
    challenged = a_fact(FactKind.CHALLENGED, 3, round=2, due=a_day(60))
    confirmed = a_fact(FactKind.CONFIRMED, 4, round=2)
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([an_exchange(1)])
        ledger.exchanges.add_facts([(KEY, confirmed), (KEY, answered)])
        ledger.exchanges.add_facts([(KEY, challenged), (KEY, opened)])
    with ledgers.transaction() as ledger:
        assert ledger.exchanges.facts(KEY) == [opened, answered, challenged, confirmed]
        assert ledger.exchanges.facts(an_exchange(2).key) == []


def test_facts_belong_to_one_side_of_one_exchange(ledger):
    keys = [ExchangeKey(1, an_id(1), ASKER), ExchangeKey(1, an_id(1), ASKED), ExchangeKey(2, an_id(1), ASKER)]
    ledger.exchanges.add([an_exchange(1), an_exchange(1, role=ASKED), an_exchange(1, link=2)])
    ledger.exchanges.add_facts([(key, a_fact(FactKind.OPENED, n)) for n, key in enumerate(keys)])
    assert [ledger.exchanges.facts(key) for key in keys] == [[a_fact(FactKind.OPENED, n)] for n in range(3)]


def test_a_voided_fact_no_longer_stands_and_another_can_take_its_place(ledger):
    opened, answered = a_fact(FactKind.OPENED, 1), a_fact(FactKind.ANSWERED, 2)
    withdrawn = a_fact(FactKind.WITHDRAWN, 3)
    ledger.exchanges.add([an_exchange(1), an_exchange(2)])
    ledger.exchanges.add_facts([(KEY, opened), (KEY, answered), (KEY, withdrawn), (an_exchange(2).key, answered)])
    ledger.exchanges.void_facts(KEY, [answered.message, withdrawn.message], a_moment(9))
    assert ledger.exchanges.facts(KEY) == [opened]
    assert ledger.exchanges.facts(an_exchange(2).key) == [answered]

    anew = replace(answered, round=2, known_at=a_moment(9))
    ledger.exchanges.add_facts([(KEY, anew)])
    assert ledger.exchanges.facts(KEY) == [opened, anew]


def test_who_saves_an_exchange_that_was_never_added_is_told(ledgers):
    with pytest.raises(KeyError), ledgers.transaction() as ledger:
        ledger.exchanges.save([an_exchange(1)])


WITHDRAWN_FACT = a_fact(FactKind.WITHDRAWN, 3)


def test_a_withdrawn_exchange_is_to_be_erased_while_a_judged_line_is_left(ledgers):
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([an_exchange(1), an_exchange(2)])
        ledger.messages.add([judged(a_message(1)), judged(a_message(2))])
        ledger.exchanges.add_facts([(KEY, a_fact()), (KEY, WITHDRAWN_FACT), (an_exchange(2).key, a_fact(n=2))])
    with ledgers.transaction() as ledger:
        assert ledger.exchanges.to_erase(10) == [KEY]
        ledger.messages.erase(KEY.link, [KEY.exchange])
    with ledgers.transaction() as ledger:
        assert ledger.exchanges.to_erase(10) == []


def test_a_withdrawal_that_was_voided_erases_nothing(ledger):
    ledger.exchanges.add([an_exchange(1)])
    ledger.messages.add([judged(a_message(1))])
    ledger.exchanges.add_facts([(KEY, a_fact()), (KEY, WITHDRAWN_FACT)])
    ledger.exchanges.void_facts(KEY, [WITHDRAWN_FACT.message], a_moment(9))
    assert ledger.exchanges.to_erase(10) == []


def test_what_cannot_be_erased_yet_does_not_keep_other_exchanges_from_it(ledger):
    """Else a line that waits for its partner's receipt would fill every run of the tidying job."""
    waiting, ready = an_exchange(1), an_exchange(2)
    ledger.exchanges.add([waiting, ready])
    ledger.messages.add([judged(a_message(1), line=None), a_message(3, exchange=an_id(1)), judged(a_message(2))])
    ledger.exchanges.add_facts([(waiting.key, WITHDRAWN_FACT), (ready.key, WITHDRAWN_FACT)])
    assert ledger.exchanges.to_erase(1) == [ready.key]


def test_no_more_exchanges_are_to_be_erased_than_asked_for(ledger):
    exchanges = [an_exchange(n) for n in range(1, 6)]
    ledger.exchanges.add(exchanges)
    ledger.messages.add([judged(a_message(n)) for n in range(1, 6)])
    ledger.exchanges.add_facts([(exchange.key, WITHDRAWN_FACT) for exchange in exchanges])
    assert len(ledger.exchanges.to_erase(3)) == 3
    assert set(ledger.exchanges.to_erase(9)) == {exchange.key for exchange in exchanges}


def test_a_code_of_another_jurisdiction_and_agreement_may_be_saved_over(ledger):
    ledger.exchanges.add([an_exchange(1)])
    moved = an_exchange(1, other=YUYANG, destination=YUYANG, agreement=a_digest("other"), items=(Item.NAME,))
    ledger.exchanges.save([moved])
    assert ledger.exchanges.named(an_id(1)) == [moved]
