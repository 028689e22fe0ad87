"""Charts: what they say is what the table says, and what is withheld is in neither."""

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from api.pages.reporting import charts
from api.pages.reporting.charts import Figure, Line
from api.pages.reporting.tables import cut_of
from exchange.reporting.table import Column, ColumnKind, Table, Text

MONTHS = [
    Figure(label="26-03", percent=80.0, told="◆ 80.00 %", standing="fair"),
    Figure(label="26-04", percent=None, told="*"),
    Figure(label="26-05", percent=100.0, told="✓ 100.00 %", standing="good"),
    Figure(label="26-06", percent=95.0, told="✓ 95.00 %", standing="good"),
    Figure(label="26-07", percent=None, told="—"),
]
EVERY = {
    "trend": lambda: charts.trend("<b>趋势</b>", [Line(name="反馈率 & more", figures=MONTHS)]),
    "spark": lambda: charts.spark("<b>趋势</b>", MONTHS),
    "bars": lambda: charts.bars("<b>排名</b>", MONTHS),
    "heat": lambda: charts.heat_map("<b>矩阵</b>", ["一", "二"], [Line(name="武昌 & more", figures=MONTHS)]),
}


def parsed(drawn: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(drawn))


@pytest.mark.parametrize("name", EVERY)
def test_a_chart_is_whole_has_a_label_and_neither_style_nor_script(name: str):
    drawn = parsed(EVERY[name]())
    assert drawn.get("role") == "img"
    assert all(figure.told in drawn.get("aria-label", "") for figure in MONTHS)
    for element in drawn.iter():
        assert element.tag in {"svg", "g", "line", "polyline", "polygon", "circle", "rect", "text"}
        assert not {"style", "onload", "href"} & set(element.keys())


def test_no_line_is_drawn_over_what_is_withheld_or_missing():
    lines = [each.get("points", "").split() for each in parsed(EVERY["trend"]()).iter("polyline")]
    assert [len(points) for points in lines] == [2]
    marks = list(parsed(EVERY["trend"]()).iter("circle"))
    assert len(marks) == 1 + 3  # one in the legend


def test_what_is_withheld_has_no_bar_but_its_sign():
    drawn = parsed(EVERY["bars"]())
    widths = [float(each.get("width", 0)) for each in drawn.iter("rect") if "bar" in each.get("class", "").split()]
    whole = next(float(each.get("width", 0)) for each in drawn.iter("rect") if each.get("class") == "track")
    assert [round(100 * width / whole) for width in widths] == [80, 100, 95]
    assert [each.text for each in drawn.iter("text")][1::2] == [figure.told for figure in MONTHS]


def test_three_rates_beside_one_another_are_called_by_their_whole_names():
    heads = ["Feedback given", "Feedback obtained", "Handshake"]
    assert [text.text for text in parsed(charts.heat_map("", heads, [])).iter("text")] == heads


def test_what_a_place_is_called_is_cut_to_its_end():
    (head, *_) = parsed(charts.heat_map("", ["湖北省武汉市武昌区"] * 5, [])).iter("text")
    assert (head.text or "").startswith("…")
    assert (head.text or "").endswith("武昌区")


@pytest.mark.parametrize(("own", "others", "cut"), [(12, 60, False), (13, 60, True), (12, 61, True)])
def test_a_map_that_holds_less_than_its_table_says_so(own: int, others: int, cut: bool):
    columns = tuple(Column(key=key, kind=ColumnKind.TEXT, head=Text("", ""), means=Text("", "")) for key in ("own", "other"))
    rows = tuple((f"own {here}", f"other {there}") for here in range(own) for there in range(others))
    told = cut_of(Table(name="matrix", title=Text("", ""), unit=Text("", ""), columns=columns, rows=rows))
    assert (told is not None) is cut
    assert told is None or (f"{own} × {others}" in told.zh and f"{own} × {others}" in told.en)


def test_nothing_makes_an_empty_chart():
    for drawn in (charts.trend("", []), charts.spark("", []), charts.bars("", []), charts.heat_map("", [], [])):
        parsed(drawn)
