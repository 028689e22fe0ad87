"""The own registers: a person is found by document number, and an entry is shown for a purpose, which its address carries."""

import unicodedata
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Query, Request, Response

from api.access import Caller, CallerDep, ClerkDep, LedgerDep, OfficeDep, ReadLedgerDep
from api.local.entries import read_entry, search_entries
from api.local.exchanges import list_exchanges, submitted
from api.models.base import IdPath
from api.models.exchanges import Start
from api.models.registers.entries import Closing, Search
from api.pages.facts import fact_text
from api.pages.forms import FieldsDep, misfit
from api.pages.once import SentDep
from api.pages.route import Page, ViewerDep, back_to, page_router, see_other
from api.paging import PagingDep
from api.serving.audit import tell_purpose
from exchange.codes import Item, Purpose
from exchange.people.record import DocumentRef, Shape
from exchange.people.register import NOTHING_KNOWN
from exchange.verbs.keep_entry import close_entry, protect_entry, reopen_entry

router = page_router()
PATH: Final = "/entries"
ONE: Final = "/entries/{entry}"
# What is asked of the other side by a page; addresses and ethnicity only where an agreement names them, by sheet or API.
_ASKED: Final = tuple(item for item in Item if item not in (Item.ADDRESS, Item.ETHNICITY))
FOR: Final = "/entries/{entry}/{what_for}"


class Wanted(Shape, frozen=True, kw_only=True):
    """Whom a clerk looks for, and what for."""

    purpose: Purpose
    document: DocumentRef


async def carried(request: Request, _: CallerDep, what_for: Annotated[Purpose, Path()]) -> Purpose:
    """What the entry is looked at for, told to the audit."""
    tell_purpose(request, what_for)
    return what_for


def address(entry: str, purpose: Purpose) -> str:
    """Where an entry is, for a purpose."""
    return FOR.format(entry=entry, what_for=purpose)


PurposeDep = Annotated[Purpose, Depends(carried)]


@router.get(PATH)
def show_search(viewer: ViewerDep, caller: ClerkDep, office: OfficeDep) -> Page:
    """The form: the number of a document, and what for."""
    return viewer.page("entries.html", found=None, purpose=None, **_named(office, caller))


@router.post(PATH)
@back_to(PATH)
def find_person(
    request: Request, viewer: ViewerDep, caller: ClerkDep, office: OfficeDep, ledger: ReadLedgerDep, fields: FieldsDep
) -> Page:
    """The person's entries in the county's registers; shown on the page the form is sent to: no address holds a number."""
    fields["document.number"] = "".join(unicodedata.normalize("NFKC", fields.get("document.number", "")).split())
    for name in ("document.number", "purpose"):
        if not fields.get(name):
            raise misfit(f"/{name.replace('.', '/')}", "it is missing")
    wanted = fields.shape(Wanted)
    tell_purpose(request, wanted.purpose)
    found = search_entries(caller, office, ledger, Search(document=wanted.document))
    # Without their facts, which the list does not show: the audit tells what is shown.
    rows = [row.model_copy(update={"record": NOTHING_KNOWN}) for row in found.items]
    return viewer.page("entries.html", found=rows, purpose=wanted.purpose, **_named(office, caller))


@router.get(ONE)
def ask_purpose(
    viewer: ViewerDep,
    caller: ClerkDep,
    ledger: ReadLedgerDep,
    entry: IdPath,
    purpose: Annotated[Purpose | None, Query()] = None,
) -> Page | Response:
    """Nobody is shown before it is said what for."""
    read_entry(caller, ledger, Response(), entry)
    return see_other(address(entry, purpose)) if purpose else viewer.page("entry_purpose.html", entry=entry)


@router.get(FOR)
def show_entry(
    viewer: ViewerDep,
    caller: ClerkDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    entry: IdPath,
    purpose: PurposeDep,
) -> Page:
    """The entry, its number masked, with the exchanges about it and what can be done."""
    return _entry(viewer, caller, office, ledger, paging, entry, purpose, number=False)


@router.post(FOR)
@back_to(FOR)
def show_number(
    viewer: ViewerDep,
    caller: ClerkDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    entry: IdPath,
    purpose: PurposeDep,
) -> Page:
    """The same page once with the whole number; that it was shown stands in the audit under this name."""
    return _entry(viewer, caller, office, ledger, paging, entry, purpose, number=True)


@router.post(FOR + "/query")
@back_to(FOR)
def ask_other_side(
    caller: ClerkDep, sent: SentDep, office: OfficeDep, ledger: LedgerDep, entry: IdPath, purpose: PurposeDep, fields: FieldsDep
) -> Response:
    """Ask the other side about the person (发起协查), for the purpose that the page is looked at for."""
    items = fields.several("items")
    if not items:
        raise misfit("/items", "tick at least one item", zh="请至少选一个项目。")
    wanted = fields.shape(Start, entry=entry, purpose=purpose, items=items)
    _, started = submitted(ledger, office, caller, wanted)
    return sent.lead(f"/exchanges/{started.key.exchange}/{started.key.role}")


@router.post(FOR + "/closing")
@back_to(FOR)
def close_one(
    caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, entry: IdPath, purpose: PurposeDep, fields: FieldsDep
) -> Response:
    """Close it (退档)."""
    closing = fields.shape(Closing)
    close_entry(ledger, caller.counties, entry, closing.reason, office.now(), on=closing.on, version=fields.version())
    return see_other(address(entry, purpose))


@router.post(FOR + "/reopening")
@back_to(FOR)
def reopen_one(
    caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, entry: IdPath, purpose: PurposeDep, fields: FieldsDep
) -> Response:
    """Reopen it (回档)."""
    reopen_entry(ledger, caller.counties, entry, office.now(), version=fields.version())
    return see_other(address(entry, purpose))


@router.post(FOR + "/protection")
@back_to(FOR)
def protect_one(
    caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, entry: IdPath, purpose: PurposeDep, fields: FieldsDep
) -> Response:
    """Protect it (保护), or end that."""
    protected = fields.get("protected") == "yes"
    protect_entry(ledger, caller.counties, entry, protected, office.now(), version=fields.version())
    return see_other(address(entry, purpose))


def _entry(
    viewer: ViewerDep,
    caller: Caller,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    entry: str,
    purpose: Purpose,
    *,
    number: bool,
) -> Page:
    held = read_entry(caller, ledger, Response(), entry)
    exchanges = list_exchanges(caller, office, ledger, paging, entry=entry)
    known = [item for item in Item if getattr(held.record, item.value) is not None]
    return viewer.page(
        "entry.html",
        held=held,
        whole_number=number,
        facts=[(item, fact_text(viewer.language, getattr(held.record, item.value))) for item in known],
        exchanges=exchanges.items,
        next=paging.query_after(exchanges.next),
        address=address(entry, purpose),
        purpose=purpose,
        other=held.destination if held.origin == held.jurisdiction else held.origin,
        asked_items=_ASKED,
        **_named(office, caller),
    )


def _named(office: OfficeDep, caller: Caller) -> dict[str, Any]:
    divisions = office.node.divisions
    return {"divisions": divisions, "place": divisions.name(caller.jurisdiction)}
