"""Cases of couples; import them from here."""

from dataclasses import replace
from datetime import date
from typing import Any

from exchange.cases.case import Case, Commitment, Named, Reason, Spouse
from exchange.codes import Item, Purpose
from tests.building.basics import WUCHANG, XICHENG, a_moment, a_person, an_id


def a_commitment(**changes: Any) -> Commitment:
    """One for the marriage, made on 1 March."""
    facts: dict[str, Any] = {
        "items": (Item.MARRIAGE,),
        "made_on": date(2026, 3, 1),
        "reference": "CN-2026-1",
        "by": "key-1",
        "at": a_moment(5),
    }
    return Commitment(**{**facts, **changes})


def a_case(n: int = 1, **changes: Any) -> Case:
    """An open birth registration in Xicheng: Wuchang is asked about one spouse by exchange `n` of link 1."""
    case = Case(
        id=an_id(n),
        jurisdiction=XICHENG,
        service=Purpose.BIRTH_REGISTRATION,
        items=(Item.MARITAL_STATUS, Item.MARRIAGE),
        application_date=date(2026, 3, 1),
        owner="key-1",
        opened_at=a_moment(n),
        spouses=(
            Spouse(person=a_person(1), origin=WUCHANG, query=Named(link=1, exchange=an_id(n)), commitments=(a_commitment(),)),
            Spouse(person=a_person(2), origin=None, unasked=Reason(code="no-origin", zh="无", en="none")),
        ),
    )
    return replace(case, **changes)
