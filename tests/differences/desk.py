"""A county's clerk before what a comparison of the registers has found."""

from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.codes import Event, Item, Purpose, RegisterKind, Result
from exchange.conversation import State
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import ExchangeFilter, Ledgers, Page
from exchange.people.record import Moving
from exchange.people.register import Entry
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind, RegisterDifference
from exchange.terms.agreement import Agreement, FieldRule, RegisterComparison
from exchange.verbs.reconciling.differences import DifferenceItem, described, find_difference
from exchange.verbs.reconciling.settle import Sent, send, set_destination
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    a_conversation,
    a_day,
    a_moment,
    a_record,
    a_register_difference,
    agreed_terms,
    an_entry,
)
from tests.life.two_nodes import Side, a_node

PAIR = Pair(origin=XICHENG, destination=WUCHANG)
FACTS = [Item.MARITAL_STATUS, Item.CHILDREN]
NOW = a_moment(600)


def terms(**changes: Any) -> Agreement:
    """Registers may be compared, and what comes of it may be told and asked, both ways."""
    purpose = Purpose.PUBLIC_SERVICE
    agreed = agreed_terms(
        kinds=["query", "arrival", "departure"],
        fields=[
            FieldRule(subject="query", purpose=purpose, items=FACTS),
            FieldRule(subject="arrival", purpose=purpose, items=[Item.MOVING]),
            FieldRule(subject="departure", purpose=purpose, items=[Item.MOVING]),
        ],
        register_comparison=RegisterComparison(allowed=True, items=tuple(FACTS)),
    )
    return structs.replace(agreed, **changes)


@dataclass
class Desk:
    """Xicheng (the origin) or Wuchang (the destination) after a night's comparison; differences are put in by hand."""

    county: str
    ledgers: Ledgers = field(default_factory=MemoryLedgers)
    agreed: Agreement = field(default_factory=terms)

    def __post_init__(self) -> None:
        here, there = (XICHENG_NODE, WUCHANG_NODE) if self.county == XICHENG else (WUCHANG_NODE, XICHENG_NODE)
        other = PAIR.other(self.county)
        self.node = a_node(here, self.county)
        self.side = Side(self.node, self.county, there, other, self.ledgers, now=NOW)
        self.side.open(self.agreed)

    def differs(self, kind: DifferenceKind, *fields: Item, n: int = 1, pair: Pair = PAIR, **entry: Any) -> RegisterDifference:
        """An entry of this county, and what was found of it."""
        facts = {
            "jurisdiction": self.county,
            "register": PAIR.register_of(self.county),
            "record": a_record(moving=Moving(moved_on=a_day(-20))),
            "opened_at": a_moment(-600),
        }
        made = an_entry(n, **{**facts, **entry})
        made = replace(made, person_index=self.node.person_index(made.person))
        partner = self.side.other_node
        found = a_register_difference(n, own=self.county, partner=partner, kind=kind, fields=fields, pair=pair)
        with self.ledgers.transaction() as ledger:
            if ledger.entries.get(made.id) is None:
                ledger.entries.add([made])
            ledger.register_runs.put_differences([found])
        return found

    def item(self, difference: RegisterDifference) -> DifferenceItem:
        """The difference as the clerk sees it."""
        with self.ledgers.transaction(read_only=True) as ledger:
            found = find_difference(ledger, self.node.jurisdictions, difference.entry, difference.pair.other(self.county))
            (item,) = described(ledger, self.node, [found], self.side.now)
        return item

    def send(self, difference: RegisterDifference) -> Sent:
        """Press the button."""
        with self.ledgers.transaction() as ledger:
            other = difference.pair.other(self.county)
            found = find_difference(ledger, self.node.jurisdictions, difference.entry, other, lock=True)
            return send(ledger, self.node, found, self.side.now)

    def set_destination(self, difference: RegisterDifference) -> Entry:
        """Set what was coarse."""
        with self.ledgers.transaction() as ledger:
            return set_destination(ledger, self.node, difference, self.side.now)

    def change(self, difference: RegisterDifference, **changes: Any) -> None:
        """Have somebody change the entry meanwhile."""
        with self.ledgers.transaction() as ledger:
            entry = ledger.entries.load([difference.entry])[difference.entry]
            ledger.entries.save([replace(entry, version=entry.version + 1, **changes)])

    def put(self, exchange: Exchange) -> None:
        """Have an exchange that was opened in another way."""
        with self.ledgers.transaction() as ledger:
            ledger.exchanges.add([exchange])

    def turn(self, exchange: Exchange, state: State | None, **changes: Any) -> None:
        """Have an exchange come to a state; None has it rejected."""
        with self.ledgers.transaction() as ledger:
            if state is None:
                ledger.exchanges.save([replace(exchange, acceptance=Acceptance.REJECTED, **changes)])
            else:
                result = Result.CONFIRMED if state is not State.OPEN else None
                talk = a_conversation(state, result=result, fed_back_at=NOW if result else None, lapses_on=a_day(15))
                ledger.exchanges.save([replace(exchange, acceptance=Acceptance.ACCEPTED, conversation=talk, **changes)])

    def exchanges(self) -> list[Exchange]:
        """All that were opened here."""
        with self.ledgers.transaction(read_only=True) as ledger:
            return ledger.exchanges.find(ExchangeFilter(own=self.node.jurisdictions), Page())

    def message(self, difference: RegisterDifference) -> tuple[Any, ...]:
        """The prepared message: event and its day, or items; and what it tells."""
        draft = self.item(difference).draft
        assert draft is not None
        told = sorted(draft.record.items()) if draft.record is not None else []
        return draft.event, draft.event_date, draft.items, told


ARRIVAL, DEPARTURE = Event.ARRIVAL, Event.DEPARTURE
OUTFLOW, INFLOW = RegisterKind.OUTFLOW, RegisterKind.INFLOW
