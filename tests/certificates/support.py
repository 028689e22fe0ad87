"""Certificates, who holds them, and questions about them."""

from dataclasses import replace
from datetime import date
from typing import Any

from msgspec import structs

from exchange.certificates.check import CertificateCheck, CheckAnswer, Question
from exchange.codes import Item, Purpose, RegisterKind, Role
from exchange.ledger import Ledgers
from exchange.moments import format_moment
from exchange.node import Node
from exchange.people.record import Certificate, Record
from exchange.people.register import Entry
from exchange.terms.agreement import Agreement, FieldRule
from exchange.wire.checks import CertificateAsked, WireHolder
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    a_moment,
    a_person,
    a_salt,
    agreed_terms,
    an_entry,
    an_id,
)

NUMBER = "WC-2026-00017"
CERTIFICATE = Certificate(number=NUMBER, issued_by="武昌区", issued_on=date(2026, 1, 5), valid_until=date(2026, 12, 31))
REVOKED = structs.replace(CERTIFICATE, revoked_on=date(2026, 2, 1))
EXPIRED = structs.replace(CERTIFICATE, valid_until=date(2026, 3, 1))


def issued(n: int = 1, certificate: Certificate | None = CERTIFICATE, **changes: Any) -> Entry:
    """An entry of Wuchang's outflow register, of somebody who has a certificate and lives in Xicheng."""
    place = {"jurisdiction": WUCHANG, "register": RegisterKind.OUTFLOW, "origin": WUCHANG, "destination": XICHENG}
    return an_entry(n, **{**place, "record": Record(certificate=certificate), **changes})


def living(n: int = 1, **changes: Any) -> Entry:
    """An entry of Xicheng's inflow register, of the same person."""
    place = {"jurisdiction": XICHENG, "register": RegisterKind.INFLOW, "origin": WUCHANG, "destination": XICHENG}
    return an_entry(100 + n, **{**place, "person": a_person(n), **changes})


def put(ledgers: Ledgers, node: Node, *entries: Entry) -> None:
    """Into the register, as its node indexes it; over those that are there."""
    indexed = [replace(entry, person_index=node.person_index(entry.person)) for entry in entries]
    with ledgers.transaction() as ledger:
        known = ledger.entries.load([entry.id for entry in indexed])
        ledger.entries.add([entry for entry in indexed if entry.id not in known])
        ledger.entries.save([entry for entry in indexed if entry.id in known])


def verifying(**changes: Any) -> Agreement:
    """Terms under which certificates may be verified."""
    purpose = Purpose.CERTIFICATE_VERIFICATION
    rule = FieldRule(subject="query", purpose=purpose, items=[Item.CERTIFICATE])
    return agreed_terms(**{"kinds": ["query"], "purposes": [purpose], "fields": [rule], **changes})


def asked(n: int = 1, **changes: Any) -> CertificateAsked:
    """Xicheng asks Wuchang about person 1's certificate, on the ground of an entry; `n` makes another question of it."""
    person = a_person()
    question = CertificateAsked(
        id=an_id(n),
        nonce=a_salt(n),
        sender=XICHENG_NODE,
        receiver=WUCHANG_NODE,
        asked_at=format_moment(a_moment()),
        from_=XICHENG,
        to=WUCHANG,
        purpose="certificate_verification",
        number=NUMBER,
        holder=WireHolder(name=person.name, document=person.document),
        entry=an_id(101),
    )
    return structs.replace(question, **changes)


def a_question(n: int = 1, **changes: Any) -> Question:
    """The same, in the domain's form."""
    person = a_person()
    question = Question(
        id=an_id(n),
        asking=XICHENG,
        issuer=WUCHANG,
        number=NUMBER,
        name=person.name,
        document=person.document,
        entry=an_id(101),
    )
    return replace(question, **changes)


def a_check(n: int = 1, **changes: Any) -> CertificateCheck:
    """A check that Wuchang answered, and that found nothing."""
    check = CertificateCheck(
        id=an_id(n),
        role=Role.ASKED,
        partner=XICHENG_NODE,
        caller=XICHENG_NODE,
        own=WUCHANG,
        other=XICHENG,
        certificate="certificate-1",
        holder="holder-1",
        entry=an_id(101),
        application_date=None,
        answer=CheckAnswer.UNKNOWN,
        at=a_moment(n),
    )
    return replace(check, **changes)
