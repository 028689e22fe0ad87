"""Partners as operators see them: taken on by a fingerprint that was read out, suspended, refreshed, tried."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.calling.trial import Fault, Step
from api.pages.partners.trials import FAULTS, STEPS
from exchange.partners import PartnerStatus
from tests.api.nodes import Neighbours, Served, onboard, served
from tests.api.test_worklists import ask
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.pages.support import refusal_of, signed_in, text_of

ONE = f"/partners/{WUCHANG_NODE}"


def standing(node: Served, partner: str = WUCHANG_NODE) -> PartnerStatus | None:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        known = ledger.partners.get(partner)
    return known.status if known is not None else None


@pytest.mark.parametrize("role", ["clerk", "coordinator", "auditor"])
def test_partners_are_for_operators_alone(both: Neighbours, role: str):
    reader = signed_in(both.xicheng, role, role)
    assert [reader.get(path).status_code for path in ("/partners", ONE)] == [403, 403]
    for what in ("trial", "suspension", "renewal", "confirmation"):
        reader.get("/")
        assert refusal_of(reader.post(f"{ONE}/{what}")) == "forbidden"
    assert standing(both.xicheng) is PartnerStatus.ACTIVE


def test_a_list_shows_standing_and_what_waits(both: Neighbours):
    ask(both, 1)
    told = text_of(signed_in(both.xicheng, role="operator").get("/partners"))
    assert f"{WUCHANG_NODE} 正常" in told
    assert both.xicheng.office.keyring.fingerprint(both.xicheng.clock.now()) in told
    english = text_of(signed_in(both.xicheng, "li", role="operator", language="en").get("/partners"))
    assert "Waiting to be sent" in english


def test_keys_that_run_out_soon_are_told(both: Neighbours):
    reader = signed_in(both.xicheng, role="operator")
    with both.xicheng.office.ledgers.transaction() as ledger:
        known = ledger.partners.get(WUCHANG_NODE)
        assert known is not None
        ends = both.xicheng.clock.now() + timedelta(days=12)
        keys = tuple(replace(key, not_after=ends) if key.use == "enc" else key for key in known.keys)
        ledger.partners.save(replace(known, keys=keys))
    assert "还剩 12 天" in text_of(reader.get("/partners"))
    told = text_of(reader.get(ONE))
    assert all(key.kid in told for key in keys)


def test_a_partner_is_taken_on_by_what_its_operator_reads_out(tmp_path: Path):
    clock = HandClock()
    with (
        served(tmp_path / "xicheng", a_node(XICHENG_NODE, XICHENG), clock) as here,
        served(tmp_path / "wuchang", a_node(WUCHANG_NODE, WUCHANG), clock) as there,
    ):
        reader = signed_in(here, role="operator")
        reader.get("/partners")
        page = reader.post("/partners", url=there.url)
        assert page.url.path == ONE
        fingerprint = there.office.keyring.fingerprint(clock.now())
        # Nobody can copy it from the page: it has to be heard.
        assert fingerprint not in page.text
        assert "尚未核对指纹" in text_of(reader.post(f"{ONE}/trial"))
        wrong = here.office.keyring.fingerprint(clock.now())
        refused = reader.post(f"{ONE}/confirmation", **{"fingerprint": wrong, f"jurisdictions.{WUCHANG}": WUCHANG})
        assert (refusal_of(refused), refused.status_code, wrong in refused.text) == ("fingerprint-differs", 409, True)
        nothing = reader.post(f"{ONE}/confirmation", fingerprint=fingerprint)
        assert refusal_of(nothing) == "invalid"
        assert standing(here) is PartnerStatus.PENDING
        told = reader.post(f"{ONE}/confirmation", **{"fingerprint": fingerprint.lower(), f"jurisdictions.{WUCHANG}": WUCHANG})
        assert "已确认，可以签协议" in text_of(told)
        assert standing(here) is PartnerStatus.ACTIVE
        # The other side has not confirmed anything yet, and does not know this node at all.
        assert Fault.NOT_KNOWN in reader.post(f"{ONE}/trial").text
        onboard(there, here)
        assert "一切正常" in text_of(reader.post(f"{ONE}/trial"))


def test_an_address_without_a_node_is_refused_beside_the_form(both: Neighbours):
    reader = signed_in(both.xicheng, role="operator")
    reader.get("/partners")
    for url, code in (("http://127.0.0.1:1", "no-node-there"), ("ftp://x", "invalid")):
        page = reader.post("/partners", url=url)
        assert (refusal_of(page), f'value="{url}"' in page.text) == (code, True)


def test_a_partner_is_suspended_and_resumed(both: Neighbours):
    reader = signed_in(both.xicheng, role="operator")
    reader.get(ONE)
    assert "已暂停，双向收发停止" in text_of(reader.post(f"{ONE}/suspension"))
    assert standing(both.xicheng) is PartnerStatus.SUSPENDED
    assert refusal_of(reader.post(f"{ONE}/suspension")) == "not-in-this-standing"
    assert Fault.SUSPENDED in reader.post(f"{ONE}/trial").text
    assert "已恢复" in text_of(reader.post(f"{ONE}/resumption"))
    assert standing(both.xicheng) is PartnerStatus.ACTIVE


def test_that_there_is_no_newer_document_is_told(both: Neighbours):
    reader = signed_in(both.xicheng, role="operator")
    reader.get(ONE)
    assert "没有更新的节点文件" in text_of(reader.post(f"{ONE}/renewal"))


def test_a_trial_says_what_is_wrong_in_both_languages_and_changes_nothing(both: Neighbours):
    both.wuchang.post(f"/partners/{XICHENG_NODE}/suspension", role="operator")
    for login, language, told in (("wang", "zh", "已暂停与本方的联络"), ("li", "en", "Call the other operator")):
        reader = signed_in(both.xicheng, login, role="operator", language=language)
        reader.get(ONE)
        page = reader.post(f"{ONE}/trial")
        assert (page.status_code, told in text_of(page)) == (200, True)
        assert reader.get(f"{ONE}/trial").url.path == ONE  # as when the language is changed there
    assert standing(both.xicheng) is PartnerStatus.ACTIVE


def test_no_form_is_taken_without_its_token(both: Neighbours):
    reader = signed_in(both.xicheng, role="operator")
    for what in ("", "/suspension", "/trial", "/renewal", "/confirmation", "/resumption"):
        path = f"{ONE}{what}" if what else "/partners"
        answer = reader.http.post(path, data={"url": both.wuchang.url})
        assert (answer.status_code, refusal_of(answer)) == (403, "form-not-ours")
    assert standing(both.xicheng) is PartnerStatus.ACTIVE


def test_an_unknown_partner_is_not_there(both: Neighbours):
    reader = signed_in(both.xicheng, role="operator")
    assert reader.get("/partners/nobody.example").status_code == 404
    reader.get("/partners")
    assert reader.post("/partners/nobody.example/trial").status_code == 404


def test_every_step_and_fault_has_words_of_its_own():
    assert (set(FAULTS), set(STEPS)) == (set(Fault), set(Step))
    for told in (FAULTS, STEPS):
        assert len({each.zh for each in told.values()}) == len({each.en for each in told.values()}) == len(told)
