"""Recount: count everything again from the raw rows, and say where the stored versions, standings or pages differ.

Nothing is repaired unless that is asked for, and then it is said what was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from exchange.counting.pages import PageKey, TotalsPage, packed
from exchange.counting.registers.standing import Standing
from exchange.counting.version import first_difference, versions_of
from exchange.exchanges import ExchangeKey
from exchange.ledger import Finding, Ledger
from exchange.moments import civil_day
from exchange.verbs.counting.close import count_anew, spoil_page
from exchange.verbs.counting.settle import settle_anew, standings_of

AT_ONCE = 1000
KIND: Final = "rates-differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An exchange, an entry or a page of totals whose stored figures are not those of a recount; `since` is the first day.

    `stored` and `counted` are numbers of versions, of exchanges on the page, or in how many counts the entry is: open, exchanged,
    confirmed. They may be equal where only moments differ.
    """

    subject: str
    since: date | None
    stored: int
    counted: int
    exchange: ExchangeKey | None = None
    entry: str | None = None
    page: PageKey | None = None

    def finding(self, now: datetime) -> Finding:
        """As a person should look at it."""
        since = self.since.isoformat() if self.since is not None else "-"
        return Finding(
            id=f"{KIND}:{self.subject}:{civil_day(now)}",
            kind=KIND,
            partner=None,
            subject=self.subject,
            detail=f"stored {self.stored}, counted {self.counted}, from {since} on",
            at=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """One part of a recount: how many exchanges were judged, where the next part begins, and what differs.

    What is queued has no stored figures that anybody relies on; it is counted in `queued`, and not compared.
    """

    exchanges: int
    queued: int
    following: ExchangeKey | None
    differences: tuple[Difference, ...]


def recount_exchanges(ledger: Ledger, after: ExchangeKey | None, limit: int = AT_ONCE) -> Recounted:
    """Judge the next exchanges from their facts; `after` is where the part before ended."""
    keys = ledger.exchanges.keys(after, limit)
    queued = ledger.counting.in_queue(keys)
    held = ledger.counting.versions(keys)
    differences = []
    for history in ledger.exchanges.histories(key for key in keys if key not in queued):
        key, counted = history.exchange.key, versions_of(history)
        stored = held.get(key, ())
        if counted != stored:
            since = first_difference(counted, stored)
            differences.append(_of_exchange(key, since, len(stored), len(counted)))
    following = keys[-1] if len(keys) == limit else None
    return Recounted(exchanges=len(keys), queued=len(queued), following=following, differences=tuple(differences))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecountedEntries:
    """One part of a recount of the entries, as `Recounted`."""

    entries: int
    queued: int
    following: str | None
    differences: tuple[Difference, ...]


def recount_entries(ledger: Ledger, after: str, limit: int = AT_ONCE) -> RecountedEntries:
    """Count the next entries from their facts; `after` is where the part before ended."""
    entries = ledger.entries.keys(after, limit)
    queued = ledger.standings.in_queue(entries)
    wanted = [entry for entry in entries if entry not in queued]
    counted, held = standings_of(ledger, wanted), ledger.standings.load(wanted)
    differing = [entry for entry in wanted if counted.get(entry) != held.get(entry)]
    return RecountedEntries(
        entries=len(entries),
        queued=len(queued),
        following=entries[-1] if len(entries) == limit else None,
        differences=tuple(_of_entry(entry, held.get(entry), counted.get(entry)) for entry in differing),
    )


def recount_strays(ledger: Ledger) -> list[Difference]:
    """Stored versions of exchanges, and standings of entries, that are not there."""
    keys, entries = ledger.counting.strays(AT_ONCE), ledger.standings.strays(AT_ONCE)
    held, standings = ledger.counting.versions(keys), ledger.standings.load(entries)
    strays = [_of_exchange(key, held[key][0].since, len(held[key]), 0) for key in keys]
    return strays + [_of_entry(entry, standings[entry], None) for entry in entries]


def recount_page(ledger: Ledger, page: TotalsPage, now: datetime) -> Difference | None:
    """Add up a page again, at the first and at the last boundary at which it is valid by now."""
    for boundary in sorted({page.since + 1, max(page.since + 1, min(page.until, civil_day(now).toordinal()))}):
        counted = ledger.counting.totals(page.key, boundary)
        if packed(counted) != page.content:
            return Difference(
                subject=subject_of(page.key),
                since=date.fromordinal(boundary),
                stored=int(page.cells.cohort.sum()),
                counted=sum(one.cohort for one in counted),
                page=page.key,
            )
    return None


def repair(ledger: Ledger, differences: Sequence[Difference]) -> int:
    """Write anew what differs, and take away the pages that do; how many differences were there."""
    ledger.counting.lock()
    count_anew(ledger, [one.exchange for one in differences if one.exchange is not None])
    settle_anew(ledger, [one.entry for one in differences if one.entry is not None])
    pages = {one.page for one in differences}
    for page, boundaries in ledger.counting.spans():
        if page in pages:
            spoil_page(ledger, page, boundaries, 0)
    return len(differences)


def subject_of(key: PageKey) -> str:
    """A page by its name."""
    first, last = (date.fromordinal(day).isoformat() for day in key.piece)
    return f"totals {key.cohort} {key.role} {first}..{last}"


def _of_exchange(key: ExchangeKey, since: int | None, stored: int, counted: int) -> Difference:
    return Difference(
        subject=f"{key.exchange} {key.role} {key.link}",
        since=None if since is None else date.fromordinal(since),
        stored=stored,
        counted=counted,
        exchange=key,
    )


def _of_entry(entry: str, stored: Standing | None, counted: Standing | None) -> Difference:
    return Difference(subject=f"entry {entry}", since=None, stored=_counts(stored), counted=_counts(counted), entry=entry)


def _counts(standing: Standing | None) -> int:
    return 0 if standing is None else (standing.year > 0) + standing.exchanged + standing.confirmed
