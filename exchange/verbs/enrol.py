"""Enrol people in a register, a whole set at once: new entries open, known ones change, closed ones are reopened.

Entering the same people again changes nothing. An entry learns, it does not forget: what a draft does not say stays, and a
province does not blur a county that is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msgspec import structs

from exchange.codes import CloseReason, RegisterKind, Sex
from exchange.errors import Conflict, Refused
from exchange.ids import new_id
from exchange.imports import RowProblem
from exchange.jurisdiction import Divisions
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
from exchange.node import Node
from exchange.people.doubts import warning
from exchange.people.draft import CheckedDraft, Registrar, check_draft
from exchange.people.name import match_key
from exchange.people.record import Person
from exchange.people.register import FINAL_REASONS, Entry, EntryDraft, EntryFact, EntryFactKind
from exchange.verbs.pair import pair_waiting
from exchange.verbs.persons.withhold import withhold

__all__ = ["EnrolResult", "Enrolment", "EntryFinal", "NobodyAway", "check_draft", "enrol", "enrol_checked"]

_REASONS = {
    CloseReason.DECEASED: ("死亡", "deceased"),
    CloseReason.HOUSEHOLD_MOVED: ("户口迁移", "household moved"),
    CloseReason.DUPLICATE: ("重复建档", "duplicate"),
}


class EntryFinal(Conflict):
    """The person's entry was closed for good; only a clerk's own decision reopens it."""

    code = "entry-final"
    zh = "该人员个案已因死亡、户口迁移或重复建档退档，如确有误，请先由经办人回档。"
    en = "The entry was closed for good (deceased, household moved, duplicate); a clerk has to reopen it first."


class NobodyAway(Conflict):
    """The draft tells of a return, and there is no entry to close."""

    code = "already-returned"
    zh = "该人员已返回，且本台账没有可退档的个案，不建档。"
    en = "The person has come back and has no entry here that could be closed; none is opened."


class Enrolment(StrEnum):
    """What became of a draft."""

    OPENED = "opened"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REOPENED = "reopened"
    CLOSED = "closed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolResult:
    """What became of one draft; `entry` is the entry's id, None if it was refused."""

    outcome: Enrolment
    entry: str | None = None
    warnings: tuple[RowProblem, ...] = ()
    refusals: tuple[Refused, ...] = ()


_REOPENED = warning("", "entry-reopened", "该人员个案曾退档，已回档。", "The person's entry had been closed and was reopened.")
_RETURNED = warning(
    "returned_on", "entry-closed", "该人员已返回，个案已退档。", "The person has come back; the entry was closed."
)
_TWICE = warning(
    "document_number",
    "duplicate-row",
    "同一人员多次出现，已合并，以后出现的为准。",
    "The same person again: merged, the later values count.",
)
_NAME_DIFFERS = warning(
    "name",
    "name-differs",
    "姓名与本台账已有个案不同，已更新，请核对证件号码。",
    "The name differs from the entry's and was taken over; check the document number.",
)


def enrol(ledger: Ledger, node: Node, jurisdiction: str, drafts: Sequence[EntryDraft], now: datetime) -> list[EnrolResult]:
    """Enter drafts in the registers of a jurisdiction, one result each in their order; NotServed if it is another node's."""
    registrar = Registrar(node, jurisdiction, civil_day(now))
    return enrol_checked(ledger, registrar, [registrar.check(draft) for draft in drafts], now)


def enrol_checked(ledger: Ledger, registrar: Registrar, checked: Sequence[CheckedDraft], now: datetime) -> list[EnrolResult]:
    """The same for drafts that were checked before the transaction began, which is where checking belongs."""
    indexes = {draft.person_index for draft in checked if not draft.refusals}
    known = ledger.entries.by_person([registrar.jurisdiction], indexes, lock=True) if indexes else {}
    register = _Register(registrar, known, now)
    results = [register.take(draft) for draft in checked]
    register.store(ledger)
    return results


class _Register:
    """The entries of the drafts' people while the drafts are taken one by one."""

    def __init__(self, registrar: Registrar, known: Mapping[str, Iterable[Entry]], now: datetime) -> None:
        self._jurisdiction, self._now = registrar.jurisdiction, now
        self._divisions = registrar.node.divisions
        self._entries: dict[tuple[RegisterKind, str], Entry] = {}
        for index, entries in known.items():
            for entry in sorted(entries, key=_recency):
                self._entries[entry.register, index] = entry
        self._taken: set[tuple[RegisterKind, str]] = set()
        self._added: dict[str, Entry] = {}
        self._changed: dict[str, Entry] = {}
        self._facts: list[EntryFact] = []

    def take(self, checked: CheckedDraft) -> EnrolResult:
        """Decide on one draft."""
        if checked.refusals:
            return EnrolResult(outcome=Enrolment.REFUSED, warnings=checked.warnings, refusals=checked.refusals)
        key = (checked.draft.register, checked.person_index)
        warnings = checked.warnings
        if key in self._taken:
            warnings = (*warnings, _TWICE)
        self._taken.add(key)
        entry = self._entries.get(key)
        try:
            if entry is None:
                return self._open(key, checked, warnings)
            if entry.is_open:
                return self._learn(key, entry, checked, warnings)
            return self._meet_again(key, entry, checked, warnings)
        except Refused as refusal:
            return EnrolResult(outcome=Enrolment.REFUSED, warnings=warnings, refusals=(refusal.with_traceback(None),))

    def store(self, ledger: Ledger) -> None:
        """Write what became of the entries: one addition, one change, one set of facts."""
        if self._added:
            ledger.entries.add(list(self._added.values()))
        if self._changed:
            ledger.entries.save(list(self._changed.values()))
        if self._facts:
            ledger.entries.add_facts(self._facts)
        pair_waiting(ledger, [*self._added.values(), *self._changed.values()], self._now)
        withhold(ledger, [entry for entry in self._added.values() if entry.protected], self._now)

    def _open(self, key: tuple[RegisterKind, str], checked: CheckedDraft, warnings: tuple[RowProblem, ...]) -> EnrolResult:
        if checked.returned_on is not None:
            raise NobodyAway(pointer="/record/moving/returned_on")
        draft = checked.draft
        opened_at = self._happened(draft)
        entry = Entry(
            id=new_id(self._now),
            jurisdiction=self._jurisdiction,
            register=draft.register,
            origin=draft.origin,
            destination=draft.destination,
            township=draft.township,
            person=draft.person,
            record=draft.record,
            person_index=checked.person_index,
            protected=draft.protected,
            opened_at=opened_at,
        )
        self._keep(key, entry, new=True)
        self._tell(entry, EntryFactKind.OPENED, opened_at)
        return EnrolResult(outcome=Enrolment.OPENED, entry=entry.id, warnings=warnings)

    def _learn(
        self, key: tuple[RegisterKind, str], entry: Entry, checked: CheckedDraft, warnings: tuple[RowProblem, ...]
    ) -> EnrolResult:
        then = learned(entry, checked.draft, self._divisions)
        if then is not entry and match_key(then.person.name) != match_key(entry.person.name):
            warnings = (*warnings, _NAME_DIFFERS)
        if checked.returned_on is not None:
            at = max(day_start(checked.returned_on), entry.opened_at)
            then = then.closed(CloseReason.RETURNED, at)
            self._keep(key, then)
            self._tell(then, EntryFactKind.CLOSED, at, CloseReason.RETURNED)
            return EnrolResult(outcome=Enrolment.CLOSED, entry=entry.id, warnings=(*warnings, _RETURNED))
        if then is entry:
            return EnrolResult(outcome=Enrolment.UNCHANGED, entry=entry.id, warnings=warnings)
        self._keep(key, then)
        self._tell(then, EntryFactKind.CHANGED, self._now)
        return EnrolResult(outcome=Enrolment.CHANGED, entry=entry.id, warnings=warnings)

    def _meet_again(
        self, key: tuple[RegisterKind, str], entry: Entry, checked: CheckedDraft, warnings: tuple[RowProblem, ...]
    ) -> EnrolResult:
        """A person whose entry is closed: reopened, unless for good or because the draft only tells of the return."""
        if checked.returned_on is not None:
            return EnrolResult(outcome=Enrolment.UNCHANGED, entry=entry.id, warnings=warnings)
        if entry.close_reason in FINAL_REASONS:
            zh, en = _REASONS[entry.close_reason]
            raise EntryFinal(
                zh=f"该人员个案已退档（{zh}），如确有误，请先由经办人回档。",
                en=f"The entry was closed for good ({en}); a clerk has to reopen it first.",
            )
        at = max(self._happened(checked.draft), entry.closed_at or self._now)
        then = learned(entry.reopened(at), checked.draft, self._divisions)
        self._keep(key, then)
        self._tell(then, EntryFactKind.REOPENED, at)
        return EnrolResult(outcome=Enrolment.REOPENED, entry=entry.id, warnings=(*warnings, _REOPENED))

    def _happened(self, draft: EntryDraft) -> datetime:
        """When the entry opens: at the start of the day that the draft names, unless that is still to come."""
        if draft.opened_on is None:
            return self._now
        return min(day_start(draft.opened_on), self._now)

    def _keep(self, key: tuple[RegisterKind, str], entry: Entry, *, new: bool = False) -> None:
        self._entries[key] = entry
        (self._added if new or entry.id in self._added else self._changed)[entry.id] = entry

    def _tell(self, entry: Entry, what: EntryFactKind, at: datetime, reason: CloseReason | None = None) -> None:
        if entry.protected:
            return  # nothing of it is counted
        self._facts.append(EntryFact(entry=entry.id, what=what, happened_at=at, known_at=self._now, reason=reason))


def learned(entry: Entry, draft: EntryDraft, divisions: Divisions) -> Entry:
    """The open entry with what a draft adds; the same value if that is nothing new."""
    origin, destination = draft.origin, draft.destination
    if destination != entry.destination and divisions.contains(destination, entry.destination):
        destination = entry.destination
    return entry.changed(
        person=_better_known(entry.person, draft.person),
        record=entry.record.updated(draft.record),
        origin=origin,
        destination=destination,
        township=draft.township or entry.township,
    )


def _better_known(before: Person, now: Person) -> Person:
    if now == before:
        return before
    unknown = now.sex in (Sex.UNKNOWN, Sex.UNSTATED)
    return structs.replace(now, sex=before.sex if unknown else now.sex, birth_date=now.birth_date or before.birth_date)


def _recency(entry: Entry) -> tuple[bool, datetime]:
    """Closed entries in the order of their closing, an open one last."""
    return entry.is_open, entry.closed_at or entry.opened_at
