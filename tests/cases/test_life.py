"""A birth registration between three nodes: both origins are asked, and told; nothing that nobody answers blocks it."""

from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from exchange.cases.case import CaseClosed, DateInFuture, NothingToCommit, ReferenceRefused, SamePerson
from exchange.cases.progress import CaseNotReady, CaseState, ItemState
from exchange.codes import Event, Item, Kind, MaritalStatus, Purpose, Result, Role, WithdrawalReason
from exchange.conversation import State
from exchange.errors import Invalid, NotFound
from exchange.jurisdiction import UnknownJurisdiction
from exchange.ledger import Page
from exchange.people.record import Child, Record
from exchange.people.whereabouts import PlaceTooCoarse
from exchange.routing.today import SeveralSuccessors
from exchange.verbs.cases.cancelling import cancel, follow
from exchange.verbs.cases.opening import SpouseDraft
from exchange.verbs.cases.reading import NotYourCase, cases_of
from exchange.verbs.cases.settling import CommitmentDraft, NoSuchClerk, commit, finish, hand_over
from exchange.verbs.routing.send_on import send_on
from tests.builders import WUCHANG, XICHENG, YUYANG, an_api_key, an_entry
from tests.cases.world import APPLIED, ITEMS, World, terms_between, the_person

OWN = frozenset({XICHENG})
BORN = date(2026, 2, 20)
CHILD = Child(birth_date=date(2026, 2, 1))
PAPER = CommitmentDraft(made_on=APPLIED, reference="CN-2026-17")


@pytest.fixture
def world():
    return World.of(XICHENG, WUCHANG, YUYANG)


def states(world, case):
    return [{one.state for one in spouse.items} for spouse in world.case(XICHENG, case).spouses]


def queries(world, case):
    return [one.asked.exchange.key.exchange for one in world.case(XICHENG, case).spouses if one.asked is not None]


def at_xicheng(world: World, verb, case, *args, by="key-1", **kwargs):
    station = world.stations[XICHENG]
    with station.ledgers.transaction() as ledger:
        return verb(ledger, station.node, OWN, by, case, *args, **kwargs)


def test_both_origins_are_asked_answer_and_are_told(world):
    case = world.open_case(XICHENG, WUCHANG, YUYANG)
    assert (world.case(XICHENG, case).state, states(world, case)) == (CaseState.AWAITING, [{ItemState.SENDING}] * 2)
    world.carry()
    seen = world.case(XICHENG, case)
    # 15 working days from Monday 2 March.
    assert {one.due for spouse in seen.spouses for one in spouse.items} == {date(2026, 3, 23)}
    assert states(world, case) == [{ItemState.AWAITED}] * 2

    one, other = queries(world, case)
    world.answer(WUCHANG, one)
    assert (world.case(XICHENG, case).state, states(world, case)[0]) == (CaseState.AWAITING, {ItemState.CONFIRMED})
    with pytest.raises(CaseNotReady, match="2: marital_status"):
        at_xicheng(world, finish, case, world.now, on=BORN)
    world.answer(YUYANG, other, Result.CORRECTED, record=Record(marital_status=MaritalStatus.MARRIED, children=[]))
    last = {one.item: one.state for one in world.case(XICHENG, case).spouses[1].items}
    assert last == {
        Item.MARITAL_STATUS: ItemState.CORRECTED,
        Item.CHILDREN: ItemState.CORRECTED,
        Item.MARRIAGE: ItemState.UNTOLD,
        Item.SPOUSE: ItemState.UNTOLD,
    }
    assert world.case(XICHENG, case).state is CaseState.UNDECIDED
    at_xicheng(world, commit, case, replace(PAPER, spouse=2), world.now)
    assert world.case(XICHENG, case).state is CaseState.READY

    done = at_xicheng(world, finish, case, world.now, on=BORN, children=[CHILD])
    assert done.state is CaseState.FINISHED
    world.carry()
    for county in (WUCHANG, YUYANG):
        asked = world.stations[county].exchanges(Role.ASKED)
        assert [(each.kind, each.event, each.purpose) for each in asked] == [
            (Kind.QUERY, None, Purpose.BIRTH_REGISTRATION),
            (Kind.NOTICE, Event.REGISTERED, Purpose.BIRTH_REGISTRATION),
        ]
    # An answer that told all is accepted with the end; one that left something out stays to be challenged.
    assert world.state(XICHENG, one) is State.CLOSED
    assert world.state(XICHENG, other) is State.ANSWERED
    with pytest.raises(CaseClosed):
        at_xicheng(world, finish, case, world.now, on=BORN)
    with pytest.raises(CaseClosed):
        at_xicheng(world, commit, case, PAPER, world.now)


def test_the_child_stands_in_the_closing_notice_and_nowhere_else(world):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    world.carry()
    at_xicheng(world, commit, case, PAPER, world.now)
    at_xicheng(world, finish, case, world.now, on=BORN, children=[CHILD])
    with world.stations[XICHENG].ledgers.transaction(read_only=True) as ledger:
        held = ledger.cases.get(case)
        assert "2026-02-01" not in repr(held)
        notice = held.spouses[0].notice.key
        (message,) = ledger.messages.of_exchanges(notice.link, [notice.exchange])[notice.exchange]
    assert b'"children":[{"birth_date":"2026-02-01"}]' in message.line


def test_a_spouse_of_this_county_is_asked_nowhere(world):
    case = world.open_case(XICHENG, XICHENG, XICHENG)
    assert (world.case(XICHENG, case).state, states(world, case)) == (CaseState.READY, [{ItemState.LOCAL}] * 2)
    done = at_xicheng(world, finish, case, world.now, on=BORN)
    assert [spouse.spouse.notice for spouse in done.spouses] == [None, None]
    assert world.stations[XICHENG].exchanges() == []


def test_one_origin_of_both_gets_two_queries_about_two_people(world):
    world.open_case(XICHENG, WUCHANG, WUCHANG)
    world.carry()
    asked = world.stations[WUCHANG].exchanges(Role.ASKED)
    assert (len(asked), len({each.person_index for each in asked})) == (2, 2)


@pytest.mark.parametrize(
    ("origin", "code"),
    [("310101", "no-route"), ("110105", "no-agreement"), (None, "no-origin"), (YUYANG, "item-not-agreed")],
)
def test_an_origin_that_cannot_be_asked_is_shown_and_blocks_nothing(origin, code):
    world = World.of(XICHENG, WUCHANG, YUYANG, "110105", agreements=False)
    world.agree(XICHENG, WUCHANG)
    world.agree(XICHENG, YUYANG, fields=[])
    case = world.open_case(XICHENG, WUCHANG, origin)
    spouse = world.case(XICHENG, case).spouses[1]
    assert (spouse.spouse.unasked and spouse.spouse.unasked.code, {one.state for one in spouse.items}) == (
        code,
        {ItemState.CANNOT_BE_ASKED},
    )
    world.carry()
    world.answer(WUCHANG, queries(world, case)[0])
    assert world.case(XICHENG, case).state is CaseState.UNDECIDED
    at_xicheng(world, commit, case, PAPER, world.now)
    done = at_xicheng(world, finish, case, world.now, on=BORN)
    assert done.spouses[0].spouse.notice is not None
    # Yuyang's agreement allows the notice, without a record.
    assert (done.spouses[1].spouse.untold is None) is (origin == YUYANG)


def test_only_the_agreed_items_are_asked_and_the_others_wait_for_a_commitment():
    world = World.of(XICHENG, WUCHANG, agreements=False)
    rules = [structs.replace(rule, items=[Item.MARRIAGE]) for rule in terms_between(("a", XICHENG), ("b", WUCHANG)).fields]
    world.agree(XICHENG, WUCHANG, fields=rules)
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    world.carry()
    world.answer(WUCHANG, queries(world, case)[0])
    found = {one.item: one.state for one in world.case(XICHENG, case).spouses[0].items}
    assert found == {item: ItemState.CONFIRMED if item is Item.MARRIAGE else ItemState.CANNOT_BE_ASKED for item in ITEMS}
    at_xicheng(world, commit, case, PAPER, world.now)
    covered = world.case(XICHENG, case).spouses[0].spouse.commitments[0].items
    assert set(covered) == set(ITEMS) - {Item.MARRIAGE}


def test_what_is_late_blocks_nothing_and_stays_visible_beneath_the_commitment(world):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    world.carry()
    world.pass_time(days=30)
    assert (world.case(XICHENG, case).state, states(world, case)[0]) == (CaseState.LATE, {ItemState.LATE})
    at_xicheng(world, commit, case, PAPER, world.now)
    (one, *_) = world.case(XICHENG, case).spouses[0].items
    assert (one.state, one.beneath, one.due) == (ItemState.COMMITTED, ItemState.LATE, date(2026, 3, 23))
    done = at_xicheng(world, finish, case, world.now, on=BORN)
    assert done.case.following
    world.carry()
    assert [each.event for each in world.stations[WUCHANG].exchanges(Role.ASKED)] == [None, Event.REGISTERED]


def following(world):
    station = world.stations[XICHENG]
    with station.ledgers.transaction() as ledger:
        found, _ = follow(ledger, station.node, world.now, Page())
    return found


@pytest.mark.parametrize(
    ("result", "body", "contradicts"),
    [
        (Result.CONFIRMED, {}, False),
        (Result.CORRECTED, {"record": Record(marital_status=MaritalStatus.UNMARRIED)}, True),
        (Result.NOT_FOUND, {}, True),
        (Result.DECEASED, {}, True),
        (Result.REFUSED, {"reason": "person_objected"}, False),
        (Result.MOVED_ON, {"moved_to": "42"}, False),
    ],
)
def test_a_later_answer_that_contradicts_the_commitment_is_a_finding_once(world, result, body, contradicts):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    world.carry()
    at_xicheng(world, commit, case, PAPER, world.now)
    at_xicheng(world, finish, case, world.now, on=BORN)
    assert following(world) == 0
    world.pass_time(hours=1)
    world.answer(WUCHANG, queries(world, case)[0], result, **body)
    assert world.case(XICHENG, case).contradicted is contradicts
    assert (following(world), following(world)) == (int(contradicts), 0)
    held = world.case(XICHENG, case).case
    assert (held.contradicted_at == world.now, held.following) == (contradicts, False)
    with world.stations[XICHENG].ledgers.transaction(read_only=True) as ledger:
        found = ledger.chores.findings(Page())
    assert [(each.kind, each.subject) for each in found] == [("commitment-contradicted", f"case {case}")] * contradicts


def test_an_answer_that_was_there_before_contradicts_nothing(world):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    world.carry()
    world.answer(WUCHANG, queries(world, case)[0], Result.NOT_FOUND)
    assert (world.case(XICHENG, case).state, states(world, case)[0]) == (CaseState.UNDECIDED, {ItemState.NEGATIVE})
    world.pass_time(hours=1)
    at_xicheng(world, commit, case, PAPER, world.now)
    assert not world.case(XICHENG, case).contradicted


def test_cancelling_withdraws_the_open_queries_and_forgets_the_people(world):
    case = world.open_case(XICHENG, WUCHANG, YUYANG)
    world.carry()
    at_xicheng(world, cancel, case, WithdrawalReason.PERSON_WITHDREW, world.now)
    world.carry()
    seen = world.case(XICHENG, case)
    assert (seen.state, [spouse.spouse.person for spouse in seen.spouses]) == (CaseState.CANCELLED, [None, None])
    assert states(world, case) == [{ItemState.WITHDRAWN}] * 2
    asked = world.stations[WUCHANG].exchanges(Role.ASKED) + world.stations[YUYANG].exchanges(Role.ASKED)
    assert {each.conversation.state for each in asked} == {State.WITHDRAWN}


def test_a_query_that_is_still_on_its_way_is_withdrawn_once_it_has_arrived(world):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    at_xicheng(world, cancel, case, WithdrawalReason.PERSON_WITHDREW, world.now)
    assert following(world) == 0
    assert world.case(XICHENG, case).case.following
    world.carry()
    following(world)
    world.carry()
    assert not world.case(XICHENG, case).case.following
    assert world.stations[WUCHANG].exchanges(Role.ASKED)[0].conversation.state is State.WITHDRAWN


def test_a_case_goes_on_where_its_query_was_sent_on(world):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    world.carry()
    first = queries(world, case)[0]
    world.answer(WUCHANG, first, Result.WRONG_JURISDICTION, jurisdiction=YUYANG)
    assert world.case(XICHENG, case).state is CaseState.UNDECIDED
    station = world.stations[XICHENG]
    with station.ledgers.transaction() as ledger:
        sent = send_on(ledger, station.node, world.held(XICHENG, first), world.now)
        held = cases_of(ledger, [sent.after.key]).get(sent.after.key)
    assert held is not None
    assert held.id == case
    world.carry()
    assert queries(world, case) == [sent.after.key.exchange]
    world.answer(YUYANG, sent.after.key.exchange)
    assert world.case(XICHENG, case).state is CaseState.READY
    at_xicheng(world, finish, case, world.now, on=BORN)
    world.carry()
    # The county that was wrongly asked hears no more of the couple.
    assert [each.event for each in world.stations[WUCHANG].exchanges(Role.ASKED)] == [None]
    assert [each.event for each in world.stations[YUYANG].exchanges(Role.ASKED)] == [None, Event.REGISTERED]


def test_nothing_leaves_about_a_spouse_whose_entry_is_protected(world):
    station = world.stations[XICHENG]
    protected = an_entry(
        register="inflow",
        origin=WUCHANG,
        destination=XICHENG,
        protected=True,
        person_index=station.node.person_index(the_person(1)),
    )
    with station.ledgers.transaction() as ledger:
        ledger.entries.add([protected])
    case = world.open_case(XICHENG, WUCHANG, YUYANG)
    world.carry()
    assert world.stations[WUCHANG].exchanges(Role.ASKED) == []
    at_xicheng(world, commit, case, PAPER, world.now)
    done = at_xicheng(world, finish, case, world.now, on=BORN)
    world.carry()
    assert world.stations[WUCHANG].exchanges(Role.ASKED) == []
    assert [one.spouse.untold and one.spouse.untold.code for one in done.spouses] == ["entry-protected", None]


@pytest.mark.parametrize("service", [purpose for purpose in Purpose if purpose is not Purpose.BIRTH_REGISTRATION])
def test_other_services_end_without_a_notice(world, service):
    case = world.open_case(XICHENG, WUCHANG, YUYANG, service=service)
    world.carry()
    at_xicheng(world, commit, case, PAPER, world.now)
    with pytest.raises(Invalid):
        at_xicheng(world, finish, case, world.now, on=BORN)
    assert at_xicheng(world, finish, case, world.now).state is CaseState.FINISHED
    assert {each.kind for each in world.stations[XICHENG].exchanges()} == {Kind.QUERY}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"application_date": date(2026, 3, 3)}, DateInFuture),
        ({"spouses": (SpouseDraft(person=the_person(1), origin=WUCHANG),) * 2}, SamePerson),
    ],
)
def test_what_the_clerk_has_to_mend_is_refused(world, changes, refusal):
    with pytest.raises(refusal):
        world.open_case(XICHENG, WUCHANG, YUYANG, **changes)


@pytest.mark.parametrize(
    ("origin", "refusal"), [("420000", PlaceTooCoarse), ("999999", UnknownJurisdiction), ("500112", SeveralSuccessors)]
)
def test_an_origin_is_a_county_of_today(world, origin, refusal):
    with pytest.raises(refusal) as refused:
        world.open_case(XICHENG, WUCHANG, origin)
    assert refused.value.pointer == "/spouses/1/origin"
    assert world.stations[XICHENG].exchanges() == []


def test_a_retired_origin_is_asked_under_its_code_of_today(world):
    case = world.open_case(XICHENG, "110104", WUCHANG)  # Xuanwu became part of Xicheng in 2010
    assert states(world, case)[0] == {ItemState.LOCAL}


def test_a_case_is_its_clerks_own(world):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    for verb, args in (
        (commit, (PAPER, world.now)),
        (finish, (world.now,)),
        (cancel, (WithdrawalReason.PERSON_WITHDREW, world.now)),
    ):
        with pytest.raises(NotYourCase):
            at_xicheng(world, verb, case, *args, by="key-2")
    station = world.stations[XICHENG]
    with station.ledgers.transaction() as ledger:
        for key in (an_api_key(2), an_api_key(3, jurisdiction=WUCHANG), an_api_key(4, role="coordinator")):
            ledger.access.save_api_key(key)
        with pytest.raises(NotYourCase):
            hand_over(ledger, OWN, "key-2", case, "key-2")
        with pytest.raises(NotFound):
            hand_over(ledger, frozenset({WUCHANG}), "key-1", case, "key-2")
        for wrong in ("key-3", "key-4", "key-5"):
            with pytest.raises(NoSuchClerk):
                hand_over(ledger, OWN, "key-1", case, wrong)
        assert hand_over(ledger, OWN, "key-1", case, "key-2").owner == "key-2"


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        (replace(PAPER, made_on=date(2026, 3, 3)), DateInFuture),
        (replace(PAPER, reference="110102199003070017"), ReferenceRefused),
        (replace(PAPER, spouse=2), NothingToCommit),
        (replace(PAPER, items=(Item.ADDRESS,)), NothingToCommit),
    ],
)
def test_a_commitment_stands_for_what_is_not_known_and_never_says_who(world, draft, refusal):
    case = world.open_case(XICHENG, WUCHANG, XICHENG)
    with pytest.raises(refusal):
        at_xicheng(world, commit, case, draft, world.now)
