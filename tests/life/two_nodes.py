"""Two nodes on one link, driven by hand: the verbs are real, the signatures are not, and the wire is whatever a test does."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from adapters.divisions import load_divisions
from adapters.rules import packaged_house_book, packaged_house_rules, packaged_rulebook, packaged_rules
from exchange.codes import Event, Item, Kind, Purpose
from exchange.conversation import Fact
from exchange.exchanges import Exchange
from exchange.ledger import Ledger, Ledgers
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.terms.agreement import SignedAgreement, Standing, write_terms
from exchange.terms.calendar import WorkingDays
from exchange.verbs import deliver, receive, reply, submit
from exchange.verbs.intake import read_arrivals
from exchange.wire import batch as wire
from exchange.wire import ijson
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_moment, a_partner, a_person, agreed_terms

LINK = "019caf00-0000-8000-8000-00000000abcd"


def signed(payload: bytes) -> str:
    """A JWS in form only."""
    return f"e30.{ijson.b64url_encode(payload)}.AA"


def payload_of(jws: str) -> bytes:
    """What `signed` was given."""
    return ijson.b64url_decode(jws.split(".")[1])


def a_node(name: str, county: str) -> Node:
    """A sandbox that serves one county."""
    return Node(
        name=name,
        title=name,
        environment="sandbox",
        jurisdictions=frozenset({county}),
        divisions=load_divisions(),
        rules=packaged_rules(),
        rulebook=packaged_rulebook(),
        house=packaged_house_rules(),
        housebook=packaged_house_book(),
        working_days=WorkingDays(),
        keyed=lambda data: ijson.b64url_encode(sha256(name.encode() + data).digest()),
    )


@dataclass
class Side:
    """One node with its ledgers, its clock and what it has sent without an answer yet."""

    node: Node
    county: str
    other_node: str
    other_county: str
    ledgers: Ledgers
    now: datetime = field(default_factory=a_moment)

    def open(self, terms: Any) -> None:
        """Have the partner active, the link open and the agreement in force."""
        payload = write_terms(terms)
        agreement = SignedAgreement(
            digest=ijson.digest(payload),
            agreement=terms,
            partner=self.other_node,
            ours=True,
            proposal_jws=signed(payload),
            standing=Standing.ACCEPTED,
            known_at=a_moment(-1000),
            decided_at=a_moment(-1000),
        )
        with self.ledgers.transaction() as ledger:
            ledger.partners.save(self.partner())
            ledger.links.add(LINK, self.other_node)
            ledger.agreements.add(agreement)

    def partner(self) -> Any:
        """The other node as this one trusts it."""
        return a_partner(
            self.other_node,
            status=PartnerStatus.ACTIVE,
            claimed=(self.other_county,),
            confirmed=(self.other_county,),
        )

    def ask(self, n: int = 1, *, purpose: Purpose = Purpose.PUBLIC_SERVICE, event: Event | None = None) -> str:
        """Submit a query about person `n`, who applied for it, or a notice of an event; the exchange's id."""
        draft = submit.OpeningDraft(
            own=self.county,
            other=self.other_county,
            own_is_origin=False,
            purpose=purpose,
            person=a_person(n),
            event=event,
            event_date=self.now.date() if event else None,
            items=() if event else (Item.MARITAL_STATUS, Item.CHILDREN),
            requested_by_person=event is None,
            application_date=None if event else self.now.date(),
        )
        with self.ledgers.transaction() as ledger:
            return submit.submit(ledger, self.node, draft, self.now).key.exchange

    def say(self, exchange: str, kind: Kind, body: Any = reply.NOTHING) -> None:
        """Queue a reply; whatever the verb refuses is raised."""
        with self.ledgers.transaction() as ledger:
            held = self.held(ledger, exchange)
            reply.reply(ledger, self.node, held, reply.Said(kind=kind, body=body), self.now)

    def cut(self) -> bytes | None:
        """The bytes to send next, stored before they are given out."""
        with self.ledgers.transaction() as ledger:
            outgoing = deliver.cut(ledger, self.node, self.other_node, self.now, signed)
        return outgoing.data if outgoing else None

    def take(self, data: bytes) -> str:
        """Receive a batch's bytes; the receipt."""
        jws, lines = wire.split(data)
        payload = payload_of(jws)
        manifest = wire.read_manifest(payload)
        wire.check_lines(manifest, lines)
        arrivals = read_arrivals(self.node, manifest, lines)
        with self.ledgers.transaction() as ledger:
            return receive.receive(
                ledger, self.node, self.partner(), manifest, jws, ijson.digest(payload), arrivals, self.now, signed
            )

    def settle(self, receipt_jws: str) -> None:
        """Let a receipt take effect."""
        payload = payload_of(receipt_jws)
        with self.ledgers.transaction() as ledger:
            deliver.settle(
                ledger,
                self.node,
                self.other_node,
                wire.read_receipt(payload),
                receipt_jws,
                ijson.digest(payload),
                self.now,
            )

    def held(self, ledger: Ledger, exchange: str) -> Exchange:
        """This side's exchange."""
        (held,) = ledger.exchanges.named(exchange)
        return held

    def see(self, exchange: str) -> Exchange:
        """This side's exchange, read in a transaction of its own."""
        with self.ledgers.transaction(read_only=True) as ledger:
            return self.held(ledger, exchange)

    def facts(self, exchange: str) -> list[Fact]:
        """What this side counts about the exchange, without when it came to know it."""
        with self.ledgers.transaction(read_only=True) as ledger:
            facts = ledger.exchanges.facts(self.held(ledger, exchange).key)
        epoch = a_moment(-100_000)
        return sorted((replace(fact, known_at=epoch) for fact in facts), key=lambda fact: (fact.round, fact.what, fact.message))


@dataclass
class Two:
    """Xicheng asks, Wuchang is asked, and the other way round."""

    xicheng: Side
    wuchang: Side

    @classmethod
    def of(cls, one: Ledgers, other: Ledgers, **terms: Any) -> "Two":
        """Two nodes on these ledgers, with an agreement on all that `terms` does not narrow."""
        agreed = agreed_terms(**terms)
        sides = (
            Side(a_node(XICHENG_NODE, XICHENG), XICHENG, WUCHANG_NODE, WUCHANG, one),
            Side(a_node(WUCHANG_NODE, WUCHANG), WUCHANG, XICHENG_NODE, XICHENG, other),
        )
        for side in sides:
            side.open(agreed)
        return cls(*sides)

    def pass_time(self, step: timedelta) -> None:
        """Move both clocks."""
        self.xicheng.now += step
        self.wuchang.now += step

    def carry(self, sender: Side) -> bool:
        """Take one batch across and its receipt back; False if nothing waited."""
        receiver = self.wuchang if sender is self.xicheng else self.xicheng
        data = sender.cut()
        if data is None:
            return False
        sender.settle(receiver.take(data))
        return True

    def calm(self) -> None:
        """Carry until nothing waits on either side."""
        while self.carry(self.xicheng) or self.carry(self.wuchang):
            pass
