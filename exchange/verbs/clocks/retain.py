"""Retention: what is about a person goes in time, a piece at a time; facts, stamps, ids and digests stay, and so do all figures.

Each piece is safe to repeat and finds for itself what is due, so that whatever breaks off goes on where it was.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from exchange.clocks.retention import KEEP_ROW_PROBLEMS
from exchange.exchanges import ExchangeKey, LoggedMessage, NoteKept
from exchange.ledger import Finding, Held, Ledger
from exchange.moments import civil_day, day_start
from exchange.node import Node
from exchange.wire.message import without_note

HELD_UP = "retention-held-up"
Piece = Callable[[Ledger, Node, datetime, int], int]


def erase_withdrawn(ledger: Ledger, node: Node, now: datetime, limit: int) -> int:
    """The bodies of what was withdrawn (protocol, within 24 hours).

    The index by which its person is found stays for as long as others' bodies do: until then it can be told where it went.
    """
    return _erase(ledger, lambda: ledger.exchanges.to_erase(limit), forget=False)


def erase_notes(ledger: Ledger, node: Node, now: datetime, limit: int) -> int:
    """The notes of what was closed until yesterday, out of bodies that stay."""
    keys = _locked(ledger, lambda: ledger.exchanges.over(civil_day(now), Held.NOTES, limit))
    for link, names in _by_link(keys).items():
        for log in ledger.messages.of_exchanges(link, names).values():
            ledger.messages.shorten(
                [_noteless(message) for message in log if message.note is NoteKept.HELD and message.outcome is not None]
            )
    return len(keys)


def _noteless(message: LoggedMessage) -> LoggedMessage:
    if message.line is None:
        # Its body was erased before an older copy of the ledger came back.
        return replace(message, note=None)
    return replace(message, line=without_note(message.line), note=NoteKept.ERASED)


def erase_bodies(ledger: Ledger, node: Node, now: datetime, limit: int) -> int:
    """The bodies of exchanges that were over long enough ago, and the index by which their persons would be found."""
    return _erase(ledger, lambda: ledger.exchanges.over(node.retention.bodies_before(now), Held.BODIES, limit))


def forget_persons(ledger: Ledger, node: Node, now: datetime, limit: int) -> int:
    """The index of a person where the bodies went before their time, by a withdrawal or at the person's request."""
    keys = _locked(ledger, lambda: ledger.exchanges.over(node.retention.bodies_before(now), Held.INDEXES, limit))
    ledger.exchanges.forget_persons(keys)
    return len(keys)


def erase_couples(ledger: Ledger, node: Node, now: datetime, limit: int) -> int:
    """Who the couples were of cases that were finished, or given up, as long ago as bodies are kept."""
    cases = ledger.cases.finished_before(day_start(node.retention.bodies_before(now)), limit, lock=True)
    for case in cases:
        ledger.cases.save(case.without_couple())
    return len(cases)


def erase_persons(ledger: Ledger, node: Node, now: datetime, limit: int) -> int:
    """The persons of entries that were closed long enough ago."""
    return ledger.entries.erase(ledger.entries.closed_before(node.retention.entries_before(now), limit, lock=True))


def forget_rows(ledger: Ledger, node: Node, now: datetime, limit: int) -> int:
    """What was told of the single rows of older sheets, and what their files and columns were called; `limit` is in files."""
    return ledger.imports.forget(now - KEEP_ROW_PROBLEMS, limit)


NIGHTLY: Mapping[str, Piece] = {
    "bodies": erase_bodies,
    "indexes": forget_persons,
    "couples": erase_couples,
    "persons": erase_persons,
    "rows": forget_rows,
}


def due(ledger: Ledger, node: Node, now: datetime, most: int) -> dict[str, int]:
    """How much is due now, counted up to `most`; `unjudged` are exchanges whose bodies cannot go yet."""
    bodies = node.retention.bodies_before(now)
    return {
        "bodies": len(ledger.exchanges.over(bodies, Held.BODIES, most)),
        "indexes": len(ledger.exchanges.over(bodies, Held.INDEXES, most)),
        "couples": len(ledger.cases.finished_before(day_start(bodies), most)),
        "persons": len(ledger.entries.closed_before(node.retention.entries_before(now), most)),
        "unjudged": len(ledger.exchanges.over(bodies, Held.UNJUDGED, most)),
    }


def note_held_up(ledger: Ledger, node: Node, now: datetime, most: int) -> int:
    """Raise a finding where bodies cannot go, since what they were sent in has no receipt; settle it once they can."""
    before = node.retention.bodies_before(now)
    stuck = len(ledger.exchanges.over(before, Held.UNJUDGED, most))
    if stuck:
        detail = f"{stuck} exchanges that were over before {before.isoformat()} hold messages that have no receipt"
        found = Finding(
            id=f"{HELD_UP}.{before.isoformat()}", kind=HELD_UP, partner=node.name, subject="bodies", detail=detail, at=now
        )
        ledger.chores.add_findings([found])
    else:
        ledger.chores.settle_findings([each.id for each in ledger.chores.open_findings((HELD_UP,), node.name)], now)
    return stuck


def _locked(ledger: Ledger, find: Callable[[], list[ExchangeKey]]) -> list[ExchangeKey]:
    """What is found, with its links locked: whoever writes an exchange holds its link, and must not write back what is erased."""
    wanted = {key.link for key in find()}
    for link in sorted(ledger.links.all(), key=lambda link: link.id):
        if link.id in wanted:
            ledger.links.of(link.partner, lock=True)
    return [key for key in find() if key.link in wanted] if wanted else []


def _erase(ledger: Ledger, find: Callable[[], list[ExchangeKey]], *, forget: bool = True) -> int:
    named = _locked(ledger, find)
    for link, names in _by_link(named).items():
        ledger.messages.erase(link, names)
    if forget:
        ledger.exchanges.forget_persons(named)
    for key in named:
        ledger.pairing.forget(key)
    return len(named)


def _by_link(keys: Iterable[ExchangeKey]) -> dict[int, set[str]]:
    named: dict[int, set[str]] = {}
    for key in keys:
        named.setdefault(key.link, set()).add(key.exchange)
    return named
