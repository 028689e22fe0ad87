"""The operator's page: what is wrong now, findings with what to do, the nights' reconciliations, jobs, and what waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from api.access import OfficeDep, OperatorDep, OverseerDep, ReadLedgerDep
from api.local.partners import list_findings, list_partners
from api.local.reconciling.reconciliations import list_reconciliations, read_reconciliation
from api.models.base import IdPath, Sentence
from api.models.partners import PartnerShown
from api.pages.language import Language
from api.pages.route import Page, ViewerDep, page_router
from api.pages.watching.outcomes import outcome_told
from api.pages.watching.told import JOBS
from api.paging import Paging, PagingDep
from exchange.ledger import DailyRun, Ledger
from exchange.ledger import Page as Wanted
from exchange.moments import civil_day

router = page_router()
PATH: Final = "/operations"
_NIGHTS: Final = 7
# Enough to say how many; a thousand and more are told as that.
MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A daily job, with its last run of the last week if there is one."""

    name: str
    told: Sentence
    at: str
    run: DailyRun | None
    outcome: str | None = None

    @classmethod
    def of(cls, language: Language, name: str, told: Sentence, at: str, run: DailyRun | None) -> Self:
        """With what came of its run in the reader's words, where they are known."""
        outcome = outcome_told(language, run.outcome) if run is not None and run.outcome else None
        return cls(name, told, at, run, outcome)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits on all links: messages, batches without a receipt, messages that are sent again, and the last contact."""

    messages: int
    unreceipted: int
    again: int
    contact: datetime | None


@router.get(PATH)
def show_operations(viewer: ViewerDep, caller: OperatorDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep) -> Page:
    """All of it on one page; the findings a page at a time."""
    found = list_findings(caller, office, ledger, paging)
    nights = Paging(Wanted(limit=_NIGHTS), paging.request, paging.response)
    partners = list_partners(caller, ledger).items
    return viewer.page(
        "operations.html",
        troubles=ledger.troubles.lasting(),
        findings=[each for each in found.items if each.settled_at is None],
        settled=[each for each in found.items if each.settled_at is not None],
        next=paging.query_after(found.next),
        nights=list_reconciliations(caller, ledger, nights).items,
        jobs=jobs_seen(viewer.language, ledger, office.now()),
        partners=[each for each in partners if each.link is not None and (each.link.queued or each.link.trouble)],
        waiting=waiting(ledger, partners, office.now()),
        most=MOST,
        divisions=office.node.divisions,
    )


@router.get("/operations/reconciliations/{reconciliation}")
def show_reconciliation(
    viewer: ViewerDep, caller: OverseerDep, office: OfficeDep, ledger: ReadLedgerDep, reconciliation: IdPath
) -> Page:
    """One reconciliation: each link, each pair of registers beside its run before, and what was left out."""
    whole = read_reconciliation(caller, office, ledger, reconciliation)
    return viewer.page("reconciliation.html", whole=whole, divisions=office.node.divisions)


def jobs_seen(language: Language, ledger: Ledger, now: datetime) -> list[JobSeen]:
    """Each daily job with its last run."""
    latest: dict[str, DailyRun] = {}
    for run in ledger.chores.runs(civil_day(now) - timedelta(days=7)):
        latest.setdefault(run.job, run)
    daily = [JobSeen.of(language, name, told, at, latest.get(name)) for name, (told, at) in JOBS.items()]
    # What runs all the time leaves a run only where it broke down.
    often = Sentence("随时运行", "all the time")
    others = [JobSeen.of(language, name, often, "–", run) for name, run in latest.items() if name not in JOBS]
    return daily + others


def waiting(ledger: Ledger, partners: list[PartnerShown], now: datetime) -> Waiting:
    """What waits on all links together."""
    links = [each.link for each in partners if each.link is not None]
    return Waiting(
        messages=sum(each.queued for each in links),
        unreceipted=sum(each.sent - each.receipted for each in links),
        again=len(ledger.messages.to_retry(now, MOST)),
        contact=max((each.last_contact_at for each in links if each.last_contact_at is not None), default=None),
    )
