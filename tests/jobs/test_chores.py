"""The daily and hourly chores: reminders once and then weekly, the withdrawn erased, new keys learned."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.auditing.trail import Trail, leaving
from exchange.auditing.event import Actor, ActorKind
from exchange.checking.check import DifferenceState
from exchange.codes import CloseReason, Kind, WithdrawalReason
from exchange.conversation import State
from exchange.errors import WoshouError
from exchange.exchanges import Direction, NoteKept
from exchange.verbs.reply import Said, reply
from exchange.wire.message import WithdrawalBody
from jobs.clocks.overdue import announce_overdue
from jobs.clocks.remind import remind_partners
from jobs.deliver import deliver_all
from jobs.renew import renew_partners
from jobs.runner import Clockwork, on_shift
from jobs.timetable import Every, Job
from jobs.upkeep.retain import AT_ONCE, in_turn, retain
from jobs.upkeep.tidy import tidy
from tests.builders import WUCHANG_NODE, a_check, a_difference, a_moment, a_register_difference, an_entry
from tests.building.cases import a_case
from tests.certificates.support import a_check as a_certificate_check
from tests.jobs.offices import Pair, a_pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_pair(tmp_path)


class Refusal(WoshouError):
    """Something is wrong with one step."""

    code, zh, en = "refusal", "无", "none"


def test_a_step_that_is_refused_holds_no_other_up():
    done = []

    def step(name: str) -> None:
        done.append(name)
        if name == "first":
            raise Refusal

    def steps() -> None:
        with in_turn() as turn:
            for name in ("first", "second"):
                with turn():
                    step(name)

    with pytest.raises(Refusal):
        steps()
    assert done == ["first", "second"]


def day_by_day(pair: Pair, days: int) -> list[str]:
    """What the reminding job says on each of these days, with delivery after it."""
    said = []
    with on_shift(pair.xicheng, pair.client) as shift:
        for _ in range(days):
            pair.clock.move(timedelta(days=1))
            said.append(remind_partners(shift))
            deliver_all(shift)
    return said


def test_an_overdue_exchange_is_reminded_of_the_day_after_its_limit_and_then_weekly(pair: Pair):
    exchange = pair.ask()
    with on_shift(pair.xicheng, pair.client) as shift:
        deliver_all(shift)
    held = pair.held(pair.xicheng, exchange)
    assert held is not None
    assert held.first_due is not None
    until_due = (held.first_due - pair.clock.now().date()).days
    assert day_by_day(pair, until_due) == ["0 reminders"] * until_due
    after = day_by_day(pair, 15)
    assert [day for day, said in enumerate(after, 1) if said == "1 reminders"] == [1, 8, 15]


def test_overdue_is_counted_on_both_sides(pair: Pair):
    pair.ask()
    with on_shift(pair.xicheng, pair.client) as shift:
        deliver_all(shift)
        assert announce_overdue(shift) == "owed 0, 0 of them new; awaited 0, 0 of them new"
        pair.clock.move(timedelta(days=60))
        assert announce_overdue(shift) == "owed 0, 0 of them new; awaited 1, 0 of them new"
    with on_shift(pair.wuchang, pair.client) as shift:
        assert announce_overdue(shift) == "owed 1, 0 of them new; awaited 0, 0 of them new"


def test_differences_of_registers_are_forgotten_thirty_days_after_they_were_settled(pair: Pair):
    settled = a_register_difference(1, settled_at=pair.clock.now())
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.register_runs.put_differences([settled, a_register_difference(2)])
    with on_shift(pair.xicheng, pair.client) as shift:
        for days, forgotten in ((30, 0), (1, 1), (1, 0)):
            pair.clock.move(timedelta(days=days))
            assert tidy(shift).endswith(f"{forgotten} settled ones forgotten")


def test_checks_of_certificates_are_forgotten_after_a_year(pair: Pair):
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.certificate_checks.add(a_certificate_check(1, at=pair.clock.now()))
    with on_shift(pair.xicheng, pair.client) as shift:
        for days, forgotten in ((366, 0), (1, 1), (1, 0)):
            pair.clock.move(timedelta(days=days))
            assert f", {forgotten} checks of certificates forgotten," in tidy(shift)


def test_differences_that_nobody_settled_lapse_after_thirty_days(pair: Pair):
    born = pair.clock.now()
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.cross_checks.add(a_check(), [], [a_difference(1, at=born)])
    with on_shift(pair.xicheng, pair.client) as shift:
        for days, lapsed in ((30, 0), (1, 1), (1, 0)):
            pair.clock.move(timedelta(days=days))
            assert f", {lapsed} differences lapsed" in tidy(shift)
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        (left,) = ledger.cross_checks.pick(a_check().id, [a_difference(1).id])
    assert (left.state, left.proposal) == (DifferenceState.LAPSED, None)


def test_what_was_withdrawn_is_erased_on_both_sides(pair: Pair):
    exchange, kept = pair.ask(1), pair.ask(2)
    with on_shift(pair.xicheng, pair.client) as shift:
        deliver_all(shift)
        with pair.xicheng.ledgers.transaction() as ledger:
            (held,) = ledger.exchanges.named(exchange)
            body = WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE)
            reply(ledger, pair.xicheng.node, held, Said(kind=Kind.WITHDRAWAL, body=body), pair.clock.now())
        deliver_all(shift)
        assert tidy(shift).startswith("1 withdrawn exchanges erased")
        assert tidy(shift).startswith("0 withdrawn exchanges erased")
    with on_shift(pair.wuchang, pair.client) as shift:
        tidy(shift)
    for office, direction in ((pair.xicheng, Direction.OUT), (pair.wuchang, Direction.IN)):
        with office.ledgers.transaction(read_only=True) as ledger:
            log = ledger.messages.of_exchanges(1, [exchange, kept])
            (held,) = ledger.exchanges.named(exchange)
        assert {(each.direction, each.line) for each in log[exchange]} == {(direction, None)}
        assert all(each.line is not None for each in log[kept])
        assert held.conversation is not None
        assert held.conversation.state is State.WITHDRAWN


def test_what_a_job_erased_is_told_in_the_audit_and_nothing_else_of_it(pair: Pair):
    exchange = pair.ask(1)
    job = Job(name="tidy", run=tidy, when=Every(interval=timedelta(hours=1)))
    with on_shift(pair.xicheng, pair.client) as shift:
        Clockwork(job, shift).tick()
        deliver_all(shift)
        with pair.xicheng.ledgers.transaction() as ledger:
            (held,) = ledger.exchanges.named(exchange)
            body = WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE)
            reply(ledger, pair.xicheng.node, held, Said(kind=Kind.WITHDRAWAL, body=body), pair.clock.now())
        deliver_all(shift)
        Clockwork(job, shift).tick()
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        (row,) = ledger.audit.rows("")
    assert (row.event.actor, row.event.subjects) == (Actor(kind=ActorKind.JOB, id="tidy"), (f"exchange:{exchange}",))


def test_a_job_that_erases_notes_couples_or_old_checks_says_so_too(pair: Pair):
    exchange, office = pair.ask(1), pair.xicheng
    trail = Trail(
        action="tidy",
        node=office.node,
        now=office.now,
        ledgers=office.ledgers,
        actor=Actor(kind=ActorKind.JOB, id="tidy"),
        always=False,
    )
    with office.ledgers.transaction() as ledger:
        ledger.cases.add(a_case(7))
        ledger.certificate_checks.add(a_certificate_check(1))
    with leaving(trail), office.ledgers.transaction() as ledger:
        (message,) = ledger.messages.of_exchanges(1, [exchange])[exchange]
        ledger.messages.save([message])
        ledger.cases.save(a_case(7))
    with leaving(trail), office.ledgers.transaction() as ledger:
        ledger.messages.shorten([replace(message, note=NoteKept.ERASED)])
        ledger.cases.save(a_case(7).without_couple())
        assert ledger.certificate_checks.forget(a_moment(9_000_000)) == 1
    with office.ledgers.transaction(read_only=True) as ledger:
        (row,) = ledger.audit.rows("")
    assert row.event.subjects == (f"exchange:{exchange}", f"case:{a_case(7).id}")
    assert (row.event.count, row.event.actor.kind) == (1, ActorKind.JOB)


def test_a_new_key_is_learned_before_it_is_needed(pair: Pair):
    pair.wuchang.keyring.rotate(pair.clock.now(), timedelta(days=1))
    with on_shift(pair.xicheng, pair.client) as shift:
        assert renew_partners(shift) == "1 of 1 renewed"
    with on_shift(pair.xicheng, pair.client) as shift:
        assert renew_partners(shift) == "0 of 1 renewed"
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(WUCHANG_NODE)
    assert partner is not None
    assert len(partner.keys) == 4
    assert partner.signing_key_at(pair.wuchang.signing_key().kid, pair.clock.now()) is not None


def test_a_partner_is_looked_at_once_a_minute_however_often_it_is_asked_for(pair: Pair):
    with on_shift(pair.xicheng, pair.client) as shift:
        for _ in range(3):
            renew_partners(shift)
    assert pair.wire.requests.count("GET /.well-known/migrant-exchange") == 1


def test_every_night_retention_erases_in_pieces_what_was_kept_long_enough(pair: Pair):
    closed = [an_entry(n, closed_at=a_moment(), close_reason=CloseReason.RETURNED) for n in range(AT_ONCE + 1)]
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.entries.add([*closed, an_entry(999)])
    with on_shift(pair.xicheng, pair.client) as shift:
        for days, gone in ((720, 0), (12, AT_ONCE + 1), (1, 0)):
            pair.clock.move(timedelta(days=days))
            assert retain(shift) == f"0 bodies, 0 indexes, 0 couples, {gone} persons, 0 rows, 0 held_up"


def test_retention_that_is_told_to_stop_goes_on_the_next_time(pair: Pair):
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(1, closed_at=a_moment(), close_reason=CloseReason.RETURNED)])
    pair.clock.move(timedelta(days=800))
    with on_shift(pair.xicheng, pair.client) as shift:
        shift.stopping.set()
        assert retain(shift).startswith("0 bodies, 0 indexes, 0 couples, 0 persons")
        shift.stopping.clear()
        assert retain(shift).startswith("0 bodies, 0 indexes, 0 couples, 1 persons")
