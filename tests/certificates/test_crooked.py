"""What a partner answers is believed only if it is the partner's own word, to this very question."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from adapters.calling.reach import Reach
from adapters.certificates.asking import CertificateAsking
from adapters.certificates.pacing import Pace
from adapters.keys import jose
from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from adapters.renewal import Renewals
from exchange.certificates.check import CheckAnswer
from exchange.codes import Role
from exchange.ledger import Page
from exchange.moments import format_moment
from exchange.terms.agreement import Standing
from exchange.verbs.certificates.ask import CheckDraft, Checked
from exchange.wire import checks as wire
from exchange.wire import ijson
from exchange.wire.checks import CHECK_TYPE, CHECKED_TYPE, CertificateAsked, CertificateTold
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_digest, an_agreement, an_id
from tests.certificates.support import NUMBER, living, put, verifying
from tests.jobs.offices import HandClock, an_office, as_partner
from tests.life.two_nodes import LINK, a_node

Answer = Callable[[CertificateAsked, bytes], httpx.Response]


@dataclass
class Crooked:
    """Wuchang, as the wire shows it; `answer` is what it says to a question."""

    office: Office
    answer: Answer | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/migrant-exchange":
            return httpx.Response(200, text=self.office.documents.current())
        if request.url.path == "/oauth/token":
            assert b"scope=check" in request.content
            return httpx.Response(200, json={"access_token": "token", "expires_in": 600})
        assert (request.method, request.url.path) == ("POST", "/v1/certificate-checks")
        jws = request.content.decode()
        self.asked.append(jws)
        payload = jose.read_unverified(jws).payload
        assert self.answer is not None
        return self.answer(wire.read_asked(payload), payload)

    def told(self, asked: CertificateAsked, payload: bytes, **changes: object) -> bytes:
        """The right answer, but for the changes."""
        told = CertificateTold(
            question=ijson.digest(payload),
            id=asked.id,
            sender=WUCHANG_NODE,
            receiver=XICHENG_NODE,
            told_at=format_moment(self.office.now()),
            answer=CheckAnswer.VALID,
        )
        return wire.write(msgspec.structs.replace(told, **changes))

    def sealed(self, payload: bytes, typ: str = CHECKED_TYPE) -> httpx.Response:
        return httpx.Response(200, text=self.office.signer(typ)(payload))


@dataclass
class Asking:
    """Xicheng's side."""

    office: Office
    partner: Crooked
    asking: CertificateAsking

    def ask(self) -> Checked:
        draft = CheckDraft(own=XICHENG, number=NUMBER, entry=an_id(101))
        return self.asking.ask(draft, "key 1", lambda _, checked: checked)


@pytest.fixture
def side(tmp_path: Path) -> Asking:
    clock = HandClock()
    xicheng = an_office(tmp_path / "xicheng", a_node(XICHENG_NODE, XICHENG), clock)
    partner = Crooked(an_office(tmp_path / "wuchang", a_node(WUCHANG_NODE, WUCHANG), clock))
    with xicheng.ledgers.transaction() as ledger:
        ledger.partners.save(replace(as_partner(partner.office), confirmed=(WUCHANG,)))
        ledger.links.add(LINK, WUCHANG_NODE)
        ledger.agreements.add(an_agreement(agreement=verifying(), standing=Standing.ACCEPTED))
    put(xicheng.ledgers, xicheng.node, living())
    client = PartnerClient(xicheng, http_client(httpx.MockTransport(partner), reach=Reach()))
    return Asking(xicheng, partner, CertificateAsking(xicheng, client, Renewals(xicheng, client), Pace(0.001)))


def test_the_partners_own_word_is_believed_and_the_question_is_signed(side):
    side.partner.answer = lambda question, payload: side.partner.sealed(side.partner.told(question, payload))
    checked = side.ask()
    assert (checked.check.answer, checked.trouble, checked.query) == (CheckAnswer.VALID, None, None)
    (jws,) = side.partner.asked
    key = side.office.signing_key().public
    assert jose.verify(jws, typ=CHECK_TYPE, find_key={key.kid: key}.get).payload


CHANGES = [
    {"question": a_digest("another")},
    {"id": an_id(999)},
    {"sender": "other.example"},
    {"receiver": "other.example"},
    {"sender": XICHENG_NODE, "receiver": WUCHANG_NODE},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_an_answer_to_another_question_or_of_another_node_is_none(side, changes):
    side.partner.answer = lambda question, payload: side.partner.sealed(side.partner.told(question, payload, **changes))
    checked = side.ask()
    assert (checked.check.answer, checked.trouble) == (CheckAnswer.CANNOT_SAY, "check-does-not-fit")


def test_an_answer_of_yesterday_is_no_answer_today(side):
    kept: list[httpx.Response] = []

    def answer(question: CertificateAsked, payload: bytes) -> httpx.Response:
        kept.append(side.partner.sealed(side.partner.told(question, payload)))
        return httpx.Response(200, text=kept[0].text)

    side.partner.answer = answer
    assert side.ask().check.answer is CheckAnswer.VALID
    checked = side.ask()
    assert (checked.check.answer, checked.trouble) == (CheckAnswer.CANNOT_SAY, "check-does-not-fit")


def test_what_is_malformed_is_none(side):
    for payload in (b"", b"{}", b"[]", b'{"answer":"valid"}', b"\xff"):
        side.partner.answer = lambda _question, _payload, said=payload: side.partner.sealed(said)
        assert side.ask().trouble == "check-does-not-fit"
    side.partner.answer = lambda question, payload: side.partner.sealed(
        side.partner.told(question, payload).replace(b'"valid"', b'"perhaps"')
    )
    assert side.ask().trouble == "check-does-not-fit"


def test_a_signature_that_is_not_the_partners_is_refused(side, tmp_path):
    other = an_office(tmp_path / "other", a_node("other.example", WUCHANG), HandClock())
    side.partner.answer = lambda question, payload: httpx.Response(
        200, text=other.signer(CHECKED_TYPE)(side.partner.told(question, payload))
    )
    assert side.ask().trouble == "key-unknown"
    # One's own question sent back, and an answer under another type.
    side.partner.answer = lambda question, payload: httpx.Response(200, text=side.partner.asked[-1])
    assert side.ask().trouble == "jws-type-wrong"
    side.partner.answer = lambda question, payload: side.partner.sealed(side.partner.told(question, payload), "mx-receipt+jws")
    assert side.ask().trouble == "jws-type-wrong"

    def tampered(question: CertificateAsked, payload: bytes) -> httpx.Response:
        head, _, signature = side.partner.sealed(side.partner.told(question, payload, answer=CheckAnswer.UNKNOWN)).text.split(".")
        return httpx.Response(200, text=f"{head}.{ijson.b64url_encode(side.partner.told(question, payload))}.{signature}")

    side.partner.answer = tampered
    assert side.ask().trouble == "signature-bad"


@pytest.mark.parametrize(
    ("response", "trouble"),
    [
        (httpx.Response(404, text="not found"), "unknown-problem"),
        (httpx.Response(500), "partner-unavailable"),
        (httpx.Response(302, headers={"location": "http://127.0.0.1/"}), "partner-unavailable"),
        (httpx.Response(200, content="有效".encode()), "jws-malformed"),
        (
            httpx.Response(
                409,
                json={"type": "urn:woshou:problem:check-repeated"},
                headers={"content-type": "application/problem+json"},
            ),
            "check-repeated",
        ),
    ],
)
def test_a_partner_that_does_not_answer_is_asked_once_and_people_are_offered(side, response, trouble):
    side.partner.answer = lambda _question, _payload: response
    checked = side.ask()
    assert (checked.check.answer, checked.trouble, len(side.partner.asked)) == (CheckAnswer.CANNOT_SAY, trouble, 1)
    assert checked.query is not None
    with side.office.ledgers.transaction(read_only=True) as ledger:
        (kept,) = ledger.certificate_checks.find(Role.ASKER, [XICHENG], Page())
    assert kept == checked.check


def test_an_answer_under_a_newer_key_is_verified_after_one_look_and_asked_once(side):
    side.partner.office.clock.move(timedelta(days=1))
    side.partner.office.keyring.rotate(side.partner.office.now(), timedelta(days=30))
    side.partner.answer = lambda question, payload: side.partner.sealed(side.partner.told(question, payload))
    assert side.ask().check.answer is CheckAnswer.VALID
    assert len(side.partner.asked) == 1
