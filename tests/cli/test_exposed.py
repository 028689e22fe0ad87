"""`woshou subject exposed`: whose data a breach concerns, on both databases."""

import json
from datetime import timedelta

import pytest

from adapters.clock import set_clock
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_moment, a_person, a_record, an_api_key, an_id, an_id_number
from tests.cli.two_counties import ask, keep, married_to, opened, two_counties


@pytest.fixture
def both(empty, tmp_path, database_url):
    return two_counties(empty, tmp_path, database_url)


def test_a_breach_of_a_partner_concerns_those_it_was_told_of(both):
    keep(both, 1, a_person(1), record=a_record())
    keep(both, 2, a_person(2))
    exchange = ask(both, 1, entry=an_id(1), person=None)
    told = both("subject", "exposed", "--since", "2026-03-01", "--partner", WUCHANG_NODE, "--people").json
    assert (told["entries"], told["exchanges"], told["persons"]) == ([an_id(1)], [exchange], 1)
    assert told["fields"] == {"birth_date": 1, "document": 1, "name": 1, "sex": 1}
    assert [(each["name"], each["exchanges"]) for each in told["people"]] == [("王小明", [exchange])]
    quiet = both("subject", "exposed", "--since", "2026-03-01", "--partner", WUCHANG_NODE)
    assert "王小明" not in quiet.out
    assert both("subject", "exposed", "--since", "2026-03-01", "--partner", "nobody.example").refusal["code"] == "not-found"


def test_a_breach_of_a_county_concerns_its_registers_spouses_and_children_included(both):
    keep(both, 1, a_person(1), record=married_to(9), protected=True)
    keep(both, 2, a_person(2), county=XICHENG)
    told = both("subject", "exposed", "--since", "2026-03-01", "--jurisdiction", WUCHANG, "--people").json
    assert (told["entries"], told["persons"], told["of_children"]) == ([an_id(1)], 2, 1)
    assert {(each["name"], each["relation"]) for each in told["people"]} == {("王小明", "person"), ("阿依古丽·买买提", "spouse")}
    assert an_id_number(9) not in json.dumps(told)


def test_a_lost_key_concerns_what_moved_while_it_could_be_used(both, tmp_path):
    first = ask(both, 1)
    set_clock(tmp_path / "clock", a_moment() + timedelta(days=3))
    second = ask(both, 2)
    with opened(both) as office:
        kid = office.keyring.signing_key(office.now()).kid
    assert set(both("subject", "exposed", "--key", kid).json["exchanges"]) == {first, second}
    assert both("subject", "exposed", "--key", kid, "--since", "2026-03-04").json["exchanges"] == [second]
    assert both("subject", "exposed", "--key", kid, "--until", "2026-03-04").json["exchanges"] == [first]
    assert both("subject", "exposed", "--key", "x" * 43).refusal["code"] == "not-found"


def test_a_lost_api_key_concerns_its_county_from_its_first_day_on(both):
    keep(both, 1, a_person(1))
    keep(both, 2, a_person(2), county=XICHENG)
    with opened(both) as office, office.ledgers.transaction() as ledger:
        ledger.access.save_api_key(an_api_key(1, jurisdiction=XICHENG))
    told = both("subject", "exposed", "--api-key", an_api_key(1).id).json
    assert (told["entries"], told["since"]) == ([an_id(2)], "2026-03-02T01:01:00.000Z")
    assert both("subject", "exposed", "--api-key", "k", "--partner", WUCHANG_NODE).refusal["code"] == "which-breach"
    assert both("subject", "exposed").refusal["code"] == "which-breach"
