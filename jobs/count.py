"""Count: close the days that are over, and prove by a recount that what is stored is what the facts say."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from adapters.office import Office
from exchange.exchanges import ExchangeKey
from exchange.ledger import Ledger
from exchange.verbs.counting.close import close_exchanges, close_pages, make_page
from exchange.verbs.counting.recount import (
    Difference,
    recount_entries,
    recount_exchanges,
    recount_page,
    recount_strays,
    repair,
)
from exchange.verbs.counting.settle import AT_ONCE as SETTLED_AT_ONCE
from exchange.verbs.counting.settle import settle_entries
from jobs.shift import Shift

_FINDINGS, _AT_ONCE = 100, 500


def close_days(shift: Shift) -> str:
    """Count what happened until midnight, in small transactions, so that no clerk waits; then the pages that changed."""
    closed = close_all(shift.office, shift.stopping)
    return f"{closed.changes} changes counted, {closed.entries} of entries, {closed.pages} pages of totals made"


class Closed(NamedTuple):
    """How many changes of exchanges, and of entries, were counted, and how many pages made."""

    changes: int
    entries: int
    pages: int


def close_all(office: Office, stopping: threading.Event) -> Closed:
    """Close all days that are over, and settle all entries."""
    now, made = office.now(), 0
    counted = _until_done(office, stopping, lambda ledger: close_exchanges(ledger, now))
    # What goes on being queued is left: there is no day that would end it.
    settled = _until_done(office, stopping, settle_entries, least=SETTLED_AT_ONCE)
    with office.ledgers.transaction(read_only=True) as ledger:
        missing = close_pages(ledger, office.node, now)
    for page in missing:
        if stopping.is_set():
            break
        with office.ledgers.transaction() as ledger:
            make_page(ledger, office.node, page, now)
        made += 1
    return Closed(counted, settled, made)


def _until_done(office: Office, stopping: threading.Event, some: Callable[[Ledger], int], *, least: int = 1) -> int:
    """Do some, each time in a transaction of its own, until less than `least` was left; how much was done."""
    done = 0
    while not stopping.is_set():
        with office.ledgers.transaction() as ledger:
            now = some(ledger)
        done += now
        if now < least:
            break
    return done


@dataclass
class Recount:
    """What a recount of everything came to."""

    exchanges: int = 0
    entries: int = 0
    queued: int = 0
    pages: int = 0
    differences: list[Difference] = field(default_factory=list)


def recount_all(office: Office, stopping: threading.Event) -> Recount:
    """Count everything again, each part in a reading of its own; nothing is written."""
    whole = Recount()
    after: ExchangeKey | None = None
    while not stopping.is_set():
        with office.ledgers.transaction(read_only=True) as ledger:
            part = recount_exchanges(ledger, after)
        whole.exchanges += part.exchanges
        whole.queued += part.queued
        whole.differences += part.differences
        after = part.following
        if after is None:
            break
    since: str | None = ""
    while since is not None and not stopping.is_set():
        with office.ledgers.transaction(read_only=True) as ledger:
            register = recount_entries(ledger, since)
        whole.entries += register.entries
        whole.queued += register.queued
        whole.differences += register.differences
        since = register.following
    with office.ledgers.transaction(read_only=True) as ledger:
        whole.differences += recount_strays(ledger)
        for page in ledger.counting.all_pages():
            if stopping.is_set():
                break
            whole.pages += 1
            difference = recount_page(ledger, page, office.now())
            if difference is not None:
                whole.differences.append(difference)
    return whole


def recount(shift: Shift) -> str:
    """Prove the stored figures; what differs becomes a finding, and is left for a person to have repaired."""
    whole = recount_all(shift.office, shift.stopping)
    report_differences(shift.office, whole.differences)
    counted = f"{whole.exchanges} exchanges, {whole.entries} entries and {whole.pages} pages recounted"
    return f"{counted}, {len(whole.differences)} differ"


def report_differences(office: Office, differences: Sequence[Difference]) -> None:
    """Put the first of them before people, as findings."""
    now = office.now()
    if differences:
        with office.ledgers.transaction() as ledger:
            ledger.chores.add_findings([one.finding(now) for one in differences[:_FINDINGS]])


def repair_all(office: Office, differences: Sequence[Difference]) -> None:
    """Have what differs written anew, and the pages made again."""
    for start in range(0, len(differences), _AT_ONCE):
        with office.ledgers.transaction() as ledger:
            repair(ledger, differences[start : start + _AT_ONCE])
    close_all(office, threading.Event())
