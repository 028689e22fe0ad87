"""Reports through real nodes: every form, freezing, and a report on its way up from one node to another."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs
from openpyxl import load_workbook

from adapters.keys import jose
from adapters.keys.keyring import Keyring
from adapters.partner_http import PartnerClient
from adapters.reports.page import page_policy
from exchange.ledger import Page
from exchange.moments import default_as_of
from exchange.reporting.frozen.monthly import freeze_as
from exchange.reporting.frozen.upward import REPORT_TYPE, write_signed
from exchange.terms.agreement import PROPOSAL_TYPE
from exchange.wire import ijson
from jobs.reporting.freeze import freeze_reports
from jobs.reporting.send_reports import send_reports
from jobs.runner import on_shift
from tests.api.hand import Hand
from tests.api.nodes import Neighbours, Served, onboard, served
from tests.api.test_exchanges import ask, enter
from tests.builders import WUCHANG, a_monthly
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.rates.histories import XILING

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WUCHANG_NODE, HUBEI_NODE = "wuchang.example", "hubei.example"
WUHAN, HUBEI, MONTH = "420100", "420000", "2026-04"


@dataclass(frozen=True)
class Province:
    """Wuchang's node, and the one where Hubei's coordinators are at home."""

    wuchang: Served
    hubei: Served
    clock: HandClock

    def freeze(self) -> str:
        """Wuchang's report of April, frozen after its 27th; its digest."""
        self.clock.shown = default_as_of(MONTH) + timedelta(hours=2)
        made = self.wuchang.post("/frozen-reports", {"month": MONTH}, role="coordinator", status=201)
        return str(made["digest"])


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    clock = HandClock()
    with (
        served(tmp_path / "wuchang", a_node(WUCHANG_NODE, WUCHANG), clock) as below,
        served(tmp_path / "hubei", a_node(HUBEI_NODE, XILING), clock) as above,
    ):
        for here, there in ((below, above), (above, below)):
            onboard(here, there)
        yield Province(below, above, clock)


def sent(node: Served) -> str:
    """What the job does that sends reports."""
    with on_shift(node.office, PartnerClient(node.office, node.http)) as shift:
        return send_reports(shift)


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rsplit(":", 1)[1]


def posted(province: Province, jws: str) -> httpx.Response:
    """The report as Wuchang's node would post it."""
    keyring = province.wuchang.office.keyring
    hand = Hand(province.hubei, WUCHANG_NODE, keyring, "")
    headers = {"authorization": f"Bearer {hand.token()}", "content-type": "application/jose"}
    return province.hubei.http.post("/v1/reports", content=jws.encode(), headers=headers)


def signed(province: Province, *, typ: str = REPORT_TYPE, key: jose.Signer | None = None, **changes: Any) -> str:
    """A report of Wuchang's, signed for Hubei's node; `changes` are what is wrong with it."""
    receiver = changes.pop("receiver", HUBEI_NODE)
    monthly = structs.replace(a_monthly(WUCHANG, WUCHANG_NODE), **changes)
    office = province.wuchang.office
    payload = write_signed(freeze_as(monthly), WUCHANG_NODE, receiver, office.now())
    return jose.sign(payload, typ=typ, key=key or office.signing_key())


def test_a_report_comes_in_the_form_that_was_asked_for(both: Neighbours):
    entry, _ = enter(both)
    ask(both, entry)
    both.deliver()
    node = both.wuchang
    address = "/reports/feedback?from=2026-03-01&to=2026-03-31&cohort=submitted"
    told = node.get(address, role="coordinator")
    assert told["tables"][0]["totals"]["cells"]["feedback_given_denominator"] == 1
    assert told["basis"]["as_of"] == "2026-03-02T01:00:00.000Z"
    book = load_workbook(io.BytesIO(node.call("GET", f"{address}&format=xlsx").content))
    assert 1 in [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    for accept, media in (
        ("text/csv", "text/csv; charset=utf-8"),
        (XLSX, XLSX),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("text/html;q=0.1, text/csv;q=0.5", "text/csv; charset=utf-8"),
        ("*/*", "application/json"),
        ("text/html;q=x", "application/json"),
    ):
        response = node.call("GET", address, headers={"accept": accept})
        assert (response.status_code, response.headers["content-type"], response.headers["vary"]) == (200, media, "accept")
    page = node.call("GET", f"{address}&format=html")
    assert page.headers["content-security-policy"] == f"{page_policy()}; frame-ancestors 'none'"
    data = node.call("GET", f"{address}&format=csv")
    assert data.headers["content-disposition"] == 'attachment; filename="feedback-420106-2026-03-01_2026-03-31.csv"'
    title, *_ = next(csv.reader(io.StringIO(data.content.decode("utf-8-sig"))))
    assert title.startswith("湖北省武汉市武昌区反馈情况表")


def test_every_report_is_there_without_naming_a_month(both: Neighbours):
    for name in ("feedback", "league", "matrix", "overdue", "trend", "bulletin"):
        told = both.xicheng.get(f"/reports/{name}", role="coordinator")
        month = None if name == "overdue" else "2026-03"
        assert (told["report"], told["basis"]["month"]) == (name, month)
    assert problem(both.xicheng.call("GET", "/reports/trend?from=2026-01-01&to=2026-01-31")) == (422, "needs-month")
    assert problem(both.xicheng.call("GET", "/reports/unheard")) == (422, "invalid")
    assert problem(both.xicheng.call("GET", f"/reports/feedback?jurisdiction={WUCHANG}")) == (404, "not-found")


@pytest.mark.parametrize("path", ["/rates", "/rates/feedback_given/rows", "/reports/feedback"])
def test_a_period_at_the_ends_of_the_calendar_is_refused(both: Neighbours, path: str):
    for first, last in (("0001-01-01", "2026-01-31"), ("0001-01-05", "0001-01-06"), ("2026-01-01", "9999-12-30")):
        refused = both.xicheng.call("GET", f"{path}?from={first}&to={last}")
        assert problem(refused) == (422, "invalid")
    both.xicheng.get(f"{path}?from=1970-01-01&to=9998-12-31")


def test_the_overdue_list_names_no_person(both: Neighbours):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    both.wuchang.clock.move(timedelta(days=45))
    response = both.wuchang.call("GET", "/reports/overdue", role="coordinator")
    (row,) = response.json()["tables"][0]["rows"]
    assert row["cells"]["id"] == exchange
    assert (row["cells"]["days_overdue"], row["cells"]["round"], row["cells"]["interim"]) == (15, 1, None)
    assert "王" not in response.text


def test_a_frozen_report_stays_as_it_was_and_comes_out_the_same(province: Province):
    node = province.wuchang
    refused = node.call("POST", "/frozen-reports", json={"month": MONTH}, role="coordinator")
    assert problem(refused) == (409, "month-not-over")
    digest = province.freeze()
    again = node.post("/frozen-reports", {"month": MONTH}, role="coordinator", status=200)
    assert again["digest"] == digest
    first = node.call("GET", f"/frozen-reports/{digest}")
    assert ijson.digest(first.content) == digest
    assert first.json()["month"] == MONTH
    made = node.post(f"/frozen-reports/{digest}/verification", role="coordinator")
    assert (made["equal"], made["differences"]) == (True, [])
    (listed,) = node.get("/frozen-reports", role="auditor")["items"]
    assert (listed["digest"], listed["edition"], listed["jurisdiction"]) == (digest, 1, WUCHANG)
    page = node.call("GET", f"/frozen-reports/{digest}?view=bulletin&format=html")
    assert "流动人口婚育信息交换情况通报" in page.text
    nothing = node.call("POST", "/frozen-reports", json={"month": MONTH, "correction": "late_facts"}, role="coordinator")
    assert problem(nothing) == (409, "nothing-to-correct")


def test_the_job_freezes_what_is_due(province: Province):
    province.clock.shown = default_as_of(MONTH) + timedelta(hours=2)
    node = province.wuchang
    with on_shift(node.office, PartnerClient(node.office, node.http)) as shift:
        assert [freeze_reports(shift), freeze_reports(shift)] == ["1 frozen", "0 frozen"]
    (listed,) = node.get(f"/frozen-reports?month={MONTH}", role="coordinator")["items"]
    assert listed["frozen_at"] == "2026-04-27T18:00:00.000Z"


def test_a_report_goes_up_signed_and_is_summed_there(province: Province):
    below, above = province.wuchang, province.hubei
    digest = province.freeze()
    queued = below.post(f"/frozen-reports/{digest}/sendings", {"partner": HUBEI_NODE}, role="coordinator", status=202)
    assert (queued["partner"], queued["sent_at"], queued["refused"]) == (HUBEI_NODE, None, None)
    assert [sent(below), sent(below)] == ["1 sent", ""]
    (sending,) = below.get(f"/frozen-reports/{digest}/sendings", role="coordinator")["items"]
    assert sending["sent_at"] == "2026-04-27T18:00:00.000Z"

    (listed,) = above.get("/received-reports", role="coordinator", of=HUBEI)["items"]
    assert (listed["digest"], listed["sender"], listed["jurisdiction"]) == (digest, WUCHANG_NODE, WUCHANG)
    assert above.get("/received-reports", role="coordinator")["items"] == []  # Xiling does not see Wuchang's
    theirs = above.call("GET", f"/received-reports/{digest}", role="coordinator", of=HUBEI)
    assert theirs.content == below.call("GET", f"/frozen-reports/{digest}").content
    jws = above.call("GET", f"/received-reports/{digest}/signed", role="coordinator", of=HUBEI).text
    proven = jose.verify(jws, typ=REPORT_TYPE, find_key=lambda kid: below.office.keyring.public_key(kid, province.clock.now()))
    assert theirs.content in proven.payload

    above.post("/frozen-reports", {"month": MONTH}, role="coordinator", status=201)
    told = above.get(f"/received-reports/sum?month={MONTH}", role="coordinator", of=HUBEI)
    assert [row["cells"]["code"] for row in told["tables"][0]["rows"]] == [WUCHANG, XILING]
    assert any("尚缺" in note["zh"] for note in told["tables"][0]["footnotes"])
    assert problem(above.call("GET", "/received-reports/sum?month=2026-01", role="coordinator", of=HUBEI)) == (404, "not-found")


def test_a_report_also_goes_as_a_file_and_is_taken_once(province: Province):
    digest = province.freeze()
    asked = f"/frozen-reports/{digest}/signed?receiver={HUBEI_NODE}"
    jws = province.wuchang.call("GET", asked, role="coordinator").text
    files = [
        province.hubei.call(
            "POST", "/received-reports", content=jws, role="coordinator", of=HUBEI, headers={"idempotency-key": key}
        )
        for key in ("a", "a", "b")
    ]
    assert [answer.status_code for answer in files] == [202, 202, 200]
    assert {answer.json()["digest"] for answer in files} == {digest}
    assert posted(province, jws).status_code == 200  # the same by another way


def test_a_forged_report_is_refused_for_its_own_reason(province: Province, tmp_path: Path):
    stranger = Keyring.create(tmp_path / "stranger", province.clock.now()).signing_key(province.clock.now())
    good = signed(province)
    head, payload, signature = good.split(".")
    changed = ijson.b64url_encode(ijson.b64url_decode(payload).replace(b"wuchang.example", b"wuchang.example", 1) + b" ")
    for jws, expected in (
        (f"{head}.{changed}.{signature}", (400, "signature-bad")),
        (signed(province, key=stranger), (400, "key-unknown")),
        (signed(province, typ=PROPOSAL_TYPE), (400, "jws-type-wrong")),
        (f"{head}.{payload}.{'A' * 86}", (400, "signature-bad")),
        ("x", (400, "jws-malformed")),
        ("文", (422, "malformed-report")),
        (signed(province, receiver="other.example"), (403, "not-your-link")),
        (signed(province, node="other.example"), (403, "not-your-link")),
        (signed(province, counties=[XILING]), (403, "jurisdiction-not-confirmed")),
    ):
        assert problem(posted(province, jws)) == expected, jws[:40]
    assert province.hubei.get("/received-reports", role="coordinator", of=HUBEI)["items"] == []
    assert [posted(province, good).status_code for _ in range(2)] == [202, 200]
    other = structs.replace(a_monthly(WUCHANG, WUCHANG_NODE), frozen_at="2026-03-02T00:30:00.000Z")
    assert problem(posted(province, signed(province, frozen_at=other.frozen_at))) == (409, "report-contradicts")


def test_a_report_of_another_province_has_nobody_to_read_it(both: Neighbours):
    both.wuchang.clock.shown = default_as_of(MONTH) + timedelta(hours=2)
    digest = both.wuchang.post("/frozen-reports", {"month": MONTH}, role="coordinator", status=201)["digest"]
    to = both.xicheng.office.node.name
    both.wuchang.post(f"/frozen-reports/{digest}/sendings", {"partner": to}, role="coordinator", status=202)
    assert sent(both.wuchang) == ""
    (sending,) = both.wuchang.get(f"/frozen-reports/{digest}/sendings", role="coordinator")["items"]
    assert (sending["sent_at"], sending["refused"]) == (None, "not-served")
    with both.wuchang.office.ledgers.transaction(read_only=True) as ledger:
        (finding,) = [one for one in ledger.chores.findings(Page()) if one.kind == "report-refused"]
    assert finding.detail == "status 409, not-served"


def test_a_report_is_judged_by_the_keys_that_were_trusted_when_it_was_signed(province: Province):
    old, jws = province.wuchang.office.signing_key(), signed(province)
    province.wuchang.office.keyring.rotate(province.clock.now(), timedelta(days=1))
    Hand(province.hubei, WUCHANG_NODE, province.wuchang.office.keyring, "").token()  # the new key becomes known
    province.clock.move(timedelta(days=2))
    assert old.kid != province.wuchang.office.signing_key().kid
    assert problem(posted(province, signed(province, key=old))) == (400, "key-unknown")
    assert posted(province, jws).status_code == 202


def test_the_body_of_a_report_is_limited(province: Province):
    assert problem(posted(province, "a" * (1024 * 1024 + 1))) == (413, "request-too-large")
