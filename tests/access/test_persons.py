"""Whom an operation shows, whatever the operation: its row in the audit says so, and what is shown follows from that.

Every operation is tried: one that is added is tried by itself.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.rights import LocalRole
from exchange.auditing.event import AuditEvent
from exchange.ledger import AuditFilter, Page
from exchange.work.daily import DailyLimits
from tests.access.asking import ASKED, QUERY, text_of
from tests.access.serving import PATHS, RELATIONS, World, world_in
from tests.access.test_matrix import LOCAL
from tests.access.world import birth_words, words_of
from tests.builders import XICHENG

# What shows something of persons to a clerk of the county.
SHOWING = {
    "GET /api/v1/entries",
    "POST /api/v1/entries/search",
    "GET /api/v1/entries/{entry}",
    "GET /api/v1/exports/entries",
    "GET /api/v1/exchanges/{exchange}",
    "GET /api/v1/exchanges/{exchange}/candidates",
    "GET /api/v1/cases/{case}",
    "GET /api/v1/cross-checks/{id}/differences",
    "GET /api/v1/cross-checks/{id}/sheet",
    "GET /api/v1/register-differences",
    "GET /api/v1/register-differences/{entry}/{other}",
    "GET /api/v1/worklists/coarse",
    "GET /api/v1/worklists/differing",
    "GET /api/v1/worklists/one_sided",
    "GET /api/v1/worklists/{worklist}",
    "GET /api/v1/worklists/{worklist}/sheet",
}
# What hands an exchange on without a look at the person: to a township, back from it.
WITHOUT_THE_PERSON = {f"POST /api/v1/exchanges/{{exchange}}/{what}" for what in ("assignment", "return")}


@pytest.fixture(scope="module")
def births(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same counties; Xicheng's exchanges are birth registrations of its first clerk."""
    with world_in(tmp_path_factory.mktemp("births"), births=True) as made:
        yield made


@pytest.fixture
def limited(world: World) -> Iterator[World]:
    """Clerks who may be shown nobody."""
    kept = world.node.office.node
    world.node.office.node = replace(kept, daily_limits=DailyLimits(persons=0, sheets=0))
    yield world
    world.node.office.node = kept


def told(world: World) -> list[AuditEvent]:
    """The rows of the audit by which somebody was shown something, of Xicheng's chain."""
    with world.node.office.ledgers.transaction(read_only=True) as ledger:
        rows = ledger.audit.find(AuditFilter(jurisdictions=frozenset({XICHENG})), Page(limit=1000))
    return [row.event for row in rows if row.event.shown]


@pytest.mark.parametrize("name", LOCAL)
def test_what_shows_a_person_counts_in_the_clerks_day_and_is_refused_at_its_end(limited: World, name: str) -> None:
    world, kept = limited, limited.node.office.node
    clerk = world.node.key("clerk", XICHENG)
    world.restore()
    refused = world.asking(name, clerk)
    assert told(world) == []
    assert not [word for word in words_of(XICHENG) if word in text_of(refused)]
    world.node.office.node = replace(kept, daily_limits=DailyLimits())
    world.restore()
    answered = world.asking(name, clerk)
    shows = told(world) != []
    assert shows == (name in SHOWING), answered.text
    assert shows or not [word for word in words_of(XICHENG) if word in text_of(answered)]
    if shows:
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:woshou:problem:daily-limit")
        method, path = name.split()
        limits = PATHS[path][method.lower()]["responses"]["429"]["content"]["application/problem+json"]["examples"]
        assert "daily-limit" in limits


@pytest.mark.parametrize("name", LOCAL)
def test_a_birth_registration_is_shown_to_nobody_but_its_clerk(births: World, name: str) -> None:
    keys = {
        f"{role}, {relation}": births.node.key(role, place)
        for relation, (place, _) in RELATIONS.items()
        for role in LocalRole
        if (role, place) != (LocalRole.CLERK, XICHENG)
    }
    births.restore()
    for who, key in {**keys, "another clerk": births.other_clerk}.items():
        found = text_of(births.asked_once(name, key))
        assert not [word for word in birth_words() if word in found], who


def entries_told(shown: Any) -> list[Any]:
    """Whatever an answer says, however deep, of the entries that Xicheng's birth registrations are about."""
    if isinstance(shown, list):
        return [found for each in shown for found in entries_told(each)]
    if not isinstance(shown, dict):
        return []
    told = [shown["entry"]] if shown.get("exchange") in (QUERY, ASKED) and shown.get("entry") else []
    told += [each for each in (shown.get("exchanges") or ()) if each in (QUERY, ASKED)] if shown.get("entry") else []
    return told + [found for each in shown.values() for found in entries_told(each)]


@pytest.mark.parametrize("name", LOCAL)
def test_whose_entry_a_birth_registration_is_about_is_told_by_no_operation(births: World, name: str) -> None:
    keys = {str(role): births.node.key(role, XICHENG) for role in LocalRole if role is not LocalRole.CLERK}
    births.restore()
    for who, key in {**keys, "another clerk": births.other_clerk}.items():
        answer = births.asked_once(name, key)
        if answer.headers.get("content-type") in ("application/json", "application/problem+json") and answer.content:
            assert entries_told(answer.json()) == [], who


def test_its_clerk_is_told_whose_entry_it_is(births: World) -> None:
    births.restore()
    found = births.asking("GET /api/v1/exchanges/{exchange}", births.node.key("clerk", XICHENG)).json()
    assert entries_told(found) == [QUERY]


@pytest.mark.parametrize("name", [name for name in LOCAL if name.startswith("POST /api/v1/exchanges/{exchange}/")])
def test_nobody_but_its_clerk_acts_on_a_birth_registration(births: World, name: str) -> None:
    keys = {"system": births.node.key("system", XICHENG), "another clerk": births.other_clerk}
    for who, key in keys.items():
        births.restore()
        refused = births.asking(name, key)
        if name in WITHOUT_THE_PERSON:
            assert refused.status_code in (200, 403, 409), refused.text
            continue
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:woshou:problem:not-your-exchange"), who
        told = PATHS[name.split()[1]]["post"]["responses"]["403"]["content"]["application/problem+json"]["examples"]
        assert "not-your-exchange" in told
    births.restore()
    own = births.asking(name, births.node.key("clerk", XICHENG))
    assert own.status_code != 403 or name in WITHOUT_THE_PERSON, own.text


@pytest.mark.parametrize(
    "name", ["GET /api/v1/exchanges/{exchange}", "GET /api/v1/cases/{case}", "GET /api/v1/worklists/{worklist}"]
)
def test_its_clerk_is_shown_the_people_of_a_birth_registration(births: World, name: str) -> None:
    births.restore()
    found = text_of(births.asking(name, births.node.key("clerk", XICHENG)))
    assert [word for word in birth_words() if word in found]
