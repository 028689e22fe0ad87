"""Idempotency-Key: the same request with the same key gets the same answer, stored in the same transaction as its effect."""

import hashlib
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from adapters.auditing.trail import showing
from api.access import CallerDep, OfficeDep
from api.problems import KeyReused
from exchange.ledger import Ledger, RememberedAnswer
from exchange.wire import ijson

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeat the request safely: the same key and request get the same answer, for at least 7 days.",
    ),
]


class Replayed(Exception):
    """The remembered answer to this request."""

    def __init__(self, answer: RememberedAnswer) -> None:
        self.answer = answer
        super().__init__()


class Asked:
    """A request that may be a repetition of one that was answered: `what` is asked, of which a keyed digest is kept.

    A plain one would give away a body in which all but a person's number can be guessed.
    """

    def __init__(self, office: OfficeDep, caller: str, key: str | None, what: bytes) -> None:
        self._office, self._caller, self._key = office, caller, key
        self._digest = "" if key is None else office.node.keyed(b"request\x00" + hashlib.sha256(what).hexdigest().encode())

    @property
    def repeatable(self) -> bool:
        """Whether the request has a key."""
        return self._key is not None

    def recall(self, ledger: Ledger) -> None:
        """End the request with its former answer, if there is one; KeyReused if the key came with another request."""
        if self._key is None:
            return
        remembered = ledger.access.remembered(self._caller, self._key)
        if remembered is not None:
            if remembered.request_digest != self._digest:
                raise KeyReused
            raise Replayed(remembered)

    def answer(self, ledger: Ledger, value: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """The response, remembered together with what the request did."""
        showing(value)
        body, sent = value.model_dump_json(by_alias=True).encode(), dict(headers or {})
        self.remember(ledger, body, status, "application/json", sent)
        return Response(body, status_code=status, media_type="application/json", headers=sent)

    def remember(self, ledger: Ledger, body: bytes, status: int, media_type: str, headers: Mapping[str, str]) -> None:
        """Keep an answer for this request, if it has a key; LedgerBusy if the same request came in between."""
        if self._key is not None:
            ledger.access.remember(
                RememberedAnswer(
                    caller=self._caller,
                    key=self._key,
                    request_digest=self._digest,
                    status=status,
                    body=body,
                    content_type=media_type,
                    headers=ijson.dumps(dict(headers)).decode(),
                    at=self._office.now(),
                )
            )

    def part(self, number: int, data: bytes) -> "Asked":
        """One part of a request that is done in several transactions, each remembered for itself."""
        key = None if self._key is None else f"{self._key} {number}"
        return Asked(self._office, self._caller, key, data)


async def said(request: Request) -> bytes:
    """What the request asks: method, address and body."""
    return f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()


def asked(caller: CallerDep, office: OfficeDep, what: Annotated[bytes, Depends(said)], idempotency_key: Key = None) -> Asked:
    """The request, for routes that open their own transactions."""
    return Asked(office, caller.key, idempotency_key, what)


AskedDep = Annotated[Asked, Depends(asked)]


class Once:
    """A request that is answered within the request's own transaction."""

    def __init__(self, request: Asked) -> None:
        self._request = request
        self._ledger: Ledger | None = None

    @property
    def repeatable(self) -> bool:
        """Whether the request has a key."""
        return self._request.repeatable

    def begin(self, ledger: Ledger) -> None:
        """End the request with its former answer, if there is one."""
        self._ledger = ledger
        self._request.recall(ledger)

    def answer(self, value: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """The response, remembered together with what the request did."""
        if self._ledger is None:
            raise TypeError("the route has no ledger of its own")
        return self._request.answer(self._ledger, value, status, headers)


async def once(request: AskedDep) -> Once:
    """The request; its remembered answer comes before the route's own work."""
    return Once(request)


OnceDep = Annotated[Once, Depends(once)]


def replay(_: Request, replayed: Exception) -> Response:
    """The answer that was given before."""
    if not isinstance(replayed, Replayed):
        raise replayed
    kept = replayed.answer
    headers = {**ijson.loads(kept.headers), "idempotency-replayed": "true"}
    return Response(kept.body, status_code=kept.status, media_type=kept.content_type, headers=headers)
