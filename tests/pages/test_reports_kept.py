"""What came from others: monthly reports from below with their sum, and both sides' figures of a link."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.nodes import Served, served
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_comparison, a_received, an_id
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.pages.support import Reader, refusal_of, signed_in, text_of

BEIJING = "110000"
TOLD = a_received(XICHENG)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    """A node that was sent a report of Xicheng, and has compared figures with Wuchang's node twice."""
    with served(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as made:
        with made.office.ledgers.transaction() as ledger:
            ledger.reports.receive(TOLD)
            first = a_comparison(1)
            ledger.comparisons.add(first)
            ledger.comparisons.add(
                a_comparison(2, equal=True, differ=0, theirs=a_comparison(2).ours, rules_theirs=first.rules_ours)
            )
        yield made


def coordinator(node: Served, of: str = BEIJING, language: str = "zh") -> Reader:
    return signed_in(node, f"chen-{of}", "coordinator", of, language)


def test_a_received_report_is_listed_and_shown_with_its_tables_and_its_files(node: Served):
    reader = coordinator(node)
    listed = reader.get("/reports/received")
    assert "2026-02 北京市西城区 1" in text_of(listed)
    address = f"/reports/received/{TOLD.head.digest}"
    assert f'href="{address}"' in listed.text
    shown = reader.get(address)
    assert "月通报" in text_of(shown)
    assert ("反馈率" in text_of(shown), "Feedback given" in text_of(shown)) == (True, False)  # as the reader reads
    assert TOLD.head.digest in shown.text
    told = reader.get(f"{address}?view=feedback")
    file = reader.http.get(f"{address}/file?view=feedback&format=csv")
    rows = [row for row in csv.reader(io.StringIO(file.content.decode("utf-8-sig"))) if row and XICHENG in row]
    assert rows
    assert all(cell in text_of(told) for cell in rows[0] if cell)
    assert reader.http.get(f"{address}/file?format=json").content == TOLD.payload
    signed = reader.http.get(f"{address}/signed/file")
    assert (signed.text, signed.headers["content-disposition"]) == (
        TOLD.jws,
        f'attachment; filename="{TOLD.head.digest[:12]}.jws"',
    )


def test_the_reports_received_are_added_up(node: Served):
    reader = coordinator(node)
    page = reader.get("/reports/received/sum", month="2026-02")
    assert "上报汇总表" in text_of(page)
    assert XICHENG in text_of(page)
    file = reader.http.get("/reports/received/sum/file", params={"month": "2026-02", "format": "xlsx"})
    assert file.content.startswith(b"PK")
    assert refusal_of(reader.get("/reports/received/sum", month="2026-01")) == "not-found"
    assert "Sum of the reports" in text_of(coordinator(node, XICHENG, "en").get("/reports/received/sum", month="2026-02"))


def test_nobody_is_shown_a_report_of_elsewhere(node: Served):
    stranger = signed_in(node, "li", "coordinator", XICHENG)
    with node.office.ledgers.transaction() as ledger:
        other = a_received(WUCHANG)
        ledger.reports.receive(other)
    assert "2026-02 湖北省武汉市武昌区" not in text_of(stranger.get("/reports/received"))
    assert refusal_of(stranger.get(f"/reports/received/{other.head.digest}")) == "not-found"


def test_both_sides_figures_stand_beside_each_other_with_what_differs_marked(node: Served):
    reader = coordinator(node)
    told = text_of(reader.get("/reports/comparisons"))
    assert "✓ 相等" in told
    assert "≠ 不等 1 件不同" in told
    page = reader.get(f"/reports/comparisons/{an_id(1)}")
    assert "双方计数不等" in text_of(page)
    assert '<td class="figure">1</td><td class="figure differs">9</td>' in page.text
    assert "woshou-2026.1 ≠ woshou-2026.2" in text_of(page)
    assert "武昌区 ← 西城区" in text_of(page)
    equal = reader.get(f"/reports/comparisons/{an_id(2)}")
    assert "双方计数相等" in text_of(equal)
    assert "figure differs" not in equal.text
    assert "not count alike" in text_of(coordinator(node, XICHENG, "en").get(f"/reports/comparisons/{an_id(1)}"))


@pytest.mark.parametrize(("role", "sees"), [("coordinator", True), ("operator", True), ("auditor", True), ("clerk", False)])
def test_comparisons_are_for_who_oversees(node: Served, role: str, sees: bool):
    reader = signed_in(node, role, role, XICHENG)
    page = reader.get("/reports/comparisons")
    assert (refusal_of(page) is None) is sees
    if role != "operator":
        assert ('href="/reports/comparisons"' in reader.get("/reports").text) is sees
