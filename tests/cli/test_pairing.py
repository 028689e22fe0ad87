"""Candidates, suggestions and keys on the command line."""

import json
import sys
from dataclasses import replace

import pytest
from msgspec import structs

from exchange.codes import RegisterKind, Role
from exchange.exchanges import Direction
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Record
from exchange.wire.message import write_message
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_conversation,
    a_message,
    a_query,
    an_entry,
    an_exchange,
    an_id,
    judged,
)
from tests.cli.screens import on_screen
from tests.cli.test_work import befriend
from tests.pairing.people import somebody
from woshou.cli.call import Call

PERSON = structs.replace(somebody(7), document=DocumentRef(type=DocumentType.NONE))


@pytest.fixture
def asked(node):
    """Wuchang, asked about somebody without a number, who is in its outflow register with one."""
    befriend(node)
    query = a_query(1)
    query = structs.replace(query, body=structs.replace(query.body, person=PERSON, record=Record()))
    entry = an_entry(
        7, person=somebody(7), jurisdiction=WUCHANG, register=RegisterKind.OUTFLOW, origin=WUCHANG, destination=XICHENG
    )
    exchange = an_exchange(
        1, role=Role.ASKED, own=WUCHANG, other=XICHENG, origin=WUCHANG, destination=XICHENG, conversation=a_conversation()
    )
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        link = ledger.links.of(XICHENG_NODE)
        assert link is not None
        line = write_message(query)
        ledger.messages.add([judged(a_message(1, link=link.id, direction=Direction.IN, line=line))])
        ledger.exchanges.add([replace(exchange, key=exchange.key._replace(link=link.id))])
        ledger.entries.add([entry])
    return node


def test_candidates_are_listed_with_their_reasons(asked):
    shown = asked("exchange", "candidates", an_id(1)).json
    assert (shown["exchange"], [each["entry"] for each in shown["items"]]) == (an_id(1), [an_id(7)])
    assert shown["items"][0]["reasons"][0]["zh"]
    screen = on_screen(asked, "exchange", "candidates", an_id(1))
    assert somebody(7).name in screen
    assert "The birth dates are equal." in screen


def test_a_pairing_can_be_undone(asked):
    assert asked("exchange", "unpair", an_id(1)).refusal["code"] == "not-paired"
    assert asked("exchange", "pair", an_id(1), an_id(7)).json["pairing"] == "clerk"
    assert asked("exchange", "unpair", an_id(1)).json["pairing"] == "undone"


def test_the_linkage_suggests_and_pairs_nobody(asked):
    assert asked("pairing", "bulk").json == {"exchanges": 1, "with_suggestion": 1, "suggestions": 1}
    (suggested,) = asked("pairing", "suggestions").json["items"]
    assert (suggested["exchange"], suggested["entry"], suggested["role"]) == (an_id(1), an_id(7), "asked")
    assert somebody(7).name not in json.dumps(suggested, ensure_ascii=False)
    assert asked("exchange", "candidates", an_id(1)).json["items"][0]["linked"] == suggested["linked"]
    assert [row["entry"] for row in asked("exchange", "list").json["items"]] == [None]
    assert an_id(7) in on_screen(asked, "pairing", "suggestions")


def test_the_linkage_wants_to_know_the_county_of_this_node(asked):
    assert asked("pairing", "bulk", "--jurisdiction", XICHENG).refusal["code"] == "not-served"


def test_without_splink_the_command_says_what_to_install(asked, monkeypatch):
    monkeypatch.setitem(sys.modules, "splink", None)
    refused = asked("pairing", "bulk").refusal
    assert refused["code"] == "linkage-missing"
    assert "woshou[linkage]" in refused["zh"]


def test_keys_are_made_for_entries_that_have_none(asked):
    assert asked("pairing", "index").json == {"entries": 0}
    assert "0 entries got their keys." in on_screen(asked, "pairing", "index")
