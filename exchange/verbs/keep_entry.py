"""Keep one entry: change it, close it (退档), reopen it (回档), protect it, find it by document.

`own` holds the counties that the caller may see; an entry of another one is not found. `version` is the version that the
caller has seen, None where nobody else writes: VersionDiffers if the entry has changed since.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from exchange.codes import CloseReason
from exchange.errors import Invalid, NotFound, VersionDiffers
from exchange.imports import RowProblem
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
from exchange.node import Node
from exchange.people.document import read_document
from exchange.people.draft import check_draft
from exchange.people.record import DocumentRef, Person
from exchange.people.register import Entry, EntryClosed, EntryDraft, EntryFact, EntryFactKind
from exchange.verbs.pair import pair_waiting
from exchange.verbs.persons.withhold import withhold


class DayOutsideEntry(Invalid):
    """A day on which the entry cannot have closed: before it opened, or still to come."""

    code = "day-outside-entry"
    zh = "退档日期须在建档之后且不晚于今天。"
    en = "An entry closes on a day after its opening and not in the future."


class KeptEntry(NamedTuple):
    """The entry as it now is, and what to look at."""

    entry: Entry
    warnings: tuple[RowProblem, ...]


def change_entry(
    ledger: Ledger,
    node: Node,
    own: frozenset[str],
    entry_id: str,
    draft: EntryDraft,
    now: datetime,
    *,
    version: int | None = None,
) -> KeptEntry:
    """Replace what an open entry says by the draft, as it stands: a fact that the draft does not have is gone.

    The register and the protection stay. A Refused leaf as in enrolling; EntryExists if the person has another open entry.
    """
    entry = _load(ledger, own, entry_id, version)
    if not entry.is_open:
        raise EntryClosed
    checked = check_draft(node, entry.jurisdiction, replace(draft, register=entry.register), civil_day(now))
    draft = checked.draft
    then = replace(entry, person_index=checked.person_index).changed(
        person=draft.person,
        record=draft.record,
        origin=draft.origin,
        destination=draft.destination,
        township=draft.township,
    )
    if then != entry:
        ledger.entries.save([then])
        _tell(ledger, then, EntryFactKind.CHANGED, now, now)
        pair_waiting(ledger, [then], now)
        if then.protected:
            withhold(ledger, [then], now)
    return KeptEntry(then, checked.warnings)


def close_entry(
    ledger: Ledger,
    own: frozenset[str],
    entry_id: str,
    reason: CloseReason,
    now: datetime,
    *,
    on: date | None = None,
    version: int | None = None,
) -> Entry:
    """退档, as of the start of the day `on` or else now; EntryClosed, DayOutsideEntry."""
    entry = _load(ledger, own, entry_id, version)
    at = now if on is None or on == civil_day(now) else day_start(on)
    if at > now or (on is not None and on < civil_day(entry.opened_at)):
        raise DayOutsideEntry(pointer="/on")
    at = max(at, entry.opened_at)
    then = entry.closed(reason, at)
    ledger.entries.save([then])
    _tell(ledger, then, EntryFactKind.CLOSED, at, now, reason)
    return then


def reopen_entry(ledger: Ledger, own: frozenset[str], entry_id: str, now: datetime, *, version: int | None = None) -> Entry:
    """回档, whatever it was closed for: this is a clerk's own decision. EntryOpen, EntryExists."""
    then = _load(ledger, own, entry_id, version).reopened(now)
    ledger.entries.save([then])
    _tell(ledger, then, EntryFactKind.REOPENED, now, now)
    pair_waiting(ledger, [then], now)
    return then


def protect_entry(
    ledger: Ledger, own: frozenset[str], entry_id: str, protected: bool, now: datetime, *, version: int | None = None
) -> Entry:
    """Set or lift the protection (保护) of an entry: a protected one is never compared, announced or found by others.

    What other departments' sheets had to say of it is erased, what waits to be sent about it is taken back, and no exchange is
    paired with it any more. In the figures, which higher levels see, an open one counts from then on as closed, and from the end
    of its protection on as opened; what was counted before stays.
    """
    entry = _load(ledger, own, entry_id, version)
    if entry.protected is protected:
        return entry
    then = replace(entry, protected=protected, version=entry.version + 1)
    ledger.entries.save([then])
    if then.is_open:
        shown = EntryFactKind.CLOSED if protected else EntryFactKind.OPENED
        ledger.entries.add_facts([EntryFact(entry=then.id, what=shown, happened_at=now, known_at=now)])
    if protected:
        ledger.cross_checks.lapse(entry=entry_id)
        withhold(ledger, [then], now)
    pair_waiting(ledger, [then], now)
    return then


def find_by_document(ledger: Ledger, node: Node, own: frozenset[str], document: DocumentRef) -> list[Entry]:
    """The entries of one person in the caller's own registers, open ones first, the latest first; DocumentRefused.

    For the county's own clerks, who see protected entries too. Nobody is found without a number.
    """
    read = read_document(document.type, document.number or "")
    if not read.number:
        return []
    index = node.person_index(Person(name="-", document=DocumentRef(type=read.type, number=read.number)))
    found = ledger.entries.by_person(own, [index]).get(index, ())
    return sorted(found, key=lambda entry: (entry.is_open, entry.opened_at, entry.id), reverse=True)


def _load(ledger: Ledger, own: frozenset[str], entry_id: str, version: int | None) -> Entry:
    entry = ledger.entries.get(entry_id, lock=True)
    if entry is None or entry.jurisdiction not in own:
        raise NotFound
    if version is not None and entry.version != version:
        raise VersionDiffers
    return entry


def _tell(
    ledger: Ledger,
    entry: Entry,
    what: EntryFactKind,
    happened_at: datetime,
    known_at: datetime,
    reason: CloseReason | None = None,
) -> None:
    """Write down what happened to an entry, so that it counts; of a protected one nothing does."""
    if not entry.protected:
        ledger.entries.add_facts(
            [EntryFact(entry=entry.id, what=what, happened_at=happened_at, known_at=known_at, reason=reason)]
        )
