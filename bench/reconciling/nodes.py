"""Two real nodes, each with a register of people of the other's county, and what is planted to differ."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from adapters.database.engine import open_database
from adapters.office import Office
from bench.measure import say
from bench.nodes import BenchNode, two_nodes
from bench.people import DESTINATION, ORIGIN, person, record
from exchange.codes import CloseReason, Item, MaritalStatus, RegisterKind
from exchange.ids import new_id
from exchange.ledger import Ledgers
from exchange.moments import civil_day
from exchange.people.record import Record
from exchange.people.register import Entry
from exchange.reconciling.pairs import Comparable, Pair, comparable
from exchange.terms.agreement import RegisterComparison
from woshou.wiring import open_office

PAIR = Pair(origin=ORIGIN, destination=DESTINATION)
COMPARED = RegisterComparison(allowed=True, items=(Item.NAME, Item.BIRTH_DATE, Item.MARITAL_STATUS, Item.SPOUSE, Item.CHILDREN))
AT_ONCE = 5_000
_OPENED = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass
class Side:
    """One node, and the entry of each person in its register."""

    node: BenchNode
    register: RegisterKind
    entries: dict[int, str] = field(default_factory=dict)

    @property
    def county(self) -> str:
        return ORIGIN if self.register is RegisterKind.OUTFLOW else DESTINATION


@dataclass
class Registers:
    """Both sides, and whose entries are to come out as differing."""

    origin: Side
    destination: Side
    outflow_only: set[int] = field(default_factory=set)
    inflow_only: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.origin, self.destination

    def expected(self, side: Side) -> dict[str, str]:
        """What must stand of this side's entries, by entry: `one_sided` or `differing`."""
        alone = self.outflow_only if side is self.origin else self.inflow_only
        told = {side.entries[n]: "one_sided" for n in alone}
        return told | {side.entries[n]: "differing" for n in self.changed}


def two_registers(folder: Path, database_url: Callable[[str], str], count: int) -> Registers:
    """Two nodes whose registers hold the same people."""
    origin, destination = two_nodes(folder, database_url, COMPARED)
    registers = Registers(Side(origin, RegisterKind.OUTFLOW), Side(destination, RegisterKind.INFLOW))
    for side in registers.sides:
        with writing(side) as (office, ledgers):
            enter(side, office, ledgers, range(count))
        say(f"  {side.node.settings.node}: {count:,} entries")
    return registers


@contextmanager
def writing(side: Side) -> Iterator[tuple[Office, Ledgers]]:
    """A side's books, without the keys of pairing, which take most of the time and play no part here."""
    database = open_database(side.node.settings.database)
    try:
        with open_office(side.node.settings) as office:
            yield office, database
    finally:
        database.close()


def compared_by(office: Office, ledgers: Ledgers) -> Comparable:
    """What the agreement lets this node compare with the other one."""
    with ledgers.transaction(read_only=True) as ledger:
        (partner,) = ledger.partners.all()
        agreements = ledger.agreements.all(partner.node)
    own = PAIR.origin in office.node.jurisdictions
    sides = (office.node.name, partner.node) if own else (partner.node, office.node.name)
    return comparable(agreements, office.node.divisions, PAIR, sides, civil_day(office.now()))


def enter(side: Side, office: Office, ledgers: Ledgers, people: Iterable[int]) -> None:
    """Enter people into a side's register."""
    for some in _chunks(people):
        made = [entry_of(side, office, n) for n in some]
        side.entries.update(zip(some, (entry.id for entry in made), strict=True))
        with ledgers.transaction() as ledger:
            ledger.entries.add(made)


def entry_of(side: Side, office: Office, n: int) -> Entry:
    """Person `n` as a side has entered them."""
    who = person(n)
    return Entry(
        id=new_id(_OPENED),
        jurisdiction=side.county,
        register=side.register,
        origin=ORIGIN,
        destination=DESTINATION,
        person=who,
        record=record(n),
        person_index=office.node.person_index(who),
        opened_at=_OPENED,
    )


# People beyond all registers of a bench, to be entered on one side only.
_NEWCOMERS = 6_000_000


def plant(registers: Registers, people: range) -> None:
    """Have as many people differ: an eighth closed on either side, an eighth new on either alone, and half with other facts."""
    origin, destination = registers.sides
    eighths = [list(people[place::8]) for place in range(8)]
    come = [[_NEWCOMERS + n for n in eighths[place]] for place in (2, 3)]
    registers.inflow_only.update(eighths[0], come[0])
    registers.outflow_only.update(eighths[1], come[1])
    registers.changed.update(*eighths[4:])
    _close(origin, eighths[0])
    _close(destination, eighths[1])
    for side, newcomers in ((destination, come[0]), (origin, come[1])):
        with writing(side) as (office, ledgers):
            enter(side, office, ledgers, newcomers)
    _change(origin, eighths[4] + eighths[5], lambda known: structs.replace(known, marital_status=MaritalStatus.DIVORCED))
    _change(destination, eighths[6] + eighths[7], lambda known: structs.replace(known, spouse=None, children=[]))


def repair(registers: Registers) -> None:
    """Mend everything that was planted: people come back into the register, and both sides say the same."""
    for side, gone in ((registers.origin, registers.inflow_only), (registers.destination, registers.outflow_only)):
        with writing(side) as (office, ledgers):
            enter(side, office, ledgers, sorted(gone))
        _change(side, sorted(registers.changed), None)
    for told in (registers.inflow_only, registers.outflow_only, registers.changed):
        told.clear()


def _close(side: Side, people: list[int]) -> None:
    """Close the entries of these people."""
    with writing(side) as (_, ledgers):
        for some in _chunks(people):
            with ledgers.transaction() as ledger:
                held = ledger.entries.load([side.entries[n] for n in some])
                ledger.entries.save([entry.closed(CloseReason.RETURNED, _OPENED) for entry in held.values()])


def _change(side: Side, people: list[int], facts: Callable[[Record], Record] | None) -> None:
    with writing(side) as (_, ledgers):
        for some in _chunks(people):
            with ledgers.transaction() as ledger:
                held = ledger.entries.load([side.entries[n] for n in some])
                known = {side.entries[n]: record(n) for n in some}
                changed = [
                    replace(entry, record=known[entry.id] if facts is None else facts(known[entry.id]), version=entry.version + 1)
                    for entry in held.values()
                ]
                ledger.entries.save(changed)


def _chunks(people: Iterable[int]) -> Iterator[list[int]]:
    numbers = list(people)
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]
