"""ID numbers come by prompt, standard input or POST body: no option, argument, address or query parameter takes one."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer.main

from tests.building.described import described
from woshou.cli import build

# What would name a person or a child.
PERSONAL = re.compile(
    r"(^|[-_])(id[-_]?(card|number)|number|document|person|name|born|birth|child|children|spouse|sex|ethnicity)([-_]|$)"
)
# Words that hold one of these and name no person, each with what it is.
HARMLESS = {
    "woshou account create --name": "the post, or what colleagues call who has it",
    "woshou apikey create --name": "the key",
    "woshou case commit --spouse": "the first or the second",
}


def options(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every option and argument of every command."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from options(inner, f"{path} {name}")
    for parameter in command.params:
        yield path, parameter


def one_word_of(parameter: Any) -> bool:
    """Whether it takes one word of a closed list."""
    kind = parameter.type_descriptor.annotation
    return isinstance(kind, type) and issubclass(kind, Enum)


def test_no_command_takes_a_person_as_an_argument():
    asked = [
        f"{path} {name}"
        for path, parameter in options(typer.main.get_command(build()), "woshou")
        for name in (*parameter.opts, *parameter.secondary_opts)
        # A flag says yes or no, and of a closed list one word is chosen, such as a document's type.
        if not getattr(parameter, "is_flag", False) and not one_word_of(parameter) and PERSONAL.search(name.lstrip("-"))
    ]
    assert sorted(set(asked)) == sorted(HARMLESS)


def test_no_address_and_no_query_parameter_names_a_person():
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            given = [each for each in operation.get("parameters", []) if each.get("in") in ("query", "path", "header")]
            assert [each["name"] for each in given if PERSONAL.search(each["name"])] == [], f"{method} {path}"


def test_what_an_address_takes_is_in_a_form_that_no_id_number_has():
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            for each in operation.get("parameters", []):
                schema = each.get("schema", {})
                pattern = schema.get("pattern")
                if each.get("in") == "path" and pattern is not None:
                    assert not re.search(pattern, "11010219900307123X"), f"{method} {path} {each['name']}"


def test_children_are_searched_by_nothing():
    searches = [path for path in described()["paths"] if "search" in path]
    assert sorted(searches) == ["/api/v1/audit/search", "/api/v1/entries/search"]
    schema = described()["components"]["schemas"]["Search"]
    assert set(schema["properties"]) == {"document"}
