"""The daily limit of clerks on whom they are shown.

It is counted where every route's answer passes (`api.serving.books`), by the persons that the trail has found in it: a route that
nobody thought of is counted as well. A sheet counts as one, however many persons are in it.
"""

from fastapi import Response

from adapters.auditing.trail import Trail, leaving
from api.rights import LocalRole
from exchange.auditing.event import ActorKind
from exchange.ledger import Ledger
from exchange.verbs.work.count_deed import count_deed
from exchange.work.daily import Deed


def count_shown(ledger: Ledger, trail: Trail, answer: object) -> None:
    """Count whom the answer shows, in the transaction that made it; DailyLimit."""
    _count(ledger, trail, trail.take_persons(), answer)


def settle(trail: Trail, answer: object) -> None:
    """Count whom the answer shows, and write the trail, before it goes out; DailyLimit, LedgerBusy."""
    persons = trail.take_persons()
    if persons and _is_clerk(trail):
        with leaving(trail), trail.ledgers.transaction() as ledger:
            _count(ledger, trail, persons, answer)
    trail.settle()


def _count(ledger: Ledger, trail: Trail, persons: int, answer: object) -> None:
    if persons and _is_clerk(trail):
        deed, times = (Deed.SHEETS, 1) if _is_sheet(answer) else (Deed.PERSONS, persons)
        count_deed(ledger, trail.node, trail.actor.id, deed, times, trail.now())


def _is_clerk(trail: Trail) -> bool:
    return trail.actor.kind is ActorKind.KEY and trail.actor.role == LocalRole.CLERK


def _is_sheet(answer: object) -> bool:
    """A file to be saved."""
    return isinstance(answer, Response) and "content-disposition" in answer.headers
