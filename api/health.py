"""Whether the node is well, its figures for Prometheus, and whom to tell of a weakness."""

import asyncio
from datetime import datetime, time, timedelta
from typing import Literal, Protocol, runtime_checkable

from fastapi import APIRouter, Request, Response
from pydantic import Field

from adapters.auditing.ledgers import AuditedLedgers
from adapters.office import Office
from api.access import OfficeDep, OperatorDep, ReadLedgerDep
from api.declared import Responses, declared, reading
from api.metrics import CONTENT_TYPE
from api.models.base import Shown
from api.problems import TooManyRequests
from api.serving.routes import Route
from exchange.errors import NotFound, Retry, WoshouError
from exchange.ledger import LedgerBusy

router = APIRouter(tags=["Health"], route_class=Route)
_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "woshou_link_queued 0.0\n"}}}}
# RFC 9116, 2.5.5: less than a year ahead is recommended, for whoever reads it later must know that it may be stale.
_GOOD_FOR = timedelta(days=180)


class NotReady(LedgerBusy):
    """The database is not at the revision that this program was written for."""

    code = "not-ready"
    retry = Retry.LATER
    zh = "数据库版本与程序不符，请先升级（woshou db upgrade）。"
    en = "The database is not at this program's revision; upgrade it first (woshou db upgrade)."


class Health(Shown):
    """All is well."""

    status: Literal["ok"] = Field(default="ok", examples=["ok"])


@runtime_checkable
class Revised(Protocol):
    """A database that knows its revision."""

    def is_current(self) -> bool: ...


@router.get("/healthz", responses=declared(TooManyRequests), summary="Is the process alive")
async def healthz() -> Health:
    """It answers, so it is."""
    return Health()


@router.get("/readyz", responses=declared(NotReady, LedgerBusy, TooManyRequests, WoshouError), summary="Can it serve")
async def readyz(office: OfficeDep) -> Health:
    """Whether the database can be reached and is at the right revision."""
    # Not of the threads that requests hold: a node is asked just when they are all busy.
    await asyncio.to_thread(_look, office)
    return Health()


def _look(office: Office) -> None:
    held = office.ledgers.unaudited if isinstance(office.ledgers, AuditedLedgers) else office.ledgers
    if isinstance(held, Revised) and not held.is_current():
        raise NotReady
    with office.ledgers.transaction(read_only=True) as ledger:
        ledger.links.all()


@router.get(
    "/metrics",
    response_class=Response,
    responses=_TEXT | reading(),
    summary="Figures for Prometheus",
)
def metrics(request: Request, caller: OperatorDep, ledger: ReadLedgerDep) -> Response:
    """Requests by route, refusals by code, batches and queues by partner; nothing about a person. Needs an operator's key."""
    return Response(request.app.state.metrics.text(ledger), media_type=CONTENT_TYPE)


@router.get(
    "/.well-known/security.txt",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "Contact: mailto:security@wuchang.example\n"}}},
        **declared(NotFound, TooManyRequests),
    },
    summary="Whom to tell of a weakness",
)
def security_txt(request: Request, office: OfficeDep) -> Response:
    """Where to report a weakness of this node (RFC 9116); 404 if its operators name nobody."""
    contact = request.app.state.security_contact
    if not contact:
        raise NotFound
    return Response(written(contact, office.documents.url, office.now()), media_type="text/plain")


def written(contact: str, url: str, now: datetime) -> str:
    """The text of security.txt: it lasts half a year from the day on which it is read."""
    ends = datetime.combine(now.date() + _GOOD_FOR, time.min, now.tzinfo)
    lines = {
        "Contact": contact,
        "Expires": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Preferred-Languages": "zh, en",
        "Canonical": f"{url}/.well-known/security.txt",
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items())
