"""Settle differences: take the sheet's value into the entry, keep the entry's with a reason, or leave it for later.

What is taken goes through the verbs that keep an entry, so it has its version and its fact. An entry that has changed since the
check is compared anew: what agrees by now is corrected, and what says something new stays open, to be looked at once more.
Settling again in the same way changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from exchange.checking.check import CheckField, Difference, DifferenceFilter, DifferenceState, Settlement
from exchange.checking.compare import agrees, held, meant_child
from exchange.checking.correct import corrected, ends
from exchange.codes import CloseReason
from exchange.errors import Conflict, NotFound, Refused
from exchange.ledger import Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.draft import check_draft
from exchange.people.register import Entry, EntryClosed
from exchange.people.whereabouts import PlaceReader
from exchange.verbs.keep_entry import change_entry, close_entry


class AlreadySettled(Conflict):
    """The difference was settled in another way, or has lapsed."""

    code = "already-settled"
    zh = "该差异已按其他方式处理，或已过期。"
    en = "The difference was settled in another way before, or has lapsed."


class ValueNotKept(Conflict):
    """The entry cannot hold the sheet's value."""

    code = "value-not-kept"
    zh = "表格的值不可能属实（如日期早于本人出生），个案未改动。"
    en = "The sheet's value cannot be true of the person (a date before their birth, say); the entry was not changed."


class SettledAs(StrEnum):
    """What became of a difference that was to be settled."""

    CORRECTED = "corrected"
    KEPT = "kept"
    LEFT = "left"
    STALE = "stale"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The result for one difference; `refusal` says why it was refused. Stale: the entry says something new, look again."""

    difference: str
    outcome: SettledAs
    entry: str | None = None
    field: CheckField | None = None
    refusal: Refused | None = None


class _Step(NamedTuple):
    """What a difference comes to, with the difference as it is to be stored, or None where it stays as it is."""

    outcome: SettledAs
    then: Difference | None = None
    refusal: Refused | None = None


def settle(
    ledger: Ledger, node: Node, own: frozenset[str], check_id: str, wanted: Mapping[str, Settlement], now: datetime
) -> list[Settled]:
    """Settle differences of one check, one result each in the order asked; NotFound for a check that is not the caller's."""
    check = ledger.cross_checks.get(check_id)
    if check is None or check.jurisdiction not in own:
        raise NotFound
    places = PlaceReader(node.divisions, check.jurisdiction, civil_day(now))
    by_entry: defaultdict[str, list[Difference]] = defaultdict(list)
    for difference in ledger.cross_checks.pick(check_id, wanted, lock=True):
        by_entry[difference.entry].append(difference)
    results: dict[str, Settled] = {}
    changed: list[Difference] = []
    for entry_id, differences in sorted(by_entry.items()):
        entry = ledger.entries.get(entry_id, lock=True)
        work = _EntryWork(ledger, node, places, entry, now)
        for difference, step in work.settle([(each, wanted[each.id]) for each in differences]):
            if step.then is not None:
                changed.append(step.then)
            results[difference.id] = Settled(
                difference=difference.id,
                outcome=step.outcome,
                entry=difference.entry,
                field=difference.field,
                refusal=step.refusal,
            )
    ledger.cross_checks.save(changed)
    missing = Settled(difference="", outcome=SettledAs.REFUSED, refusal=NotFound())
    return [results.get(each) or replace(missing, difference=each) for each in wanted]


def settle_fields(
    ledger: Ledger,
    node: Node,
    own: frozenset[str],
    check_id: str,
    fields: Sequence[CheckField],
    settlement: Settlement,
    now: datetime,
    page: Page,
) -> tuple[list[Settled], str | None]:
    """Settle all open differences of some fields, a page at a time; the results, and where the next page begins."""
    found = [
        difference
        for field in fields
        for difference in ledger.cross_checks.differences(
            DifferenceFilter(own=own, check=check_id, field=field, state=DifferenceState.OPEN), page
        )
    ]
    chosen = sorted(found, key=lambda each: each.id)[: page.limit]
    results = settle(ledger, node, own, check_id, {each.id: settlement for each in chosen}, now)
    return results, chosen[-1].id if len(chosen) == page.limit else None


class _EntryWork:
    """One entry, and the differences in it that are to be settled together."""

    def __init__(self, ledger: Ledger, node: Node, places: PlaceReader, entry: Entry | None, now: datetime) -> None:
        self._ledger, self._node, self._places, self._entry, self._now = ledger, node, places, entry, now

    def settle(self, asked: Sequence[tuple[Difference, Settlement]]) -> Iterator[tuple[Difference, _Step]]:
        """What each comes to; those to be taken are taken together where that is allowed, else one by one."""
        taken: list[Difference] = []
        for difference, settlement in asked:
            step = self._judge(difference, settlement)
            if step is None:
                taken.append(difference)
            else:
                yield difference, step
        if not taken or self._entry is None:
            return
        # A household that moved away closes the entry, so it comes after whatever else is to be corrected.
        taken.sort(key=lambda each: each.field is CheckField.ORIGIN)
        refusal = self._take(self._entry, taken)
        for difference in taken:
            if refusal is not None and len(taken) > 1:
                entry = self._ledger.entries.get(difference.entry)
                told = refusal if entry is None else self._take(entry, [difference])
            else:
                told = refusal
            yield difference, self._done(difference) if told is None else _Step(SettledAs.REFUSED, refusal=told)

    def _judge(self, difference: Difference, settlement: Settlement) -> _Step | None:
        """What can be told without changing the entry; None for a value that is to be taken."""
        entry, proposal = self._entry, difference.proposal
        if difference.state is not DifferenceState.OPEN or proposal is None:
            again = settlement in (difference.settlement, Settlement.LATER)
            return _Step(SettledAs.UNCHANGED) if again else _Step(SettledAs.REFUSED, refusal=AlreadySettled())
        if entry is None or entry.protected:
            lapsed = replace(difference, state=DifferenceState.LAPSED, proposal=None)
            return _Step(SettledAs.REFUSED, lapsed, NotFound())
        if settlement is Settlement.LATER:
            return _Step(SettledAs.LEFT)
        if entry.version != difference.entry_version:
            found = held(entry, difference.field, meant_child(entry, proposal))
            moved = entry.close_reason is CloseReason.HOUSEHOLD_MOVED and difference.field is CheckField.ORIGIN
            if moved or agrees(difference.field, found, proposal.proposed, self._places):
                return self._done(difference)
            if found != proposal.found:
                return _Step(SettledAs.STALE, difference.compared_anew(found, entry.version))
        if settlement is not Settlement.TAKE:
            return _Step(SettledAs.KEPT, difference.kept(settlement, self._now))
        return None if entry.is_open else _Step(SettledAs.REFUSED, refusal=EntryClosed())

    def _done(self, difference: Difference) -> _Step:
        return _Step(SettledAs.CORRECTED, difference.corrected(self._now))

    def _take(self, entry: Entry, taken: Sequence[Difference]) -> Refused | None:
        """Correct the entry by the verbs that keep it; the refusal, and nothing changed, if one of the values is not allowed."""
        try:
            self._correct(entry, taken)
        except Refused as refusal:
            return refusal.with_traceback(None)
        return None

    def _correct(self, entry: Entry, taken: Sequence[Difference]) -> None:
        if not entry.is_open:
            raise EntryClosed
        wanted = [(each.field, each.proposal) for each in taken if each.proposal is not None]
        moved = next((told for name, told in wanted if name is CheckField.ORIGIN and ends(entry, told.proposed)), None)
        facts = [(name, told) for name, told in wanted if told is not moved]
        own = frozenset({entry.jurisdiction})
        if facts:
            draft = corrected(entry, facts)
            kept = check_draft(self._node, entry.jurisdiction, draft, civil_day(self._now)).draft
            then = replace(entry, person=kept.person, record=kept.record, origin=kept.origin, township=kept.township)
            for name, told in facts:
                if not agrees(name, held(then, name, meant_child(then, told)), told.proposed, self._places):
                    raise ValueNotKept
            change_entry(self._ledger, self._node, own, entry.id, draft, self._now)
        if moved is not None:
            on = None if moved.on is None else max(moved.on, civil_day(entry.opened_at))
            close_entry(self._ledger, own, entry.id, CloseReason.HOUSEHOLD_MOVED, self._now, on=on)
