"""Open a case for a couple, on their own application: one query to each spouse's origin, as far as it can be asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from exchange.cases.case import SERVICES, Case, DateInFuture, SamePerson, Spouse
from exchange.cases.progress import CaseProgress
from exchange.codes import Item, Purpose
from exchange.errors import Refused
from exchange.ids import new_id
from exchange.imports import RowProblem
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.draft import Registrar
from exchange.people.plausible import kept_record
from exchange.people.record import Person, Record
from exchange.people.whereabouts import PlaceTooCoarse
from exchange.routing.today import todays_code
from exchange.verbs.cases.reading import load, progress_of
from exchange.verbs.cases.telling import ask, uncounted


@dataclass(frozen=True, slots=True, kw_only=True)
class SpouseDraft:
    """One of the two as the clerk writes them down. `record` is what they themselves state, for their origin to verify."""

    person: Person
    origin: str | None
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDraft:
    """What a couple applies for. `items` None asks what the service needs."""

    own: str
    service: Purpose
    application_date: date
    spouses: tuple[SpouseDraft, SpouseDraft]
    items: tuple[Item, ...] | None = None


class OpenedCase(NamedTuple):
    """The case, and what the clerk should look at."""

    progress: CaseProgress
    notes: tuple[RowProblem, ...]


def open_case(
    ledger: Ledger, node: Node, draft: CaseDraft, owner: str, now: datetime, started: Callable[[int], None] = uncounted
) -> OpenedCase:
    """Open it and ask; what stands in one origin's way is shown and blocks nothing. `started` as `ask` takes it.

    A Refused leaf for what the clerk has to mend: NotServed, DateInFuture, SamePerson, a document, a place.
    """
    today = civil_day(now)
    registrar = Registrar(node, draft.own, today)
    if draft.application_date > today:
        raise DateInFuture(pointer="/application_date")
    notes: list[RowProblem] = []
    read = [_read(registrar, spouse, number, notes) for number, spouse in enumerate(draft.spouses)]
    (first, _), (second, _) = read
    if node.person_index(_known(first)) == node.person_index(_known(second)):
        raise SamePerson(pointer="/spouses/1/person")
    case = Case(
        id=new_id(now),
        jurisdiction=draft.own,
        service=draft.service,
        items=draft.items or SERVICES[draft.service].items,
        application_date=draft.application_date,
        owner=owner,
        opened_at=now,
        spouses=(first, second),
    )
    for number, (spouse, claims) in enumerate(read, 1):
        case = case.with_spouse(number, ask(ledger, node, case, spouse, claims, now, started))
    ledger.cases.add(case)
    return OpenedCase(progress_of(ledger, node, case, now), tuple(notes))


def ask_again(
    ledger: Ledger,
    node: Node,
    own: frozenset[str],
    by: str | None,
    case_id: str,
    now: datetime,
    started: Callable[[int], None] = uncounted,
) -> CaseProgress:
    """Ask the origins that could not be asked before, without what the couple stated; NotFound, NotYourCase, CaseClosed."""
    case = load(ledger, own, by, case_id)
    case.check_open()
    then = case
    for number, spouse in enumerate(case.spouses, 1):
        told = ask(ledger, node, case, spouse, None, now, started) if spouse.query is None else spouse
        if told != spouse:
            then = then.with_spouse(number, told)
    if then != case:
        ledger.cases.save(then)
    return progress_of(ledger, node, then, now)


def _read(registrar: Registrar, draft: SpouseDraft, number: int, notes: list[RowProblem]) -> tuple[Spouse, Record | None]:
    """The spouse in normal form, and their own statements; refusals say which of the two."""
    at = f"/spouses/{number}"
    try:
        person = registrar.person(draft.person, notes)
        record = kept_record(draft.record, person.birth_date, registrar.today, notes) if draft.record is not None else None
    except Refused as refusal:
        refusal.pointer = at + (refusal.pointer or "")
        raise
    origin = _county(registrar, draft.origin, f"{at}/origin", notes) if draft.origin is not None else None
    return Spouse(person=person, origin=origin, local=origin == registrar.jurisdiction), record


def _county(registrar: Registrar, code: str, pointer: str, notes: list[RowProblem]) -> str:
    divisions = registrar.node.divisions
    found = todays_code(divisions, code, registrar.today, pointer=pointer)
    if found.note is not None:
        notes.append(found.note)
    county = divisions.county_of(found.code)
    if county is None and divisions.counties_within(found.code):
        raise PlaceTooCoarse(pointer=pointer)
    # Taiwan, Hong Kong and Macao have no counties in the table and stand for themselves.
    return county or divisions.normalise(found.code)


def _known(spouse: Spouse) -> Person:
    if spouse.person is None:
        raise ValueError("the people of a case are known when it is opened")
    return spouse.person
