"""What a partner, made by hand, is answered over HTTP by a real node on each database."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from adapters.keys import jose
from adapters.keys.jose import PublicKey
from exchange.certificates.limits import OF_CERTIFICATE, OF_PARTNER
from exchange.codes import Item, Purpose
from exchange.moments import format_moment
from exchange.partners import PartnerStatus
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.terms.agreement import Agreement, FieldRule, Standing, write_terms
from exchange.wire import checks as wire
from exchange.wire import ijson
from exchange.wire.checks import CHECK_TYPE, CHECKED_TYPE, CertificateAsked, CertificateTold, WireHolder
from tests.api.hand import Hand, problem, set_status
from tests.api.nodes import served
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, YUYANG, a_moment, an_agreement, an_id, an_id_number
from tests.building.sealing import open_database
from tests.certificates.support import EXPIRED, NUMBER, REVOKED, a_check, asked, issued, put, verifying
from tests.jobs.offices import HandClock, an_office, as_partner
from tests.life.two_nodes import LINK, a_node

NODE = a_node(WUCHANG_NODE, WUCHANG)


@pytest.fixture
def hand(tmp_path: Path, database_url: str) -> Iterator[Hand]:
    """Wuchang's node, which issued a certificate; Xicheng, made by hand, may verify it."""
    clock = HandClock()
    database = open_database(database_url, keyed=NODE.keyed)
    database.upgrade()
    office = an_office(tmp_path / "hand", a_node(XICHENG_NODE, XICHENG), clock)
    with served(tmp_path / "node", NODE, clock, database) as node:
        with node.office.ledgers.transaction() as ledger:
            ledger.partners.save(replace(as_partner(office), confirmed=(XICHENG,)))
            ledger.links.add(LINK, XICHENG_NODE)
        made = Hand(node, XICHENG_NODE, office.keyring, LINK)
        agree(made, verifying())
        put(database, NODE, issued())
        yield made
    database.close()


def agree(hand: Hand, terms: Agreement, standing: Standing = Standing.ACCEPTED) -> None:
    """An agreement in force, over the one before."""
    signed = an_agreement(
        agreement=terms, digest=ijson.digest(write_terms(terms)), partner=hand.name, ours=False, standing=standing
    )
    with hand.served.office.ledgers.transaction() as ledger:
        for held in ledger.agreements.all(hand.name):
            ledger.agreements.save(replace(held, standing=Standing.ENDED))
        ledger.agreements.add(signed)


def token(hand: Hand, scope: str = "check") -> str:
    return str(hand.ask_token(scope=scope).json()["access_token"])


def sealed(hand: Hand, question: CertificateAsked | bytes, *, typ: str = CHECK_TYPE, key: jose.PrivateKey | None = None) -> str:
    payload = question if isinstance(question, bytes) else wire.write(question)
    return jose.sign(payload, typ=typ, key=key or hand.key)


def post(hand: Hand, body: str | bytes, *, scope: str = "check") -> httpx.Response:
    headers = {"authorization": f"Bearer {token(hand, scope)}", "content-type": "application/jose"}
    return hand.served.http.post("/v1/certificate-checks", content=body, headers=headers)


def told(hand: Hand, response: httpx.Response) -> CertificateTold:
    """The answer, verified with the node's published key."""
    import msgspec

    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/jose"
    (sig,) = (key for key in hand.served.http.get("/.well-known/jwks.json").json()["keys"] if key["use"] == "sig")
    public = PublicKey.from_jwk({name: sig[name] for name in ("kty", "crv", "x", "y")})
    payload = jose.verify(response.text, typ=CHECKED_TYPE, find_key={public.kid: public}.get).payload
    return msgspec.json.decode(payload, type=CertificateTold)


def answer(hand: Hand, question: CertificateAsked) -> str:
    return told(hand, post(hand, sealed(hand, question))).answer.value


def refused(hand: Hand, question: CertificateAsked | bytes, **how: Any) -> tuple[int, str]:
    return problem(post(hand, sealed(hand, question, **how)))[:2]


def holder(**changes: Any) -> WireHolder:
    return structs.replace(asked().holder, **changes)


def test_the_four_answers(hand):
    assert answer(hand, asked(1)) == "valid"
    for n, certificate in enumerate((REVOKED, EXPIRED), start=2):
        put(hand.served.office.ledgers, NODE, issued(1, certificate))
        assert answer(hand, asked(n)) == "not_valid"
    put(hand.served.office.ledgers, NODE, issued())
    assert answer(hand, asked(4, number="X-1")) == "unknown"
    assert answer(hand, asked(5, holder=holder(name="李四"))) == "unknown"
    assert answer(hand, asked(6, holder=holder(document=DocumentRef(type=DocumentType.PASSPORT, number="G1234567")))) == "unknown"
    put(hand.served.office.ledgers, NODE, issued(1, protected=True), issued(2))
    assert answer(hand, asked(7)) == "unknown"
    put(hand.served.office.ledgers, NODE, issued(1, None), issued(2, None))
    assert answer(hand, asked(8)) == "cannot_say"


def test_an_answer_is_bound_to_the_question_and_to_both_nodes(hand):
    question = asked(1)
    said = told(hand, post(hand, sealed(hand, question)))
    assert (said.question, said.id) == (ijson.digest(wire.write(question)), question.id)
    assert (said.sender, said.receiver, said.told_at) == (WUCHANG_NODE, XICHENG_NODE, format_moment(hand.served.clock.now()))


def test_a_question_is_answered_once(hand):
    jws = sealed(hand, asked(1))
    assert post(hand, jws).status_code == 200
    assert problem(post(hand, jws)) == (409, "check-repeated", "corrected")
    assert refused(hand, asked(1, number="X-9")) == (409, "check-repeated")


def test_only_a_fresh_question_is_answered(hand):
    for n, minutes in enumerate((-6, 6)):
        moment = format_moment(a_moment(minutes))
        assert refused(hand, asked(n + 1, asked_at=moment)) == (422, "check-not-fresh")
    for n, minutes in enumerate((-5, 5)):
        assert answer(hand, asked(n + 10, asked_at=format_moment(a_moment(minutes)))) == "valid"


def test_only_a_token_for_checks_opens_it(hand):
    for scope in ("exchange", "reconcile", "exchange reconcile"):
        assert problem(post(hand, sealed(hand, asked()), scope=scope))[:2] == (401, "unauthorized")
    response = hand.served.http.post("/v1/certificate-checks", content=sealed(hand, asked()))
    assert problem(response)[:2] == (401, "unauthorized")
    assert post(hand, sealed(hand, asked()), scope="exchange check").status_code == 200


def test_a_suspended_partner_is_refused(hand):
    bearer = token(hand)
    set_status(hand, PartnerStatus.SUSPENDED)
    headers = {"authorization": f"Bearer {bearer}"}
    response = hand.served.http.post("/v1/certificate-checks", content=sealed(hand, asked()), headers=headers)
    assert problem(response)[:2] == (403, "not-your-link")


def test_a_signature_of_another_type_key_or_content_is_refused(hand, tmp_path):
    assert refused(hand, asked(), typ=CHECKED_TYPE) == (400, "jws-type-wrong")
    assert refused(hand, asked(), typ="mx-batch+jws") == (400, "jws-type-wrong")
    foreign = an_office(tmp_path / "foreign", a_node("foreign.example", YUYANG), hand.served.clock).signing_key()
    assert refused(hand, asked(), key=foreign) == (400, "key-unknown")
    assert refused(hand, asked(), key=hand.served.office.signing_key()) == (400, "key-unknown")
    head, _, signature = sealed(hand, asked(1)).split(".")
    other = ijson.b64url_encode(wire.write(asked(2)))
    assert problem(post(hand, f"{head}.{other}.{signature}"))[:2] == (400, "signature-bad")
    assert problem(post(hand, "no jws"))[:2] == (400, "jws-malformed")
    assert problem(post(hand, "验证".encode()))[:2] == (400, "jws-malformed")


def test_an_answer_of_this_node_is_no_question_to_it(hand):
    given = post(hand, sealed(hand, asked())).text
    assert problem(post(hand, given))[:2] == (400, "jws-type-wrong")


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "other.example"},
        {"receiver": "other.example"},
        {"sender": WUCHANG_NODE, "receiver": XICHENG_NODE},
        {"from_": YUYANG},
        {"to": YUYANG},
        {"from_": WUCHANG, "to": XICHENG},
    ],
)
def test_a_question_of_another_node_or_county_is_not_answered(hand, changes):
    assert refused(hand, asked(**changes)) == (403, "not-your-link")


VERIFICATION = Purpose.CERTIFICATE_VERIFICATION


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"kinds": ["birth"]}, (403, "no-agreement")),
        ({"purposes": [Purpose.PUBLIC_SERVICE]}, (403, "no-agreement")),
        ({"directions": "second_to_first"}, (403, "no-agreement")),
        ({"categories": ["intra_city"]}, (403, "no-agreement")),
        ({"valid_until": date(2026, 3, 1)}, (403, "no-agreement")),
        ({"fields": [FieldRule(subject="query", purpose=VERIFICATION, items=[Item.SPOUSE])]}, (422, "item-not-agreed")),
        ({"directions": "first_to_second"}, None),
    ],
)
def test_an_agreement_must_let_the_certificate_be_queried_for_verification(hand, terms, refusal):
    agree(hand, verifying(id=an_id(7), **terms))
    if refusal is None:
        assert answer(hand, asked()) == "valid"
    else:
        assert refused(hand, asked()) == refusal


def test_without_an_agreement_in_force_nothing_is_answered(hand):
    agree(hand, verifying(id=an_id(7)), Standing.PROPOSED)
    assert refused(hand, asked()) == (403, "no-agreement")


GOOD = ijson.loads(wire.write(asked()))


MALFORMED: list[tuple[str, Any]] = [
    *((name, None) for name in GOOD),
    ("id", "1"),
    ("id", "019caf00-0000-4000-8000-000000000001"),
    ("nonce", "short"),
    ("nonce", "A" * 21 + "B"),
    ("sender", "UPPER.example"),
    ("receiver", ""),
    ("asked_at", "2026-03-02"),
    ("asked_at", "2026-13-02T01:00:00.000Z"),
    ("from", "1101"),
    ("to", "420106001"),
    ("to", XICHENG),
    ("purpose", "public_service"),
    ("purpose", "statistics"),
    ("number", ""),
    ("number", "号"),
    ("number", "A" * 41),
    ("number", "A\n"),
    ("number", 17),
    ("holder", {}),
    ("holder", {"name": "王小明"}),
    ("holder", {"name": "", "document": GOOD["holder"]["document"]}),
    ("holder", {"name": "王" * 61, "document": GOOD["holder"]["document"]}),
    ("holder", {"name": " 王小明", "document": GOOD["holder"]["document"]}),
    ("holder", {"name": "王小明", "document": {"type": "none"}}),
    ("holder", {"name": "王小明", "document": {"type": "id_number"}}),
    ("holder", {"name": "王小明", "document": {"type": "id_number", "number": "110102199003070"}}),
    ("holder", {"name": "王小明", "document": {"type": "id_number", "number": "11010219900230001X"}}),
    ("holder", {**GOOD["holder"], "sex": "1"}),
    ("entry", "1"),
    ("application_date", "2026-02-30"),
    ("application_date", "2026-03-01"),  # both grounds
    ("surplus", 1),
]


def test_a_field_that_is_missing_malformed_or_unknown_is_refused_without_its_content(hand):
    for field, value in MALFORMED:
        said = {name: held for name, held in {**GOOD, field: value}.items() if name != field or value is not None}
        response = post(hand, sealed(hand, ijson.dumps(said)))
        assert problem(response) == (422, "malformed-check", "corrected"), (field, value)
        for word in ("王小明", an_id_number(), NUMBER):
            assert word not in response.text


def test_what_is_no_i_json_or_too_large_is_refused(hand):
    twice = wire.write(asked())[:-1] + b',"number":"X-1"}'
    assert refused(hand, twice) == (422, "not-i-json")
    assert refused(hand, b"[]") == (422, "malformed-check")
    assert refused(hand, ijson.dumps({**GOOD, "surplus": "x" * 9000})) == (413, "request-too-large")


def test_the_persons_own_application_is_a_ground_too(hand):
    assert answer(hand, asked(entry=None, application_date=date(2026, 3, 1))) == "valid"
    assert refused(hand, asked(2, entry=None)) == (422, "malformed-check")


def test_misses_are_limited_and_shown_to_the_issuers_auditor(hand):
    for n in range(OF_CERTIFICATE):
        document = DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(n + 2))
        assert answer(hand, asked(n + 1, holder=holder(document=document))) == "unknown"
    assert answer(hand, asked(50)) == "cannot_say"
    rows = hand.served.get("/certificate-checks", role="auditor")["items"]
    assert [row["answer"] for row in rows] == ["cannot_say"] + ["unknown"] * OF_CERTIFICATE
    shown = {"role": "asked", "partner": XICHENG_NODE, "caller": XICHENG_NODE, "own": WUCHANG, "other": XICHENG}
    assert rows[0] == {
        "id": an_id(50),
        **shown,
        "purpose": "certificate_verification",
        "entry": an_id(101),
        "application_date": None,
        "answer": "cannot_say",
        "at": format_moment(hand.served.clock.now()),
    }
    for role in ("clerk", "coordinator", "system"):
        assert hand.served.call("GET", "/certificate-checks", role=role).status_code == 403
    findings = hand.served.get("/findings", role="operator")["items"]
    assert [finding["kind"] for finding in findings] == ["certificate-guessing"]


def test_a_partner_that_missed_too_often_is_told_when_to_come_back(hand):
    with hand.served.office.ledgers.transaction() as ledger:
        for n in range(OF_PARTNER):
            ledger.certificate_checks.add(a_check(1000 + n, certificate=f"c{n}", holder=f"h{n}", at=a_moment()))
    response = post(hand, sealed(hand, asked()))
    assert problem(response) == (429, "too-many-misses", "later")
    assert response.headers["retry-after"] == "3600"
    hand.served.clock.move(timedelta(hours=24))
    assert answer(hand, asked(2, asked_at=format_moment(hand.served.clock.now()))) == "valid"


def test_questions_at_one_time_are_all_answered_and_a_repeated_one_once(hand):
    bearer = {"authorization": f"Bearer {token(hand)}"}
    statuses: list[int] = []

    def ask(n: int) -> None:
        body = sealed(hand, asked(n))
        statuses.append(hand.served.http.post("/v1/certificate-checks", content=body, headers=bearer).status_code)

    threads = [threading.Thread(target=ask, args=(n,)) for n in (1, 2, 3, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 200, 200, 409]
