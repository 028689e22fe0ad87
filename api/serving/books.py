"""The request's one transaction: opened when all else about the request is known, in the thread that does the work.

A transaction that were a dependency with `yield` would be open while a body is still read or found wanting, and its holder
would have to wait for a free thread, all of which may wait for its lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from time import monotonic
from typing import Any, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

from adapters.auditing.trail import Trail, current
from api.serving import shown
from exchange.errors import Refused
from exchange.ledger import Ledger, LedgerBusy, Ledgers, Within
from exchange.people.register import EntryExists

P = ParamSpec("P")
T = TypeVar("T")
# Who has waited for a lock as long as that is told so, rather than made to wait as long again.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What stands for the ledger in a route's arguments until its work begins."""

    ledgers: Ledgers
    read_only: bool
    within: Within | None


@runtime_checkable
class Beginning(Protocol):
    """An argument of a route that has to look at the ledger before the work begins.

    `repeatable` if it may find there what another request has done in between.
    """

    @property
    def repeatable(self) -> bool: ...
    def begin(self, ledger: Ledger) -> None: ...


def in_transaction(
    ledgers: Ledgers, work: Callable[[Ledger], T], within: Within | None, overtaken: type[Refused] = EntryExists
) -> T:
    """Do the work in one transaction on those records; once more if another one went first, or if it was refused as `overtaken`.

    Two requests that enter the same person, take in the same file or carry the same key then end as if they had come one
    after the other. The first attempt has left nothing behind.
    """
    begun = monotonic()
    try:
        with ledgers.transaction(within=within) as ledger:
            return work(ledger)
    except overtaken:
        pass
    except LedgerBusy:
        if monotonic() - begun > _PATIENCE:
            raise
    with ledgers.transaction(within=within) as ledger:
        return work(ledger)


def transacted(endpoint: Callable[P, T]) -> Callable[P, T]:
    """A route's function that finds its ledger open where an Opening was among its arguments.

    Who calls leaves a trail: its row is written with the change, or before what was read goes out. So is the count of whom a
    clerk is shown, by which the day's limit refuses. A coroutine reads no ledger and is taken as it is.
    """
    if iscoroutinefunction(endpoint):
        return cast(Callable[P, T], endpoint)

    @wraps(endpoint)
    def opened(*args: P.args, **values: P.kwargs) -> T:
        trail = current()
        if trail is not None:
            trail.sent(*values.values())
        answer = _answered(endpoint, args, values, trail)
        if trail is not None:
            shown.settle(trail, answer)
        return answer

    return opened


def _answered(endpoint: Callable[..., T], args: tuple[Any, ...], values: Mapping[str, Any], trail: Trail | None) -> T:
    def told(answer: T) -> T:
        if trail is not None:
            trail.show(answer)
        return answer

    name = next((name for name, value in values.items() if isinstance(value, Opening)), None)
    if name is None:
        return told(endpoint(*args, **values))
    opening: Opening = values[name]
    beginnings = [value for value in values.values() if isinstance(value, Beginning)]

    def work(ledger: Ledger) -> T:
        for beginning in beginnings:
            beginning.begin(ledger)
        answer = told(endpoint(*args, **{**values, name: ledger}))
        if trail is not None and not opening.read_only:
            shown.count_shown(ledger, trail, answer)
        return answer

    if opening.read_only:
        with opening.ledgers.transaction(read_only=True, within=opening.within) as ledger:
            return work(ledger)
    # The same request with the same key may have gone first, and what it did be what this one is refused for.
    repeatable = any(beginning.repeatable for beginning in beginnings)
    return in_transaction(opening.ledgers, work, opening.within, Refused if repeatable else EntryExists)
