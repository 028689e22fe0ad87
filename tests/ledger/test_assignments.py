"""Every step of an assignment is kept, and comes back in the order of time."""

from exchange.codes import Role
from exchange.exchanges import ExchangeKey
from exchange.work.assignment import BY_COMMAND, Assignment, ReturnReason, at_moment
from tests.builders import a_day, a_moment, an_id

FIRST, SECOND = ExchangeKey(1, an_id(1), Role.ASKED), ExchangeKey(2, an_id(2), Role.ASKED)


def a_step(key=FIRST, n=1, township="420106001", **changes):
    given = {"exchange": key, "township": township, "at": a_moment(n), "due": a_day(20), "reason": None, "by": BY_COMMAND}
    return Assignment(**(given | changes))


RETURNED = a_step(n=5, township=None, due=None, reason=ReturnReason.NOT_OURS, by="key-1")


def test_the_steps_of_many_exchanges_come_back_whole_and_in_the_order_of_time(ledgers):
    with ledgers.transaction() as ledger:
        ledger.assignments.add([a_step(), RETURNED])
        ledger.assignments.add([a_step(SECOND, 3), a_step(n=9, township="420106002")])
        ledger.assignments.add([])
    with ledgers.transaction(read_only=True) as ledger:
        third = ExchangeKey(1, an_id(3), Role.ASKED)
        assert dict(ledger.assignments.of([FIRST, SECOND, third])) == {
            FIRST: (a_step(), RETURNED, a_step(n=9, township="420106002")),
            SECOND: (a_step(SECOND, 3),),
        }
        assert dict(ledger.assignments.current([FIRST, third])) == {FIRST: a_step(n=9, township="420106002")}


def test_of_steps_at_one_moment_the_later_one_stands(ledger):
    ledger.assignments.add([a_step(township=f"42010600{n}") for n in (3, 1, 2)])
    assert [step.township for step in ledger.assignments.of([FIRST])[FIRST]] == ["420106003", "420106001", "420106002"]
    assert ledger.assignments.current([FIRST])[FIRST].township == "420106002"


def test_the_other_side_of_a_local_exchange_has_no_part_in_it(ledger):
    ledger.assignments.add([a_step()])
    assert dict(ledger.assignments.of([FIRST._replace(role=Role.ASKER), FIRST._replace(link=2)])) == {}
    assert dict(ledger.assignments.of([])) == {}


def test_many_steps_are_added_at_once(ledger):
    steps = [a_step(ExchangeKey(1, an_id(n), Role.ASKED), n) for n in range(1, 80)]
    ledger.assignments.add(steps)
    assert [step for (step,) in ledger.assignments.of([step.exchange for step in steps]).values()] == steps


def test_who_had_it_at_a_past_moment_is_told_by_the_last_step_until_then(ledger):
    ledger.assignments.add([a_step(), RETURNED, a_step(n=9, township="420106002")])
    history = ledger.assignments.of([FIRST])[FIRST]
    held = [at_moment(history, a_moment(n)) for n in (0, 1, 4, 5, 9, 99)]
    assert [step and step.township for step in held] == [None, "420106001", "420106001", None, "420106002", "420106002"]
