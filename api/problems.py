"""Refusals over HTTP (RFC 9457): one table from refusal to status, one shape of answer, in Chinese and English."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from api.serving.audit import leave_refusal
from exchange import errors
from exchange.admission import UnknownExchange
from exchange.certificates.check import TooManyMisses
from exchange.errors import Retry, VersionDiffers, WoshouError
from exchange.imports import ImportBroken
from exchange.ledger import LedgerBusy
from exchange.routing.table import NoRoute
from exchange.routing.today import SeveralSuccessors
from exchange.terms.agreement import ItemNotAgreed, NoAgreement, NoteNotAllowed
from exchange.terms.screening import ExcludedContent
from exchange.verbs.compare_figures import TooMuchToCompare
from exchange.verbs.receive import LinkForked, SequenceGap
from exchange.verbs.reconciling.answer import TokensNotReady
from exchange.verbs.reconciling.asked import TooManyRuns
from exchange.wire.batch import BatchTooLarge
from exchange.wire.problems import problem_type
from exchange.work.daily import AgreementLimit, DailyLimit

_log = structlog.get_logger("requests")
MEDIA_TYPE = "application/problem+json"
# What answers a request with a refusal: in the form that its sender can read.
Answering = Callable[[Scope, WoshouError], Response]


class Unauthorized(errors.NotAuthentic):
    """No credential, or one that does not hold; why is not told, and the clock is in the Date header."""

    code = "unauthorized"
    retry = Retry.CORRECTED
    zh = "身份凭证缺失、无效或已过期。"
    en = "The credential is missing, invalid or expired."


class PreconditionMissing(errors.Refused):
    """A change needs If-Match with the ETag that was read."""

    code = "precondition-required"
    retry = Retry.CORRECTED
    zh = "修改须携带 If-Match（先读取以获得 ETag）。"
    en = "A change needs If-Match with the ETag that was read."


class KeyReused(errors.Invalid):
    """The idempotency key was used for another request."""

    code = "idempotency-key-reused"
    zh = "该 Idempotency-Key 已用于另一请求。"
    en = "This Idempotency-Key was used for another request."


class TooManyRequests(errors.Refused):
    """Too many attempts; Retry-After says when to come back."""

    code = "too-many-requests"
    retry = Retry.LATER
    zh = "请求过于频繁，请稍后再试。"
    en = "Too many requests; come back later."

    def __init__(self, *, seconds: int) -> None:
        self.seconds = seconds
        super().__init__()


class RequestTooLarge(errors.Refused):
    """The body is larger than this route takes."""

    code = "request-too-large"
    retry = Retry.CORRECTED
    zh = "请求内容过大。"
    en = "The body is larger than this route takes."


class BodyTooSlow(errors.Refused):
    """The body did not come in time."""

    code = "request-timeout"
    retry = Retry.LATER
    zh = "请求内容未在时限内收完。"
    en = "The body did not come in time."


class MethodUnknown(errors.Refused):
    """The address exists, and this method does not exist on it."""

    code = "method-not-allowed"
    zh = "该地址不支持此请求方法。"
    en = "This address does not know that method."


class HeadTooLarge(errors.Refused):
    """More headers, or longer ones, than any caller needs."""

    code = "head-too-large"
    retry = Retry.CORRECTED
    zh = "请求头过多或过长。"
    en = "The request has too many headers, or too long ones."


class HostUnknown(errors.Refused):
    """The Host header names no host of this node."""

    code = "host-unknown"
    retry = Retry.CONTACT
    zh = "请求的主机名不是本节点的（Host 头）；代理须原样转发，或在设置 host_names 中列出。"
    en = "The Host header names no host of this node: let the proxy pass it on, or list it in the setting host_names."


# The nearest class of a refusal's ancestry counts.
STATUS: dict[type[WoshouError], int] = {
    WoshouError: 500,
    errors.Refused: 409,
    errors.Invalid: 422,
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Conflict: 409,
    errors.NotAuthentic: 400,
    errors.PartnerTrouble: 502,
    Unauthorized: 401,
    PreconditionMissing: 428,
    VersionDiffers: 412,
    TooManyRequests: 429,
    RequestTooLarge: 413,
    BodyTooSlow: 408,
    MethodUnknown: 405,
    HostUnknown: 421,
    HeadTooLarge: 431,
    LedgerBusy: 503,
    ImportBroken: 503,
    BatchTooLarge: 413,
    TooMuchToCompare: 413,
    TokensNotReady: 503,
    TooManyRuns: 429,
    TooManyMisses: 429,
    DailyLimit: 429,
    AgreementLimit: 429,
    SequenceGap: 409,
    LinkForked: 409,
    UnknownExchange: 404,
    NoAgreement: 403,
    NoRoute: 409,
    ItemNotAgreed: 422,
    NoteNotAllowed: 422,
    ExcludedContent: 422,
}
BUSY_SECONDS = 2
# Misses are counted over a day, of which some leave the count every hour.
MISSES_SECONDS = 3600
# A pair's runs are counted by the day; an hour is soon enough to ask whether another one has begun.
RUNS_SECONDS = 3600


class Problem(BaseModel):
    """A refusal (RFC 9457): what is wrong, in Chinese (`title`) and English (`detail`), and what to do (`retry`)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:woshou:problem:not-found"])
    status: int = Field(examples=[404])
    title: str = Field(description="中文说明", examples=["未找到，或无权查看。"])
    detail: str = Field(description="English explanation", examples=["Not found, or not yours to see."])
    retry: Retry = Field(description="later, corrected, contact or never")
    pointer: str | None = Field(default=None, description="JSON pointer of the field at fault")
    contact: str | None = Field(default=None, description="whom to call where people must act")
    expected: int | None = Field(default=None, description="with `sequence-gap`: the sequence that comes next")
    choices: list[str] | None = Field(default=None, description="with `several-successors`: today's codes to choose from")
    manifest: str | None = Field(default=None, description="with `link-forked`: the stored signed manifest, null without one")


def status_of(error: type[WoshouError]) -> int:
    """The HTTP status of a refusal: that of its nearest ancestor in the table."""
    return next(STATUS[kind] for kind in error.__mro__ if kind in STATUS)


def problem_of(refusal: WoshouError | type[WoshouError], zh: str, en: str) -> dict[str, Any]:
    """The members that every problem has, for a refusal or a kind of refusals."""
    kind = refusal if isinstance(refusal, type) else type(refusal)
    return {
        "type": problem_type(refusal.code),
        "status": status_of(kind),
        "title": zh,
        "detail": en,
        "retry": refusal.retry.value,
    }


def body_of(error: WoshouError, contact: str | None = None) -> dict[str, Any]:
    """The problem document of a refusal; `contact` is named where people must act."""
    body = problem_of(error, error.zh, error.en)
    if error.pointer is not None:
        body["pointer"] = error.pointer
    if contact is not None and error.retry is Retry.CONTACT:
        body["contact"] = contact
    match error:
        case SequenceGap():
            body["expected"] = error.expected
        case LinkForked():
            body["manifest"] = error.manifest
        case SeveralSuccessors():
            body["choices"] = list(error.choices)
        case _:
            pass
    return body


def answer(error: WoshouError, contact: str | None = None) -> JSONResponse:
    """The response to a refusal."""
    headers: dict[str, str] = {}
    match error:
        case TooManyRequests():
            headers["retry-after"] = str(error.seconds)
        case LedgerBusy() | TokensNotReady():
            headers["retry-after"] = str(BUSY_SECONDS)
        case TooManyRuns():
            headers["retry-after"] = str(RUNS_SECONDS)
        case TooManyMisses():
            headers["retry-after"] = str(MISSES_SECONDS)
        case BodyTooSlow():
            headers["connection"] = "close"  # what is left of the body is no next request
        case Unauthorized():
            headers["www-authenticate"] = "Bearer"
        case _:
            pass
    body = body_of(error, contact)
    return JSONResponse(body, status_code=body["status"], media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI, answering: Answering, headers: Mapping[str, str]) -> None:
    """Let every refusal of the application be answered so; `headers` are those that every answer leaves with."""

    def respond(request: Request, error: WoshouError) -> Response:
        request.app.state.metrics.refused(error.code)
        leave_refusal(request, error)
        return answering(request.scope, error)

    def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, WoshouError):
            raise error
        return respond(request, error)

    def unreadable(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return respond(request, malformed(error))

    def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        response = respond(request, refusal_of(error))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    def gone(request: Request, _: Exception) -> Response:
        _log.info("the caller went away before all was sent", method=request.method)
        return Response(status_code=400)  # which nobody reads

    def broken(request: Request, _: Exception) -> Response:
        told = WoshouError(zh="系统内部错误，已记录。", en="Something broke inside the node; it was logged.")
        response = respond(request, told)
        for name, value in headers.items():  # Starlette sends this answer from outside the edge, where others get them
            response.headers.setdefault(name, value)
        return response

    app.add_exception_handler(WoshouError, refused)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, broken)


_BY_STATUS: dict[int, type[WoshouError]] = {404: errors.NotFound, 405: MethodUnknown, 413: RequestTooLarge}


def refusal_of(error: HTTPException) -> WoshouError:
    """The refusal that one of the framework's own stands for; FastAPI wraps what a body could not be read for into a 400."""
    cause = error.__cause__
    return cause if isinstance(cause, WoshouError) else _BY_STATUS.get(error.status_code, errors.Invalid)()


def malformed(error: RequestValidationError) -> errors.Invalid:
    """Only where, and what was expected: the input itself, names of unknown fields included, may be a person's."""
    first = error.errors()[0]
    place, *path = first["loc"]
    if first["type"] == "extra_forbidden":
        path = path[:-1]
    told = "the value is not valid" if first["type"] == "value_error" else first["msg"]
    if place == "body":
        pointer = "".join(f"/{part}" for part in path) + first.get("ctx", {}).get("at", "")
        return errors.Invalid(zh=f"请求内容不符合要求（{pointer or '/'}）。", en=f"The body: {told}", pointer=pointer or None)
    where = f"{place} {'.'.join(str(part) for part in path)}"
    return errors.Invalid(zh=f"请求参数不符合要求（{where}）。", en=f"{where}: {told}")
