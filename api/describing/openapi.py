"""The description of the API: OpenAPI 3.1, with the shapes of the wire and our own form of refusals."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.declared import declared
from api.describing.examples import add_examples
from api.models import shapes
from api.problems import Problem
from exchange.errors import Invalid

_UNUSED = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of an application, made once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            webhooks=app.webhooks.routes,
            tags=app.openapi_tags,
            license_info=app.license_info,
            separate_input_output_schemas=app.separate_input_output_schemas,
        )
        components = found.setdefault("components", {}).setdefault("schemas", {})
        for name in _UNUSED:
            components.pop(name, None)
        components["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components.update(components["Problem"].pop("$defs", {}))
        components.update(shapes.components())
        found["components"]["schemas"] = dict(sorted(components.items()))
        app.openapi_schema = _referring(_with_our_problems(found))
        add_examples(app.openapi_schema["paths"], app.openapi_schema["components"]["schemas"])
    return app.openapi_schema


def _with_our_problems(found: dict[str, Any]) -> dict[str, Any]:
    """Where FastAPI has put its own form of a validation error, the problem that is really answered."""
    for path in found["paths"].values():
        for operation in path.values():
            answers = operation["responses"]
            if "HTTPValidationError" in str(answers.get("422")):
                answers["422"] = declared(Invalid)[422]
    for path in found.get("webhooks", {}).values():
        for operation in path.values():
            operation["responses"].pop("422", None)  # the receiver's answers, not ours
    return found


def _referring(value: Any) -> Any:
    """The description with each mark of a shape replaced by a reference to its schema."""
    match value:
        case {shapes.MARK: str(name), **beside}:
            beside.pop("title", None)
            return {"$ref": f"#/components/schemas/{name}", **beside}
        case dict():
            return {key: _referring(member) for key, member in value.items()}
        case list():
            return [_referring(member) for member in value]
        case _:
            return value
