"""SQL in every filter of each route that the description knows, on each database.

Each sort of filter is tried with every text, each other filter of its sort with one of them, by turns.
"""

import json
from typing import Any

import pytest

from api.app import create_app
from api.describing.openapi import describe
from tests.api.nodes import Served
from tests.api.test_contract import ROLE_OF
from tests.attacks.people import CANARIES, IDS, held
from tests.attacks.refusing import refused
from tests.builders import XICHENG, a_digest

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
PATHS: dict[str, Any] = describe(create_app())["paths"]
# What a route needs beside the filter under attack.
NEEDED = {"jurisdiction": XICHENG, "month": "2026-02", "register": "outflow", "receiver": "hubei.example", "after": "0"}
PLACES = {**IDS, "code": XICHENG, "node": "wuchang.example", "digest": a_digest("any"), "layout": "outflow", "rate": "on_time"}
PLACES |= {"worklist": "to_pair", "report": "feedback", "year": "2027"}


def _texts(operation: dict[str, Any], place: str) -> list[str]:
    return [each["name"] for each in operation.get("parameters", ()) if each["in"] == place]


FILTERS = [
    (path, operation["tags"][0], name)
    for path, methods in sorted(PATHS.items())
    for method, operation in methods.items()
    if method == "get" and path.startswith("/api/v1/")
    for name in _texts(operation, "query")
]


def _sort(path: str, name: str) -> str:
    """What the description says that a filter may hold: filters of one sort are read by one and the same code."""
    (told,) = (each["schema"] for each in PATHS[path]["get"]["parameters"] if each["name"] == name)
    return json.dumps(
        {key: told[key] for key in told if key not in ("default", "description", "examples", "title")}, sort_keys=True
    )


FIRST_OF_SORT = {_sort(path, name): (path, name) for path, _, name in reversed(FILTERS)}


def payloads_for(path: str, name: str) -> tuple[str, ...]:
    """What to try a filter with."""
    if FIRST_OF_SORT[_sort(path, name)] == (path, name):
        return PAYLOADS
    turn = [(each, other) for each, _, other in FILTERS].index((path, name))
    return (PAYLOADS[turn % len(PAYLOADS)],)


STEPS = [
    (method, path, operation["tags"][0], name)
    for path, methods in sorted(PATHS.items())
    for method, operation in methods.items()
    if path.startswith("/api/v1/") and method in ("get", "post", "delete")
    for name in _texts(operation, "path")
]


def asked(node: Served, method: str, path: str, tag: str, params: dict[str, str] | None = None, /, **places: str) -> Any:
    role = ROLE_OF.get(tag, "auditor" if "evidence" in path else "clerk")
    headers = {"authorization": f"Bearer {node.key(role, XICHENG)}"}
    address = path.format(**{**PLACES, **places})
    return node.http.request(method, address, params=params, headers=headers)


@pytest.mark.parametrize(("path", "tag", "name"), FILTERS, ids=[f"{path} {name}" for path, _, name in FILTERS])
def test_sql_in_a_filter(filled: Served, path: str, tag: str, name: str):
    before, others = held(filled.office), {key: NEEDED[key] for key in _texts(PATHS[path]["get"], "query") if key in NEEDED}
    for payload in payloads_for(path, name):
        answer = asked(filled, "GET", path, tag, {**others, name: payload})
        if answer.status_code >= 400:
            assert answer.status_code < 500, (payload, answer.text)
            refused(answer, answer.status_code, answer.json()["type"].rsplit(":", 1)[1])
            assert "SELECT" not in answer.text
        else:  # a text that may be anything finds nothing
            assert not any(canary in answer.text for canary in CANARIES), payload
            if answer.headers["content-type"] == "application/json":
                assert json.loads(answer.text).get("items", []) == [], payload
    assert held(filled.office) == before


@pytest.mark.parametrize(
    ("method", "path", "tag", "name"), STEPS, ids=[f"{method} {path} {name}" for method, path, _, name in STEPS]
)
def test_sql_in_a_path(filled: Served, method: str, path: str, tag: str, name: str):
    before = held(filled.office)
    for payload in ("'--", "x' OR 'x'='x", "1;DROP TABLE entry"):
        answer = asked(filled, method, path, tag, **{name: payload})
        assert answer.status_code in (400, 403, 404, 405, 409, 412, 422, 428), (payload, answer.text)
        refused(answer, answer.status_code, answer.json()["type"].rsplit(":", 1)[1])
    assert held(filled.office) == before


def test_sql_in_the_text_of_a_search(filled: Served):
    for payload in PAYLOADS:
        body = {"document": {"type": "passport", "number": payload}}
        answer = filled.call("POST", "/entries/search", json=body, of=XICHENG)
        found = answer.json().get("items") if answer.status_code == 200 else []
        assert (answer.status_code in (200, 422), found) == (True, [])


def test_sql_in_a_name_is_a_name(filled: Served):
    person = {"name": "'); DROP TABLE entry; --", "document": {"type": "passport", "number": "E12345678"}}
    body = {"register": "outflow", "origin": XICHENG, "destination": "420106", "person": person}
    made = filled.post("/entries", body, of=XICHENG, status=201)["id"]
    assert filled.get(f"/entries/{made}", of=XICHENG)["person"]["name"] == person["name"]
