"""Cases, routes and sending on, on the command line of a node."""

import json

import pytest
from msgspec import structs

from exchange.codes import Kind, Result
from exchange.conversation import State
from exchange.exchanges import Direction
from exchange.terms.agreement import Standing, write_terms
from exchange.wire import ijson
from exchange.wire.message import FeedbackBody, write_message
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    YUYANG,
    YUYANG_NODE,
    a_conversation,
    a_day,
    a_feedback,
    a_message,
    a_moment,
    a_partner,
    a_query,
    an_agreement,
    an_api_key,
    an_exchange,
    an_id,
    an_id_number,
    judged,
)
from tests.cases.world import terms_between
from tests.cli.screens import on_screen
from woshou.cli.call import Call


def spouse(n, origin, **more):
    return {"person": {"name": "示例甲", "document": {"type": "id_number", "number": an_id_number(n)}}, "origin": origin, **more}


COUPLE = {"spouses": [spouse(1, XICHENG), spouse(2, WUCHANG)]}


def befriend(node, name, county):
    terms = terms_between((WUCHANG_NODE, WUCHANG), (name, county))
    signed = an_agreement(agreement=terms, digest=ijson.digest(write_terms(terms)), partner=name, standing=Standing.ACCEPTED)
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(name, claimed=(county,), confirmed=(county,)))
        link = ledger.links.add(an_id(70 + len(ledger.links.all())), name)
        ledger.agreements.add(signed)
        ledger.access.save_api_key(an_api_key(2, jurisdiction=WUCHANG))
    return link.id


@pytest.fixture
def case(node):
    befriend(node, XICHENG_NODE, XICHENG)
    opened = node("case", "open", "--application-date", "2026-03-01", "--clerk", "key-2", stdin=json.dumps(COUPLE))
    return opened.json["case"]


def test_a_case_is_opened_from_standard_input_and_shown_without_people_unless_asked(node, case):
    (row,) = node("case", "list", "--open").json["items"]
    assert (row["case"], row["state"], row["owner"]) == (case, "awaiting", "key-2")
    shown = node("case", "show", case).json
    assert [(one["spouse"], one["local"], one["person"]) for one in shown["spouses"]] == [(1, False, None), (2, True, None)]
    assert {item["state"] for item in shown["spouses"][0]["items"]} == {"sending"}
    people = node("case", "show", case, "--people").json["spouses"]
    assert [one["person"]["document"]["number"] for one in people] == [an_id_number(1), an_id_number(2)]


def test_a_case_goes_on_by_commitment_and_ends_with_the_notice(node, case, tmp_path):
    assert node("case", "finish", case, "--registered-on", "2026-03-02").refusal["code"] == "case-not-ready"
    done = node("case", "commit", case, "--made-on", "2026-03-01", "--reference", "CN-1", "--spouse", "1").json
    assert done["state"] == "ready"
    children = tmp_path / "child.json"
    children.write_text(json.dumps({"children": [{"birth_date": "2026-02-20"}]}))
    ended = node("case", "finish", case, "--registered-on", "2026-03-02", "--record", str(children)).json
    assert (ended["state"], ended["spouses"][0]["notice"] is not None) == ("finished", True)
    assert [row["event"] for row in node("exchange", "list").json["items"]] == ["registered", None]
    assert node("case", "cancel", case).refusal["code"] == "case-closed"
    assert node("case", "list", "--contradicted").json["items"] == []


def test_a_case_is_handed_over_and_cancelled(node, case):
    assert node("case", "hand-over", case, "nobody").refusal["code"] == "no-such-clerk"
    assert node("case", "hand-over", case, "key-2").json["owner"] == "key-2"
    assert node("case", "cancel", case).json["state"] == "cancelled"
    assert node("case", "show", an_id(9)).refusal["code"] == "not-found"


def test_what_does_not_fit_is_not_repeated(node):
    wrong = {"spouses": [spouse(1, "示例地"), spouse(2, WUCHANG)]}
    answer = node("case", "open", "--application-date", "2026-03-01", stdin=json.dumps(wrong))
    assert (answer.refusal["code"], "示例" in answer.err) == ("not-readable", False)


def test_a_case_on_screen_has_no_people_unless_asked(node, case):
    assert an_id_number(1) not in on_screen(node, "case", "show", case)
    assert an_id_number(1) in on_screen(node, "case", "show", case, "--people")


def test_routes_are_listed_tested_pinned_and_unpinned(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, claimed=("110000",), confirmed=("110000",)))
        ledger.partners.save(a_partner(YUYANG_NODE, claimed=(YUYANG, XICHENG), confirmed=(YUYANG,)))
    found = node("route", "test", "110104").json
    assert (found["today"], found["way"]["prefix"], found["notes"][0]["code"]) == (XICHENG, "11", "retired-code")
    assert node("route", "test", "500112").refusal["code"] == "several-successors"
    assert node("route", "test", "310101").refusal["code"] == "no-route"
    assert node("route", "set", XICHENG, YUYANG_NODE).json == {"prefix": XICHENG, "partner": YUYANG_NODE}
    assert node("route", "test", XICHENG).json["way"]["partner"] == YUYANG_NODE
    ways = [(way["prefix"], way["pinned"], way["own"]) for way in node("route", "list").json["items"]]
    assert ways == [(WUCHANG, False, True), ("11", False, False), (YUYANG, False, False), (XICHENG, True, False)]
    assert node("partner", "suspend", YUYANG_NODE).code == 0
    assert [found["kind"] for found in node("partner", "findings").json["items"]] == ["pin-to-inactive"]
    assert node("route", "test", XICHENG).refusal["code"] == "no-route"
    assert node("route", "unset", XICHENG).json == {"code": XICHENG}
    assert node("route", "unset", XICHENG).refusal["code"] == "not-found"


def test_what_came_to_the_wrong_county_is_sent_on(node):
    link = befriend(node, XICHENG_NODE, XICHENG)
    befriend(node, YUYANG_NODE, YUYANG)
    body = structs.replace(a_query().body, requested_by_person=True, application_date=a_day(-1))
    query = a_query(from_=WUCHANG, to=XICHENG, body=body)
    answer = a_feedback(to=query, body=FeedbackBody(result=Result.WRONG_JURISDICTION, jurisdiction=YUYANG))
    talk = a_conversation(State.ANSWERED, result=Result.WRONG_JURISDICTION, feedback=answer.id, fed_back_at=a_moment(-60))
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        told = {"link": link, "exchange": an_id(1)}
        asked = judged(a_message(1, **told, line=write_message(query)))
        came = a_message(2, **told, kind=Kind.FEEDBACK, direction=Direction.IN, line=write_message(answer))
        ledger.messages.add([asked, judged(came)])
        ledger.exchanges.add([an_exchange(1, link=link, own=WUCHANG, other=XICHENG, conversation=talk)])
    assert node("exchange", "show", an_id(1)).json["right_county"] == YUYANG
    assert node("exchange", "send-on", an_id(1), "--to", WUCHANG).refusal["code"] == "sent-in-circle"
    sent = node("exchange", "send-on", an_id(1)).json
    assert (sent["confirmed"], sent["after"]["other"]) == (True, YUYANG)
    after = sent["after"]["exchange"]
    assert node("exchange", "show", after).json["sent_on_from"] == an_id(1)
    assert node("exchange", "show", an_id(1)).json["sent_on_to"] == after
    assert node("exchange", "send-on", an_id(1)).refusal["code"] == "sent-on-already"
