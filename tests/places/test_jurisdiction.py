"""Rules of the division table, on a table small enough to see at a glance."""

from datetime import date

import pytest

from exchange.jurisdiction import (
    Category,
    Divisions,
    DivisionType,
    Jurisdiction,
    Level,
    Resolution,
    SameCounty,
    UnknownJurisdiction,
)

TODAY = date(2026, 11, 1)


def a_place(code, name, parent, kind=DivisionType.DISTRICT, level=Level.COUNTY, since=1980, until=None, heirs=()):
    return Jurisdiction(
        code=code,
        name=name,
        level=level,
        type=kind,
        parent=parent,
        valid_from=since,
        valid_until=until,
        successors=heirs,
        basis="event" if until else "",
    )


def a_province(code, name, kind=DivisionType.PROVINCE):
    return a_place(code, name, None, kind, Level.PROVINCE)


def a_city(code, name, parent, **more):
    return a_place(code, name, parent, DivisionType.PREFECTURE_CITY, Level.PREFECTURE, **more)


def a_township(code, name, parent):
    return a_place(code, name, parent, DivisionType.TOWN, Level.TOWNSHIP)


ROWS = (
    a_province("110000", "北京市", DivisionType.MUNICIPALITY),
    a_place("110101", "东城区", "110000"),
    a_place("110102", "西城区", "110000"),
    a_place("110104", "宣武区", "110000", until=2010, heirs=("110102",)),
    a_province("420000", "湖北省"),
    a_city("420100", "武汉市", "420000"),
    a_place("420106", "武昌区", "420100"),
    a_place("420107", "青山区", "420100"),
    a_place("420122", "武昌县", "420100", DivisionType.COUNTY, until=1995, heirs=("420106", "420107")),
    a_place("429004", "仙桃市", "420000", DivisionType.COUNTY_CITY),
    a_place("429021", "神农架林区", "420000", DivisionType.FORESTRY_DISTRICT),
    a_province("440000", "广东省"),
    a_city("441900", "东莞市", "440000"),
    a_city("440300", "深圳市", "440000"),
    a_place("440303", "罗湖区", "440300"),
    a_place("440304", "旧名县", "440300", DivisionType.COUNTY, until=2000, heirs=("440304",)),
    a_place("440304", "新名区", "440300", since=2000),
    a_place("440399", "虚设县", "440300", DivisionType.COUNTY, until=1984),
)
TOWNSHIPS = (a_township("420106001", "杨园镇", "420106"), a_township("441900101", "石碣镇", "441900"))
TABLE = Divisions(ROWS, edition="2026-09", townships=lambda: TOWNSHIPS)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("42", "420000"),
        ("4201", "420100"),
        ("420106", "420106"),
        (" 420106 ", "420106"),
        ("420106001", "420106001"),
        ("420106001000", "420106001"),
        ("420106000", "420106"),
        ("420106000000", "420106"),
        ("1101", "110000"),
        ("110100", "110000"),
        ("429000", "420000"),
    ],
)
def test_every_written_form_of_a_code_is_understood(written, code):
    assert TABLE.normalise(written) == code


@pytest.mark.parametrize("code", ["", "4", "420", "42010", "99", "420199", "4201060", "420106002", "４２", "abcdef", "42o106"])
def test_a_code_that_never_was_is_refused(code):
    assert not TABLE.is_known(code)
    with pytest.raises(UnknownJurisdiction):
        TABLE.get(code)


def test_a_valid_code_stands_for_itself():
    assert TABLE.resolve("420106", TODAY) == Resolution(code="420106", retired=False, candidates=("420106",))


def test_a_retired_code_is_mapped_to_its_successor():
    assert TABLE.resolve("110104", TODAY) == Resolution(code="110102", retired=True, candidates=("110102",))


def test_a_code_is_not_retired_before_its_last_year_is_over():
    assert TABLE.resolve("110104", date(2009, 12, 31)).retired is False
    assert TABLE.resolve("110104", date(2010, 1, 1)).retired is True


def test_several_successors_leave_the_choice_to_a_clerk():
    assert TABLE.resolve("420122", TODAY) == Resolution(code=None, retired=True, candidates=("420106", "420107"))


def test_a_retired_code_without_successors_is_accepted():
    assert TABLE.resolve("440399", TODAY) == Resolution(code=None, retired=True, candidates=())


def test_a_township_unknown_to_the_table_is_taken_as_retired_into_its_county():
    assert TABLE.resolve("420106999", TODAY) == Resolution(code="420106", retired=True, candidates=("420106",))


def test_a_renamed_code_keeps_both_names_by_date():
    assert [TABLE.name("440304", date(year, 6, 1)) for year in (1970, 1999, 2000, 2026)] == [
        "旧名县",
        "旧名县",
        "新名区",
        "新名区",
    ]


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("42", "429004", True),
        ("4201", "420106", True),
        ("420100", "420106001", True),
        ("420106", "420106", True),
        ("420106", "420100", False),
        ("4290", "429004", True),
        ("420100", "429004", False),
        ("1101", "110101", True),
        ("441900", "441900101", True),
        ("110000", "420106", False),
    ],
)
def test_contains_means_descends_by_parent(outer, inner, expected):
    assert TABLE.contains(outer, inner) is expected


def test_a_city_without_counties_stands_for_a_county():
    assert TABLE.is_county_level("441900")
    assert not TABLE.is_county_level("440300")
    assert TABLE.county_of("441900101") == "441900"
    assert TABLE.counties_within("440000") == ("440303", "440304", "441900")


def test_the_counties_within_a_place_are_those_of_today():
    assert TABLE.counties_within("110000") == ("110101", "110102")
    assert TABLE.counties_within("420106") == ("420106",)
    assert TABLE.counties_within("420106001") == ()


def test_children_are_the_next_level_only():
    assert TABLE.children("420000") == ("420100", "429004", "429021")
    assert TABLE.children("420106") == ("420106001",)
    assert TABLE.children("420106001") == ()


def test_a_full_name_is_read_from_above():
    assert TABLE.full_name("420106001") == "湖北省武汉市武昌区杨园镇"
    assert TABLE.ancestors("429004") == ("420000",)


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("湖北省武汉市武昌区", ("420106",)),
        ("湖北武汉武昌区", ("420106",)),
        ("湖北省武昌区", ("420106",)),
        ("武昌区", ("420106",)),
        (" 湖北省 武汉市 ", ("420100",)),
        ("北京市市辖区东城区", ("110101",)),
        ("北京市宣武区", ("110104",)),
        ("旧名县", ("440304",)),
        ("广东省武昌区", ()),
        ("湖北省东城区", ()),
        ("没有这个地方", ()),
        ("", ()),
    ],
)
def test_a_written_name_finds_its_codes(written, codes):
    assert TABLE.find(written) == codes


@pytest.mark.parametrize(
    ("origin", "destination", "category"),
    [
        ("420106", "420107", Category.INTRA_CITY),
        ("110101", "110102", Category.INTRA_CITY),
        ("110101", "110104", Category.INTRA_CITY),
        ("420106", "110102", Category.MIGRANT),
        ("429004", "429021", Category.MIGRANT),
        ("420106", "429004", Category.MIGRANT),
        ("441900", "440303", Category.MIGRANT),
        ("420106001", "441900101", Category.MIGRANT),
        ("420106", "420000", Category.MIGRANT),
        ("420106", "420100", Category.INTRA_CITY),
        ("420106", "420122", Category.INTRA_CITY),
        ("420107", "440399", Category.MIGRANT),
    ],
)
def test_who_counts(origin, destination, category):
    assert TABLE.category(origin, destination, TODAY) is category
    assert TABLE.category(destination, origin, TODAY) is category


@pytest.mark.parametrize(
    ("origin", "destination"),
    [("420106", "420106"), ("420106", "420106001"), ("110104", "110102"), ("441900", "441900101"), ("441900", "4419")],
)
def test_nobody_has_left_within_one_county(origin, destination):
    for _ in range(2):  # the second answer comes from the cache
        with pytest.raises(SameCounty):
            TABLE.category(origin, destination, TODAY)


def test_the_type_counts_as_it_was_on_the_date():
    assert TABLE.category("440303", "440304", date(1999, 6, 1)) is Category.MIGRANT
    assert TABLE.category("440303", "440304", date(2000, 6, 1)) is Category.INTRA_CITY
    assert TABLE.category("110104", "110102", date(2009, 6, 1)) is Category.INTRA_CITY


def test_an_unknown_code_has_no_category():
    with pytest.raises(UnknownJurisdiction):
        TABLE.category("420106", "999999", TODAY)


def test_townships_are_read_only_when_asked_for():
    read = []

    def townships():
        read.append(True)
        return TOWNSHIPS

    table = Divisions(ROWS, edition="2026-09", townships=townships)
    table.category("420106", "110102", TODAY)
    assert read == []
    table.get("420106001")
    table.get("441900101")
    assert read == [True]
