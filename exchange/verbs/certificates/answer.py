"""Answer a check of a certificate: admit it, count the misses, look, and write down that it was asked.

What is asked of the ledger is the same for every question that is admitted, whatever the answer.
"""

from datetime import datetime

from exchange.certificates.check import (
    FRESH,
    CertificateCheck,
    CheckAnswer,
    CheckNotFresh,
    Question,
    TooManyMisses,
    judged,
    same_number,
)
from exchange.certificates.limits import WINDOW, Misses
from exchange.codes import Item, Kind, Purpose, Role
from exchange.ledger import Finding, Ledger
from exchange.moments import civil_day, parse_moment
from exchange.node import Node
from exchange.partners import Partner
from exchange.people.document import read_document
from exchange.terms.agreement import ItemNotAgreed, Side, covering
from exchange.verbs.receive import NotYourLink
from exchange.verbs.routing.find import Counties, table_of
from exchange.wire.checks import CertificateAsked

GUESSING = "certificate-guessing"


def admit(ledger: Ledger, node: Node, caller: Partner, asked: CertificateAsked, now: datetime) -> None:
    """Whether the caller may ask this; NotYourLink, CheckNotFresh, NoAgreement, ItemNotAgreed. Nothing is looked at yet."""
    theirs = Counties(table_of(ledger, node), caller.node)
    addressed = (asked.sender, asked.receiver) == (caller.node, node.name) and ledger.links.of(caller.node) is not None
    if not addressed or asked.from_ not in theirs or asked.to not in node.jurisdictions:
        raise NotYourLink
    if abs(parse_moment(asked.asked_at) - now) > FRESH:
        raise CheckNotFresh(pointer="/asked_at")
    check_agreed(ledger, node, caller.node, (caller.node, asked.from_), (node.name, asked.to), now)


def check_agreed(ledger: Ledger, node: Node, partner: str, asking: Side, issuer: Side, now: datetime) -> None:
    """An agreement in force lets the asking side query the certificate for its verification; NoAgreement, ItemNotAgreed."""
    day, purpose = civil_day(now), Purpose.CERTIFICATE_VERIFICATION
    signed = covering(
        ledger.agreements.all(partner),
        node.divisions,
        sender=asking,
        receiver=issuer,
        subject=Kind.QUERY.value,
        purpose=purpose,
        # A certificate is issued where the household is registered.
        category=node.divisions.category(issuer[1], asking[1], day),
        day=day,
    )
    if Item.CERTIFICATE not in signed.agreement.items_for(Kind.QUERY.value, purpose):
        raise ItemNotAgreed


def answer(
    ledger: Ledger, node: Node, question: Question, now: datetime, *, partner: str, caller: str, most_misses: int
) -> CheckAnswer:
    """The answer to an admitted question, which is written down; TooManyMisses, CheckRepeated."""
    book = ledger.certificate_checks
    book.lock()
    misses = misses_of(ledger, node, Role.ASKED, question, caller, now)
    if misses.caller >= most_misses:
        raise TooManyMisses
    keeps, found = book.keeps(question.issuer), book.numbered(question.issuer, question.number)
    told = judged(question, found, civil_day(now))
    if misses.hold_back or not keeps:
        told = CheckAnswer.CANNOT_SAY
    check = check_of(node, question, told, now, role=Role.ASKED, partner=partner, caller=caller)
    enter(ledger, check, misses, most_misses)
    return told


def misses_of(ledger: Ledger, node: Node, role: Role, question: Question, caller: str, now: datetime) -> Misses:
    """What found nothing within the window."""
    certificate, holder = certificate_index(node, question), holder_index(node, question)
    return ledger.certificate_checks.misses(role, caller, certificate, holder, now - WINDOW)


def enter(ledger: Ledger, check: CertificateCheck, misses: Misses, most_misses: int) -> None:
    """Write a check down, on either side: the one place where the ledger learns that somebody asked about a certificate.

    CheckRepeated for an id that was used. People are told when a miss reaches a limit.
    """
    ledger.certificate_checks.add(check)
    if check.answer is CheckAnswer.UNKNOWN and (reached := misses.reached_by_one_more(most_misses)):
        ledger.chores.add_findings([_guessing(check, reached)])


def check_of(
    node: Node, question: Question, told: CheckAnswer, now: datetime, *, role: Role, partner: str, caller: str
) -> CertificateCheck:
    """The check as the side of this role keeps it."""
    sides = (question.asking, question.issuer)
    own, other = sides if role is Role.ASKER else sides[::-1]
    return CertificateCheck(
        id=question.id,
        role=role,
        partner=partner,
        caller=caller,
        own=own,
        other=other,
        certificate=certificate_index(node, question),
        holder=holder_index(node, question),
        entry=question.entry,
        application_date=question.application_date,
        answer=told,
        at=now,
    )


def certificate_index(node: Node, question: Question) -> str:
    """The blind index of the certificate."""
    return node.keyed(f"certificate\0{question.issuer}\0{same_number(question.number)}".encode("ascii"))


def holder_index(node: Node, question: Question) -> str:
    """The blind index of the holder's document: that by which the node finds the person's entries."""
    number = question.document.number
    index = node.document_index(read_document(question.document.type, number)) if number is not None else None
    if index is None:
        raise ValueError("a question names a document with a number")
    return index


def _guessing(check: CertificateCheck, reached: tuple[str, ...]) -> Finding:
    limits = ", ".join(reached)
    return Finding(
        id=f"{GUESSING}.{check.role}.{check.id}",
        kind=GUESSING,
        partner=check.partner,
        subject=f"certificate checks {check.own} {check.other}",
        detail=f"checks that found nothing have reached the limit of the {limits}; asked by {check.caller}",
        at=check.at,
    )
