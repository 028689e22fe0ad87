"""Which runs stood at a moment: the last settled ones, those that came to nothing, and the steps of a series."""

from datetime import timedelta

from exchange.codes import RegisterKind
from exchange.counting.entries import NamedPlace
from exchange.people.register import EntryFactKind
from exchange.reconciling.handshake import Step, counts_of
from exchange.reconciling.results import Outcome
from tests.builders import WUCHANG, XICHENG, YUYANG
from tests.rates.histories import HANYANG, an_open_entry, holding, moment, then, until
from tests.rates.runs import THEIRS, a_failed_run, a_pair, a_run, reconciled

OWN = frozenset({WUCHANG})
BACK = a_pair(XICHENG, WUCHANG)
FIRST, SECOND, NEW_NODE = a_run(1, 1), a_run(2, 5), a_run(3, 7, partner="new.example")
OTHER_WAY, ELSEWHERE = a_run(4, 2, pair=BACK), a_run(5, 3, pair=a_pair(HANYANG, YUYANG))
FAILED, COUNTED, EARLY = a_failed_run(6, 4), a_failed_run(7, 6, Outcome.COUNTS_ONLY), a_failed_run(8, 0, pair=BACK)
UNDER_WAY = a_run(9, 8, ended_at=None, outcome=None, tally=None)
RUNS = (FIRST, SECOND, NEW_NODE, OTHER_WAY, ELSEWHERE, FAILED, COUNTED, EARLY, UNDER_WAY)


def test_the_last_settled_run_of_each_pair_and_partner_by_a_moment(ledgers):
    with reconciled(RUNS, ledgers).transaction(read_only=True) as ledger:
        runs = ledger.register_runs
        assert runs.settled(OWN, moment(4)) == [OTHER_WAY, FIRST]
        assert runs.settled(OWN, moment(5)) == [OTHER_WAY, SECOND]
        assert runs.settled(OWN | {HANYANG}, moment(90)) == [OTHER_WAY, ELSEWHERE, SECOND, NEW_NODE]
        assert runs.settled(frozenset({YUYANG}), moment(90)) == [ELSEWHERE]
        assert runs.settled(OWN, moment(1) - timedelta(milliseconds=1)) == []


def test_the_last_run_that_came_to_nothing(ledgers):
    with reconciled(RUNS, ledgers).transaction(read_only=True) as ledger:
        runs = ledger.register_runs
        assert runs.unsettled(OWN, moment(90)) == [EARLY, COUNTED]
        assert runs.unsettled(OWN, moment(5)) == [EARLY, FAILED]
        assert runs.unsettled(frozenset({HANYANG}), moment(90)) == []


def test_whether_anything_had_been_settled_and_when_last_with_each_partner(ledgers):
    with ledgers.transaction(read_only=True) as ledger:
        assert not ledger.register_runs.began(moment(90))
        assert ledger.register_runs.last_settled([THEIRS]) == {}
    with reconciled(RUNS, ledgers).transaction(read_only=True) as ledger:
        assert [ledger.register_runs.began(moment(day)) for day in (0.5, 1)] == [False, True]
        assert ledger.register_runs.last_settled([THEIRS, "new.example", "nobody.example"]) == {
            THEIRS: moment(5),
            "new.example": moment(7),
        }
        assert ledger.register_runs.last_settled([THEIRS]) == {THEIRS: moment(5)}


def test_the_steps_of_a_series_by_pair_and_then_by_time(ledgers):
    def step(place, run):
        return Step(place, run.pair, run.partner, run.ended_at, counts_of(run))

    moments = [moment(0), moment(1), until(5), until(6), until(30), until(31)]
    with reconciled(RUNS, ledgers).transaction(read_only=True) as ledger:
        assert ledger.register_runs.steps(OWN, moments) == [
            step(2, OTHER_WAY),
            step(1, FIRST),
            step(2, SECOND),
            step(4, NEW_NODE),
        ]
        assert ledger.register_runs.steps(OWN, moments[:2]) == [step(1, FIRST)]
        assert ledger.register_runs.steps(OWN, [moment(0)]) == []
        assert len(ledger.register_runs.steps(OWN, [moment(day / 40) for day in range(400)])) == 4


def test_of_two_runs_that_ended_at_once_the_greater_id_is_the_last(ledgers):
    twin = a_run(20, 5)
    with reconciled([twin, SECOND], ledgers).transaction(read_only=True) as ledger:
        assert ledger.register_runs.settled(OWN, moment(5)) == [twin]
        (step,) = ledger.register_runs.steps(OWN, [moment(5)])
        assert step.ended_at == moment(5)


def test_what_open_entries_named_at_a_moment(ledgers):
    closed = an_open_entry(3, 2, register=RegisterKind.OUTFLOW, origin=WUCHANG, destination="440000")
    closed[1].append(then(EntryFactKind.CLOSED, 3, 4, known=5))
    entries = [an_open_entry(1, 1), an_open_entry(2, 1), closed, an_open_entry(4, 1, jurisdiction=HANYANG, destination=HANYANG)]
    home = NamedPlace(WUCHANG, RegisterKind.INFLOW, XICHENG, WUCHANG, 2026)
    away = NamedPlace(WUCHANG, RegisterKind.OUTFLOW, WUCHANG, "440000", 2026)
    with holding(entries=entries, ledgers=ledgers).transaction(read_only=True) as ledger:
        found = {day: ledger.entries.named(OWN, moment(day)) for day in (0, 1, 4, 5)}
    assert found == {0: [], 1: [home], 4: [home, away], 5: [home]}
