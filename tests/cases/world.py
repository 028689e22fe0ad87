"""Several nodes, each linked with all others, driven by hand: what waits is carried when a test says so."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.cases.progress import CaseProgress
from exchange.codes import Item, Kind, Purpose, Result, Role
from exchange.conversation import State
from exchange.exchanges import Exchange
from exchange.ledger import ExchangeFilter, Ledgers, Page
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.people.record import Person
from exchange.terms.agreement import FieldRule, Party, SignedAgreement, Standing, write_terms
from exchange.verbs import deliver, receive, reply
from exchange.verbs.cases.opening import CaseDraft, SpouseDraft, open_case
from exchange.verbs.cases.reading import progress_of
from exchange.verbs.intake import read_arrivals
from exchange.verbs.submit import OpeningDraft, submit
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.message import FeedbackBody
from tests.builders import a_moment, a_partner, a_person, agreed_terms
from tests.life.two_nodes import a_node, payload_of, signed

ITEMS = [Item.MARITAL_STATUS, Item.MARRIAGE, Item.SPOUSE, Item.CHILDREN]
SUBJECTS = ["query", "birth", "registered"]
APPLIED = date(2026, 3, 1)


def link_of(one: str, other: str) -> str:
    """The link's UUID, the same from both ends."""
    return str(uuid5(NAMESPACE_DNS, "+".join(sorted((one, other)))))


def terms_between(one: tuple[str, str], other: tuple[str, str], **changes: Any) -> Any:
    """An agreement of two counties on births, for all purposes."""
    purposes = list(Purpose)
    fields = [FieldRule(subject=subject, purpose=purpose, items=ITEMS) for subject in SUBJECTS for purpose in purposes]
    parties = [Party(node=node, jurisdiction=county) for node, county in (one, other)]
    terms = agreed_terms(parties=parties, kinds=SUBJECTS, purposes=purposes, fields=fields)
    return structs.replace(terms, **changes)


@dataclass
class Station:
    """One node with its ledgers; it knows the others as partners."""

    node: Node
    county: str
    ledgers: Ledgers = field(default_factory=MemoryLedgers)

    def know(self, other: "Station", **partner: Any) -> None:
        """Have the other as an active partner, with a link."""
        known = a_partner(other.node.name, **{"claimed": (other.county,), "confirmed": (other.county,), **partner})
        with self.ledgers.transaction() as ledger:
            ledger.partners.save(replace(known, status=PartnerStatus.ACTIVE))
            if ledger.links.of(other.node.name) is None:
                ledger.links.add(link_of(self.node.name, other.node.name), other.node.name)

    def agree(self, partner: str, terms: Any) -> None:
        """Have these terms in force with a partner."""
        payload = write_terms(terms)
        agreement = SignedAgreement(
            digest=ijson.digest(payload),
            agreement=terms,
            partner=partner,
            ours=True,
            proposal_jws=signed(payload),
            standing=Standing.ACCEPTED,
            known_at=a_moment(-1000),
            decided_at=a_moment(-1000),
        )
        with self.ledgers.transaction() as ledger:
            ledger.agreements.add(agreement)

    def exchanges(self, role: Role = Role.ASKER) -> list[Exchange]:
        """All exchanges in which this station has the role, the oldest first."""
        with self.ledgers.transaction(read_only=True) as ledger:
            found = ledger.exchanges.find(ExchangeFilter(own=self.node.jurisdictions, role=role), Page())
        return found[::-1]


@dataclass
class World:
    """The stations by their county, and the one clock of all."""

    stations: dict[str, Station]
    now: datetime = field(default_factory=a_moment)

    @classmethod
    def of(cls, *counties: str, agreements: bool = True, ledgers: Ledgers | None = None) -> "World":
        """One node a county, all linked; `ledgers` are the first one's."""
        made = {county: Station(a_node(f"n{county}.example", county), county) for county in counties}
        if ledgers is not None:
            made[counties[0]].ledgers = ledgers
        world = cls(made)
        for one in made.values():
            for other in made.values():
                if one is not other:
                    one.know(other)
        if agreements:
            for county, another in combinations(counties, 2):
                world.agree(county, another)
        return world

    def agree(self, one: str, other: str, **changes: Any) -> None:
        """An agreement in force at both."""
        here, there = self.stations[one], self.stations[other]
        terms = terms_between((here.node.name, one), (there.node.name, other), **changes)
        here.agree(there.node.name, terms)
        there.agree(here.node.name, terms)

    def pass_time(self, **step: float) -> None:
        """Move the clock."""
        self.now += timedelta(**step)

    def carry(self) -> None:
        """Carry all that waits, everywhere, until nothing does."""
        pairs = [(one, other) for one in self.stations.values() for other in self.stations.values()]
        while any(self._carry(*pair) for pair in pairs):
            pass

    def _carry(self, sender: Station, receiver: Station) -> bool:
        with sender.ledgers.transaction() as ledger:
            if ledger.links.of(receiver.node.name) is None:
                return False
            outgoing = deliver.cut(ledger, sender.node, receiver.node.name, self.now, signed)
        if outgoing is None:
            return False
        jws, lines = wire.split(outgoing.data)
        payload = payload_of(jws)
        manifest = wire.read_manifest(payload)
        arrivals = read_arrivals(receiver.node, manifest, lines)
        with receiver.ledgers.transaction() as ledger:
            partner = ledger.partners.get(sender.node.name) or a_partner(sender.node.name)
            receipt = receive.receive(
                ledger, receiver.node, partner, manifest, jws, ijson.digest(payload), arrivals, self.now, signed
            )
        told = payload_of(receipt)
        with sender.ledgers.transaction() as ledger:
            read = wire.read_receipt(told)
            deliver.settle(ledger, sender.node, receiver.node.name, read, receipt, ijson.digest(told), self.now)
        return True

    def ask(self, own: str, other: str, n: int = 1, *, at: str | None = None, **changes: Any) -> Exchange:
        """Own asks other about person `n`, who applied for it; `event` makes it a notice. `at` is whose station serves `own`."""
        station = self.stations[at or own]
        draft = OpeningDraft(
            own=own,
            other=other,
            own_is_origin=False,
            purpose=Purpose.PUBLIC_SERVICE,
            person=a_person(n),
            items=(Item.MARITAL_STATUS, Item.CHILDREN),
            requested_by_person=True,
            application_date=APPLIED,
        )
        with station.ledgers.transaction() as ledger:
            return submit(ledger, station.node, replace(draft, **changes), self.now)

    def answer(self, county: str, exchange: str, result: Result = Result.CONFIRMED, **body: Any) -> None:
        """The asked county answers, and the answer arrives."""
        said = reply.Said(kind=Kind.FEEDBACK, body=FeedbackBody(result=result, **body))
        self.say(county, exchange, said, Role.ASKED)

    def say(self, county: str, exchange: str, said: reply.Said, role: Role) -> None:
        """Say something, and have it arrive."""
        station = self.stations[county]
        with station.ledgers.transaction() as ledger:
            (held,) = [one for one in ledger.exchanges.named(exchange) if one.key.role is role]
            reply.reply(ledger, station.node, held, said, self.now)
        self.carry()

    def held(self, county: str, exchange: str, role: Role = Role.ASKER) -> Exchange:
        """The exchange as that county holds it."""
        with self.stations[county].ledgers.transaction(read_only=True) as ledger:
            (held,) = [one for one in ledger.exchanges.named(exchange) if one.key.role is role]
        return held

    def state(self, county: str, exchange: str, role: Role = Role.ASKER) -> State | None:
        """The exchange's state as that county holds it."""
        talk = self.held(county, exchange, role).conversation
        return talk.state if talk is not None else None

    def open_case(self, own: str, *origins: str | None, service: Purpose = Purpose.BIRTH_REGISTRATION, **draft: Any) -> str:
        """A case of two people from these origins; its id."""
        spouses = tuple(SpouseDraft(person=the_person(n), origin=origin) for n, origin in enumerate(origins, 1))
        made = CaseDraft(**{"own": own, "service": service, "application_date": APPLIED, "spouses": spouses, **draft})
        with self.stations[own].ledgers.transaction() as ledger:
            return open_case(ledger, self.stations[own].node, made, "key-1", self.now).progress.case.id

    def case(self, own: str, case: str) -> CaseProgress:
        """How far a case has come."""
        with self.stations[own].ledgers.transaction(read_only=True) as ledger:
            held = ledger.cases.get(case)
            assert held is not None
            return progress_of(ledger, self.stations[own].node, held, self.now)


def the_person(n: int) -> Person:
    """One of the couple."""
    return a_person(n, name="王小明" if n == 1 else "李小红")
