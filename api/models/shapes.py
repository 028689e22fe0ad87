"""Domain shapes (msgspec) as bodies and fields of the API: one definition for the wire, the registers and OpenAPI.

``Annotated[Record, Shaped(Record)]`` lets FastAPI read and write a `Record` by its own rules. The schemas go into OpenAPI's
components by `api.describing.openapi`, which finds the marks left here.
"""

import re
from typing import Any

import msgspec
from fastapi.openapi.models import Example
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from exchange.auditing.heads import AuditHead, HeadsExchanged
from exchange.reporting.frozen.upward import SignedReport
from exchange.terms.agreement import Agreement, Decision
from exchange.wire.batch import Manifest, Receipt
from exchange.wire.checks import CertificateAsked, CertificateTold
from exchange.wire.figures import FiguresAsked, FiguresTold, RowsAsked, RowsTold
from exchange.wire.message import Message
from exchange.wire.node import NodeDocument
from exchange.wire.proven import ErasedLine
from exchange.wire.registers import CellsAsked, CellsTold, RegistersAsked, RegistersTold, SettleAsked, SettledTold

MARK = "x-woshou-shape"
REFERENCE = "#/components/schemas/"
# What travels signed or line by line, where no route of FastAPI could name it.
WIRE: tuple[type[msgspec.Struct], ...] = (
    NodeDocument,
    Manifest,
    Receipt,
    Agreement,
    Decision,
    SignedReport,
    FiguresAsked,
    FiguresTold,
    RowsAsked,
    RowsTold,
    ErasedLine,
    RegistersAsked,
    RegistersTold,
    CellsAsked,
    CellsTold,
    SettleAsked,
    SettledTold,
    CertificateAsked,
    CertificateTold,
    AuditHead,
    HeadsExchanged,
)
known: dict[str, type[msgspec.Struct]] = {}
_PYTHON_ONLY = r"(?!\n)"  # see `exchange.people.record.whole`
_AT = re.compile(r" - at (?:key in )?`\$(?P<path>[^`]*)`")
_QUOTED = re.compile(r" '[^']*'| `(?![a-z_]{1,30}`)[^`]*`")


class Shaped:
    """How pydantic reads, writes and describes one msgspec struct."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        self._kind = kind
        known[kind.__name__] = kind

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(msgspec.to_builtins)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {MARK: self._kind.__name__}

    def _read(self, value: object) -> msgspec.Struct:
        if isinstance(value, self._kind):
            return value
        try:
            return msgspec.convert(value, self._kind)
        except msgspec.ValidationError as exc:
            told, at = complaint(exc)
            raise PydanticCustomError("shape", "{told}", {"told": told, "at": at}) from None  # the cause may quote a person


def complaint(error: msgspec.ValidationError) -> tuple[str, str]:
    """What does not fit, without what was written, and the JSON pointer (RFC 6901) of where."""
    text = str(error)
    match = _AT.search(text)
    path = match["path"] if match else ""
    pointer = path.replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")
    return _QUOTED.sub("", _AT.sub("", text)), pointer


def shown(*examples: dict[str, Any]) -> dict[str, Example]:
    """Examples of a body, for OpenAPI."""
    return {str(number): {"value": example} for number, example in enumerate(examples, 1)}


def components() -> dict[str, Any]:
    """The JSON Schemas of all shapes in use, of all that crosses the wire and of what these refer to, by name."""
    kinds = [known[name] for name in sorted(known)]
    (message, *_), found = msgspec.json.schema_components([Message, *WIRE, *kinds], ref_template=REFERENCE + "{name}")
    found["Message"] = {"title": "Message", "description": "One of the eight, told apart by `kind`.", **message}
    plain: dict[str, Any] = _plain(found)
    return dict(sorted(plain.items()))


def _plain(schema: Any) -> Any:
    """The schema with patterns as any language reads them: what `whole` adds, only Python needs."""
    match schema:
        case {"pattern": str(pattern), **beside}:
            return {"pattern": pattern.removesuffix(_PYTHON_ONLY), **{name: _plain(value) for name, value in beside.items()}}
        case dict():
            return {name: _plain(value) for name, value in schema.items()}
        case list():
            return [_plain(value) for value in schema]
        case _:
            return schema
