"""A correction and an erasure on their way to another node, over a real wire, one side on a real database."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.partner_http import PartnerClient
from exchange.codes import CloseReason, Event, Kind, Result, Role
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.persons.exposure import Breach
from exchange.persons.request import CorrectionReason, SubjectRequest
from exchange.persons.subject import Claim
from exchange.verbs.clocks.retain import forget_persons
from exchange.verbs.keep_entry import reopen_entry
from exchange.verbs.persons.correct import Correction, PersonChange, correct
from exchange.verbs.persons.erase import erase, plan
from exchange.verbs.persons.expose import expose
from exchange.verbs.persons.find import Found, find, subject_of
from exchange.verbs.persons.follow import follow
from exchange.verbs.persons.report import report
from exchange.verbs.persons.shelter import answerable
from exchange.wire.message import FeedbackBody
from jobs.runner import on_shift
from jobs.upkeep.tidy import tidy
from tests.api.nodes import Served
from tests.api.restoring import Pair, a_pair
from tests.builders import XICHENG_NODE, a_moment, a_person, an_entry, an_id_number
from tests.building.cases import a_case
from tests.building.local import an_answer
from tests.conftest import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        with a_pair(tmp_path, f"sqlite:///{tmp_path / 'woshou.db'}", XICHENG_NODE, None) as opened:
            yield opened
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with server.database() as url, a_pair(tmp_path, url, XICHENG_NODE, server) as opened:
        yield opened


def found_at(node: Served, n: int = 1) -> Found:
    office = node.office
    claim = Claim(document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(n)))
    with office.ledgers.transaction(read_only=True) as ledger:
        own = office.node.jurisdictions
        return find(ledger, office.node, own, subject_of(ledger, office.node, own, claim, None))


def told(node: Served, request: SubjectRequest) -> list[str]:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        return [each.told for each in follow(ledger, request)]


def test_a_correction_reaches_the_other_node_and_its_receipt_and_answer_come_back(pair: Pair):
    asking, asked = pair.nodes.xicheng, pair.nodes.wuchang
    pair.ask(1, 2)
    right = Correction(person=PersonChange(name="王大明"))
    with asking.office.ledgers.transaction() as ledger:
        request = correct(ledger, asking.office.node, found_at(asking), right, CorrectionReason.WRONG, asking.office.now())
    assert told(asking, request) == ["waiting"]
    pair.nodes.deliver()
    assert told(asking, request) == ["accepted"]
    notice = request.recipients[0].exchange or ""
    with asked.office.ledgers.transaction(read_only=True) as ledger:
        (held,) = ledger.exchanges.named(notice)
        assert (held.event, held.key.role) == (Event.CORRECTION, Role.ASKED)
    pair.say(asked, notice, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    assert told(asking, request) == ["fed_back"]


def test_an_erasure_erases_at_the_other_node_what_this_one_had_opened(pair: Pair):
    asking, asked = pair.nodes.xicheng, pair.nodes.wuchang
    mine, anothers = pair.ask(1, 2)
    pair.say(asked, mine, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    pair.say(asking, mine, Kind.CONFIRMATION)
    found = found_at(asking)
    with asking.office.ledgers.transaction() as ledger:
        _, request = erase(ledger, asking.office.node, found, asking.office.now())
    pair.pass_days(0.01)
    pair.nodes.deliver()
    assert told(asking, request) == ["accepted"]
    for node in (asking, asked):
        with on_shift(node.office, PartnerClient(node.office, node.http)) as shift:
            tidy(shift)
        with node.office.ledgers.transaction(read_only=True) as ledger:
            (link,) = ledger.links.all()
            log = ledger.messages.of_exchanges(link.id, [mine, anothers])
            assert {message.line for message in log[mine]} == {None}
            assert all(message.line for message in log[anothers])
    # Where it went can be told as before, until the bodies would have gone anyway.
    for node in (asking, asked):
        found = found_at(node)
        assert [each.key.exchange for each in found.exchanges] == [mine]
        with node.office.ledgers.transaction(read_only=True) as ledger:
            office = node.office
            answer = report(ledger, office.node, answerable(ledger, office.node, found), office.now())
            since = Breach(since=a_moment(-9999), until=office.now(), counties=office.node.jurisdictions)
            exposed = expose(ledger, office.node, since)
        assert {(row.exchange, row.erased) for row in answer.passed} == {(mine, True)}
        assert (exposed.erased, exposed.erased_people) == ((mine,), 1)
    pair.pass_days(400)
    for node in (asking, asked):
        with node.office.ledgers.transaction() as ledger:
            assert forget_persons(ledger, node.office.node, node.office.now(), 10) == 1
        assert found_at(node).exchanges == ()


def test_the_asked_side_erases_its_own_copy_and_names_whom_to_call(pair: Pair):
    asking, asked = pair.nodes.xicheng, pair.nodes.wuchang
    (mine,) = pair.ask(1)
    pair.say(asked, mine, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    pair.say(asking, mine, Kind.CONFIRMATION)
    planned = plan(found_at(asked), asked.office.node, asked.office.now())
    assert [each.key.exchange for each in planned.exchanges] == [mine]
    assert planned.withdrawn == ()
    assert [(each.id, each.why, each.with_whom) for each in planned.kept] == [(mine, "for_others_to_erase", "110102")]


def test_an_entry_that_was_reopened_since_the_plan_stays(pair: Pair):
    office = pair.nodes.xicheng.office
    person = a_person(1)
    entry = an_entry(1, person=person, person_index=office.node.person_index(person), closed_at=a_moment())
    with office.ledgers.transaction() as ledger:
        ledger.entries.add([replace(entry, close_reason=CloseReason.RETURNED)])
    found = found_at(pair.nodes.xicheng)
    planned = plan(found, office.node, office.now())
    assert planned.entries == (entry.id,)
    with office.ledgers.transaction() as ledger:
        reopen_entry(ledger, office.node.jurisdictions, entry.id, office.now())
        done, request = erase(ledger, office.node, found, office.now())
        assert done.entries == request.entries == ()
        assert ledger.entries.get(entry.id) is not None


def test_of_a_couple_erased_at_once_neither_comes_back(pair: Pair):
    """The second one's erasure was found before the first one's was done, with the first one still in the case."""
    office = pair.nodes.xicheng.office
    case = a_case(1, finished_at=a_moment(), following=False)
    with office.ledgers.transaction() as ledger:
        ledger.cases.add(case)
    one, two = found_at(pair.nodes.xicheng, 1), found_at(pair.nodes.xicheng, 2)
    for found in (one, two):
        with office.ledgers.transaction() as ledger:
            done, _ = erase(ledger, office.node, found, office.now())
            assert [each.id for each in done.cases] == [case.id]
    with office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.cases.get(case.id)
        assert held is not None
        assert not held.names_couple


def test_an_entry_that_is_somebody_elses_by_now_stays(pair: Pair):
    office = pair.nodes.xicheng.office
    person, right = a_person(1), a_person(2)
    entry = an_entry(1, person=person, person_index=office.node.person_index(person), closed_at=a_moment())
    with office.ledgers.transaction() as ledger:
        ledger.entries.add([entry])
    found = found_at(pair.nodes.xicheng)
    with office.ledgers.transaction() as ledger:
        ledger.entries.save([replace(entry, person=right, person_index=office.node.person_index(right), version=2)])
    with office.ledgers.transaction() as ledger:
        assert erase(ledger, office.node, found, office.now())[0].entries == ()
        assert ledger.entries.get(entry.id) is not None


def test_remembered_answers_that_name_the_person_go_at_once(pair: Pair):
    office, node = pair.nodes.xicheng.office, pair.nodes.xicheng
    person = a_person(1)
    entry = an_entry(1, person=person, person_index=office.node.person_index(person), closed_at=a_moment())
    bodies = [f'{{"number":"{an_id_number(1)}"}}', f'{{"id":"{entry.id}","name":"x"}}', f'{{"number":"{an_id_number(2)}"}}']
    with office.ledgers.transaction() as ledger:
        ledger.entries.add([entry])
        for n, body in enumerate(bodies):
            ledger.access.remember(an_answer(key=f"key-{n}", body=body.encode()))
    found = found_at(node)
    with office.ledgers.transaction() as ledger:
        erase(ledger, office.node, found, office.now())
    with office.ledgers.transaction(read_only=True) as ledger:
        held = [ledger.access.remembered("key-1", f"key-{n}") for n in range(3)]
    assert [answer is not None for answer in held] == [False, False, True]
