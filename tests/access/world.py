"""A node of two counties with one of everything in each, whose persons bear names and numbers that stand nowhere else."""

from dataclasses import replace
from datetime import date, datetime

from msgspec import structs

from exchange.cases.case import Named
from exchange.codes import Purpose, Role
from exchange.exchanges import Direction, Exchange
from exchange.imports import ImportBroken, RunProblem, Stage
from exchange.ledger import Ledger, RememberedAnswer
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.people.record import Spouse
from exchange.reconciling.results import DifferenceKind
from exchange.terms.agreement import Party, SignedAgreement, Standing
from exchange.verbs.pairing.index import index_some
from exchange.wire.message import write_message
from exchange.work.assignment import Assignment
from tests.builders import (
    WUCHANG,
    XICHENG,
    a_check,
    a_check_row,
    a_comparison,
    a_conversation,
    a_difference,
    a_digest,
    a_fact,
    a_finding,
    a_frozen,
    a_message,
    a_partner,
    a_person,
    a_query,
    a_received,
    a_reconciliation,
    a_record,
    a_register_difference,
    a_row,
    a_run,
    a_sending,
    a_trouble,
    agreed_terms,
    an_agreement,
    an_entry,
    an_entry_fact,
    an_escalation,
    an_exchange,
    an_id,
    an_id_number,
    an_import,
    judged,
)
from tests.building.cases import a_case
from tests.life.two_nodes import a_node

CHAOYANG = "110105"
NODE, PARTNER = "beijing.example", "wuchang.example"
# What each county's records are numbered from: its asked exchange, which a township has, comes after its own query.
FIRST = {XICHENG: 301, CHAOYANG: 601}
TOWNSHIP = {XICHENG: "110102001", CHAOYANG: "110105001"}
_BIRTH, _OF_BIRTH, _COUPLE = Purpose.BIRTH_REGISTRATION, 450, ("独孤应举", "长孙应举")
_NAMES = {XICHENG: ("诸葛西城", "上官西城"), CHAOYANG: ("司马朝阳", "欧阳朝阳")}


def words_of(county: str) -> frozenset[str]:
    """What would give a person of that county away."""
    first = FIRST[county]
    return frozenset({*_NAMES[county], *(an_id_number(first + n) for n in range(4))})


def marks_of(county: str) -> frozenset[str]:
    """What would give away that a record of that county exists."""
    reports = {a_frozen(county, node=NODE).head.digest, a_received(county).head.digest}
    return frozenset({*(an_id(FIRST[county] + n) for n in range(4)), agreement_of(county).digest, *reports})


def beijing() -> Node:
    """The node."""
    return replace(a_node(NODE, XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))


def birth_words() -> frozenset[str]:
    """What would give away the couple whose birth registration Xicheng handles or answers, who are in no register of its."""
    return frozenset({*_COUPLE, an_id_number(_OF_BIRTH)})


def fill(ledger: Ledger, now: datetime, owner: str = "key-1", *, births: bool = False) -> None:
    """One of everything in each county; the cases of Xicheng belong to the key `owner`.

    With `births` its exchanges are birth registrations that this key has, of a couple who are nobody else's matter.
    """
    ledger.partners.save(a_partner(node=PARTNER, status=PartnerStatus.ACTIVE, confirmed=(WUCHANG,)))
    link = ledger.links.add(an_id(990), PARTNER).id
    ledger.comparisons.add(a_comparison(1))
    ledger.reconciliations.put(a_reconciliation(1))
    ledger.troubles.begin(a_trouble())
    ledger.chores.add_findings([a_finding(1)])
    for county in FIRST:
        _fill(ledger, county, link, now, owner if county == XICHENG else "key-2", births and county == XICHENG)
    index_some(ledger)


def _fill(ledger: Ledger, county: str, link: int, now: datetime, owner: str, birth: bool) -> None:
    first, (name, spouse) = FIRST[county], _NAMES[county]
    second = first + 1
    person = structs.replace(a_person(first), name=name)
    record = a_record(spouse=Spouse(name=spouse))
    place = {"jurisdiction": county, "origin": county}
    ledger.agreements.add(agreement_of(county))
    people = [structs.replace(a_person(first + n), name=name) for n in range(3)]
    ledger.entries.add(
        [
            an_entry(first + n, person=each, record=record, person_index=beijing().person_index(each), **place)
            for n, each in enumerate(people)
        ]
    )
    ledger.entries.add_facts([an_entry_fact(first)])
    asker, asked = _exchanges(county, link)
    query = a_query(first, body=structs.replace(a_query(first).body, person=person))
    if birth:
        person, spouse = structs.replace(a_person(_OF_BIRTH), name=_COUPLE[0]), _COUPLE[1]
        body = structs.replace(query.body, person=person, requested_by_person=True, application_date=date(2026, 3, 1))
        query = structs.replace(query, purpose=_BIRTH, body=body)
        index = beijing().person_index(person)
        asker, asked = (
            replace(each, purpose=_BIRTH, clerk=owner, person_index=index, entry=an_id(first)) for each in (asker, asked)
        )
    line = write_message(query)
    ledger.messages.add([judged(a_message(first, link=link, line=line))])
    ledger.messages.add([judged(a_message(second, link=link, line=line, direction=Direction.IN))])
    ledger.exchanges.add([asker, asked])
    ledger.exchanges.add_facts([(asker.key, a_fact(n=first))])
    ledger.assignments.add([Assignment(exchange=asked.key, township=TOWNSHIP[county], at=now, due=None, reason=None, by="k")])
    ledger.imports.add(an_import(first, jurisdiction=county), [a_row(2, first)])
    broken = RunProblem(code=ImportBroken.code, zh=ImportBroken.zh, en=ImportBroken.en)
    ledger.imports.put_run(a_run(first, jurisdiction=county, stage=Stage.FAILED, problem=broken))
    check, difference = a_check(first, jurisdiction=county), a_difference(first, jurisdiction=county)
    rows = [replace(a_check_row(3), check=check.id)]
    ledger.cross_checks.add(check, rows, [replace(difference, check=check.id, entry=an_id(first))])
    frozen = a_frozen(county, node=NODE)
    ledger.reports.freeze([frozen])
    ledger.reports.put_sending(a_sending(frozen))
    ledger.reports.receive(a_received(county))
    ledger.escalations.add([an_escalation(first, link=link, own=county, to=county)])
    case = a_case(first, jurisdiction=county, owner=owner)
    named = structs.replace(person, name=spouse)
    one, other = case.spouses
    one = structs.replace(one, person=named, query=Named(link=link, exchange=an_id(first)))
    ledger.cases.add(replace(case, spouses=(one, structs.replace(other, person=named))))
    kinds = (DifferenceKind.COARSE, DifferenceKind.ONE_SIDED, DifferenceKind.DIFFERING)
    found = [a_register_difference(first + n, own=county, kind=kind) for n, kind in enumerate(kinds)]
    ledger.register_runs.put_differences([replace(each, pair=replace(each.pair, origin=county)) for each in found])
    ledger.access.remember(
        RememberedAnswer(
            caller=f"key of {county}",
            key="k",
            request_digest="d",
            status=200,
            body=name.encode(),
            content_type="text/plain",
            headers="{}",
            at=now,
        )
    )


def _exchanges(county: str, link: int) -> tuple[Exchange, Exchange]:
    """What the county asked about its own entry, and what it was asked and gave to its township."""
    first = FIRST[county]
    held = {"own": county, "other": WUCHANG, "origin": county, "conversation": a_conversation()}
    asker = an_exchange(first, link=link, role=Role.ASKER, entry=an_id(first), **held)
    return asker, an_exchange(first + 1, link=link, role=Role.ASKED, handled_by=TOWNSHIP[county], **held)


def agreement_of(county: str) -> SignedAgreement:
    parties = [Party(node=NODE, jurisdiction=county), Party(node=PARTNER, jurisdiction=WUCHANG)]
    digest = a_digest(f"agreement of {county}")
    return an_agreement(agreement=agreed_terms(parties=parties), digest=digest, partner=PARTNER, standing=Standing.ACCEPTED)
