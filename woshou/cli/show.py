"""What a command prints: values as JSON, or tables for people."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import msgspec
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from adapters.auditing.trail import before_showing
from exchange.moments import SHANGHAI, format_moment, parse_moment
from woshou.cli.values import worded
from woshou.cli.words import say

Header = tuple[str, str]
_WIDE = 180


class _Screen(Console):
    """A console whose reader may go, as `head` does; how that ends is told once, by `Ending`."""

    def on_broken_pipe(self) -> None:
        """Let whoever ends the command hear of it."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Where to print: as wide as the terminal, and wide enough for no cell to be cut where there is none."""
    file = sys.stderr if stderr else sys.stdout
    # No markup: what is shown may come from elsewhere.
    return _Screen(file=file, width=None if file.isatty() else _WIDE, highlight=False, markup=False)


def progress() -> Progress:
    """A bar on stderr for what may take more than a second; nothing where stderr is no terminal."""
    target = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=target, transient=True, disable=not target.is_terminal)


def plain(value: Any) -> Any:
    """A value of the domain as JSON has it: moments in the wire form, codes as words, signatures left out."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return format_moment(value)
        case date():
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json", by_alias=True)
        case msgspec.Struct():
            return msgspec.to_builtins(value)
        case Mapping():
            return {str(plain(key)): plain(member) for key, member in value.items()}
        case _ if is_dataclass(value):
            names = [field.name for field in fields(value) if not field.name.endswith("_jws")]
            return {name: plain(getattr(value, name)) for name in names}
        case list() | tuple():
            return [plain(member) for member in value]
        case set() | frozenset():
            return sorted(plain(member) for member in value)
        case _:
            return value


def json_text(value: Any) -> str:
    """A value as JSON to be read."""
    return json.dumps(plain(value), ensure_ascii=False, indent=2)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    before_showing(value)
    print(json_text(value))


def members(value: Any) -> Mapping[str, Any]:
    """What a value says, by the names of its fields."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, BaseModel):
        return vars(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def print_table(rows: Sequence[Mapping[str, Any]], headers: Mapping[str, Header], *, title: str = "") -> None:
    """Rows as a table: the keys of `headers` are the columns, in that order."""
    before_showing(rows)
    table = Table(title=title or None)
    for header in headers.values():
        table.add_column(say(*header), overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(key), key) for key in headers))
    console().print(table)


def about(person: Any) -> dict[str, Any]:
    """The cells of a person, for a screen that was asked for people: an entry's or a message's `person`."""
    known = plain(person) or {}
    return {**known, "number": (known.get("document") or {}).get("number")}


PERSON: Mapping[str, Header] = {
    "name": ("姓名", "Name"),
    "number": ("证件号码", "Document"),
    "sex": ("性别", "Sex"),
    "birth_date": ("出生日期", "Born"),
}


def print_card(value: Mapping[str, Any], headers: Mapping[str, Header]) -> None:
    """One thing, a line a fact; facts that are not there are left out."""
    before_showing(value)
    table = Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, header in headers.items():
        if value.get(key) not in (None, "", (), []):
            table.add_row(say(*header), cell(value[key], key))
    console().print(table)


def cell(value: Any, column: str = "") -> str:
    """A value as a person reads it: moments by the clock in Shanghai, the codes of a column in the locale's words."""
    match value:
        case None:
            return ""
        case bool():
            return say("是", "yes") if value else say("否", "no")
        case datetime():
            return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        case list() | tuple() | set() | frozenset():
            return " ".join(cell(member, column) for member in value)
        case Enum():
            return worded(column, str(value.value))
        case str() if (column == "at" or column.endswith("_at")) and value:
            return cell(parse_moment(value))
        case str():
            return worded(column, value)
        case _:
            return str(value)
