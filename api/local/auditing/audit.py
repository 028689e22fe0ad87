"""The audit (审计): who did what, to whose record, for what. For auditors alone, and reading it is told in it as well."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from adapters.office import Office
from api.access import AuditorDep, Caller, OfficeDep, ReadLedgerDep, TracerDep
from api.declared import reading
from api.models.auditing.rows import AuditHeadShown, AuditRowShown
from api.models.base import CodeQuery, Day, Listing
from api.models.registers.entries import Search
from api.models.shapes import Shaped, shown
from api.paging import Paging, PagingDep
from api.problems import BodyTooSlow, RequestTooLarge
from api.rights import TRACER
from api.serving.routes import StrictRoute
from exchange.auditing.event import NODE_WIDE
from exchange.cursors import BadCursor, audit_cursor
from exchange.errors import Forbidden
from exchange.ledger import AuditFilter, Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.document import DocumentRefused
from exchange.verbs.auditing.tell import actions_meant, told
from exchange.verbs.auditing.who_saw import subjects_of

router = APIRouter(prefix="/api/v1/audit", tags=["Audit"], route_class=StrictRoute)
_SEARCH_EXAMPLE = {"document": {"type": "id_number", "number": "110102199003070011"}}
DayQuery = Annotated[Day | None, Query(description="civil day")]


def _chains(caller: Caller, node: Node) -> frozenset[str]:
    """The chains of the caller's counties; the node's own to who may see all its counties."""
    return caller.counties | {NODE_WIDE} if caller.counties == node.jurisdictions else caller.counties


@router.get("", responses=reading(BadCursor), summary="Read the audit")
def list_audit(
    caller: AuditorDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    jurisdiction: CodeQuery = None,
    first: DayQuery = None,
    last: DayQuery = None,
    actor: Annotated[str | None, Query(max_length=253, description="a key's id, a node or an account")] = None,
    action: Annotated[str | None, Query(max_length=100, description="the operation, command or job")] = None,
    subject: Annotated[
        str | None,
        Query(pattern=r"^[a-z-]{1,20}:[A-Za-z0-9_.-]{1,100}$", examples=["entry:019cae2f-5c00-7000-8000-000000000001"]),
    ] = None,
    refused: Annotated[bool | None, Query(description="only what was refused, or only what was done")] = None,
) -> Listing[AuditRowShown]:
    """The rows of the caller's counties, the newest first; by subject for the county's own auditor alone (403)."""
    traces = TRACER.covers(caller.role, caller.place)
    if subject is not None and not traces:
        raise Forbidden
    chains = _chains(caller, office.node)
    wanted = AuditFilter(
        jurisdictions=chains if jurisdiction is None else chains & {jurisdiction},
        first=first,
        last=last,
        actor=actor,
        actions=actions_meant(action, above=not traces),
        subjects=None if subject is None else frozenset({subject}),
        refused=refused,
    )
    return _listed(caller, office, ledger, paging, wanted)


@router.post("/search", responses=reading(BadCursor, DocumentRefused, RequestTooLarge, BodyTooSlow), summary="Who saw a person")
def search_audit(
    caller: TracerDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    body: Annotated[Search, Shaped(Search), Body(openapi_examples=shown(_SEARCH_EXAMPLE))],
) -> Listing[AuditRowShown]:
    """The rows about one person, by the number of a document: their entries and exchanges, and wherever they were shown."""
    subjects = subjects_of(ledger, office.node, caller.counties, body.document)
    wanted = AuditFilter(jurisdictions=_chains(caller, office.node), subjects=subjects)
    return _listed(caller, office, ledger, paging, wanted)


def _listed(caller: Caller, office: Office, ledger: Ledger, paging: Paging, wanted: AuditFilter) -> Listing[AuditRowShown]:
    rows, following = paging.rows(lambda page: ledger.audit.find(wanted, page), audit_cursor)
    above = not TRACER.covers(caller.role, caller.place)
    items = [AuditRowShown.of(*each) for each in told(ledger, rows, civil_day(office.now()), above=above)]
    return Listing[AuditRowShown](items=items, next=following)


@router.get("/heads", responses=reading(), summary="Signed ends of days")
def list_audit_heads(caller: AuditorDep, office: OfficeDep, ledger: ReadLedgerDep) -> Listing[AuditHeadShown]:
    """The latest signed end of each chain, as partners were handed it."""
    chains = _chains(caller, office.node)
    heads = [AuditHeadShown.of(head) for head in ledger.audit.latest_signed() if head.jurisdiction in chains]
    return Listing[AuditHeadShown](items=heads, next=None)
