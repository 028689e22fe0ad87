"""Ask the issuer about a certificate: on what ground, of which node, and what comes of the answer.

The call itself lies between `prepare` and `conclude`, outside any transaction (`adapters.certificates.asking`).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from exchange.certificates.check import (
    FOUND,
    CertificateCheck,
    CheckAnswer,
    Question,
    TooManyMisses,
)
from exchange.certificates.limits import OF_KEY
from exchange.codes import Item, Kind, Purpose, RegisterKind, Role
from exchange.errors import Conflict, Invalid, NotFound
from exchange.ids import new_id
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node, NotServed
from exchange.people.document import DocumentType, read_document
from exchange.people.name import read_name
from exchange.people.record import DocumentRef, Person
from exchange.people.register import Entry, EntryFact, EntryFactKind, EntryProtected
from exchange.routing.table import NoRoute
from exchange.routing.today import names, todays_code
from exchange.verbs.certificates.answer import check_agreed, check_of, enter, misses_of
from exchange.verbs.routing.find import table_of
from exchange.verbs.submit import NoGround, OpeningDraft


class HolderDiffers(Conflict):
    """The holder who was named is not the person of the entry: an entry is no ground to ask about anybody else."""

    code = "holder-differs"
    zh = "所填持证人与个案不是同一人；个案只能作为验证本人证明的依据。"
    en = "The holder is not the person of the entry; an entry is a ground to ask about its own person only."


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDraft:
    """What a clerk or a system wants to know. With `entry` the holder and the issuer are the entry's, and need not be named."""

    own: str
    number: str
    holder: Person | None = None
    issuer: str | None = None
    entry: str | None = None
    application_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A question that the other side would admit, and who answers it; `query` asks people the same."""

    question: Question
    partner: str
    caller: str
    query: OpeningDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check that was answered, and what else can be done: a prepared query where the machine could not say.

    `trouble` is why the partner could not be asked, as a closed word.
    """

    check: CertificateCheck
    trouble: str | None
    query: OpeningDraft | None


def prepare(ledger: Ledger, node: Node, draft: CheckDraft, caller: str, now: datetime) -> Prepared:
    """The question that a draft asks; the ledger is only read.

    NotServed, NotFound for an entry that is not the county's, NoGround without an open inflow entry of the holder that names
    the issuer or the holder's own application, HolderDiffers, EntryProtected, NoRoute, NoAgreement, ItemNotAgreed,
    TooManyMisses, or a refusal of what the draft says of the holder and the issuer.
    """
    if draft.own not in node.jurisdictions:
        raise NotServed
    today = civil_day(now)
    if draft.issuer is not None:
        draft = replace(draft, issuer=todays_code(node.divisions, draft.issuer, today, pointer="/issuer").code)
    entry = _entry_of(ledger, node, draft, today)
    holder = _holder_of(draft, entry)
    applied = draft.application_date is not None
    if (draft.application_date or today) > today or not (entry or applied):
        raise NoGround(pointer="/application_date")
    issuer = draft.issuer or (entry.origin if entry is not None else None)
    if issuer is None:
        raise Invalid(zh="须指明签发地区县。", en="Name the county that issued it.", pointer="/issuer")
    issuer = todays_code(node.divisions, issuer, today, pointer="/issuer").code
    partner = table_of(ledger, node).way(issuer).partner
    if ledger.links.of(partner) is None:
        raise NoRoute
    check_agreed(ledger, node, partner, (node.name, draft.own), (partner, issuer), now)
    question = Question(
        id=new_id(now),
        asking=draft.own,
        issuer=issuer,
        number=draft.number,
        name=holder.name,
        document=holder.document,
        entry=entry.id if entry is not None else None,
        application_date=draft.application_date,
    )
    if misses_of(ledger, node, Role.ASKER, question, caller, now).caller >= OF_KEY:
        raise TooManyMisses
    query = OpeningDraft(
        own=draft.own,
        other=issuer,
        own_is_origin=False,
        purpose=Purpose.CERTIFICATE_VERIFICATION,
        entry=question.entry,
        person=None if entry is not None else holder,
        items=(Item.CERTIFICATE,),
        requested_by_person=entry is None,
        application_date=None if entry is not None else question.application_date,
    )
    return Prepared(question=question, partner=partner, caller=caller, query=query)


def conclude(
    ledger: Ledger, node: Node, asked: Prepared, told: CheckAnswer, now: datetime, *, trouble: str | None = None
) -> Checked:
    """Write down what was asked and answered; a certificate that was found is a fact of the entry, which the rate counts."""
    question = asked.question
    check = check_of(node, question, told, now, role=Role.ASKER, partner=asked.partner, caller=asked.caller)
    ledger.certificate_checks.lock()
    enter(ledger, check, misses_of(ledger, node, Role.ASKER, question, asked.caller, now), OF_KEY)
    if question.entry is not None and told in FOUND:
        found = EntryFact(entry=question.entry, what=EntryFactKind.CERTIFICATE_FOUND, happened_at=now, known_at=now)
        ledger.entries.add_facts([found])
    return Checked(check=check, trouble=trouble, query=asked.query if told is CheckAnswer.CANNOT_SAY else None)


def days_of_query(node: Node) -> int:
    """Within how many days people answer such a query, by the rule set in use."""
    limit = node.rules.limit_for(Kind.QUERY, None, Purpose.CERTIFICATE_VERIFICATION, False)
    if limit is None:
        raise ValueError("every query has a limit")
    return limit.days


def _entry_of(ledger: Ledger, node: Node, draft: CheckDraft, today: date) -> Entry | None:
    """The entry that the question rests on: the one that is named, else the holder's, if there is one; None without.

    NotFound, NoGround, EntryProtected.
    """
    if draft.entry is not None:
        entry = ledger.entries.get(draft.entry)
        if entry is None or entry.jurisdiction != draft.own:
            raise NotFound(pointer="/entry")
        if entry.protected:
            raise EntryProtected(pointer="/entry")
        if not _rests(node, entry, draft.issuer, today):
            raise NoGround(pointer="/entry")
        return entry
    if draft.holder is None:
        return None
    index = node.person_index(draft.holder)
    known = ledger.entries.by_person([draft.own], [index]).get(index, ())
    if any(each.protected for each in known):
        raise EntryProtected(pointer="/holder")
    return next((each for each in known if _rests(node, each, draft.issuer, today)), None)


def _rests(node: Node, entry: Entry, issuer: str | None, today: date) -> bool:
    names_it = issuer is None or names(node.divisions, entry.origin, issuer, today)
    return entry.is_open and entry.register is RegisterKind.INFLOW and names_it


def _holder_of(draft: CheckDraft, entry: Entry | None) -> Person:
    """The holder in the normal form of the wire; DocumentRefused, NameRefused, HolderDiffers."""
    person = draft.holder or (entry.person if entry is not None else None)
    if person is None:
        raise Invalid(zh="须指明个案或持证人。", en="Name an entry or the holder.", pointer="/holder")
    document = read_document(person.document.type, person.document.number or "")
    if document.type is DocumentType.NONE:
        raise Invalid(
            zh="持证人没有证件号码，无法在线验证。",
            en="Without a document number a certificate is not checked by machine.",
            pointer="/holder/document",
        )
    held = entry.person.document if entry is not None else None
    if held is not None and (held.type, held.number) != (document.type, document.number):
        raise HolderDiffers(pointer="/holder")
    return Person(name=read_name(person.name), document=DocumentRef(type=document.type, number=document.number))
