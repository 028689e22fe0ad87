"""What a register entry counts for, kept beside it: the truth from the last thing on that it follows from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from exchange.codes import Role
from exchange.counting.entries import Contact, CountedEntry, EntryPlace, contact_of, opening_at
from exchange.counting.history import History
from exchange.exchanges import Acceptance
from exchange.moments import Period, civil_day
from exchange.people.register import MOVES, EntryFact, EntryFactKind

# Of an entry whose counts depend on which counties are added up together.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an entry counts for as of `settled_at` and ever after, in a period that ends after `moved_at`.

    `moved_at` is when the last opening, closing or reopening happened; `year` that of the opening by which it is open, 0 if it is
    closed. `settled_at` is the last moment at which anything happened, became known or was voided that this follows from.
    """

    place: EntryPlace
    year: int
    moved_at: datetime
    settled_at: datetime
    exchanged: bool
    confirmed: bool


def standing_of(place: EntryPlace, facts: Iterable[EntryFact], about: Iterable[History]) -> Standing | None:
    """What an entry counts for by its facts, and by the exchanges about it; None if it was never opened."""
    moves = [fact for fact in facts if fact.what in MOVES]
    if not any(fact.what is EntryFactKind.OPENED for fact in moves):
        return None
    asked = [each for each in about if each.exchange.key.role is Role.ASKER and each.exchange.acceptance is Acceptance.ACCEPTED]
    last = _last(moves, asked)
    day = civil_day(last)
    opening = opening_at(moves, Period(first=day, last=day), last)
    counted = None if opening is None else CountedEntry(entry=place, opening=opening, contact=_contact(asked, last))
    return Standing(
        place=place,
        year=0 if opening is None else civil_day(opening.happened_at).year,
        moved_at=max(fact.happened_at for fact in moves),
        # An exchange of another county's counts in what adds up both, and in that alone.
        settled_at=last if all(each.exchange.own == place.jurisdiction for each in asked) else NEVER,
        exchanged=counted is not None and counted.exchanged,
        confirmed=counted is not None and counted.confirmed,
    )


def _last(moves: Sequence[EntryFact], asked: Iterable[History]) -> datetime:
    kept = [kept for each in asked for kept in each.facts]
    moments = [moment for fact in moves for moment in (fact.happened_at, fact.known_at)]
    moments += [moment for each in kept for moment in (each.fact.happened_at, each.fact.known_at)]
    return max([*moments, *(each.voided_at for each in kept if each.voided_at is not None)])


def _contact(asked: Iterable[History], as_of: datetime) -> Contact | None:
    contact: Contact | None = None
    for history in asked:
        # Whether an answer has lapsed says nothing about an entry.
        verdict = history.verdict_at(as_of, lapse_days=1)
        if verdict is not None and not verdict.withdrawn_apart:
            contact = contact_of(verdict).joined(contact)
    return contact
