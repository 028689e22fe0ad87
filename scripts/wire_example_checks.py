"""A part of the worked example: Xicheng checks a certificate that Wuchang issued, and is answered."""

import hashlib
from datetime import date, timedelta

from exchange.certificates.limits import OF_PARTNER
from exchange.codes import RegisterKind
from exchange.moments import format_moment
from exchange.people.document import DocumentType
from exchange.people.record import Certificate, DocumentRef, Person, Record
from exchange.people.register import Entry
from exchange.verbs.certificates.answer import admit, answer
from exchange.wire import checks as wire
from exchange.wire import ijson
from exchange.wire.checks import CHECK_TYPE, CHECKED_TYPE, CertificateAsked, CertificateTold, WireHolder
from scripts.wire_example_nodes import BEGIN, Side

SHOWN = (
    ("check.jws", "西城所问：这份证明是否有效 · Xicheng asks whether a certificate is genuine"),
    ("check-answer.jws", "武昌所答 · Wuchang's answer"),
)
_NUMBER = "WC-2026-00017"
_HOLDER = Person(name="示例·样本", document=DocumentRef(type=DocumentType.ID_NUMBER, number="42010619900307851X"))


def checked(asker: Side, asked: Side) -> dict[str, str]:
    """The signed question and the signed answer, by file."""
    now = BEGIN + timedelta(days=5)
    question = CertificateAsked(
        id="019cc5ce-f280-7000-8000-000000000005",
        nonce=ijson.b64url_encode(hashlib.sha256(b"nonce 5").digest()[:16]),
        sender=asker.node.name,
        receiver=asked.node.name,
        asked_at=format_moment(now),
        from_=asker.county,
        to=asked.county,
        purpose="certificate_verification",
        number=_NUMBER,
        holder=WireHolder(name=_HOLDER.name, document=_HOLDER.document),
        entry="019caf20-0000-7000-8000-000000000001",
    )
    payload, told_at = wire.write(question), now + timedelta(milliseconds=250)
    with asked.ledgers.transaction() as ledger:
        ledger.entries.add([_issued(asker, asked)])
        caller = ledger.partners.get(asker.node.name)
        if caller is None:
            raise ValueError("the nodes know each other")
        admit(ledger, asked.node, caller, question, told_at)
        word = answer(
            ledger,
            asked.node,
            wire.question_of(question),
            told_at,
            partner=caller.node,
            caller=caller.node,
            most_misses=OF_PARTNER,
        )
    told = CertificateTold(
        question=ijson.digest(payload),
        id=question.id,
        sender=asked.node.name,
        receiver=asker.node.name,
        told_at=format_moment(told_at),
        answer=word,
    )
    return {
        "check.jws": asker.signer(CHECK_TYPE)(payload) + "\n",
        "check-answer.jws": asked.signer(CHECKED_TYPE)(wire.write(told)) + "\n",
    }


def _issued(asker: Side, asked: Side) -> Entry:
    """The entry of Wuchang's outflow register in which the certificate stands."""
    return Entry(
        id="019caf20-0000-7000-8000-000000000002",
        jurisdiction=asked.county,
        register=RegisterKind.OUTFLOW,
        origin=asked.county,
        destination=asker.county,
        person=_HOLDER,
        record=Record(certificate=Certificate(number=_NUMBER, issued_on=date(2026, 1, 5), valid_until=date(2026, 12, 31))),
        person_index=asked.node.person_index(_HOLDER),
        opened_at=BEGIN,
    )


def shown(files: dict[str, str]) -> list[str]:
    """The lines of the page."""
    lines = []
    for name, title in SHOWN:
        payload = ijson.b64url_decode(files[name].split(".")[1])
        told = f"**{title}** ([{name}](wire-example/{name}))"
        lines += ["", told, "", "```text", payload.decode(), f"digest of the payload   {ijson.digest(payload)}", "```"]
    return lines
