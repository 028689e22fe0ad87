"""Worklists: what there is to do, counted and page by page."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Path, Query, Response

from adapters.answer_sheet import MOST_ROWS, write_answers
from adapters.exporting import Format
from adapters.office import Office
from api.access import AnswererDep, Caller, CallerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import reading
from api.local.exports import SHEET, FormatQuery, sheet_file
from api.local.reconciling.differences import SoughtDep, listed
from api.local.visible import hidden, partner_names, unnamed
from api.models.base import CodeQuery, Listing, NodeQuery
from api.models.reconciling.differences import DifferenceList
from api.models.worklists import SILENT, Count, Counts, SilentShown, WorkRow
from api.paging import PagingDep
from api.serving.routes import StrictRoute
from exchange.codes import Event, Kind, Purpose
from exchange.counting.query import UNASSIGNED
from exchange.cursors import BadCursor, work_cursor
from exchange.ledger import Ledger, RegisterDifferenceFilter
from exchange.reconciling.results import DifferenceKind
from exchange.verbs.reconciling.differences import reconciled
from exchange.verbs.work.items import SILENT_DAYS, described, silent_partners
from exchange.verbs.work.to_answer import NotAnswerable, whole_list
from exchange.work.daily import DailyLimit
from exchange.work.worklists import WorkFilter, Worklist

router = APIRouter(prefix="/api/v1/worklists", tags=["Worklists"], route_class=StrictRoute)
_NO_LINK = -1
DaysQuery = Annotated[int, Query(ge=1, le=365, description="silent for at least so many days")]


def narrowed(
    caller: CallerDep,
    office: OfficeDep,
    kind: Annotated[Kind | None, Query()] = None,
    event: Annotated[Event | None, Query()] = None,
    purpose: Annotated[Purpose | None, Query()] = None,
    urgent: Annotated[bool | None, Query()] = None,
    other: CodeQuery = None,
    township: Annotated[
        str | None, Query(pattern=rf"^([0-9]{{9}}|{UNASSIGNED})$", description="which has it now, or `unassigned`")
    ] = None,
    partner: NodeQuery = None,
) -> "Narrowed":
    """Whose lists, narrowed to what; a township's key sees its own alone."""
    wanted = replace(
        everything(caller, office),
        kind=kind,
        event=event,
        purpose=purpose,
        urgent=urgent,
        other=other,
        township=caller.township or township,
    )
    return Narrowed(wanted, partner)


def everything(caller: Caller, office: Office) -> WorkFilter:
    """All that the caller may see."""
    wanted = WorkFilter.at(caller.reach, office.now())
    return replace(wanted, township=caller.township)


class Narrowed(NamedTuple):
    """What is asked for; the partner's link is looked up once the ledger is open."""

    filter: WorkFilter
    partner: str | None

    @property
    def differences(self) -> RegisterDifferenceFilter:
        """The same of the differences between registers."""
        return RegisterDifferenceFilter.of_work(self.filter, self.partner)

    def within(self, ledger: Ledger) -> WorkFilter:
        """The filter with the partner's link; a partner without one has nothing on any list."""
        if self.partner is None:
            return self.filter
        link = ledger.links.of(self.partner)
        return replace(self.filter, link=link.id if link is not None else _NO_LINK)


WantedDep = Annotated[Narrowed, Depends(narrowed)]


@router.get("", responses=reading(), summary="Count all worklists")
def count_worklists(
    caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, wanted: WantedDep, days: DaysQuery = SILENT_DAYS
) -> Counts:
    """How much there is on each list of the caller's counties, or of its township."""
    now = office.now()
    found = [Count.of(worklist, count) for worklist, count in ledger.worklists.counts(wanted.within(ledger)).items()]
    silent = len(_silent(caller, office, ledger, days))
    differences = Count.of_differences(
        ledger.register_runs.count_differences(wanted.differences), reconciled(ledger, caller.reach)
    )
    return Counts(at=now, items=[*found, Count.of(SILENT, silent), *differences])


@router.get(f"/{SILENT}", responses=reading(), summary="Partners that are silent")
def list_silent_partners(
    caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, days: DaysQuery = SILENT_DAYS
) -> Listing[SilentShown]:
    """The partners that owe a receipt, an answer or an open ear, and were not heard for so many days; longest first."""
    return Listing[SilentShown](items=_silent(caller, office, ledger, days), next=None)


@router.get(f"/{DifferenceKind.ONE_SIDED}", responses=reading(BadCursor, DailyLimit), summary="One-sided entries")
def list_one_sided(
    _: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep, wanted: SoughtDep
) -> DifferenceList:
    """Entries that the last reconciliations found in one of the two registers only."""
    return listed(office, ledger, paging, wanted, DifferenceKind.ONE_SIDED)


@router.get(f"/{DifferenceKind.DIFFERING}", responses=reading(BadCursor, DailyLimit), summary="Differing records")
def list_differing(
    _: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep, wanted: SoughtDep
) -> DifferenceList:
    """Entries of persons whom both registers hold, and of whom the last reconciliations found the compared items to differ."""
    return listed(office, ledger, paging, wanted, DifferenceKind.DIFFERING)


@router.get(f"/{DifferenceKind.COARSE}", responses=reading(BadCursor, DailyLimit), summary="Coarse destinations that were found")
def list_coarse(_: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep, wanted: SoughtDep) -> DifferenceList:
    """Outflow entries that name a province or prefecture, and whose person a reconciliation found in one of its counties."""
    return listed(office, ledger, paging, wanted, DifferenceKind.COARSE)


@router.get("/{worklist}", responses=reading(BadCursor, DailyLimit), summary="Read a worklist")
def read_worklist(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    wanted: WantedDep,
    worklist: Annotated[Worklist, Path()],
) -> Listing[WorkRow]:
    """What is on a list, the most urgent first; with the person for the county's own clerks, or for the township that has it.

    The people of a birth registration are shown to its clerk alone: whose case it is, who asked, or who took it over.
    """
    now, lapse, partners = office.now(), office.node.rules.lapse_days, partner_names(ledger)
    within = wanted.within(ledger)
    found, following = paging.rows(
        lambda page: ledger.worklists.page(worklist, within, page), lambda row: work_cursor(worklist, row)
    )
    others = hidden(ledger, office, caller, found)
    nameless = unnamed(ledger, caller, found, others)
    rows = [
        WorkRow.of_item(
            item,
            partners[item.exchange.key.link],
            now,
            lapse,
            sees_people=caller.handles_people and item.exchange.key not in others,
            of_whom=item.exchange.key not in nameless,
        )
        for item in described(ledger, found)
    ]
    return Listing[WorkRow](items=rows, next=following)


@router.get(
    "/{worklist}/sheet",
    response_class=Response,
    responses=SHEET | reading(NotAnswerable, DailyLimit),
    summary="A worklist to be answered",
)
def export_worklist(
    caller: AnswererDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    wanted: WantedDep,
    worklist: Annotated[Worklist, Path()],
    format: FormatQuery = Format.XLSX,
) -> Response:
    """A sheet with what is asked of whom, up to 20,000 rows, the most urgent first; filled in, it is imported as `answers`.

    What has an answer under way is left out. The file holds persons; not those of birth registrations of other clerks.
    """
    found = whole_list(ledger, worklist, wanted.within(ledger), MOST_ROWS)
    others = hidden(ledger, office, caller, [item.exchange for item in found])
    found = [replace(item, opening=None) if item.exchange.key in others else item for item in found]
    return sheet_file(write_answers(found, office.node.divisions, format), f"{worklist}.{format}", format)


def _silent(caller: Caller, office: Office, ledger: Ledger, days: int) -> list[SilentShown]:
    if not caller.counties:
        return []
    found = silent_partners(ledger, office.node.name, everything(caller, office), office.now(), days)
    return [SilentShown.of(each) for each in found]
