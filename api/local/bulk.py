"""Many at once, as NDJSON: entries into a register, and answers to exchanges."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Response

from adapters.office import Office
from api.access import AnswererDep, Caller, ClerkDep, OfficeDep, WithinDep
from api.declared import Responses, writing
from api.local.visible import said_by, theirs_of, visible_all
from api.models.registers.entries import ENTRY_EXAMPLE, EntryLine
from api.models.replies import REPLY_EXAMPLE, ReplyLine
from api.models.shapes import Shaped, complaint
from api.ndjson import (
    MEDIA_TYPE,
    DoubtLine,
    NdjsonDep,
    Numbered,
    Prepared,
    ResultLine,
    in_chunks,
    refused_line,
)
from api.once import AskedDep
from api.serving.routes import StrictRoute
from exchange.errors import Invalid, Refused
from exchange.exchanges import Exchange, LoggedMessage
from exchange.imports import RowProblem
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.people.draft import CheckedDraft, Registrar
from exchange.verbs.enrol import EnrolResult, enrol_checked
from exchange.verbs.reply import Said, reply, reply_all

router = APIRouter(prefix="/api/v1", tags=["Bulk"], route_class=StrictRoute)
L = TypeVar("L", bound=msgspec.Struct)
_entry_decoder = msgspec.json.Decoder(EntryLine)
_reply_decoder = msgspec.json.Decoder(ReplyLine)
# Marks of shapes, which `api.describing.openapi` turns into references.
_LINES = {kind.__name__: Shaped(kind) for kind in (EntryLine, ReplyLine, ResultLine)}


def _lines(kind: type[msgspec.Struct], example: dict[str, Any], told: str) -> dict[str, Any]:
    text = msgspec.json.encode(example).decode() + "\n"
    schema = {"type": "string", "description": told, "contentMediaType": MEDIA_TYPE}
    item = {"x-line": {"$ref": f"#/components/schemas/{kind.__name__}"}}
    return {MEDIA_TYPE: {"schema": {**schema, **item}, "example": text}}


_DONE = {"line": 1, "outcome": "opened", "id": "019cae2f-5c00-7000-8000-000000000001"}
_RESULTS: Responses = {
    200: {"description": "one result line for each line", "content": _lines(ResultLine, _DONE, "result lines")}
}


@router.post(
    "/entries/bulk",
    response_class=Response,
    responses={**_RESULTS, **writing()},
    openapi_extra={
        "requestBody": {"required": True, "content": _lines(EntryLine, ENTRY_EXAMPLE, "up to 100,000 entries, 32 MiB")}
    },
    summary="Enter many people",
)
def enter_people(caller: ClerkDep, asked: AskedDep, office: OfficeDep, within: WithinDep, body: NdjsonDep) -> Response:
    """Enter a person with each line; a result line for each, in their order.

    A thousand lines are one transaction: a line that is refused keeps no other from being entered, and a chunk that could
    not be stored (`overloaded`) can be sent again. The same lines again change nothing.
    """
    registrar = Registrar(office.node, caller.jurisdiction, civil_day(office.now()))

    def prepare(lines: Sequence[Numbered]) -> Prepared:
        refused: list[ResultLine] = []
        read = list(_decoded(_entry_decoder, lines, refused))
        checked = [registrar.check(line.draft()) for _, line in read]
        return Prepared(refused, lambda ledger: _enrolled(ledger, office, registrar, [n for n, _ in read], checked))

    return in_chunks(partial(office.ledgers.transaction, within=within), asked, body, prepare)


@router.post(
    "/exchanges/bulk-replies",
    response_class=Response,
    responses={**_RESULTS, **writing()},
    openapi_extra={
        "requestBody": {"required": True, "content": _lines(ReplyLine, REPLY_EXAMPLE, "up to 100,000 replies, 32 MiB")}
    },
    summary="Answer many exchanges",
)
def answer_exchanges(caller: AnswererDep, asked: AskedDep, office: OfficeDep, within: WithinDep, body: NdjsonDep) -> Response:
    """Say something about an exchange with each line; a result line for each, with the id of the message that was queued.

    Send an Idempotency-Key: without one, a feedback that comes again once its receipt is stored supersedes the first.
    """

    def prepare(lines: Sequence[Numbered]) -> Prepared:
        refused: list[ResultLine] = []
        read = list(_decoded(_reply_decoder, lines, refused))
        return Prepared(refused, lambda ledger: _replied(ledger, office, caller, read))

    return in_chunks(partial(office.ledgers.transaction, within=within), asked, body, prepare)


def _decoded(decoder: "msgspec.json.Decoder[L]", lines: Sequence[Numbered], refused: list[ResultLine]) -> Iterator[tuple[int, L]]:
    decode = decoder.decode
    for number, line in lines:
        try:
            if b"\\u0000" in line:
                raise msgspec.DecodeError
            yield number, decode(line)
        except msgspec.ValidationError as exc:
            told, pointer = complaint(exc)
            refused.append(refused_line(number, Invalid(en=f"The line: {told}", pointer=pointer or None)))
        except (msgspec.DecodeError, RecursionError):
            refused.append(refused_line(number, Invalid(zh="该行不是合规的 JSON。", en="The line is not JSON.")))


def _enrolled(
    ledger: Ledger, office: Office, registrar: Registrar, numbers: Sequence[int], checked: Sequence[CheckedDraft]
) -> list[ResultLine]:
    results = enrol_checked(ledger, registrar, checked, office.now())
    return [_entered(number, result) for number, result in zip(numbers, results, strict=True)]


def _entered(number: int, result: EnrolResult) -> ResultLine:
    if not result.warnings and not result.refusals:
        return ResultLine(line=number, outcome=result.outcome, id=result.entry)
    if result.refusals:
        return refused_line(number, result.refusals[0])
    return ResultLine(line=number, outcome=result.outcome, id=result.entry, warnings=_doubts(result.warnings))


def _doubts(warnings: Sequence[RowProblem]) -> tuple[DoubtLine, ...]:
    return tuple(DoubtLine(told.field, told.code, told.zh, told.en) for told in warnings)


def _replied(ledger: Ledger, office: Office, caller: Caller, read: Sequence[tuple[int, ReplyLine]]) -> list[ResultLine]:
    """Queue all replies together; where one is refused, one after the other, so that it keeps no other from being queued."""
    now, node = office.now(), office.node
    named = visible_all(ledger, caller, [(line.exchange, said_by(line.kind)) for _, line in read])
    found = theirs_of(ledger, office, caller, named)
    results: list[ResultLine] = []
    wanted: list[tuple[int, Exchange, Said]] = []
    taken: set[tuple[object, str]] = set()
    for number, line in read:
        exchange = found[line.exchange, said_by(line.kind)]
        if isinstance(exchange, Refused):
            results.append(refused_line(number, exchange))
        elif (exchange.key, line.kind) in taken:
            results.append(refused_line(number, Invalid(zh="同一事项重复。", en="The same was said in an earlier line.")))
        else:
            try:
                wanted.append((number, exchange, line.said()))
                taken.add((exchange.key, line.kind))
            except msgspec.ValidationError as exc:
                told, pointer = complaint(exc)
                results.append(refused_line(number, Invalid(en=f"The body: {told}", pointer=f"/body{pointer}")))
    try:
        queued = reply_all(ledger, node, [(exchange, said) for _, exchange, said in wanted], now) if wanted else []
        return [*results, *(_queued(number, message) for (number, _, _), message in zip(wanted, queued, strict=True))]
    except Refused:
        for number, exchange, said in wanted:
            try:
                results.append(_queued(number, reply(ledger, node, exchange, said, now)))
            except Refused as refusal:
                results.append(refused_line(number, refusal))
        return results


def _queued(number: int, message: LoggedMessage) -> ResultLine:
    return ResultLine(line=number, outcome="queued", id=message.id)
