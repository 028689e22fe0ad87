"""Settle entries: keep what each counts for, so that a report reads that instead of everything that happened.

Nothing depends on when it is done, or whether it is: what is not settled is counted from its facts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from exchange.codes import Role
from exchange.counting.history import History
from exchange.counting.registers.standing import Standing, standing_of
from exchange.ledger import Ledger

AT_ONCE = 1000


def settle_entries(ledger: Ledger, limit: int = AT_ONCE) -> int:
    """Settle some of what waits; how much of the queue was done: less than the limit once nothing more waits.

    Call it in transactions of its own until then: none is long, so that no clerk waits.
    """
    ledger.counting.lock()
    queued = ledger.standings.queued(limit)
    settle_anew(ledger, {entry for _, entry in queued})
    ledger.standings.unqueue(number for number, _ in queued)
    return len(queued)


def settle_anew(ledger: Ledger, entries: Iterable[str]) -> None:
    """Write what these entries count for as their facts have it."""
    wanted = sorted(set(entries))
    derived, held = standings_of(ledger, wanted), ledger.standings.load(wanted)
    ledger.standings.replace({entry: derived.get(entry) for entry in wanted if derived.get(entry) != held.get(entry)})


def standings_of(ledger: Ledger, entries: Iterable[str]) -> Mapping[str, Standing]:
    """What these entries count for by their facts."""
    wanted = list(entries)
    keys = [
        each.key for several in ledger.exchanges.of_entries(wanted).values() for each in several if each.key.role is Role.ASKER
    ]
    about = defaultdict[str, list[History]](list)
    for history in ledger.exchanges.histories(keys):
        if history.exchange.entry is not None:
            about[history.exchange.entry].append(history)
    derived = {place.id: standing_of(place, facts, about[place.id]) for place, facts in ledger.entries.histories(wanted)}
    return {entry: standing for entry, standing in derived.items() if standing is not None}
