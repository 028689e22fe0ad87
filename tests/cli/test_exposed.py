"""`woshou subject exposed`: whose data a breach concerns, on both databases."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.clock import set_clock
from exchange.auditing.event import Actor, ActorKind, AuditEvent, of_entry, of_exchange, of_person
from exchange.codes import CloseReason, Kind, Role, WithdrawalReason
from exchange.people.record import Record
from exchange.wire.message import WithdrawalBody
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_moment, a_person, a_record, an_api_key, an_id, an_id_number
from tests.certificates.support import a_check
from tests.cli.two_counties import ask, closed, keep, married_to, opened, say, two_counties


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
    assert [(each["name"], each["relations"]) for each in told["people"]] == [
        ("王小明", ["person"]),
        ("阿依古丽·买买提", ["spouse"]),
    ]
    assert an_id_number(9) not in json.dumps(told)


def test_one_who_stands_in_two_places_is_one_person(both):
    keep(both, 1, a_person(1), record=married_to(2))
    keep(both, 2, a_person(2), record=married_to(1), county=XICHENG)
    told = both("subject", "exposed", "--since", "2026-03-01", "--people").json
    assert (told["persons"], told["protected_count"], told["fields"]["name"]) == (2, 0, 2)
    assert [each["relations"] for each in told["people"]] == [["person", "spouse"]] * 2


def test_the_protected_and_who_stands_beside_them_are_marked_for_the_operator(both):
    keep(both, 1, a_person(1), record=married_to(9), protected=True)
    keep(both, 2, a_person(2), record=Record())
    ask(both, 3)
    keep(both, 3, a_person(3), record=Record(), protected=True, **closed())
    whole = both("subject", "exposed", "--since", "2026-03-01", "--people")
    assert [each["protected"] for each in whole.json["people"]] == [True, True, False, True]
    assert "by hand" in whole.err
    told = both("subject", "exposed", "--since", "2026-03-01", "--partner", WUCHANG_NODE)
    assert (told.json["persons"], told.json["protected_count"]) == (1, 1)


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


def shown(both, key, n, at, *, problem=None, fields=("person",), subjects=()):
    """The row that is left when this key was shown, or refused, somebody's entry."""
    with opened(both) as office, office.ledgers.transaction() as ledger:
        entry = ledger.entries.get(an_id(n))
        assert entry is not None
        event = AuditEvent(
            at=at,
            jurisdiction=entry.jurisdiction,
            actor=Actor(kind=ActorKind.KEY, id=key, role="clerk"),
            action="read_entry",
            problem=problem,
            subjects=subjects or (of_entry(entry.id), of_person(entry.person_index)),
            shown=fields,
        )
        ledger.audit.append([event])


def test_a_lost_api_key_concerns_those_whom_it_was_shown_from_its_first_day_on(both):
    for n in range(1, 6):
        keep(both, n, a_person(n), record=Record())
    exchange = ask(both, 5, entry=an_id(5), person=None)
    lost, other = an_api_key(1), an_api_key(2)
    with opened(both) as office, office.ledgers.transaction() as ledger:
        for key in (lost, other):
            ledger.access.save_api_key(key)
    shown(both, lost.id, 1, a_moment(120))
    shown(both, lost.id, 2, a_moment(120), problem="not-found", fields=())
    shown(both, lost.id, 3, a_moment(120), fields=())
    shown(both, other.id, 4, a_moment(120))
    shown(both, lost.id, 5, a_moment(180), subjects=(of_exchange(exchange),))
    told = both("subject", "exposed", "--api-key", lost.id, "--until", "2026-03-03").json
    assert (told["entries"], told["exchanges"]) == ([an_id(1), an_id(5)], [exchange])
    assert (told["persons"], told["since"]) == (2, "2026-03-02T01:01:00.000Z")
    one = both("subject", "exposed", "--api-key", lost.id, "--until", "2026-03-02T11:30:00").json
    assert (one["entries"], one["exchanges"], one["persons"]) == ([an_id(1)], [], 1)
    late = both("subject", "exposed", "--api-key", lost.id, "--since", "2026-03-02T12:00:01", "--until", "2026-03-03").json
    assert (late["entries"], late["exchanges"], late["persons"]) == ([], [], 0)


def test_only_one_thing_is_said_to_be_lost(both):
    assert both("subject", "exposed", "--api-key", "k", "--partner", WUCHANG_NODE).refusal["code"] == "which-breach"
    assert both("subject", "exposed").refusal["code"] == "which-breach"


def test_what_was_erased_is_counted_apart_and_never_as_nobody(both):
    keep(both, 1, a_person(1), record=a_record())
    exchange = ask(both, 1, entry=an_id(1), person=None)
    with opened(both) as office, office.ledgers.transaction() as ledger:
        ledger.messages.erase(ledger.links.all()[0].id, [exchange])
        held = ledger.entries.get(an_id(1))
        assert held is not None
        ledger.entries.save([replace(held, closed_at=a_moment(), close_reason=CloseReason.MOVED_ON)])
        ledger.entries.erase([an_id(1)])
    say(both, exchange, Kind.WITHDRAWAL, WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE))
    told = both("subject", "exposed", "--since", "2026-03-01", "--partner", WUCHANG_NODE)
    assert (told.json["persons"], told.json["erased"], told.json["erased_entries"]) == (0, [exchange], [an_id(1)])
    assert (told.json["erased_count"], told.json["erased_entry_count"], told.json["erased_person_count"]) == (1, 1, 1)


def test_a_check_of_a_certificate_concerns_its_holder(both):
    keep(both, 1, a_person(1), record=a_record())
    with opened(both) as office, office.ledgers.transaction() as ledger:
        held = ledger.entries.get(an_id(1))
        assert held is not None
        mine = {"own": WUCHANG, "other": XICHENG, "role": Role.ASKER, "partner": "away.example", "at": a_moment()}
        ledger.certificate_checks.add(a_check(1, holder=held.person_index, **mine))
        ledger.certificate_checks.add(a_check(2, holder="another", **{**mine, "partner": WUCHANG_NODE}))
        ledger.links.add("away", "away.example")
    told = both("subject", "exposed", "--since", "2026-03-01", "--partner", "away.example", "--people").json
    assert (told["checks"], told["persons"]) == ([an_id(1)], 1)
    assert told["fields"] == {"certificate": 1, "document": 1, "name": 1}
    assert [(each["name"], each["checks"]) for each in told["people"]] == [("王小明", [an_id(1)])]
    mine_only = both("subject", "report", stdin=an_id_number(1)).json["certificates"]
    assert [(row["check"], row["asker"], row["issuer"], row["partner"]) for row in mine_only] == [
        (an_id(1), WUCHANG, XICHENG, "away.example")
    ]
