"""Exchanges with a history told in days, entries and files, and a node that counts them.

Day 0 is 2 March 2026; everything happens at 09:00 in Shanghai and is known at once, unless told otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from adapters.divisions import load_divisions
from adapters.memory import MemoryLedgers
from adapters.rules import packaged_house_book, packaged_house_rules, packaged_rulebook, packaged_rules
from exchange.codes import RegisterKind, Result, Role
from exchange.conversation import Fact, FactKind
from exchange.counting.figures import Report
from exchange.counting.query import ReportQuery
from exchange.counting.verdict import Verdict, judge
from exchange.exchanges import Exchange
from exchange.imports import ImportedFile
from exchange.ledger import Ledgers
from exchange.moments import Period, day_end
from exchange.node import Node
from exchange.people.register import Entry, EntryFact, EntryFactKind
from exchange.rates import Rate, RateName
from exchange.terms.calendar import WorkingDays
from exchange.verbs.report import report
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_conversation,
    a_day,
    a_fact,
    a_moment,
    an_entry,
    an_entry_fact,
    an_exchange,
    an_id,
)

# Of one prefecture: Wuchang, Hanyang and Jiang'an; of another in the same province: Xiling of Yichang; and one directly under it.
HANYANG, JIANGAN, XILING, XIANTAO = "420105", "420102", "420502", "429004"
WUHAN, YICHANG, HUBEI = "420100", "420500", "420000"
LAPSE_DAYS = packaged_rules().lapse_days


def moment(day: float) -> datetime:
    """09:00 in Shanghai of a day, or that much later."""
    return a_moment() + timedelta(days=day)


def a_due(day: int) -> date:
    """The civil day."""
    return a_day(day)


def until(day: int) -> datetime:
    """24:00 of a day: the as-of moment at which it has just passed."""
    return day_end(a_day(day))


ALL_DAYS = Period(first=a_day(-400), last=a_day(400))


@dataclass
class History:
    """The facts of one exchange, told in order. `lag` is how many days later than it happened each one becomes known."""

    received: float = 0
    due: int | None = 30
    lag: float = 0
    facts: list[Fact] = field(default_factory=list)
    round: int = 1

    def __post_init__(self) -> None:
        self._add(FactKind.OPENED, self.received, due=self.due)

    def answered(self, day: float, result: Result = Result.CONFIRMED) -> "History":
        """The round's first answer."""
        return self._add(FactKind.ANSWERED, day, result=result)

    def challenged(self, day: float, due: int | None) -> "History":
        """A feedback is returned; a new round begins."""
        self.round += 1
        return self._add(FactKind.CHALLENGED, day, due=due)

    def confirmed(self, day: float) -> "History":
        """The asker accepts."""
        return self._add(FactKind.CONFIRMED, day)

    def withdrawn(self, day: float) -> "History":
        """The asker takes it back."""
        return self._add(FactKind.WITHDRAWN, day)

    def of_many(self, numbers: Iterable[int], **changes: Any) -> "list[Told]":
        """The exchanges of these numbers, each about the entry of its number, all with this history."""
        template = self.of(1, **changes)
        exchange, key = template.exchange, template.exchange.key
        return [
            Told(replace(exchange, key=key._replace(exchange=an_id(n)), opening=an_id(n), entry=an_id(n)), template.facts)
            for n in numbers
        ]

    def as_of(self, when: datetime) -> Verdict:
        """The verdict on it."""
        verdict = judge(self.facts, when, lapse_days=LAPSE_DAYS)
        assert verdict is not None
        return verdict

    def of(self, n: int, *, link: int = 1, role: Role = Role.ASKED, result: Result | None = None, **changes: Any) -> "Told":
        """Exchange `n` with this history; by default Wuchang is asked by Xicheng about somebody of Wuchang's people.

        `result` is that of the answer which was confirmed, if one was.
        """
        sides = {"own": WUCHANG, "other": XICHENG, "origin": WUCHANG, "destination": XICHENG}
        conversation = a_conversation(result=result)
        exchange = an_exchange(n, link=link, role=role, conversation=conversation, **(sides | changes))
        facts = [replace(fact, result=result) if fact.what is FactKind.CONFIRMED else fact for fact in self.facts]
        return Told(replace(exchange, received_at=moment(self.received), first_due=a_day(self.due) if self.due else None), facts)

    def _add(self, what: FactKind, day: float, *, due: int | None = None, result: Result | None = None) -> "History":
        self.facts.append(
            a_fact(
                what,
                len(self.facts) + 1,
                round=self.round,
                happened_at=moment(day),
                known_at=moment(day + self.lag),
                due=None if due is None else a_day(due),
                result=result,
            )
        )
        return self


@dataclass(frozen=True)
class Told:
    """An exchange and its facts."""

    exchange: Exchange
    facts: Sequence[Fact]


def an_open_entry(n: int, day: float = 0, **changes: Any) -> tuple[Entry, list[EntryFact]]:
    """An inflow entry of Wuchang, somebody of Xicheng, opened on a day."""
    place = {"jurisdiction": WUCHANG, "register": RegisterKind.INFLOW, "origin": XICHENG, "destination": WUCHANG}
    return an_entry(n, **(place | changes)), [an_entry_fact(n, happened_at=moment(day), known_at=moment(day))]


def many_entries(count: int) -> list[tuple[Entry, list[EntryFact]]]:
    """So many of them, quickly: all of one person, in effect, but with ids and indexes of their own."""
    template, (fact,) = an_open_entry(1)
    return [
        (replace(template, id=an_id(n), person_index=f"person-{n}"), [replace(fact, entry=an_id(n))]) for n in range(1, count + 1)
    ]


def then(what: EntryFactKind, n: int, day: float, known: float | None = None) -> EntryFact:
    """Another fact of an entry."""
    return an_entry_fact(n, what=what, happened_at=moment(day), known_at=moment(day if known is None else known))


@cache
def a_counting_node(*counties: str, name: str = XICHENG_NODE) -> Node:
    """A node that serves these counties; by default Xicheng and four of Hubei."""
    return Node(
        name=name,
        title=name,
        environment="sandbox",
        jurisdictions=frozenset(counties or (XICHENG, WUCHANG, HANYANG, JIANGAN, XILING, XIANTAO)),
        divisions=load_divisions(),
        rules=packaged_rules(),
        rulebook=packaged_rulebook(),
        house=packaged_house_rules(),
        housebook=packaged_house_book(),
        working_days=WorkingDays(),
        keyed=lambda data: data.hex(),
    )


def holding(
    told: Iterable[Told] = (),
    entries: Iterable[tuple[Entry, list[EntryFact]]] = (),
    files: Iterable[ImportedFile] = (),
    ledgers: Ledgers | None = None,
) -> Ledgers:
    """Ledgers that hold all this; in memory unless others are given."""
    told, entries = list(told), list(entries)
    ledgers = ledgers or MemoryLedgers()
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([one.exchange for one in told])
        ledger.exchanges.add_facts([(one.exchange.key, fact) for one in told for fact in one.facts])
        ledger.entries.add([entry for entry, _ in entries])
        ledger.entries.add_facts([fact for _, facts in entries for fact in facts])
        for file in files:
            ledger.imports.add(file, [])
    return ledgers


def wanted(*jurisdictions: str, period: Period = ALL_DAYS, as_of: datetime | None = None, **changes: Any) -> ReportQuery:
    """A report on Wuchang, over all days, as of long after."""
    return ReportQuery(jurisdictions=jurisdictions or (WUCHANG,), period=period, as_of=as_of or until(300), **changes)


def reported(ledgers: Ledgers, query: ReportQuery, node: Node | None = None) -> Report:
    """The report."""
    with ledgers.transaction(read_only=True) as ledger:
        return report(ledger, node or a_counting_node(), query)


def the_rate(ledgers: Ledgers, name: RateName, query: ReportQuery | None = None) -> Rate:
    """One rate of the first jurisdiction."""
    return reported(ledgers, query or wanted()).figures[0].rate(name)


def counts(rate: Rate) -> tuple[int | None, int | None]:
    """Numerator and denominator."""
    return rate.numerator, rate.denominator
