"""How a cell that names a place is understood."""

import pytest

from exchange.jurisdiction import UnknownJurisdiction
from exchange.people.whereabouts import PlaceAmbiguous, PlaceReader
from tests.builders import WUCHANG, XICHENG
from tests.registers.support import NODE, TODAY


def reader(own: str = XICHENG) -> PlaceReader:
    return PlaceReader(NODE.divisions, own, TODAY)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("420106", WUCHANG),
        ("420106001", "420106001"),
        ("420106000000", "420106000000"),
        ("420106武昌区", WUCHANG),
        ("武昌区", WUCHANG),
        ("湖北省武汉市武昌区", WUCHANG),
        ("湖北武汉市武昌区", WUCHANG),
        ("湖北省", "420000"),
        ("湖北", "420000"),
        ("武汉", "420100"),
        ("广西", "450000"),
        ("新疆", "650000"),
        ("北京市宣武区", "110104"),
    ],
)
def test_a_place_is_told_by_code_or_name(written, code):
    assert reader().code(written, "destination") == code


def test_what_stands_behind_a_county_does_not_hide_it():
    assert reader().code("湖北省武汉市武昌区某某路某某小区", "destination") == WUCHANG


def test_a_township_behind_a_county_is_recognised():
    township = NODE.divisions.children(WUCHANG)[0]
    written = f"湖北省武汉市武昌区{NODE.divisions.name(township)}"
    assert reader().code(written, "destination") == township


@pytest.mark.parametrize("written", ["湖北省某某县", "某地", "999999", "42010", "4201061"])
def test_a_place_that_is_not_there_is_refused_rather_than_guessed(written):
    with pytest.raises(UnknownJurisdiction) as refusal:
        reader().code(written, "origin")
    assert refusal.value.pointer == "/origin"


def test_of_several_places_of_one_name_the_refusal_names_the_choices():
    with pytest.raises(PlaceAmbiguous) as refusal:
        reader().code("鼓楼区", "destination")
    assert all(code in refusal.value.zh for code in ("320106", "320302", "350102", "410204"))


def test_of_several_places_of_one_name_the_own_county_is_meant():
    assert reader("320106").code("鼓楼区", "origin") == "320106"


@pytest.mark.parametrize(
    ("written", "code"), [("110102001", "110102001"), ("西长安街街道", "110102001"), ("西长安街", "110102001")]
)
def test_an_own_township_is_told_by_code_or_name(written, code):
    assert reader().township(written) == code


def test_a_former_code_of_the_own_county_is_the_own_county():
    assert [reader().is_own(code) for code in (XICHENG, "110104", "110102001", "110000", WUCHANG)] == [
        True,
        True,
        True,
        False,
        False,
    ]
