"""Read a case with its exchanges, and find the case that an exchange belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from exchange.cases.case import Case
from exchange.cases.progress import Asked, CaseProgress, progress
from exchange.codes import Result
from exchange.errors import Forbidden, NotFound
from exchange.exchanges import Exchange, ExchangeKey
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.people.record import Record
from exchange.verbs.routing.send_on import last_of, trails_of
from exchange.wire.message import Feedback, read_message


class NotYourCase(Forbidden):
    """The case is another clerk's."""

    code = "not-your-case"
    zh = "该事项由其他经办人办理，可由其移交。"
    en = "The case is another clerk's; they can hand it over."


def load(ledger: Ledger, own: frozenset[str], by: str | None, case_id: str) -> Case:
    """A case of these counties, locked, for its own clerk; NotFound, NotYourCase. `by` None is who sits at the node itself."""
    case = ledger.cases.get(case_id, lock=True)
    if case is None or case.jurisdiction not in own:
        raise NotFound
    if by is not None and case.owner != by:
        raise NotYourCase
    return case


def progress_of(ledger: Ledger, node: Node, case: Case, now: datetime) -> CaseProgress:
    """How far the case has come."""
    return progress(case, [_asked(ledger, one.query.key) if one.query else None for one in case.spouses], now, _lapse(node))


def cases_of(ledger: Ledger, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, Case]:
    """The cases of several exchanges: of one that was sent on, the case of the one before it.

    A look-up for each step back, and one for each case.
    """
    trails = trails_of(ledger, keys)
    named = ledger.cases.of_exchanges({key.exchange for trail in trails.values() for key in trail})
    found = {key: next((named[one] for one in trail if one in named), None) for key, trail in trails.items()}
    cases = {case: ledger.cases.get(case) for case in {*found.values()} if case is not None}
    return {key: case for key, one in found.items() if one is not None and (case := cases[one]) is not None}


def listed(ledger: Ledger, node: Node, cases: Sequence[Case], now: datetime) -> list[CaseProgress]:
    """How far each of some cases has come."""
    return [progress_of(ledger, node, case, now) for case in cases]


def _lapse(node: Node) -> int:
    return node.rules.lapse_days


def _asked(ledger: Ledger, key: ExchangeKey) -> Asked | None:
    key = last_of(ledger, key)
    exchange = ledger.exchanges.load(key.link, key.role, [key.exchange]).get(key.exchange)
    return None if exchange is None else Asked(exchange=exchange, record=_told(ledger, exchange))


def _told(ledger: Ledger, exchange: Exchange) -> Record | None:
    """What the standing answer says of the items; nothing once its body is erased."""
    key, talk = exchange.key, exchange.conversation
    if talk is None or talk.result is not Result.CORRECTED:
        return None
    log = ledger.messages.of_exchanges(key.link, [key.exchange]).get(key.exchange, [])
    line = next((message.line for message in log if message.id == talk.feedback and message.line is not None), None)
    answer = read_message(line) if line is not None else None
    return answer.body.record if isinstance(answer, Feedback) else None
