"""What is watched over: the operator's page, the audit, escalations and alerts."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from api.app import operations
from api.pages import ROUTERS
from api.pages.language import CHINESE, ENGLISH
from api.pages.watching.actions import ACTIONS
from api.pages.watching.audit import problems_told
from api.pages.watching.outcomes import outcome_told
from api.pages.watching.told import FINDINGS, JOBS, SHEETS
from api.serving.routes import Route
from exchange.auditing.event import NODE_WIDE, Actor, ActorKind, AuditEvent
from exchange.ledger import AuditFilter, Page
from jobs.runner import on_shift
from jobs.timetable import SCHEDULE, Daily
from tests.api.nodes import Neighbours
from tests.api.test_audit_above import entered, note_reading, protect
from tests.api.test_reconciliations import keep
from tests.api.test_worklists import ask
from tests.builders import WUCHANG, XICHENG, a_finding, a_trouble, an_id, an_id_number
from tests.jobs.offices import a_pair
from tests.pages.support import Reader, account, refusal_of, signed_in, text_of

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"


def test_findings_are_told_with_what_to_do(both: Neighbours):
    reader = signed_in(both.xicheng, role="operator")
    assert "没有待查的发现" in text_of(reader.get("/operations"))
    with both.xicheng.office.ledgers.transaction() as ledger:
        ledger.chores.add_findings(
            [
                a_finding(1, kind="claims-changed"),
                a_finding(2, kind="ledger-forked", settled_at=both.xicheng.clock.now()),
                a_finding(3, kind="of-a-newer-release"),
            ]
        )
    told = text_of(reader.get("/operations"))
    assert "对方声明的地区变了 claims-changed 核实后在协作方页确认" in told
    assert "of-a-newer-release 见运行手册" in told
    assert "已消除的 1" in told
    older = reader.get("/operations", limit="2")
    assert "较早的发现" in older.text


def test_troubles_jobs_and_nights_are_told(both: Neighbours):
    now = both.xicheng.clock.now()
    with both.xicheng.office.ledgers.transaction() as ledger:
        ledger.chores.claim_run("remind", now.date(), now)
        ledger.chores.claim_run("close", now.date(), now)
        ledger.chores.finish_run("close", now.date(), now, "1200 changes counted, 3 pages of totals made")
        ledger.chores.claim_run("settle", now.date(), now)
        ledger.chores.finish_run("settle", now.date(), now, "said in another way")
        ledger.troubles.begin(a_trouble(1))
    keep(both.xicheng)
    reader = signed_in(both.xicheng, role="operator")
    page = reader.get("/operations")
    told = text_of(page)
    assert "联系不上协作方 · wuchang.example" in told
    assert "自动催办 remind 08:00 2026-03-02 09:00 未结束" in told
    assert "结算昨日指标 close 00:20 2026-03-02 09:00 完成 计入变动 1,200，新的汇总页 3" in told
    assert "完成 said in another way" in told
    assert "夜间 进行中或中断" in told
    night = text_of(reader.get(f"/operations/reconciliations/{an_id(40)}"))
    assert "西城区 → 武昌区 wuchang.example 已核定" in night
    assert "协作方未开通或已暂停" in night
    assert "Nothing was reconciled yet" not in text_of(
        signed_in(both.xicheng, "li", "operator", language="en").get("/operations")
    )


def test_what_waits_is_told(both: Neighbours):
    ask(both, 1)
    told = text_of(signed_in(both.xicheng, role="operator").get("/operations"))
    assert "待发消息 1 ，未收回执的批次 0" in told


@pytest.mark.parametrize("role", ["clerk", "coordinator", "auditor"])
def test_the_operators_page_is_the_operators(both: Neighbours, role: str):
    assert signed_in(both.xicheng, role, role).get("/operations").status_code == 403


def test_every_finding_of_the_docs_and_every_daily_job_has_words():
    table = DOCS.read_text(encoding="utf-8").partition("| | |\n|---|---|\n")[2].partition("\n\n")[0]
    kinds = [kind for line in table.splitlines() for kind in re.findall(r"`([a-z-]+)`", line.split("|")[1])]
    assert sorted(kinds) == sorted(FINDINGS)
    daily = {job.name: f"{job.when.at:%H:%M}" for job in SCHEDULE if isinstance(job.when, Daily)}
    assert {name: at for name, (_, at) in JOBS.items()} == daily
    assert all(each.what.zh and each.what.en and each.todo.zh and each.todo.en for each in FINDINGS.values())


def test_what_comes_of_every_daily_job_is_told_in_both_languages(tmp_path: Path):
    pair = a_pair(tmp_path)
    with on_shift(pair.xicheng, pair.client) as shift:
        outcomes = {job.name: job.run(shift) for job in SCHEDULE if isinstance(job.when, Daily)}
    assert outcomes.keys() == JOBS.keys()
    others = [
        "failed for wuchang.example: KeyError",
        "waits: another reconciliation is under way",
        "0 differ, 4 steps left to go on with",
    ]
    for outcome in (*outcomes.values(), *others):
        zh, en = outcome_told(CHINESE, outcome), outcome_told(ENGLISH, outcome)
        assert zh, outcome
        assert en, outcome
        numbers = re.findall(r"\d+", outcome)
        assert (re.findall(r"\d+", zh), re.findall(r"\d+", en), re.findall("[a-z]{5}", zh.replace("wuchang.example", ""))) == (
            numbers,
            numbers,
            [],
        ), outcome


def test_every_operation_that_leaves_a_row_has_words():
    told = {route.name for route in operations().values() if route.leaves_trail and route.tags != ["Health"]}
    # Of a page that is open to all a refusal alone.
    told |= {route.name for router in ROUTERS for route in router.routes if isinstance(route, Route)}
    assert told - ACTIONS.keys() == set()


def test_the_audit_is_narrowed_by_day_actor_and_outcome(both: Neighbours):
    ask(both, 1)
    both.xicheng.clock.move(timedelta(days=1))
    signed_in(both.xicheng, "wang").get("/operations")  # refused
    reader = signed_in(both.xicheng, "audi", role="auditor")
    empty = {"first": "", "last": "", "actor": "", "action": "", "refused": ""}
    told = text_of(reader.get("/audit", **empty))
    assert "start_exchange" in told
    assert "wang 先生 经办人" in told
    assert "发起协查或通报 start_exchange" in told
    assert "start_exchange" not in text_of(reader.get("/audit", **{**empty, "first": "2026-03-03"}))
    assert "start_exchange" not in text_of(reader.get("/audit", **{**empty, "actor": "wang 先生"}))
    assert "show_operations" in text_of(reader.get("/audit", **{**empty, "actor": "wang 先生", "refused": "true"}))
    assert "没有这样的记录" in text_of(reader.get("/audit", action="nothing"))
    assert "下一页" in reader.get("/audit", limit="1").text
    assert reader.get("/audit", first="yesterday").status_code == 422


def test_the_audit_names_who_is_of_another_place_and_says_in_words_what_was_done_and_why_it_was_refused(both: Neighbours):
    actors = [
        (
            Actor(kind=ActorKind.KEY, id=account(both.xicheng, "sheng", "coordinator", "110000"), role="coordinator"),
            "read_rates",
            None,
        ),
        (Actor(kind=ActorKind.COMMAND, id="root", role="operator"), "account create", None),
        (Actor(kind=ActorKind.JOB, id="retain"), "retain", None),
        (Actor(kind=ActorKind.KEY, id="gone", role="clerk"), "change-password", "account-locked"),
    ]
    with both.xicheng.office.ledgers.transaction() as ledger:
        for actor, action, problem in actors:
            at = both.xicheng.clock.now()
            ledger.audit.append([AuditEvent(at=at, jurisdiction=XICHENG, actor=actor, action=action, problem=problem)])
    reader = signed_in(both.xicheng, "audi", role="auditor")
    told = text_of(reader.get("/audit"))
    assert "sheng 先生 协调员 查看指标" in told
    assert re.search("root (操作员|管理员) 建立账号", told)
    assert "擦除期满内容" in told
    assert "更改密码 change-password ▲ 被拒绝 密码或验证码多次错误" in told
    assert "account-locked" not in told


def test_the_audit_has_words_for_every_code_with_which_a_sheet_is_refused():
    part = (DOCS.parent / "sheets.md").read_text("utf-8").split("## 整个文件被拒绝")[1].split("\n## ")[0]
    codes = {
        code for line in part.splitlines() if line.startswith("| `") for code in re.findall("`([a-z-]+)`", line.split("|")[1])
    }
    assert codes == SHEETS.keys()
    assert codes <= problems_told().keys()


def test_no_two_pages_stand_in_the_audit_under_one_name():
    names = Counter(route.name for router in ROUTERS for route in router.routes if isinstance(route, Route))
    # But where it is one thing: a list of differences of three kinds, a number on demand in two places.
    assert {name for name, times in names.items() if times > 1} == {"show_differences", "show_number"}


def test_who_saw_a_person_is_asked_by_a_form_and_stands_in_no_address(both: Neighbours):
    ask(both, 1)
    reader = signed_in(both.xicheng, "audi", role="auditor")
    reader.get("/audit/person")
    number = an_id_number(1)
    page = reader.post("/audit/person", document__type="id_number", document__number=number)
    assert "enter_person" in text_of(page)
    assert number not in page.text
    assert number not in str(page.url)
    none = reader.post("/audit/person", document__type="id_number", document__number=an_id_number(2))
    assert "没有这样的记录" in text_of(none)
    wrong = reader.post("/audit/person", document__type="id_number", document__number="123")
    assert wrong.status_code == 422
    with both.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        wanted = AuditFilter(jurisdictions=frozenset({NODE_WIDE, XICHENG}), actions=frozenset({"search_audit_for_person"}))
        assert len(ledger.audit.find(wanted, Page())) >= 2


def test_from_above_the_audit_tells_what_was_done_and_neither_to_whom_nor_that_somebody_is_protected(both: Neighbours):
    entry = entered(both.xicheng, 1)
    protect(both.xicheng, entry)
    own, above = (signed_in(both.xicheng, f"a{of}", role="auditor", of=of) for of in (XICHENG, "110000"))
    first, page = own.get("/audit"), above.get("/audit")
    assert "设置或解除保护 protect_one" in text_of(first)
    assert (f"entry:{entry}" in first.text, "办理台账" in text_of(first)) == (True, False)
    assert "经办人 办理台账 keep_register" in text_of(page)
    assert "不显示：" in text_of(page)
    assert [
        word for word in (entry, "entry:", "person:", "protect", "保护", "enter_person", "/audit/person") if word in page.text
    ] == []
    assert "keep_register" in text_of(above.get("/audit", action="keep_register"))
    for action in ("protect_one", "enter_person"):
        assert "没有这样的记录" in text_of(above.get("/audit", action=action))
    assert above.get("/audit/person").status_code == 403
    above.get("/account")
    for n in (1, 2):
        asked = above.post("/audit/person", document__type="id_number", document__number=an_id_number(n))
        assert (asked.status_code, refusal_of(asked)) == (403, "forbidden")


def test_the_pages_tell_who_was_read_too_often_to_the_countys_own_auditor_alone(both: Neighbours):
    note_reading(both.xicheng, XICHENG)
    told = {
        (role, of): signed_in(both.xicheng, f"{role}{of}", role=role, of=of).get(path).text
        for role, of, path in (
            ("auditor", XICHENG, "/"),
            ("auditor", "110000", "/"),
            ("operator", XICHENG, "/operations"),
            ("operator", "110000", "/"),
        )
    }
    assert ["11 times in 1 days" in page for page in told.values()] == [True] * 4
    assert [who for who, page in told.items() if "person:" in page] == [("auditor", XICHENG)]


@pytest.mark.parametrize("role", ["clerk", "coordinator", "operator"])
def test_the_audit_is_the_auditors(both: Neighbours, role: str):
    reader = signed_in(both.xicheng, role, role)
    assert [reader.get(path).status_code for path in ("/audit", "/audit/person")] == [403, 403]


def test_escalations_lie_before_their_coordinator_who_takes_them_in_hand(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.xicheng.post("/escalations", {"exchange": exchange}, role="coordinator")
    with both.xicheng.office.ledgers.transaction() as ledger:
        (standing,) = ledger.escalations.standing([exchange]).values()
        ledger.troubles.begin(a_trouble(1))
    path = f"/escalations/{standing.id}/acknowledgement"
    above = signed_in(both.xicheng, "above", role="coordinator", of="110000")
    assert "没有督办事项" in text_of(above.get("/escalations"))
    assert exchange[-8:] in above.get("/escalations", show="all").text
    assert refusal_of(above.post(path)) == "not-before-you"
    reader = signed_in(both.xicheng, role="coordinator")
    told = text_of(reader.get("/escalations"))
    assert f"{exchange[-8:]} 等对方答复" in told
    assert "联系不上协作方" in told
    assert reader.http.post(path).status_code == 403
    assert "处理中" in text_of(reader.post(path))
    assert refusal_of(reader.post(path)) == "not-before-you"
    with both.xicheng.office.ledgers.transaction() as ledger:
        ledger.escalations.resolve([standing.key], both.xicheng.clock.now())
    assert "没有督办事项" in text_of(reader.get("/escalations"))
    assert "已办结" in text_of(reader.get("/escalations", show="all"))


@pytest.mark.parametrize("role", ["clerk", "auditor", "operator"])
def test_escalations_are_the_coordinators(both: Neighbours, role: str):
    reader = signed_in(both.xicheng, role, role)
    assert reader.get("/escalations").status_code == 403


def test_who_is_bound_elsewhere_sees_nothing_of_it(both: Neighbours):
    for role, path in (("coordinator", "/escalations"), ("auditor", "/audit"), ("operator", "/operations")):
        account(both.xicheng, role, role, of=WUCHANG)
        reader = Reader(both.xicheng)
        reader.sign_in(role)
        assert reader.get(path).status_code == 403
