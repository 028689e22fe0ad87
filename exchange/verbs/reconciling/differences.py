"""Read the differences between registers: each with its entry, what would settle it, and the message as `submit` takes it.

Whether a prepared message can be sent is not guessed: it is admitted as it would be when sent, and not stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.codes import QueryReason
from exchange.counting.query import UNASSIGNED
from exchange.errors import Conflict, NotFound, Refused
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.register import Entry
from exchange.reconciling.results import RegisterDifference
from exchange.reconciling.settling import Prepared, Settling, Standing, settling_of
from exchange.verbs.submit import OpeningDraft, Submission


class SeveralDifferences(Conflict):
    """The entry was compared with more than one county: say which is meant."""

    code = "several-differences"
    zh = "该个案与多个地区有差异，请指明对方区县。"
    en = "The entry differs from the registers of more than one county; say which is meant."


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceItem:
    """A difference as a clerk sees it; `draft` is the message that can be sent now, None where there is none."""

    difference: RegisterDifference
    entry: Entry
    settling: Settling
    draft: OpeningDraft | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """How far differences are known: which counties were never compared to the end, and the earliest last time of the others."""

    at: datetime | None
    never: tuple[str, ...]


def described(ledger: Ledger, node: Node, differences: Sequence[RegisterDifference], now: datetime) -> list[DifferenceItem]:
    """These differences with what would settle them: a few look-ups for all of them."""
    entries = ledger.entries.load({each.entry for each in differences})
    # Whom a birth registration is about is its clerk's alone to know: a difference shows none, and stands as if there were none.
    today = civil_day(now)
    exchanges = {
        entry: [each for each in held if not each.told_as_birth(today)]
        for entry, held in ledger.exchanges.of_entries(entries).items()
    }
    agreements = {partner: ledger.agreements.all(partner) for partner in {each.partner for each in differences}}
    items = []
    for each in differences:
        entry = entries[each.entry]
        settling = settling_of(each, entry, exchanges.get(entry.id, ()), agreements[each.partner], node, now)
        draft = _draft(each, entry, settling.message) if settling.message is not None else None
        items.append(DifferenceItem(difference=each, entry=entry, settling=settling, draft=draft))
    return _admitted(ledger, node, items, now)


def find_difference(
    ledger: Ledger, own: frozenset[str], entry_id: str, other: str | None, township: str | None = None, *, lock: bool = False
) -> RegisterDifference:
    """The difference of one entry, with the county `other` where there are several; NotFound, SeveralDifferences.

    `township` is that of a township's clerk: entries of others are not there. `lock` keeps the entry as it is meanwhile.
    """
    entry = ledger.entries.get(entry_id, lock=lock)
    if entry is None or entry.jurisdiction not in own or township not in (None, entry.township or UNASSIGNED):
        raise NotFound
    found = [
        each
        for each in ledger.register_runs.difference_of(entry_id)
        if each.own in own and other in (None, each.pair.other(each.own))
    ]
    standing = [each for each in found if each.open]
    if not found:
        raise NotFound
    if len(standing or found) > 1:
        raise SeveralDifferences(pointer="/other")
    return (standing or found)[0]


def reconciled(ledger: Ledger, own: frozenset[str]) -> Reconciled:
    """How far the differences of these counties are known."""
    last = ledger.register_runs.reconciled(own)
    return Reconciled(at=min(last.values(), default=None), never=tuple(sorted(own - set(last))))


def _draft(difference: RegisterDifference, entry: Entry, message: Prepared) -> OpeningDraft:
    return OpeningDraft(
        own=difference.own,
        other=message.other,
        own_is_origin=message.own_is_origin,
        event=message.event,
        event_date=message.event_date,
        purpose=message.purpose,
        entry=entry.id,
        person=entry.person,
        items=message.items,
        reason=QueryReason.FACTS_DIFFER,
        record=message.record,
    )


def _admitted(ledger: Ledger, node: Node, items: Iterable[DifferenceItem], now: datetime) -> list[DifferenceItem]:
    """The items, those whose message would be refused with the refusal instead of the message."""
    told, submission = list(items), Submission(ledger, node, now)
    submission.expect([item.draft for item in told if item.draft is not None])
    return [_tried(submission, item) for item in told]


def _tried(submission: Submission, item: DifferenceItem) -> DifferenceItem:
    if item.draft is None:
        return item
    try:
        submission.admit(item.draft)
    except Refused as refusal:
        blocked = replace(item.settling, standing=Standing.BLOCKED, message=None, obstacle=refusal.with_traceback(None))
        return replace(item, settling=blocked, draft=None)
    return item
