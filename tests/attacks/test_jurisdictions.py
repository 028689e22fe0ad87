"""Reading and changing what is another jurisdiction's, by every route, and guessing what it has."""

import uuid
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.describing.openapi import describe
from tests.api.nodes import Served
from tests.attacks.conftest import CHAOYANG
from tests.attacks.people import CANARIES, IDS, held
from tests.attacks.refusing import refused
from tests.attacks.test_sql import NEEDED, PLACES
from tests.builders import WUCHANG, XICHENG, an_id, an_id_number

PATHS: dict[str, Any] = describe(create_app())["paths"]
ROUTES = [
    (method.upper(), path, operation)
    for path, methods in sorted(PATHS.items())
    for method, operation in methods.items()
    if path.startswith("/api/v1/")
]
# The county beside her own on the same node, one that the node does not serve, her city, and a township that has nothing.
ELSEWHERE = (CHAOYANG, WUCHANG, "110000", "110105001")
ROLES = ("clerk", "system", "coordinator", "auditor", "operator")


def asked(node: Served, method: str, path: str, operation: dict[str, Any], role: str, of: str) -> httpx.Response:
    """The route's own example, about what is Xicheng's, from a caller elsewhere."""
    names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    request: dict[str, Any] = {"params": {name: NEEDED[name] for name in names if name in NEEDED}}
    if "requestBody" in operation:
        ((media, content),) = operation["requestBody"]["content"].items()
        if media == "multipart/form-data":
            request |= {"files": {"file": ("a.csv", b"a")}, "data": {"layout": "outflow", "check": an_id(1)}}
        else:
            body = content["example"] if "example" in content else content["examples"]["1"]["value"]
            if isinstance(body, dict):
                body = {name: IDS.get(name, value) for name, value in body.items()}
                body |= {"url": "http://127.0.0.1:1"} if "url" in body else {}
            request |= {"content": body.encode()} if isinstance(body, str) else {"json": body}
    headers = {"authorization": f"Bearer {node.key(role, of)}", "if-match": '"1"'}
    return node.http.request(method, path.format(**PLACES), headers=headers, **request)


@pytest.mark.parametrize(("method", "path", "operation"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES])
def test_a_caller_elsewhere_learns_and_changes_nothing_of_her(full: Served, method: str, path: str, operation: dict[str, Any]):
    before = held(full.office)
    for of in ELSEWHERE:
        for role in ROLES if of == CHAOYANG else ("clerk", "coordinator"):
            answer = asked(full, method, path, operation, role, of)
            assert not any(canary in answer.text for canary in CANARIES), (role, of)
            if answer.status_code >= 400:
                assert answer.status_code < 500 or answer.status_code == 502, (role, of, answer.text)
                refused(answer, answer.status_code, answer.json()["type"].rsplit(":", 1)[1])
    assert held(full.office) == before


ONES = [
    (method, path, operation)
    for method, path, operation in ROUTES
    if any(f"{{{name}}}" in path for name in ("entry", "exchange", "case", "id")) and "other" not in path
]


@pytest.mark.parametrize(("method", "path", "operation"), ONES, ids=[f"{method} {path}" for method, path, _ in ONES])
def test_what_is_anothers_cannot_be_told_from_what_does_not_exist(
    full: Served, method: str, path: str, operation: dict[str, Any]
):
    """A clerk of the next county guesses ids: hers and one of nobody get the same answer, byte for byte."""
    known = asked(full, method, path, operation, "clerk", CHAOYANG)
    nobody = path.replace("{id}", str(an_id(4711)))
    for name in ("entry", "exchange", "case"):
        nobody = nobody.replace(f"{{{name}}}", an_id(4711))
    unknown = asked(full, method, nobody, operation, "clerk", CHAOYANG)
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    refused(known, 404, "not-found")


@pytest.mark.parametrize("guess", ["1", "0", "-1", "entry", str(uuid.UUID(int=0)), an_id(1).upper(), f"{an_id(1)} ", "*", "null"])
def test_ids_that_are_no_ids_of_the_node(full: Served, guess: str):
    answer = full.call("GET", f"/entries/{guess}", of=XICHENG)
    refused(answer, answer.status_code, {404: "not-found", 422: "invalid"}[answer.status_code])


def test_a_search_by_her_number_from_the_next_county(full: Served):
    person = {"name": "王小红", "document": {"type": "id_number", "number": an_id_number(3)}}
    body = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    full.post("/entries", body, of=XICHENG, status=201)
    search = {"document": person["document"]}
    assert len(full.post("/entries/search", search, of=XICHENG)["items"]) == 1
    assert full.post("/entries/search", search, of=CHAOYANG)["items"] == []


def test_another_county_named_in_a_filter(full: Served):
    for path in ("/entries", "/exchanges", "/cases", "/imports", "/exports/exchanges", "/worklists/to_pair"):
        answer = full.call("GET", path, params={"jurisdiction": XICHENG, "own": XICHENG, "county": XICHENG}, of=CHAOYANG)
        assert not any(canary in answer.text for canary in CANARIES)
        assert an_id(1) not in answer.text


def test_figures_of_another_county(full: Served):
    for path in ("/rates", "/rates/on_time/rows", "/reports/feedback"):
        refused(
            full.call("GET", path, params={"jurisdiction": XICHENG, "month": "2026-02"}, role="coordinator", of=CHAOYANG),
            404,
            "not-found",
        )


def test_entering_a_person_for_another_county(full: Served):
    person = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(2)}}
    body = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    answer = full.call("POST", "/entries", json=body, of=CHAOYANG)
    refused(answer, 422, "not-own-place")


def test_importing_for_another_county(full: Served):
    answer = full.call(
        "POST", "/imports", files={"file": ("a.csv", b"a")}, data={"layout": "outflow", "jurisdiction": XICHENG}, of=CHAOYANG
    )
    refused(answer, 409, "not-served")
