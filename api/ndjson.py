"""NDJSON in and out: one result line for each line, many lines to a transaction, none of them half done."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request, Response

from api.once import Asked, Replayed
from api.problems import RequestTooLarge, body_of
from exchange.errors import Refused, WoshouError
from exchange.ledger import Ledger, LedgerBusy

MEDIA_TYPE = "application/x-ndjson"
MAX_BYTES = 32 * 1024 * 1024
MAX_LINES = 100_000
CHUNK = 1000


class DoubtLine(msgspec.Struct, frozen=True):
    """Something that was taken but should be looked at."""

    field: str
    code: str
    zh: str
    en: str


class ResultLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line: `line` counts from 1, blank lines included; `problem` is there exactly if it was refused."""

    line: int
    outcome: str
    id: str | None = None
    warnings: tuple[DoubtLine, ...] = ()
    problem: dict[str, Any] | None = None


Numbered = tuple[int, bytes]
Work = Callable[[Ledger, Sequence[Numbered]], Sequence[ResultLine]]
Begin = Callable[[], AbstractContextManager[Ledger]]
_encode = msgspec.json.Encoder().encode_lines


async def ndjson_body(request: Request) -> bytes:
    """The lines as sent; their number of bytes is limited by the route."""
    return await request.body()


NdjsonDep = Annotated[bytes, Depends(ndjson_body)]


def refused_line(number: int, refusal: WoshouError) -> ResultLine:
    """The result of a line that was refused."""
    return ResultLine(line=number, outcome="refused", problem=body_of(refusal))


def in_chunks(begin: Begin, asked: Asked, body: bytes, prepare: Callable[[Sequence[Numbered]], "Prepared"]) -> Response:
    """Do the lines in chunks of a thousand, each in one transaction, and give all results.

    What can be done before a transaction is done in `prepare`. With an Idempotency-Key each chunk's results are remembered
    in its transaction, so that the same request again gives the same lines, and one that was broken off is taken up.
    """
    results = b"".join(_results(begin, asked, body, prepare))
    return Response(results, media_type=MEDIA_TYPE)


class Prepared:
    """A chunk that was read: the lines that are refused already, and the work that is left for the transaction."""

    def __init__(self, refused: Sequence[ResultLine], work: Callable[[Ledger], Sequence[ResultLine]]) -> None:
        self.refused, self.work = refused, work


def _results(begin: Begin, asked: Asked, body: bytes, prepare: Callable[[Sequence[Numbered]], Prepared]) -> Iterator[bytes]:
    for number, lines in enumerate(_chunks(body)):
        part = asked.part(number, b"\n".join(line for _, line in lines))
        yield _chunk(begin, part, lines, prepare(lines))


def _chunk(begin: Begin, part: Asked, lines: Sequence[Numbered], prepared: Prepared) -> bytes:
    attempts = 2
    while True:
        attempts -= 1
        try:
            with begin() as ledger:
                part.recall(ledger)
                done = sorted([*prepared.refused, *prepared.work(ledger)], key=_line)
                encoded = _encode(done)
                part.remember(ledger, encoded, 200, MEDIA_TYPE, {})
            return encoded
        except Replayed as replayed:
            return replayed.answer.body
        except (Refused, LedgerBusy) as refusal:
            # Another transaction went first and the whole chunk was undone; once more it sees what the other did.
            if attempts == 0:
                refused = {result.line for result in prepared.refused}
                failed = [refused_line(number, refusal) for number, _ in lines if number not in refused]
                return _encode(sorted([*prepared.refused, *failed], key=_line))


def _line(result: ResultLine) -> int:
    return result.line


def _chunks(body: bytes) -> Iterator[list[Numbered]]:
    if body.count(b"\n") > MAX_LINES:
        raise RequestTooLarge
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line and not line.isspace()]
    for start in range(0, len(lines), CHUNK):
        yield lines[start : start + CHUNK]
