"""A person is entered once, however often; what a register knows is not forgotten."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, MaritalStatus, MovingReason, RegisterKind, Sex
from exchange.ledger import EntryFilter, Page
from exchange.node import NotServed
from exchange.people.record import Marriage, Moving, Record, Spouse
from exchange.people.register import Entry, EntryDraft, EntryFact, EntryFactKind
from exchange.verbs.enrol import Enrolment, EnrolResult, enrol
from exchange.verbs.keep_entry import close_entry
from tests.builders import WUCHANG, XICHENG, a_moment, a_person, a_record
from tests.registers.support import NODE, a_draft, an_inflow, codes

OWN = frozenset({XICHENG})


@pytest.fixture
def ledgers() -> MemoryLedgers:
    return MemoryLedgers()


def enter(ledgers: MemoryLedgers, *drafts: EntryDraft, now: int = 0) -> list[EnrolResult]:
    with ledgers.transaction() as ledger:
        return enrol(ledger, NODE, XICHENG, drafts, a_moment(now))


def entries(ledgers: MemoryLedgers) -> list[Entry]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.entries.find(EntryFilter(jurisdictions=OWN), Page())


def facts(ledgers: MemoryLedgers, now: int = 1000) -> list[EntryFact]:
    with ledgers.transaction(read_only=True) as ledger:
        return [fact for _, told in ledger.entries.counted(OWN, a_moment(now)) for fact in told]


def close(ledgers: MemoryLedgers, entry: str | None, reason: CloseReason, now: int = 1) -> None:
    with ledgers.transaction() as ledger:
        close_entry(ledger, OWN, entry or "", reason, a_moment(now))


def test_a_new_person_is_entered_with_all_that_was_said(ledgers):
    draft = a_draft(1, township="110102001", protected=True)
    (result,) = enter(ledgers, draft)
    entry = Entry(
        id=result.entry or "",
        jurisdiction=XICHENG,
        register=RegisterKind.OUTFLOW,
        origin=XICHENG,
        destination=WUCHANG,
        township="110102001",
        person=draft.person,
        record=draft.record,
        person_index=NODE.person_index(draft.person),
        protected=True,
        opened_at=a_moment(),
    )
    assert result == EnrolResult(outcome=Enrolment.OPENED, entry=entry.id)
    assert entries(ledgers) == [entry]
    assert facts(ledgers) == []  # nothing of a protected entry is counted


def test_the_opening_of_an_entry_is_counted(ledgers):
    (result,) = enter(ledgers, a_draft(1))
    opened = EntryFact(entry=result.entry or "", what=EntryFactKind.OPENED, happened_at=a_moment(), known_at=a_moment())
    assert facts(ledgers) == [opened]


def test_an_entry_opened_on_a_day_before_keeps_both_times(ledgers):
    (result,) = enter(ledgers, a_draft(opened_on=date(2026, 1, 5)))
    day = datetime(2026, 1, 4, 16, tzinfo=UTC)  # 00:00 in Shanghai
    assert facts(ledgers) == [
        EntryFact(entry=result.entry or "", what=EntryFactKind.OPENED, happened_at=day, known_at=a_moment())
    ]


def test_a_day_still_to_come_opens_nothing_early(ledgers):
    enter(ledgers, a_draft(opened_on=date(2026, 3, 3)))
    assert entries(ledgers)[0].opened_at == a_moment()


def test_a_county_of_another_node_is_not_served(ledgers):
    with ledgers.transaction() as ledger, pytest.raises(NotServed):
        enrol(ledger, NODE, WUCHANG, [a_draft()], a_moment())


def test_the_same_people_again_change_nothing(ledgers):
    people = [a_draft(n) for n in range(1, 6)]
    first = enter(ledgers, *people)
    before = entries(ledgers), facts(ledgers)
    again = enter(ledgers, *people, now=10)
    assert again == [EnrolResult(outcome=Enrolment.UNCHANGED, entry=result.entry) for result in first]
    assert (entries(ledgers), facts(ledgers)) == before


def test_a_new_fact_changes_the_entry_and_forgets_none(ledgers):
    (opened,) = enter(ledgers, a_draft(record=Record(marital_status=MaritalStatus.UNMARRIED)))
    (changed,) = enter(ledgers, a_draft(record=Record(spouse=Spouse(name="李小红"))), now=5)
    assert changed == EnrolResult(outcome=Enrolment.CHANGED, entry=opened.entry)
    (entry,) = entries(ledgers)
    assert entry.record == Record(marital_status=MaritalStatus.UNMARRIED, spouse=Spouse(name="李小红"))
    assert (entry.version, [fact.what for fact in facts(ledgers)]) == (2, ["opened", "changed"])


def test_a_province_does_not_blur_a_county_that_is_known(ledgers):
    (opened,) = enter(ledgers, a_draft(destination=WUCHANG))
    assert enter(ledgers, a_draft(destination="420000")) == [EnrolResult(outcome=Enrolment.UNCHANGED, entry=opened.entry)]
    enter(ledgers, a_draft(destination="440000"))
    assert entries(ledgers)[0].destination == "440000"


def test_an_unknown_sex_does_not_blur_a_known_one(ledgers):
    enter(ledgers, a_draft(1))
    (again,) = enter(ledgers, a_draft(1, person=a_person(1, sex=Sex.UNKNOWN, birth_date=None)))
    assert again.outcome is Enrolment.UNCHANGED


def test_another_name_under_the_same_number_is_taken_over_with_a_warning(ledgers):
    enter(ledgers, a_draft(1))
    (result,) = enter(ledgers, a_draft(1, person=a_person(1, name="王晓明")))
    assert (result.outcome, codes(result.warnings)) == (Enrolment.CHANGED, ["name-differs"])
    assert entries(ledgers)[0].person.name == "王晓明"


def test_an_import_never_lifts_a_protection(ledgers):
    enter(ledgers, a_draft(1, protected=True))
    enter(ledgers, a_draft(1, protected=False, record=Record(spouse=Spouse(name="李小红"))))
    assert entries(ledgers)[0].protected


def test_the_same_person_twice_in_one_set_is_merged_with_a_warning(ledgers):
    first, second, third = enter(
        ledgers, a_draft(1), a_draft(1, record=a_record(marital_status=MaritalStatus.DIVORCED)), a_draft(1)
    )
    assert [first.outcome, second.outcome, third.outcome] == ["opened", "changed", "changed"]
    assert [codes(first.warnings), codes(second.warnings), codes(third.warnings)] == [
        [],
        ["duplicate-row"],
        ["duplicate-row"],
    ]
    (entry,) = entries(ledgers)
    assert (entry.record, entry.version) == (a_record(), 3)


def test_the_two_registers_are_apart(ledgers):
    results = enter(ledgers, a_draft(1), an_inflow(1))
    assert [(result.outcome, codes(result.warnings)) for result in results] == [("opened", []), ("opened", [])]


@pytest.mark.parametrize("reason", [CloseReason.RETURNED, CloseReason.MOVED_ON, CloseReason.ENTERED_BY_MISTAKE])
def test_a_closed_entry_is_reopened_with_a_warning(ledgers, reason):
    (opened,) = enter(ledgers, a_draft(1))
    close(ledgers, opened.entry, reason)
    (again,) = enter(ledgers, a_draft(1), now=10)
    assert (again.outcome, again.entry, codes(again.warnings)) == (Enrolment.REOPENED, opened.entry, ["entry-reopened"])
    (entry,) = entries(ledgers)
    assert (entry.is_open, entry.opened_at, entry.version) == (True, a_moment(10), 3)
    assert [fact.what for fact in facts(ledgers)] == ["opened", "closed", "reopened"]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (CloseReason.DECEASED, "死亡"),
        (CloseReason.HOUSEHOLD_MOVED, "户口迁移"),
        (CloseReason.DUPLICATE, "重复建档"),
    ],
)
def test_an_entry_closed_for_good_stays_closed_and_the_refusal_says_why(ledgers, reason, said):
    (opened,) = enter(ledgers, a_draft(1))
    close(ledgers, opened.entry, reason)
    (again,) = enter(ledgers, a_draft(1), now=10)
    assert (again.outcome, codes(again.refusals)) == (Enrolment.REFUSED, ["entry-final"])
    assert said in again.refusals[0].zh
    assert not entries(ledgers)[0].is_open


def test_a_return_closes_the_open_entry_as_of_its_day_once(ledgers):
    home = a_draft(1, record=Record(moving=Moving(moved_on=date(2020, 1, 1), returned_on=date(2026, 3, 1))))
    (opened,) = enter(ledgers, a_draft(1, opened_on=date(2026, 1, 5)))
    (closed,) = enter(ledgers, home, now=1)
    assert (closed.outcome, closed.entry, codes(closed.warnings)) == (Enrolment.CLOSED, opened.entry, ["entry-closed"])
    (entry,) = entries(ledgers)
    assert (entry.closed_at, entry.close_reason) == (datetime(2026, 2, 28, 16, tzinfo=UTC), CloseReason.RETURNED)
    assert enter(ledgers, home, now=2) == [EnrolResult(outcome=Enrolment.UNCHANGED, entry=opened.entry)]


def test_a_return_without_an_entry_opens_none(ledgers):
    (result,) = enter(ledgers, a_draft(1, record=Record(moving=Moving(returned_on=date(2026, 3, 1)))))
    assert (result.outcome, codes(result.refusals)) == (Enrolment.REFUSED, ["already-returned"])


def test_who_left_again_after_a_return_is_away(ledgers):
    moving = Moving(reason=MovingReason.WORK, moved_on=date(2026, 2, 1), returned_on=date(2025, 12, 1))
    assert enter(ledgers, a_draft(1, record=Record(moving=moving)))[0].outcome is Enrolment.OPENED


def test_what_is_refused_leaves_no_trace_and_stops_nothing(ledgers):
    results = enter(ledgers, a_draft(1), a_draft(2, destination=XICHENG), a_draft(3))
    assert [result.outcome for result in results] == ["opened", "refused", "opened"]
    assert len(entries(ledgers)) == 2


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(list(MaritalStatus)), st.booleans()), max_size=12))
def test_one_set_or_one_by_one_comes_to_the_same_register(told):
    drafts = [
        a_draft(
            n,
            record=Record(
                marital_status=status,
                marriage=Marriage(place="北京") if home else None,
                moving=Moving(returned_on=date(2026, 3, 1)) if home else None,
            ),
        )
        for n, status, home in told
    ]
    together, apart = MemoryLedgers(), MemoryLedgers()
    outcomes = [result.outcome for result in enter(together, *drafts)]
    assert outcomes == [enter(apart, draft)[0].outcome for draft in drafts]

    def known(ledgers: MemoryLedgers) -> list[Entry]:
        return sorted((replace(entry, id="") for entry in entries(ledgers)), key=lambda entry: entry.person_index)

    assert known(together) == known(apart)
