"""What a route can refuse, for OpenAPI: one entry a status, one example a refusal."""

from typing import Any, TypeAlias

from api.problems import (
    MEDIA_TYPE,
    BodyTooSlow,
    KeyReused,
    RequestTooLarge,
    TooManyRequests,
    Unauthorized,
    problem_of,
    status_of,
)
from exchange import errors
from exchange.errors import WoshouError
from exchange.ledger import LedgerBusy
from exchange.wire.ijson import NotIJSON

Responses: TypeAlias = dict[int | str, dict[str, Any]]


def declared(*refusals: type[WoshouError]) -> Responses:
    """What a route can refuse, for its OpenAPI `responses`."""
    responses: Responses = {}
    # Credentials that do not hold are counted, and are too many at some point.
    kinds: set[type[WoshouError]] = {*refusals, TooManyRequests} if Unauthorized in refusals else set(refusals)
    for refusal in sorted(kinds, key=lambda kind: (status_of(kind), kind.code, kind.__name__)):
        status = status_of(refusal)
        entry = responses.setdefault(status, {"description": "", "content": {MEDIA_TYPE: {"schema": _SCHEMA, "examples": {}}}})
        examples = entry["content"][MEDIA_TYPE]["examples"]
        examples.setdefault(refusal.code, {"value": problem_of(refusal, refusal.zh, refusal.en)})
        entry["description"] = "; ".join(examples)
        if headers := _HEADERS.get(status):
            entry["headers"] = {name: {"description": told, "schema": {"type": "string"}} for name, told in headers.items()}
    return responses


_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer", "Date": "the node's clock, by which credentials are judged"},
    429: {"Retry-After": "seconds"},
    503: {"Retry-After": "seconds"},
}


def reading(*more: type[WoshouError]) -> Responses:
    """What any reading route of the local API can refuse, and more."""
    return declared(Unauthorized, errors.Forbidden, errors.Invalid, LedgerBusy, *more)


def writing(*more: type[WoshouError]) -> Responses:
    """What any writing route of the local API can refuse, and more."""
    return reading(RequestTooLarge, BodyTooSlow, KeyReused, NotIJSON, *more)
