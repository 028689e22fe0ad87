"""`woshou certificate`: numbers by standard input, never as arguments; what was asked is listed without a person."""

import json
from dataclasses import replace
from typing import Any

import pytest

from exchange.codes import Role
from exchange.terms.agreement import Party, Standing
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_partner, an_agreement, an_id, an_id_number
from tests.certificates.support import NUMBER, a_check, living, put, verifying
from woshou.cli.call import Call

# The node serves Wuchang here: it asks Xicheng, which is away.
HERE: dict[str, Any] = {"jurisdiction": WUCHANG, "origin": XICHENG, "destination": WUCHANG}


@pytest.fixture
def asking(node):
    """A node that may verify certificates of a partner that cannot be reached, and its one inflow entry."""
    terms = verifying(parties=[Party(node=WUCHANG_NODE, jurisdiction=WUCHANG), Party(node=XICHENG_NODE, jurisdiction=XICHENG)])
    away = "http://127.0.0.1:9"
    known = replace(
        a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)),
        url=away,
        token_endpoint=f"{away}/oauth/token",
        agreements_endpoint=f"{away}/v1/agreements",
    )
    with Call(data=node.data, json=True).office() as office:
        with office.ledgers.transaction() as ledger:
            ledger.partners.save(known)
            ledger.links.add(an_id(7), XICHENG_NODE)
            ledger.agreements.add(an_agreement(agreement=terms, partner=XICHENG_NODE, standing=Standing.ACCEPTED))
        put(office.ledgers, office.node, living(1, **HERE))
    return node


def test_the_number_comes_by_standard_input_and_the_query_that_asks_people_is_named(asking):
    said = asking("certificate", "check", "--entry", an_id(101), stdin=json.dumps({"number": NUMBER}))
    assert (said.json["answer"], said.json["trouble"], said.json["other"]) == ("cannot_say", "partner-unavailable", XICHENG)
    assert said.json["query"]["items"] == ["certificate"]
    assert "certificate_verification" in said.err
    assert NUMBER not in said.out + said.err


def test_without_an_entry_the_holder_comes_by_standard_input_too(asking):
    holder = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(2)}}
    given = json.dumps({"number": NUMBER, "holder": holder}, ensure_ascii=False)
    refused = asking("certificate", "check", "--issuer", XICHENG, stdin=given)
    assert refused.refusal["code"] == "no-ground"
    said = asking("certificate", "check", "--issuer", XICHENG, "--application-date", "2026-03-02", stdin=given)
    assert (said.json["answer"], said.json["application_date"]) == ("cannot_say", "2026-03-02")
    assert an_id_number(2) not in said.out + said.err + refused.err
    words = said.err.split("woshou ", 1)[1].split()
    sent = asking(*words, stdin=json.dumps(holder, ensure_ascii=False))
    assert (sent.code, sent.json["other"]) == (0, XICHENG)


@pytest.mark.parametrize("stdin", ["", "[]", "{}", '{"number": 1}', '{"number": "A", "surplus": 1}', '{"number": "号"}'])
def test_what_is_malformed_on_standard_input_is_refused(asking, stdin):
    told = asking("certificate", "check", "--entry", an_id(101), stdin=stdin).refusal
    assert told["code"] == "not-readable"
    assert "`" not in json.dumps(told)


def test_checks_are_listed_by_role_newest_first_in_pages(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        for check in (a_check(1), a_check(2), a_check(3), a_check(4, role=Role.ASKER)):
            ledger.certificate_checks.add(check)
    first = node("certificate", "list", "--limit", "2").json
    rest = node("certificate", "list", "--limit", "2", "--after", first["next"]).json
    assert [row["id"] for row in first["items"] + rest["items"]] == [an_id(3), an_id(2), an_id(1)]
    assert [row["id"] for row in node("certificate", "list", "--role", "asker").json["items"]] == [an_id(4)]
    assert not {"certificate", "holder"} & set(first["items"][0])
