"""SQL in every filter of each route that the description knows, on each database.

Each sort of filter is tried with every text, each other filter of its sort with one of them, by turns.
"""

import json
from typing import Any

import httpx
import pytest

from tests.access.asking import role_of
from tests.api.nodes import Served
from tests.attacks.people import IDS, held
from tests.attacks.refusing import refused
from tests.builders import XICHENG, a_digest
from tests.building.described import described

PAYLOADS = (
    "' OR '1'='1",
    "'; DROP TABLE entry; --",
    "1) OR 1=1--",
    "x' UNION SELECT number FROM entry--",
    '" OR ""="',
    "%' OR name LIKE '%",
    "\\'; SELECT pg_sleep(9); --",
    "$$;SELECT 1$$",
    "%",
    "_",
)
PATHS: dict[str, Any] = described()["paths"]
# What a route needs beside the filter under attack.
NEEDED = {"jurisdiction": XICHENG, "month": "2026-02", "register": "outflow", "receiver": "hubei.example", "after": "0"}
PLACES = {**IDS, "code": XICHENG, "node": "wuchang.example", "digest": a_digest("any"), "layout": "outflow", "rate": "on_time"}
PLACES |= {"worklist": "to_pair", "report": "feedback", "year": "2027"}


def _texts(operation: dict[str, Any], place: str) -> list[str]:
    return [each["name"] for each in operation.get("parameters", ()) if each["in"] == place]


FILTERS = [
    (path, name)
    for path, methods in sorted(PATHS.items())
    if "get" in methods and path.startswith("/api/v1/")
    for name in _texts(methods["get"], "query")
]
# Texts that may be anything: they find nothing. Each other filter has a form, which no SQL has.
FREE = {("/api/v1/audit", "actor"), ("/api/v1/audit", "action")}


def _sort(path: str, name: str) -> str:
    """What the description says that a filter may hold: filters of one sort are read by one and the same code."""
    (told,) = (each["schema"] for each in PATHS[path]["get"]["parameters"] if each["name"] == name)
    return json.dumps(
        {key: told[key] for key in told if key not in ("default", "description", "examples", "title")}, sort_keys=True
    )


FIRST_OF_SORT = {_sort(path, name): (path, name) for path, name in reversed(FILTERS)}


def payloads_for(path: str, name: str) -> tuple[str, ...]:
    """What to try a filter with."""
    if FIRST_OF_SORT[_sort(path, name)] == (path, name):
        return PAYLOADS
    return (PAYLOADS[FILTERS.index((path, name)) % len(PAYLOADS)],)


STEPS = [
    (f"{method.upper()} {path}", name)
    for path, methods in sorted(PATHS.items())
    for method, operation in methods.items()
    if path.startswith("/api/v1/")
    for name in _texts(operation, "path")
]


def asked(node: Served, route: str, params: dict[str, str] | None = None, /, **places: str) -> httpx.Response:
    """A route called by who may call it, so that what is hostile is looked at."""
    method, path = route.split()
    headers = {"authorization": f"Bearer {node.key(role_of(route), XICHENG)}", "if-match": '"1"'}
    return node.http.request(method, path.format(**{**PLACES, **places}), params=params, headers=headers)


@pytest.mark.parametrize(("path", "name"), FILTERS, ids=[f"{path} {name}" for path, name in FILTERS])
def test_sql_in_a_filter(filled: Served, path: str, name: str):
    before, others = held(filled.office), {key: NEEDED[key] for key in _texts(PATHS[path]["get"], "query") if key in NEEDED}
    for payload in payloads_for(path, name):
        answer = asked(filled, f"GET {path}", {**others, name: payload})
        if (path, name) in FREE:
            assert (answer.status_code, answer.json()["items"]) == (200, []), payload
        elif name == "cursor" and payload == "_":  # which is of a cursor's letters
            refused(answer, 422, "bad-cursor")
        else:
            refused(answer, 422, "invalid")
            assert f"query {name}" in answer.json()["detail"], payload
        assert "SELECT" not in answer.text
    assert held(filled.office) == before


@pytest.mark.parametrize(("route", "name"), STEPS, ids=[f"{route} {name}" for route, name in STEPS])
def test_sql_in_a_path(filled: Served, route: str, name: str):
    before = held(filled.office)
    for payload in ("'--", "x' OR 'x'='x", "1) UNION SELECT 1--"):
        refused(asked(filled, route, **{name: payload}), 422, "invalid")
    refused(asked(filled, route, **{name: "1;DROP TABLE entry"}), 404, "not-found")  # no address has a semicolon
    assert held(filled.office) == before


def test_sql_in_the_text_of_a_search(filled: Served):
    for payload in PAYLOADS:
        body = {"document": {"type": "passport", "number": payload}}
        refused(filled.call("POST", "/entries/search", json=body, of=XICHENG), 422, "invalid")


def test_sql_in_a_name_is_a_name(filled: Served):
    person = {"name": "'); DROP TABLE entry; --", "document": {"type": "passport", "number": "E12345678"}}
    body = {"register": "outflow", "origin": XICHENG, "destination": "420106", "person": person}
    made = filled.post("/entries", body, of=XICHENG, status=201)["id"]
    assert filled.get(f"/entries/{made}", of=XICHENG)["person"]["name"] == person["name"]
