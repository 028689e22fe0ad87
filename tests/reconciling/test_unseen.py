"""A protected entry changes nothing of what its node answers while registers are compared, nor of what that takes."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from exchange.wire import ijson
from tests.api.nodes import Neighbours
from tests.building.sealing import open_database
from tests.reconciling.pairs import comparing_nodes, enter, inflow, outflow, reconcile

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SALTED = {"request", "nonce", "digest", "sketch", "cells"}
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+Z")


def plain(content: bytes) -> bytes:
    """A signed answer without ids and moments; what a fresh nonce enters into by its length alone."""
    payload = ijson.b64url_decode(content.decode().split(".")[1])
    said = ijson.loads(_MOMENT.sub(b"M", _UUID.sub(b"I", payload)))
    return ijson.dumps({name: len(value) if name in _SALTED else value for name, value in said.items()})


@dataclass
class Listening(httpx.BaseTransport):
    """Carries everything, and keeps what was answered, but for ids and moments."""

    told: list[tuple[str, int, bytes]] = field(default_factory=list)
    _wire: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._wire.handle_request(request)
        content = response.read()
        if "register" in request.url.path:
            path = _UUID.sub(b"I", request.url.path.encode()).decode()
            self.told.append((path, response.status_code, plain(content)))
        return httpx.Response(response.status_code, headers=response.headers, content=content, request=request)

    def close(self) -> None:
        self._wire.close()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Neighbours]:
    """Xicheng on SQLite, and five people whom both know."""
    database = open_database(f"sqlite:///{tmp_path / 'xicheng.db'}")
    database.upgrade()
    with comparing_nodes(tmp_path, database) as made:
        enter(made.xicheng, [outflow(n) for n in range(1, 6)])
        enter(made.wuchang, [inflow(n) for n in range(1, 8)])
        yield made
    database.close()


def asked(nodes: Neighbours) -> tuple[list[tuple[str, int, bytes]], Counter[str], Any]:
    """What Xicheng answers to Wuchang, which statements that takes, and what Wuchang makes of it."""
    statements: Counter[str] = Counter()

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements[statement] += 1

    event.listen(Engine, "before_cursor_execute", listen)
    wire = Listening()
    try:
        with httpx.Client(transport=wire) as http:
            run = reconcile(nodes.wuchang, http=http)
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    return wire.told, statements, (run.tally, run.outflow_size, run.numberless_outflow)


@pytest.mark.parametrize("how", ["in both registers", "in its own alone"])
def test_the_answers_and_the_work_are_the_same_with_a_protected_entry(nodes: Neighbours, how: str) -> None:
    asked(nodes)  # the month's tokens are made
    before = asked(nodes)
    assert before[0]
    assert before[1]
    person = 7 if how == "in both registers" else 9
    enter(nodes.xicheng, [outflow(person, protected=True)])
    first, _, result = asked(nodes)
    assert (first, result) == (before[0], before[2])
    # The first took note of a change in the register, as after any change; from then on the work is the same as well.
    assert asked(nodes) == before
    nodes.xicheng.clock.move(timedelta(days=1))
    # Anybody else would be seen.
    enter(nodes.xicheng, [outflow(6)])
    answers, _, result = asked(nodes)
    assert answers != before[0]
    assert result != before[2]
