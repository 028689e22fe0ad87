"""Let nothing go out about a protected entry's person: what is to be said is refused, what waits in the queue is taken back.

A partner is answered as if there were nobody. What is under way or was sent cannot be called back.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from exchange.codes import Role
from exchange.counting.entries import RECORD_CONFIRMED
from exchange.errors import Conflict, Retry
from exchange.exchanges import Acceptance, Exchange, ExchangeKey, Link, LoggedMessage
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.document import DocumentRefused, read_document
from exchange.people.record import DocumentRef, Person, Record
from exchange.people.register import Entry, EntryProtected
from exchange.wire.message import Feedback, FeedbackBody, Notice, Query, read_message
from exchange.wire.problems import wire_problem

# More than ever waits for one partner.
_WHOLE_QUEUE = 10_000_000


class TakenBack(Conflict):
    """An opening that was taken back before it was sent; nobody has to mend it."""

    code = "taken-back"
    retry = Retry.NEVER
    zh = "尚未发出即已收回，对方未曾收到。"
    en = "It was taken back before it was sent; the other side never had it."


class CountyAnswers(Conflict):
    """What only the county can answer, of what a township has; the township is not told why."""

    code = "county-answers"
    zh = "此件只能由县级经办人答复，请退回县级。"
    en = "Only the county can answer this one; give it back to it."


def spouse_index(node: Node, record: Record | None) -> str | None:
    """The index of whom a record names as the spouse, by document; None without a number."""
    document = record.spouse.document if record is not None and record.spouse is not None else None
    if document is None or document.number is None:
        return None
    return node.person_index(Person(name="-", document=document))


def check_answers(ledger: Ledger, node: Node, answers: Iterable[tuple[Exchange, FeedbackBody]]) -> None:
    """EntryProtected if an answer tells what a protected entry of ours holds, of the person or of the spouse.

    CountyAnswers while a township has the exchange: it sees no entries, and does not learn of this one.
    """
    telling = [(exchange, body, spouse_index(node, body.record)) for exchange, body in answers if _has_record(body)]
    paired = ledger.entries.load({exchange.entry for exchange, *_ in telling if exchange.entry is not None})
    asked = {index for exchange, _, spouse in telling for index in (exchange.person_index, spouse) if index}
    known = ledger.entries.by_person({exchange.own for exchange, *_ in telling}, asked)

    def is_protected(own: str, index: str | None) -> bool:
        return any(entry.protected and entry.jurisdiction == own for entry in known.get(index or "", ()))

    for exchange, body, spouse in telling:
        entry = paired.get(exchange.entry or "")
        if (entry is not None and entry.protected) or is_protected(exchange.own, exchange.person_index):
            pointer = "/record" if body.record is not None else "/result"
        elif is_protected(exchange.own, spouse):
            pointer = "/record/spouse"
        else:
            continue
        raise EntryProtected(pointer=pointer) if exchange.handled_by is None else CountyAnswers


def _has_record(body: FeedbackBody) -> bool:
    """Whether an answer tells a record, its own or the asker's that it confirms."""
    return body.record is not None or body.result in RECORD_CONFIRMED


def withhold(ledger: Ledger, entries: Sequence[Entry], now: datetime) -> None:
    """Stop what is under way about entries that are protected now: what waits to be sent is taken back, pairings are undone.

    A birth registration stays paired: its clerk alone is shown with whom, and others would see by its end whom it is about.
    """
    if not entries:
        return
    # Nothing is cut into a batch meanwhile, nor paired.
    links = [link for each in ledger.links.all() if (link := ledger.links.of(each.partner, lock=True)) is not None]
    held = [each for found in ledger.exchanges.of_entries(entry.id for entry in entries).values() for each in found]
    today = civil_day(now)
    ledger.exchanges.save(
        [
            replace(each, entry=None, paired_at=None, pairing=None, version=each.version + 1)
            for each in held
            if each.key.role is Role.ASKED and not each.told_as_birth(today)
        ]
    )
    for link in links:
        _take_back(ledger, link, entries, now)


def _take_back(ledger: Ledger, link: Link, entries: Sequence[Entry], now: datetime) -> None:
    """Take what waits for one partner and tells of these people out of the queue; the exchanges that it opens end here."""
    waiting = [(message, read_message(message.line)) for message in ledger.messages.queued(link.id, _WHOLE_QUEUE) if message.line]
    by_role: defaultdict[Role, list[LoggedMessage]] = defaultdict(list)
    records: dict[str, Record | None] = {}
    for logged, said in waiting:
        if isinstance(said, Query | Notice):
            by_role[Role.ASKER].append(logged)
        elif isinstance(said, Feedback) and _has_record(said.body):
            by_role[Role.ASKED].append(logged)
        else:
            continue
        records[logged.id] = said.body.record
    gone: list[LoggedMessage] = []
    ended: dict[ExchangeKey, Exchange] = {}
    for role, messages in by_role.items():
        exchanges = ledger.exchanges.load(link.id, role, {message.exchange for message in messages})
        for message in messages:
            exchange = exchanges[message.exchange]
            if not any(_tells(entry, exchange, records[message.id]) for entry in entries):
                continue
            gone.append(message)
            if message.id == exchange.opening:
                ended[exchange.key] = replace(
                    exchange,
                    acceptance=Acceptance.REJECTED,
                    known_at=now,
                    problem=wire_problem(TakenBack()),
                    version=exchange.version + 1,
                )
    ledger.messages.drop(gone)
    ledger.exchanges.save(list(ended.values()))


def _tells(entry: Entry, exchange: Exchange, record: Record | None) -> bool:
    if exchange.own != entry.jurisdiction:
        return False
    if exchange.entry == entry.id or exchange.person_index == entry.person_index:
        return True
    spouse = record.spouse.document if record is not None and record.spouse is not None else None
    return spouse is not None and _number(spouse) is not None and _number(spouse) == _number(entry.person.document)


def _number(document: DocumentRef) -> str | None:
    try:
        return read_document(document.type, document.number).number if document.number is not None else None
    except DocumentRefused:
        return None
