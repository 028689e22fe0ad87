"""Hand exchanges to townships, and take back what they return."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from exchange.errors import Conflict, Refused
from exchange.exchanges import Exchange, ExchangeKey
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.verbs.work.locked import locked
from exchange.work.assignment import Assignment, NotATownshipHere, ReturnReason, check_township, handed, returned


class NoTownshipKnown(Conflict):
    """The exchange is not paired, or its entry names no township of the county."""

    code = "no-township-known"
    zh = "该信息交换尚未配对，或所配个案未登记本县乡镇，请指明乡镇。"
    en = "The exchange is not paired, or its entry names no township of the county: say which."


Outcome = Exchange | Refused


def assign(
    ledger: Ledger, node: Node, exchange: Exchange, township: str | None, *, due: date | None, by: str, now: datetime
) -> Exchange:
    """Hand one exchange to a township, or with None to its entry's; a Refused leaf."""
    return _only(assign_all(ledger, node, [exchange], township, due=due, by=by, now=now))


def assign_all(
    ledger: Ledger,
    node: Node,
    exchanges: Sequence[Exchange],
    township: str | None,
    *,
    due: date | None = None,
    by: str,
    now: datetime,
) -> dict[ExchangeKey, Outcome]:
    """Hand each exchange to the township, or with None each to its paired entry's; what is refused holds up no other."""
    current = locked(ledger, exchanges)
    before = ledger.assignments.current(current)
    known = {} if township else ledger.entries.townships({held.entry for held in current.values() if held.entry})
    steps: list[Assignment] = []
    outcomes: dict[ExchangeKey, Outcome] = {}
    for key, held in current.items():
        try:
            place = township or _of_entry(node, held, known)
            check_township(node.divisions, held.own, place)
            step = handed(
                held,
                before.get(key),
                place,
                limit=node.internal_limit,
                due=due,
                by=by,
                now=now,
                lapse_days=node.rules.lapse_days,
            )
        except Refused as refusal:
            outcomes[key] = refusal.with_traceback(None)
        else:
            steps.append(step)
            outcomes[key] = replace(held, handled_by=place, version=held.version + 1)
    _store(ledger, steps, outcomes)
    return outcomes


def give_back(ledger: Ledger, exchange: Exchange, reason: ReturnReason, *, by: str, now: datetime) -> Exchange:
    """Give an exchange back to the county; NotAssigned."""
    held = locked(ledger, [exchange])[exchange.key]
    before = ledger.assignments.current([held.key]).get(held.key)
    step = returned(held, before, reason, by=by, now=now)
    free = replace(held, handled_by=None, version=held.version + 1)
    _store(ledger, [step], {held.key: free})
    return free


def _of_entry(node: Node, exchange: Exchange, known: Mapping[str, str]) -> str:
    """The township of the paired entry; NoTownshipKnown if there is none in the county."""
    place = known.get(exchange.entry or "")
    if place is None:
        raise NoTownshipKnown
    try:
        check_township(node.divisions, exchange.own, place)
    except NotATownshipHere:
        raise NoTownshipKnown from None
    return place


def _store(ledger: Ledger, steps: Sequence[Assignment], outcomes: Mapping[ExchangeKey, Outcome]) -> None:
    ledger.assignments.add(steps)
    ledger.exchanges.save([changed for changed in outcomes.values() if isinstance(changed, Exchange)])


def _only(outcomes: Mapping[ExchangeKey, Outcome]) -> Exchange:
    (outcome,) = outcomes.values()
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def townships_of(ledger: Ledger, exchanges: Iterable[Exchange]) -> Mapping[ExchangeKey, Assignment]:
    """The step that stands for each exchange that some township has now."""
    return ledger.assignments.current([exchange.key for exchange in exchanges if exchange.handled_by is not None])
