"""The jobs process: waits until it leads, runs the timetable while it does, and stops cleanly.

However many of these processes run on one database, one leads; another takes over within seconds of its end.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from adapters.auditing.trail import Trail, leaving
from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from adapters.reconciling.tokens import TokenKeeper
from adapters.reconciling.whole import reconciling_of
from adapters.renewal import Renewals
from adapters.webhook_http import OWN_SYSTEMS, WebhookReceiver
from exchange.auditing.event import Actor, ActorKind
from exchange.errors import WoshouError
from exchange.ledger import Candidate
from exchange.moments import SHANGHAI, civil_day
from jobs.courier import Courier
from jobs.couriers import Couriers
from jobs.deliver import deliver_all
from jobs.notifier import Notifier
from jobs.notify import notify_all
from jobs.shift import Shift
from jobs.timetable import SCHEDULE, Daily, Job, Rounds, is_due

_log = structlog.get_logger("jobs")
# How often the lead is asked for, and the node's clock looked at; a simulated one leaps over days, so it is watched closely.
TICK = 1.0
_CLOSE_TICK = 0.25
_GRACE = 30


@contextmanager
def on_shift(office: Office, client: PartnerClient) -> Iterator[Shift]:
    """What the jobs need for as long as this process leads; ends when the couriers under way have come back."""
    office.refresh()
    stopping = threading.Event()
    renewals, keeper = Renewals(office, client), TokenKeeper(office)
    with ExitStack() as stack:
        notifier = None
        if office.webhooks is not None:
            # A client of its own: whatever own systems do to it, partners have theirs.
            receiver = WebhookReceiver(office.webhooks, stack.enter_context(http_client(reach=OWN_SYSTEMS)))
            notifier = Notifier(office, receiver, stopping)
            stack.callback(notifier.close)
        couriers = Couriers(Courier(office, client, renewals, stopping))
        stack.callback(couriers.close)
        stack.callback(stopping.set)
        yield Shift(
            office=office,
            client=client,
            couriers=couriers,
            renewals=renewals,
            keeper=keeper,
            reconciling=reconciling_of(office, client, renewals, keeper),
            stopping=stopping,
            notifier=notifier,
        )


class Clockwork:
    """Runs one job whenever the node's clock says so."""

    def __init__(self, job: Job, shift: Shift) -> None:
        self._job, self._shift = job, shift
        self._last: datetime | None = None

    def tick(self) -> None:
        """Run the job if it is due; a refusal is logged, and the job runs again at its next time."""
        office, name = self._shift.office, self._job.name
        if self._shift.stopping.is_set():
            return
        try:
            now, began = office.now(), time.monotonic()
            if not is_due(self._job.when, self._last, now) or not self._claim(now):
                return
            office.refresh()
            with leaving(self._trail()):
                outcome = self._job.run(self._shift)
            if isinstance(self._job.when, Daily):
                with office.ledgers.transaction() as ledger:
                    ledger.chores.finish_run(name, civil_day(now), office.now(), outcome)
            if outcome:
                _log.info("job done", job=name, outcome=outcome, seconds=round(time.monotonic() - began, 3))
        except WoshouError as refusal:
            _log.warning("job refused", job=name, refusal=refusal.code)

    def _trail(self) -> Trail:
        """What a job leaves in the audit: whom it erased; of all else it does there are its own tables."""
        office, name = self._shift.office, self._job.name
        actor = Actor(kind=ActorKind.JOB, id=name)
        return Trail(action=name, node=office.node, now=office.now, ledgers=office.ledgers, actor=actor, always=False)

    def _claim(self, now: datetime) -> bool:
        """Whether this process runs the job now: a daily one is claimed for the business date, so that it runs once."""
        claimed = True
        if isinstance(self._job.when, Daily):
            with self._shift.office.ledgers.transaction() as ledger:
                claimed = ledger.chores.claim_run(self._job.name, civil_day(now), now)
        self._last = now
        return claimed


def run(
    office: Office,
    client: PartnerClient,
    lead: Candidate,
    stop: threading.Event,
    *,
    deliver_seconds: float,
    schedule: Sequence[Job] = SCHEDULE,
) -> None:
    """Serve until `stop` is set: lead whenever the lead is free, and run the timetable while leading."""
    try:
        while not stop.is_set():
            if lead.held():
                _lead(office, client, lead, stop, deliver_seconds, schedule)
            else:
                stop.wait(TICK)
    finally:
        lead.release()


def _lead(
    office: Office,
    client: PartnerClient,
    lead: Candidate,
    stop: threading.Event,
    deliver_seconds: float,
    schedule: Sequence[Job],
) -> None:
    _log.info("leading")
    with on_shift(office, client) as shift:
        scheduler = BackgroundScheduler(
            timezone=SHANGHAI, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _GRACE}
        )
        tick = _CLOSE_TICK if office.clock.simulated else TICK
        for job in schedule:
            seconds = deliver_seconds if isinstance(job.when, Rounds) else tick
            # At once, too: what waited while nobody led should not wait for another round.
            scheduler.add_job(
                Clockwork(job, shift).tick,
                IntervalTrigger(seconds=seconds, timezone=SHANGHAI),
                id=job.name,
                next_run_time=datetime.now(SHANGHAI),
            )
        scheduler.start()
        try:
            while not stop.is_set() and lead.held():
                stop.wait(TICK)
        finally:
            shift.stopping.set()
            scheduler.shutdown(wait=True)
    _log.info("no longer leading")


def run_once(office: Office, client: PartnerClient, *, schedule: Sequence[Job] = SCHEDULE) -> int:
    """One pass on demand: each job that is due by the node's clock, then everything that waits; batches delivered."""
    with on_shift(office, client) as shift:
        for job in schedule:
            if not isinstance(job.when, Rounds):
                Clockwork(job, shift).tick()
        batches = deliver_all(shift)
        notify_all(shift)
        return batches
