"""Persons, documents and passwords come by prompt or standard input: an argument would stand in process lists and histories."""

import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import typer

from exchange.errors import Invalid
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Person, Record
from exchange.persons.subject import Claim
from woshou.cli.words import say

Shape = TypeVar("Shape", bound=msgspec.Struct)


class NotReadable(Invalid):
    """The JSON on standard input or in the file does not fit; what it says is not repeated."""

    code = "not-readable"
    zh = "标准输入或文件中的 JSON 不符合要求。"
    en = "The JSON on standard input or in the file does not fit."


def read_document(kind: DocumentType) -> DocumentRef:
    """A document's number: asked for on a terminal, without echo, else one line of standard input."""
    if sys.stdin.isatty():
        number = str(typer.prompt(say("证件号码（不回显）", "Document number (not shown)"), hide_input=True))
    else:
        number = sys.stdin.readline()
    return DocumentRef(type=kind, number=number.strip())


def read_password() -> str:
    """A password: asked for twice on a terminal, without echo, else one line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(say("密码（不回显）", "Password (not shown)"), hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def read_claim(kind: DocumentType) -> Claim:
    """Who asks: asked for on a terminal, else one line with the number, or a JSON object in the form of `Claim`."""
    if not sys.stdin.isatty():
        text = sys.stdin.read().strip()
        if text.startswith("{"):
            return read_json(text.encode("utf-8"), Claim)
        return Claim(document=DocumentRef(type=kind, number=text or None))
    number = typer.prompt(
        say("证件号码（不回显；没有则留空）", "Document number (not shown; empty if none)"),
        default="",
        hide_input=True,
        show_default=False,
    )
    if number:
        return Claim(document=DocumentRef(type=kind, number=number))
    name, born = typer.prompt(say("姓名", "Name")), typer.prompt(say("出生日期（年-月-日）", "Birth date (YYYY-MM-DD)"))
    return _checked({"name": name, "birth_date": born}, Claim)


def read_person() -> Person:
    """A person: asked for on a terminal, else one JSON object on standard input."""
    return ask_person() if sys.stdin.isatty() else read_json(sys.stdin.buffer.read(), Person)


def ask_person() -> Person:
    """A person, asked for on a terminal; the number is not shown."""
    given: dict[str, Any] = {
        "name": typer.prompt(say("姓名", "Name")),
        "document": {"type": DocumentType.ID_NUMBER, "number": typer.prompt(say("公民身份号码", "ID number"), hide_input=True)},
    }
    return _checked(given, Person)


def read_record(path: Path | None) -> Record | None:
    """A record from a JSON file, `-` for standard input; None if there is none."""
    if path is None:
        return None
    return read_json(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes(), Record)


def read_json(data: bytes, kind: type[Shape]) -> Shape:
    """JSON in the form of the API; NotReadable with the place of the fault."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise NotReadable(pointer=_place(exc)) from None  # the cause may quote the person


def _checked(given: dict[str, Any], kind: type[Shape]) -> Shape:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as exc:
        raise NotReadable(pointer=_place(exc)) from None  # the cause may quote the person


def _place(error: Exception) -> str | None:
    _, at, found = str(error).rpartition("`$.")
    return "/" + found.partition("`")[0].replace(".", "/") if at else None
