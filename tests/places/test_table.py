"""The committed table: counts as in its sources, and every place that the rules name."""

import csv
import gzip
from collections import Counter
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.divisions import load_divisions
from exchange.jurisdiction import Category, DivisionType, SameCounty

TABLE = load_divisions()
TODAY = date(2026, 11, 1)
FOLDER = files("adapters.divisions")
ROWS = list(csv.DictReader(FOLDER.joinpath("divisions.csv").read_text(encoding="utf-8").splitlines()))
TOWNSHIPS = list(csv.DictReader(gzip.decompress(FOLDER.joinpath("townships.csv.gz").read_bytes()).decode().splitlines()))
CURRENT = {row["code"]: row for row in ROWS if not row["valid_until"]}
COUNTIES = sorted(code for code, row in CURRENT.items() if row["level"] == "county")
CODES = sorted({row["code"] for row in ROWS})
UNRESOLVED = (
    "130305 130405 130504 130605 130904 132105 132204 132405 132705 211111 231011 232411 232511 232627 320711 340211 "
    "340511 340611 340704 360411 370111 410112 420211 420611 430311 430504 441002 441003 441005 512202 512802 542134 "
    "542135 542136 542137 542528 652402 652403"
)
some_code = st.sampled_from(CODES)
some_county = st.sampled_from(COUNTIES)
some_day = st.dates(date(1975, 1, 1), date(2030, 12, 31))


def test_the_counts_are_those_of_the_sources():
    assert TABLE.edition == "2026-09"
    assert Counter(row["level"] for row in CURRENT.values()) == {"county": 2847, "prefecture": 333, "province": 34}
    assert len({row["code"] for row in ROWS if row["level"] == "county"}) == 6199
    assert Counter(row["type"] for row in CURRENT.values() if row["level"] == "county") == {
        "county": 1302,
        "district": 976,
        "county_city": 398,
        "autonomous_county": 117,
        "banner": 49,
        "autonomous_banner": 3,
        "special_district": 1,
        "forestry_district": 1,
    }
    assert Counter(bool(row["valid_until"]) for row in TOWNSHIPS) == {False: 38717, True: 213}


def test_a_code_is_valid_for_one_place_at_a_time():
    ends: dict[str, int] = {}
    for row in sorted(ROWS, key=lambda row: (row["code"], int(row["valid_from"]))):
        assert ends.get(row["code"], 0) <= int(row["valid_from"]), row
        ends[row["code"]] = int(row["valid_until"] or 9999)
        assert int(row["valid_from"]) < ends[row["code"]]
    assert len({row["code"] for row in TOWNSHIPS}) == len(TOWNSHIPS)


def test_every_parent_exists_in_the_years_of_its_child():
    spans: dict[str, set[int]] = {}
    for row in ROWS:
        spans.setdefault(row["code"], set()).update(range(int(row["valid_from"]), int(row["valid_until"] or 2027)))
    orphans = [
        row
        for row in ROWS
        if row["parent"]
        and not set(range(int(row["valid_from"]), int(row["valid_until"] or 2027))) <= spans.get(row["parent"], set())
    ]
    assert orphans == []
    assert [row for row in TOWNSHIPS if row["parent"] not in CURRENT] == []


def test_successors_are_codes_of_today_so_that_none_goes_round():
    for row in ROWS:
        assert set(row["successors"].split()) <= set(CURRENT), row
        assert bool(row["successors"]) == bool(row["basis"]), row
        if not row["valid_until"]:
            assert row["successors"] == "", row


def test_a_countys_successors_are_counties_or_cities_that_stand_for_one():
    wrong = [row for row in ROWS if row["level"] == "county" and not all(map(TABLE.is_county_level, row["successors"].split()))]
    assert wrong == []


def test_the_retired_county_codes_without_a_successor_are_these():
    lost = [row for row in ROWS if row["level"] == "county" and row["valid_until"] and not row["successors"]]
    final = {row["code"]: row for row in ROWS}
    assert len(lost) == 47
    assert " ".join(row["code"] for row in lost if row == final[row["code"]]) == UNRESOLVED


@pytest.mark.parametrize(
    ("retired", "successors"),
    [
        ("110104", ("110102",)),  # 宣武区
        ("110103", ("110101",)),  # 崇文区
        ("310102", ("310101",)),  # 南市区
        ("330103", ("330105",)),  # 下城区
        ("440102", ("440104",)),  # 东山区
        ("500105", ("500157",)),  # 江北区 of Chongqing
        ("500112", ("500109", "500157")),  # 渝北区, divided
        ("422427", ("429004",)),  # 沔阳县
        ("320503", ("320508",)),  # 平江区
        ("110229", ("110119",)),  # 延庆县
        ("460001", ("469001",)),  # 通什市, now 五指山市
        ("342624", ("340181",)),  # 巢县
        ("379006", ("370281",)),  # last 胶州市
        ("449003", ("440113",)),  # last 番禺市, before it 海口市
    ],
)
def test_what_became_of_a_code(retired, successors):
    assert TABLE.resolve(retired, TODAY).candidates == successors


@pytest.mark.parametrize("code", ["310151", "500151", "500152", "500153", "500154", "500155", "500156", "110118"])
def test_districts_are_districts_by_type_whatever_their_digits(code):
    assert TABLE.get(code).type is DivisionType.DISTRICT
    assert TABLE.category(code, TABLE.counties_within(code[:2])[0], TODAY) is Category.INTRA_CITY


def test_the_districts_outside_the_digits_of_districts_are_these():
    districts = [code for code in COUNTIES if TABLE.get(code).type is DivisionType.DISTRICT]
    outside = "230751 310151 500151 500152 500153 500154 500155 500156 500157"
    assert " ".join(code for code in districts if not "01" <= code[4:] <= "20") == outside


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("222401", DivisionType.COUNTY_CITY),
        ("429021", DivisionType.FORESTRY_DISTRICT),
        ("520203", DivisionType.SPECIAL_DISTRICT),
        ("230403", DivisionType.DISTRICT),  # 工农区
        ("140303", DivisionType.DISTRICT),  # 矿区
        ("310115", DivisionType.DISTRICT),  # 浦东新区
        ("150102", DivisionType.DISTRICT),
        ("150221", DivisionType.BANNER),
        ("150722", DivisionType.AUTONOMOUS_BANNER),
        ("710000", DivisionType.PROVINCE),
        ("810000", DivisionType.SPECIAL_REGION),
        ("820000", DivisionType.SPECIAL_REGION),
    ],
)
def test_types(code, kind):
    assert TABLE.get(code).type is kind


@pytest.mark.parametrize(("prefix", "count"), [("4290", 4), ("4690", 15), ("6590", 13), ("4190", 1)])
def test_counties_without_a_prefecture_hang_under_the_province(prefix, count):
    found = [code for code in COUNTIES if code.startswith(prefix)]
    assert len(found) == count
    assert {TABLE.get(code).parent for code in found} == {prefix[:2] + "0000"}
    assert all(TABLE.contains(prefix[:2], code) for code in found)


@pytest.mark.parametrize(("code", "townships"), [("4419", 36), ("4420", 23), ("4604", 18), ("6202", 5)])
def test_cities_without_counties_have_their_townships_directly(code, townships):
    assert TABLE.is_county_level(code)
    assert len(TABLE.children(code)) == townships
    assert {TABLE.county_of(child) for child in TABLE.children(code)} == {code + "00"}


def test_beijings_districts_hang_under_beijing():
    assert len(TABLE.children("110000")) == 16
    assert TABLE.counties_within("1101") == TABLE.counties_within("11")
    assert TABLE.full_name("110102") == "北京市西城区"


def test_the_places_without_townships_are_these():
    have = {row["parent"] for row in TOWNSHIPS}
    leaves = [code for code, row in CURRENT.items() if row["level"] != "province" and TABLE.is_county_level(code)]
    assert " ".join(sorted(set(leaves) - have)) == "330383 350527 460202 460203 460204 460205 460302 460303"


def test_an_abolished_township_is_retired():
    assert TABLE.resolve("140213002", TODAY).retired
    assert TABLE.name("140213002") == "北关街道"


@pytest.mark.parametrize("code", ["710000", "810000", "820000"])
def test_places_without_counties_stand_for_themselves(code):
    assert TABLE.category(code, "420106", TODAY) is Category.MIGRANT
    with pytest.raises(SameCounty):
        TABLE.category(code, code, TODAY)


@given(code=some_code, day=some_day)
def test_a_code_ever_held_is_never_unknown(code, day):
    place = TABLE.get(code, day)
    found = TABLE.resolve(code, day)
    assert place.code == code
    assert found.retired is not place.valid_in(day.year) or day.year < (place.valid_from or 0)
    assert all(TABLE.get(c).valid_until is None for c in found.candidates if c != code)
    assert (found.code is None) is (len(found.candidates) != 1)


@given(code=some_code)
def test_ancestors_contain_their_descendants(code):
    assert TABLE.contains(code, code)
    assert all(TABLE.contains(above, code) for above in TABLE.ancestors(code))
    assert TABLE.ancestors(code)[-1:] in ((), (code[:2] + "0000",)) or code[:2] + "0000" not in TABLE.ancestors(code)


@given(a=some_county, b=some_county, day=some_day)
def test_category_knows_no_direction(a, b, day):
    def category(x, y):
        try:
            return TABLE.category(x, y, day)
        except SameCounty:
            return None

    assert category(a, b) == category(b, a)
    assert category(a, a) is None


@given(a=some_county, b=some_county)
def test_intra_city_is_two_districts_of_one_parent(a, b):
    if a != b:
        here, there = TABLE.get(a), TABLE.get(b)
        both = here.type is there.type is DivisionType.DISTRICT and here.parent == there.parent
        assert TABLE.category(a, b, TODAY) is (Category.INTRA_CITY if both else Category.MIGRANT)


@given(code=some_county)
def test_a_full_name_finds_its_code(code):
    assert code in TABLE.find(TABLE.full_name(code))
    assert code in TABLE.find(TABLE.name(code))
