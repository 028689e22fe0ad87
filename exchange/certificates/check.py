"""A check of a certificate: number and holder are asked, and one of four words is the answer.

The issuer's own outflow entries are what is looked at: a certificate stands in the record of the person whom it was issued to.
Nothing else is told, so that a check answers "is this one genuine" and never "who is this", "has she one" or "since when".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from exchange.codes import Role
from exchange.errors import Conflict, Invalid, Refused, Retry
from exchange.people.name import match_key
from exchange.people.record import Certificate, DocumentRef
from exchange.people.register import Entry

# How far the clocks of both nodes may be apart; a question that is older is none of today's.
FRESH: Final = timedelta(minutes=5)


class CheckAnswer(StrEnum):
    """What can be answered; of `unknown` no reason is ever told."""

    VALID = "valid"
    NOT_VALID = "not_valid"
    UNKNOWN = "unknown"
    CANNOT_SAY = "cannot_say"

    @property
    def zh(self) -> str:
        """What the clerk is told, in Chinese."""
        return _TOLD[self][0]

    @property
    def en(self) -> str:
        """What the clerk is told, in English."""
        return _TOLD[self][1]


_TOLD: Final = {
    CheckAnswer.VALID: ("证明有效。", "The certificate is valid."),
    CheckAnswer.NOT_VALID: ("证明已注销或已过期。", "The certificate was revoked or has expired."),
    CheckAnswer.UNKNOWN: (
        "签发地没有与编号、证件号码、姓名全部相符的证明，请核对原件。",
        "The issuer has no certificate that fits number, document and name; look at the original again.",
    ),
    CheckAnswer.CANNOT_SAY: (
        "暂时无法在线验证，可发出证明核验协查，由对方人工核验，7 日内答复。",
        "It cannot be said by machine now; a query for certificate verification asks people, who answer within 7 days.",
    ),
}
FOUND: Final = frozenset({CheckAnswer.VALID, CheckAnswer.NOT_VALID})


class CheckNotFresh(Invalid):
    """A question that is too old, or of a time to come."""

    code = "check-not-fresh"
    zh = "验证请求的时间与本节点时钟相差 5 分钟以上，请校对时钟后重新提出。"
    en = "The question's time is more than five minutes off this node's clock; set the clock and ask anew."


class CheckRepeated(Conflict):
    """The question's id was asked before: whoever lost the answer asks anew."""

    code = "check-repeated"
    zh = "该验证请求已提出过，请以新的编号重新提出。"
    en = "This question was asked before; ask again with a new id."


class TooManyMisses(Refused):
    """The caller has asked about too many certificates that are not there."""

    code = "too-many-misses"
    retry = Retry.LATER
    zh = "24 小时内查无此证的验证次数过多，请稍后再试，或发出证明核验协查。"
    en = "Too many checks within 24 hours found nothing; come back later, or send a query for certificate verification."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: by county `asking`, of county `issuer`. Its ground is `entry` (the caller's), `application_date` or both.

    Of both the entry alone goes over the wire, which takes one; both are kept. `document` is in its normal form and has a number.
    """

    id: str
    asking: str
    issuer: str
    number: str
    name: str
    document: DocumentRef
    entry: str | None = None
    application_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCheck:
    """A check as either side keeps it: who asked whom, when, on what ground, and the answer. Nothing in it names a person.

    `certificate` and `holder` are blind indexes; `holder` is that of the person's document (`Node.document_index`). `caller` is
    the partner that asked, or the local key. Between two counties of one node there is one for each role.
    """

    id: str
    role: Role
    partner: str
    caller: str
    own: str
    other: str
    certificate: str
    holder: str
    entry: str | None
    application_date: date | None
    answer: CheckAnswer
    at: datetime


def same_number(number: str) -> str:
    """The form in which certificate numbers are compared and indexed."""
    return number.upper()


def stands(certificate: Certificate, today: date) -> CheckAnswer:
    """Whether a certificate is valid on a day; the last day of its validity is one."""
    revoked = certificate.revoked_on is not None and certificate.revoked_on <= today
    expired = certificate.valid_until is not None and certificate.valid_until < today
    return CheckAnswer.NOT_VALID if revoked or expired else CheckAnswer.VALID


def judged(question: Question, entries: Iterable[Entry], today: date) -> CheckAnswer:
    """The answer, from the issuer's outflow entries under that number: all three must fit.

    Of several entries of the person the open one counts, else the one that was opened last.
    """
    fitting = [entry for entry in entries if _fits(question, entry)]
    answer = CheckAnswer.UNKNOWN
    for entry in sorted(fitting, key=lambda entry: (entry.is_open, entry.opened_at, entry.id)):
        if entry.record.certificate is not None:
            answer = stands(entry.record.certificate, today)
    return answer


def _fits(question: Question, entry: Entry) -> bool:
    certificate, document = entry.record.certificate, entry.person.document
    return (
        not entry.protected
        and certificate is not None
        and same_number(certificate.number) == same_number(question.number)
        and (document.type, document.number) == (question.document.type, question.document.number)
        and match_key(entry.person.name) == match_key(question.name)
    )
