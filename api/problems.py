"""Refusals over HTTP (RFC 9457): one table from refusal to status, one shape of answer, in Chinese and English."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from adapters.office import Office
from exchange import errors
from exchange.admission import UnknownExchange
from exchange.errors import Retry, WoshouError
from exchange.terms.agreement import ItemNotAgreed, NoAgreement, NoteNotAllowed
from exchange.terms.screening import ExcludedContent
from exchange.verbs.receive import LinkForked, SequenceGap
from exchange.verbs.submit import NoRoute
from exchange.wire.batch import BatchTooLarge
from exchange.wire.problems import problem_type

MEDIA_TYPE = "application/problem+json"


class Unauthorized(errors.NotAuthentic):
    """No credential, or one that does not hold; why is not told, and the clock is in the Date header."""

    code = "unauthorized"
    zh = "身份凭证缺失、无效或已过期。"
    en = "The credential is missing, invalid or expired."


class PreconditionMissing(errors.Refused):
    """A change needs If-Match with the ETag that was read."""

    code = "precondition-required"
    retry = Retry.CORRECTED
    zh = "修改须携带 If-Match（先读取以获得 ETag）。"
    en = "A change needs If-Match with the ETag that was read."


class VersionDiffers(errors.Conflict):
    """The thing has changed since it was read."""

    code = "version-differs"
    zh = "内容已被修改，请重新读取后再改。"
    en = "It has changed since it was read; read it again."


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
    BatchTooLarge: 413,
    SequenceGap: 409,
    LinkForked: 409,
    UnknownExchange: 404,
    NoAgreement: 403,
    NoRoute: 409,
    ItemNotAgreed: 422,
    NoteNotAllowed: 422,
    ExcludedContent: 422,
}


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


def status_of(error: type[WoshouError]) -> int:
    """The HTTP status of a refusal: that of its nearest ancestor in the table."""
    return next(STATUS[kind] for kind in error.__mro__ if kind in STATUS)


def declared(*refusals: type[WoshouError]) -> dict[int | str, dict[str, Any]]:
    """What a route can refuse, for its OpenAPI `responses`."""
    responses: dict[int | str, dict[str, Any]] = {}
    for refusal in refusals:
        status = status_of(refusal)
        entry = responses.setdefault(status, {"model": Problem, "description": "", "content": {MEDIA_TYPE: {"examples": {}}}})
        entry["description"] = f"{entry['description']}; {refusal.code}".removeprefix("; ")
        entry["content"][MEDIA_TYPE]["examples"][refusal.code] = {"value": _body(status, refusal, refusal.zh, refusal.en)}
    return responses


def _body(status: int, refusal: WoshouError | type[WoshouError], zh: str, en: str) -> dict[str, Any]:
    return {
        "type": problem_type(refusal.code),
        "status": status,
        "title": zh,
        "detail": en,
        "retry": refusal.retry.value,
    }


def answer(error: WoshouError, office: Office) -> JSONResponse:
    """The response to a refusal."""
    status = status_of(type(error))
    body = _body(status, error, error.zh, error.en)
    headers: dict[str, str] = {}
    if error.pointer is not None:
        body["pointer"] = error.pointer
    if error.retry is Retry.CONTACT:
        body["contact"] = office.node.title
    match error:
        case SequenceGap():
            body["expected"] = error.expected
        case LinkForked():
            body["manifest"] = error.manifest
        case TooManyRequests():
            headers["retry-after"] = str(error.seconds)
        case Unauthorized():
            headers["www-authenticate"] = "Bearer"
        case _:
            pass
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI, office: Office) -> None:
    """Let every refusal of the application answer in this form."""

    def refused(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, WoshouError):
            raise error
        return answer(error, office)

    def malformed(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        # Only where and what was expected: the input itself may be a person's.
        first = error.errors()[0]
        pointer = "".join(f"/{part}" for part in first["loc"][1:])
        what = first["msg"] if first["type"] != "value_error" else "the value is not valid"
        return answer(errors.Invalid(en=f"{first['loc'][0]}: {what}", pointer=pointer or None), office)

    def http(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        kinds = {404: "not-found", 405: "method-not-allowed", 415: "unsupported-media-type"}
        body = {
            "type": problem_type(kinds.get(error.status_code, "http")),
            "status": error.status_code,
            "title": "请求的地址或方法不存在。" if error.status_code in (404, 405) else "请求无法处理。",
            "detail": str(error.detail),
            "retry": Retry.NEVER.value,
        }
        return JSONResponse(body, status_code=error.status_code, media_type=MEDIA_TYPE, headers=error.headers)

    app.add_exception_handler(WoshouError, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
