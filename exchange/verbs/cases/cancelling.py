"""Cancel a case, which withdraws its open queries; and follow what is over until nothing more is to come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from exchange.cases.case import Case
from exchange.cases.progress import CaseProgress
from exchange.codes import Kind, WithdrawalReason
from exchange.conversation import State
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import Finding, Ledger, Page
from exchange.node import Node
from exchange.verbs.cases.reading import load, progress_of
from exchange.verbs.reply import Said, UnderWay, reply
from exchange.verbs.routing.send_on import last_of
from exchange.wire.message import WithdrawalBody

_OPEN = (State.OPEN, State.ANSWERED, State.CHALLENGED)


def cancel(
    ledger: Ledger, node: Node, own: frozenset[str], by: str | None, case_id: str, reason: WithdrawalReason, now: datetime
) -> CaseProgress:
    """Take the case back: its open queries are withdrawn, its people erased. A query that is not received yet follows later."""
    case = load(ledger, own, by, case_id)
    then = case.cancelled(now, reason)
    then = replace(then, following=_withdraw(ledger, node, then, now))
    ledger.cases.save(then)
    return progress_of(ledger, node, then, now)


def follow(ledger: Ledger, node: Node, now: datetime, page: Page) -> tuple[int, list[Case]]:
    """Go over one page of what is over and still followed; how many findings it made, and the page.

    - cancelled: a query that has been received meanwhile is withdrawn
    - finished by commitment: an answer that contradicts it is a finding, and stands in the list of contradicted cases
    """
    cases, findings = ledger.cases.following(page), []
    for read in cases:
        # Its clerk may have handed it over since the page was read.
        case = ledger.cases.get(read.id, lock=True)
        if case is None:
            continue
        if case.cancelled_at is not None:
            then = replace(case, following=_withdraw(ledger, node, case, now))
        else:
            seen = progress_of(ledger, node, case, now)
            then = replace(case, following=seen.still_to_come)
            if seen.contradicted and case.contradicted_at is None:
                then = replace(then, contradicted_at=now)
                findings.append(_contradicted(case, now))
        if then != case:
            ledger.cases.save(replace(then, version=case.version + 1))
    ledger.chores.add_findings(findings)
    return len(findings), cases


def _withdraw(ledger: Ledger, node: Node, case: Case, now: datetime) -> bool:
    """Withdraw what can be withdrawn; whether something is left for later."""
    left = False
    for exchange in _queries(ledger, case):
        if exchange.acceptance is Acceptance.PENDING:
            left = True
        elif exchange.conversation is not None and exchange.conversation.state_at(now, node.rules.lapse_days) in _OPEN:
            body = WithdrawalBody(reason=case.cancelled_for or WithdrawalReason.PERSON_WITHDREW)
            try:
                reply(ledger, node, exchange, Said(kind=Kind.WITHDRAWAL, body=body), now)
            except UnderWay:
                continue
    return left


def _queries(ledger: Ledger, case: Case) -> Iterator[Exchange]:
    for spouse in case.spouses:
        if spouse.query is not None:
            key = last_of(ledger, spouse.query.key)
            yield from ledger.exchanges.load(key.link, key.role, [key.exchange]).values()


def _contradicted(case: Case, now: datetime) -> Finding:
    return Finding(
        id=f"commitment-contradicted.{case.id}",
        kind="commitment-contradicted",
        partner=None,
        subject=f"case {case.id}",
        detail="an origin's answer contradicts what a written commitment stood for",
        at=now,
    )
