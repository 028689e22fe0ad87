"""Erase what may be erased of a person (删除), and say what stays and why.

Erased: closed entries with their keys, tokens, suggestions and differences; the bodies of exchanges that are over; the person of
cases that are over; the names of sheets in which the person stands. The other side of an exchange that this side opened is told
by a withdrawal, which erases the bodies there.
Stays: what a service still needs; that there was something, its stamps and digests; another person's record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from msgspec import structs

from exchange.cases.case import Case, Reason
from exchange.codes import Kind, Role, WithdrawalReason
from exchange.conversation import State
from exchange.errors import Refused
from exchange.exchanges import Acceptance, Exchange, ExchangeKey
from exchange.ids import new_id
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.persons.request import Recipient, RequestKind, SubjectRequest
from exchange.persons.subject import Relation, occurrences
from exchange.verbs.persons.find import Found, find_again
from exchange.verbs.reply import Said, reply
from exchange.wire.message import WithdrawalBody

_OVER = frozenset({State.CLOSED, State.LAPSED, State.WITHDRAWN, State.NOTED})
REASON = "person_asked"


class Stays(StrEnum):
    """Why something stays."""

    OPEN_ENTRY = "open_entry"
    OPEN_EXCHANGE = "open_exchange"
    OPEN_CASE = "open_case"
    ANOTHERS_RECORD = "anothers_record"
    FOR_OTHERS_TO_ERASE = "for_others_to_erase"


WHY: dict[Stays, tuple[str, str]] = {
    Stays.OPEN_ENTRY: ("在册个案仍用于服务；退档后可擦除", "the entry is open and serves still; close it, then it can be erased"),
    Stays.OPEN_EXCHANGE: (
        "交换尚未结束；结束后可擦除，或加 --withdraw-open 撤回",
        "the exchange is not over; afterwards it can be erased, or withdraw it with --withdraw-open",
    ),
    Stays.OPEN_CASE: ("事项尚未办结", "the case is not over"),
    Stays.ANOTHERS_RECORD: (
        "是他人记录中的配偶或子女信息，随该记录保存；有误可更正",
        "it is another person's record, and is kept as long as that one; what is wrong there can be corrected",
    ),
    Stays.FOR_OTHERS_TO_ERASE: (
        "由对方发起的交换，协议没有请对方擦除的消息；请联系对方",
        "the other side opened it, and no message asks it to erase; call its office",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that stays, and why; an exchange `with_whom` must be called about names the county."""

    kind: str
    id: str
    why: Stays
    with_whom: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What an erasure would do. `withdrawn` are told to the other side; `exchanges` lose their bodies, `files` their names."""

    entries: tuple[str, ...]
    exchanges: tuple[Exchange, ...]
    withdrawn: tuple[Exchange, ...]
    cases: tuple[Case, ...]
    files: tuple[str, ...]
    kept: tuple[Kept, ...]
    differences: int


def plan(found: Found, node: Node, now: datetime, *, withdraw_open: bool = False) -> ErasurePlan:
    """Decide what can go. Nothing is changed."""
    own = {each.entry.id: each.entry for each in found.entries if each.occurrence.relation is Relation.PERSON}
    states = {exchange.key: _state(exchange, node, now) for exchange in found.exchanges}
    mine = [exchange for exchange in found.exchanges if exchange.key.role is Role.ASKER]
    withdrawn = [each for each in mine if _can_be_withdrawn(each, states[each.key], withdraw_open=withdraw_open)]
    over = [each for each in found.exchanges if states[each.key] in _OVER]
    return ErasurePlan(
        entries=tuple(name for name, entry in own.items() if not entry.is_open),
        exchanges=tuple(over),
        withdrawn=tuple(withdrawn),
        cases=tuple(case for case in found.cases if _is_over(case)),
        files=tuple(file.id for file in found.files),
        kept=tuple(_kept(found, own.keys(), over, withdrawn, states)),
        differences=sum(each.entry in own and not own[each.entry].is_open for each in found.differences),
    )


def _state(exchange: Exchange, node: Node, now: datetime) -> State | None:
    """None as long as it is not accepted; a rejected one is over and never was there for the other side."""
    if exchange.acceptance is Acceptance.REJECTED:
        return State.WITHDRAWN
    return exchange.conversation.state_at(now, node.rules.lapse_days) if exchange.conversation is not None else None


def _can_be_withdrawn(exchange: Exchange, state: State | None, *, withdraw_open: bool) -> bool:
    if exchange.acceptance is not Acceptance.ACCEPTED or state in (None, State.WITHDRAWN):
        return False
    return withdraw_open or state in _OVER


def _is_over(case: Case) -> bool:
    return not case.is_open and not case.following


def _kept(
    found: Found, own: Iterable[str], over: list[Exchange], withdrawn: list[Exchange], states: dict[ExchangeKey, State | None]
) -> Iterator[Kept]:
    theirs = frozenset(own)
    gone = {exchange.key for exchange in (*over, *withdrawn)}
    opened_here = {exchange.key.exchange for exchange in found.exchanges if exchange.key.role is Role.ASKER}
    for each in found.entries:
        if each.occurrence.relation is not Relation.PERSON:
            yield Kept(kind="entry", id=each.entry.id, why=Stays.ANOTHERS_RECORD)
        elif each.entry.is_open and each.entry.id in theirs:
            yield Kept(kind="entry", id=each.entry.id, why=Stays.OPEN_ENTRY)
    for exchange in found.exchanges:
        if exchange.key not in gone:
            yield Kept(kind="exchange", id=exchange.key.exchange, why=Stays.OPEN_EXCHANGE)
        elif exchange.key.exchange not in opened_here and states[exchange.key] is not State.WITHDRAWN:
            why = Stays.FOR_OTHERS_TO_ERASE
            yield Kept(kind="exchange", id=exchange.key.exchange, why=why, with_whom=exchange.other)
    for name in sorted({each.exchange.key.exchange for each in found.messages} - {key.exchange for key in states}):
        yield Kept(kind="exchange", id=name, why=Stays.ANOTHERS_RECORD)
    for case in found.cases:
        if not _is_over(case):
            yield Kept(kind="case", id=case.id, why=Stays.OPEN_CASE)


@dataclass(slots=True, kw_only=True)
class _Telling:
    """Whom to tell while the withdrawals are queued."""

    recipients: list[Recipient] = field(default_factory=list)

    def add(self, partner: str, exchange: Exchange, refused: Refused | None) -> None:
        self.recipients.append(
            Recipient(
                partner=partner,
                own=exchange.own,
                other=exchange.other,
                link=exchange.key.link,
                about=exchange.opening,
                exchange=None if refused else exchange.key.exchange,
                refused=Reason.of(refused) if refused else None,
            )
        )


def erase(
    ledger: Ledger, node: Node, found: Found, now: datetime, *, withdraw_open: bool = False
) -> tuple[ErasurePlan, SubjectRequest]:
    """Decide anew on what was found, as it stands now, and do it; what was done, and the request.

    A withdrawal that cannot be queued is noted, and people call.
    """
    found = find_again(ledger, node, found)
    planned = plan(found, node, now, withdraw_open=withdraw_open)
    partners = {link.id: link.partner for link in ledger.links.all()}
    telling = _Telling()
    said = Said(kind=Kind.WITHDRAWAL, body=WithdrawalBody(reason=WithdrawalReason.PERSON_WITHDREW))
    for exchange in planned.withdrawn:
        refused = None
        try:
            reply(ledger, node, exchange, said, now)
        except Refused as refusal:
            refused = refusal
        telling.add(partners[exchange.key.link], exchange, refused)
    for link in sorted({exchange.key.link for exchange in planned.exchanges}):
        ledger.messages.erase(link, {each.key.exchange for each in planned.exchanges if each.key.link == link})
    for exchange in planned.exchanges:
        ledger.pairing.forget(exchange.key)
    ledger.entries.erase(planned.entries)
    for case in planned.cases:
        ledger.cases.save(_without(found, node, case))
    ledger.imports.unname(planned.files)
    gone = (
        *planned.files,
        *planned.entries,
        *(each.key.exchange for each in planned.exchanges),
        *(case.id for case in planned.cases),
    )
    ledger.access.forget_naming((*found.subject.needles, *(name.encode() for name in gone)))
    request = SubjectRequest(
        id=new_id(now),
        kind=RequestKind.ERASURE,
        person_index=found.subject.index or "",
        at=now,
        reason=REASON,
        entries=planned.entries,
        exchanges=tuple(dict.fromkeys(each.key.exchange for each in planned.exchanges)),
        recipients=tuple(telling.recipients),
    )
    ledger.subject_requests.add(request)
    return planned, request


def _without(found: Found, node: Node, case: Case) -> Case:
    """The case without this one of the two."""
    spouses = [
        structs.replace(each, person=None) if occurrences(found.subject, node.person_index, each.person, None) else each
        for each in case.spouses
    ]
    return replace(case, spouses=(spouses[0], spouses[1]), version=case.version + 1)
