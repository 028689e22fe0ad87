"""Counts always add up, and settling is idempotent, whatever the sheets and the registers say."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.checking.check import CheckLayout, DifferenceState, Settlement
from exchange.verbs.cross_check.settle import SettledAs, settle
from tests.builders import a_moment, a_record, an_id_number
from tests.checking.support import A_CHILD, OWN, a_file, check, counts, differences, enter, rows_to_look_at
from tests.registers.support import NODE, a_draft, an_inflow

DAYS = st.sampled_from(["2018-01-02", "2018-01-12", "2019年3月", "20210601", None, "2099-01-01"])
PEOPLE = st.one_of(st.integers(1, 6).map(an_id_number), st.sampled_from([None, "123", "无"]))
BIRTHS = st.tuples(
    PEOPLE,
    PEOPLE,
    st.sampled_from(["男", "女", "？", None]),
    DAYS,
    st.sampled_from(["北京市", None]),
    st.sampled_from(["R1", None]),
)
EVENTS = st.sampled_from(["结婚", "离婚", "补领", None])
NAMES = st.sampled_from(["王小明", "李四", None])
WEDDINGS = st.tuples(EVENTS, DAYS, st.sampled_from(["武昌区", None]), NAMES, PEOPLE, NAMES, PEOPLE)
MOVES = st.tuples(NAMES, PEOPLE, st.sampled_from(["西城区", None]), st.sampled_from(["武昌区", "420111", "110102", "？"]), DAYS)
SHEETS = st.one_of(
    st.tuples(st.just(CheckLayout.BIRTHS), st.lists(BIRTHS.map(lambda row: [*row, "已种", "39"]), max_size=8)),
    st.tuples(st.just(CheckLayout.MARRIAGES), st.lists(WEDDINGS.map(list), max_size=8)),
    st.tuples(st.just(CheckLayout.HOUSEHOLD_MOVES), st.lists(MOVES.map(list), max_size=8)),
)
TWINS = a_record(children=[A_CHILD, A_CHILD])
REGISTERS = st.lists(
    st.one_of(
        st.integers(1, 6).map(a_draft),
        st.integers(1, 6).map(an_inflow),
        st.integers(1, 6).map(lambda n: a_draft(n, record=TWINS)),
        st.integers(1, 6).map(lambda n: a_draft(n, protected=True)),
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(sheet=SHEETS, people=REGISTERS, words=st.lists(st.sampled_from(list(Settlement)), min_size=1, max_size=5))
def test_every_row_has_one_outcome_and_settling_twice_is_settling_once(sheet: tuple[CheckLayout, list[Any]], people, words):
    layout, rows = sheet
    ledgers = MemoryLedgers()
    enter(ledgers, *people)
    done = check(ledgers, layout, a_file(layout, *rows))
    every, *parts = counts(done)
    assert every == sum(parts)
    looked_at = [row.outcome.value for row in rows_to_look_at(ledgers, done)]
    assert looked_at.count("refused") == done.refused
    assert looked_at.count("ambiguous") == done.ambiguous
    found = differences(ledgers, done)
    assert len({each.row for each in found}) <= done.differing
    assert bool(found) == bool(done.differing)

    wanted = {each.id: words[n % len(words)] for n, each in enumerate(found)}

    def settled() -> list[SettledAs]:
        with ledgers.transaction() as ledger:
            return [each.outcome for each in settle(ledger, NODE, OWN, done.id, wanted, a_moment(20))]

    settled()
    with ledgers.transaction(read_only=True) as ledger:
        entries = list(ledger.entries.counted(OWN, a_moment(99)))
    after = differences(ledgers, done)
    assert set(settled()) <= {SettledAs.UNCHANGED, SettledAs.LEFT, SettledAs.STALE, SettledAs.REFUSED}
    if SettledAs.STALE not in settled():
        with ledgers.transaction(read_only=True) as ledger:
            assert list(ledger.entries.counted(OWN, a_moment(99))) == entries
        assert differences(ledgers, done) == after
    assert all((each.proposal is None) == (each.state is not DifferenceState.OPEN) for each in differences(ledgers, done))
    with ledgers.transaction(read_only=True) as ledger:
        tally = ledger.cross_checks.counts([done.id]).get(done.id, {})
    assert sum(tally.values()) == len(found)
