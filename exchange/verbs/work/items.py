"""Read the worklists: the exchanges of a page with what a clerk must know to act on them, and the partners that are silent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from exchange.codes import InterimReason, Kind
from exchange.conversation import SENDER
from exchange.exchanges import Direction, Exchange, LoggedMessage
from exchange.ledger import Ledger, Page
from exchange.partners import PartnerStatus
from exchange.verbs.absorb import role_here
from exchange.verbs.work.assign import townships_of
from exchange.wire.batch import Outcome
from exchange.wire.message import Challenge, ChallengeBody, Interim, Message, Notice, Query, read_message
from exchange.work.assignment import Assignment
from exchange.work.worklists import Expected, WorkFilter, Worklist, silent_since

SILENT_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An interim answer (暂复) of the present round."""

    reason: InterimReason
    expected: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """An exchange on a list. `under_way` is what this side has said and has no receipt for yet.

    `opening` holds the person and the asker's values, None once erased; `challenge` says why the last answer came back.
    """

    exchange: Exchange
    assignment: Assignment | None
    announced: Announced | None
    under_way: tuple[Kind, ...]
    opening: Query | Notice | None
    challenge: ChallengeBody | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentPartner:
    """A partner of which something is expected, and of which nothing was heard."""

    node: str
    name: str
    since: datetime
    expected: Expected
    trouble: str | None


def on_list(ledger: Ledger, worklist: Worklist, wanted: WorkFilter, page: Page) -> list[WorkItem]:
    """One page of a list, as it is put in order there."""
    return described(ledger, ledger.worklists.page(worklist, wanted, page))


def described(ledger: Ledger, exchanges: Sequence[Exchange]) -> list[WorkItem]:
    """These exchanges with what their conversations tell; a look-up for each link."""
    steps = townships_of(ledger, exchanges)
    logs = {
        link: ledger.messages.of_exchanges(link, {each.key.exchange for each in exchanges if each.key.link == link})
        for link in {each.key.link for each in exchanges}
    }
    return [_item(each, steps.get(each.key), logs[each.key.link].get(each.key.exchange, ())) for each in exchanges]


def silent_partners(ledger: Ledger, node: str, wanted: WorkFilter, now: datetime, days: int = SILENT_DAYS) -> list[SilentPartner]:
    """The active partners that owe a receipt, an answer or an open ear, and were not heard for so many days."""
    late, queues = ledger.worklists.late_by_link(wanted), ledger.messages.queue_lengths()
    partners = {partner.node: partner for partner in ledger.partners.all() if partner.status is PartnerStatus.ACTIVE}
    silent = []
    for link in ledger.links.all():
        partner = partners.get(link.partner)
        if partner is None or partner.node == node:
            continue
        expected = Expected(
            unreceipted=link.out_sequence - link.receipted, queued=queues.get(link.id, 0), late=late.get(link.id, 0)
        )
        since = silent_since(link, partner.known_at, expected, now, days)
        if since is not None:
            silent.append(
                SilentPartner(node=partner.node, name=partner.name, since=since, expected=expected, trouble=link.trouble)
            )
    return sorted(silent, key=lambda each: (each.since, each.node))


def _item(exchange: Exchange, assignment: Assignment | None, log: Iterable[LoggedMessage]) -> WorkItem:
    # A local link's log holds the other side's copies as well.
    mine = [message for message in log if role_here(message.kind, message.direction) is exchange.key.role]
    talk = exchange.conversation
    asked_by = (talk.challenge if talk is not None else None) or exchange.opening
    opening, challenge = _read(mine, exchange.opening), _read(mine, talk.challenge if talk is not None else None)
    return WorkItem(
        exchange=exchange,
        assignment=assignment,
        announced=_announced(mine, asked_by),
        under_way=tuple(
            message.kind
            for message in mine
            if message.direction is Direction.OUT and message.outcome is None and SENDER[message.kind] is exchange.key.role
        ),
        opening=opening if isinstance(opening, Query | Notice) else None,
        challenge=challenge.body if isinstance(challenge, Challenge) else None,
    )


def _read(log: Iterable[LoggedMessage], wanted: str | None) -> Message | None:
    line = next((message.line for message in log if message.id == wanted), None)
    return read_message(line) if line is not None else None


def _announced(log: Iterable[LoggedMessage], asked_by: str) -> Announced | None:
    """The latest interim answer to what is asked now, sent or still waiting."""
    told = [
        message
        for message in log
        if message.kind is Kind.INTERIM
        and message.in_reply_to == asked_by
        and message.outcome is not Outcome.REJECTED
        and message.line is not None
    ]
    if not told:
        return None
    last = max(told, key=lambda message: message.created_at)
    read = read_message(last.line or b"")
    if not isinstance(read, Interim):
        raise TypeError("the log calls a message an interim that is none")
    return Announced(reason=read.body.reason, expected=read.body.expected, at=last.created_at)
