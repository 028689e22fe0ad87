"""How the domain's values look in a column, and back."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from exchange.moments import from_milliseconds, to_milliseconds
from exchange.wire.batch import WireProblem

W = TypeVar("W", bound=StrEnum)
T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_problem = msgspec.json.Decoder(WireProblem)


def words(kind: type[W]) -> Mapping[str, W]:
    """The words of a closed list by their text; a lookup is four times as fast as a call of the enumeration."""
    return {word.value: word for word in kind}


def words_or_none(kind: type[W]) -> Mapping[str | None, W | None]:
    """The same for a column that may be empty."""
    known: dict[str | None, W | None] = {word.value: word for word in kind}
    return {**known, None: None}


def number_of(moment: datetime | None) -> int | None:
    """Milliseconds, where there is a moment."""
    return None if moment is None else to_milliseconds(moment)


def moment_of(number: int | None) -> datetime | None:
    """The moment, where there are milliseconds."""
    return None if number is None else from_milliseconds(number)


def iso_of(day: date | None) -> str | None:
    """The ISO form, where there is a date."""
    return None if day is None else day.isoformat()


def day_of(iso: str | None) -> date | None:
    """The date, where there is its ISO form."""
    return None if iso is None else date.fromisoformat(iso)


def stored(value: Any, *spread: str) -> dict[str, Any]:
    """A dataclass as its table's columns of the same names; for what is written now and then, for it looks at every type.

    The fields of `spread` are dataclasses themselves, whose own fields are columns.
    """
    columns = {field.name: _column(getattr(value, field.name)) for field in fields(value) if field.name not in spread}
    for name in spread:
        columns.update(stored(getattr(value, name)))
    return columns


def _column(value: Any) -> Any:
    match value:
        case datetime():
            return to_milliseconds(value)
        case date():
            return value.isoformat()
        case StrEnum():
            return value.value
        case tuple():
            return json_of(value)
        case _:
            return value


def json_of(value: Any) -> str:
    """A small list or shape as JSON text."""
    return _encoder.encode(value).decode()


@lru_cache(maxsize=1024)
def list_of(text: str, member: type[T]) -> tuple[T, ...]:
    """The members of a small list; the same lists come again and again."""
    return msgspec.json.decode(text, type=tuple[member, ...])  # type: ignore[valid-type]  # a type made at run time


def json_of_problem(problem: WireProblem | None) -> str | None:
    """A rejection's problem, where there is one."""
    return None if problem is None else json_of(problem)


def problem_of(text: str | None) -> WireProblem | None:
    """The problem, where there is its JSON."""
    return None if text is None else _problem.decode(text)
