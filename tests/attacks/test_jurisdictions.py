"""Reading and changing what is another jurisdiction's, by every route, and guessing what it has.

Pages are tried the same way in tests/pages/test_access.py.
"""

import uuid
from collections.abc import Iterator

import pytest

from api.rights import LocalRole, Records
from exchange.terms.agreement import Party, Standing
from tests.access.asking import ASKED, QUERY, RIGHTS, role_of, text_of
from tests.access.serving import RELATIONS, World, world_in
from tests.access.test_matrix import FORBIDDEN, JUDGED, UNKNOWN, expected, refusal_of, shown_beyond
from tests.api.nodes import Served
from tests.attacks.conftest import CHAOYANG
from tests.attacks.people import CANARIES
from tests.attacks.refusing import refused
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_digest, agreed_terms, an_agreement, an_id, an_id_number

# Whoever is not of the county: everybody of the one beside it, and elsewhere who sees people and who sees most without them.
ELSEWHERE = [("another county", role) for role in LocalRole] + [
    (relation, role)
    for relation in ("another township", "a county not served", "a province not served", "province above")
    for role in (LocalRole.CLERK, LocalRole.COORDINATOR)
]
# By which status each reason is told that is not the example's own.
STATUS = {FORBIDDEN: 403, UNKNOWN: 404}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("elsewhere")) as made:
        yield made


def hers(world: World) -> tuple[object, ...]:
    """What the books of Xicheng hold of the person."""
    with world.node.office.ledgers.transaction(read_only=True) as ledger:
        exchanges = [list(ledger.exchanges.named(exchange)) for exchange in (QUERY, ASKED)]
        return ledger.entries.get(QUERY), ledger.cases.get(QUERY), exchanges


# Of what machines ask every minute, and is about nobody, the audit tells nothing; that too is refused (tests/access).
UNTOLD = {"GET /metrics"}


@pytest.mark.parametrize("name", sorted(RIGHTS.keys() - UNTOLD))
def test_a_caller_elsewhere_learns_and_changes_nothing_of_her(world: World, name: str):
    """Each is refused for what the table of rights says, or gets, and does, what is its own."""
    before, right = hers(world), RIGHTS[name]
    for relation, role in ELSEWHERE:
        answer = world.asking(name, world.node.key(role, RELATIONS[relation][0]))
        assert shown_beyond(right, role, relation, text_of(answer)) == [], (role, relation)
        told, wanted = refusal_of(answer), expected(name, right, role, relation)
        if wanted in STATUS:
            refused(answer, STATUS[wanted], wanted)
        elif told is not None:
            assert told in JUDGED.get(name, ()), (role, relation, answer.text)
            refused(answer, answer.status_code, told)
    assert hers(world) == before


# Ids that nobody has, for those which a path may name.
NOBODYS = dict.fromkeys(("entry", "exchange", "case", "id", "escalation"), an_id(4711)) | {"digest": a_digest("nobody")}
ONES = [
    name
    for name, right in RIGHTS.items()
    if right.records is Records.OWN and expected(name, right, role_of(name), "another county") == UNKNOWN
    if any(f"{{{each}}}" in name for each in NOBODYS)
]


@pytest.mark.parametrize("name", ONES)
def test_what_is_anothers_cannot_be_told_from_what_does_not_exist(world: World, name: str):
    """Who may call it in the next county guesses ids: hers and one of nobody get the same answer, byte for byte."""
    key = world.node.key(role_of(name), CHAOYANG)
    known, unknown = world.asking(name, key), world.asking(name, key, **NOBODYS)
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    refused(known, 404, "not-found")


@pytest.mark.parametrize("guess", ["1", "0", "-1", "entry", an_id(1).upper(), f"{an_id(1)} ", "*", "null"])
def test_ids_that_are_no_ids_of_the_node(full: Served, guess: str):
    refused(full.call("GET", f"/entries/{guess}", of=XICHENG), 422, "invalid")


def test_an_id_that_nobody_has(full: Served):
    refused(full.call("GET", f"/entries/{uuid.UUID(int=0)}", of=XICHENG), 404, "not-found")


def test_a_search_by_her_number_from_the_next_county(full: Served):
    person = {"name": "王小红", "document": {"type": "id_number", "number": an_id_number(3)}}
    body = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    full.post("/entries", body, of=XICHENG, status=201)
    search = {"document": person["document"]}
    assert len(full.post("/entries/search", search, of=XICHENG)["items"]) == 1
    assert full.post("/entries/search", search, of=CHAOYANG)["items"] == []


def test_another_county_named_in_a_filter(full: Served):
    for path in ("/entries", "/exchanges", "/cases", "/imports", "/exports/exchanges", "/worklists/to_pair"):
        answer = full.call("GET", path, params={"jurisdiction": XICHENG, "own": XICHENG, "county": XICHENG}, of=CHAOYANG)
        assert answer.status_code == 200
        assert not any(canary in answer.text for canary in CANARIES)
        assert an_id(1) not in answer.text


def test_figures_of_another_county(full: Served):
    for path in ("/rates", "/rates/on_time/rows", "/reports/feedback"):
        refused(
            full.call("GET", path, params={"jurisdiction": XICHENG, "month": "2026-02"}, role="coordinator", of=CHAOYANG),
            404,
            "not-found",
        )


def test_entering_a_person_for_another_county(full: Served):
    person = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(2)}}
    body = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    answer = full.call("POST", "/entries", json=body, of=CHAOYANG)
    refused(answer, 422, "not-own-place")


def test_importing_for_another_county(full: Served):
    answer = full.call(
        "POST", "/imports", files={"file": ("a.csv", b"a")}, data={"layout": "outflow", "jurisdiction": XICHENG}, of=CHAOYANG
    )
    refused(answer, 409, "not-served")


@pytest.mark.parametrize("decision", ["accepted", "declined"])
def test_an_agreement_of_two_counties_of_one_node_by_one_of_them_alone(full: Served, decision: str):
    """Who proposed decides neither for itself nor for the other; the other county does, and either ends."""
    proposal = {"partner": "beijing.example", "jurisdiction": XICHENG, "with": CHAOYANG, "categories": ["intra_city"]}
    digest = full.post("/agreements", proposal, role="coordinator", of=XICHENG, status=201)["digest"]
    path = f"/agreements/{digest}/decision"
    for said, status, code in (
        ({}, 409, "not-your-decision"),
        ({"jurisdiction": XICHENG}, 409, "not-your-decision"),
        ({"jurisdiction": CHAOYANG}, 403, "forbidden"),
    ):
        refused(full.call("POST", path, json={"decision": decision, **said}, role="coordinator", of=XICHENG), status, code)
    ending = {"decision": "ended", "jurisdiction": CHAOYANG}
    refused(full.call("POST", path, json=ending, role="coordinator", of=CHAOYANG), 409, "not-your-decision")
    assert full.get(f"/agreements/{digest}", role="coordinator", of=XICHENG)["standing"] == "proposed"
    decided = full.post(path, {"decision": decision}, role="coordinator", of=CHAOYANG)
    assert (decided["standing"], decided["in_force"]) == (decision, decision == "accepted")
    if decision == "accepted":
        assert full.post(path, {"decision": "ended"}, role="coordinator", of=XICHENG)["standing"] == "ended"


def test_a_partners_proposal_by_another_county_of_the_node(full: Served):
    """It is for Xicheng to decide: the next county knows nothing of it, and cannot be spoken for."""
    terms = agreed_terms(
        parties=[Party(node=WUCHANG_NODE, jurisdiction=WUCHANG), Party(node="beijing.example", jurisdiction=XICHENG)]
    )
    held = an_agreement(7, agreement=terms, partner=WUCHANG_NODE, ours=False, standing=Standing.PROPOSED)
    with full.office.ledgers.transaction() as ledger:
        ledger.agreements.add(held)
    path = f"/agreements/{held.digest}/decision"
    for said in ({}, {"jurisdiction": XICHENG}, {"jurisdiction": CHAOYANG}):
        body = {"decision": "accepted", **said}
        refused(full.call("POST", path, json=body, role="coordinator", of=CHAOYANG), 404, "not-found")
    other = {"decision": "accepted", "jurisdiction": CHAOYANG}
    refused(full.call("POST", path, json=other, role="coordinator", of=XICHENG), 409, "not-served")
    with full.office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.agreements.get(held.digest) == held
