"""How one exchange stands at the positions: a pure function of the messages within them, and so the same on both sides.

Where all its messages lie within, what counts is what this side's rates count: the facts and the state as they are stored.
Else both are folded from the messages within. Knowledge is membership in the positions, never a moment of knowing.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from exchange.codes import Role
from exchange.comparing.frame import Frame
from exchange.conversation import Conversation, Fact, Letter, fold
from exchange.counting.verdict import Round, Verdict, judge
from exchange.exchanges import Exchange
from exchange.moments import format_moment
from exchange.wire.figures import FigureRound, FigureRow
from exchange.wire.ijson import b64url_encode

_SHORT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One exchange as one side counts it: the row to compare, its digest, and the verdict to count."""

    row: FigureRow
    digest: str
    verdict: Verdict


def standing_of(
    exchange: Exchange, letters: Sequence[Letter], stored: Sequence[Fact] | None, frame: Frame, *, lapse_days: int
) -> Standing | None:
    """The standing by its letters within the positions; None if the opening is not among them, or came after the as-of day.

    `stored` are the facts that this side counts, None where messages beyond the positions have had a part in them.
    """
    if all(letter.id != exchange.opening for letter in letters):
        return None
    conversation, facts = _counted(exchange, letters, stored, lapse_days)
    known = (replace(fact, known_at=fact.happened_at) for fact in facts)
    verdict = judge(known, frame.moment, lapse_days=lapse_days)
    if verdict is None:
        return None
    row = _row(exchange, letters, conversation, verdict, frame, lapse_days)
    return Standing(row=row, digest=short_digest(_text(row)), verdict=verdict)


def short_digest(text: str) -> str:
    """The first 128 bits of SHA-256, base64url."""
    return b64url_encode(hashlib.sha256(text.encode()).digest()[:_SHORT])


def _counted(
    exchange: Exchange, letters: Sequence[Letter], stored: Sequence[Fact] | None, lapse_days: int
) -> tuple[Conversation, Sequence[Fact]]:
    if stored is not None and exchange.conversation is not None:
        return exchange.conversation, stored
    return fold(letters, lapse_days=lapse_days)


def _row(
    exchange: Exchange, letters: Sequence[Letter], conversation: Conversation, verdict: Verdict, frame: Frame, lapse_days: int
) -> FigureRow:
    asked_here = exchange.key.role is Role.ASKED
    return FigureRow(
        exchange=exchange.key.exchange,
        asked=exchange.own if asked_here else exchange.other,
        asking=exchange.other if asked_here else exchange.own,
        origin=exchange.origin,
        kind=exchange.kind,
        event=exchange.event,
        urgent=exchange.urgent is not None,
        category=exchange.category,
        rounds=[_round(step) for step in verdict.rounds],
        withdrawn_at=format_moment(verdict.withdrawn_at) if verdict.withdrawn_at else None,
        confirmed_at=format_moment(verdict.confirmed_at) if verdict.confirmed_at else None,
        state=conversation.state_at(frame.moment, lapse_days),
        messages=len(letters),
        log=short_digest("\n".join(_entries(letters))),
    )


def _round(step: Round) -> FigureRound:
    return FigureRound(
        opened_at=format_moment(step.opened_at),
        due=step.due.isoformat() if step.due else None,
        answered_at=format_moment(step.answered_at) if step.answered_at else None,
        result=step.result,
    )


def _entries(letters: Iterable[Letter]) -> Iterable[str]:
    for letter in sorted(letters, key=lambda each: each.turn):
        due = letter.due.isoformat() if letter.due else ""
        yield f"{letter.id},{letter.kind.value},{format_moment(letter.stamp)},{due}"


def _text(row: FigureRow) -> str:
    """The row as the protocol writes it to be hashed: members in order, parted by bars, nothing where there is null."""
    rounds = ",".join(f"{step.opened_at};{step.due or ''};{step.answered_at or ''};{step.result or ''}" for step in row.rounds)
    return "|".join(
        (
            row.exchange,
            row.asked,
            row.asking,
            row.origin,
            row.kind,
            row.event or "",
            "1" if row.urgent else "0",
            row.category,
            rounds,
            row.withdrawn_at or "",
            row.confirmed_at or "",
            row.state,
            str(row.messages),
            row.log,
        )
    )
