"""Whether a message may come in: the same rules at the sender before it is queued and at the receiver before its receipt."""

import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from exchange.codes import Event, Item, Kind, PriorityLevel, Purpose
from exchange.conversation import Step
from exchange.errors import Conflict, Invalid, Refused, Retry
from exchange.exchanges import Acceptance, Exchange, LoggedMessage
from exchange.jurisdiction import Category
from exchange.moments import civil_day, parse_moment
from exchange.node import Node
from exchange.people.document import DocumentRefused, DocumentType, read_document
from exchange.people.name import NameRefused, read_name
from exchange.people.record import DocumentRef, Person, Record
from exchange.terms.agreement import Agreement, ItemNotAgreed, NoteNotAllowed, SignedAgreement, covering, subject_of
from exchange.terms.deadline import Due, Limit, LimitUnit, due_date
from exchange.terms.rulebook import RulesUnknown
from exchange.terms.rules import RuleSet
from exchange.terms.screening import screen
from exchange.wire.message import REPLIES_TO, Feedback, Message, Notice, Opening, Query, kind_of

# Control, format, private-use, surrogate and unassigned characters.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
FUTURE_LEEWAY = timedelta(minutes=5)


class WrongParties(Invalid):
    """`from` or `to` is not served by its node, or origin and destination are not the two parties."""

    code = "wrong-parties"
    zh = "发送方或接收方地区有误：须为双方节点已确认服务的地区，且恰为户籍地与现居住地。"
    en = "`from` and `to` must be served by their nodes, confirmed, and be the origin and the destination."


class CreatedInFuture(Invalid):
    """`created_at` is more than five minutes ahead."""

    code = "created-in-future"
    zh = "消息生成时间超前 5 分钟以上，请校对时钟。"
    en = "`created_at` is more than five minutes ahead; check the clock."


class NotPlain(Invalid):
    """A name or number that is not in its normal form."""

    code = "not-normalised"
    zh = "姓名或证件号码不是规范形式。"
    en = "A name or document number is not in its normal form."


class UnknownExchange(Refused):
    """No such exchange between these two jurisdictions."""

    code = "unknown-exchange"
    retry = Retry.CORRECTED
    zh = "双方之间没有该信息交换。"
    en = "There is no such exchange between these two."


class ExchangeExists(Conflict):
    """The exchange's id was used on this link before."""

    code = "exchange-exists"
    zh = "该信息交换编号已使用。"
    en = "This exchange's id was used before."


class WrongReply(Invalid):
    """`in_reply_to` names no message of this exchange that this kind can answer."""

    code = "wrong-reply"
    zh = "所回复的消息不存在、摘要不符或类型不符。"
    en = "`in_reply_to` names no message of this exchange that this kind can answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for openings of one subject and purpose between two jurisdictions on one day."""

    agreement: SignedAgreement
    category: Category
    items: frozenset[Item]
    due: Due | None


def limit_of(
    node: Node, agreement: SignedAgreement, kind: Kind, event: Event | None, purpose: Purpose, urgent: bool
) -> Limit | None:
    """The time limit under an agreement; None where no feedback is wanted. RulesUnknown as `agreed_limits`."""
    return agreed_limits(node, agreement.agreement).limit_for(kind, event, purpose, urgent)


def agreed_limits(node: Node, terms: Agreement) -> RuleSet:
    """The rule set that the parties named, with the limits that they agreed on.

    RulesUnknown for one that this node does not have, RulesRefused for a limit that it does not know.
    """
    overrides = {limit.rule: Limit(days=limit.days, unit=LimitUnit(limit.unit)) for limit in terms.limits}
    return node.agreed_rules(terms.rules).with_limits(overrides)


@dataclass(slots=True, kw_only=True)
class Desk:
    """Admits the messages of one link on one day; remembers the terms and dates it worked out, since a batch repeats them.

    `ours` and `theirs` are the counties that this node and the partner speak for. `sending` tells which of them opens.
    """

    node: Node
    partner: str
    theirs: Container[object]
    agreements: tuple[SignedAgreement, ...]
    now: datetime
    _terms: dict[tuple[str, str, str, str, str, Purpose, bool], Terms] = field(default_factory=dict)
    _rules: dict[str, RuleSet] = field(default_factory=dict)
    _dues: dict[tuple[str, Kind, Event | None, Purpose, bool, date], Due | None] = field(default_factory=dict)

    def opening(self, message: Opening, *, sending: bool) -> Terms:
        """Admit a query or a notice and say under which terms; a Refused leaf otherwise."""
        self._parties(message, sending=sending)
        self._created(message)
        event = message.body.event if isinstance(message, Notice) else None
        terms = self._terms_of(message, event, sending=sending)
        asked = frozenset(message.body.items) if isinstance(message, Query) else frozenset()
        sent = message.body.record.items() if message.body.record is not None else frozenset()
        if not asked <= terms.items:
            raise ItemNotAgreed(pointer="/body/items")
        if not sent <= terms.items:
            raise ItemNotAgreed(pointer="/body/record")
        self._note(message.body.note, terms.agreement)
        check_person(message.body.person)
        check_record(message.body.record)
        return terms

    def reply(
        self, message: Message, exchange: Exchange | None, replied: LoggedMessage | None, *, at: datetime, sending: bool
    ) -> Step:
        """Admit a message to an exchange that exists, and give its step in the state table; a Refused leaf otherwise.

        `at` is when it was sent: what was lawful then is not refused for having travelled.
        """
        self._created(message)
        if exchange is None or exchange.acceptance is not Acceptance.ACCEPTED or exchange.conversation is None:
            raise UnknownExchange(pointer="/exchange")
        ours, theirs = (message.from_, message.to) if sending else (message.to, message.from_)
        if (ours, theirs) != (exchange.own, exchange.other):
            raise UnknownExchange(pointer="/exchange")
        inherited = (message.origin, message.destination, message.purpose)
        if inherited != (exchange.origin, exchange.destination, exchange.purpose):
            raise WrongParties(
                zh="回复须沿用原交换的户籍地、现居住地和用途。",
                en="A reply inherits the exchange's origin, destination and purpose.",
                pointer="/purpose" if message.purpose is not exchange.purpose else "/origin",
            )
        kind = kind_of(message)
        reference = message.in_reply_to
        fits = (
            reference is not None
            and replied is not None
            and replied.exchange == message.exchange
            and replied.digest == reference.digest
            and replied.kind in REPLIES_TO[kind]
        )
        if not fits or reference is None:
            raise WrongReply(pointer="/in_reply_to")
        sent = message.body.record if isinstance(message, Feedback) else None
        if sent is not None and not sent.items() <= self._answerable(exchange):
            raise ItemNotAgreed(pointer="/body/record")
        check_record(sent)
        note = getattr(message.body, "note", None)
        if note is not None:
            self._note(note, self._agreement(exchange))
        rules = self.rules_of(exchange)
        return exchange.conversation.step(
            kind, reference.id, at, lapse_days=rules.lapse_days, max_challenges=rules.max_challenges
        )

    def rules_of(self, exchange: Exchange) -> RuleSet:
        """What an exchange is judged by: the rule set of its agreement, whatever the node itself goes by since.

        The node's own where the agreement's is gone, as after a restore: what is open can always be answered.
        """
        known = self._rules.get(exchange.agreement)
        if known is None:
            signed = self._agreement(exchange)
            try:
                known = self.node.rules if signed is None else agreed_limits(self.node, signed.agreement)
            except RulesUnknown:
                known = self.node.rules
            self._rules[exchange.agreement] = known
        return known

    def due_of_round(self, exchange: Exchange, received_at: datetime) -> Due | None:
        """The due date that this side computes for what was received then: the exchange's limit, the same in each round."""
        if self._agreement(exchange) is None:
            return None
        urgent, day = exchange.urgent is not None, civil_day(received_at)
        key = (exchange.agreement, exchange.kind, exchange.event, exchange.purpose, urgent, day)
        if key not in self._dues:
            limit = self.rules_of(exchange).limit_for(exchange.kind, exchange.event, exchange.purpose, urgent)
            self._dues[key] = due_date(day, limit, self.node.working_days) if limit else None
        return self._dues[key]

    def _agreement(self, exchange: Exchange) -> SignedAgreement | None:
        return next((signed for signed in self.agreements if signed.digest == exchange.agreement), None)

    def _answerable(self, exchange: Exchange) -> frozenset[Item]:
        """The asked items that the agreement lets be sent; all that it allows for the subject where a notice asked none."""
        signed = self._agreement(exchange)
        allowed = (
            signed.agreement.items_for(subject_of(exchange.kind, exchange.event), exchange.purpose) if signed else frozenset()
        )
        return allowed & frozenset(exchange.items) if exchange.kind is Kind.QUERY else allowed

    def _parties(self, message: Message, *, sending: bool) -> None:
        ours, theirs = (message.from_, message.to) if sending else (message.to, message.from_)
        if ours not in self.node.jurisdictions:
            raise WrongParties(pointer="/from" if sending else "/to")
        if theirs not in self.theirs:
            raise WrongParties(pointer="/to" if sending else "/from")
        if {message.from_, message.to} != {message.origin, message.destination}:
            raise WrongParties(pointer="/origin")

    def _created(self, message: Message) -> None:
        if parse_moment(message.created_at) > self.now + FUTURE_LEEWAY:
            raise CreatedInFuture(pointer="/created_at")

    def _note(self, note: str | None, agreement: SignedAgreement | None) -> None:
        if note is None:
            return
        if agreement is None or not agreement.agreement.notes_allowed:
            raise NoteNotAllowed(pointer="/body/note")
        screen(note)

    def _terms_of(self, message: Opening, event: Event | None, *, sending: bool) -> Terms:
        kind = kind_of(message)
        subject = subject_of(kind, event)
        urgent = message.priority.level is PriorityLevel.URGENT
        key = (message.from_, message.to, message.origin, message.destination, subject, message.purpose, urgent)
        known = self._terms.get(key)
        if known is not None:
            return known
        day = civil_day(self.now)
        category = self.node.divisions.category(message.origin, message.destination, day)
        sender, receiver = (self.node.name, self.partner) if sending else (self.partner, self.node.name)
        signed = covering(
            self.agreements,
            self.node.divisions,
            sender=(sender, message.from_),
            receiver=(receiver, message.to),
            subject=subject,
            purpose=message.purpose,
            category=category,
            day=day,
        )
        limit = limit_of(self.node, signed, kind, event, message.purpose, urgent)
        terms = Terms(
            agreement=signed,
            category=category,
            items=signed.agreement.items_for(subject, message.purpose),
            due=due_date(day, limit, self.node.working_days) if limit else None,
        )
        self._terms[key] = terms
        return terms


def check_person(person: Person) -> None:
    """The name and the number are in the form in which both sides index and compare them; NotPlain or a Refused leaf."""
    _check_name(person.name, "/body/person/name")
    if person.document.number is None and person.document.type is not DocumentType.NONE:
        raise NotPlain(zh="缺少证件号码。", en="The document has no number.", pointer="/body/person/document/number")
    _check_document(person.document, "/body/person/document/number")


def check_record(record: Record | None) -> None:
    """Names and numbers within a record are in the same form, and no text hides what a reader would not see; NotPlain."""
    if record is None:
        return
    if record.name is not None:
        _check_name(record.name, "/body/record/name")
    if record.spouse is not None:
        _check_name(record.spouse.name, "/body/record/spouse/name")
        if record.spouse.document is not None:
            _check_document(record.spouse.document, "/body/record/spouse/document/number")
    for pointer, text in _texts(record):
        if any(unicodedata.category(character) in _UNSEEN for character in text):
            raise NotPlain(zh="文本含有控制或不可见字符。", en="A text holds characters that nobody sees.", pointer=pointer)


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    if record.address is not None:
        yield "/body/record/address", record.address
    if record.marriage is not None and record.marriage.place is not None:
        yield "/body/record/marriage/place", record.marriage.place
    if record.certificate is not None and record.certificate.issued_by is not None:
        yield "/body/record/certificate/issued_by", record.certificate.issued_by
    for index, child in enumerate(record.children or ()):
        if child.birth_place is not None:
            yield f"/body/record/children/{index}/birth_place", child.birth_place


def _check_name(name: str, pointer: str) -> None:
    try:
        plain = read_name(name)
    except NameRefused as refusal:
        raise NameRefused(refusal.fault, zh=refusal.zh, en=refusal.en, pointer=pointer) from None
    if plain != name:
        raise NotPlain(pointer=pointer)


def _check_document(reference: DocumentRef, pointer: str) -> None:
    if reference.number is None:
        return
    try:
        document = read_document(reference.type, reference.number)
    except DocumentRefused as refusal:
        raise DocumentRefused(refusal.fault, zh=refusal.zh, en=refusal.en, pointer=pointer) from None
    if document.number != reference.number or document.type is not reference.type:
        raise NotPlain(pointer=pointer)
