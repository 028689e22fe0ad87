"""The question and the answer of a certificate check on the wire, each signed under a type of its own (docs/protocol.md)."""

from datetime import date
from typing import Literal

import msgspec

from exchange.certificates.check import CheckAnswer, Question
from exchange.errors import Invalid, NotAuthentic
from exchange.moments import parse_moment
from exchange.people.document import DocumentRefused, DocumentType, read_document
from exchange.people.name import NameRefused, read_name
from exchange.people.record import DocumentRef, Name, Number, Shape
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import UUID, UUID7, CountyCode, Digest, Salt, WireMoment, pointer_of

# Two types, so that neither can ever be shown as the other.
CHECK_TYPE = "mx-check+jws"
CHECKED_TYPE = "mx-check-answer+jws"
MAX_CHECK = 8 * 1024


class MalformedCheck(Invalid):
    """A question about a certificate that is not well formed; `pointer` says where."""

    code = "malformed-check"
    zh = "证明验证请求不符合协议。"
    en = "The question about a certificate does not fit the protocol."


class CheckDoesNotFit(NotAuthentic):
    """An answer that is malformed, or is not to what was asked."""

    code = "check-does-not-fit"
    zh = "证明验证应答与所问不符。"
    en = "The answer about a certificate is not well formed, or not to what was asked."


class WireHolder(Shape, frozen=True, kw_only=True):
    """To whom the certificate says it was issued: the name, and a document with a number, in their normal forms."""

    name: Name
    document: DocumentRef


class CertificateAsked(Shape, frozen=True, kw_only=True, rename={"from_": "from"}, omit_defaults=True):
    """Is this certificate genuine? Asked by county `from` of county `to`, which issued it.

    `id` is used once. `nonce` keeps the digest of the question from being guessed. The ground is either `entry`, the asking
    county's open entry of the holder that names the issuer, or `application_date`, the day of the person's own application.
    """

    id: UUID7
    nonce: Salt
    sender: NodeName
    receiver: NodeName
    asked_at: WireMoment
    from_: CountyCode
    to: CountyCode
    purpose: Literal["certificate_verification"]
    number: Number
    holder: WireHolder
    entry: UUID | None = None
    application_date: date | None = None


class CertificateTold(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """One word, to one question: `question` is the digest of its payload bytes, `id` its id."""

    question: Digest
    id: UUID7
    sender: NodeName
    receiver: NodeName
    told_at: WireMoment
    answer: CheckAnswer


_encoder = msgspec.json.Encoder()


def read_asked(payload: bytes) -> CertificateAsked:
    """Read a verified question's payload; MalformedCheck or NotIJSON, with pointers and never with content."""
    ijson.loads(payload)
    try:
        asked = msgspec.json.decode(payload, type=CertificateAsked)
    except msgspec.ValidationError as exc:
        raise MalformedCheck(pointer=pointer_of(exc)) from None  # the cause may quote the person
    try:
        parse_moment(asked.asked_at)
    except ValueError:
        raise MalformedCheck(pointer="/asked_at") from None
    if (asked.entry is None) == (asked.application_date is None):
        raise MalformedCheck(
            zh="须有且仅有一项依据：entry 或 application_date。",
            en="The ground is either `entry` or `application_date`.",
            pointer="/entry",
        )
    if asked.from_ == asked.to:
        raise MalformedCheck(pointer="/to")
    _check_holder(asked.holder)
    return asked


def question_of(asked: CertificateAsked) -> Question:
    """What is asked, in the domain's form."""
    return Question(
        id=asked.id,
        asking=asked.from_,
        issuer=asked.to,
        number=asked.number,
        name=asked.holder.name,
        document=asked.holder.document,
        entry=asked.entry,
        application_date=asked.application_date,
    )


def read_told(payload: bytes, asked: bytes) -> CheckAnswer:
    """The answer in a verified payload, to the question of these bytes; CheckDoesNotFit otherwise."""
    try:
        ijson.loads(payload)
        told = msgspec.json.decode(payload, type=CertificateTold)
        parse_moment(told.told_at)
        question = msgspec.json.decode(asked, type=CertificateAsked)
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError):
        raise CheckDoesNotFit from None  # the cause may quote the person
    ours = (ijson.digest(asked), question.id, question.receiver, question.sender)
    if (told.question, told.id, told.sender, told.receiver) != ours:
        raise CheckDoesNotFit
    return told.answer


def write(value: CertificateAsked | CertificateTold) -> bytes:
    """The bytes to sign."""
    return _encoder.encode(value)


def _check_holder(holder: WireHolder) -> None:
    document = holder.document
    try:
        plain = read_name(holder.name)
    except NameRefused:
        plain = ""
    if plain != holder.name:
        raise MalformedCheck(zh="姓名不是规范形式。", en="The name is not in its normal form.", pointer="/holder/name")
    try:
        read = None if document.number is None else read_document(document.type, document.number)
    except DocumentRefused:
        read = None
    if read is None or document.type is DocumentType.NONE or (read.type, read.number) != (document.type, document.number):
        raise MalformedCheck(
            zh="证件号码缺失、不正确或不是规范形式。",
            en="The document has no number, a wrong one, or one that is not in its normal form.",
            pointer="/holder/document/number",
        )
