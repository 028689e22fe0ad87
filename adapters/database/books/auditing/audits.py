"""The audit's chains in SQL."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import Select, bindparam, func, select

from adapters.database.books.auditing.rows import audit_row, columns_of, signed_head, witnessed_head
from adapters.database.faults import or_busy
from adapters.database.pages import beyond
from adapters.database.tables import AuditHeadRow, AuditRowRow, AuditSignedRow, AuditSubjectRow, AuditWitnessedRow
from adapters.database.values import day_of, iso_of, stored
from adapters.database.work import AnyRow, Asked, Work, table_of
from exchange.auditing.chain import AuditRow, ChainHead, by_jurisdiction, extend, read_row_id, row_id
from exchange.auditing.event import Actor, ActorKind, AuditEvent
from exchange.auditing.heads import SignedHead, WitnessedHead
from exchange.auditing.repeated import Reading
from exchange.ledger import AuditFilter, Page
from exchange.moments import Period, day_end, day_start, to_milliseconds

_ROWS, _SUBJECTS, _HEADS = table_of(AuditRowRow), table_of(AuditSubjectRow), table_of(AuditHeadRow)
_SIGNED, _WITNESSED = table_of(AuditSignedRow), table_of(AuditWitnessedRow)
_HELD = Asked(lambda _: select(_HEADS).where(_HEADS.c.jurisdiction == bindparam("jurisdiction")).with_for_update())
_MOVED = ("day", "sequence", "digest")
_MOVE = Asked(lambda _: _HEADS.update().where(_HEADS.c.jurisdiction == bindparam("of")), sets=_MOVED)


class SqlAudits:
    """`exchange.ledger.Audits` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def append(self, events: Sequence[AuditEvent]) -> list[AuditRow]:
        added: list[AuditRow] = []
        for jurisdiction, those in by_jurisdiction(events):
            head, rows = extend(self._held(jurisdiction), those)
            self._work.insert(AuditRowRow, [columns_of(row) for row in rows])
            self._work.insert(AuditSubjectRow, [(subject, row.id) for row in rows for subject in sorted(set(row.event.subjects))])
            moved = {"day": iso_of(head.day), "sequence": head.sequence, "digest": head.digest}
            self._work.tell(_MOVE, {**moved, "of": jurisdiction})
            added += rows
        return added

    def heads(self) -> list[ChainHead]:
        return [_head(row) for row in self._work.rows(select(_HEADS).order_by(_HEADS.c.jurisdiction))]

    def close(self, jurisdiction: str, day: date) -> None:
        self._held(jurisdiction)
        self._work.change(_HEADS.update().where(_HEADS.c.jurisdiction == jurisdiction).values(closed=day.isoformat()))

    def get(self, jurisdiction: str, day: date, sequence: int) -> AuditRow | None:
        row = self._work.first(select(_ROWS).where(_ROWS.c.id == row_id(jurisdiction, day, sequence)))
        return None if row is None else audit_row(row)

    def find(self, wanted: AuditFilter, page: Page) -> list[AuditRow]:
        held, found = _ROWS.c, select(_ROWS)
        if wanted.subjects is not None:
            about = select(_SUBJECTS.c.row).where(self._work.one_of(_SUBJECTS.c.subject, wanted.subjects))
            found = found.where(held.id.in_(about))
        if wanted.first is not None:
            found = found.where(held.at >= to_milliseconds(day_start(wanted.first)))
        if wanted.last is not None:
            found = found.where(held.at < to_milliseconds(day_end(wanted.last)))
        if wanted.actor is not None:
            found = found.where(held.actor == wanted.actor)
        if wanted.actions is not None:
            found = found.where(self._work.one_of(held.action, wanted.actions))
        if wanted.refused is not None:
            found = found.where(held.problem.is_not(None) if wanted.refused else held.problem.is_(None))
        found = beyond(found, held.at, held.id, page)
        rows = self._work.newest(found, held.jurisdiction, wanted.jurisdictions, (held.at, held.id), page.limit)
        return [audit_row(row) for row in rows]

    def rows(self, jurisdiction: str) -> Iterator[AuditRow]:
        with self._work.stream(_within(select(_ROWS), jurisdiction).order_by(_ROWS.c.id)) as rows:
            for row in rows:
                yield audit_row(row)

    def indexed(self, jurisdiction: str) -> Iterator[tuple[date, int, str]]:
        first = row_id(jurisdiction, date.min, 0).split(".")[0]
        place = _SUBJECTS.c.row
        found = select(_SUBJECTS).where(place > f"{first}.", place < f"{first}/").order_by(place, _SUBJECTS.c.subject)
        with self._work.stream(found) as rows:
            for row in rows:
                _, day, sequence = read_row_id(row.row)
                yield day, sequence, row.subject

    def unsigned(self, before: date) -> list[AuditRow]:
        ends = []
        for head in self.heads():
            if head.day is None:
                continue
            day_of_row = func.substr(_ROWS.c.id, _DAY_AT[head.jurisdiction == ""], 10)
            found = _within(select(func.max(_ROWS.c.id).label("last")), head.jurisdiction).where(day_of_row < before.isoformat())
            if head.closed is not None:
                found = found.where(_ROWS.c.id > row_id(head.jurisdiction, head.closed, 999_999_999))
            ends += [row.last for row in self._work.rows(found.group_by(day_of_row))]
        wanted = select(_ROWS).where(self._work.one_of(_ROWS.c.id, ends)).order_by(_ROWS.c.id)
        return [audit_row(row) for row in self._work.rows(wanted)] if ends else []

    def count(
        self, *, since: datetime, actor: Actor | None = None, subject: str | None = None, actions: Sequence[str] = ()
    ) -> int:
        held = _ROWS.c
        found = select(func.coalesce(func.sum(held.count), 0)).select_from(_ROWS)
        found = found.where(held.at >= to_milliseconds(since), held.problem.is_(None))
        if actor is not None:
            found = found.where(held.actor_kind == actor.kind.value, held.actor == actor.id)
        if subject is not None:
            found = found.join(_SUBJECTS, _SUBJECTS.c.row == held.id).where(_SUBJECTS.c.subject == subject)
        if actions:
            found = found.where(self._work.one_of(held.action, actions))
        row = self._work.first(found)
        return int(row[0]) if row is not None else 0

    def repeated(self, period: Period, more_than: int) -> list[Reading]:
        held, times = _ROWS.c, func.count()
        grouped = (held.jurisdiction, held.actor_kind, held.actor, held.role, _SUBJECTS.c.subject)
        found = (
            select(*grouped, times.label("times"))
            .select_from(_ROWS)
            .join(_SUBJECTS, _SUBJECTS.c.row == held.id)
            .where(held.at >= to_milliseconds(day_start(period.first)), held.at < to_milliseconds(day_end(period.last)))
            .where(held.problem.is_(None), held.shown != "[]", _SUBJECTS.c.subject.like("person:%"))
            .group_by(*grouped)
            .having(times > more_than)
            .order_by(*grouped)
        )
        return [
            Reading(
                jurisdiction=row.jurisdiction,
                actor=Actor(kind=ActorKind(row.actor_kind), id=row.actor, role=row.role),
                subject=row.subject,
                times=row.times,
            )
            for row in self._work.rows(found)
        ]

    def add_signed(self, heads: Sequence[SignedHead]) -> None:
        self._work.claim_all(AuditSignedRow, [stored(head) for head in heads])

    def signed(self, jurisdiction: str) -> list[SignedHead]:
        found = select(_SIGNED).where(_SIGNED.c.jurisdiction == jurisdiction).order_by(_SIGNED.c.day)
        return [signed_head(row) for row in self._work.rows(found)]

    def latest_signed(self) -> list[SignedHead]:
        others = _SIGNED.alias()
        last = select(func.max(others.c.day)).where(others.c.jurisdiction == _SIGNED.c.jurisdiction).scalar_subquery()
        found = select(_SIGNED).where(_SIGNED.c.day == last).order_by(_SIGNED.c.jurisdiction)
        return [signed_head(row) for row in self._work.rows(found)]

    def witness(self, heads: Sequence[WitnessedHead]) -> None:
        rows = [{"partner": each.partner, "ours": each.ours, **stored(each.head)} for each in heads]
        self._work.claim_all(AuditWitnessedRow, rows)

    def witnessed(self, *, ours: bool, partner: str | None = None, since: date | None = None) -> list[WitnessedHead]:
        held = _WITNESSED.c
        found = select(_WITNESSED).where(held.ours == ours)
        if partner is not None:
            found = found.where(held.partner == partner)
        if since is not None:
            found = found.where(held.day >= since.isoformat())
        ordered = found.order_by(held.partner, held.jurisdiction, held.day, held.at)
        return [witnessed_head(row) for row in self._work.rows(ordered)]

    def _held(self, jurisdiction: str) -> ChainHead:
        """The head, which nobody else gets until this transaction ends."""
        row = self._work.ask_one(_HELD, jurisdiction=jurisdiction)
        if row is None:
            with or_busy():
                self._work.claim(AuditHeadRow, stored(ChainHead(jurisdiction=jurisdiction)))
            row = self._work.ask(_HELD, jurisdiction=jurisdiction)[0]
        _, day, sequence, digest, closed = row
        return ChainHead(jurisdiction=jurisdiction, day=day_of(day), sequence=sequence, digest=digest, closed=day_of(closed))


# Where the day begins in an id, in a county's chain and in the node's own.
_DAY_AT = {False: len("110102.") + 1, True: len("node.") + 1}


def _within(found: Select[tuple[AnyRow]], jurisdiction: str) -> Select[tuple[AnyRow]]:
    """Only one chain, by its own part of the primary key."""
    first = row_id(jurisdiction, date.min, 0).split(".")[0]
    return found.where(_ROWS.c.id > f"{first}.", _ROWS.c.id < f"{first}/")


def _head(row: AnyRow) -> ChainHead:
    return ChainHead(
        jurisdiction=row.jurisdiction, day=day_of(row.day), sequence=row.sequence, digest=row.digest, closed=day_of(row.closed)
    )
