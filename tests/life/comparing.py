"""Two hand-driven nodes compare their figures: the verbs are real, and the answers take no wire."""

from dataclasses import dataclass
from datetime import date, timedelta

from exchange.comparing.buckets import Search
from exchange.comparing.comparison import Comparison, Outcome, Side
from exchange.comparing.differences import difference
from exchange.comparing.frame import REACHES, Frame
from exchange.ledger import Finding, Page
from exchange.moments import Period, civil_day
from exchange.verbs import compare_figures as verb
from exchange.wire import figures as wire
from exchange.wire import ijson
from exchange.wire.figures import FiguresAsked
from tests.life import two_nodes

MARCH = Period(first=date(2026, 2, 21), last=date(2026, 3, 20))


@dataclass(frozen=True)
class Asking:
    """What one side asks, and how both stand when the answer has come."""

    asked: FiguresAsked
    frame: Frame
    ours: verb.Held
    theirs: Side
    forgotten: int


def ask(here: two_nodes.Side, there: two_nodes.Side, period: Period = MARCH, as_of: date | None = None) -> Asking:
    """Ask the other side for its figures, by the bytes that would cross the wire."""
    day = as_of or civil_day(here.now) - timedelta(days=1)
    with here.ledgers.transaction(read_only=True) as ledger:
        link = verb.link_with(ledger, here.other_node)
        body = wire.write(verb.question(here.node, link, period, period.first - REACHES[0], day, here.now))
    asked = wire.read_question(body, FiguresAsked)
    with there.ledgers.transaction(read_only=True) as ledger:
        told = verb.tell_figures(ledger, there.node, there.partner(), asked, ijson.digest(body), there.now)
    told = wire.read_answer(wire.write(told), wire.FiguresTold)
    wire.check_answer(asked, body, told)
    frame = verb.frame_of(told)
    with here.ledgers.transaction(read_only=True) as ledger:
        ours = verb.held_at(ledger, here.node, link, frame)
    theirs = Side(rules=told.rules, figures=told.figures, buckets=told.buckets)
    return Asking(asked=asked, frame=frame, ours=ours, theirs=theirs, forgotten=asked.sent - told.sent)


def compare(here: two_nodes.Side, there: two_nodes.Side, period: Period = MARCH, as_of: date | None = None) -> Comparison:
    """The whole comparison, written down on this side."""
    found = ask(here, there, period, as_of)
    search = Search(found.ours.standings)
    buckets = [n for n, (a, b) in enumerate(zip(found.ours.side.buckets, found.theirs.buckets, strict=True)) if a != b]
    for look in search.looks(buckets):
        asked = verb.rows_question(found.asked, found.frame, look, here.now)
        with there.ledgers.transaction(read_only=True) as ledger:
            told = verb.tell_rows(ledger, there.node, there.partner(), asked, "x" * 43, there.now)
        search.take(look, told.rows, told.unknown, told.left)
    outcome = Outcome(
        frame=found.frame,
        ours=found.ours.side,
        theirs=found.theirs,
        differences=[difference(*pair) for pair in search.differing.values()],
        left=search.left,
        forgotten=found.forgotten,
    )
    with here.ledgers.transaction() as ledger:
        return verb.record(ledger, verb.link_with(ledger, here.other_node), outcome, here.now)


def findings(side: two_nodes.Side) -> list[Finding]:
    """What the side's operator is shown of comparisons, without what is settled."""
    with side.ledgers.transaction(read_only=True) as ledger:
        shown = ledger.chores.findings(Page())
    return [each for each in shown if each.settled_at is None and each.kind.startswith(("figures", "receipts"))]
