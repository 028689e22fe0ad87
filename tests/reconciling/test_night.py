"""A night with many partners: failures stay alone, a stop or a crash is gone on with, and one process at a time reconciles."""

import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.memory import MemoryLedgers
from adapters.partner_calls import PartnerUnavailable
from adapters.partner_http import PartnerRefused
from adapters.reconciling.night import LEAD, ReconciliationUnderWay
from adapters.reconciling.steps import Unwatched
from exchange.errors import NotAuthentic
from exchange.ledger import LedgerBusy, Page
from exchange.reconciling.reconciliation import EVERYTHING, By, LinkStep, Scope
from exchange.reconciling.results import Tally
from exchange.verbs.reconciling.night import BROKE_DOWN
from exchange.verbs.reconciling.review import review
from tests.builders import WUCHANG
from tests.building.sealing import open_database
from tests.building.waiting import until
from tests.reconciling.nights import (
    COUNTIES,
    OWN,
    PARTNERS,
    QUICK,
    Partners,
    agreed,
    an_office_with_partners,
    later,
    out_to,
)

ROOT = Path(__file__).parents[2]
ALL = [out_to(county) for county in sorted(COUNTIES.values())]
AWAY = PartnerUnavailable()
SOON = PartnerUnavailable(wait=timedelta(milliseconds=1))


@pytest.fixture
def partners(tmp_path, database_url):
    database = open_database(database_url)
    database.upgrade()
    yield Partners(an_office_with_partners(tmp_path / "node", database))
    database.close()


@pytest.fixture
def in_memory(tmp_path):
    return Partners(an_office_with_partners(tmp_path / "node"))


def held(partners: Partners, reconciliation: str):
    office = partners.office
    with office.ledgers.transaction(read_only=True) as ledger:
        return review(ledger, office.node, office.node.jurisdictions, reconciliation)


def listed(partners: Partners):
    with partners.office.ledgers.transaction(read_only=True) as ledger:
        return ledger.reconciliations.find(Page())


def test_a_night_reconciles_every_link_and_pair_and_keeps_what_came_of_it(partners):
    account = partners.night()
    assert (account.settled, account.waiting, account.resumed) == (True, 0, False)
    assert [step.partner for step in account.links] == [OWN, *sorted(PARTNERS)]
    assert partners.pairs() == [run.pair for run in account.runs] == ALL
    (kept,) = listed(partners)
    assert kept == account.reconciliation
    assert (kept.by, kept.scope, kept.links, kept.pairs) == (By.NIGHT, EVERYTHING, 5, 4)
    assert kept.ended_at is not None
    seen = held(partners, kept.id)
    assert (seen.links, tuple(each.run for each in seen.pairs), seen.left_out) == (account.links, account.runs, ())
    assert account.summary == "5 of 5 links and 4 of 4 pairs settled"
    # Each partner's ledgers come before its registers.
    for partner in PARTNERS:
        steps = [pair for of, pair in partners.calls if of == partner]
        assert steps[0] is None


def test_the_next_night_stands_beside_the_one_before(partners):
    partners.tallies[out_to(WUCHANG)] = Tally(agreeing=8, outflow_only=2)
    assert not partners.night().settled
    later(partners.office, days=1)
    partners.tallies[out_to(WUCHANG)] = Tally(agreeing=10)
    second = partners.night()
    assert second.settled
    (seen,) = (each for each in held(partners, second.reconciliation.id).pairs if each.run.pair == out_to(WUCHANG))
    assert seen.before is not None
    assert (seen.before.tally, seen.run.tally) == (Tally(agreeing=8, outflow_only=2), Tally(agreeing=10))


def test_a_refusal_is_kept_by_the_name_that_the_partner_gave_it(partners):
    partners.registers[out_to("420103")] = [PartnerRefused(status=403, problem="comparison-not-agreed")]
    account = partners.night()
    assert {failed.pair: failed.trouble for failed in account.failed} == {out_to("420103"): "comparison-not-agreed"}
    assert [pair for pair in partners.pairs() if pair == out_to("420103")] == [out_to("420103")]


def test_one_partners_failure_stops_nobody_else_and_is_kept_with_its_code(partners):
    partners.ledgers["jiangan.example"] = [NotAuthentic()]
    partners.registers[out_to("420103")] = [PartnerRefused(status=429, problem="too-many-runs")]
    partners.registers[out_to("420104")] = [ZeroDivisionError("about a person")]
    account = partners.night()
    assert partners.pairs() == ALL
    assert [run.pair for run in account.runs] == [out_to("420102"), out_to(WUCHANG)]
    assert {failed.pair: failed.trouble for failed in account.failed} == {
        out_to("420103"): "too-many-runs",
        out_to("420104"): BROKE_DOWN,
    }
    troubles = {step.partner: step.trouble for step in account.links if step.trouble}
    assert troubles == {"jiangan.example": "not-authentic"}
    assert not account.settled
    assert account.reconciliation.ended_at is not None
    with partners.office.ledgers.transaction(read_only=True) as ledger:
        (finding,) = ledger.chores.findings(Page())
    assert (finding.kind, finding.partner, finding.subject) == (BROKE_DOWN, "qiaokou.example", "registers 110102 420104")
    assert finding.detail == "ZeroDivisionError; the log says where"
    assert held(partners, account.reconciliation.id).failed == account.failed


def test_who_is_away_for_a_moment_is_asked_again_later(in_memory):
    in_memory.ledgers["wuchang.example"] = [AWAY]
    in_memory.registers[out_to(WUCHANG)] = [LedgerBusy(), AWAY]
    assert in_memory.night().settled
    assert in_memory.calls.count(("wuchang.example", None)) == 2
    assert in_memory.calls.count(("wuchang.example", out_to(WUCHANG))) == 3


def test_who_stays_away_is_given_up_after_some_turns_with_all_its_pairs(in_memory):
    in_memory.ledgers["wuchang.example"] = [AWAY] * 9
    in_memory.registers[out_to(WUCHANG)] = [AWAY] * 9
    account = in_memory.night()
    at_wuchang = [pair for partner, pair in in_memory.calls if partner == "wuchang.example"]
    assert len(at_wuchang) == QUICK.turns
    assert [failed.pair for failed in account.failed] == [out_to(WUCHANG)]
    assert {step.partner for step in account.links if step.trouble} == {"wuchang.example"}
    assert len(account.runs) == 3


def test_who_names_a_time_is_asked_then_and_other_pairs_come_first(in_memory):
    with in_memory.office.ledgers.transaction() as ledger:
        # One partner for two counties, so that there is another pair.
        for name, codes in (("wuchang.example", (WUCHANG, "420104")), ("qiaokou.example", ())):
            held = ledger.partners.get(name)
            assert held is not None
            ledger.partners.save(replace(held, confirmed=codes))
        ledger.agreements.add(agreed(9, "wuchang.example", "420104"))
    first, second = out_to("420104"), out_to(WUCHANG)
    in_memory.registers[first] = [SOON, SOON]
    account = in_memory.night()
    assert account.settled
    order = [pair for partner, pair in in_memory.calls if partner == "wuchang.example"]
    assert order == [None, first, second, first, first]


def test_who_always_names_another_time_is_given_up_in_the_end(in_memory):
    in_memory.registers[out_to(WUCHANG)] = [SOON] * 1000
    account = in_memory.night(pace=replace(QUICK, patience=0.05))
    assert [failed.trouble for failed in account.failed] == ["partner-unavailable"]
    assert in_memory.registers[out_to(WUCHANG)]


def test_a_stop_lets_what_is_under_way_end_and_the_next_start_goes_on(partners):
    stopping = threading.Event()

    def stop_at_wuchang(partner: str, pair: object) -> None:
        if pair == out_to("420103"):
            stopping.set()

    partners.at_work = stop_at_wuchang
    one_at_a_time = replace(QUICK, partners=1)
    account = partners.night(stopping, pace=one_at_a_time)
    done = {run.pair for run in account.runs}
    assert out_to("420103") in done
    assert account.waiting > 0
    assert not account.settled
    assert account.reconciliation.ended_at is None
    assert account.summary.endswith("steps left to go on with")
    before = list(partners.calls)
    second = partners.night()
    assert second.reconciliation.id == account.reconciliation.id
    assert (second.resumed, second.settled, second.waiting) == (True, True, 0)
    assert [run.pair for run in second.runs] == ALL
    assert sorted(map(str, partners.calls)) == sorted({str(call) for call in partners.calls})
    assert len(partners.calls) == len(before) + account.waiting
    (kept,) = listed(partners)
    assert (kept.links, kept.pairs) == (5, 4)


def test_what_failed_is_made_again_by_who_goes_on_and_another_day_or_scope_begins_anew(in_memory):
    stopping = threading.Event()
    in_memory.registers[ALL[0]] = [NotAuthentic()]

    def stop(partner: str, pair: object) -> None:
        if pair == ALL[1]:
            stopping.set()

    in_memory.at_work = stop
    account = in_memory.night(stopping, pace=replace(QUICK, partners=1))
    assert [failed.pair for failed in account.failed] == [ALL[0]]
    narrow = in_memory.reconcile(By.HAND, Scope(destination=WUCHANG))
    assert (narrow.resumed, [run.pair for run in narrow.runs]) == (False, [out_to(WUCHANG)])
    gone_on = in_memory.night()
    assert (gone_on.resumed, gone_on.failed, [run.pair for run in gone_on.runs]) == (True, (), ALL)
    assert held(in_memory, gone_on.reconciliation.id).failed == ()
    later(in_memory.office, days=1)
    assert not in_memory.night().resumed
    assert len(listed(in_memory)) == 3


_AT_WORK = """
import sys
from pathlib import Path
from dataclasses import replace
from adapters.database.engine import open_database
from tests.jobs.offices import HandClock, an_office
from tests.reconciling.nights import QUICK, Partners, beijing, out_to

office = an_office(Path(sys.argv[1]), beijing(), HandClock(), open_database(sys.argv[2]))

def wait(partner, pair):
    if pair == out_to("420104"):
        print("at work", flush=True)
        sys.stdin.read()

Partners(office, at_work=wait).night(pace=replace(QUICK, partners=1))
"""


def test_a_process_that_is_killed_is_gone_on_with_and_no_finished_step_is_repeated(partners, database_url, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _AT_WORK, str(tmp_path / "other"), database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "at work\n"
        with pytest.raises(ReconciliationUnderWay):
            partners.night()
        (kept,) = listed(partners)
        before = held(partners, kept.id)
        other.kill()
        other.wait()
    done = [each.run.pair for each in before.pairs]
    assert done
    assert until(lambda: _free(partners))
    account = partners.night()
    assert (account.resumed, account.reconciliation.id, account.settled) == (True, kept.id, True)
    assert partners.pairs() == [pair for pair in ALL if pair not in done]
    assert {partner for partner, pair in partners.calls if pair is None} == {OWN, *PARTNERS} - {
        step.partner for step in before.links
    }
    assert [run.pair for run in account.runs] == ALL
    assert [run for run in account.runs if run.pair in done] == [each.run for each in before.pairs]


def test_a_dry_run_compares_registers_and_keeps_nothing(partners):
    account = partners.reconcile(By.HAND, EVERYTHING, dry_run=True)
    assert [run.pair for run in account.runs] == partners.pairs() == ALL
    assert [pair for _, pair in partners.calls if pair is None] == []
    assert (account.dry_run, account.links, account.settled) == (True, (), True)
    assert listed(partners) == []
    partners.registers[ALL[0]] = [ZeroDivisionError()]
    assert [failed.trouble for failed in partners.reconcile(By.HAND, EVERYTHING, dry_run=True).failed] == [BROKE_DOWN]
    with partners.office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.chores.findings(Page()) == []
        assert ledger.register_runs.settled(partners.office.node.jurisdictions, partners.office.now()) == []


def test_several_partners_at_once_and_each_one_step_after_the_other(in_memory):
    at_work: list[str] = []
    together = threading.Barrier(4, timeout=10)
    lock = threading.Lock()

    def meet(partner: str, pair: object) -> None:
        with lock:
            assert partner not in at_work
            at_work.append(partner)
        if pair is not None:
            together.wait()
        with lock:
            at_work.remove(partner)

    in_memory.at_work = meet
    assert in_memory.night().settled


class Watching(Unwatched):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, object, bool]] = []
        self.steps = 0

    def told(self, partner: str, pair: object, what: str) -> None:
        assert what in ("open", "1/1")
        self.steps += 1

    def ended(self, partner: str, pair: object, what: object) -> None:
        self.ends.append((partner, pair, isinstance(what, LinkStep)))


def test_who_watches_hears_of_every_step(in_memory):
    watching = Watching()
    in_memory.night(watch=watching)
    assert len(watching.ends) == watching.steps == 9
    assert sum(is_link for _, _, is_link in watching.ends) == 5


class Losing(MemoryLedgers):
    """Books whose leader is deposed after some looks."""

    def advisory_leader(self, name: str):
        return Deposed(3)


class Deposed:
    def __init__(self, looks: int) -> None:
        self.looks = looks

    def held(self) -> bool:
        self.looks -= 1
        return self.looks >= 0

    def release(self) -> None:
        self.looks = 0


def test_who_loses_the_lead_starts_nothing_more(tmp_path):
    partners = Partners(an_office_with_partners(tmp_path / "node", Losing()))
    account = partners.night(pace=replace(QUICK, partners=1))
    assert account.waiting == 9 - len(partners.calls) > 0
    assert account.reconciliation.ended_at is None


def _free(partners: Partners) -> bool:
    lead = partners.office.ledgers.advisory_leader(LEAD)
    try:
        return lead.held()
    finally:
        lead.release()
