"""Agreements as coordinators read and sign them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from api.models.agreements import AgreementShown
from api.pages.partners.agreements import Rule, rules_of
from exchange.codes import Item, Purpose
from exchange.terms.agreement import SignedAgreement, Standing
from tests.api.nodes import Neighbours, Served, onboard, served
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.pages.support import Reader, refusal_of, signed_in, text_of

CHAOYANG = "110105"
FORM = {"partner": WUCHANG_NODE, "jurisdiction": XICHENG, "with": WUCHANG, "directions": "both"}
TICKED = {
    **{f"kinds.{each}": "true" for each in ("query", "arrival")},
    "purposes.public_service": "true",
    **{f"items.{each}": "true" for each in ("marital_status", "children")},
    "categories.migrant": "true",
}


def held(node: Served, digest: str) -> SignedAgreement:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        found = ledger.agreements.get(digest)
    assert found is not None
    return found


def proposed(reader: Reader, **more: str) -> str:
    """Propose by the form; the digest."""
    reader.get("/agreements/new")
    page = reader.post("/agreements/new", **{**FORM, **TICKED, "beside": "true", **more})
    assert refusal_of(page) is None, text_of(page)
    return page.url.path.rpartition("/")[2]


def test_an_agreement_goes_its_way_on_two_pages(both: Neighbours):
    here, there = signed_in(both.xicheng, role="coordinator"), signed_in(both.wuchang, role="coordinator")
    more = {"valid_until": "2027-12-31", "queries_per_day": "50", "compare": "true", "compared.children": "true"}
    digest = proposed(here, **more)
    terms = held(both.xicheng, digest).agreement
    assert (terms.kinds, terms.purposes, terms.queries_per_day) == (["query", "arrival"], [Purpose.PUBLIC_SERVICE], 50)
    assert terms.items_for("query", Purpose.PUBLIC_SERVICE) == {Item.MARITAL_STATUS, Item.CHILDREN}
    assert (terms.register_comparison.allowed, terms.register_comparison.items) == (True, (Item.CHILDREN,))
    assert (terms.notes_allowed, str(terms.valid_until)) == (False, "2027-12-31")
    both.deliver()
    assert "等本方决定" in text_of(there.get("/agreements"))
    told = text_of(there.get(f"/agreements/{digest}"))
    assert "至多 50 件" in told
    assert "每夜比对人员、子女" in told
    assert "协查 通报：流入 公共服务 婚姻状况、子女" in told
    assert "已接受" in text_of(there.post(f"/agreements/{digest}/decision", decision="accepted"))
    both.deliver()
    assert held(both.xicheng, digest).standing is Standing.ACCEPTED
    here.get(f"/agreements/{digest}")
    assert "已终止" in text_of(here.post(f"/agreements/{digest}/decision", decision="ended"))


def test_a_proposal_is_declined_or_taken_back(both: Neighbours):
    here, there = signed_in(both.xicheng, role="coordinator"), signed_in(both.wuchang, role="coordinator")
    first, second = proposed(here), proposed(here, valid_from="2026-05-01")
    both.deliver()
    there.get(f"/agreements/{first}")
    there.post(f"/agreements/{first}/decision", decision="declined")
    here.get(f"/agreements/{second}")
    here.post(f"/agreements/{second}/decision", decision="ended")
    assert (held(both.wuchang, first).standing, held(both.xicheng, second).standing) == (Standing.DECLINED, Standing.ENDED)


def test_only_what_can_be_said_is_offered(both: Neighbours):
    reader = signed_in(both.xicheng, role="coordinator")
    digest = proposed(reader)
    page = reader.get(f"/agreements/{digest}")
    assert ('value="accepted"' in page.text, 'value="ended"' in page.text) == (False, True)
    refused = reader.post(f"/agreements/{digest}/decision", decision="accepted")
    assert (refusal_of(refused), refused.url.path) == ("not-your-decision", f"/agreements/{digest}/decision")
    assert held(both.xicheng, digest).standing is Standing.PROPOSED


def test_what_had_been_given_stands_beside_a_refusal(both: Neighbours):
    reader = signed_in(both.xicheng, role="coordinator")
    reader.get("/agreements/new")
    page = reader.post("/agreements/new", **{**FORM, **TICKED, "with": "110105", "items.address": "true"})
    assert (refusal_of(page), page.status_code) == ("no-route", 409)
    assert 'name="with" list="known-with" value="110105"' in page.text
    assert 'name="items.address" value="true" checked' in page.text
    assert 'name="items.ethnicity" value="true">' in page.text
    assert 'name="kinds.death" value="true">' in page.text
    none = reader.post("/agreements/new", **FORM, **{name: each for name, each in TICKED.items() if "kinds" not in name})
    assert (refusal_of(none), 'class="wrong"' in none.text) == ("invalid", True)
    unfit = reader.post("/agreements/new", **{**FORM, **TICKED, "beside": "true", "valid_until": "2020-01-01"})
    assert (refusal_of(unfit), unfit.text.count('aria-invalid="true"')) == ("malformed-agreement", 1)


def test_nothing_is_ticked_that_was_not_asked_for_and_what_is_needed_is_told_beside_its_list(both: Neighbours):
    reader = signed_in(both.xicheng, role="coordinator")
    page = reader.get("/agreements/new")
    ticked = re.findall(r'name="([a-z_.]+)" value="true" checked', page.text)
    assert ticked == ["categories.migrant", "kinds.query"]
    for left_out, told in (("purposes", "请至少勾选一种用途"), ("items", "允许协查的，请至少勾选一个")):
        some = {name: each for name, each in TICKED.items() if not name.startswith(left_out)}
        refused = reader.post("/agreements/new", **FORM, **some)
        assert (refusal_of(refused), told in text_of(refused)) == ("invalid", True)
        assert refused.text.count('<fieldset class="wrong">') == 1
    notices = {name: each for name, each in TICKED.items() if name != "kinds.query" and not name.startswith("items")}
    assert refusal_of(reader.post("/agreements/new", **FORM, **notices, beside="true")) is None


def test_another_agreement_between_the_same_places_is_told_before_it_is_signed(both: Neighbours):
    (held_already,) = both.xicheng.get("/agreements", role="coordinator")["items"]
    reader = signed_in(both.xicheng, role="coordinator")
    reader.get("/agreements/new")
    told = reader.post("/agreements/new", **FORM, **TICKED)
    assert (told.status_code, refusal_of(told)) == (409, "agreement-stands")
    assert f'href="/agreements/{held_already["digest"]}"' in told.text
    assert 'name="items.children" value="true" checked' in told.text
    assert len(both.xicheng.get("/agreements", role="coordinator")["items"]) == 1
    signed = reader.post("/agreements/new", **FORM, **TICKED, beside="true")
    assert refusal_of(signed) is None
    assert len(both.xicheng.get("/agreements", role="coordinator")["items"]) == 2


def test_a_proposal_that_waits_for_the_viewers_word_stands_on_the_first_page(both: Neighbours):
    here, there = signed_in(both.xicheng, role="coordinator"), signed_in(both.wuchang, role="coordinator")
    digest = proposed(here)
    both.deliver()
    waiting = f'href="/agreements/{digest}"'
    assert (waiting in there.get("/").text, waiting in here.get("/").text) == (True, False)
    assert waiting not in signed_in(both.wuchang, "clerk", "clerk").get("/").text
    there.get(f"/agreements/{digest}")
    there.post(f"/agreements/{digest}/decision", decision="declined")
    assert waiting not in there.get("/").text


def test_coordinators_sign_and_others_read(both: Neighbours):
    digest = proposed(signed_in(both.xicheng, "zhang", role="coordinator"))
    for role in ("clerk", "auditor", "operator"):
        reader = signed_in(both.xicheng, role, role)
        page = reader.get(f"/agreements/{digest}")
        assert (page.status_code, "decision" in page.text) == (200, False)
        assert "/agreements/new" not in reader.get("/agreements").text
        assert reader.get("/agreements/new").status_code == 403
        reader.get("/")
        assert refusal_of(reader.post(f"/agreements/{digest}/decision", decision="ended")) == "forbidden"
        assert refusal_of(reader.post("/agreements/new", **FORM, **TICKED)) == "forbidden"


def test_nothing_of_another_county_is_shown_or_signed(tmp_path: Path):
    clock, two = HandClock(), replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))
    with (
        served(tmp_path / "beijing", two, clock) as node,
        served(tmp_path / "wuchang", a_node(WUCHANG_NODE, WUCHANG), clock) as other,
    ):
        onboard(node, other)
        digest = proposed(signed_in(node, "zhang", role="coordinator", of=XICHENG))
        stranger = signed_in(node, "li", role="coordinator", of=CHAOYANG)
        assert digest not in stranger.get("/agreements").text
        assert stranger.get(f"/agreements/{digest}").status_code == 404
        stranger.get("/agreements/new")
        assert refusal_of(stranger.post(f"/agreements/{digest}/decision", decision="ended")) == "not-found"
        assert refusal_of(stranger.post("/agreements/new", **FORM, **TICKED)) == "forbidden"
        assert held(node, digest).standing is Standing.PROPOSED


def test_between_two_counties_of_one_node_the_page_takes_the_others_word_alone(tmp_path: Path):
    two = replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))
    with served(tmp_path / "beijing", two, HandClock()) as node:
        proposal = {"partner": XICHENG_NODE, "jurisdiction": XICHENG, "with": CHAOYANG}
        digest = node.post("/agreements", proposal, role="coordinator", of=XICHENG, status=201)["digest"]
        here, there = (signed_in(node, of, role="coordinator", of=of) for of in (XICHENG, CHAOYANG))
        offered = [
            [word for word in ("accepted", "declined", "ended") if f'value="{word}"' in reader.get(f"/agreements/{digest}").text]
            for reader in (here, there)
        ]
        assert offered == [["ended"], ["accepted", "declined"]]
        for form in ({}, {"jurisdiction": XICHENG}):
            assert refusal_of(here.post(f"/agreements/{digest}/decision", decision="accepted", **form)) == "not-your-decision"
        assert held(node, digest).standing is Standing.PROPOSED
        there.post(f"/agreements/{digest}/decision", decision="accepted")
        assert held(node, digest).standing is Standing.ACCEPTED


@pytest.mark.parametrize("path", ["/agreements/new", "/agreements/{}/decision"])
def test_no_form_is_taken_without_its_token(both: Neighbours, path: str):
    reader = signed_in(both.xicheng, role="coordinator")
    digest = proposed(reader)
    answer = reader.http.post(path.format(digest), data={"decision": "ended", **FORM, **TICKED})
    assert (answer.status_code, refusal_of(answer)) == (403, "form-not-ours")
    assert held(both.xicheng, digest).standing is Standing.PROPOSED


def test_a_reader_in_english_gets_the_same(both: Neighbours):
    reader = signed_in(both.xicheng, role="coordinator", language="en")
    digest = proposed(reader)
    told = text_of(reader.get(f"/agreements/{digest}"))
    assert "What may be asked and sent" in told
    assert "query notice: arrival public service marital status, children" in told


def test_rules_that_are_alike_stand_together(both: Neighbours):
    (row,) = both.xicheng.get("/agreements", role="coordinator")["items"]

    shown = AgreementShown.of(held(both.xicheng, row["digest"]), both.xicheng.clock.now())
    (rule,) = rules_of(shown)
    assert isinstance(rule, Rule)
    assert (len(rule.subjects), rule.purposes) == (15, tuple(Purpose))
