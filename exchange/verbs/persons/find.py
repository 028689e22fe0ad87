"""Find everything about one person: a scan of all that is held, for an index would have to hold spouses and children too.

A request is rare and must be answered in full, so every entry and every kept message is looked at, protected and closed ones
too. What was erased is found by the blind index alone, as far as it is kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from exchange.cases.case import Case
from exchange.certificates.check import CertificateCheck
from exchange.checking.check import Difference, DifferenceFilter, DifferenceState
from exchange.codes import Role
from exchange.cursors import case_cursor, certificate_check_cursor, difference_cursor
from exchange.errors import Refused
from exchange.exchanges import Exchange, LoggedMessage
from exchange.imports import ImportedFile
from exchange.ledger import CaseFilter, Ledger, Page
from exchange.node import Node
from exchange.people.name import match_key
from exchange.people.record import Person, Record
from exchange.people.register import Entry
from exchange.persons.subject import (
    ChooseOne,
    Claim,
    Occurrence,
    Subject,
    SubjectUnclear,
    needles_of,
    occurrences,
    perhaps_spouse,
    read_number,
    stands_in,
)
from exchange.verbs.absorb import role_here
from exchange.verbs.work.locked import locked
from exchange.wire.message import Feedback, Message, Notice, Query, read_message

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEntry:
    """An entry in which the person stands."""

    entry: Entry
    occurrence: Occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessage:
    """A message about the person; `occurrence` is None if it is erased, or says nothing of them by itself."""

    exchange: Exchange
    message: LoggedMessage
    occurrence: Occurrence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All of it. `exchanges` are about the person themselves; messages may stand in those of a spouse or a parent.

    `perhaps` are entries whose spouse, without a document, bears the same name; `files` are imports in whose own names the person
    stands, or another one of that name.
    """

    subject: Subject
    entries: tuple[FoundEntry, ...]
    exchanges: tuple[Exchange, ...]
    messages: tuple[FoundMessage, ...]
    cases: tuple[Case, ...]
    differences: tuple[Difference, ...]
    perhaps: tuple[str, ...]
    files: tuple[ImportedFile, ...]


def subject_of(ledger: Ledger, node: Node, own: frozenset[str], claim: Claim, candidate: str | None) -> Subject:
    """Who is meant; `candidate` is the entry that was picked. DocumentRefused, SubjectUnclear, ChooseOne where none was."""
    name = match_key(claim.name) if claim.name else None
    if claim.document is not None and claim.document.number:
        document = read_number(claim.document)
        index = node.person_index(Person(name="-", document=document))
        needles = needles_of(document, claim.birth_certificate)
        return Subject(index=index, counties=own, certificate=claim.birth_certificate, name=name, needles=needles)
    if claim.birth_certificate is not None and name is None:
        needles = needles_of(None, claim.birth_certificate)
        return Subject(index=None, counties=own, certificate=claim.birth_certificate, needles=needles)
    if name is None or claim.birth_date is None:
        raise SubjectUnclear
    fitting = [entry for entry in ledger.entries.everyone() if entry.jurisdiction in own and _fits(entry, name, claim)]
    chosen = next((entry for entry in fitting if entry.id == candidate), None)
    if chosen is None:
        raise ChooseOne([entry.id for entry in fitting])
    held = chosen.person.document if chosen.person.document.number else None
    return Subject(
        index=chosen.person_index,
        counties=own if held is not None else frozenset({chosen.jurisdiction}),
        certificate=claim.birth_certificate,
        name=name,
        needles=needles_of(held, claim.birth_certificate) if held is not None else (),
    )


def _fits(entry: Entry, name: str, claim: Claim) -> bool:
    return match_key(entry.person.name) == name and entry.person.birth_date == claim.birth_date


def find(ledger: Ledger, node: Node, own: frozenset[str], subject: Subject) -> Found:
    """Look through everything."""
    entries, perhaps = _entries(ledger, node, subject)
    held = ledger.exchanges.of_person(subject.index) if subject.index is not None else []
    exchanges = tuple(exchange for exchange in held if exchange.own in subject.counties)
    messages = tuple(_messages(ledger, node, subject, exchanges))
    cases = tuple(case for case in cases_of(ledger, own) if _in_case(node, subject, case))
    return Found(
        subject=subject,
        entries=tuple(entries),
        exchanges=exchanges,
        messages=messages,
        cases=cases,
        differences=tuple(_differences(ledger, own, subject, entries)),
        perhaps=tuple(perhaps),
        files=tuple(_files(ledger, node, own, subject, _names(node, subject, entries, messages, cases))),
    )


def find_again(ledger: Ledger, node: Node, found: Found) -> Found:
    """The same as it is now, locked until the transaction ends: what was found may have changed since, or be gone."""
    subject = found.subject
    cases = (ledger.cases.get(case.id, lock=True) for case in found.cases)
    named = [case for case in cases if case is not None and _in_case(node, subject, case)]
    exchanges = locked(ledger, found.exchanges)
    entries = (ledger.entries.get(name, lock=True) for name in dict.fromkeys(each.entry.id for each in found.entries))
    return replace(
        found,
        cases=tuple(named),
        exchanges=tuple(exchanges.values()),
        entries=tuple(each for entry in entries if entry is not None for each in _in_entry(node, subject, entry)),
    )


def _entries(ledger: Ledger, node: Node, subject: Subject) -> tuple[list[FoundEntry], list[str]]:
    found, perhaps = list[FoundEntry](), list[str]()
    for entry in ledger.entries.everyone():
        found += _in_entry(node, subject, entry)
        if perhaps_spouse(subject, entry.record):
            perhaps.append(entry.id)
    return found, perhaps


def _in_entry(node: Node, subject: Subject, entry: Entry) -> Iterator[FoundEntry]:
    theirs = entry.person_index == subject.index and entry.jurisdiction in subject.counties
    person = entry.person if theirs else None
    for occurrence in occurrences(subject, node.person_index, person, entry.record, of_subject=theirs):
        yield FoundEntry(entry=entry, occurrence=occurrence)


def _messages(ledger: Ledger, node: Node, subject: Subject, exchanges: Iterable[Exchange]) -> Iterator[FoundMessage]:
    """Those of the exchanges that are about the person, and then those elsewhere that name them."""
    theirs = {(exchange.key.link, exchange.key.exchange) for exchange in exchanges}
    for exchange in exchanges:
        log = ledger.messages.of_exchanges(exchange.key.link, [exchange.key.exchange]).get(exchange.key.exchange, [])
        for message in log:
            if role_here(message.kind, message.direction) is exchange.key.role:
                yield from _told(node, subject, exchange, message, theirs=True)
    strange = [
        message
        for message in ledger.messages.kept()
        if (message.link, message.exchange) not in theirs and message.line is not None and subject.may_stand_in(message.line)
    ]
    for message in strange:
        role = role_here(message.kind, message.direction)
        exchange_here = ledger.exchanges.load(message.link, role, [message.exchange]).get(message.exchange)
        if exchange_here is not None:
            yield from _told(node, subject, exchange_here, message, theirs=False)


def _told(node: Node, subject: Subject, exchange: Exchange, message: LoggedMessage, *, theirs: bool) -> Iterator[FoundMessage]:
    person, record = said_in(message) or (None, None)
    if exchange.own not in subject.counties:
        person = None
    # A feedback names nobody: in an exchange about the person it is about them.
    found = occurrences(subject, node.person_index, person, record, of_subject=theirs)
    for occurrence in found:
        yield FoundMessage(exchange=exchange, message=message, occurrence=occurrence)
    if theirs and not found:
        yield FoundMessage(exchange=exchange, message=message, occurrence=None)


def said_in(message: LoggedMessage) -> tuple[Person | None, Record | None] | None:
    """The person and the record of a message; None if it is erased, cannot be read, or has neither."""
    if message.line is None:
        return None
    try:
        read: Message = read_message(message.line)
    except Refused:
        return None
    match read:
        case Query(body=body) | Notice(body=body):
            return body.person, body.record
        case Feedback(body=body) if body.record is not None:
            return None, body.record
        case _:
            return None


def cases_of(ledger: Ledger, own: frozenset[str]) -> Iterator[Case]:
    """All cases of some counties."""
    after = ""
    while some := ledger.cases.find(CaseFilter(own=own), Page(after=after, limit=_PAGE)):
        yield from some
        after = case_cursor(some[-1])


def checks_of(ledger: Ledger, own: frozenset[str]) -> Iterator[CertificateCheck]:
    """All checks of certificates that some counties asked or answered; between two of one node there is one for each."""
    for role in Role:
        after = ""
        while some := ledger.certificate_checks.find(role, own, Page(after=after, limit=_PAGE)):
            yield from some
            after = certificate_check_cursor(some[-1])


def index_of(node: Node, person: Person | None) -> str:
    """The blind index of somebody; empty where nothing identifies them, as a number that cannot be read."""
    try:
        return node.person_index(person) if person is not None else ""
    except Refused:
        return ""


def _names(
    node: Node, subject: Subject, entries: Iterable[FoundEntry], messages: Iterable[FoundMessage], cases: Iterable[Case]
) -> set[str]:
    """What the person is called, wherever that is held; of a child nothing is."""
    said = [found.occurrence.content for found in entries]
    said += [found.occurrence.content for found in messages if found.occurrence is not None]
    couples = (spouse.person for case in cases for spouse in case.spouses)
    said += [each.content for person in couples for each in occurrences(subject, node.person_index, person, None)]
    held = {content[place]["name"] for content in said for place in ("person", "spouse") if "name" in content.get(place, {})}
    return held | ({subject.name} if subject.name is not None else set())


def _files(ledger: Ledger, node: Node, own: frozenset[str], subject: Subject, names: set[str]) -> Iterator[ImportedFile]:
    """Imports of some counties and their townships in whose own names, or unknown headings, the person stands."""
    for file in ledger.imports.named():
        told = " ".join((file.filename, *file.unknown_columns))
        if node.divisions.county_of(file.jurisdiction) in own and stands_in(told, names, subject.needles):
            yield file


def _in_case(node: Node, subject: Subject, case: Case) -> bool:
    return case.jurisdiction in subject.counties and any(
        occurrences(subject, node.person_index, spouse.person, None) for spouse in case.spouses
    )


def _differences(ledger: Ledger, own: frozenset[str], subject: Subject, entries: Iterable[FoundEntry]) -> Iterator[Difference]:
    """Open ones, of the person's entries and those that name them as a spouse or a child."""
    theirs, after = {found.entry.id for found in entries}, ""
    open_ones = DifferenceFilter(own=own, state=DifferenceState.OPEN)
    while some := ledger.cross_checks.differences(open_ones, Page(after=after, limit=_PAGE)):
        for difference in some:
            proposal = difference.proposal
            child = proposal.child.certificate_number if proposal is not None and proposal.child is not None else None
            number = proposal.document.number if proposal is not None and proposal.document is not None else None
            named = (child is not None and child == subject.certificate) or (
                number is not None and number.encode() in subject.needles
            )
            if difference.entry in theirs or named:
                yield difference
        after = difference_cursor(some[-1])
