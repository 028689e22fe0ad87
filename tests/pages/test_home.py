"""The first page: what each role finds there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.clocks.troubles import Trouble, TroubleKind
from exchange.ledger import Finding
from tests.api.nodes import Served
from tests.builders import WUCHANG, an_id
from tests.pages.figures import wuhan
from tests.pages.support import signed_in, text_of
from tests.rates.histories import WUHAN


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    """A node whose last night found one thing, the night before another, and which a partner leaves without an answer."""
    with wuhan(tmp_path) as made:
        now = made.clock.now()
        with made.office.ledgers.transaction() as ledger:
            ledger.chores.add_findings(
                [
                    Finding(
                        id="f1",
                        kind="clock-skew",
                        partner=None,
                        subject="s-last",
                        detail="of last night",
                        at=now - timedelta(hours=8),
                    ),
                    Finding(
                        id="f2",
                        kind="clock-skew",
                        partner=None,
                        subject="s-older",
                        detail="of long ago",
                        at=now - timedelta(days=2),
                    ),
                ]
            )
            ledger.troubles.begin(
                Trouble(id=an_id(1), kind=TroubleKind.PARTNER_UNREACHABLE, subject="lost.example", began_at=now)
            )
        yield made


@pytest.mark.parametrize(
    ("role", "of", "expected"),
    [
        ("clerk", WUCHANG, {"本方要办", "本统计月"}),
        ("coordinator", WUHAN, {"本方要办", "本统计月", "告警"}),
        ("auditor", WUHAN, {"本方要办", "本统计月", "昨夜发现"}),
        ("operator", WUHAN, {"告警", "昨夜发现"}),
    ],
)
def test_each_role_finds_what_it_has_the_right_to(node: Served, role: str, of: str, expected: set[str]):
    page = signed_in(node, "someone", role, of).get("/")
    found = {head for head in ("本方要办", "本统计月", "告警", "昨夜发现") if f'">{head}' in page.text}
    assert found == expected
    told = text_of(page)
    assert ("of last night" in told, "of long ago" in told) == ("昨夜发现" in expected, False)
    assert ("lost.example" in told) is ("告警" in expected)
    assert ("双方时钟相差 5 分钟以上 clock-skew 双方校对时钟" in told) is ("昨夜发现" in expected)


def test_the_rates_of_this_month_stand_beside_the_last_one_with_their_lines(node: Served):
    node.clock.shown = node.clock.now() - timedelta(days=700 - 65)  # 6 May 2026: Wuchang's May has just begun to fall due
    reader = signed_in(node, "chen", "coordinator", WUHAN)
    page = reader.get("/")
    told = text_of(page)
    assert "反馈率 ✓ 90.00 % 9/10 · 比上月 ▲ +42.17 个百分点" in told
    assert "握手率 ◆ 85.45 % 94/110 · 比上月 0.00 个百分点" in told
    assert page.text.count('<svg class="spark"') == 3
    assert "/reports/rates/feedback_given/rows?until=2026-05-05" in page.text
    behind = reader.get("/reports/rates/feedback_given/rows", until="2026-05-05")
    assert "✓ 90.00 % = 9 / 10" in text_of(behind)
    assert "反馈率. " in page.text
    assert "2026-04 47.83 %" in page.text


def test_the_lists_stand_in_groups_by_who_has_to_do_something_the_most_pressing_first(node: Served):
    told = text_of(signed_in(node, "someone", "clerk", WUCHANG, language="en").get("/"))
    heads = [
        "To be done here",
        "Late here",
        "To answer",
        "With the other side",
        "Late there",
        "Registers compared",
        "One-sided entries",
    ]
    assert sorted(heads, key=told.index) == heads
