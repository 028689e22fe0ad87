"""Drafts, rows and sheets for tests, as the edge hands them in: Xicheng's registers on 2 March 2026."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from exchange.codes import RegisterKind
from exchange.people.record import Person
from exchange.people.register import EntryDraft
from exchange.verbs.sheets.facts import SheetFacts, SheetRow
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_digest, a_person, a_record, an_id_number
from tests.life.two_nodes import a_node

TODAY = date(2026, 3, 2)
NODE = a_node(XICHENG_NODE, XICHENG)
LETTERS = {"name": "B", "document_number": "C", "origin": "D", "destination": "E", "sex": "F", "moved_on": "G"}


def a_draft(n: int = 1, *, person: Person | None = None, **changes: Any) -> EntryDraft:
    """A person registered in Xicheng who lives in Wuchang."""
    stated: dict[str, Any] = {
        "register": RegisterKind.OUTFLOW,
        "origin": XICHENG,
        "destination": WUCHANG,
        "person": person or a_person(n),
        "record": a_record(),
    }
    return EntryDraft(**(stated | changes))


def an_inflow(n: int = 1, **changes: Any) -> EntryDraft:
    """A person registered in Wuchang who lives in Xicheng."""
    return a_draft(n, **({"register": RegisterKind.INFLOW, "origin": WUCHANG, "destination": XICHENG} | changes))


def a_row(number: int = 2, n: int | None = None, /, **cells: str | None) -> SheetRow:
    """A row of the outflow register about person `n`; a cell given as None is blank."""
    n = number - 1 if n is None else n
    stated: dict[str, str | None] = {
        "name": "王小明",
        "document_number": an_id_number(n),
        "origin": XICHENG,
        "destination": WUCHANG,
        "moving_reason": "work",
        "marital_status": "21",
    }
    return SheetRow(number=number, cells={field: text for field, text in (stated | cells).items() if text is not None})


def a_sheet(*rows: SheetRow, file: int | str = 1, **changes: Any) -> SheetFacts:
    """A sheet of these rows; another `file` has other bytes."""
    facts: dict[str, Any] = {"filename": f"台账{file}.xlsx", "digest": a_digest(f"sheet {file}"), "columns": LETTERS}
    return SheetFacts(rows=rows, **(facts | changes))


def codes(problems: Sequence[Any]) -> list[str]:
    """The codes of problems, warnings or refusals."""
    return [problem.code for problem in problems]
