"""A ledger with a sealed value of each kind."""

from typing import Any

from adapters.database.engine import Database
from exchange.exchanges import Direction
from tests.builders import (
    a_check,
    a_difference,
    a_link,
    a_message,
    a_person,
    an_answer,
    an_entry,
    an_id,
    an_import,
    judged,
)
from tests.building.cases import a_case


def fill(database: Database) -> None:
    """One value of each kind: messages 1 to 3, entries 1 and 2, a case, a difference, an answer."""
    with database.transaction() as ledger:
        ledger.links.add(a_link().uuid, a_link().partner)
        ledger.messages.add([judged(a_message(n)) for n in (1, 2, 3)])
        ledger.entries.add([an_entry(1), an_entry(2)])
        ledger.cases.add(a_case())
        ledger.cross_checks.add(a_check(), [], [a_difference()])
        ledger.access.remember(an_answer())
        ledger.imports.add(an_import(filename=f"{a_person(1).name}.xlsx"), [])


def read(database: Database) -> Any:
    with database.transaction(read_only=True) as ledger:
        return (
            ledger.messages.known(1, Direction.OUT, [an_id(n) for n in (1, 2, 3)]),
            ledger.entries.load([an_id(1), an_id(2)]),
            ledger.cases.get(an_id(1)),
            ledger.cross_checks.pick(an_id(1), [an_id(1)]),
            ledger.access.remembered("key-1", "idempotency-1"),
            ledger.imports.get(an_id(1)),
        )


def standing(store) -> int:
    return len(store.used(b"", 10_000))
