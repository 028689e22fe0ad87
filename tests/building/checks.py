"""Cross-checks; import them from `tests.builders`."""

from dataclasses import replace
from datetime import date
from typing import Any

from exchange.checking.check import CheckField, CheckLayout, CheckOutcome, CheckRow, CrossCheck, Difference, Proposal
from exchange.codes import Sex
from exchange.people.record import Child
from tests.building.basics import XICHENG, a_digest, a_moment, an_id
from tests.building.local import a_row_problem


def a_check(n: int = 1, **changes: Any) -> CrossCheck:
    """A sheet of births against Xicheng's registers: five rows, one for each outcome."""
    check = CrossCheck(
        id=an_id(n),
        jurisdiction=XICHENG,
        layout=CheckLayout.BIRTHS,
        digest=a_digest(f"births {n}"),
        at=a_moment(n),
        rows=5,
        refused=1,
        no_entry=1,
        equal=1,
        differing=1,
        ambiguous=1,
        blank=2,
        excluded_columns=3,
        unknown_columns=1,
    )
    return replace(check, **changes)


def a_check_row(row: int, n: int = 1, **changes: Any) -> CheckRow:
    """A refused row of `a_check(n)`."""
    refused = CheckRow(
        check=an_id(n), row=row, outcome=CheckOutcome.REFUSED, problems=(a_row_problem(severity="refusal", column="B"),)
    )
    return replace(refused, **changes)


def a_difference(n: int = 1, **changes: Any) -> Difference:
    """In `a_check(1)`: the entry `an_id(1)` has another birth date of a child than the sheet."""
    child = Child(sex=Sex.FEMALE, birth_date=date(2018, 1, 12), birth_place="湖北省武汉市", certificate_number="R420000001")
    difference = Difference(
        id=an_id(n),
        check=an_id(1),
        jurisdiction=XICHENG,
        entry=an_id(1),
        entry_version=1,
        row=n + 1,
        field=CheckField.CHILD_BIRTH_DATE,
        at=a_moment(1),
        proposal=Proposal(found="2018-01-02", proposed="2018-01-12", child=child),
    )
    return replace(difference, **changes)
