"""The routing table: the longest prefix decides, then a pin; what nobody can decide is left to the operator."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.divisions import load_divisions
from exchange.routing.table import Confirmed, NoRoute, Pin, RouteClosed, RouteUndecided, RoutingTable, prefix_of
from tests.builders import WUCHANG, XICHENG, a_moment

OWN = "own.example"


def serving(node: str, *codes: str, active: bool = True):
    return Confirmed(partner=node, active=active, codes=codes)


def pinned(prefix: str, node: str) -> Pin:
    return Pin(prefix=prefix, partner=node, at=a_moment())


def a_table(*partners, pins=(), own=(XICHENG,)) -> RoutingTable:
    return RoutingTable(OWN, own, partners, pins)


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("420000", "42"), ("420100", "4201"), ("420106", "420106"), ("429000", "4290"), ("42", "42"), ("4201", "4201")],
)
def test_the_digits_that_a_code_stands_for(code, prefix):
    assert prefix_of(code) == prefix


def test_a_province_holds_all_below_it_but_what_is_confirmed_elsewhere():
    table = a_table(serving("hubei.example", "420000"), serving("wuhan.example", "420100"), serving("wuchang.example", WUCHANG))
    found = {code: table.way(code).partner for code in (WUCHANG, "420102", "420502", "429004", XICHENG)}
    assert found == {
        WUCHANG: "wuchang.example",
        "420102": "wuhan.example",
        "420502": "hubei.example",
        "429004": "hubei.example",  # Xiantao, which no prefecture contains
        XICHENG: OWN,
    }


def test_the_heading_of_the_counties_directly_under_a_province_is_not_the_province():
    table = a_table(serving("direct.example", "429000"))
    assert table.way("429004").partner == "direct.example"
    with pytest.raises(NoRoute):
        table.way(WUCHANG)


def test_a_pin_goes_before_what_is_as_long_and_after_what_is_longer():
    partners = (serving("hubei.example", "420000"), serving("wuchang.example", WUCHANG), serving("new.example", "420000"))
    table = a_table(*partners, pins=[pinned("42", "new.example")])
    assert (table.way("420502").partner, table.way(WUCHANG).partner) == ("new.example", "wuchang.example")
    table = a_table(*partners, pins=[pinned("42", "new.example"), pinned(WUCHANG, "hubei.example")])
    assert table.way(WUCHANG).partner == "hubei.example"


def test_equal_claims_wait_for_the_operator():
    both = (serving("a.example", WUCHANG), serving("b.example", WUCHANG))
    with pytest.raises(RouteUndecided):
        a_table(*both).way(WUCHANG)
    assert a_table(*both, pins=[pinned(WUCHANG, "b.example")]).way(WUCHANG).partner == "b.example"


def test_what_is_meant_for_a_suspended_partner_goes_to_nobody_else():
    partners = (serving("hubei.example", "420000"), serving("wuchang.example", WUCHANG, active=False))
    with pytest.raises(RouteClosed):
        a_table(*partners).way(WUCHANG)
    assert not a_table(*partners).leads_to(WUCHANG, "hubei.example")
    # Until the operator says otherwise.
    assert a_table(*partners, serving("new.example", WUCHANG)).way(WUCHANG).partner == "new.example"
    with pytest.raises(RouteClosed):
        a_table(serving("hubei.example", "420000"), pins=[pinned(WUCHANG, "gone.example")]).way(WUCHANG)


def test_nobody_leads_an_own_county_away():
    table = a_table(serving("a.example", XICHENG, "110000"), pins=[pinned("11", "a.example"), pinned(XICHENG, "a.example")])
    assert table.way(XICHENG).own
    assert table.way("110105").partner == "a.example"


NODES = [f"n{n}.example" for n in range(4)]
PLACES = ["420000", "420100", WUCHANG, "420102", "429000", "429004", "430000", "430100"]
COUNTIES = [WUCHANG, "420102", "420502", "429004", "430102", "430105"]
partners = st.lists(
    st.tuples(st.sampled_from(NODES), st.sets(st.sampled_from(PLACES)), st.booleans()), unique_by=lambda one: one[0]
).map(lambda rows: [serving(node, *sorted(codes), active=active) for node, codes, active in rows])
pins = st.dictionaries(st.sampled_from([prefix_of(place) for place in PLACES]), st.sampled_from(NODES)).map(
    lambda found: [pinned(prefix, node) for prefix, node in found.items()]
)


@given(partners, pins, st.sampled_from(COUNTIES), st.randoms())
def test_every_county_has_one_way_or_none_whatever_order_the_rows_come_in(found, held, county, random):
    def way(partners, pins):
        try:
            return a_table(*partners, pins=pins).way(county)
        except NoRoute as refusal:
            return type(refusal)

    shuffled = random.sample(found, len(found)), random.sample(held, len(held))
    way_found = way(found, held)
    assert way(*shuffled) == way_found
    if not isinstance(way_found, type):
        table = a_table(*found, pins=held)
        assert county.startswith(way_found.prefix)
        leading = [line for line in table.ways if county.startswith(line.prefix)]
        assert [line for line in leading if line.rank >= way_found.rank] == [way_found]
        assert [node for node in NODES if table.leads_to(county, node)] == [way_found.partner]


@given(partners, st.sampled_from(COUNTIES))
def test_a_longer_confirmation_never_changes_the_way_of_a_county_outside_it(found, county):
    table = a_table(*found)
    narrower = a_table(*found, serving("more.example", "420106"))
    if county != "420106":
        for node in NODES:
            assert table.leads_to(county, node) == narrower.leads_to(county, node)


def test_digits_and_the_parent_column_agree_for_every_county_of_today():
    divisions = load_divisions()
    for code in ("110000", "420000", "420100", "460000", "650000", "500000"):
        table = a_table(serving("one.example", code), own=())
        within = divisions.counties_within(code)
        assert all(table.leads_to(county, "one.example") for county in within)
        elsewhere = [county for county in divisions.counties_within("440000") if county not in within]
        assert not any(table.leads_to(county, "one.example") for county in elsewhere)


def test_a_way_has_its_place_whatever_else_changes():
    table = a_table(serving("hubei.example", "420000"))
    assert replace(table.way(WUCHANG), partner="x").rank == table.way(WUCHANG).rank
