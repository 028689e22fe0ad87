"""An example of every answer, made from its schema and from the examples that its fields have."""

from typing import Any

from api.models.agreements import AGREEMENT_EXAMPLE
from api.models.registers.entries import ENTRY_EXAMPLE, PERSON_EXAMPLE
from api.models.reporting.reports import MONTHLY_EXAMPLE

# Domain shapes have no examples on their fields.
OF_SHAPES: dict[str, Any] = {
    "Agreement": AGREEMENT_EXAMPLE,
    "Child": {"sex": "1", "birth_date": "2026-02-11", "birth_place": "武昌区", "certificate_number": "P42000001"},
    "MonthlyReport": MONTHLY_EXAMPLE,
    "Person": PERSON_EXAMPLE,
    "Record": ENTRY_EXAMPLE["record"],
}
_PLAIN: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "string": "…", "null": None}
_FORMATS = {"date": "2026-03-02"}


def add_examples(operations: dict[str, Any], components: dict[str, Any]) -> None:
    """Give each JSON answer of the operations an example, unless it has one."""
    for path in operations.values():
        for operation in path.values():
            for response in operation["responses"].values():
                content = response.get("content", {}).get("application/json", {})
                if "schema" in content and "example" not in content and "examples" not in content:
                    content["example"] = example_of(content["schema"], components)


def example_of(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """A value that fits the schema."""
    match schema:
        case {"examples": [first, *_]}:
            return first
        case {"$ref": str(there)}:
            name = there.rsplit("/", 1)[1]
            return OF_SHAPES[name] if name in OF_SHAPES else example_of(components[name], components)
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]} | {"allOf": [first, *_]}:
            return example_of(first, components)
        case {"type": "array", "items": dict() as item}:
            return [example_of(item, components)]
        case {"type": "object"}:
            return {name: example_of(member, components) for name, member in schema.get("properties", {}).items()}
        case _:
            return _FORMATS.get(schema.get("format", "")) or _PLAIN.get(schema.get("type", "null"))
