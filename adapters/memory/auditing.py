"""The audit's chains, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from adapters.memory.books import Books, add
from adapters.memory.listing import newest_first
from exchange.auditing.chain import AuditRow, ChainHead, by_jurisdiction, extend
from exchange.auditing.event import Actor, AuditEvent
from exchange.auditing.heads import SignedHead, WitnessedHead
from exchange.auditing.repeated import Reading
from exchange.cursors import audit_cursor, read_moment_cursor
from exchange.ledger import AuditFilter, Page
from exchange.moments import Period, civil_day


class MemoryAudits:
    """`exchange.ledger.Audits` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def append(self, events: Sequence[AuditEvent]) -> list[AuditRow]:
        added: list[AuditRow] = []
        for jurisdiction, those in by_jurisdiction(events):
            head, rows = extend(self._head(jurisdiction), those)
            add(self._books.audit_rows, [((jurisdiction, row.day, row.sequence), row) for row in rows])
            self._books.audit_heads[jurisdiction] = head
            added += rows
        return added

    def heads(self) -> list[ChainHead]:
        return [self._books.audit_heads[each] for each in sorted(self._books.audit_heads)]

    def close(self, jurisdiction: str, day: date) -> None:
        self._books.audit_heads[jurisdiction] = replace(self._head(jurisdiction), closed=day)

    def get(self, jurisdiction: str, day: date, sequence: int) -> AuditRow | None:
        return self._books.audit_rows.get((jurisdiction, day, sequence))

    def find(self, wanted: AuditFilter, page: Page) -> list[AuditRow]:
        found = (row for row in self._books.audit_rows.values() if _fits(row.event, wanted))
        return newest_first(found, page, cursor=audit_cursor, read=read_moment_cursor)

    def rows(self, jurisdiction: str) -> list[AuditRow]:
        return sorted(
            (row for row in self._books.audit_rows.values() if row.event.jurisdiction == jurisdiction), key=lambda row: row.id
        )

    def indexed(self, jurisdiction: str) -> list[tuple[date, int, str]]:
        return [
            (row.day, row.sequence, subject) for row in self.rows(jurisdiction) for subject in sorted(set(row.event.subjects))
        ]

    def unsigned(self, before: date) -> list[AuditRow]:
        closed = {head.jurisdiction: head.closed for head in self.heads()}
        ends: dict[tuple[str, date], AuditRow] = {}
        for row in sorted(self._books.audit_rows.values(), key=lambda row: row.id):
            after = closed[row.event.jurisdiction]
            if row.day < before and (after is None or row.day > after):
                ends[row.event.jurisdiction, row.day] = row
        return sorted(ends.values(), key=lambda row: row.id)

    def count(
        self, *, since: datetime, actor: Actor | None = None, subject: str | None = None, actions: Sequence[str] = ()
    ) -> int:
        events = (row.event for row in self._books.audit_rows.values())
        return sum(
            event.count
            for event in events
            if event.at >= since
            and event.problem is None
            and (actor is None or (event.actor.kind, event.actor.id) == (actor.kind, actor.id))
            and (subject is None or subject in event.subjects)
            and (not actions or event.action in actions)
        )

    def repeated(self, period: Period, more_than: int) -> list[Reading]:
        times: dict[tuple[str, Actor, str], int] = {}
        for event in (row.event for row in self._books.audit_rows.values()):
            if event.problem is None and event.shown and civil_day(event.at) in period:
                for subject in {subject for subject in event.subjects if subject.startswith("person:")}:
                    key = (event.jurisdiction, event.actor, subject)
                    times[key] = times.get(key, 0) + 1
        found = [
            Reading(jurisdiction=jurisdiction, actor=actor, subject=subject, times=count)
            for (jurisdiction, actor, subject), count in times.items()
            if count > more_than
        ]
        return sorted(found, key=lambda each: (each.jurisdiction, each.actor.kind, each.actor.id, each.actor.role, each.subject))

    def add_signed(self, heads: Sequence[SignedHead]) -> None:
        for head in heads:
            self._books.audit_signed.setdefault((head.jurisdiction, head.day), head)

    def signed(self, jurisdiction: str) -> list[SignedHead]:
        return [self._books.audit_signed[key] for key in sorted(self._books.audit_signed) if key[0] == jurisdiction]

    def latest_signed(self) -> list[SignedHead]:
        return list({key[0]: self._books.audit_signed[key] for key in sorted(self._books.audit_signed)}.values())

    def witness(self, heads: Sequence[WitnessedHead]) -> None:
        for each in heads:
            key = (each.partner, each.ours, each.head.jurisdiction, each.head.day, each.head.digest)
            self._books.audit_witnessed.setdefault(key, each)

    def witnessed(self, *, ours: bool, partner: str | None = None, since: date | None = None) -> list[WitnessedHead]:
        found = (each for each in self._books.audit_witnessed.values() if each.ours is ours and partner in (None, each.partner))
        recent = (each for each in found if since is None or each.head.day >= since)
        return sorted(recent, key=lambda each: (each.partner, each.head.jurisdiction, each.head.day, each.head.at))

    def _head(self, jurisdiction: str) -> ChainHead:
        return self._books.audit_heads.get(jurisdiction, ChainHead(jurisdiction=jurisdiction))


def _fits(event: AuditEvent, wanted: AuditFilter) -> bool:
    day = civil_day(event.at)
    return (
        event.jurisdiction in wanted.jurisdictions
        and (wanted.first is None or wanted.first <= day)
        and (wanted.last is None or day <= wanted.last)
        and wanted.actor in (None, event.actor.id)
        and (wanted.actions is None or event.action in wanted.actions)
        and (wanted.subjects is None or not wanted.subjects.isdisjoint(event.subjects))
        and (wanted.refused is None or wanted.refused is (event.problem is not None))
    )
