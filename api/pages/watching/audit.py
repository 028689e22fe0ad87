"""The audit as a page: rows by day, actor and action; who saw a person, by the number of a document; and the chains' ends."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Final

from fastapi import Query, Request

from adapters.office import Office
from api.access import AuditorDep, Caller, OfficeDep, ReadLedgerDep, TracerDep
from api.local.auditing.audit import DayQuery, list_audit, list_audit_heads, search_audit
from api.models.auditing.rows import AuditRowShown
from api.models.base import CodeQuery, Sentence
from api.models.registers.entries import Search
from api.pages.forms import FieldsDep
from api.pages.route import Page, Viewer, ViewerDep, back_to, page_router
from api.pages.watching.actions import ACTIONS
from api.pages.watching.told import SHEETS
from api.paging import Paging, PagingDep
from api.rights import TRACER
from exchange.errors import WoshouError
from exchange.ledger import Ledger
from exchange.ledger import Page as Wanted
from exchange.verbs.auditing.tell import KEPT, actions_meant

router = page_router()
PATH: Final = "/audit"
FILTERS: Final = ("first", "last", "actor", "action", "refused", "jurisdiction")
MOST: Final = 1000


@router.get(PATH)
def show_audit(
    request: Request,
    viewer: ViewerDep,
    caller: AuditorDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    first: DayQuery = None,
    last: DayQuery = None,
    actor: Annotated[str | None, Query(max_length=253)] = None,
    action: Annotated[str | None, Query(max_length=100)] = None,
    refused: bool | None = None,
    jurisdiction: CodeQuery = None,
) -> Page:
    """The rows of the viewer's counties, the newest first."""
    found = list_audit(
        caller, office, ledger, paging, jurisdiction, first, last, actor_id(ledger, office, caller, actor), action, None, refused
    )
    given = {name: request.query_params.get(name, "") for name in FILTERS}
    following = paging.query_after(found.next)
    return _page(viewer, office, caller, ledger, found.items, following, given)


@router.get("/audit/person")
def show_person_search(viewer: ViewerDep, caller: TracerDep, office: OfficeDep, ledger: ReadLedgerDep) -> Page:
    """The form alone: who is looked for stands in no address."""
    return _page(viewer, office, caller, ledger, None, None, {})


@router.post("/audit/person")
@back_to("/audit/person")
def search_audit_for_person(
    viewer: ViewerDep, caller: TracerDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep, fields: FieldsDep
) -> Page:
    """Who saw a person: the latest rows, on the page that the form is sent to."""
    latest = Paging(Wanted(limit=MOST), paging.request, paging.response)
    found = search_audit(caller, office, ledger, latest, fields.shape(Search))
    return _page(viewer, office, caller, ledger, found.items, None, {}, more=found.next is not None)


def actor_names(ledger: Ledger, rows: Iterable[AuditRowShown]) -> dict[str, str]:
    """What those are called who stand in the rows, by their ids: accounts and systems, of other places too."""
    actors = {row.actor.id for row in rows}
    return {key.id: key.name for key in ledger.access.api_keys() if key.id in actors}


@cache
def problems_told() -> dict[str, Sentence]:
    """What each refusal says, by its code."""
    told = dict(SHEETS)
    kinds: list[type[WoshouError]] = [WoshouError]
    for kind in kinds:
        told.setdefault(kind.code, Sentence(kind.zh, kind.en))
        kinds += kind.__subclasses__()
    return told


def names_of(ledger: Ledger, office: Office, caller: Caller) -> dict[str, str]:
    """What the accounts and systems of the viewer's place are called, by their ids."""
    inside = office.node.divisions.contains
    return {key.id: key.name for key in ledger.access.api_keys() if inside(caller.jurisdiction, key.jurisdiction)}


def actor_id(ledger: Ledger, office: Office, caller: Caller, wanted: str | None) -> str | None:
    """Who is meant by a name: the account of that name if there is one, else what was written."""
    names = names_of(ledger, office, caller)
    return next((key for key, name in names.items() if name == wanted), wanted)


def _actions(*, above: bool) -> dict[str, Sentence]:
    """The actions by the names that the viewer is told."""
    return {name: said for name, said in ACTIONS.items() if (actions_meant(name, above=above) if above else name != KEPT)}


def _page(
    viewer: Viewer,
    office: Office,
    caller: Caller,
    ledger: Ledger,
    rows: list[AuditRowShown] | None,
    following: str | None,
    given: Mapping[str, str],
    *,
    more: bool = False,
) -> Page:
    divisions, traces = office.node.divisions, viewer.may(TRACER)
    return viewer.page(
        "audit.html",
        rows=rows,
        next=following,
        more=more,
        given=given,
        by_person=not given,
        names=actor_names(ledger, rows or ()),
        problems=problems_told(),
        traces=traces,
        actions=_actions(above=not traces),
        heads=list_audit_heads(caller, office, ledger).items,
        counties=[(code, divisions.name(code)) for code in sorted(caller.counties)],
        divisions=divisions,
    )
