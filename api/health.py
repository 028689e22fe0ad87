"""Whether the node is well, and its figures for Prometheus."""

from typing import Literal, Protocol, runtime_checkable

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.access import OfficeDep, OperatorDep, ReadLedgerDep
from api.declared import Responses, declared, reading
from api.metrics import CONTENT_TYPE
from api.models.base import Shown
from api.serving.routes import Route
from exchange.errors import Retry, WoshouError
from exchange.ledger import LedgerBusy

router = APIRouter(tags=["Health"], route_class=Route)
_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "woshou_link_queued 0.0\n"}}}}


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


@router.get("/healthz", summary="Is the process alive")
def healthz() -> Health:
    """It answers, so it is."""
    return Health()


@router.get("/readyz", responses=declared(NotReady, LedgerBusy, WoshouError), summary="Can it serve")
def readyz(office: OfficeDep) -> Health:
    """Whether the database can be reached and is at the right revision."""
    if isinstance(office.ledgers, Revised) and not office.ledgers.is_current():
        raise NotReady
    with office.ledgers.transaction(read_only=True) as ledger:
        ledger.links.all()
    return Health()


@router.get(
    "/metrics",
    response_class=Response,
    responses=_TEXT | reading(),
    summary="Figures for Prometheus",
)
def metrics(request: Request, caller: OperatorDep, ledger: ReadLedgerDep) -> Response:
    """Requests by route, refusals by code, batches and queues by partner; nothing about a person. Needs an operator's key."""
    return Response(request.app.state.metrics.text(ledger), media_type=CONTENT_TYPE)
