"""Compare a link's figures with the other side's: say ours, answer theirs, and write down what came of it.

The calls to the partner lie between the steps, outside any transaction (`adapters.comparing`). The answering side keeps nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from msgspec import structs

from exchange.admission import Desk
from exchange.codes import Role
from exchange.comparing.buckets import bucket_of, digests_of, seek
from exchange.comparing.comparison import BEHIND, DIFFER, KINDS, UNEQUAL, Comparison, Outcome, Side
from exchange.comparing.differences import difference
from exchange.comparing.figures import Logs, figures_of
from exchange.comparing.frame import Frame, Positions
from exchange.comparing.standing import Standing, standing_of
from exchange.errors import NotFound, Refused, Retry
from exchange.exchanges import Direction, Link
from exchange.ids import new_id
from exchange.ledger import ComparedExchange, Finding, Ledger
from exchange.moments import Period, civil_day, format_moment
from exchange.node import Node
from exchange.partners import Partner, PartnerStatus, PartnerSuspended
from exchange.verbs.absorb import letter_of, role_here
from exchange.verbs.receive import NotYourLink
from exchange.wire.batch import Outcome as Word
from exchange.wire.figures import Answered, BucketLook, FiguresAsked, FiguresTold, RowsAsked, RowsTold

# Read into memory by both sides; more than this in the days of one comparison means to choose a shorter reach.
MOST_EXCHANGES = 100_000


class TooMuchToCompare(Refused):
    """More exchanges fall into the period's reach than one call compares."""

    code = "too-much-to-compare"
    retry = Retry.CONTACT
    zh = "该链路在此期间的事项过多，无法一次比对；请联系对方。"
    en = "More exchanges fall into this period than one call compares; call the other side."


class PositionsNotHeld(Refused):
    """This side does not hold what the question names, batches and receipts."""

    code = "positions-not-held"
    retry = Retry.CORRECTED
    zh = "本方未持有所问位置的批次或回执；请重新比对。"
    en = "This side does not hold the batches or receipts up to these positions; ask for the figures anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One side at one frame: what it says, and how each exchange stands."""

    side: Side
    standings: tuple[Standing, ...]


def link_with(ledger: Ledger, partner: str) -> Link:
    """The link with a partner; NotFound without one."""
    link = ledger.links.of(partner)
    if link is None:
        raise NotFound
    return link


def active_partner(ledger: Ledger, node: str) -> Partner:
    """The partner to be compared with; NotFound, PartnerSuspended."""
    partner = ledger.partners.get(node)
    if partner is None:
        raise NotFound
    if partner.status is not PartnerStatus.ACTIVE:
        raise PartnerSuspended
    return partner


def positions_of(link: Link) -> Positions:
    """How far this side can vouch for both logs: its own as far as it holds receipts, the other as far as it has given them."""
    return Positions(out=link.receipted, into=link.in_sequence)


def question(node: Node, link: Link, period: Period, since: date, as_of: date, now: datetime) -> FiguresAsked:
    """What to ask the partner."""
    held = positions_of(link)
    return FiguresAsked(
        link=link.uuid,
        sender=node.name,
        receiver=link.partner,
        asked_at=format_moment(now),
        sent=held.out,
        received=held.into,
        since=since.isoformat(),
        as_of=as_of.isoformat(),
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        rules=node.rules.version,
    )


def rows_question(asked: FiguresAsked, frame: Frame, look: Sequence[BucketLook], now: datetime) -> RowsAsked:
    """What to ask of the buckets that differ, at the positions that the first answer named."""
    at = {"asked_at": format_moment(now), "sent": frame.positions.out, "received": frame.positions.into}
    return RowsAsked(**{**structs.asdict(asked), **at}, look=list(look))


def frame_of(asked: FiguresAsked | Answered) -> Frame:
    """The frame of a question or an answer, seen from the asker."""
    return Frame(
        positions=Positions(out=asked.sent, into=asked.received),
        since=date.fromisoformat(asked.since),
        as_of=date.fromisoformat(asked.as_of),
        period=Period(first=date.fromisoformat(asked.first), last=date.fromisoformat(asked.last)),
    )


def held_at(ledger: Ledger, node: Node, link: Link, frame: Frame, *, role: Role | None = None, asks: bool = True) -> Held:
    """One side's figures and standings. `role` tells the two sides of a local link apart; `asks` whose log is called `sent`."""
    standings = tuple(_standings(ledger, node, link, frame, role, None))
    out = ledger.comparisons.lines(link.id, Direction.OUT, frame.positions.out)
    into = ledger.comparisons.lines(link.id, Direction.IN, frame.positions.into)
    logs = Logs(sent=out, received=into) if asks else Logs(sent=into, received=out)
    figures = figures_of(standings, frame.period, logs)
    return Held(side=Side(rules=node.rules.version, figures=figures, buckets=digests_of(standings)), standings=standings)


def compare_within(ledger: Ledger, node: Node, link: Link, period: Period, since: date, as_of: date) -> Outcome:
    """Compare both sides of a local link, which stand in one ledger: asker and asked."""
    both = min(link.receipted, link.in_sequence)
    frame = Frame(positions=Positions(out=both, into=both), since=since, as_of=as_of, period=period)
    asker = held_at(ledger, node, link, frame, role=Role.ASKER)
    asked = held_at(ledger, node, link, frame, role=Role.ASKED, asks=False)
    ours = {each.row.exchange: each.row for each in asker.standings}
    theirs = {each.row.exchange: each.row for each in asked.standings}
    pairs = ((ours.get(name), theirs.get(name)) for name in sorted(ours.keys() | theirs.keys()))
    differing = [difference(*pair) for pair in pairs if pair[0] != pair[1]]
    return Outcome(frame=frame, ours=asker.side, theirs=asked.side, differences=differing, left=0)


def tell_figures(ledger: Ledger, node: Node, caller: Partner, asked: FiguresAsked, request: str, now: datetime) -> FiguresTold:
    """Answer a partner's question, at the positions that both hold; NotYourLink, TooMuchToCompare."""
    link = _asked_link(ledger, node, caller, asked)
    theirs = frame_of(asked)
    ours = replace(theirs, positions=theirs.positions.across().at_most(positions_of(link)))
    held = held_at(ledger, node, link, ours, asks=False)
    return FiguresTold(
        **_answered(node, asked, ours.positions, request, now),
        figures=held.side.figures,
        buckets=list(held.side.buckets),
    )


def tell_rows(ledger: Ledger, node: Node, caller: Partner, asked: RowsAsked, request: str, now: datetime) -> RowsTold:
    """Answer a look into buckets; NotYourLink, PositionsNotHeld, TooMuchToCompare."""
    link = _asked_link(ledger, node, caller, asked)
    theirs = frame_of(asked)
    frame = replace(theirs, positions=theirs.positions.across())
    if frame.positions.at_most(positions_of(link)) != frame.positions:
        raise PositionsNotHeld
    buckets = frozenset(look.bucket for look in asked.look)
    sought = seek(_standings(ledger, node, link, frame, None, buckets), asked.look)
    return RowsTold(
        **_answered(node, asked, frame.positions, request, now), rows=sought.rows, unknown=sought.unknown, left=sought.left
    )


def record(ledger: Ledger, link: Link, outcome: Outcome, now: datetime) -> Comparison:
    """Keep a comparison, tell people of what differs, and settle the findings that it no longer bears out."""
    frame = outcome.frame
    comparison = Comparison(
        id=new_id(now),
        partner=link.partner,
        at=now,
        since=frame.since,
        as_of=frame.as_of,
        first=frame.period.first,
        last=frame.period.last,
        sent=frame.positions.out,
        received=frame.positions.into,
        rules_ours=outcome.ours.rules,
        rules_theirs=outcome.theirs.rules,
        equal=outcome.equal,
        whole=not outcome.left,
        differ=len(outcome.differences) + outcome.left,
        ours=outcome.ours.figures,
        theirs=outcome.theirs.figures,
        answer_jws=outcome.answer_jws,
    )
    ledger.comparisons.add(comparison)
    findings = list(_findings(link, outcome, now))
    ledger.chores.add_findings(findings)
    found = {finding.id for finding in findings}
    standing = [finding for finding in ledger.chores.open_findings(KINDS, link.partner) if finding.id not in found]
    if not outcome.left:
        settled = [finding.id for finding in standing if _was_looked_at(ledger, link, finding, frame)]
        ledger.chores.settle_findings(settled, now)
    return comparison


def _findings(link: Link, outcome: Outcome, now: datetime) -> Iterable[Finding]:
    for each in outcome.differences:
        yield Finding(
            id=each.finding_id(link.uuid), kind=DIFFER, partner=link.partner, subject=each.exchange, detail=each.detail, at=now
        )
    if not outcome.equal:
        yield Finding(
            id=outcome.summary_id(link.uuid),
            kind=UNEQUAL,
            partner=link.partner,
            subject=f"link {link.uuid}",
            detail=outcome.summary,
            at=now,
        )
    if outcome.forgotten:
        yield Finding(
            id=f"figures.{link.uuid}.forgotten.{outcome.frame.positions.out}",
            kind=BEHIND,
            partner=link.partner,
            subject=f"link {link.uuid}",
            detail=f"the partner holds {outcome.forgotten} batches fewer than it has given receipts for",
            at=now,
        )


def _was_looked_at(ledger: Ledger, link: Link, finding: Finding, frame: Frame) -> bool:
    """Whether this comparison could have found it again: an exchange outside its days is left as it stands."""
    days = frame.received
    held = [each for each in ledger.exchanges.named(finding.subject) if each.key.link == link.id]
    return all(each.received_at is None or (days is not None and civil_day(each.received_at) in days) for each in held)


def _asked_link(ledger: Ledger, node: Node, caller: Partner, asked: FiguresAsked) -> Link:
    link = ledger.links.of(caller.node)
    if link is None or (asked.link, asked.sender, asked.receiver) != (link.uuid, caller.node, node.name):
        raise NotYourLink
    return link


def _answered(node: Node, asked: FiguresAsked, ours: Positions, request: str, now: datetime) -> dict[str, Any]:
    return {
        "request": request,
        "link": asked.link,
        "sender": node.name,
        "receiver": asked.sender,
        "told_at": format_moment(now),
        "sent": ours.into,
        "received": ours.out,
        "since": asked.since,
        "as_of": asked.as_of,
        "first": asked.first,
        "last": asked.last,
        "rules": node.rules.version,
    }


def _standings(
    ledger: Ledger, node: Node, link: Link, frame: Frame, role: Role | None, buckets: frozenset[int] | None
) -> Iterable[Standing]:
    if frame.received is None:
        return
    names = ledger.comparisons.names(link.id, frame.received, MOST_EXCHANGES + 1)
    if len(names) > MOST_EXCHANGES:
        raise TooMuchToCompare
    wanted = names if buckets is None else [name for name in names if bucket_of(name) in buckets]
    agreements = tuple(ledger.agreements.all(link.partner))
    desk = Desk(node=node, partner=link.partner, theirs=frozenset(), agreements=agreements, now=frame.moment)
    for compared in ledger.comparisons.exchanges(link.id, role, wanted):
        standing = _standing(compared, desk, link, frame)
        if standing is not None:
            yield standing


def _standing(compared: ComparedExchange, desk: Desk, link: Link, frame: Frame) -> Standing | None:
    exchange = compared.exchange
    mine = [
        message
        for message in compared.messages
        if message.outcome is Word.ACCEPTED and role_here(message.kind, message.direction) is exchange.key.role
    ]
    within = [message for message in mine if frame.positions.hold(message)]
    letters = [letter_of(message, desk.node.name if message.direction is Direction.OUT else link.partner) for message in within]
    stored = compared.facts if len(within) == len(mine) else None
    return standing_of(exchange, letters, stored, frame, lapse_days=desk.rules_of(exchange).lapse_days)
