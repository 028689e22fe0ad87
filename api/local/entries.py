"""Register entries (个案): enter, read, search, change, close, reopen. Only the county's own clerks and systems."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Query, Response

from adapters.auditing.trail import asking
from api.access import ClerkDep, LedgerDep, OfficeDep, ReadLedgerDep
from api.declared import reading, writing
from api.models.base import CodeQuery, Doubt, IdPath, Listing
from api.models.registers.entries import (
    ENTRY_EXAMPLE,
    Closing,
    Entered,
    EntryChanged,
    EntryLine,
    EntryPatch,
    EntryShown,
    Search,
    patched,
)
from api.models.shapes import Shaped, complaint, shown
from api.once import OnceDep
from api.paging import PagingDep
from api.preconditions import IfMatch, RequiredIfMatch, etag
from api.problems import BodyTooSlow, PreconditionMissing, RequestTooLarge
from api.serving.routes import StrictRoute
from exchange.codes import RegisterKind
from exchange.cursors import BadCursor, entry_cursor
from exchange.errors import Invalid, NotFound, VersionDiffers
from exchange.ledger import EntryFilter
from exchange.people.document import DocumentRefused
from exchange.people.register import EntryClosed, EntryExists, EntryOpen
from exchange.verbs.enrol import Enrolment, EntryFinal, NobodyAway, enrol
from exchange.verbs.keep_entry import (
    DayOutsideEntry,
    change_entry,
    close_entry,
    find_by_document,
    protect_entry,
    reopen_entry,
)
from exchange.work.daily import DailyLimit

router = APIRouter(prefix="/api/v1", tags=["Entries"], route_class=StrictRoute)
_SEARCH_EXAMPLE = {"document": {"type": "id_number", "number": "110102199003070011"}}
_CLOSE_EXAMPLE = {"reason": "returned", "on": "2026-02-27"}
_PATCH_EXAMPLE = {"record": {"marital_status": "40", "marriage": None}}


@router.post(
    "/entries",
    status_code=201,
    response_model=Entered,
    responses={
        200: {"model": Entered, "description": "the person had an entry already"},
        **writing(EntryExists, EntryFinal, NobodyAway),
    },
    summary="Enter a person",
)
def enter_person(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[EntryLine, Shaped(EntryLine), Body(openapi_examples=shown(ENTRY_EXAMPLE))],
) -> Response:
    """Enter a person in the caller's register. The same person again changes or reopens the entry, or leaves it as it is."""
    (result,) = enrol(ledger, office.node, caller.jurisdiction, [body.draft()], office.now())
    for refusal in result.refusals:
        raise refusal
    status = 201 if result.outcome is Enrolment.OPENED else 200
    answer = Entered(id=result.entry or "", outcome=result.outcome, warnings=[Doubt.of(told) for told in result.warnings])
    return once.answer(answer, status, {"location": f"/api/v1/entries/{result.entry}"})


@router.get("/entries", responses=reading(BadCursor, DailyLimit), summary="List entries")
def list_entries(
    caller: ClerkDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    register: Annotated[RegisterKind | None, Query()] = None,
    open: Annotated[bool | None, Query(description="open entries, or closed ones")] = None,
    other: CodeQuery = None,
    township: CodeQuery = None,
) -> Listing[EntryShown]:
    """The caller's entries, the newest first; `other` is the division on the other side, exactly as the entries name it."""
    wanted = EntryFilter(jurisdictions=caller.counties, register=register, open=open, other=other, township=township)
    rows, following = paging.rows(lambda page: ledger.entries.find(wanted, page), entry_cursor)
    return Listing[EntryShown](items=[EntryShown.of(row) for row in rows], next=following)


@router.post(
    "/entries/search",
    responses=reading(DocumentRefused, RequestTooLarge, BodyTooSlow, DailyLimit),
    summary="Find a person's entries",
)
def search_entries(
    caller: ClerkDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    body: Annotated[
        Search,
        Shaped(Search),
        Body(openapi_examples=shown(_SEARCH_EXAMPLE)),
    ],
) -> Listing[EntryShown]:
    """The entries of one person in the caller's own registers, by the number of a document. Nothing is remembered of it."""
    found = find_by_document(ledger, office.node, caller.counties, body.document)
    if not found:
        asking(1)  # that somebody is not there is told of a person, too
    return Listing[EntryShown](items=[EntryShown.of(entry) for entry in found], next=None)


@router.get("/entries/{entry}", responses=reading(NotFound, DailyLimit), summary="Read an entry")
def read_entry(caller: ClerkDep, ledger: ReadLedgerDep, response: Response, entry: IdPath) -> EntryShown:
    """One entry of the caller's, with its version as ETag."""
    found = ledger.entries.get(entry)
    if found is None or found.jurisdiction not in caller.counties:
        raise NotFound
    response.headers["etag"] = etag(found.version)
    return EntryShown.of(found)


@router.patch(
    "/entries/{entry}",
    responses=writing(NotFound, VersionDiffers, PreconditionMissing, EntryClosed, EntryExists),
    summary="Change an entry",
)
def change_entry_facts(
    caller: ClerkDep,
    office: OfficeDep,
    ledger: LedgerDep,
    response: Response,
    entry: IdPath,
    version: RequiredIfMatch,
    body: Annotated[
        EntryPatch,
        Shaped(EntryPatch),
        Body(media_type="application/merge-patch+json", openapi_examples=shown(_PATCH_EXAMPLE)),
    ],
) -> EntryChanged:
    """Change an open entry by a merge patch (RFC 7396). If-Match with the ETag that was read guards against lost changes."""
    found, now = ledger.entries.get(entry, lock=True), office.now()
    if found is None or found.jurisdiction not in caller.counties:
        raise NotFound
    if found.version != version:
        raise VersionDiffers
    warnings: list[Doubt] = []
    try:
        draft = patched(found, body)
    except msgspec.ValidationError as exc:
        told, pointer = complaint(exc)
        raise Invalid(en=f"The entry after the change: {told}", pointer=pointer or None) from None  # it may quote a person
    if draft != patched(found, EntryPatch()):
        found, doubts = change_entry(ledger, office.node, caller.counties, entry, draft, now)
        warnings = [Doubt.of(doubt) for doubt in doubts]
    if body.protected is not msgspec.UNSET:
        found = protect_entry(ledger, caller.counties, entry, body.protected, now)
    response.headers["etag"] = etag(found.version)
    return EntryChanged(id=found.id, version=found.version, open=found.is_open, warnings=warnings)


@router.post(
    "/entries/{entry}/close",
    response_model=EntryChanged,
    responses=writing(NotFound, VersionDiffers, EntryClosed, DayOutsideEntry),
    summary="Close an entry (退档)",
)
def close(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    entry: IdPath,
    body: Annotated[Closing, Shaped(Closing), Body(openapi_examples=shown(_CLOSE_EXAMPLE))],
    version: IfMatch = None,
) -> Response:
    """Close an open entry, today or as of an earlier day."""
    then = close_entry(ledger, caller.counties, entry, body.reason, office.now(), on=body.on, version=version)
    return once.answer(EntryChanged(id=then.id, version=then.version, open=False), headers={"etag": etag(then.version)})


@router.post(
    "/entries/{entry}/reopen",
    response_model=EntryChanged,
    responses=writing(NotFound, VersionDiffers, EntryOpen, EntryExists),
    summary="Reopen an entry (回档)",
)
def reopen(
    caller: ClerkDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, entry: IdPath, version: IfMatch = None
) -> Response:
    """Reopen a closed entry, whatever it was closed for."""
    then = reopen_entry(ledger, caller.counties, entry, office.now(), version=version)
    return once.answer(EntryChanged(id=then.id, version=then.version, open=True), headers={"etag": etag(then.version)})
