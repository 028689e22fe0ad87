"""The life of a case that is sent on, committed to, finished and contradicted, the same on every ledger."""

from datetime import date

from exchange.cases.progress import CaseState
from exchange.codes import Result, Role, WithdrawalReason
from exchange.ledger import CaseFilter, Page
from exchange.verbs.cases.cancelling import cancel, follow
from exchange.verbs.cases.settling import CommitmentDraft, commit, finish
from exchange.verbs.routing.pin import pin
from exchange.verbs.routing.send_on import send_on
from tests.builders import WUCHANG, XICHENG, YUYANG
from tests.cases.world import APPLIED, World

OWN = frozenset({XICHENG})


def test_a_case_lives_on_every_ledger(ledgers):
    world = World.of(XICHENG, WUCHANG, YUYANG, ledgers=ledgers)
    station = world.stations[XICHENG]
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    world.carry()
    (asked,) = station.exchanges()
    world.answer(WUCHANG, asked.key.exchange, Result.WRONG_JURISDICTION, jurisdiction=YUYANG)
    with station.ledgers.transaction() as ledger:
        pin(ledger, station.node, "6108", world.stations[YUYANG].node.name, world.now)
        sent = send_on(ledger, station.node, world.held(XICHENG, asked.key.exchange), world.now)
    world.carry()
    with station.ledgers.transaction() as ledger:
        paper = CommitmentDraft(made_on=APPLIED, reference="CN-1")
        commit(ledger, station.node, OWN, "key-1", case, paper, world.now)
        finish(ledger, station.node, OWN, "key-1", case, world.now, on=date(2026, 3, 2))
    world.pass_time(hours=1)
    world.answer(YUYANG, sent.after.key.exchange, Result.NOT_FOUND)
    with station.ledgers.transaction() as ledger:
        found, _ = follow(ledger, station.node, world.now, Page())
    assert found == 1
    with station.ledgers.transaction(read_only=True) as ledger:
        listed = ledger.cases.find(CaseFilter(own=OWN, contradicted=True), Page())
        assert ledger.cases.following(Page()) == []
    assert [one.id for one in listed] == [case]
    assert world.case(XICHENG, case).state is CaseState.FINISHED
    assert len(world.stations[YUYANG].exchanges(Role.ASKED)) == 2


def test_a_case_is_cancelled_on_every_ledger(ledgers):
    world = World.of(XICHENG, WUCHANG, ledgers=ledgers)
    station = world.stations[XICHENG]
    case = world.open_case(XICHENG, WUCHANG, None)
    with station.ledgers.transaction() as ledger:
        cancel(ledger, station.node, OWN, "key-1", case, WithdrawalReason.PERSON_WITHDREW, world.now)
    world.carry()
    with station.ledgers.transaction() as ledger:
        assert [one.id for one in follow(ledger, station.node, world.now, Page())[1]] == [case]
    with station.ledgers.transaction(read_only=True) as ledger:
        held = ledger.cases.get(case)
    assert held is not None
    assert (held.following, [one.person for one in held.spouses]) == (False, [None, None])
