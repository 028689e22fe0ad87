"""Comparing a link's figures with the other side's, over the wire: the answer to a partner's question, and our own questions.

Each transaction ends before the partner is called, and another begins after it. However many rows an answer names or leaves
out, the number of calls is bounded here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from adapters.office import Office
from adapters.partner_http import PartnerClient, PartnerRefused
from adapters.renewal import Renewals
from exchange.comparing.buckets import Search
from exchange.comparing.comparison import Comparison, Outcome, Side
from exchange.comparing.differences import difference
from exchange.comparing.frame import REACHES, Frame
from exchange.exchanges import Link
from exchange.moments import Period
from exchange.partners import Partner
from exchange.verbs import compare_figures as verb
from exchange.verbs.compare_figures import Held, TooMuchToCompare
from exchange.wire import figures as wire
from exchange.wire import ijson
from exchange.wire.figures import (
    FIGURES_TYPE,
    MAX_HELD,
    ROWS_TYPE,
    BucketLook,
    FiguresAsked,
    FiguresTold,
    RowsAsked,
    RowsTold,
)

Step = Callable[[int, int], None]


def answer_figures(office: Office, caller: Partner, body: bytes) -> str:
    """The signed figures that a partner asks for; MalformedComparison, NotYourLink, TooMuchToCompare."""
    asked = wire.read_question(body, FiguresAsked)
    with office.ledgers.transaction(read_only=True) as ledger:
        told = verb.tell_figures(ledger, office.node, caller, asked, ijson.digest(body), office.now())
    return office.signer(FIGURES_TYPE)(wire.write(told))


def answer_rows(office: Office, caller: Partner, body: bytes) -> str:
    """The signed rows that a partner asks for; MalformedComparison, NotYourLink, PositionsNotHeld, TooMuchToCompare."""
    asked = wire.read_question(body, RowsAsked)
    with office.ledgers.transaction(read_only=True) as ledger:
        told = verb.tell_rows(ledger, office.node, caller, asked, ijson.digest(body), office.now())
    return office.signer(ROWS_TYPE)(wire.write(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The first answer, and what this side holds at its positions."""

    partner: Partner
    link: Link
    asked: FiguresAsked
    told: FiguresTold
    jws: str
    frame: Frame
    held: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one comparison may cost, whatever the other side says.

    64 calls are enough for every bucket of the most that is compared; a thousand exchanges are as many as people can look at.
    """

    calls: int = 64
    named: int = 1000
    held: int = MAX_HELD


class Comparer:
    """Compares this node's links, one partner at a time."""

    def __init__(self, office: Office, client: PartnerClient, renewals: Renewals, bounds: Bounds | None = None) -> None:
        self._office, self._client, self._renewals = office, client, renewals
        self._bounds = bounds or Bounds()

    def compare(self, node: str, period: Period, as_of: date, step: Step = lambda done, of: None) -> Comparison:
        """Compare one link and write down what came of it; `step` is told how many calls are done, of how many.

        NotFound or PartnerSuspended for a partner that is none, PartnerTrouble if it cannot be reached or refuses, NotAuthentic
        for an answer that it has not signed or that is not about what was asked, TooMuchToCompare.
        """
        if node == self._office.node.name:
            return self._compare_within(period, as_of)
        found = self._ask_within_reach(node, period, as_of)
        step(1, 1)
        outcome = self._held_beside(found, step)
        with self._office.ledgers.transaction() as ledger:
            return verb.record(ledger, found.link, outcome, self._office.now())

    def _compare_within(self, period: Period, as_of: date) -> Comparison:
        office = self._office
        with office.ledgers.transaction(read_only=True) as ledger:
            link = verb.link_with(ledger, office.node.name)
            outcome = verb.compare_within(ledger, office.node, link, period, period.first - REACHES[0], as_of)
        with office.ledgers.transaction() as ledger:
            return verb.record(ledger, link, outcome, office.now())

    def _ask_within_reach(self, node: str, period: Period, as_of: date) -> _Asked:
        """The first answer, with the longest reach that is not too much for either side."""
        *longer, shortest = REACHES
        for reach in longer:
            try:
                return self._ask(node, period, period.first - reach, as_of)
            except TooMuchToCompare:
                continue
            except PartnerRefused as refusal:
                if refusal.problem != TooMuchToCompare.code:
                    raise
        return self._ask(node, period, period.first - shortest, as_of)

    def _ask(self, node: str, period: Period, since: date, as_of: date) -> _Asked:
        office = self._office
        with office.ledgers.transaction(read_only=True) as ledger:
            partner = verb.active_partner(ledger, node)
            link = verb.link_with(ledger, node)
        asked = verb.question(office.node, link, period, since, as_of, office.now())
        body = wire.write(asked)
        payload, jws = self._call(partner, body, rows=False)
        told = wire.read_answer(payload, FiguresTold)
        wire.check_answer(asked, body, told)
        frame = verb.frame_of(told)
        with office.ledgers.transaction(read_only=True) as ledger:
            held = verb.held_at(ledger, office.node, link, frame)
        return _Asked(partner=partner, link=link, asked=asked, told=told, jws=jws, frame=frame, held=held)

    def _held_beside(self, found: _Asked, step: Step) -> Outcome:
        theirs = Side(rules=found.told.rules, figures=found.told.figures, buckets=found.told.buckets)
        search = self._search(found, step)
        named = list(search.differing.values())[: self._bounds.named]
        return Outcome(
            frame=found.frame,
            ours=found.held.side,
            theirs=theirs,
            differences=[difference(*pair) for pair in named],
            left=search.left + len(search.differing) - len(named),
            forgotten=found.asked.sent - found.told.sent,
            answer_jws=found.jws,
        )

    def _search(self, found: _Asked, step: Step) -> Search:
        """Look into the buckets that differ, until they are through, there have been many calls, or much was found."""
        both = zip(found.held.side.buckets, found.told.buckets, strict=True)
        differing = [number for number, (ours, theirs) in enumerate(both) if ours != theirs]
        search = Search(found.held.standings, self._bounds.held)
        looks = list(search.looks(differing))
        for done, look in enumerate(looks):
            if done >= self._bounds.calls or len(search.differing) > self._bounds.named:
                # Each bucket that was not looked into has at least one row that differs.
                search.left += sum(len(rest) for rest in looks[done:])
                break
            told = self._rows(found, look)
            search.take(look, told.rows, told.unknown, told.left)
            step(done + 2, len(looks) + 1)
        return search

    def _rows(self, found: _Asked, look: Sequence[BucketLook]) -> RowsTold:
        asked = verb.rows_question(found.asked, found.frame, look, self._office.now())
        body = wire.write(asked)
        payload, _ = self._call(found.partner, body, rows=True)
        told = wire.read_answer(payload, RowsTold)
        wire.check_answer(asked, body, told)
        return told

    def _call(self, partner: Partner, body: bytes, *, rows: bool) -> tuple[bytes, str]:
        return self._renewals.trusting(partner, lambda known: self._client.ask_figures(known, body, rows=rows))
