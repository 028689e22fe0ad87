"""The answer to a person as one page in both languages: no script, no outside asset, everything from outside escaped."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.sheets.words import codes, label
from exchange.codes import RegisterKind
from exchange.jurisdiction import Divisions
from exchange.moments import SHANGHAI
from exchange.persons.report import SubjectReport
from exchange.persons.subject import Relation

_RELATIONS: Final = {
    Relation.PERSON: "本人 yourself",
    Relation.SPOUSE: "配偶 a spouse",
    Relation.CHILD: "子女 a child",
}
_REGISTERS: Final = {RegisterKind.OUTFLOW: "流出台账 outflow register", RegisterKind.INFLOW: "流入台账 inflow register"}


def write_page(report: SubjectReport, divisions: Divisions, today: date) -> bytes:
    """The bytes of the page, in UTF-8."""

    def place(code: str) -> str:
        return f"{divisions.full_name(code, today)} {code}"

    environment = _environment().overlay()
    environment.filters = {**environment.filters, "place": place}
    return environment.get_template("page.html").render(report=report).encode("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"clock": _clock, "flat": _flat, "relation": _RELATIONS.get, "register": _REGISTERS.get}
    return environment


def _clock(moment: datetime | None) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment is not None else "—"


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested facts as lines: each with the names of what it stands in."""
    for name, value in content.items():
        path = f"{before}{'' if not before else ' / '}{_word(name)}"
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        elif isinstance(value, list):
            for number, member in enumerate(value, 1):
                if isinstance(member, Mapping):
                    yield from _flat(member, f"{path} {number}")
                else:
                    yield f"{path} {number}", str(member)
        else:
            yield path, str(value)


def _word(name: str) -> str:
    return f"{label('items', name)} {name}" if name in codes("items") else name
