"""Watch for trouble (告警): what is wrong now, compared with what was; each beginning and each end is told once."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from exchange.announcements import about_trouble, notification
from exchange.clocks.troubles import Symptom, Trouble, TroubleKind
from exchange.codes import Role
from exchange.exchanges import Acceptance, Direction, Link
from exchange.ids import new_id
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.verbs.receive import SKEW

UNREACHABLE = "partner-unavailable"
_REMEMBERED = timedelta(days=7)


def watch(ledger: Ledger, node: Node, now: datetime) -> tuple[int, int]:
    """Note what began and what ended since the last look; how many of each."""
    present = frozenset(symptoms(ledger, node, now))
    lasting = {trouble.symptom: trouble for trouble in ledger.troubles.lasting()}
    began = [
        Trouble(id=new_id(now), kind=symptom.kind, subject=symptom.subject, began_at=now)
        for symptom in sorted(present - lasting.keys())
    ]
    began = [trouble for trouble in began if ledger.troubles.begin(trouble)]
    over = [lasting[symptom] for symptom in sorted(lasting.keys() - present) if ledger.troubles.end(symptom, now)]
    ended = [Trouble(id=each.id, kind=each.kind, subject=each.subject, began_at=each.began_at, ended_at=now) for each in over]
    if node.webhooks:
        ledger.notifications.add([notification(about_trouble(trouble), now) for trouble in (*began, *ended)])
    return len(began), len(ended)


def symptoms(ledger: Ledger, node: Node, now: datetime) -> Iterator[Symptom]:
    """All that is wrong at this moment, by the thresholds of the house rules."""
    active = {partner.node for partner in ledger.partners.all() if partner.status is PartnerStatus.ACTIVE}
    for link in ledger.links.all():
        if link.partner in active:
            yield from (Symptom(kind=kind, subject=link.partner) for kind in _of_link(ledger, node, link, now))
    yield from _of_jobs(ledger, node, now)
    alerts = node.house.alerts
    if _more_overdue(ledger, node, Role.ASKED, alerts.owed_overdue, now):
        yield Symptom(kind=TroubleKind.OVERDUE_MANY, subject="owed")
    if _more_overdue(ledger, node, Role.ASKER, alerts.awaited_overdue, now):
        yield Symptom(kind=TroubleKind.OVERDUE_MANY, subject="awaited")


def _of_link(ledger: Ledger, node: Node, link: Link, now: datetime) -> Iterable[TroubleKind]:
    alerts = node.house.alerts
    if link.trouble is not None and link.trouble != UNREACHABLE:
        yield TroubleKind.RECEIPTS_REFUSED
    heard = max((moment for moment in (link.last_contact_at, link.last_received_at) if moment is not None), default=None)
    waited = timedelta(minutes=alerts.unreachable_minutes)
    if link.trouble == UNREACHABLE and (heard is None or now - heard >= waited):
        yield TroubleKind.PARTNER_UNREACHABLE
    if _is_silent(ledger, node, link, now):
        yield TroubleKind.PARTNER_SILENT
    last = ledger.links.batch(link.id, Direction.IN, link.in_sequence) if link.in_sequence else None
    if last is not None and last.received_at is not None and abs(last.received_at - last.sent_at) > SKEW:
        yield TroubleKind.CLOCK_OFF


def _is_silent(ledger: Ledger, node: Node, link: Link, now: datetime) -> bool:
    """Whether an answer has been late for some days, and nothing at all came in during these."""
    silent = timedelta(days=node.house.alerts.silent_days)
    if link.last_received_at is not None and now - link.last_received_at < silent:
        return False
    day = civil_day(now - silent) + timedelta(days=1)
    late = ExchangeFilter(own=node.jurisdictions, role=Role.ASKER, acceptance=Acceptance.ACCEPTED, overdue_on=day, link=link.id)
    return bool(ledger.exchanges.find(late, Page(limit=1)))


def _of_jobs(ledger: Ledger, node: Node, now: datetime) -> Iterator[Symptom]:
    """The daily jobs whose last run was begun a while ago and has not come to its end."""
    today, patience = civil_day(now), timedelta(minutes=node.house.alerts.job_minutes)
    last = {run.job: run for run in ledger.chores.unfinished(today - _REMEMBERED)}
    for job, run in last.items():
        done = ledger.chores.last_run(job, today + timedelta(days=1))
        if now - run.claimed_at >= patience and (done is None or done < run.business_date):
            yield Symptom(kind=TroubleKind.JOB_FAILED, subject=job)


def _more_overdue(ledger: Ledger, node: Node, role: Role, threshold: int | None, now: datetime) -> bool:
    if threshold is None:
        return False
    late = ExchangeFilter(own=node.jurisdictions, role=role, acceptance=Acceptance.ACCEPTED, overdue_on=civil_day(now))
    return len(ledger.exchanges.find(late, Page(limit=threshold + 1))) > threshold
