"""Ledgers whose writing transactions take the trail along: the row of a change is committed with it, or neither is."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from adapters.auditing.trail import Trail, current
from exchange.auditing.event import of_case, of_entry, of_exchange, of_person
from exchange.cases.case import Case
from exchange.exchanges import Exchange, LoggedMessage
from exchange.ledger import (
    Candidate,
    Cases,
    CertificateChecks,
    Entries,
    Exchanges,
    Ledger,
    Ledgers,
    Messages,
    Within,
)
from exchange.people.register import Entry


class AuditedLedgers:
    """The ledgers of a node; a transaction of who leaves a trail writes its row last, so that the chain is held shortly."""

    def __init__(self, ledgers: Ledgers) -> None:
        self.unaudited = ledgers

    @contextmanager
    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> Iterator[Ledger]:
        """As the ledgers do. What was only read is told by `Trail.settle`."""
        trail = current()
        with self.unaudited.transaction(read_only=read_only, within=within) as ledger:
            if trail is None or read_only:
                yield ledger
                return
            _note_writing(ledger, trail)
            yield ledger
            events = trail.events()
            ledger.audit.append(events)
        if events:
            trail.settled()

    def advisory_leader(self, name: str) -> Candidate:
        """As the ledgers do."""
        return self.unaudited.advisory_leader(name)


def _note_writing(ledger: Ledger, trail: Trail) -> None:
    """Let the books that are about persons tell the trail of whom they write, whoever it is that writes."""
    ledger.entries = cast(Entries, _NotedEntries(ledger.entries, trail))
    ledger.exchanges = cast(Exchanges, _NotedExchanges(ledger.exchanges, trail))
    ledger.messages = cast(Messages, _NotedMessages(ledger.messages, trail))
    ledger.cases = cast(Cases, _NotedCases(ledger.cases, trail))
    ledger.certificate_checks = cast(CertificateChecks, _NotedChecks(ledger.certificate_checks, trail))


class _Noted:
    """A book of which some deeds are noted; all others are the book's own."""

    def __init__(self, book: Any, trail: Trail) -> None:
        self._book, self._trail = book, trail

    def _written(self, subjects: Iterable[str]) -> None:
        if self._trail.names_written:
            self._trail.about(subjects)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)


class _NotedEntries(_Noted):
    def add(self, entries: Sequence[Entry]) -> None:
        self._written(_of_entries(entries))
        self._book.add(entries)

    def save(self, entries: Sequence[Entry]) -> None:
        self._written(_of_entries(entries))
        self._book.save(entries)

    def erase(self, entries: Iterable[str]) -> int:
        named = list(entries)
        self._trail.about(map(of_entry, named))
        return int(self._book.erase(named))


class _NotedExchanges(_Noted):
    def add(self, exchanges: Sequence[Exchange]) -> None:
        self._written(_of_exchanges(exchanges))
        self._book.add(exchanges)

    def save(self, exchanges: Sequence[Exchange]) -> None:
        self._written(_of_exchanges(exchanges))
        self._book.save(exchanges)


class _NotedCases(_Noted):
    def add(self, case: Case) -> None:
        self._written([of_case(case.id)])
        self._book.add(case)

    def save(self, case: Case) -> None:
        if all(spouse.person for spouse in case.spouses):
            self._written([of_case(case.id)])
        else:
            # Told of whoever erases it.
            self._trail.about([of_case(case.id)])
        self._book.save(case)


class _NotedMessages(_Noted):
    def shorten(self, messages: Sequence[LoggedMessage]) -> None:
        self._trail.about(of_exchange(message.exchange) for message in messages)
        self._book.shorten(messages)

    def erase(self, link: int, exchanges: Iterable[str]) -> None:
        named = list(exchanges)
        self._trail.about(map(of_exchange, named))
        self._book.erase(link, named)


class _NotedChecks(_Noted):
    def forget(self, before: datetime) -> int:
        forgotten = int(self._book.forget(before))
        self._trail.about((), count=forgotten)
        return forgotten


def _of_entries(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield of_entry(entry.id)
        yield of_person(entry.person_index)


def _of_exchanges(exchanges: Iterable[Exchange]) -> Iterator[str]:
    for exchange in exchanges:
        yield of_exchange(exchange.key.exchange)
        if exchange.person_index:
            yield of_person(exchange.person_index)
