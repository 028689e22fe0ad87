"""Send on (转送) what was answered `wrong_jurisdiction`: the same matter to the county that the answer names, in one step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from exchange.codes import Event, Kind, RegisterKind, Result, Role
from exchange.conversation import State
from exchange.exchanges import Exchange, ExchangeKey, LoggedMessage
from exchange.imports import RowProblem
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.register import Entry, EntryDraft
from exchange.people.whereabouts import PlaceTooCoarse
from exchange.routing.today import names, todays_code
from exchange.routing.trail import NothingToSendOn, SentOn, SentOnAlready, check_no_circle
from exchange.verbs.keep_entry import change_entry
from exchange.verbs.reply import NotYourRole, Said, UnderWay, reply
from exchange.verbs.submit import NoGround, OpeningDraft, submit
from exchange.verbs.work.locked import locked
from exchange.wire.message import Feedback, Notice, Query, read_message

_LONGEST = 50


class EntryNamesAnother(NoGround):
    """The query rests on an entry that still names the county which was asked before."""

    code = "entry-names-another"
    zh = "所依据的在册个案仍指向原地区：请同时更正个案的对方地区。"
    en = "The entry that the query rests on still names the county asked before: have it corrected in the same step."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The exchange that was opened, whether the old one is now confirmed, and whether the entry was corrected.

    `note` tells of a retired code that was replaced.
    """

    before: Exchange
    after: Exchange
    confirmed: bool
    entry_corrected: bool
    note: RowProblem | None


def send_on(
    ledger: Ledger, node: Node, exchange: Exchange, now: datetime, *, to: str | None = None, correct_entry: bool = False
) -> Sent:
    """Open the same matter with the named county, confirm the old exchange, and remember that one follows the other.

    `to` overrides what the answer names. The agreement is judged anew; a Refused leaf if nothing can be sent there. What the
    note of the old query said is left out: it was written for the other county.
    """
    if exchange.key.role is not Role.ASKER:
        raise NotYourRole
    held = locked(ledger, [exchange])[exchange.key]
    log = ledger.messages.of_exchanges(held.key.link, [held.key.exchange]).get(held.key.exchange, [])
    opening = _opening(held, log)
    answer = _answer(held, log)
    talk = held.conversation
    if opening is None or answer is None or talk is None:
        raise NothingToSendOn
    if any(step.before == held.key for step in ledger.routes.onward([held.key.exchange])):
        raise SentOnAlready
    today = civil_day(now)
    found = todays_code(node.divisions, to or answer, today, pointer="/to")
    county = node.divisions.county_of(found.code)
    if county is None:
        raise PlaceTooCoarse(pointer="/to")
    before = [held, *trail(ledger, held.key)]
    asked = [node.divisions.resolve(one.other, today).code or one.other for one in before]
    check_no_circle(held.own, asked, county)
    entry, corrected = _ground(ledger, node, held, county, now, correct_entry)
    after = submit(ledger, node, _draft(held, opening, county, entry), now)
    confirmed = talk.state_at(now, node.rules.lapse_days) is State.ANSWERED and _confirm(ledger, node, held, now)
    ledger.routes.follow(SentOn(before=held.key, after=after.key, at=now))
    return Sent(before=held, after=after, confirmed=confirmed, entry_corrected=corrected, note=found.note)


def right_county(ledger: Ledger, exchange: Exchange) -> str | None:
    """The county that the standing answer names instead, for one who may send the matter on; None without such an answer."""
    if exchange.key.role is not Role.ASKER:
        return None
    key = exchange.key
    return _answer(exchange, ledger.messages.of_exchanges(key.link, [key.exchange]).get(key.exchange, []))


class Trace(NamedTuple):
    """Where a matter came from and went to, and the county that the answer names instead."""

    right_county: str | None
    sent_on_from: str | None
    sent_on_to: str | None


def trace(ledger: Ledger, exchange: Exchange) -> Trace:
    """The trace of one side of an exchange; the asked side has none."""
    key = exchange.key
    before = [step.before.exchange for step in ledger.routes.backward([key.exchange]) if step.after == key]
    after = [step.after.exchange for step in ledger.routes.onward([key.exchange]) if step.before == key]
    return Trace(
        right_county=right_county(ledger, exchange),
        sent_on_from=before[0] if before else None,
        sent_on_to=after[0] if after else None,
    )


def trail(ledger: Ledger, key: ExchangeKey) -> list[Exchange]:
    """The exchanges that this one follows, the nearest first."""
    _, *before = trails_of(ledger, [key])[key]
    return [held for one in before for held in ledger.exchanges.load(one.link, one.role, [one.exchange]).values()]


def trails_of(ledger: Ledger, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, list[ExchangeKey]]:
    """Each of these with all that it follows, the nearest first: one look-up for each step back, however many they are."""
    trails = {key: [key] for key in keys}
    going = set(trails)
    for _ in range(_LONGEST):
        came = {step.after: step.before for step in ledger.routes.backward({trails[key][-1].exchange for key in going})}
        going = {key for key in going if trails[key][-1] in came}
        if not going:
            break
        for key in going:
            trails[key].append(came[trails[key][-1]])
    return trails


def last_of(ledger: Ledger, key: ExchangeKey) -> ExchangeKey:
    """The exchange in which a matter is now: the one itself, or the last that it was sent on to."""
    for _ in range(_LONGEST):
        step = next((step for step in ledger.routes.onward([key.exchange]) if step.before == key), None)
        if step is None:
            break
        key = step.after
    return key


def _opening(exchange: Exchange, log: Sequence[LoggedMessage]) -> Query | Notice | None:
    line = next((message.line for message in log if message.id == exchange.opening and message.line is not None), None)
    opening = read_message(line) if line is not None else None
    if not isinstance(opening, Query | Notice) or exchange.event is Event.CORRECTION:
        return None  # a correction speaks of a message that nobody else has
    return opening


def _answer(exchange: Exchange, log: Sequence[LoggedMessage]) -> str | None:
    talk = exchange.conversation
    if talk is None or talk.result is not Result.WRONG_JURISDICTION:
        return None
    if talk.state not in (State.ANSWERED, State.CLOSED, State.LAPSED):
        return None
    line = next((message.line for message in log if message.id == talk.feedback and message.line is not None), None)
    answer = read_message(line) if line is not None else None
    return answer.body.jurisdiction if isinstance(answer, Feedback) else None


def _ground(
    ledger: Ledger, node: Node, exchange: Exchange, county: str, now: datetime, correct: bool
) -> tuple[Entry | None, bool]:
    """The open entry that names the county, corrected first if the clerk says so; and whether it was."""
    entry = ledger.entries.get(exchange.entry) if exchange.entry is not None else None
    if entry is None or not entry.is_open or entry.jurisdiction != exchange.own:
        return None, False
    if names(node.divisions, entry.other, county, civil_day(now)):
        return entry, False
    if not correct:
        return None, False
    outflow = entry.register is RegisterKind.OUTFLOW
    draft = EntryDraft(
        register=entry.register,
        origin=entry.origin if outflow else county,
        destination=county if outflow else entry.destination,
        township=entry.township,
        person=entry.person,
        record=entry.record,
    )
    return change_entry(ledger, node, frozenset({entry.jurisdiction}), entry.id, draft, now).entry, True


def _draft(exchange: Exchange, opening: Query | Notice, county: str, entry: Entry | None) -> OpeningDraft:
    draft = OpeningDraft(
        own=exchange.own,
        other=county,
        own_is_origin=exchange.own == exchange.origin,
        purpose=exchange.purpose,
        urgent=exchange.urgent,
        entry=entry.id if entry is not None else None,
        person=opening.body.person,
        record=opening.body.record,
        by=exchange.clerk,
    )
    if isinstance(opening, Notice):
        return replace(draft, event=opening.body.event, event_date=opening.body.date)
    query = opening.body
    if entry is None and exchange.entry is not None and not query.requested_by_person:
        raise EntryNamesAnother
    return replace(
        draft,
        items=tuple(query.items),
        reason=query.reason,
        requested_by_person=query.requested_by_person,
        application_date=query.application_date,
    )


def _confirm(ledger: Ledger, node: Node, exchange: Exchange, now: datetime) -> bool:
    try:
        reply(ledger, node, exchange, Said(kind=Kind.CONFIRMATION), now)
    except UnderWay:
        return False
    return True
