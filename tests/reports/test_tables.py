"""Each report's table, cell by cell."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from exchange.codes import Kind, Purpose
from exchange.conversation import State
from exchange.counting.query import Narrowing
from exchange.counting.share import Share
from exchange.jurisdiction import Level
from exchange.moments import Period, default_as_of, statistical_month
from exchange.rates import Cohort, RateName
from exchange.reconciling.results import Tally
from exchange.reporting.guarding import NotByPurpose
from exchange.reporting.table import Basis, Column, ColumnKind, Mark, Points, Table, Text, shown
from exchange.reporting.wanted import NeedsMonth, ReportName
from tests.builders import WUCHANG, XICHENG, a_conversation, a_day, a_message, an_id, judged
from tests.rates.histories import HANYANG, JIANGAN, XILING, History, Told, a_counting_node, holding, moment
from tests.rates.runs import FIVE, a_failed_run, a_pair, a_run, reconciled
from tests.reports.making import MARCH, OF_HANYANG, SUBMITTED, WUHAN, answered, made, owed, some_books, the_table

M = Mark.MASKED
NOTHING = (None,) * 4


def share(numerator: int, denominator: int) -> Share:
    return Share(numerator=numerator, denominator=denominator)


def three(numerator: int, denominator: int) -> tuple:
    return numerator, denominator, share(numerator, denominator)


def test_a_feedback_report_has_the_parts_as_rows_and_the_whole_as_totals():
    document = made(some_books(), ReportName.FEEDBACK)
    none = three(0, 0)
    quiet = (None, None, 0, 0, 0, 0, 0)
    assert the_table(document).rows == (
        ("江岸区", JIANGAN, *none, *none, *none, *none, *none, *none, *quiet, 0, None, 0, None),
        ("汉阳区", HANYANG, *three(0, 12), *none, *three(0, 12), *none, *three(0, 12), *none, *quiet, 12, 45, 12, 15),
        (
            *("武昌区", WUCHANG, *three(30, 40), *three(20, 20), *three(30, 40), *none, *three(30, 40), *none),
            *(10, 10, 0, 0, 30, 0, 0, 10, 45, 10, 15),
        ),
    )
    assert the_table(document).totals == (
        *("合计", WUHAN, *three(30, 52), *three(20, 20), *three(30, 52), *none, *three(30, 52), *none),
        *(10, 10, 0, 0, 30, 0, 0, 22, 45, 22, 15),
    )


def test_every_report_says_what_it_rests_on():
    node = a_counting_node()
    document = made(some_books(), ReportName.FEEDBACK)
    assert document.basis == Basis(
        node=node.name,
        jurisdiction=WUHAN,
        place="湖北省武汉市",
        period=statistical_month(MARCH),
        month=MARCH,
        as_of=default_as_of(MARCH),
        cohort=Cohort.DUE,
        rules=node.rules.version,
        rules_digest=node.rules.digest,
        divisions=node.divisions.edition,
        filters={"category": "migrant"},
    )
    assert document.title == Text("湖北省武汉市反馈情况表（2026年3月）", "Feedback report · 湖北省武汉市 · 2026-03")
    assert {column.key for column in document.definitions()} == {column.key for column in the_table(document).columns}
    assert all(column.means.zh and column.means.en for column in document.definitions())


def test_a_county_has_its_townships_and_what_was_assigned_to_none_as_rows():
    told = [*answered(range(1, 4), handled_by="420106001"), *owed(range(4, 6))]
    table = the_table(made(holding(told), ReportName.FEEDBACK, WUCHANG))
    assert [row[1:5] for row in table.rows] == [("420106001", *three(3, 3)), ("unassigned", *three(0, 2))]
    assert table.rows[1][0] == "未分派"
    assert table.totals is not None
    assert table.totals[:5] == ("合计", WUCHANG, *three(3, 5))


def test_equal_rates_have_equal_ranks_and_too_few_have_none():
    told = [
        *answered(range(1, 11)),
        *owed(range(11, 21)),
        *answered(range(21, 31), own=HANYANG, origin=HANYANG),
        *owed(range(31, 41), own=HANYANG, origin=HANYANG),
        *answered(range(41, 50), own=JIANGAN, origin=JIANGAN),
        *owed(range(50, 70), own=XILING, origin=XILING),
    ]
    table = the_table(made(holding(told), ReportName.LEAGUE, "420000", level=Level.COUNTY))
    assert [row[:5] for row in table.rows] == [
        (1, "汉阳区", HANYANG, 10, 20),
        (1, "武昌区", WUCHANG, 10, 20),
        (3, "西陵区", XILING, 0, 20),
        (Mark.UNRANKED, "江岸区", JIANGAN, 9, 9),
        (Mark.UNRANKED, "仙桃市", "429004", 0, 0),
    ]
    assert any("※" in note.zh for note in table.footnotes)


def test_peers_are_of_one_level_and_by_default_those_directly_below():
    told = [*answered(range(1, 11)), *owed(range(50, 70), own=XILING, origin=XILING)]
    table = the_table(made(holding(told), ReportName.LEAGUE, "420000"))
    assert [row[:5] for row in table.rows][:2] == [(1, "武汉市", WUHAN, 10, 10), (2, "宜昌市", "420500", 0, 20)]


def test_what_was_assigned_to_no_township_is_no_peer():
    told = [*answered(range(1, 12), handled_by="420106001"), *owed(range(20, 40))]
    table = the_table(made(holding(told), ReportName.LEAGUE, WUCHANG, rate=RateName.ON_TIME))
    assert [row[:5] for row in table.rows] == [(1, a_counting_node().divisions.name("420106001"), "420106001", 11, 11)]


def test_a_matrix_shows_both_ways_and_no_handshake_before_a_reconciliation():
    told = [
        *answered(range(1, 31)),
        *owed(range(41, 53), **OF_HANYANG, other="610802", destination="610802"),
        *answered(range(60, 80), **SUBMITTED),
    ]
    table = the_table(made(holding(told), ReportName.MATRIX))
    yuyang = "陕西省榆林市榆阳区"
    assert table.rows == (
        ("湖北省武汉市汉阳区", HANYANG, yuyang, "610802", *three(0, 12), *three(0, 0), *NOTHING),
        ("湖北省武汉市武昌区", WUCHANG, "北京市西城区", XICHENG, *three(30, 30), *three(20, 20), *NOTHING),
    )
    assert table.totals == ("合计", "", "", "", *three(30, 42), *three(20, 20), *NOTHING)
    assert "对账" in table.footnotes[0].zh


def test_a_matrix_shows_the_handshake_of_both_registers_and_the_day_of_the_earliest_reconciliation():
    runs = [
        a_run(1, 3, pair=a_pair(WUCHANG, XICHENG)),
        a_run(2, 5, pair=a_pair(XICHENG, WUCHANG), tally=FIVE),
        a_run(3, 6, pair=a_pair(WUCHANG, "110105"), tally=FIVE),
        a_run(4, 7, pair=a_pair(HANYANG, WUCHANG), tally=FIVE),
    ]
    ledgers = reconciled(runs, holding(answered(range(1, 31))))
    table = the_table(made(ledgers, ReportName.MATRIX, WUCHANG))
    assert [(row[3], *row[10:]) for row in table.rows] == [
        (XICHENG, *three(97, 115), a_day(3)),
        ("110105", *three(3, 5), a_day(6)),
    ]
    totals = table.totals
    assert totals is not None
    assert totals[10:] == (*three(100, 120), a_day(3))
    assert [shown(cell) for cell in table.rows[1][4:10]] == ["0", "0", "—", "0", "0", "—"]
    (province,) = the_table(made(ledgers, ReportName.MATRIX, WUCHANG, level=Level.PROVINCE)).rows
    assert province[10:] == totals[10:]
    assert [column.key for column in table.columns[10:]] == [
        "handshake_numerator",
        "handshake_denominator",
        "handshake_percent",
        "handshake_reconciled",
    ]


def test_a_matrix_says_where_a_later_comparison_came_to_nothing():
    table = the_table(made(reconciled([a_run(1, 3), a_failed_run(2, 5)]), ReportName.MATRIX, WUCHANG))
    assert "1 对台账其后的对账未得出结果" in table.footnotes[1].zh
    assert len(the_table(made(reconciled([a_run(1, 3)]), ReportName.MATRIX, WUCHANG)).footnotes) == 1


@pytest.mark.parametrize("name", [ReportName.MATRIX, ReportName.OVERDUE])
def test_a_report_whose_lines_are_few_exchanges_is_not_made_by_purpose(name: ReportName):
    with pytest.raises(NotByPurpose):
        made(holding(answered(range(1, 31))), name, WUCHANG, narrowing=Narrowing(purpose=Purpose.PUBLIC_SERVICE))


def test_a_bulletin_says_of_when_the_handshake_is():
    (figures, *_) = made(reconciled([a_run(1, 3), a_run(2, 20, pair=a_pair(XICHENG, WUCHANG))]), ReportName.BULLETIN).tables
    notes = {shown(row[0]).split()[0]: (row[1:4], shown(row[4])) for row in figures.rows}
    counted, note = notes["握手率"]
    assert counted == three(188, 220)
    assert note.startswith("对账 2026-03-05 至 2026-03-22，最早 22 天前")
    assert notes["协作到位率"][0][:2] == (0, 0)


def test_peers_are_ranked_by_their_handshake():
    runs = [
        a_run(1, 3),
        a_run(2, 3, pair=a_pair(HANYANG), tally=Tally(agreeing=30)),
        a_run(3, 3, pair=a_pair(XILING), tally=FIVE),
    ]
    table = the_table(made(reconciled(runs), ReportName.LEAGUE, "420000", level=Level.COUNTY, rate=RateName.HANDSHAKE))
    assert [(row[0], row[2], *row[3:5]) for row in table.rows][:2] == [(1, HANYANG, 30, 30), (2, WUCHANG, 94, 110)]
    assert (Mark.UNRANKED, XILING, 3, 5) in [(row[0], row[2], *row[3:5]) for row in table.rows]


def test_a_trend_has_the_handshake_of_each_month_as_of_its_own_moment():
    ledgers = reconciled([a_run(1, -10, tally=FIVE), a_run(2, 5)])
    table = the_table(made(ledgers, ReportName.TREND, WUCHANG, rates=(RateName.HANDSHAKE,)))
    rows = {row[0]: row[1:5] for row in table.rows}
    change = Points(difference=Fraction(94, 110) - Fraction(3, 5))
    assert (rows["2026-02"][:3], rows["2026-03"]) == (three(3, 5), (*three(94, 110), change))
    assert rows["2026-01"] == (None, None, None, None)


def test_a_matrix_can_put_the_other_side_together():
    told = [*answered(range(1, 4)), *owed(range(4, 6), other="110105", destination="110105")]
    table = the_table(made(holding(told), ReportName.MATRIX, WUCHANG, level=Level.PROVINCE))
    assert [row[2:7] for row in table.rows] == [("北京市", "110000", *three(3, 5))]


def test_a_trend_compares_with_the_month_before_and_the_year_before():
    told = [*answered(range(1, 5)), *owed(range(5, 9))]
    a_year_ago = History(received=-385, due=-355).answered(-380)
    month_before = History(received=-48, due=-18)
    told += [*a_year_ago.of_many(range(20, 24)), *month_before.of_many(range(30, 32))]
    table = the_table(made(holding(told), ReportName.TREND, WUCHANG, rates=(RateName.FEEDBACK_GIVEN,)))
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == [f"2025-{month:02d}" for month in range(4, 13)] + ["2026-01", "2026-02", "2026-03"]
    assert rows["2026-03"] == (*three(4, 8), Points(difference=Fraction(1, 2)), Points(difference=Fraction(-1, 2)))
    assert rows["2026-02"] == (*three(0, 2), None, None)
    assert rows["2025-04"] == (*three(0, 0), None, None)
    assert [shown(cell) for cell in rows["2026-03"][3:]] == ["+50.00", "-50.00"]


def test_a_trend_goes_by_statistical_months():
    with pytest.raises(NeedsMonth):
        made(holding([]), ReportName.TREND, period=Period(first=date(2026, 1, 1), last=date(2026, 1, 31)))


@pytest.mark.parametrize(
    ("difference", "printed"),
    [
        (Fraction(0), "0.00"),
        (Fraction(1, 8000), "+0.01"),  # 0.0125 points
        (Fraction(1, 20_000), "+0.01"),  # 0.005 points, exactly half: away from zero
        (Fraction(-1, 20_000), "-0.01"),
        (Fraction(-1, 1), "-100.00"),
    ],
)
def test_points_are_rounded_half_up_on_either_side_of_zero(difference, printed):
    assert shown(Points(difference=difference)) == printed


def test_the_overdue_list_has_ids_and_stamps_and_no_person():
    talk = a_conversation(state=State.OPEN, due=a_day(10))
    (late,) = owed([1])
    exchange = replace(late.exchange, conversation=talk, handled_by="420106001")
    ledgers = holding([Told(exchange, late.facts)])
    interim = judged(a_message(2, exchange=an_id(1), kind=Kind.INTERIM), received_at=moment(3))
    with ledgers.transaction() as ledger:
        ledger.links.add(an_id(7), "xicheng.example")
        ledger.messages.add([interim])
    table = the_table(made(ledgers, ReportName.OVERDUE, WUCHANG, as_of=moment(20)))
    township = f"{a_counting_node().divisions.name('420106001')} 420106001"
    assert table.rows == (
        (
            *(an_id(1), Text("待我方反馈", "owed"), Text("协查", "query"), "武昌区 420106", "西城区 110102", township),
            *(date(2026, 2, 10), a_day(10), 10, 1, a_day(3)),
        ),
    )


def test_a_bulletin_is_one_document_with_its_sentences_and_four_tables():
    document = made(some_books(), ReportName.BULLETIN)
    assert [table.name for table in document.tables] == ["figures", "ranking", "overdue", "key"]
    assert [text.zh for text in document.lead] == [
        "2026年3月统计期为 2026-02-21 至 2026-03-20。",
        "应反馈 52 件，已反馈 30 件，反馈率 57.69 %。",
        "其中按期反馈 30 件，及时反馈率 57.69 %。",
        "发出应得反馈 20 件，已收到 20 件，收到反馈率 100.00 %。",
        "重点信息 0 件，已反馈 0 件，反馈率 —。",
        "截至统计时点，在办 22 件，逾期 22 件，最早一件已逾期 15 天。",
    ]
    figures, ranking, overdue, _ = document.tables
    assert figures.records()[0] == {
        "rate": Text("反馈率", "Feedback given"),
        "numerator": 30,
        "denominator": 52,
        "percent": share(30, 52),
        "note": "",
    }
    assert [row[:3] for row in ranking.rows] == [
        (1, "武昌区", WUCHANG),
        (2, "汉阳区", HANYANG),
        (Mark.UNRANKED, "江岸区", JIANGAN),
    ]
    assert overdue.totals == ("合计", WUHAN, 22, 45, 22, 15)


def test_by_purpose_small_parts_are_masked_and_so_is_what_would_tell_them():
    told = [*owed(range(1, 6)), *owed(range(20, 32), **OF_HANYANG), *owed(range(40, 110), own=JIANGAN, origin=JIANGAN)]
    told += [*owed(range(200, 230), purpose=Purpose.BENEFIT), *owed(range(300, 330), purpose=Purpose.BENEFIT, **OF_HANYANG)]
    narrowing = Narrowing(purpose=Purpose.PUBLIC_SERVICE)
    table = the_table(made(holding(told), ReportName.FEEDBACK, narrowing=narrowing))
    given = [row[2:5] for row in table.rows]
    assert given == [three(0, 70), (M, M, M), (M, M, M)]
    assert table.totals is not None
    assert table.totals[2:5] == three(0, 87)
    assert any("*" in note.zh for note in table.footnotes)


def test_without_a_purpose_nothing_is_masked():
    table = the_table(made(holding(answered(range(1, 4))), ReportName.FEEDBACK))
    assert not any(cell is M for row in table.rows for cell in row)


def test_a_row_has_a_cell_for_each_column():
    text = Text("甲", "a")
    column = Column(key="a", kind=ColumnKind.TEXT, head=text, means=text)
    with pytest.raises(ValueError, match="every row"):
        Table(name="x", title=text, unit=text, columns=(column,), rows=(("a", "b"),))
