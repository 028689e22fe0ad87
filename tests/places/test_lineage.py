"""How the script follows a place through the years; the sources themselves are not committed."""

import pytest

from exchange.jurisdiction import DivisionType, Level
from scripts.build_divisions import as_csv, read_today, read_townships, read_years, type_of
from scripts.division_lineage import Change, Fate, Lineage, Seen, Version, stem, versions

LAST = 2002
CITIES = {year: {"420100": Seen(name="甲市", parent="420000")} for year in (2000, 2001, 2002)}


def years(*lists):
    """Year-end lists from 2000 on, each {code: name} under one city."""
    return {2000 + i: {code: Seen(name=name, parent="420100") for code, name in listed.items()} for i, listed in enumerate(lists)}


def a_lineage(*lists, changes=(), corrections=None, upper=CITIES):
    return Lineage(years(*lists), changes, upper, LAST, corrections or {})


def a_change(old, name, new, new_name, year=2001):
    return Change(year=year, old=old, old_name=name, new=new, new_name=new_name)


def fate(*codes, basis="event"):
    return Fate(codes=frozenset(codes), basis=basis)


def test_years_with_one_name_are_one_version():
    lists = years({"420101": "前区"}, {"420101": "前区", "420102": "后区"}, {"420101": "新区"})
    found = [(v.code, v.name, v.start, v.end) for v in versions(lists, LAST)]
    assert found == [("420101", "前区", 2000, 2002), ("420101", "新区", 2002, 2003), ("420102", "后区", 2001, 2002)]


def test_a_place_of_today_is_its_own_fate():
    same = {"420101": "前区"}
    assert a_lineage(same, same, same).fate("420101", 2000) == fate("420101", basis="")


def test_an_event_tells_the_successor():
    lineage = a_lineage(
        {"420121": "子县"},
        {"420102": "丑区"},
        {"420102": "丑区"},
        changes=[a_change("420121", "子县", "420102", "丑区")],
    )
    assert lineage.fate("420121", 2000) == fate("420102")


def test_steps_are_followed_to_today():
    lineage = a_lineage(
        {"420121": "子县"},
        {"420181": "丑市"},
        {"420102": "寅区"},
        changes=[a_change("420121", "子县", "420181", "丑市"), a_change("420181", "丑市", "420102", "寅区", 2002)],
    )
    assert lineage.fate("420121", 2000) == fate("420102")


def test_an_event_about_another_name_under_the_code_does_not_count():
    after = {"420102": "丑区"}
    lineage = a_lineage(
        {"420121": "子县", "420122": "卯县"}, after, after, changes=[a_change("420121", "辰县", "420102", "丑区")]
    )
    assert lineage.fate("420121", 2000) == Fate(codes=frozenset(), basis="")


def test_an_event_that_leaves_the_province_is_noise():
    after = {"420102": "丑区", "430102": "郊区"}
    before = {"420111": "郊区", "420121": "卯县", "430102": "郊区", "420102": "丑区"}
    lineage = a_lineage(before, after, after, changes=[a_change("420111", "郊区", "430102", "郊区")])
    assert lineage.fate("420111", 2000) == Fate(codes=frozenset(), basis="")


def test_without_an_event_the_same_name_is_inferred():
    after = {"420181": "子市"}
    assert a_lineage({"420121": "子县"}, after, after).fate("420121", 2000) == fate("420181", basis="inferred")


def test_a_code_given_to_another_place_is_not_its_own_successor():
    after = {"420121": "丑县", "420122": "子县"}
    lineage = a_lineage({"420121": "子县", "420122": "丑县"}, after, after)
    assert (lineage.fate("420121", 2000), lineage.fate("420122", 2000)) == (
        fate("420122", basis="inferred"),
        fate("420121", basis="inferred"),
    )


def test_a_districts_land_is_inferred_to_the_new_districts_that_nobody_else_became():
    after = {"420104": "寅区", "420105": "卯区"}
    lineage = a_lineage(
        {"420102": "子区", "420103": "丑区"}, after, after, changes=[a_change("420102", "子区", "420104", "寅区")]
    )
    assert lineage.fate("420103", 2000) == fate("420105", basis="inferred")


def test_a_correction_goes_before_events_and_names():
    after = {"420102": "丑区", "420103": "子区"}
    lineage = a_lineage({"420121": "子县", "420102": "丑区"}, after, after, corrections={("420121", "子县", 2001): ("420102",)})
    assert lineage.fate("420121", 2000) == fate("420102", basis="correction")


def test_a_correction_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="mend the corrections"):
        a_lineage({"420121": "子县"}, {}, {}, corrections={("420121", "丑县", 2001): ("420102",)})


def test_a_city_that_rose_to_prefecture_is_its_new_districts():
    upper = {
        **CITIES,
        2001: {"420200": Seen(name="子市", parent="420000")},
        2002: {"420200": Seen(name="子市", parent="420000")},
    }
    after = {"420202": Seen(name="丑区", parent="420200"), "420203": Seen(name="寅区", parent="420200")}
    lists = {2000: {"420181": Seen(name="子市", parent="420100")}, 2001: after, 2002: after}
    change = a_change("420181", "子市", "420200", "子市")
    assert Lineage(lists, [change], upper, LAST).fate("420181", 2000) == fate("420202", "420203")


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("武昌县", "武昌"),
        ("围场满族蒙古族自治县", "围场"),
        ("察布查尔锡伯自治县", "察布查尔"),
        ("东乡族自治县", "东乡族"),
        ("神农架林区", "神农架"),
        ("碑林区", "碑林"),
        ("莫力达瓦达斡尔族自治旗", "莫力达瓦"),
    ],
)
def test_a_stem_is_the_name_without_type_and_people(name, root):
    assert stem(name) == root


@pytest.mark.parametrize(
    ("name", "level", "kind"),
    [
        ("工农区", Level.COUNTY, DivisionType.DISTRICT),
        ("白沙工农区", Level.COUNTY, DivisionType.SPECIAL_DISTRICT),
        ("北林区", Level.COUNTY, DivisionType.DISTRICT),
        ("神农架林区", Level.COUNTY, DivisionType.FORESTRY_DISTRICT),
        ("鄂温克族自治旗", Level.COUNTY, DivisionType.AUTONOMOUS_BANNER),
        ("延边朝鲜族自治州", Level.PREFECTURE, DivisionType.AUTONOMOUS_PREFECTURE),
        ("海南行政区", Level.PREFECTURE, DivisionType.PREFECTURE),
        ("麦地坪白族乡", Level.TOWNSHIP, DivisionType.ETHNIC_TOWNSHIP),
        ("兵团一二五团", Level.TOWNSHIP, DivisionType.OTHER),
    ],
)
def test_a_names_ending_tells_the_type(name, level, kind):
    assert type_of(name, level) is kind


def test_a_heading_gives_way_to_the_province():
    row = {
        "year": "2000",
        "rank": "3",
        "province_adcode": "110000",
        "province_name": "北京市",
        "city_adcode": "110100",
        "city_name": "市辖区",
        "county_adcode": "110101",
        "county_name": "东城区",
    }
    assert read_years([row])[Level.COUNTY] == {2000: {"110101": Seen(name="东城区", parent="110000")}}


def test_the_tree_of_today_hangs_counties_without_a_city_under_the_province():
    tree = {"湖北省": {"code": "420000000000", "cities": {"": {"code": None, "counties": {"仙桃市": "429004000000"}}}}}
    assert read_today(tree)[Level.COUNTY] == {"429004": Seen(name="仙桃市", parent="420000")}


def test_townships_marked_as_abolished_are_retired_and_gaps_are_filled():
    tree = {
        "420106000000": {
            "townships": {
                "甲街道": "420106001000",
                "乙乡（2021年撤销）": "420106200000",
                "丙镇（已撤销）": "420106100000",
            }
        }
    }
    streets = [("441900003", "东城街道"), ("420106009", "不用街道"), ("330383198", "直辖村级区划")]
    wanted = {code: code for code in ("420106", "441900", "330383")}
    rows = read_townships(tree, streets, wanted, 2026)
    assert [(r["code"], r["name"], r["parent"], r["valid_until"]) for r in rows] == [
        ("420106001", "甲街道", "420106", ""),
        ("420106100", "丙镇", "420106", "2026"),
        ("420106200", "乙乡", "420106", "2021"),
        ("441900003", "东城街道", "441900", ""),
    ]


def test_the_files_have_one_form():
    assert as_csv(["a", "b"], [{"a": "1", "b": "甲"}]) == "a,b\n1,甲\n"
    assert versions({2000: {}}, 2000) == list[Version]()
