"""The person whom nobody elsewhere may see, and the books that hold her."""

from typing import Any

from adapters.office import Office
from exchange.codes import Role
from exchange.partners import PartnerStatus
from exchange.people.record import Person
from exchange.wire.message import write_message
from tests.api.nodes import Served
from tests.builders import (
    WUCHANG,
    a_check,
    a_check_row,
    a_conversation,
    a_difference,
    a_message,
    a_partner,
    a_person,
    a_query,
    a_register_difference,
    a_row,
    an_agreement,
    an_entry,
    an_exchange,
    an_id,
    an_id_number,
    an_import,
    judged,
)
from tests.building.cases import a_case

PERSON: Person = a_person(1)
# What would give her away wherever it stood.
CANARIES = (PERSON.name, an_id_number(1))
# The ids under which the books hold what is hers.
IDS: dict[str, Any] = {
    "entry": an_id(1),
    "exchange": an_id(1),
    "case": an_id(1),
    "id": an_id(1),
    "other": WUCHANG,
    "comparison": an_id(1),
    "reconciliation": an_id(1),
    "escalation": an_id(1),
}


def fill(node: Served) -> None:
    """Put one of everything into the books of Xicheng."""
    with node.office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(node="wuchang.example", status=PartnerStatus.ACTIVE, confirmed=(WUCHANG,)))
        link = ledger.links.add(an_id(90), "wuchang.example").id
        ledger.agreements.add(an_agreement(partner="wuchang.example"))
        ledger.entries.add([an_entry(1)])
        ledger.messages.add([judged(a_message(1, link=link, line=write_message(a_query())))])
        ledger.exchanges.add([an_exchange(1, link=link, role=Role.ASKER, conversation=a_conversation(), entry=an_id(1))])
        ledger.imports.add(an_import(1), [a_row(2)])
        ledger.cross_checks.add(a_check(1), [a_check_row(3)], [a_difference(1)])
        ledger.cases.add(a_case(7, id=an_id(1)))
        ledger.register_runs.put_differences([a_register_difference(1)])


def held(office: Office) -> tuple[object, ...]:
    """What the books hold of her."""
    with office.ledgers.transaction(read_only=True) as ledger:
        return ledger.entries.get(an_id(1)), list(ledger.exchanges.named(an_id(1)))
