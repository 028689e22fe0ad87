"""Idempotency-Key: the same request with the same key gets the same answer, stored in the same transaction as its effect."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api.access import CallerDep, LedgerDep, OfficeDep
from api.problems import KeyReused
from exchange.ledger import Ledger, RememberedAnswer
from exchange.wire import ijson


class Replayed(Exception):
    """The remembered answer to this request."""

    def __init__(self, answer: RememberedAnswer) -> None:
        self.answer = answer
        super().__init__()


async def body_digest(request: Request) -> str:
    """What the request asks: method, address and body."""
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return hashlib.sha256(asked).hexdigest()


class Once:
    """Remembers this request's answer if the caller gave it a key."""

    def __init__(self, ledger: Ledger, office: OfficeDep, caller: str, key: str | None, digest: str) -> None:
        self._ledger, self._office, self._caller, self._key, self._digest = ledger, office, caller, key, digest

    def answer(self, value: BaseModel | list[Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """The response, remembered together with what the request did."""
        body = value.model_dump_json(exclude_none=False).encode() if isinstance(value, BaseModel) else ijson.dumps(value)
        sent = dict(headers or {})
        if self._key is not None:
            self._ledger.access.remember(
                RememberedAnswer(
                    caller=self._caller,
                    key=self._key,
                    request_digest=self._digest,
                    status=status,
                    body=body,
                    content_type="application/json",
                    headers=ijson.dumps(sent).decode(),
                    at=self._office.now(),
                )
            )
        return Response(body, status_code=status, media_type="application/json", headers=sent)


def once(
    ledger: LedgerDep,
    office: OfficeDep,
    caller: CallerDep,
    digest: Annotated[str, Depends(body_digest)],
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=200, description="Repeat the request safely; kept for 7 days.")
    ] = None,
) -> Once:
    """The remembered answer at once, if there is one; KeyReused if the key came with another request."""
    if idempotency_key is not None:
        remembered = ledger.access.remembered(caller.key, idempotency_key)
        if remembered is not None:
            if remembered.request_digest != digest:
                raise KeyReused
            raise Replayed(remembered)
    return Once(ledger, office, caller.key, idempotency_key, digest)


def replay(_: Request, replayed: Exception) -> Response:
    """The answer that was given before."""
    if not isinstance(replayed, Replayed):
        raise replayed
    kept = replayed.answer
    headers = {**ijson.loads(kept.headers), "idempotency-replayed": "true"}
    return Response(kept.body, status_code=kept.status, media_type=kept.content_type, headers=headers)


OnceDep = Annotated[Once, Depends(once, scope="function")]
