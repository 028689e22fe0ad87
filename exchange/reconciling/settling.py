"""What would settle a difference between two registers: whose step it is, the message for it, and why there may be none.

- of a person in the inflow register alone, the destination tells the origin (`arrival`)
- of a person in the outflow register alone, the origin tells the destination (`departure`); or its clerk, who knows better,
  changes the entry's destination or closes the entry
- where facts differ, the destination asks the origin about them, for the origin keeps the household; the origin asks where the
  agreement lets only that side open
- where the origin knew the destination only coarsely, its clerk sets it to the county; nothing is sent

What the agreement in force does not allow is not prepared. What was told or asked already is not prepared once more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from exchange.codes import Event, Item, Kind, Purpose, Role
from exchange.conversation import State
from exchange.errors import Conflict, Refused, Retry
from exchange.exchanges import Acceptance, Exchange
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.record import Record
from exchange.people.register import Entry, EntryClosed, EntryProtected
from exchange.reconciling.results import DifferenceKind, RegisterDifference
from exchange.routing.today import names
from exchange.terms.agreement import ItemNotAgreed, SignedAgreement, covering


class DifferenceSettled(Conflict):
    """A later comparison no longer found it."""

    code = "difference-settled"
    zh = "后一次对账已不再有该差异。"
    en = "A later comparison no longer found this difference."


class EntryElsewhere(Conflict):
    """The entry has changed and does not belong to this pair of registers any more."""

    code = "entry-elsewhere"
    zh = "个案的对方地区已更改，不再属于这一对台账；以下次对账为准。"
    en = "The entry names another place by now and is no longer in these two registers; the next comparison tells."


class FieldsUnknown(Conflict):
    """The two records differ, and it is not known in what."""

    code = "fields-unknown"
    zh = "尚不知哪些项目不一致；下次对账后再办理。"
    en = "In which items the records differ is not known yet; the next comparison tells."


class OtherSideActs(Conflict):
    """The next step is the other side's."""

    code = "other-side-acts"
    zh = "该差异由对方办理，本方等候。"
    en = "The other side takes the next step; wait for it."


class NothingToSend(Conflict):
    """A destination that is known only coarsely is corrected in the entry."""

    code = "nothing-to-send"
    zh = "该差异通过更正个案的现居住地处理，无须发送：woshou difference set-destination。"
    en = "Nothing is sent: this is settled by correcting the entry's destination, `woshou difference set-destination`."


class NotCoarse(Conflict):
    """Only where the comparison found the county of a coarsely known destination can it be set."""

    code = "not-coarse"
    zh = "只有经对账查明区县的粗略去向才能由此更正。"
    en = "Only a coarse destination whose county was found by a comparison can be set here."


class Means(StrEnum):
    """By what a difference would be settled: a notice, a query, or a change of the own entry."""

    ARRIVAL = "arrival"
    DEPARTURE = "departure"
    QUERY = "query"
    DESTINATION = "destination"


class Standing(StrEnum):
    """How far it is.

    - `ready`: a clerk can take the step that is prepared
    - `under_way`: told or asked, and not answered yet
    - `done`: told, answered or corrected; the next comparison shows whether that was enough
    - `theirs`: the other side's step
    - `blocked`: nothing can be done here, and there is a reason
    - `settled`: a later comparison no longer found it
    """

    READY = "ready"
    UNDER_WAY = "under_way"
    DONE = "done"
    THEIRS = "theirs"
    BLOCKED = "blocked"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The message that would settle it: a notice of `event`, or without one a query about `items`."""

    other: str
    own_is_origin: bool
    purpose: Purpose
    event: Event | None = None
    event_date: date | None = None
    items: tuple[Item, ...] = ()
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What would settle a difference. `message` is there only while it can be sent, `obstacle` says why there is none.

    `left_out` are differing items that the agreement does not let be asked. `exchanges` are those about the entry and this
    matter, the latest last.
    """

    means: Means
    standing: Standing
    message: Prepared | None = None
    left_out: tuple[Item, ...] = ()
    obstacle: Refused | None = None
    exchanges: tuple[Exchange, ...] = ()


# What may be asked about for which purpose, the first that fits; the other purposes rest on an application of the person.
_PURPOSES: dict[Purpose, frozenset[Item]] = {
    Purpose.PUBLIC_SERVICE: frozenset(Item),
    Purpose.CERTIFICATE_VERIFICATION: frozenset({Item.CERTIFICATE}),
}
_OWED = frozenset({State.OPEN, State.CHALLENGED})
_EVENTS = {Means.ARRIVAL: Event.ARRIVAL, Means.DEPARTURE: Event.DEPARTURE}


def means_of(difference: RegisterDifference) -> Means:
    """By what it would be settled, whoever does it."""
    match difference.kind:
        case DifferenceKind.COARSE:
            return Means.DESTINATION
        case DifferenceKind.DIFFERING:
            return Means.QUERY
        case DifferenceKind.ONE_SIDED:
            return Means.DEPARTURE if difference.own == difference.pair.origin else Means.ARRIVAL


def settling_of(
    difference: RegisterDifference,
    entry: Entry,
    exchanges: Iterable[Exchange],
    agreements: Iterable[SignedAgreement],
    node: Node,
    now: datetime,
) -> Settling:
    """What would settle it today; `exchanges` are the entry's, `agreements` those with the partner."""
    return _Judging(difference, entry, tuple(agreements), node, now).judge(exchanges)


def place_set(difference: RegisterDifference, entry: Entry) -> bool:
    """Whether a coarse destination has been set to the county that was found."""
    return entry.destination == difference.pair.destination


class _Judging:
    def __init__(
        self, difference: RegisterDifference, entry: Entry, agreements: tuple[SignedAgreement, ...], node: Node, now: datetime
    ) -> None:
        self._difference, self._entry, self._agreements, self._node, self._now = difference, entry, agreements, node, now
        self._means = means_of(difference)
        self._other = difference.pair.other(difference.own)
        self._is_origin = difference.own == difference.pair.origin

    def judge(self, exchanges: Iterable[Exchange]) -> Settling:
        about = tuple(sorted((each for each in exchanges if self._concerns(each)), key=lambda each: each.submitted_at))
        standing, obstacle = self._end()
        if obstacle is not None:
            return Settling(means=self._means, standing=standing, obstacle=obstacle, exchanges=about)
        match self._means:
            case Means.DESTINATION:
                return self._destination()
            case Means.QUERY:
                return self._query(about)
            case Means.ARRIVAL | Means.DEPARTURE:
                return self._notice(about)

    def _end(self) -> tuple[Standing, Refused | None]:
        """What puts an end to it, whatever it is: that it is settled, or what became of the entry."""
        entry, divisions = self._entry, self._node.divisions
        if not self._difference.open:
            return Standing.SETTLED, DifferenceSettled()
        if entry.protected:
            return Standing.BLOCKED, EntryProtected()
        if not entry.is_open:
            return Standing.DONE, EntryClosed()
        in_pair = entry.register is self._difference.pair.register_of(self._difference.own)
        if not in_pair or not names(divisions, entry.other, self._other, civil_day(self._now)):
            return Standing.DONE, EntryElsewhere()
        return Standing.READY, None

    def _destination(self) -> Settling:
        if not self._is_origin:
            return Settling(means=self._means, standing=Standing.THEIRS, obstacle=OtherSideActs())
        done = place_set(self._difference, self._entry)
        return Settling(means=self._means, standing=Standing.DONE if done else Standing.READY)

    def _notice(self, about: tuple[Exchange, ...]) -> Settling:
        if about:
            return Settling(means=self._means, standing=self._progress(about), exchanges=about)
        event, purpose = _EVENTS[self._means], Purpose.PUBLIC_SERVICE
        try:
            allowed = self._allowed(event.value, purpose, ours=True)
        except Refused as refusal:
            return self._blocked(refusal)
        moving, opened = self._entry.record.moving, civil_day(self._entry.opened_at)
        moved_on = moving.moved_on if moving is not None else None
        message = Prepared(
            other=self._other,
            own_is_origin=self._is_origin,
            purpose=purpose,
            event=event,
            event_date=moved_on if moved_on is not None and moved_on <= civil_day(self._now) else opened,
            record=self._known({Item.MOVING} & allowed),
        )
        return Settling(means=self._means, standing=Standing.READY, message=message)

    def _query(self, about: tuple[Exchange, ...]) -> Settling:
        asked = {item for each in about for item in each.items}
        left = tuple(item for item in self._difference.fields if item not in asked)
        if about and not left:
            return Settling(means=self._means, standing=self._progress(about), exchanges=about)
        if not left:
            return self._blocked(FieldsUnknown())
        # The household's county knows better; the other way about only where the agreement leaves no other way.
        theirs_first = self._is_origin and self._asking(left, ours=False) is not None
        if theirs_first:
            return Settling(means=self._means, standing=Standing.THEIRS, obstacle=OtherSideActs(), exchanges=about)
        ours = self._asking(left, ours=True)
        if ours is None:
            if about:
                return Settling(means=self._means, standing=self._progress(about), left_out=left, exchanges=about)
            if not self._is_origin and self._asking(left, ours=False) is not None:
                return Settling(means=self._means, standing=Standing.THEIRS, obstacle=OtherSideActs())
            return self._blocked(self._refusal())
        purpose, items = ours
        message = Prepared(
            other=self._other, own_is_origin=self._is_origin, purpose=purpose, items=items, record=self._known(frozenset(items))
        )
        left_out = tuple(item for item in left if item not in items)
        return Settling(means=self._means, standing=Standing.READY, message=message, left_out=left_out, exchanges=about)

    def _blocked(self, refusal: Refused) -> Settling:
        return Settling(means=self._means, standing=Standing.BLOCKED, obstacle=refusal.with_traceback(None))

    def _asking(self, wanted: tuple[Item, ...], *, ours: bool) -> tuple[Purpose, tuple[Item, ...]] | None:
        """For what purpose, and about which of the items, a side may ask the other; None if it may not."""
        for purpose, fitting in _PURPOSES.items():
            try:
                allowed = self._allowed("query", purpose, ours=ours) & fitting
            except Refused:
                continue
            if items := tuple(item for item in wanted if item in allowed):
                return purpose, items
        return None

    def _refusal(self) -> Refused:
        """Why neither side may ask."""
        try:
            self._allowed("query", Purpose.PUBLIC_SERVICE, ours=True)
        except Refused as refusal:
            return refusal
        return ItemNotAgreed()

    def _allowed(self, subject: str, purpose: Purpose, *, ours: bool) -> frozenset[Item]:
        """What may cross in an opening of one side; NoAgreement, or a Refused leaf of the division table."""
        own, other = (self._node.name, self._difference.own), (self._difference.partner, self._other)
        pair, divisions, day = self._difference.pair, self._node.divisions, civil_day(self._now)
        signed = covering(
            self._agreements,
            divisions,
            sender=own if ours else other,
            receiver=other if ours else own,
            subject=subject,
            purpose=purpose,
            category=divisions.category(pair.origin, pair.destination, day),
            day=day,
        )
        return signed.agreement.items_for(subject, purpose)

    def _known(self, items: frozenset[Item] | set[Item]) -> Record | None:
        """Our values of some items, for the other side to compare; None where we know none of them."""
        known = self._entry.record.items() & items
        return self._entry.record.only(known) if known else None

    def _concerns(self, exchange: Exchange) -> bool:
        """Whether an exchange of the entry is about this matter, and still counts."""
        if not _stands(exchange) or not names(self._node.divisions, self._other, exchange.other, civil_day(self._now)):
            return False
        if self._means is Means.QUERY:
            asks = exchange.kind is Kind.QUERY and not frozenset(self._difference.fields).isdisjoint(exchange.items)
            return asks and (self._goes_on(exchange) or exchange.submitted_at >= self._difference.first_at)
        if self._means is Means.DESTINATION or exchange.key.role is not Role.ASKER:
            return False
        return exchange.event is _EVENTS[self._means] and exchange.submitted_at >= self._entry.opened_at

    def _goes_on(self, exchange: Exchange) -> bool:
        talk = exchange.conversation
        if talk is None:
            return True
        state = talk.state_at(self._now, self._node.rules.lapse_days)
        return state in _OWED or state is State.ANSWERED

    def _progress(self, about: tuple[Exchange, ...]) -> Standing:
        owed = any(each.conversation is None or each.conversation.state in _OWED for each in about)
        return Standing.UNDER_WAY if owed else Standing.DONE


def _stands(exchange: Exchange) -> bool:
    """Neither taken back nor rejected; what is sent again by itself is still on its way."""
    if exchange.acceptance is Acceptance.REJECTED:
        return exchange.problem is not None and exchange.problem.retry is Retry.LATER
    return exchange.conversation is None or exchange.conversation.state is not State.WITHDRAWN
