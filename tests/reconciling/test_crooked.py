"""Lost answers, and partners that lie or ask too much: a run ends, ends right or not at all, and costs no more than it may."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.reconciling.tokens import TokenKeeper
from exchange.errors import NotAuthentic
from exchange.reconciling.pairs import month_of
from exchange.reconciling.results import Outcome, RegisterRun, Tally
from exchange.wire import ijson
from exchange.wire.registers import RegistersDoNotFit
from tests.api.nodes import Neighbours
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_digest, an_id
from tests.reconciling.asking import CELLS, NOTHING, OPEN, SETTLE, Asker
from tests.reconciling.pairs import MARRIED, change, comparing_nodes, enter, found, inflow, outflow, reconcile, what_of
from tests.reconciling.wires import Died, Dying, Losing, Lying

TALLY = Tally(agreeing=25, differing=2, outflow_only=3, inflow_only=4)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Neighbours]:
    """30 outflow and 31 inflow entries, of which 27 are of the same people and two of these differ."""
    with comparing_nodes(tmp_path) as both:
        enter(both.xicheng, [outflow(n) for n in range(1, 31)])
        enter(both.wuchang, [inflow(n) for n in range(4, 35)])
        for n in (10, 20):
            change(both.wuchang, inflow(n), record=MARRIED)
        yield both


# With other seeds one question is lost as often as it is asked, and then the partner counts as away.
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6])
def test_with_half_of_the_answers_lost_and_others_repeated_the_result_is_the_same(nodes: Neighbours, seed: int):
    wire = Losing(seed, share=0.5)
    with httpx.Client(transport=wire) as http:
        run = reconcile(nodes.xicheng, http=http)
    assert run.tally == TALLY
    assert (len(found(nodes.xicheng)), len(found(nodes.wuchang))) == (5, 6)
    assert wire.lost


@pytest.mark.parametrize(("path", "again"), [(OPEN, 1), (OPEN, 5), (CELLS, 5), (SETTLE, 1)])
def test_a_run_that_was_broken_off_is_gone_on_with_and_counts_once(nodes: Neighbours, path: str, again: int):
    for _ in range(again):
        wire = Dying(path)
        with httpx.Client(transport=wire) as http, pytest.raises(Died):
            reconcile(nodes.xicheng, http=http)
    run = reconcile(nodes.xicheng)
    assert (run.tally, len(found(nodes.xicheng)), len(found(nodes.wuchang))) == (TALLY, 5, 6)
    with nodes.wuchang.office.ledgers.transaction(read_only=True) as ledger:
        asked = ledger.register_runs.since(run.pair, XICHENG_NODE, nodes.wuchang.clock.now() - timedelta(days=1))
    # Had the partner settled it already, another run was begun.
    assert len(asked) == (2 if path == SETTLE else 1)


def last_run(nodes: Neighbours) -> RegisterRun:
    """What the asking side kept of its last run."""
    with nodes.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        runs = ledger.register_runs.since(what_of(nodes.xicheng).pair, WUCHANG_NODE, nodes.xicheng.clock.now())
    return runs[-1]


LIES: dict[str, tuple[str, Any]] = {
    "no sketch": (OPEN, lambda told: {**told, "sketch": None}),
    "a short sketch": (OPEN, lambda told: {**told, "sketch": "AAAA"}),
    "more entries than it has": (OPEN, lambda told: {**told, "size": told["size"] + 1}),
    "the answer to another question": (OPEN, lambda told: {**told, "request": a_digest("another")}),
    "another member": (OPEN, lambda told: {**told, "more": 1}),
    "no moment": (OPEN, lambda told: {**told, "as_of": "2026-02-30T00:00:00.000Z"}),
    "fewer cells": (CELLS, lambda told: {**told, "cells": told["cells"][:-16]}),
    "half a cell": (CELLS, lambda told: {**told, "cells": told["cells"][:-4]}),
    "cells that never come apart": (CELLS, lambda told: {**told, "cells": "_" * len(told["cells"])}),
    "other cells": (CELLS, lambda told: {**told, "cells": told["cells"][16:] + told["cells"][:16]}),
    "another rest": (SETTLE, lambda told: {**told, "matched": a_digest("another")}),
    "more that differs": (SETTLE, lambda told: {**told, "changed": told["changed"] + "AAAA"}),
    "half a mask": (SETTLE, lambda told: {**told, "changed": told["changed"][:-2]}),
    "people that it cannot know": (SETTLE, lambda told: {**told, "found": ijson.b64url_encode(bytes(16))}),
    "more coarse ones that differ than there are": (SETTLE, lambda told: {**told, "coarse_differing": 7}),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_partner_that_lies_is_cut_off_and_nothing_is_believed(nodes: Neighbours, lie: str):
    path, change_it = LIES[lie]
    wire = Lying(nodes.wuchang.office, {path: change_it})
    with httpx.Client(transport=wire) as http, pytest.raises(NotAuthentic) as refused:
        reconcile(nodes.xicheng, http=http)
    assert refused.value.code == "registers-do-not-fit"
    assert found(nodes.xicheng) == {}
    assert len(wire.asked) <= 7
    kept = last_run(nodes)
    assert (kept.outcome, kept.trouble, kept.tally) == (Outcome.FAILED, "registers-do-not-fit", None)


def test_a_sketch_that_claims_endless_differences_ends_in_counts_only(nodes: Neighbours):
    wire = Lying(nodes.wuchang.office, {OPEN: lambda told: {**told, "sketch": ijson.b64url_encode(b"\x7f\xff" * 512)}})
    with httpx.Client(transport=wire) as http:
        assert reconcile(nodes.xicheng, http=http).outcome is Outcome.COUNTS_ONLY
    assert wire.asked.count(CELLS) == 0


def test_a_limit_of_the_partner_that_is_higher_than_ours_changes_nothing(tmp_path: Path):
    with comparing_nodes(tmp_path, difference_limit=3) as nodes:
        enter(nodes.xicheng, [outflow(n) for n in range(1, 9)])
        wire = Lying(nodes.wuchang.office, {OPEN: lambda told: {**told, "limit": 2**40}})
        with httpx.Client(transport=wire) as http:
            assert reconcile(nodes.xicheng, http=http).outcome is Outcome.COUNTS_ONLY


def test_registers_that_change_under_way_are_compared_anew(nodes: Neighbours):
    def meanwhile(told: dict[str, Any]) -> dict[str, Any]:
        change(nodes.wuchang, inflow(25), protected=True)
        return told

    wire = Lying(nodes.wuchang.office, {CELLS: meanwhile})
    with httpx.Client(transport=wire) as http:
        run = reconcile(nodes.xicheng, http=http)
    assert run.tally == Tally(agreeing=24, differing=2, outflow_only=4, inflow_only=4)
    assert wire.asked.count(OPEN) == 2


def test_what_clerks_write_under_way_waits_for_the_next_run(nodes: Neighbours):
    def meanwhile(told: dict[str, Any]) -> dict[str, Any]:
        if inflow(99).id not in found(nodes.wuchang) and not written:
            written.append(1)
            enter(nodes.wuchang, [inflow(99)])
            change(nodes.wuchang, inflow(25), record=MARRIED)
            TokenKeeper(nodes.wuchang.office).prepare(key_of(nodes), 1000)
        return told

    written: list[int] = []
    wire = Lying(nodes.wuchang.office, {CELLS: meanwhile})
    with httpx.Client(transport=wire) as http:
        run = reconcile(nodes.xicheng, http=http)
    assert (run.tally, wire.asked.count(OPEN)) == (TALLY, 1)
    again = reconcile(nodes.xicheng)
    assert again.tally == Tally(agreeing=24, differing=3, outflow_only=3, inflow_only=5)


def key_of(nodes: Neighbours) -> Any:
    """The key under which Wuchang's leaves stand."""
    with nodes.wuchang.office.ledgers.transaction(read_only=True) as ledger:
        keys = ledger.tokens.all()
    (key,) = [key for key in keys if key.month == month_of(nodes.wuchang.clock.now())]
    return key


CELLS_OF = {"snapshot": 1, "attempt": 0, "cells": 30, "first": 0}


def test_questions_that_do_not_fit_are_refused_by_name(nodes: Neighbours):
    asker = Asker(nodes)
    malformed, yours = (422, "malformed-comparison"), (403, "not-your-link")
    assert asker.refused(OPEN, origin=WUCHANG, destination=XICHENG) == (409, "encryption-key-not-trusted")
    for wrong, refusal in {
        ("agreement", a_digest("another")): malformed,
        ("month", "2025-12"): (403, "month-not-answered"),
        ("month", "2027-01"): (403, "month-not-answered"),
        ("month", "2026-13"): malformed,
        ("origin", "110101"): yours,
        ("destination", "420107"): yours,
        ("link", an_id(7)): yours,
        ("sender", "nobody.example"): yours,
        ("receiver", XICHENG_NODE): yours,
        ("nonce", "short"): malformed,
        ("size", -1): malformed,
        ("more", 1): malformed,
    }.items():
        assert asker.refused(OPEN, **dict([wrong])) == refusal, wrong
    assert asker.refused(CELLS, **{**CELLS_OF, "snapshot": 0}) == (409, "run-unknown")


def test_a_table_larger_than_the_limit_needs_is_not_made(nodes: Neighbours):
    asker = Asker(nodes)
    assert asker.ask(OPEN).status_code == 200
    assert asker.refused(CELLS, **{**CELLS_OF, "cells": 31}) == (422, "malformed-comparison")
    assert asker.refused(CELLS, **{**CELLS_OF, "first": 30}) == (422, "malformed-comparison")
    assert asker.refused(CELLS, **{**CELLS_OF, "snapshot": 10**6}) == (409, "run-unknown")
    assert asker.refused(CELLS, **{**CELLS_OF, "attempt": 4}) == (422, "malformed-comparison")
    assert asker.refused(CELLS, **{**CELLS_OF, "attempt": 1, "cells": 30_000})[1] == "too-many-differences"


def test_a_run_may_not_ask_without_end(nodes: Neighbours):
    asker = Asker(nodes)
    asker.ask(OPEN)
    refusals = [asker.ask(CELLS, **{**CELLS_OF, "cells": 6000}).status_code for _ in range(30)]
    assert refusals[0] == 200
    assert refusals[-1] == 429
    assert refusals.count(200) < 12


def test_a_settlement_of_people_who_are_not_there_is_refused(nodes: Neighbours):
    asker = Asker(nodes)
    asker.ask(OPEN)
    rest = {**NOTHING, "matched": a_digest("anything")}
    refusal = (409, "registers-do-not-settle")
    assert asker.refused(SETTLE, **rest) == refusal
    assert asker.refused(SETTLE, **{**rest, "yours": ijson.b64url_encode(bytes(8))}) == refusal
    assert asker.refused(SETTLE, **{**rest, "mine": ijson.b64url_encode(bytes(16))}) == refusal
    assert asker.refused(SETTLE, **{**rest, "mine": ijson.b64url_encode(bytes(7))}) == (422, "malformed-comparison")
    assert asker.refused(SETTLE, **{**rest, "changed": ijson.b64url_encode(bytes(21))}) == (422, "malformed-comparison")
    many = ijson.b64url_encode(secrets.token_bytes(8 * 1001))
    assert asker.refused(SETTLE, **{**rest, "mine": many}) == (409, "too-many-differences")
    assert found(nodes.wuchang) == {}


def test_a_run_that_is_over_is_not_opened_again(nodes: Neighbours):
    asker = Asker(nodes)
    run = reconcile(nodes.xicheng)
    assert asker.refused(OPEN, run=run.id) == (409, "run-unknown")


def test_four_runs_a_day_and_repetitions_count_once(nodes: Neighbours):
    asker = Asker(nodes)
    for _ in range(3):
        assert asker.ask(OPEN).status_code == 200
    for n in range(3):
        assert asker.ask(OPEN, run=an_id(n + 1)).status_code == 200
    response = asker.ask(OPEN, run=an_id(9))
    assert (response.status_code, response.headers["retry-after"]) == (429, "3600")


def test_registers_do_not_fit_is_a_refusal_of_its_own():
    assert RegistersDoNotFit.code == "registers-do-not-fit"
