"""What an auditor is told of the audit's rows, which stay as they were written.

- from above the county: that something was done, when, by whom and about how many, but not about which person or matter; and
  nothing by which a protected entry is told from others
- of a birth registration: the same as wherever it is shown, one of many public services from 90 days after its end on
- of questions to the audit itself: not whom somebody asked about
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache

from exchange.auditing.chain import AuditRow
from exchange.auditing.event import AuditEvent
from exchange.codes import Purpose
from exchange.errors import Conflict, Forbidden, WoshouError
from exchange.exchanges import coarsened, told_apart
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.verbs.cases.births import NotYourExchange

# What is done with the county's own register goes by one name above it: what was entered, closed or changed there and what was
# protected would be told apart by the figures otherwise.
KEPT = "keep_register"
_KEEPING = frozenset(
    {
        KEPT,
        "enter_person",
        "enter_people",
        "change_entry_facts",
        "close",
        "close_one",
        "reopen",
        "reopen_one",
        "protect_one",
    }
)
# What tells of nobody and of no matter between two counties.
_TOLD_ABOVE = frozenset({"batch", "node", "partner", "code", "digest", "comparison", "reconciliation", "key"})
# Who asks learns nothing from how a question was written down, and its purpose is that of the rows which it showed.
_ASKING = frozenset({"search_audit", "search_audit_for_person"})
_READING = _ASKING | {"list_audit", "show_audit", "audit list", "audit show"}


def actions_meant(action: str | None, *, above: bool) -> frozenset[str] | None:
    """The actions that somebody means by the name of one, as it is told to them; None for all."""
    if action is None:
        return None
    if not above:
        return frozenset({action})
    if action == KEPT:
        return _KEEPING
    return frozenset({action}) - _KEEPING


def told(ledger: Ledger, rows: Iterable[AuditRow], today: date, *, above: bool) -> Iterator[tuple[AuditRow, int]]:
    """The rows as they are told to an auditor of the county, or from above it; each with how many subjects are withheld."""
    over: dict[str, bool] = {}
    for row in rows:
        event = _coarse(ledger, row.event, today, over)
        if above:
            event = _from_above(event)
        elif event.action in _ASKING:
            event = replace(event, subjects=())
        yield replace(row, event=event), len(row.event.subjects) - len(event.subjects)


def _from_above(event: AuditEvent) -> AuditEvent:
    return replace(
        event,
        action=KEPT if event.action in _KEEPING else event.action,
        problem=Conflict.code if event.problem in _conflicts() else event.problem,
        subjects=tuple(subject for subject in event.subjects if subject.partition(":")[0] in _TOLD_ABOVE),
    )


def _coarse(ledger: Ledger, event: AuditEvent, today: date, over: dict[str, bool]) -> AuditEvent:
    """A birth registration's row as one of any service, once the row or what it is about is that old."""
    if event.purpose is not Purpose.BIRTH_REGISTRATION and event.problem != NotYourExchange.code:
        return event
    if (
        told_apart(civil_day(event.at), today)
        and event.action not in _READING
        and not any(_is_over(ledger, subject, today, over) for subject in event.subjects)
    ):
        return event
    return replace(
        event,
        purpose=coarsened(event.purpose, date.min, today) if event.purpose is not None else None,
        # Of what clerks of the county do, only another's birth registration is refused so.
        problem=Forbidden.code if event.problem == NotYourExchange.code else event.problem,
    )


def _is_over(ledger: Ledger, subject: str, today: date, over: dict[str, bool]) -> bool:
    """Whether this is a birth registration that is shown as any service by now, though the row may be younger."""
    if subject not in over:
        kind, _, named = subject.partition(":")
        shown: list[tuple[Purpose, Purpose]] = []
        if kind == "exchange":
            shown = [(each.purpose, each.purpose_on(today)) for each in ledger.exchanges.named(named)]
        elif kind == "case" and (case := ledger.cases.get(named)) is not None:
            shown = [(case.service, case.service_on(today))]
        over[subject] = any(stored is not told for stored, told in shown)
    return over[subject]


@cache
def _conflicts() -> frozenset[str]:
    return _codes(Conflict)


def _codes(kind: type[WoshouError]) -> frozenset[str]:
    """The codes of all refusals of a kind."""
    return frozenset({kind.code}).union(*(_codes(each) for each in kind.__subclasses__()))
