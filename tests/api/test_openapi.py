"""The published description: current, complete, and telling every refusal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema_rs import Draft202012Validator

from api import figures, health, partner, proven, registers
from api.auditing import heads
from api.describing.published import render
from api.local import ROUTERS
from api.wire import certificates
from exchange.announcements import ExchangeEvent
from exchange.wire import ijson

PUBLISHED = Path(__file__).parents[2] / "openapi" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(render())
OPERATIONS = {
    f"{method.upper()} {path}": operation for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}
WIRE_SHAPES = (
    "Agreement",
    "CertificateAsked",
    "CertificateTold",
    "Decision",
    "FiguresAsked",
    "FiguresTold",
    "Manifest",
    "Message",
    "NodeDocument",
    "Receipt",
    "RowsAsked",
    "RowsTold",
    "SignedReport",
)
ALL_ROUTERS = (
    health.router,
    partner.router,
    figures.router,
    proven.router,
    registers.router,
    certificates.router,
    heads.router,
    *ROUTERS,
)
OTHERS = ("agreement.proposed", "escalation.raised", "trouble.began", "trouble.ended")
PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /.well-known/migrant-exchange",
    "GET /.well-known/jwks.json",
    "GET /.well-known/security.txt",
    "POST /oauth/token",
}


def references(value: Any) -> set[str]:
    match value:
        case {"$ref": str(there), **rest}:
            return {there} | references(rest)
        case dict():
            return set[str]().union(*(references(member) for member in value.values()))
        case list():
            return set[str]().union(*(references(member) for member in value))
        case _:
            return set()


def test_the_published_file_is_current():
    assert PUBLISHED.read_text(encoding="utf-8") == render()


def test_every_route_is_described():
    routes = [route for router in ALL_ROUTERS for route in router.routes]
    assert {operation["operationId"] for operation in OPERATIONS.values()} == {route.name for route in routes}  # type: ignore[attr-defined] # all are APIRoutes
    assert len(OPERATIONS) == len(routes)


def test_every_reference_leads_somewhere_and_nothing_is_left_over():
    there = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    schemes = {f"#/components/securitySchemes/{name}" for name in DOCUMENT["components"]["securitySchemes"]}
    assert references(DOCUMENT) <= there | schemes
    assert not {"HTTPValidationError", "ValidationError"} & DOCUMENT["components"]["schemas"].keys()
    assert "x-woshou-shape" not in render()


SCHEMAS = {name: {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]} for name in WIRE_SHAPES}
EXAMPLE = PUBLISHED.parents[1] / "docs" / "wire-example"


def payload_of(jws: str) -> Any:
    return json.loads(ijson.b64url_decode(jws.split(".")[1]))


def on_the_wire() -> Iterator[tuple[str, Any]]:
    """Every value of the worked example, with the name of its shape."""
    yield "Agreement", payload_of((EXAMPLE / "agreement.jws").read_text())
    yield "Decision", payload_of((EXAMPLE / "acceptance.jws").read_text())
    for node in EXAMPLE.glob("*.node.jws"):
        yield "NodeDocument", payload_of(node.read_text())
    yield "SignedReport", payload_of((EXAMPLE / "wuchang.report.jws").read_text())
    for name, asked, told in (("figures", "FiguresAsked", "FiguresTold"), ("figure-rows", "RowsAsked", "RowsTold")):
        yield asked, json.loads((EXAMPLE / f"{name}.request.json").read_text())
        yield told, payload_of((EXAMPLE / f"{name}.jws").read_text())
    yield "CertificateAsked", payload_of((EXAMPLE / "check.jws").read_text())
    yield "CertificateTold", payload_of((EXAMPLE / "check-answer.jws").read_text())
    for receipt in EXAMPLE.glob("*.receipt.jws"):
        yield "Receipt", payload_of(receipt.read_text())
    for batch in EXAMPLE.glob("*.batch.ndjson"):
        first, *lines = batch.read_text("utf-8").splitlines()
        yield "Manifest", payload_of(first)
        yield from (("Message", json.loads(line)) for line in lines)


def test_the_schemas_of_the_wire_take_the_worked_example_and_nothing_beside_it():
    seen = set()
    for name, value in on_the_wire():
        seen.add(name)
        validator = Draft202012Validator(SCHEMAS[name])
        assert [error.message for error in validator.iter_errors(value)] == []
        assert not validator.is_valid({**value, "more": 1})
        assert not validator.is_valid({key: value[key] for key in list(value)[1:]})
    assert seen == set(WIRE_SHAPES)


def test_every_signed_body_names_the_shape_of_its_payload():
    bodies = [operation["requestBody"] for operation in OPERATIONS.values() if "requestBody" in operation]
    answers = [answer for operation in OPERATIONS.values() for answer in operation["responses"].values()]
    named = {
        content["schema"]["x-payload"]["$ref"].rsplit("/", 1)[1]
        for body in (*bodies, *answers)
        for media, content in body.get("content", {}).items()
        if media == "application/jose" or "x-payload" in content["schema"]
    }
    # Answers about registers are no part of the worked example: docs/protocol-registers.md has one of its own.
    registers = {"RegistersTold", "CellsTold", "SettledTold"}
    assert named == set(WIRE_SHAPES) - {"Message", "FiguresAsked", "RowsAsked"} | registers
    assert OPERATIONS["POST /v1/batches"]["requestBody"]["content"]["application/x-ndjson"]["schema"]["x-line"] == {
        "$ref": "#/components/schemas/Message"
    }


def test_no_pattern_is_one_that_only_python_reads():
    assert "(?!" not in PUBLISHED.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_says_what_it_does_and_how_it_refuses(name: str):
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    if name not in PUBLIC:
        assert operation["security"]
        assert {"401", "403", "503"} <= operation["responses"].keys()
    for status, response in operation["responses"].items():
        assert response["description"], status
        if int(status) >= 400:
            assert response["content"].keys() == {"application/problem+json"}, status
            assert response["content"]["application/problem+json"]["examples"], status


@pytest.mark.parametrize("name", sorted(name for name, operation in OPERATIONS.items() if "requestBody" in operation))
def test_every_body_has_an_example(name: str):
    ((media, content),) = OPERATIONS[name]["requestBody"]["content"].items()
    schema = DOCUMENT["components"]["schemas"].get(content["schema"].get("$ref", "").rsplit("/", 1)[-1], content["schema"])
    shown = "example" in content or "examples" in content or "example" in schema
    fields = all("examples" in field or "const" in field for field in schema.get("properties", {}).values())
    assert shown or (schema.get("properties") and fields), media


def test_the_webhooks_are_described():
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["webhooks"].keys() == {*get_args(ExchangeEvent), *OTHERS}
    for item in DOCUMENT["webhooks"].values():
        headers = [parameter["name"] for parameter in item["post"]["parameters"]]
        assert headers == ["webhook-id", "webhook-timestamp", "webhook-signature"]
        assert item["post"]["requestBody"]["content"]["application/json"]["examples"]


def test_no_parameter_of_an_address_takes_a_person():
    names = {parameter["name"] for operation in OPERATIONS.values() for parameter in operation.get("parameters", [])}
    assert not names & {"name", "document", "document_number", "number", "person", "birth_date", "q", "search"}


def test_every_post_of_own_systems_that_changes_something_takes_an_idempotency_key():
    posts = {name for name in OPERATIONS if name.startswith("POST /api/v1/")}
    keyed = {name for name in posts if any(p["name"] == "Idempotency-Key" for p in OPERATIONS[name].get("parameters", []))}
    # The two sheets: one changes nothing, the other settles by difference, and the same again settles nothing.
    by_itself = {"POST /api/v1/imports/{id}/annotated", "POST /api/v1/cross-checks/settlement-sheets"}
    assert posts - keyed == {"POST /api/v1/entries/search", "POST /api/v1/audit/search", *by_itself}


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    for name, operation in OPERATIONS.items():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for body in (*bodies, *operation["responses"].values()):
            for media, content in body.get("content", {}).items():
                shown = [content["example"]] if "example" in content else []
                shown += [example["value"] for example in content.get("examples", {}).values()]
                if media.endswith("json"):
                    assert shown, (name, media)
                    yield from ((name, content["schema"], example) for example in shown)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_example_is_one_of_what_it_shows(name: str):
    for _, schema, example in (found for found in examples() if found[0] == name):
        whole = {**schema, "components": DOCUMENT["components"]}
        problems = [f"{error.instance_path} {error.message}" for error in Draft202012Validator(whole).iter_errors(example)]
        assert problems == []
