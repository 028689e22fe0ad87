"""Rules and days that administrators have added, what lies before coordinators, and what went wrong, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.books import Books, add, save
from adapters.memory.listing import newest_first
from exchange.clocks.escalation import Escalation
from exchange.clocks.troubles import Symptom, Trouble
from exchange.cursors import escalation_cursor, read_moment_cursor, trouble_cursor
from exchange.exchanges import ExchangeKey
from exchange.ledger import Page
from exchange.terms.daytable import LoadedDay
from exchange.terms.rulebook import RulesFile, RulesUse


class MemoryNorms:
    """`exchange.ledger.Norms` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def stamp(self) -> int:
        return len(self._books.rules_files) + len(self._books.rules_uses) + len(self._books.holidays)

    def add_file(self, file: RulesFile) -> None:
        add(self._books.rules_files, [((file.kind, file.version), file)])

    def files(self) -> list[RulesFile]:
        return [self._books.rules_files[key] for key in sorted(self._books.rules_files)]

    def add_use(self, use: RulesUse) -> None:
        self._books.rules_uses[len(self._books.rules_uses)] = use

    def uses(self) -> list[RulesUse]:
        return list(self._books.rules_uses.values())

    def add_days(self, days: Sequence[LoadedDay]) -> None:
        for day in days:
            self._books.holidays[len(self._books.holidays)] = day

    def days(self) -> list[LoadedDay]:
        return sorted(self._books.holidays.values(), key=lambda loaded: (loaded.known_at, loaded.day))


class MemoryEscalations:
    """`exchange.ledger.Escalations` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, escalations: Sequence[Escalation]) -> None:
        add(self._books.escalations, ((each.id, each) for each in escalations))

    def save(self, escalation: Escalation) -> None:
        save(self._books.escalations, [(escalation.id, escalation)])

    def get(self, escalation: str) -> Escalation | None:
        return self._books.escalations.get(escalation)

    def standing(self, exchanges: Iterable[str]) -> Mapping[ExchangeKey, Escalation]:
        wanted = set(exchanges)
        found = (each for each in self._books.escalations.values() if each.key.exchange in wanted and each.resolved_at is None)
        return {each.key: each for each in sorted(found, key=lambda each: (each.level, each.id))}

    def find(self, own: frozenset[str], page: Page, *, to: str | None, resolved: bool | None) -> list[Escalation]:
        found = (
            each
            for each in self._books.escalations.values()
            if each.own in own
            and (to is None or each.to == to)
            and (resolved is None or (each.resolved_at is not None) is resolved)
        )
        return newest_first(found, page, cursor=escalation_cursor, read=read_moment_cursor)

    def resolve(self, keys: Iterable[ExchangeKey], at: datetime) -> int:
        wanted = set(keys)
        over = [each for each in self._books.escalations.values() if each.key in wanted and each.resolved_at is None]
        save(self._books.escalations, ((each.id, replace(each, resolved_at=at)) for each in over))
        return len(over)


class MemoryTroubles:
    """`exchange.ledger.Troubles` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def begin(self, trouble: Trouble) -> bool:
        if any(lasting.symptom == trouble.symptom for lasting in self.lasting()):
            return False
        add(self._books.troubles, [(trouble.id, trouble)])
        return True

    def end(self, symptom: Symptom, at: datetime) -> bool:
        over = [lasting for lasting in self.lasting() if lasting.symptom == symptom]
        save(self._books.troubles, ((trouble.id, replace(trouble, ended_at=at)) for trouble in over))
        return bool(over)

    def lasting(self) -> list[Trouble]:
        return sorted(
            (trouble for trouble in self._books.troubles.values() if trouble.ended_at is None),
            key=lambda trouble: trouble.symptom,
        )

    def find(self, page: Page) -> list[Trouble]:
        return newest_first(self._books.troubles.values(), page, cursor=trouble_cursor, read=read_moment_cursor)
