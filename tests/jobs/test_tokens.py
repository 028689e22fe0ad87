"""The keeper of the tokens, and the jobs that keep them up to date through the turn of a month."""

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from adapters.office import Office
from adapters.reconciling.tokens import TokenKeeper
from exchange.codes import CloseReason, Item, RegisterKind
from exchange.ledger import Candidate, Ledger, Ledgers, Within
from exchange.reconciling.keys import KidNotTrusted, TokenKey, TokenKeyGone
from exchange.reconciling.pairs import Comparable, month_of
from exchange.reconciling.pairs import Pair as Counties
from exchange.terms.agreement import RegisterComparison
from jobs.reconciling.tokens import keep_tokens, turn_tokens
from jobs.runner import on_shift
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_moment, an_entry
from tests.building.sealing import open_database
from tests.jobs.offices import Pair, a_pair

COUNTIES = Counties(origin=XICHENG, destination=WUCHANG)
TERMS = RegisterComparison(allowed=True, items=(Item.NAME, Item.MARITAL_STATUS))


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_pair(tmp_path)


def what_of(office: Office, partner: str) -> Comparable:
    with office.ledgers.transaction(read_only=True) as ledger:
        (signed,) = ledger.agreements.all()
    return Comparable(pair=COUNTIES, partner=partner, agreement=signed.digest, terms=TERMS)


def allow(pair: Pair) -> None:
    """The agreement that both hold lets the registers be compared, until the end of the year."""
    for office in (pair.xicheng, pair.wuchang):
        with office.ledgers.transaction() as ledger:
            (signed,) = ledger.agreements.all()
            terms = structs.replace(signed.agreement, register_comparison=TERMS)
            ledger.agreements.save(replace(signed, agreement=terms))


def key_of(pair: Pair, keeper: TokenKeeper) -> TokenKey:
    now, what = pair.clock.now(), what_of(pair.xicheng, WUCHANG_NODE)
    return keeper.key_for(what, XICHENG, month_of(now), keeper.kids(what, XICHENG, now))


def enter(office: Office, *entries) -> None:
    with office.ledgers.transaction() as ledger:
        ledger.entries.add([replace(entry, person_index=entry.id) for entry in entries])


def months(office: Office) -> list[tuple[str, bool]]:
    with office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.tokens.all()
    return [(key.month, key.ready) for key in held]


def test_both_sides_make_the_same_leaves_of_the_same_people(pair: Pair):
    enter(pair.xicheng, *(an_entry(n) for n in range(1, 6)))
    enter(pair.wuchang, *(an_entry(100 + n, person=an_entry(n).person, **INFLOW) for n in range(1, 6)))
    sets = []
    for office, partner, own in ((pair.xicheng, WUCHANG_NODE, XICHENG), (pair.wuchang, XICHENG_NODE, WUCHANG)):
        keeper, what = TokenKeeper(office), what_of(office, partner)
        kids = keeper.kids(what, own, pair.clock.now())
        assert kids == tuple(each.keyring.newest_encryption_kid(pair.clock.now()) for each in (pair.xicheng, pair.wuchang))
        ready = keeper.prepare(keeper.key_for(what, own, "2026-03", kids), 100)
        assert ready is not None
        with office.ledgers.transaction(read_only=True) as ledger:
            leaves = ledger.tokens.register(ready.id, ready.revision).leaves
        sets.append(sorted(leaves[at : at + 24] for at in range(0, len(leaves), 24)))
    assert sets[0] == sets[1]
    assert len(sets[0]) == 5


INFLOW = {"jurisdiction": WUCHANG, "register": RegisterKind.INFLOW}


def test_two_counties_of_one_node_come_to_one_key(pair: Pair):
    keeper = TokenKeeper(pair.xicheng)
    what = replace(what_of(pair.xicheng, WUCHANG_NODE), partner=XICHENG_NODE)
    kids = keeper.kids(what, XICHENG, pair.clock.now())
    keys = [keeper.key_for(what, own, "2026-03", kids) for own in (XICHENG, WUCHANG)]
    tokens = {keeper.tokening(key).token(an_entry()) for key in keys}
    assert (kids[0] == kids[1], keys[0].id == keys[1].id, len(tokens)) == (True, False, 1)


def test_a_key_is_found_again(pair: Pair):
    assert key_of(pair, TokenKeeper(pair.xicheng)) == key_of(pair, TokenKeeper(pair.xicheng))


def test_a_kid_that_is_not_trusted_is_refused(pair: Pair):
    keeper, what, now = TokenKeeper(pair.xicheng), what_of(pair.xicheng, WUCHANG_NODE), pair.clock.now()
    mine, theirs = keeper.kids(what, XICHENG, now)
    signing = pair.wuchang.signing_key().kid
    for kids in ((mine, "unknown"), ("unknown", theirs), (theirs, mine), (mine, signing), (mine, "")):
        with pytest.raises(KidNotTrusted):
            keeper.key_for(what, XICHENG, "2026-03", kids)
    with pytest.raises(KidNotTrusted):
        keeper.kids(replace(what, partner="nobody.example"), XICHENG, now)
    pair.xicheng.keyring.revoke(mine, now, "lost")
    with pytest.raises(KidNotTrusted):
        keeper.key_for(what, XICHENG, "2026-03", (mine, theirs))


def test_preparing_goes_on_where_it_stopped(pair: Pair):
    keeper = TokenKeeper(pair.xicheng)
    key = key_of(pair, keeper)
    enter(pair.xicheng, *(an_entry(n) for n in range(1, 101)))
    tries = 0
    while (ready := TokenKeeper(pair.xicheng).prepare(key, 30)) is None:
        tries += 1
    assert 3 <= tries <= 7
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        assert len(ledger.tokens.register(ready.id, ready.revision).leaves) == 24 * 100


def test_preparing_what_was_dropped_is_refused_by_name(pair: Pair):
    keeper = TokenKeeper(pair.xicheng)
    key = key_of(pair, keeper)
    keeper.drop(key.id)
    with pytest.raises(TokenKeyGone):
        keeper.prepare(key, 10)


def test_a_partner_that_is_lost_holds_nobody_up(pair: Pair):
    keeper = TokenKeeper(pair.xicheng)
    key = key_of(pair, keeper)
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.tokens.add(replace(key, id=0, kids=(key.kids[0], "never known")))
        ledger.tokens.add(replace(key, id=0, kids=("never ours", key.kids[1])))
    enter(pair.xicheng, an_entry())
    assert keeper.prepare(key, 10) is not None
    assert months(pair.xicheng) == [("2026-03", True)]


def test_changes_are_taken_up_by_the_job(pair: Pair):
    keeper = TokenKeeper(pair.xicheng)
    key = key_of(pair, keeper)
    assert keeper.prepare(key, 10) is not None
    enter(pair.xicheng, *(an_entry(n) for n in range(1, 4)))
    with on_shift(pair.xicheng, pair.client) as shift:
        assert keep_tokens(shift) == "the tokens of 3 changes brought up to date"
        assert keep_tokens(shift) == ""
        enter(pair.xicheng, an_entry(4))
        shift.stopping.set()
        assert keep_tokens(shift) == ""


def test_the_coming_month_is_made_from_the_25th_on(pair: Pair):
    allow(pair)
    enter(pair.xicheng, *(an_entry(n) for n in range(1, 4)))
    assert TokenKeeper(pair.xicheng).prepare(key_of(pair, TokenKeeper(pair.xicheng)), 10) is not None
    told = []
    with on_shift(pair.xicheng, pair.client) as shift:
        for days in (0, 22, 1):  # the 2nd, 24th and 25th of March
            pair.clock.move(timedelta(days=days))
            told.append((turn_tokens(shift), months(pair.xicheng)))
    assert told[:2] == [("0 keys dropped, 0 ended tokens erased", [("2026-03", True)])] * 2
    assert told[2] == (
        "0 keys dropped, 0 ended tokens erased, 1 keys of the next month ready",
        [("2026-03", True), ("2026-04", True)],
    )


def test_no_month_is_made_for_an_agreement_that_will_have_ended(pair: Pair):
    allow(pair)
    for office in (pair.xicheng,):
        with office.ledgers.transaction() as ledger:
            (signed,) = ledger.agreements.all()
            ended = structs.replace(signed.agreement, valid_until=a_moment().date().replace(day=31))
            ledger.agreements.save(replace(signed, agreement=ended))
    key_of(pair, TokenKeeper(pair.xicheng))
    pair.clock.move(timedelta(days=24))
    with on_shift(pair.xicheng, pair.client) as shift:
        turn_tokens(shift)
    assert months(pair.xicheng) == [("2026-03", False)]


def test_keys_of_months_gone_by_are_dropped(pair: Pair):
    enter(pair.xicheng, *(an_entry(n) for n in range(1, 4)))
    keeper = TokenKeeper(pair.xicheng)
    key = key_of(pair, keeper)
    assert keeper.prepare(key, 10) is not None
    held = []
    with on_shift(pair.xicheng, pair.client) as shift:
        for days in (31, 2, 1):  # the 2nd, 4th and 5th of April
            pair.clock.move(timedelta(days=days))
            turn_tokens(shift)
            held.append(months(pair.xicheng))
    assert held == [[("2026-03", True)], [("2026-03", True)], []]


def test_a_key_is_dropped_whole_unless_the_process_stops(pair: Pair):
    keeper = TokenKeeper(pair.xicheng)
    key = key_of(pair, keeper)
    pair.clock.move(timedelta(days=60))
    with on_shift(pair.xicheng, pair.client) as shift:
        shift.stopping.set()
        assert turn_tokens(shift) == "0 keys dropped, 0 ended tokens erased"
        assert not keeper.drop(key.id, shift.stopping)
    assert months(pair.xicheng) == [("2026-03", False)]
    assert keeper.drop(key.id)
    assert months(pair.xicheng) == []


class Counted:
    """Books that count the transactions which write."""

    def __init__(self, ledgers: Ledgers) -> None:
        self._ledgers, self.written = ledgers, 0

    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> AbstractContextManager[Ledger]:
        self.written += not read_only
        return self._ledgers.transaction(read_only=read_only)

    def advisory_leader(self, name: str) -> Candidate:
        return self._ledgers.advisory_leader(name)


def test_nothing_is_locked_while_the_note_of_a_key_is_fresh(pair: Pair):
    key_of(pair, TokenKeeper(pair.xicheng))
    counted = pair.xicheng.ledgers = Counted(pair.xicheng.ledgers)
    written = []
    with on_shift(pair.xicheng, pair.client) as shift:
        for hours in (0, 23, 1):
            pair.clock.move(timedelta(hours=hours))
            turn_tokens(shift)
            written.append(counted.written)
    assert written == [1, 1, 2]


def test_what_ended_is_erased_a_day_later(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'woshou.db'}")
    database.upgrade()
    pair = a_pair(tmp_path, database)
    enter(pair.xicheng, an_entry(1), an_entry(2))
    keeper = TokenKeeper(pair.xicheng)
    assert keeper.prepare(key_of(pair, keeper), 10) is not None
    with database.transaction() as ledger:
        held = ledger.entries.get(an_entry(1).id)
        assert held is not None
        ledger.entries.save([held.closed(CloseReason.RETURNED, a_moment())])
    told = []
    with on_shift(pair.xicheng, pair.client) as shift:
        keep_tokens(shift)
        for _ in range(2):
            told.append(turn_tokens(shift))
            pair.clock.move(timedelta(days=1))
    assert told == [f"0 keys dropped, {n} ended tokens erased" for n in (0, 1)]
    database.close()
