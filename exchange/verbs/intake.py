"""Judge the messages of one batch: load what they need in a few statements, then decide on values, then write in sets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from exchange.admission import Desk, ExchangeExists, Terms
from exchange.codes import Kind, Role
from exchange.conversation import Conversation, Letter, State, answered_at, fold
from exchange.errors import Invalid, Refused, Retry, WoshouError
from exchange.exchanges import Acceptance, Direction, Exchange, ExchangeKey, Link, LoggedMessage, NoteKept
from exchange.ledger import Ledger
from exchange.moments import parse_moment
from exchange.node import Node
from exchange.partners import Partner
from exchange.verbs.absorb import Effects, letter_of, letters_of, role_here
from exchange.verbs.pair import paired
from exchange.verbs.routing.find import Counties, table_of
from exchange.wire.batch import Judgement, Manifest, Outcome
from exchange.wire.message import Challenge, Feedback, Message, Notice, Query, Reminder, kind_of, read_message
from exchange.wire.problems import wire_problem


class IdReused(Invalid):
    """The message's id is known with other contents."""

    code = "id-reused"
    zh = "该消息编号已用于其他内容；修改后的消息须用新编号。"
    en = "This id is known with other contents; a mended message has a new id."


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One line of a batch: read and indexed before the transaction begins, or refused with a reason."""

    line: bytes
    digest: str
    message: Message | None
    refusal: WoshouError | None = None
    person_index: str = ""


def read_arrivals(node: Node, manifest: Manifest, lines: Sequence[bytes]) -> list[Arrival]:
    """Read all lines; what is malformed is kept with its refusal, to be rejected one by one."""
    return [_read(node, line, digest) for line, digest in zip(lines, manifest.digests, strict=True)]


def _read(node: Node, line: bytes, digest: str) -> Arrival:
    try:
        message = read_message(line)
    except Refused as refusal:
        return Arrival(line=line, digest=digest, message=None, refusal=refusal)
    try:
        index = node.person_index(message.body.person) if isinstance(message, Query | Notice) else ""
    except Refused:
        index = ""  # a document that cannot be read: refused at its place in the order of judging, with its pointer
    return Arrival(line=line, digest=digest, message=message, person_index=index)


class Intake:
    """The judging of one batch: loads what all its messages need in a few statements, then works on values."""

    def __init__(
        self, ledger: Ledger, node: Node, partner: Partner, link: Link, manifest: Manifest, turn: int, now: datetime
    ) -> None:
        self._ledger, self._node, self._partner, self._link = ledger, node, partner, link
        self._manifest, self._turn, self._now = manifest, turn, now
        self._sent_at = parse_moment(manifest.sent_at)
        self._stamp = answered_at(self._sent_at, now)
        self._local = partner.node == node.name
        self._desk = Desk(
            node=node,
            partner=partner.node,
            theirs=Counties(lambda: table_of(ledger, node), partner.node),
            agreements=tuple(ledger.agreements.all(partner.node)),
            now=now,
        )
        self._messages: dict[str, LoggedMessage] = {}
        self._fresh: dict[str, LoggedMessage] = {}
        self._judged_anew: dict[str, LoggedMessage] = {}
        self._exchanges: dict[ExchangeKey, Exchange] = {}
        # Both as ordered sets: what is written comes in the batch's order.
        self._opened: dict[ExchangeKey, None] = {}
        self._changed: dict[ExchangeKey, None] = {}
        self._replied: dict[Direction, dict[str, LoggedMessage]] = {}
        self._logs: dict[str, list[LoggedMessage]] = {}
        self._waiting: dict[ExchangeKey, list[Letter]] = {}
        self._effects = Effects(ledger, node, partner.node, now, self._desk.rules_of)

    def load(self, arrivals: Iterable[Arrival]) -> None:
        """Fetch what is known of the batch's messages, of the exchanges they name and of the messages they answer."""
        messages = [arrival.message for arrival in arrivals if arrival.message is not None]
        link = self._link.id
        self._messages = dict(self._ledger.messages.known(link, Direction.IN, {message.id for message in messages}))
        named: dict[Role, set[str]] = {Role.ASKER: set(), Role.ASKED: set()}
        replied: dict[Direction, set[str]] = {Direction.IN: set(), Direction.OUT: set()}
        for message in messages:
            kind = kind_of(message)
            named[role_here(kind, Direction.IN)].add(message.exchange)
            if isinstance(message, Query | Notice) and not self._local:
                named[Role.ASKER].add(message.exchange)  # one that we opened ourselves
            if message.in_reply_to is not None:
                replied[replied_direction(kind)].add(message.in_reply_to.id)
        for role, names in named.items():
            for exchange in self._ledger.exchanges.load(link, role, names).values() if names else ():
                self._exchanges[exchange.key] = exchange
        self._replied = {
            direction: dict(self._ledger.messages.known(link, direction, ids)) if ids else {}
            for direction, ids in replied.items()
        }
        if self._manifest.seen > self._link.receipted:
            named_here = {message.exchange for message in messages if message.in_reply_to is not None}
            self._logs = dict(self._ledger.messages.of_exchanges(link, named_here))

    def judge(self, position: int, arrival: Arrival) -> Judgement:
        """The word on one message; an accepted one is kept to be stored."""
        message = arrival.message
        if message is None:
            problem = wire_problem(arrival.refusal) if arrival.refusal else None
            return Judgement(digest=arrival.digest, id=None, outcome=Outcome.REJECTED, problem=problem)
        known = self._messages.get(message.id)
        again = known is not None and _freed(known)
        if known is not None and not again:
            return self._known(arrival, message, known)
        try:
            logged = self._admit(position, arrival, message)
        except WoshouError as refusal:
            problem = wire_problem(refusal)
            logged = replace(self._logged(position, arrival, message), line=None, outcome=Outcome.REJECTED, problem=problem)
        (self._judged_anew if again else self._fresh)[message.id] = logged
        self._messages[message.id] = logged
        return Judgement(
            digest=arrival.digest,
            id=message.id,
            outcome=logged.outcome or Outcome.REJECTED,
            due=logged.due.isoformat() if logged.due else None,
            problem=logged.problem,
        )

    def store(self) -> None:
        """Write the messages, the new exchanges and what the messages did to exchanges."""
        self._ledger.messages.add(list(self._fresh.values()))
        self._ledger.messages.save(list(self._judged_anew.values()))
        opened = [self._exchanges[key] for key in self._opened]
        self._ledger.exchanges.add(paired(self._ledger, opened, self._now))
        self._ledger.exchanges.save([self._exchanges[key] for key in self._changed if key not in self._opened])
        self._effects.store(self._exchanges)

    def _known(self, arrival: Arrival, message: Message, known: LoggedMessage) -> Judgement:
        if known.digest != arrival.digest:
            problem = wire_problem(IdReused(pointer="/id"))
            return Judgement(digest=arrival.digest, id=message.id, outcome=Outcome.REJECTED, problem=problem)
        return Judgement(
            digest=arrival.digest,
            id=message.id,
            outcome=Outcome.DUPLICATE,
            due=known.due.isoformat() if known.due else None,
            problem=known.problem,
        )

    def _admit(self, position: int, arrival: Arrival, message: Message) -> LoggedMessage:
        key = ExchangeKey(self._link.id, message.exchange, role_here(kind_of(message), Direction.IN))
        if isinstance(message, Query | Notice):
            return self._open(key, position, arrival, message)
        held = self._exchanges.get(key)
        exchange = self._as_the_partner_sees_it(held)
        replied = self._find_replied(message)
        # Judged by when it was sent: what was lawful then is not refused for having travelled, at worst it was overtaken.
        # Reminders by their stamp, or one could send a week of them at once.
        at = self._stamp if isinstance(message, Reminder) else min(self._sent_at, self._now)
        step = self._desk.reply(message, exchange, replied, at=at, sending=False)
        logged, due = self._logged(position, arrival, message), None
        if exchange is not None and isinstance(message, Challenge) and self._challenges(exchange):
            due = self._desk.due_of_round(exchange, self._now)
            logged = replace(logged, due=due.day if due else None)
        if isinstance(message, Feedback):
            overtaken = step.to is State.WITHDRAWN
            logged = replace(logged, result=message.body.result, line=None if overtaken else logged.line)
        letter = letter_of(logged, self._manifest.sender)
        if held is not None and held.conversation is None:
            # Our opening's receipt is still missing: what answers it takes effect when that is stored.
            self._waiting.setdefault(key, []).append(letter)
            return logged
        taken = self._effects.take(self._exchanges[key], letter)
        if logged.due is not None and due is not None:
            taken = replace(taken, due_provisional=due.provisional)
        self._exchanges[key] = taken
        self._changed[key] = None
        return logged

    def _as_the_partner_sees_it(self, exchange: Exchange | None) -> Exchange | None:
        """The exchange to judge by: with what we sent, the partner has taken, and only the receipt of is missing.

        Its effect holds here once the receipt is stored; but a partner that answers to it at once has done nothing wrong.
        """
        if exchange is None:
            return None
        key, log = exchange.key, self._logs.get(exchange.key.exchange, ())
        due = self._desk.due_of_round(exchange, self._now) if log else None
        under_way = [
            replace(
                message,
                received_at=self._now,
                known_at=self._now,
                outcome=Outcome.ACCEPTED,
                due=due.day if due and message.id == exchange.opening else message.due,
            )
            for message in log
            if message.direction is Direction.OUT
            and message.outcome is None
            and message.sequence is not None
            and message.sequence <= self._manifest.seen
        ]
        if not under_way:
            return exchange
        taken = letters_of((*log, *under_way), key.role, self._node.name, self._partner.node)
        fresh = (*self._effects.letters(key), *self._waiting.get(key, ()))
        letters = {letter.id: letter for letter in (*taken, *fresh)}
        conversation, _ = fold(letters.values(), lapse_days=self._desk.rules_of(exchange).lapse_days)
        return replace(exchange, acceptance=Acceptance.ACCEPTED, conversation=conversation)

    def _challenges(self, exchange: Exchange) -> bool:
        """Whether a challenge has its effect, by its stamp: only a round that is opened has a due date."""
        conversation = exchange.conversation
        lapse_days = self._desk.rules_of(exchange).lapse_days
        return conversation is not None and conversation.state_at(self._stamp, lapse_days) is State.ANSWERED

    def _open(self, key: ExchangeKey, position: int, arrival: Arrival, message: Query | Notice) -> LoggedMessage:
        ours = key._replace(role=Role.ASKER)
        if key in self._exchanges or (not self._local and ours in self._exchanges):
            raise ExchangeExists(pointer="/exchange")
        terms = self._desk.opening(message, sending=False)
        logged = self._logged(position, arrival, message, due=terms.due.day if terms.due else None)
        self._exchanges[key] = exchange_of(
            key,
            message,
            terms,
            own=message.to,
            other=message.from_,
            person_index=arrival.person_index,
            accepted_at=self._now,
            conversation=self._effects.open(key, letter_of(logged, self._manifest.sender)),
        )
        self._opened[key] = None
        return logged

    def _find_replied(self, message: Message) -> LoggedMessage | None:
        """The message that this one answers, if the partner could have seen it when it cut the batch.

        One that replies to what its own manifest says it had not seen would stand before its question in the canonical order.
        """
        if message.in_reply_to is None:
            return None
        if replied_direction(kind_of(message)) is Direction.IN:
            named = message.in_reply_to.id
            return self._messages.get(named) or self._replied[Direction.IN].get(named)
        replied = self._replied[Direction.OUT].get(message.in_reply_to.id)
        seen = replied is not None and replied.sequence is not None and replied.sequence <= self._manifest.seen
        return replied if seen else None

    def _logged(self, position: int, arrival: Arrival, message: Message, due: date | None = None) -> LoggedMessage:
        return LoggedMessage(
            link=self._link.id,
            direction=Direction.IN,
            id=message.id,
            exchange=message.exchange,
            kind=kind_of(message),
            digest=arrival.digest,
            line=arrival.line,
            in_reply_to=message.in_reply_to.id if message.in_reply_to else None,
            created_at=parse_moment(message.created_at),
            sequence=self._manifest.sequence,
            position=position,
            turn=self._turn,
            sent_at=self._sent_at,
            received_at=self._now,
            known_at=self._now,
            outcome=Outcome.ACCEPTED,
            due=due,
            note=NoteKept.of(message),
        )


def exchange_of(
    key: ExchangeKey,
    message: Query | Notice,
    terms: Terms,
    *,
    own: str,
    other: str,
    person_index: str,
    entry: str | None = None,
    clerk: str | None = None,
    accepted_at: datetime | None = None,
    conversation: Conversation | None = None,
) -> Exchange:
    """The exchange that an opening begins: pending at its sender until the receipt, accepted at once at its receiver."""
    query = message.body if isinstance(message, Query) else None
    accepted = accepted_at is not None
    return Exchange(
        key=key,
        own=own,
        other=other,
        origin=message.origin,
        destination=message.destination,
        category=terms.category,
        kind=kind_of(message),
        event=message.body.event if isinstance(message, Notice) else None,
        purpose=message.purpose,
        urgent=message.priority.reason,
        items=tuple(query.items) if query is not None else (),
        agreement=terms.agreement.digest,
        opening=message.id,
        submitted_at=parse_moment(message.created_at),
        acceptance=Acceptance.ACCEPTED if accepted else Acceptance.PENDING,
        received_at=accepted_at,
        known_at=accepted_at,
        first_due=terms.due.day if accepted and terms.due else None,
        due_provisional=accepted and terms.due is not None and terms.due.provisional,
        conversation=conversation,
        person_index=person_index,
        entry=entry,
        clerk=clerk,
    )


def replied_direction(kind: Kind) -> Direction:
    """Where the receiver of a message of this kind finds what it replies to: reminders and withdrawals name their own side's."""
    return Direction.IN if kind in (Kind.REMINDER, Kind.WITHDRAWAL) else Direction.OUT


def _freed(known: LoggedMessage) -> bool:
    """A rejection that said retry `later` frees the id: the same bytes are judged anew."""
    return known.outcome is Outcome.REJECTED and known.problem is not None and known.problem.retry is Retry.LATER
