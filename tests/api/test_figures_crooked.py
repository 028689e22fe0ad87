"""A partner answers badly about figures: whatever it says counts for nothing, costs little and ends."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapters.comparing import Bounds
from adapters.keys import jose
from adapters.keys.errors import BadSignature, WrongType
from adapters.office import Office
from adapters.partner_calls import PartnerUnavailable
from exchange.comparing.buckets import bucket_of
from exchange.comparing.comparison import Comparison
from exchange.wire import ijson
from exchange.wire.figures import BUCKETS, FIGURES_TYPE, MAX_ROWS, ROWS_TYPE, FigureRow, FiguresDoNotFit
from tests.api.comparing import ask, compare
from tests.api.nodes import Neighbours
from tests.builders import WUCHANG, WUCHANG_NODE, an_id


@pytest.fixture(autouse=True)
def _three_queries(both: Neighbours) -> None:
    """Three queries have gone across, and ten days by."""
    ask(both, 1, 2, 3)
    both.xicheng.clock.move(timedelta(days=10))


class Crooked(httpx.BaseTransport):
    """A wire on which Wuchang's answers about figures are replaced: `changed` gets the true payload and the request's body."""

    def __init__(self, wuchang: Office, changed: Callable[[str, dict[str, Any], bytes], tuple[str, bytes]]) -> None:
        self._wuchang, self._changed = wuchang, changed
        self._way = httpx.HTTPTransport()
        self.calls = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on, and answer otherwise."""
        response = self._way.handle_request(request)
        if "/figures" not in request.url.path:
            return response
        self.calls += 1
        response.read()
        told = json.loads(jose.read_unverified(response.text).payload)
        typ, payload = self._changed(request.url.path, told, request.read())
        return httpx.Response(200, text=jose.sign(payload, typ=typ, key=self._wuchang.signing_key()), request=request)

    def close(self) -> None:
        """Leave no connection behind."""
        self._way.close()


Changed = Callable[[str, dict[str, Any], bytes], tuple[str, bytes]]


def through(nodes: Neighbours, changed: Changed, bounds: Bounds | None = None) -> tuple[Crooked, Comparison]:
    """Xicheng compares with a Wuchang that answers so."""
    wire_between = Crooked(nodes.wuchang.office, changed)
    with httpx.Client(transport=wire_between) as http:
        return wire_between, compare(nodes.xicheng.office, http, WUCHANG_NODE, bounds=bounds)


def typ_of(path: str) -> str:
    return ROWS_TYPE if path.endswith("/rows") else FIGURES_TYPE


@pytest.mark.parametrize(
    "change",
    [
        {"request": "A" * 43},
        {"link": an_id(8)},
        {"sender": "other.example"},
        {"sent": 99},
        {"as_of": "2026-03-10"},
        {"since": "2026-03-10"},
        {"more": 1},
        {"buckets": []},
        {"told_at": "yesterday"},
    ],
)
def test_an_answer_to_something_else_counts_for_nothing(both: Neighbours, change: dict[str, Any]):
    with pytest.raises(FiguresDoNotFit):
        through(both, lambda path, told, body: (typ_of(path), ijson.dumps({**told, **change})))
    assert both.xicheng.get("/comparisons", role="operator")["items"] == []


def test_yesterdays_answer_does_not_answer_today(both: Neighbours):
    office = both.xicheng.office
    kept = compare(office, both.xicheng.http, WUCHANG_NODE).answer_jws
    assert kept is not None
    both.xicheng.clock.move(timedelta(seconds=1))
    with pytest.raises(FiguresDoNotFit):
        through(both, lambda path, told, body: (typ_of(path), jose.read_unverified(kept).payload))


def test_an_answer_of_another_type_or_by_another_key_counts_for_nothing(both: Neighbours):
    with pytest.raises(WrongType):
        through(both, lambda path, told, body: ("mx-receipt+jws", ijson.dumps(told)))

    class Forging(Crooked):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if "/figures" in request.url.path:
                head, payload, _ = response.text.split(".")
                return httpx.Response(200, text=f"{head}.{payload}.{'A' * 86}", request=request)
            return response

    forging = Forging(both.wuchang.office, lambda path, told, body: (typ_of(path), ijson.dumps(told)))
    with httpx.Client(transport=forging) as http, pytest.raises(BadSignature):
        compare(both.xicheng.office, http, WUCHANG_NODE)


def test_an_answer_without_end_is_cut_off(both: Neighbours):
    class Endless(Crooked):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            return (
                httpx.Response(200, content=(b"x" * 65536 for _ in range(10**6))) if "/figures" in request.url.path else response
            )

    endless = Endless(both.wuchang.office, lambda path, told, body: (typ_of(path), ijson.dumps(told)))
    with httpx.Client(transport=endless) as http, pytest.raises(PartnerUnavailable):
        compare(both.xicheng.office, http, WUCHANG_NODE)


def a_row(n: int) -> dict[str, Any]:
    """A row of an exchange that is not here."""
    return {
        "exchange": an_id(n),
        "asked": WUCHANG,
        "asking": "110102",
        "origin": "110102",
        "kind": "query",
        "event": None,
        "urgent": False,
        "category": "migrant",
        "rounds": [{"opened_at": "2026-03-02T01:00:00.000Z", "due": "2026-04-01", "answered_at": None, "result": None}],
        "withdrawn_at": None,
        "confirmed_at": None,
        "state": "open",
        "messages": 1,
        "log": "A" * 22,
    }


def test_a_partner_that_always_has_more_is_asked_no_more_than_so_often(both: Neighbours):
    """All buckets differ, every answer is full and leaves more out: the calls end, and so do the findings."""
    by_bucket: dict[int, list[int]] = {}
    for n in range(1000, 60_000):
        by_bucket.setdefault(bucket_of(an_id(n)), []).append(n)

    def more(path: str, told: dict[str, Any], body: bytes) -> tuple[str, bytes]:
        if not path.endswith("/rows"):
            return FIGURES_TYPE, ijson.dumps({**told, "buckets": ["A" * 22] * BUCKETS})
        numbers = [n for look in json.loads(body)["look"] for n in by_bucket[look["bucket"]]][:MAX_ROWS]
        return ROWS_TYPE, ijson.dumps({**told, "rows": [a_row(n) for n in numbers], "left": 10**6})

    # So few at a time that each row that is held takes a call of its own.
    crooked, found = through(both, more, Bounds(calls=2, named=700, held=1))
    assert crooked.calls == 3
    assert (found.equal, found.whole) == (False, False)
    assert found.differ > 2 * 10**6
    findings = both.xicheng.get("/findings?limit=1000", role="operator")["items"]
    assert sum(row["kind"] == "figures-differ" for row in findings) == 700


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [a_row(1), a_row(1)]},
        {"rows": [a_row(n) for n in range(1, 600)]},
        {"unknown": ["B" * 21 + "A"]},
        {"rows": [{**a_row(1), "rounds": []}]},
        {"rows": [{**a_row(1), "name": "王"}]},
    ],
)
def test_rows_that_were_not_asked_for_count_for_nothing(both: Neighbours, change: dict[str, Any]):
    def changed(path: str, told: dict[str, Any], body: bytes) -> tuple[str, bytes]:
        if path.endswith("/rows"):
            return ROWS_TYPE, ijson.dumps({**told, **change})
        first = next(n for n, each in enumerate(told["buckets"]) if each is not None)
        buckets = [("A" * 22 if n == first else each) for n, each in enumerate(told["buckets"])]
        return FIGURES_TYPE, ijson.dumps({**told, "buckets": buckets})

    with pytest.raises(FiguresDoNotFit):
        through(both, changed)


def test_digests_that_differ_though_no_row_does_are_no_equality(both: Neighbours):
    def changed(path: str, told: dict[str, Any], body: bytes) -> tuple[str, bytes]:
        if path.endswith("/rows"):
            return ROWS_TYPE, ijson.dumps(told)
        return FIGURES_TYPE, ijson.dumps({**told, "buckets": ["A" * 22] * BUCKETS})

    _, found = through(both, changed)
    assert (found.equal, found.whole, found.differ) == (False, True, 0)
    kinds = [row["kind"] for row in both.xicheng.get("/findings", role="operator")["items"]]
    assert kinds == ["figures-unequal"]


def test_a_shape_of_a_row_has_no_room_for_a_person():
    assert set(FigureRow.__struct_fields__) == set(a_row(1))
