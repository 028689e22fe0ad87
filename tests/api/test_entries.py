"""Register entries through the API: entering, patching under an ETag, closing, searching, many at once."""

import json
from typing import Any

import httpx
import pytest

from tests.api.nodes import Served
from tests.builders import WUCHANG, XICHENG, an_id_number

FACTS: dict[str, Any] = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG}


def a_body(n: int = 1, **changes: Any) -> dict[str, Any]:
    person = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(n)}}
    return {**FACTS, "person": person, **changes}


def enter(node: Served, n: int = 1, **changes: Any) -> str:
    entry: str = node.post("/entries", a_body(n, **changes), status=201)["id"]
    return entry


def patch(node: Served, entry: str, change: dict[str, Any], version: str | None) -> httpx.Response:
    headers = {"if-match": version} if version is not None else {}
    return node.call("PATCH", f"/entries/{entry}", json=change, headers=headers)


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].rsplit(":", 1)[1]


def test_a_person_entered_twice_has_one_entry(xicheng: Served):
    entry = enter(xicheng)
    again = xicheng.call("POST", "/entries", json=a_body())
    assert (again.status_code, again.json()) == (200, {"id": entry, "outcome": "unchanged", "warnings": []})
    shown = xicheng.get(f"/entries/{entry}")
    assert (shown["person"]["sex"], shown["person"]["birth_date"], shown["version"]) == ("1", "1990-03-07", 1)


def test_what_is_doubtful_is_taken_with_a_warning(xicheng: Served):
    wrong = an_id_number(1)[:-1] + ("0" if an_id_number(1)[-1] != "0" else "1")
    body = a_body(person={"name": "王小明", "document": {"type": "id_number", "number": wrong}})
    warnings = xicheng.post("/entries", body, status=201)["warnings"]
    assert [(told["field"], told["code"]) for told in warnings] == [("document_number", "check-digit")]


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"origin": WUCHANG}, "not-own-place", "/origin"),
        ({"destination": XICHENG}, "same-county", "/destination"),
        ({"destination": "999999"}, "unknown-jurisdiction", "/destination"),
        ({"person": {"name": "王小明", "document": {"type": "id_number", "number": "1"}}}, "document-refused", None),
        ({"record": {"moving": {"reason": "study"}}}, "reason-not-counted", "/record/moving/reason"),
        ({"record": {"pregnancy": "yes"}}, "invalid", "/record"),
        ({"register": "abroad"}, "invalid", "/register"),
    ],
)
def test_what_cannot_be_entered_is_refused_with_its_place(
    xicheng: Served, change: dict[str, Any], code: str, pointer: str | None
):
    refused = xicheng.call("POST", "/entries", json=a_body(**change))
    assert problem(refused) == (422, code)
    assert pointer is None or refused.json()["pointer"] == pointer


def test_a_refusal_repeats_nothing_that_was_written(xicheng: Served):
    for body in (
        a_body(person={"name": "欧阳\u0007娜娜", "document": {"type": "id_number", "number": "110102199003070999"}}),
        a_body(register="欧阳娜娜"),
        a_body(欧阳娜娜="110102199003070999"),
        a_body(person={"name": "王小明", "document": {"type": "id_number", "number": "110102199003070999X"}}),
    ):
        refused = xicheng.call("POST", "/entries", json=body)
        assert refused.status_code == 422
        assert "欧阳" not in refused.text
        assert "1990030" not in refused.text


@pytest.mark.parametrize("body", [b'{"register": "outflow", "register": "inflow"}', b'{"a": NaN}', b'{"a": "\\ud800"}', b"{"])
def test_what_two_readers_could_read_differently_is_refused(xicheng: Served, body: bytes):
    refused = xicheng.call("POST", "/entries", content=body, headers={"content-type": "application/json"})
    assert problem(refused) == (422, "not-i-json")


def test_a_patch_merges_objects_and_null_removes(xicheng: Served):
    entry = enter(xicheng, record={"marital_status": "21", "marriage": {"date": "2015-05-20", "place": "北京市西城区"}})
    read = xicheng.call("GET", f"/entries/{entry}")
    changed = patch(xicheng, entry, {"record": {"marital_status": "40", "marriage": {"place": None}}}, read.headers["etag"])
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json() == {"id": entry, "version": 2, "open": True, "warnings": []}
    assert xicheng.get(f"/entries/{entry}")["record"] == {"marital_status": "40", "marriage": {"date": "2015-05-20"}}


def test_a_change_needs_the_version_that_was_read(xicheng: Served):
    entry = enter(xicheng)
    assert problem(patch(xicheng, entry, {"destination": "420111"}, None)) == (428, "precondition-required")
    assert patch(xicheng, entry, {"destination": "420111"}, '"1"').status_code == 200
    assert problem(patch(xicheng, entry, {"destination": WUCHANG}, '"1"')) == (412, "version-differs")
    assert problem(patch(xicheng, entry, {"destination": WUCHANG}, "W/old")) == (412, "version-differs")
    stale = xicheng.call("POST", f"/entries/{entry}/close", json={"reason": "returned"}, headers={"if-match": '"1"'})
    assert problem(stale) == (412, "version-differs")


def test_a_patch_that_leaves_nonsense_is_refused(xicheng: Served):
    entry = enter(xicheng)
    assert problem(patch(xicheng, entry, {"person": {"name": None}}, '"1"')) == (422, "invalid")
    assert problem(patch(xicheng, entry, {"register": "inflow"}, '"1"')) == (422, "invalid")
    assert problem(patch(xicheng, entry, {"origin": WUCHANG}, '"1"')) == (422, "not-own-place")


def test_an_entry_is_closed_and_reopened(xicheng: Served):
    entry = enter(xicheng, opened_on="2026-01-05")
    closed = xicheng.post(f"/entries/{entry}/close", {"reason": "returned", "on": "2026-02-27"})
    assert closed == {"id": entry, "version": 2, "open": False, "warnings": []}
    assert problem(xicheng.call("POST", f"/entries/{entry}/close", json={"reason": "returned"})) == (409, "entry-closed")
    assert [row["id"] for row in xicheng.get("/entries", params={"open": "false"})["items"]] == [entry]
    assert xicheng.post(f"/entries/{entry}/reopen")["open"] is True
    assert problem(xicheng.call("POST", f"/entries/{entry}/reopen")) == (409, "entry-open")


def test_a_person_is_found_by_document_in_the_body_alone(xicheng: Served):
    entry = enter(xicheng)
    document = {"type": "id_number", "number": f" {an_id_number(1).lower()} "}
    assert problem(xicheng.call("POST", "/entries/search", json={"document": document})) == (422, "invalid")
    document["number"] = an_id_number(1)
    found = xicheng.post("/entries/search", {"document": document})
    assert [row["id"] for row in found["items"]] == [entry]
    assert xicheng.post("/entries/search", {"document": {**document, "number": an_id_number(2)}})["items"] == []
    assert xicheng.call("GET", "/entries/search").status_code == 422


def test_entries_are_listed_in_pages_the_newest_first(xicheng: Served):
    entries = [enter(xicheng, n) for n in (1, 2, 3)]
    first = xicheng.get("/entries", params={"limit": 2, "register": "outflow", "other": WUCHANG})
    rest = xicheng.get("/entries", params={"limit": 2, "cursor": first["next"]})
    assert [row["id"] for row in first["items"] + rest["items"]] == entries[::-1]


def ndjson(lines: list[Any]) -> bytes:
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


def bulk(node: Served, lines: list[Any], **headers: str) -> list[dict[str, Any]]:
    response = node.call("POST", "/entries/bulk", content=ndjson(lines), headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


def test_each_line_of_the_bulk_has_its_result(xicheng: Served):
    results = bulk(
        xicheng,
        [
            a_body(1),
            b"\n",
            a_body(1),
            {**a_body(2), "unknown": 1},
            b"{nonsense\n",
            a_body(3, destination=XICHENG),
            b'{"a": "\\u0000"}\n',
            a_body(4),
        ],
    )
    told = [(row["line"], row["outcome"], row.get("problem", {}).get("type", "").rsplit(":", 1)[-1]) for row in results]
    assert told == [
        (1, "opened", ""),
        (3, "unchanged", ""),
        (4, "refused", "invalid"),
        (5, "refused", "invalid"),
        (6, "refused", "same-county"),
        (7, "refused", "invalid"),
        (8, "opened", ""),
    ]
    assert [told["code"] for told in results[1]["warnings"]] == ["duplicate-row"]
    assert len(xicheng.get("/entries")["items"]) == 2


def test_more_than_a_thousand_lines_are_several_transactions(xicheng: Served):
    lines = [
        {**FACTS, "person": {"name": "王小明", "document": {"type": "passport", "number": f"E{n:08d}"}}} for n in range(1, 2502)
    ]
    results = bulk(xicheng, lines)
    assert [(row["line"], row["outcome"]) for row in results] == [(n, "opened") for n in range(1, 2502)]
    assert {row["outcome"] for row in bulk(xicheng, lines)} == {"unchanged"}


def test_the_same_bulk_with_the_same_key_gives_the_same_lines(xicheng: Served):
    first = bulk(xicheng, [a_body(1), a_body(2)], **{"idempotency-key": "one"})
    assert bulk(xicheng, [a_body(1), a_body(2)], **{"idempotency-key": "one"}) == first
    other = bulk(xicheng, [a_body(1), a_body(3)], **{"idempotency-key": "one"})
    assert {row["problem"]["type"] for row in other} == {"urn:woshou:problem:idempotency-key-reused"}


def test_a_request_with_a_key_takes_effect_once(xicheng: Served):
    headers = {"idempotency-key": "eins"}
    first = xicheng.call("POST", "/entries", json=a_body(), headers=headers)
    again = xicheng.call("POST", "/entries", json=a_body(), headers=headers)
    assert (again.status_code, again.json(), again.headers["location"]) == (201, first.json(), first.headers["location"])
    assert again.headers["idempotency-replayed"] == "true"
    other = xicheng.call("POST", "/entries", json=a_body(2), headers=headers)
    assert problem(other) == (422, "idempotency-key-reused")
    elsewhere = xicheng.call("POST", f"/entries/{first.json()['id']}/reopen", headers=headers)
    assert problem(elsewhere) == (422, "idempotency-key-reused")
    assert xicheng.call("POST", "/entries", json=a_body(), headers=headers, role="system").status_code == 200


def test_a_refused_request_leaves_nothing_to_be_repeated(xicheng: Served):
    headers = {"idempotency-key": "eins"}
    refused = [xicheng.call("POST", "/entries", json=a_body(origin=WUCHANG), headers=headers) for _ in range(2)]
    assert [problem(response) for response in refused] == [(422, "not-own-place")] * 2
    assert xicheng.get("/entries")["items"] == []


def test_a_body_larger_than_the_route_takes_is_refused(xicheng: Served):
    def pieces():
        for _ in range(300):
            yield b" " * 1024

    announced = xicheng.call("POST", "/entries", content=b" " * (256 * 1024 + 1), headers={"content-type": "application/json"})
    streamed = xicheng.call("POST", "/entries", content=pieces(), headers={"content-type": "application/json"})
    assert [problem(response) for response in (announced, streamed)] == [(413, "request-too-large")] * 2
