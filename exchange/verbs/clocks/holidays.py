"""Load a year's holidays: later due dates go by them, and provisional ones that they settle become firm.

A receipt's due date counts for both sides and never moves. Where the firm calculation comes to another day that is a finding,
here and, once the partner has loaded its own table, at the partner.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from exchange.admission import Desk
from exchange.clocks.norms import working_days_with
from exchange.conversation import State
from exchange.cursors import exchange_cursor
from exchange.exchanges import Exchange
from exchange.ledger import ExchangeFilter, Finding, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node
from exchange.terms.calendar import WorkingDays
from exchange.terms.daytable import DayRow, LoadedDay
from exchange.terms.deadline import Due

FIRM_DIFFERS = "due-firm-differs"
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """An exchange whose answer is awaited and whose due date a calendar concerns.

    `due` is the receipt's; `computed` what the calendar gives, and `firm` whether that can change no more.
    """

    exchange: Exchange
    due: date
    computed: date
    firm: bool

    @property
    def differs(self) -> bool:
        """Whether the firm calculation comes to another day."""
        return self.firm and self.due != self.computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What a table does: the days that are new, the years of the table that are firm with it, and whom it concerns."""

    days: tuple[LoadedDay, ...]
    firm_years: tuple[int, ...]
    concerned: tuple[Concerned, ...]


def plan_days(ledger: Ledger, node: Node, rows: Sequence[DayRow], issued_on: date | None, now: datetime) -> Loading:
    """What `load_days` would do, without doing it."""
    held = node.working_days
    fresh = tuple(
        LoadedDay(day=row.day, kind=row.kind, name=row.name, issued_on=issued_on or civil_day(now), known_at=now)
        for row in rows
        if held.loaded.get(row.day) is not row.kind
    )
    then = working_days_with(held, fresh)
    years = sorted({row.day.year for row in rows})
    awaited = (
        exchange
        for state in (State.OPEN, State.CHALLENGED)
        for exchange in _found(ledger, ExchangeFilter(own=node.jurisdictions, state=state))
    )
    return Loading(
        days=fresh,
        firm_years=tuple(year for year in years if not then.is_provisional(year)),
        concerned=tuple(_concerned(ledger, node, then, awaited, now)),
    )


def load_days(ledger: Ledger, node: Node, rows: Sequence[DayRow], issued_on: date | None, now: datetime) -> Loading:
    """Take a table in, and settle the due dates that it concerns."""
    _lock(ledger)
    loading = plan_days(ledger, node, rows, issued_on, now)
    ledger.norms.add_days(loading.days)
    _settle(ledger, loading.concerned, now)
    # What was answered meanwhile is settled as well, though nobody waits for it any more.
    _settle_provisional(ledger, replace(node, working_days=working_days_with(node.working_days, loading.days)), now)
    return loading


def settle_due_dates(ledger: Ledger, node: Node, now: datetime) -> int:
    """Settle what the calendar of a newer release makes firm, without a table; how many."""
    _lock(ledger)
    return _settle_provisional(ledger, node, now)


def _settle_provisional(ledger: Ledger, node: Node, now: datetime) -> int:
    provisional = _found(ledger, ExchangeFilter(own=node.jurisdictions, due_provisional=True))
    firm = [each for each in _concerned(ledger, node, node.working_days, provisional, now) if each.firm]
    _settle(ledger, firm, now)
    return len(firm)


def _lock(ledger: Ledger) -> None:
    """Nobody else changes an exchange while its due date is settled."""
    for link in sorted(ledger.links.all(), key=lambda link: link.id):
        ledger.links.of(link.partner, lock=True)


def _found(ledger: Ledger, wanted: ExchangeFilter) -> list[Exchange]:
    found: list[Exchange] = []
    page = Page(limit=_PAGE)
    while rows := ledger.exchanges.find(wanted, page):
        found += rows
        page = Page(after=exchange_cursor(rows[-1]), limit=_PAGE)
    return found


def _concerned(
    ledger: Ledger, node: Node, then: WorkingDays, exchanges: Iterable[Exchange], now: datetime
) -> Iterator[Concerned]:
    """Those whose due date is provisional, or comes out otherwise under the calendar `then`."""
    desks: dict[int, tuple[Desk, Desk]] = {}
    partners = {link.id: link.partner for link in ledger.links.all()}
    for exchange in exchanges:
        link, conversation = exchange.key.link, exchange.conversation
        if link not in desks:
            agreements = tuple(ledger.agreements.all(partners[link]))
            given: dict[str, Any] = {"partner": partners[link], "theirs": frozenset[str](), "agreements": agreements, "now": now}
            desks[link] = (Desk(node=node, **given), Desk(node=replace(node, working_days=then), **given))
        received_at = _round_began(ledger, exchange)
        if conversation is None or conversation.due is None or received_at is None:
            continue
        before, after = (desk.due_of_round(exchange, received_at) for desk in desks[link])
        if after is not None and (exchange.due_provisional or _day(before) != after.day):
            yield Concerned(exchange=exchange, due=conversation.due, computed=after.day, firm=not after.provisional)


def _round_began(ledger: Ledger, exchange: Exchange) -> datetime | None:
    """When the present round's question was received: the opening, or the latest challenge."""
    challenge = exchange.conversation.challenge if exchange.conversation is not None else None
    if challenge is None:
        return exchange.received_at
    log = ledger.messages.of_exchanges(exchange.key.link, [exchange.key.exchange]).get(exchange.key.exchange, [])
    return next((message.received_at for message in log if message.id == challenge), None)


def _day(due: Due | None) -> date | None:
    return due.day if due is not None else None


def _settle(ledger: Ledger, concerned: Iterable[Concerned], now: datetime) -> None:
    concerned = [each for each in concerned if each.firm]
    partners = {link.id: link.partner for link in ledger.links.all()}
    ledger.exchanges.save(
        [
            replace(each.exchange, due_provisional=False, version=each.exchange.version + 1)
            for each in concerned
            if each.exchange.due_provisional
        ]
    )
    ledger.chores.add_findings([_finding(each, partners, now) for each in concerned if each.differs])


def _finding(each: Concerned, partners: dict[int, str], now: datetime) -> Finding:
    key, conversation = each.exchange.key, each.exchange.conversation
    round_ = conversation.round if conversation is not None else 1
    return Finding(
        id=f"{key.link}:{key.exchange}:{key.role}:{round_}:{each.computed}:{FIRM_DIFFERS}",
        kind=FIRM_DIFFERS,
        partner=partners.get(key.link),
        subject=key.exchange,
        detail=f"the receipt says {each.due}, which counts; with the year's holidays it would be {each.computed}",
        at=now,
    )
