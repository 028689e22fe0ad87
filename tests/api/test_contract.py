"""The published description against a running node: what schemathesis makes of it gets no 5xx and no undeclared answer."""

import json
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adapters.keys.tokens import access_token
from api.describing.published import render
from api.models.base import EXAMPLE_ID
from exchange.codes import Role
from exchange.partners import PartnerStatus
from exchange.wire.message import write_message
from tests.api.nodes import Served, served
from tests.builders import (
    XICHENG,
    XICHENG_NODE,
    a_check,
    a_check_row,
    a_conversation,
    a_difference,
    a_message,
    a_partner,
    a_query,
    a_register_difference,
    a_row,
    an_agreement,
    an_entry,
    an_exchange,
    an_import,
    judged,
)
from tests.building.cases import a_case
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

PROMISED = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)
ROLE_OF = {
    "Agreements": "coordinator",
    "Audit": "auditor",
    "Escalations": "coordinator",
    "Health": "operator",
    "Partners": "operator",
    "Reports": "coordinator",
    "Routing": "operator",
    "Rules": "operator",
    "Troubles": "operator",
}


def answering_everywhere(document: list[str]) -> httpx.MockTransport:
    """A wire that leads nowhere: every address shows this node's own document."""
    return httpx.MockTransport(lambda request: httpx.Response(200, text=document[0]))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node that holds one of everything, under the ids that the description gives as examples."""
    folder, document = tmp_path_factory.mktemp("contract"), [""]
    database = open_database(f"sqlite:///{folder / 'woshou.db'}")
    database.upgrade()
    wire = answering_everywhere(document)
    with served(folder / "node", a_node(XICHENG_NODE, XICHENG), HandClock(), database, wire) as node:
        document[0] = node.office.documents.current()
        with database.transaction() as ledger:
            ledger.partners.save(a_partner(node="wuchang.example", status=PartnerStatus.ACTIVE))
            link = ledger.links.add(EXAMPLE_ID, "wuchang.example").id
            ledger.agreements.add(an_agreement(partner="wuchang.example"))
            ledger.entries.add([an_entry(1, id=EXAMPLE_ID)])
            opening = judged(a_message(1, link=link, exchange=EXAMPLE_ID, line=write_message(a_query())))
            ledger.messages.add([opening])
            exchange = an_exchange(1, link=link, role=Role.ASKER, conversation=a_conversation(), entry=EXAMPLE_ID)
            ledger.exchanges.add([exchange])
            ledger.imports.add(an_import(1), [a_row(2)])
            differences = [a_difference(n, check=EXAMPLE_ID, entry=EXAMPLE_ID) for n in (1, 2)]
            ledger.cross_checks.add(a_check(1, id=EXAMPLE_ID), [a_check_row(3, check=EXAMPLE_ID)], differences)
            ledger.cases.add(a_case(7, id=EXAMPLE_ID))
            ledger.register_runs.put_differences([a_register_difference(1, entry=EXAMPLE_ID)])
        yield node
    database.close()


@schemathesis.serializer("application/x-ndjson", "application/jose")
def as_it_is(_: schemathesis.SerializationContext, value: object) -> bytes:
    """Bodies that are no JSON document."""
    return str(value).encode(errors="replace")


def credential(node: Served, tag: str) -> str:
    """What the callers of a group show: partners their token, everyone else a key."""
    if tag == "Partner":
        office = node.office
        token, _ = access_token(office.node.name, "wuchang.example", ["exchange"], office.now(), office.signing_key())
        return token
    return node.key(ROLE_OF.get(tag, "clerk"), XICHENG)


SCHEMA = schemathesis.openapi.from_dict(json.loads(render()))
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)}


def test_the_node_shows_the_description_that_is_published(running: Served):
    assert running.http.get("/openapi.json").json() == json.loads(render())


# One test an operation: schemathesis's own pytest plugin does not know this pytest.
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_every_answer_is_one_that_the_description_promises(running: Served, label: str):
    operation = OPERATIONS[label]
    headers = {"authorization": f"Bearer {credential(running, *(operation.tags or ()))}"}

    @given(case=operation.as_strategy())
    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def promised(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=running.url, headers=headers, checks=list(PROMISED))

    promised()
