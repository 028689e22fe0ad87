"""Every operation of the published description, for every role, from every relation of its key to the record's county.

What is expected follows from api/rights.py: a new operation is tried here by itself. It may need a name in `asking.NAMES` for a
record that its path names, and, where it is neither about one record nor a list of records, a line in `ODD`.
"""

from dataclasses import replace

import httpx
import pytest
import starlette.routing
from fastapi import APIRouter

from api.access import ClerkDep, PartnerDep
from api.app import create_app, operations
from api.rights import PEOPLE, PUBLIC, LocalRole, PartnerRight, Place, Records, Right
from api.serving.routes import NoRight, Route, ruled
from exchange.partners import PartnerStatus
from tests.access.asking import NAMES, RIGHTS, text_of
from tests.access.serving import PATHS, RELATIONS, World
from tests.access.world import CHAOYANG, PARTNER, marks_of, words_of
from tests.builders import XICHENG

HERE = ("own", "prefecture above", "province above")
OK, FORBIDDEN, UNKNOWN, NONE = "ok", "forbidden", "not-found", "none of its records"
OPERATIONS = {f"{method.upper()} {path}": told for path, methods in PATHS.items() for method, told in methods.items()}
RECORDS = ("{entry}", "{exchange}", "{case}", "{id}", "{digest}", "{escalation}")

# What a township has when its county gave it the matter.
GIVEN = {
    *("GET /api/v1/exchanges", "GET /api/v1/exchanges/{exchange}", "GET /api/v1/exchanges/{exchange}/assignments"),
    *(f"POST /api/v1/exchanges/{{exchange}}/{what}" for what in ("feedback", "interim", "return", "clerk")),
    "GET /api/v1/worklists/{worklist}",
}
A_RECORD, ROWS, A_DEED = "one record", "a list of records", "the caller's own, or nobody's"
# Operations that are not what their path lets them seem to be.
SEEM = {
    "POST /api/v1/exchanges": A_RECORD,
    "POST /api/v1/escalations": A_RECORD,
    "POST /api/v1/certificate-checks": A_RECORD,
    "POST /api/v1/cross-checks/settlement-sheets": A_RECORD,
    "POST /api/v1/entries/search": ROWS,
    "GET /api/v1/rates": A_RECORD,
    "GET /api/v1/rates/grid": A_RECORD,
    "GET /api/v1/rates/{rate}/rows": A_RECORD,
    "GET /api/v1/rates/handshake/series": A_RECORD,
    "GET /api/v1/reports/{report}": A_RECORD,
    "GET /api/v1/received-reports/sum": A_RECORD,
    "GET /api/v1/worklists": A_DEED,
    "GET /api/v1/worklists/silent_partners": A_DEED,
    "GET /api/v1/worklists/{worklist}/sheet": A_DEED,
    "GET /api/v1/imports/templates/{layout}": A_DEED,
    "GET /api/v1/rules": A_DEED,
    "GET /api/v1/calendar/{year}": A_DEED,
}
# Where a role or relation gets something else than the rest.
ODD: dict[str, dict[str, str]] = {
    # A case is its owner's; that is the county's clerk here, and no other key.
    **{
        f"POST /api/v1/cases/{{case}}/{what}": {"own/system": "not-your-case"}
        for what in ("commitment", "finish", "cancellation", "handover", "queries")
    },
    # The township's clerk, who was asked first, has given it back.
    "POST /api/v1/exchanges/{exchange}/return": {"its township/system": UNKNOWN},
    # And it was the first to take it over, from whom nobody else can.
    "POST /api/v1/exchanges/{exchange}/clerk": dict.fromkeys(("its township/system", "own"), "not-your-exchange"),
    # A township brings answers alone, and this is a register.
    "POST /api/v1/imports": dict.fromkeys(("its township", "another township"), FORBIDDEN),
    # They name Xicheng in their body, for which another county's coordinator has no word.
    "POST /api/v1/agreements": {"another county": FORBIDDEN},
    "POST /api/v1/frozen-reports": {"another county": FORBIDDEN},
    # It lies before the coordinator of the county.
    "GET /api/v1/escalations": {"prefecture above": NONE, "province above": NONE},
    "DELETE /api/v1/routes/{code}": dict.fromkeys(RELATIONS, UNKNOWN),  # nothing is pinned
}

# What an example is refused for once nothing is left but its own merits: whoever is told so may do such a thing.
JUDGED: dict[str, set[str]] = {
    # It was done by the one who was asked before.
    "PATCH /api/v1/entries/{entry}": {"version-differs"},
    "POST /api/v1/escalations": {"already-escalated"},
    "POST /api/v1/exchanges/{exchange}/assignment": {"already-theirs"},
    "POST /api/v1/exchanges/{exchange}/return": {"not-assigned"},
    "POST /api/v1/partners/{node}/suspension": {"not-in-this-standing"},
    "PUT /api/v1/routes/{code}": {"not-to-be-pinned"},  # to a partner that was suspended
    **{f"POST /api/v1/exchanges/{{exchange}}/{what}": {"under-way"} for what in ("interim", "reminder", "withdrawal")},
    # It is about what these books hold in another state.
    "POST /api/v1/agreements/{digest}/decision": {"not-your-decision"},
    "POST /api/v1/cases/{case}/finish": {"case-not-ready"},
    "POST /api/v1/cases/{case}/handover": {"no-such-clerk"},
    "POST /api/v1/certificate-checks": {"no-ground"},
    "POST /api/v1/entries/{entry}/close": {"day-outside-entry"},
    "POST /api/v1/entries/{entry}/reopen": {"entry-open"},
    "POST /api/v1/escalations/{escalation}/acknowledgement": {"not-before-you"},
    **{f"POST /api/v1/exchanges/{{exchange}}/{what}": {"wrong-reply"} for what in ("challenge", "confirmation")},
    "POST /api/v1/exchanges/{exchange}/feedback": {"item-not-agreed"},
    "POST /api/v1/exchanges/{exchange}/send-on": {"nothing-to-send-on"},
    "POST /api/v1/exchanges/{exchange}/unpairing": {"not-paired"},
    "POST /api/v1/frozen-reports": {"month-not-over"},
    "POST /api/v1/frozen-reports/{digest}/sendings": {"no-route"},
    "POST /api/v1/partners/{node}/resumption": {"not-in-this-standing"},
    "POST /api/v1/register-differences/{entry}/{other}/send": {"nothing-to-send"},
    # It is about people of Xicheng, rules, a key or a document that are none of theirs, or a file of one letter.
    "POST /api/v1/entries": {"not-own-place"},
    "POST /api/v1/agreements": {"rules-refused"},
    "POST /api/v1/partners": {"no-node-there"},
    "POST /api/v1/partners/{node}/confirmation": {"fingerprint-differs"},
    "POST /api/v1/received-reports": {"malformed-report"},
    "POST /api/v1/imports": {"header-not-found"},
    "POST /api/v1/imports/{id}/annotated": {"other-file"},
    "POST /api/v1/cross-checks": {"header-not-found"},
    "POST /api/v1/cross-checks/settlement-sheets": {"header-not-found"},
}

ROUTES = operations()
LOCAL = RIGHTS
WIRE = {name: route.right for name, route in sorted(ROUTES.items()) if isinstance(route.right, PartnerRight)}


def kind_of(name: str) -> str:
    """What an operation is about."""
    method, path = name.split()
    if name in SEEM:
        return SEEM[name]
    if any(record in path for record in RECORDS):
        return A_RECORD
    return ROWS if method == "GET" and not path.startswith("/api/v1/exports") else A_DEED


def expected(name: str, right: Right, role: LocalRole, relation: str) -> str:
    """What the table of rights, and whose the record is, lead to."""
    place = RELATIONS[relation][1]
    if place is Place.TOWNSHIP and role not in PEOPLE:
        place = Place.ELSEWHERE
    if not right.covers(role, place):
        return FORBIDDEN
    for odd in (f"{relation}/{role}", relation):
        if odd in ODD.get(name, {}):
            return ODD[name][odd]
    if right.records is Records.NODE or kind_of(name) == A_DEED:
        return OK
    if relation in HERE or (relation == "its township" and name in GIVEN):
        return OK
    return UNKNOWN if kind_of(name) == A_RECORD else NONE


def refusal_of(response: httpx.Response) -> str | None:
    """The code that an answer was refused with; None for one that was not."""
    return None if response.is_success else str(response.json()["type"]).rsplit(":", 1)[1]


def got(name: str, right: Right, response: httpx.Response, told: str) -> str:
    """What came of it: a refusal for any other reason than the example's merits is told by its code."""
    code = refusal_of(response)
    if code is not None and code not in JUDGED.get(name, ()):
        return code
    if right.records is Records.OWN and kind_of(name) == ROWS:
        return OK if any(mark in told for mark in marks_of(XICHENG)) else NONE
    return OK


def test_every_operation_that_is_served_is_published_and_has_a_right_or_is_public():
    public = {name for name, route in ROUTES.items() if route.right is None}
    assert OPERATIONS.keys() == ROUTES.keys() == LOCAL.keys() | WIRE.keys() | public


def test_every_record_in_a_path_has_its_example_here():
    named = {part.split("}")[0] for name in ROUTES for part in name.split("{")[1:]}
    missing = named - NAMES.keys() - {"digest", "agreement_id"}
    assert missing == set(), f"add {missing} to NAMES in tests/access/asking.py, and a record of it to world.py"


@pytest.mark.parametrize("name", LOCAL)
def test_each_role_gets_from_each_relation_what_its_rights_say_and_no_person_who_is_not_its_own(world: World, name: str):
    right = LOCAL[name]
    world.restore()
    outcomes, wanted, leaks = {}, {}, []
    # Whose it is comes last: what the county does may change what the others would be told.
    for relation in reversed(RELATIONS):
        place = RELATIONS[relation][0]
        for role in LocalRole:
            response = world.asking(name, world.node.key(role, place))
            told = text_of(response)
            outcomes[role.value, relation] = got(name, right, response, told)
            wanted[role.value, relation] = expected(name, right, role, relation)
            leaks += [(role.value, relation, word) for word in shown_beyond(right, role, relation, told)]
    assert outcomes == wanted
    assert leaks == []


def shown_beyond(right: Right, role: LocalRole, relation: str, told: str) -> list[str]:
    """Names and numbers that this caller may not see, and ids of records of a county that is not within its jurisdiction."""
    sees = right.shows_people and role in PEOPLE
    mine = words_of(XICHENG) if sees and relation in ("own", "its township") else frozenset()
    others = words_of(CHAOYANG) if sees and relation == "another county" else frozenset()
    allowed = mine | others
    hidden = (words_of(XICHENG) | words_of(CHAOYANG)) - allowed
    if right.records is Records.OWN and relation not in ("prefecture above", "province above", "another county"):
        hidden |= marks_of(CHAOYANG)
    return [word for word in hidden if word in told]


@pytest.mark.parametrize("name", ["GET /api/v1/entries", "GET /api/v1/exchanges/{exchange}", "GET /api/v1/cases/{case}"])
def test_the_countys_own_clerk_is_shown_its_people(world: World, name: str):
    world.restore()
    told = text_of(world.asking(name, world.node.key("clerk", XICHENG)))
    assert any(word in told for word in words_of(XICHENG))


@pytest.mark.parametrize("name", LOCAL)
def test_without_a_key_of_this_node_nothing_is_told(world: World, name: str):
    revoked, partner = world.node.key("auditor", "110101"), world.token("exchange", "reconcile")
    for credential in (None, "wsk_k0_wrong", revoked, partner):
        response = world.asking(name, credential)
        assert (response.status_code, response.json()["type"]) == (401, "urn:woshou:problem:unauthorized")
        assert (response.headers["www-authenticate"], response.headers["date"]) == ("Bearer", "Mon, 02 Mar 2026 01:00:00 GMT")


@pytest.mark.parametrize("name", WIRE)
def test_a_partner_needs_a_token_of_the_scope_and_good_standing(world: World, name: str):
    world.restore()
    scope = WIRE[name].scope
    other = {"exchange": "reconcile", "reconcile": "check", "check": "exchange"}[scope]
    for credential in (None, world.node.key("operator", XICHENG), world.node.key("clerk", XICHENG), world.token(other)):
        assert world.asking(name, credential).status_code == 401
    assert world.asking(name, world.token(scope)).status_code not in (401, 500)
    with world.node.office.ledgers.transaction() as ledger:
        known = ledger.partners.get(PARTNER)
        assert known is not None
        ledger.partners.save(replace(known, status=PartnerStatus.SUSPENDED))
    assert world.asking(name, world.token(scope)).status_code == 403


def test_a_route_that_names_no_right_or_two_cannot_be_made():
    router = APIRouter(route_class=Route)

    def nobody() -> None: ...
    def both(caller: ClerkDep, partner: PartnerDep) -> None: ...
    def clerk(caller: ClerkDep) -> None: ...

    for endpoint in (nobody, both):
        with pytest.raises(NoRight):
            router.get("/api/v1/new")(endpoint)
    with pytest.raises(NoRight):
        router.get("/healthz")(clerk)  # public, and yet for clerks
    router.get("/api/v1/new")(clerk)
    plain = APIRouter()
    plain.get("/api/v1/new")(clerk)
    with pytest.raises(NoRight):
        ruled(plain)


def test_what_is_public_is_what_the_application_serves_to_anybody():
    others = [each for each in create_app().routes if isinstance(each, starlette.routing.Route) and not isinstance(each, Route)]
    documents = {f"GET {route.path}" for route in others}
    served = {name for name, route in ROUTES.items() if route.right is None}
    assert served | documents == PUBLIC.keys()
