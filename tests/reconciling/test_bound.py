"""A run tells no more than its limit, whatever is asked in between: the asker is bound to what it said first."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from adapters.keys import jose
from exchange.errors import NotAuthentic
from exchange.reconciling.pairs import month_before
from exchange.reconciling.results import Tally
from exchange.reconciling.sketch import Cells, Salt, digest_of, words_of
from exchange.verbs.reconciling.asked import most_cells
from exchange.wire import ijson
from exchange.wire import registers as wire
from tests.api.nodes import Neighbours
from tests.builders import a_digest, an_id
from tests.reconciling.asking import CELLS, NOTHING, OPEN, SETTLE, Asker
from tests.reconciling.pairs import MARRIED, change, comparing_nodes, enter, inflow, outflow, reconcile, run_of
from tests.reconciling.wires import Lying

RUN_UNKNOWN = (409, "run-unknown")
OF_TABLE = {"snapshot": 1, "attempt": 0, "first": 0}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Neighbours]:
    """600 people live in Wuchang, of whom Xicheng says that it knows nobody; 10 may be told."""
    with comparing_nodes(tmp_path, difference_limit=10) as both:
        enter(both.wuchang, [inflow(n) for n in range(1, 601)])
        yield both


def told(response: httpx.Response) -> dict[str, Any]:
    """What an answer says."""
    assert response.status_code == 200, response.text
    payload: dict[str, Any] = ijson.loads(jose.read_unverified(response.text).payload)
    return payload


def is_alone(cell: Cells) -> bool:
    """Whether one element alone fell on a cell."""
    return bool(Cells.of(cell.keys, cell.salt, 3).checks.max() == cell.checks[0])


def peeled(tables: list[Cells]) -> set[int]:
    """What comes out of several tables of the same elements, each helping the others."""
    found: set[int] = set()
    while True:
        alone: set[int] = set()
        for table in tables:
            one_by_one = [Cells(table.keys[n : n + 1], table.checks[n : n + 1], table.salt) for n in range(table.keys.size)]
            alone |= {int(cell.keys[0]) for cell in one_by_one if cell.keys[0] and is_alone(cell)}
        alone -= found
        if not alone:
            return found
        found |= alone
        for table in tables:
            table.toggle(np.array(sorted(alone), np.uint64))


def test_tables_of_several_sizes_do_not_add_up_to_more_than_the_limit(nodes: Neighbours):
    asker = Asker(nodes)
    opened = told(asker.ask(OPEN))
    salt = Salt.of(wire.nonce_bytes(str(asker.question["nonce"])), wire.nonce_bytes(opened["nonce"]))
    tables = []
    for size in range(most_cells(10), 30, -3):
        response = asker.ask(CELLS, **OF_TABLE, cells=size)
        if response.status_code == 200:
            tables.append(Cells(*wire.unpack_cells(told(response)["cells"]), salt))
        else:
            assert response.json()["type"].endswith("run-unknown")
    assert len(tables) == 1
    # Of 600 persons some stand alone in a cell by chance.
    assert len(peeled(tables)) <= 10


def test_who_asks_again_in_another_way_than_it_opened_the_run_is_refused(nodes: Neighbours):
    asker = Asker(nodes)
    told(asker.ask(OPEN))
    enter(nodes.wuchang, [inflow(n) for n in (700, 701)])
    told(asker.ask(OPEN, run=an_id(1)))
    table = {**OF_TABLE, "cells": 30}
    month = month_before(str(asker.question["month"]))
    others = {"snapshot": 2, "nonce": "A" * 22, "size": 7, "digest": a_digest("others"), "numberless": 1, "month": month}
    for name, value in others.items():
        assert asker.refused(CELLS, **{**table, name: value}) == RUN_UNKNOWN, name
    assert asker.ask(CELLS, **table).status_code == 200
    assert asker.refused(CELLS, **{**table, "cells": 33}) == RUN_UNKNOWN
    assert asker.ask(CELLS, **{**table, "attempt": 1, "cells": 60}).status_code == 200


def test_refused_questions_count_and_one_of_no_run_costs_nothing(nodes: Neighbours):
    asker = Asker(nodes)
    assert asker.refused(CELLS, **OF_TABLE, cells=most_cells(10) + 3) == RUN_UNKNOWN
    told(asker.ask(OPEN))
    refusals = [asker.refused(SETTLE, **{**NOTHING, "matched": a_digest(str(n))})[1] for n in range(100)]
    assert set(refusals[:99]) == {"registers-do-not-settle"}
    assert refusals[99] == "too-many-runs"
    assert asker.refused(OPEN)[1] == "too-many-runs"


def test_a_run_that_ended_in_counts_only_tells_nothing_more(nodes: Neighbours):
    asker = Asker(nodes)
    told(asker.ask(OPEN))
    for cells in (most_cells(10) + 3, 30, most_cells(10) + 3):
        assert asker.refused(CELLS, **OF_TABLE, cells=cells) == (409, "too-many-differences")


@dataclass
class Keeping(httpx.BaseTransport):
    """Keeps the last settling question."""

    kept: bytes = b""
    _wire: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def close(self) -> None:
        self._wire.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == SETTLE:
            self.kept = request.read()
        return self._wire.handle_request(request)


def test_a_settled_run_is_no_oracle_for_what_the_other_side_holds(tmp_path: Path):
    with comparing_nodes(tmp_path) as nodes:
        enter(nodes.xicheng, [outflow(n) for n in range(1, 6)])
        enter(nodes.wuchang, [inflow(n) for n in range(1, 6)])
        change(nodes.wuchang, inflow(3), record=MARRIED)
        wire_ = Keeping()
        with httpx.Client(transport=wire_) as http:
            run = reconcile(nodes.xicheng, http=http)
        settled = ijson.loads(wire_.kept)
        asker = Asker(nodes)
        # The same question again is answered again, for its answer may be lost.
        assert told(asker.ask(SETTLE, **settled))["changed"] == "AAQ"
        row = bytearray(ijson.b64url_decode(settled["changed"]))
        row[-1] ^= 1
        guess = {**settled, "changed": ijson.b64url_encode(bytes(row))}
        assert asker.refused(SETTLE, **guess) == RUN_UNKNOWN
        somebody = ijson.b64url_encode(secrets.token_bytes(8))
        assert asker.refused(SETTLE, **{**settled, "mine": somebody, "size": 6}) == RUN_UNKNOWN
        assert run_of(nodes.wuchang, run.id).tally == run.tally


def test_equal_registers_have_one_size_whatever_is_claimed(tmp_path: Path):
    with comparing_nodes(tmp_path) as nodes:
        enter(nodes.xicheng, [outflow(1)])
        enter(nodes.wuchang, [inflow(1)])
        run = reconcile(nodes.xicheng)
        assert run.tally == Tally(agreeing=1)
        asker = Asker(nodes)
        with nodes.wuchang.office.ledgers.transaction(read_only=True) as ledger:
            (key,) = ledger.tokens.all()
            digest = digest_of(words_of(ledger.tokens.register(key.id, key.revision).leaves))
        assert asker.refused(OPEN, digest=digest, size=2**53 - 1) == (422, "malformed-comparison")
        lying = Lying(nodes.wuchang.office, {OPEN: lambda told: {**told, "size": 2**53 - 1}})
        with httpx.Client(transport=lying) as http, pytest.raises(NotAuthentic):
            reconcile(nodes.xicheng, http=http)
