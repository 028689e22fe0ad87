"""A sheet of queries and notices: each matter is submitted once, however often it is imported.

A matter is known by what it is about, and its exchange bears an id made from that. One that is under way or finished is left
as it is; one that was rejected or withdrawn is submitted anew, under a new id. Refusals are the same as for a single
submission. A query that is finished is asked again by a new application, or one by one, never by an old sheet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.codes import RegisterKind, Role
from exchange.conversation import State
from exchange.errors import Refused
from exchange.exchanges import Acceptance, Exchange
from exchange.imports import RowOutcome, RowProblem, RowResult
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.doubts import warning
from exchange.people.draft import Registrar
from exchange.people.record import Record
from exchange.people.register import NOTHING_KNOWN, Entry
from exchange.people.whereabouts import PlaceTooCoarse, Side
from exchange.verbs.cross_check.warn import unsettled
from exchange.verbs.routing.find import route
from exchange.verbs.sheets.facts import SheetFacts, SheetRow, refusal_problem
from exchange.verbs.sheets.judging import Judged
from exchange.verbs.sheets.matters import Matter, judge_matter, read_matter
from exchange.verbs.sheets.rows import MissingCell
from exchange.verbs.sheets.take import ReadSheet, Taking
from exchange.verbs.submit import OpeningDraft, Submission

LAYOUT = "matters"
_DONE = frozenset({State.CLOSED, State.LAPSED})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReadMatter:
    """A row as far as it can be judged without a ledger; `matter` is None where a cell could not be read."""

    row: SheetRow
    matter: Matter | None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MattersSheet(ReadSheet[ReadMatter]):
    """A matters sheet that was read and checked."""

    registrar: Registrar

    def take(self, ledger: Ledger, rows: Sequence[ReadMatter], taking: Taking) -> list[RowResult]:
        """Submit the matters, for the clerk's key that sent them."""
        return _Chunk(ledger, self, taking).take(rows)


@dataclass(slots=True, kw_only=True)
class _Planned:
    """A matter between two counties, with the entry that it rests on and what the ledger holds of it."""

    matter: Matter
    draft: OpeningDraft
    attempt: int = 0
    held: Exchange | None = None
    again: bool = False


_DUPLICATE = warning(
    "document_number", "duplicate-row", "与前面的事项相同，未重复提交。", "The same matter as an earlier row; submitted once."
)
_FINISHED = warning(
    "", "matter-finished", "该事项此前已办结，未再次提交。", "This matter was finished before; it was not submitted again."
)
_AGAIN = warning(
    "",
    "matter-again",
    "该事项此前被退回或撤回，已重新提交。",
    "It had been rejected or withdrawn and was submitted anew.",
)


def read_matters(node: Node, jurisdiction: str, sheet: SheetFacts, now: datetime) -> MattersSheet:
    """Read all rows, before any transaction; NotServed if the jurisdiction is another node's."""
    registrar = Registrar(node, jurisdiction, civil_day(now))
    rows = [_read(registrar, row) for row in sheet.rows]
    return MattersSheet(jurisdiction=jurisdiction, layout=LAYOUT, registrar=registrar, facts=sheet, rows=rows)


def _read(registrar: Registrar, row: SheetRow) -> ReadMatter:
    if not row.refused:
        try:
            matter = read_matter(row.cells, registrar)
        except Refused:
            pass  # told below, with all else that is wrong
        else:
            return ReadMatter(row=row, matter=matter, problems=matter.warnings)
    judged = Judged(row)
    judge_matter(judged, registrar)
    return ReadMatter(row=row, matter=None, problems=judged.problems())


class _Chunk:
    """Some rows, submitted with a few look-ups for all of them."""

    def __init__(self, ledger: Ledger, sheet: MattersSheet, taking: Taking) -> None:
        self._ledger, self._sheet, self._import, self._by = ledger, sheet, taking.id, taking.by
        self._node, self._own = sheet.registrar.node, sheet.registrar.jurisdiction
        self._divisions = self._node.divisions
        self._submission = Submission(ledger, self._node, taking.now)
        self._links: dict[str, int | None] = {}
        self._unsettled: Mapping[str, RowProblem] = {}

    def take(self, rows: Sequence[ReadMatter]) -> list[RowResult]:
        """The rows' results, in their order."""
        known = self._ledger.entries.by_person(
            [self._own], {read.matter.person_index for read in rows if read.matter is not None}
        )
        plans = [self._planned(read.matter, known) for read in rows]
        planned = [plan for plan in plans if isinstance(plan, _Planned)]
        self._find_held(planned)
        self._submission.expect([plan.draft for plan in planned])
        self._unsettled = unsettled(self._ledger, [plan.draft.entry for plan in planned])
        submitted: set[str] = set()
        results = [self._result(read, plan, submitted) for read, plan in zip(rows, plans, strict=True)]
        self._submission.store()
        return results

    def _planned(self, matter: Matter | None, known: Mapping[str, Sequence[Entry]]) -> _Planned | Refused | None:
        if matter is None:
            return None
        try:
            return self._plan(matter, known.get(matter.person_index, ()))
        except Refused as refusal:
            return refusal.with_traceback(None)

    def _result(self, read: ReadMatter, plan: _Planned | Refused | None, submitted: set[str]) -> RowResult:
        def result(outcome: RowOutcome, made: str | None = None, *told: RowProblem) -> RowResult:
            return self._sheet.facts.result(self._import, read.row, outcome, (*read.problems, *told), made)

        if plan is None:
            return result(RowOutcome.REFUSED)
        if isinstance(plan, Refused):
            return result(RowOutcome.REFUSED, None, refusal_problem(plan))
        exchange = plan.draft.exchange or ""
        if plan.held is not None:
            conversation = plan.held.conversation
            done = (_FINISHED,) if conversation is not None and conversation.state in _DONE else ()
            return result(RowOutcome.UNCHANGED, exchange, *done)
        if exchange in submitted:
            return result(RowOutcome.UNCHANGED, exchange, _DUPLICATE)
        try:
            made = self._submission.add(plan.draft).key.exchange
        except Refused as refusal:
            other: Side = "destination" if plan.draft.own_is_origin else "origin"
            return result(RowOutcome.REFUSED, None, refusal_problem(refusal, other))
        submitted.add(exchange)
        doubt = self._unsettled.get(plan.draft.entry or "")
        return result(RowOutcome.ACCEPTED, made, *((_AGAIN,) if plan.again else ()), *((doubt,) if doubt else ()))

    def _plan(self, matter: Matter, entries: Iterable[Entry]) -> _Planned:
        """The draft of a matter: what the row leaves open is filled in from the person's open entry."""
        still_open = [entry for entry in entries if entry.is_open]
        fitting = [entry for entry in still_open if self._fits(entry, matter)]
        entry = fitting[0] if len(fitting) == 1 else None
        own_is_origin = matter.own_is_origin
        if own_is_origin is None:
            if entry is None:
                raise MissingCell(pointer="/destination")
            own_is_origin = entry.register is RegisterKind.OUTFLOW
        other = self._other(matter, entry, "destination" if own_is_origin else "origin")
        if entry is not None and not self._divisions.contains(entry.other, other):
            entry = None
        matter = replace(matter, own_is_origin=own_is_origin)
        return _Planned(
            matter=matter,
            draft=OpeningDraft(
                by=self._by,
                own=self._own,
                other=other,
                own_is_origin=own_is_origin,
                event=matter.event,
                event_date=matter.event_date,
                purpose=matter.purpose,
                urgent=matter.urgent,
                entry=entry.id if entry is not None else None,
                person=matter.person,
                items=matter.items,
                reason=matter.reason,
                record=_values(matter, entry),
                requested_by_person=matter.requested_by_person,
                application_date=matter.application_date,
                exchange=matter.exchange_id(self._node, self._own, other, 0),
            ),
        )

    def _fits(self, entry: Entry, matter: Matter) -> bool:
        if matter.own_is_origin is None:
            return True
        register = RegisterKind.OUTFLOW if matter.own_is_origin else RegisterKind.INFLOW
        return entry.register is register

    def _other(self, matter: Matter, entry: Entry | None, side: Side) -> str:
        """The other party's county: the row's, or the entry's where the row has none or says it less exactly."""
        stated = matter.other
        if stated is not None and self._divisions.county_of(stated) is not None:
            return stated
        county = self._divisions.county_of(entry.other) if entry is not None else None
        if county is not None and (stated is None or self._divisions.contains(stated, county)):
            return county
        if stated is None and entry is None:
            raise MissingCell(pointer=f"/{side}")
        raise PlaceTooCoarse(pointer=f"/{side}")

    def _find_held(self, planned: Iterable[_Planned]) -> None:
        """Fetch the exchanges that the ledger holds of these matters, passing over what was rejected or withdrawn."""
        wanted = list(planned)
        while wanted:
            by_link: dict[int, list[_Planned]] = {}
            for plan in wanted:
                link = self._link(plan.draft.other)
                if link is not None:
                    by_link.setdefault(link, []).append(plan)
            wanted = []
            for link, plans in by_link.items():
                ids = {plan.draft.exchange for plan in plans if plan.draft.exchange}
                held = self._ledger.exchanges.load(link, Role.ASKER, ids)
                for plan in plans:
                    found = held.get(plan.draft.exchange or "")
                    if found is not None and _is_void(found):
                        plan.attempt, plan.again = plan.attempt + 1, True
                        exchange = plan.matter.exchange_id(self._node, self._own, plan.draft.other, plan.attempt)
                        plan.draft = replace(plan.draft, exchange=exchange)
                        wanted.append(plan)
                    else:
                        plan.held = found

    def _link(self, other: str) -> int | None:
        if other not in self._links:
            try:
                partner = route(self._ledger, self._node, other).partner
            except Refused:  # told again, at the row, when it is submitted
                self._links[other] = None
            else:
                link = self._ledger.links.of(partner)
                self._links[other] = link.id if link is not None else None
        return self._links[other]


def _is_void(exchange: Exchange) -> bool:
    withdrawn = exchange.conversation is not None and exchange.conversation.state is State.WITHDRAWN
    return withdrawn or exchange.acceptance is Acceptance.REJECTED


def _values(matter: Matter, entry: Entry | None) -> Record | None:
    """The own side's values that go along: of a query the row's, else the entry's, for the asked side to verify."""
    told = matter.told
    values = matter.record.only(told & matter.record.items())
    if matter.event is None and entry is not None:
        values = entry.record.only(told & entry.record.items()).updated(values)
    return None if values == NOTHING_KNOWN else values
