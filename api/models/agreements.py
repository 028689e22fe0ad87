"""Agreements as bodies."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from msgspec import Meta
from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from api.models.shapes import Shaped
from exchange.codes import Event, Item, Kind, Purpose
from exchange.ids import new_id
from exchange.jurisdiction import Category
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.record import Shape
from exchange.terms.agreement import (
    Agreement,
    DayLimit,
    DecisionWord,
    FieldRule,
    Party,
    RegisterComparison,
    RulesRef,
    SignedAgreement,
    Standing,
    Subject,
)
from exchange.wire.batch import NodeName
from exchange.wire.message import CountyCode, Digest

# Addresses and ethnicity cross the wire only where an agreement names them outright.
USUAL_ITEMS = tuple(item for item in Item if item not in (Item.ADDRESS, Item.ETHNICITY))
SUBJECTS = (Kind.QUERY.value, *(event.value for event in Event))
DIGEST_EXAMPLE = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
PROPOSAL_EXAMPLE: dict[str, Any] = {
    "partner": "wuchang.example",
    "jurisdiction": "110102",
    "with": "420106",
    "directions": "both",
    "kinds": ["query", "birth", "marriage"],
    "purposes": ["public_service", "birth_registration"],
    "items": ["name", "sex", "birth_date", "marital_status", "marriage", "spouse", "children"],
    "categories": ["migrant"],
    "notes_allowed": False,
    "register_comparison": {"allowed": True, "items": ["marital_status"], "difference_limit": 1000},
    "queries_per_day": 500,
    "limits": [{"rule": "query", "days": 20, "unit": "calendar"}],
    "valid_from": "2026-04-01",
    "valid_until": "2029-03-31",
}
AGREEMENT_EXAMPLE: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "version": 1,
    "parties": [{"node": "xicheng.example", "jurisdiction": "110102"}, {"node": "wuchang.example", "jurisdiction": "420106"}],
    "directions": "both",
    "kinds": ["query"],
    "purposes": ["public_service"],
    "fields": [{"subject": "query", "purpose": "public_service", "items": ["marital_status", "children"]}],
    "categories": ["migrant"],
    "notes_allowed": False,
    "register_comparison": {"allowed": False, "items": [], "difference_limit": None},
    "queries_per_day": None,
    "limits": [],
    "rules": {"version": "woshou-2026.1", "digest": DIGEST_EXAMPLE},
    "valid_from": "2026-04-01",
    "valid_until": "2029-03-31",
    "supersedes": None,
}


class Proposal(Shape, frozen=True, kw_only=True, rename={"with_": "with"}):
    """What a coordinator proposes; everything but the parties has a default: all subjects and purposes, the rule set's limits.

    `items` holds for every subject and purpose, unless `fields` names them one by one.
    """

    partner: NodeName
    jurisdiction: CountyCode
    with_: CountyCode
    directions: Literal["both", "first_to_second", "second_to_first"] = "both"
    kinds: Annotated[tuple[Subject, ...], Meta(min_length=1)] = SUBJECTS
    purposes: Annotated[tuple[Purpose, ...], Meta(min_length=1)] = tuple(Purpose)
    items: tuple[Item, ...] = USUAL_ITEMS
    fields: tuple[FieldRule, ...] | None = None
    categories: Annotated[tuple[Category, ...], Meta(min_length=1)] = (Category.MIGRANT,)
    notes_allowed: bool = False
    register_comparison: RegisterComparison = RegisterComparison()
    queries_per_day: Annotated[int, Meta(ge=1)] | None = None
    limits: tuple[DayLimit, ...] = ()
    rules: Annotated[str, Meta(max_length=60)] | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    supersedes: Digest | None = None

    def terms(self, node: Node, now: datetime) -> Agreement:
        """The agreement to sign: the own side first, the rule set that is named or that this node uses; RulesNotKnown."""
        rules = node.rules if self.rules is None else node.rulebook.get(self.rules)
        every = [FieldRule(subject=kind, purpose=use, items=list(self.items)) for kind in self.kinds for use in self.purposes]
        return Agreement(
            id=new_id(now),
            version=1,
            parties=[
                Party(node=node.name, jurisdiction=self.jurisdiction),
                Party(node=self.partner, jurisdiction=self.with_),
            ],
            directions=self.directions,
            kinds=list(self.kinds),
            purposes=list(self.purposes),
            fields=every if self.fields is None else list(self.fields),
            categories=list(self.categories),
            notes_allowed=self.notes_allowed,
            register_comparison=self.register_comparison,
            queries_per_day=self.queries_per_day,
            limits=list(self.limits),
            rules=RulesRef(version=rules.version, digest=rules.digest),
            valid_from=self.valid_from or civil_day(now),
            valid_until=self.valid_until,
            supersedes=self.supersedes,
        )


class Deciding(Shape, frozen=True, kw_only=True):
    """The coordinator's word; `jurisdiction` is the party that it is spoken for, needed where the caller can speak for both."""

    decision: DecisionWord
    jurisdiction: CountyCode | None = None


class AgreementShown(Shown):
    """An agreement as this node holds it."""

    digest: str = Field(description="of the proposal's payload bytes", examples=[DIGEST_EXAMPLE])
    partner: str = Field(examples=["wuchang.example"])
    ours: bool = Field(description="whether this node proposed it")
    standing: Standing
    in_force: bool
    known_at: Moment
    decided_at: Moment | None
    ended_at: Moment | None
    unsent: list[str] = Field(description="what the partner has not acknowledged yet")
    terms: Annotated[Agreement, Shaped(Agreement)]
    proposal: str = Field(description="compact JWS (mx-agreement+jws)")
    decision: str | None = Field(description="compact JWS")

    @classmethod
    def of(cls, signed: SignedAgreement, now: datetime) -> Self:
        """As of today."""
        return cls(
            digest=signed.digest,
            partner=signed.partner,
            ours=signed.ours,
            standing=signed.standing,
            in_force=signed.in_force(civil_day(now)),
            known_at=signed.known_at,
            decided_at=signed.decided_at,
            ended_at=signed.ended_at,
            unsent=list(signed.unsent),
            terms=signed.agreement,
            proposal=signed.proposal_jws,
            decision=signed.decision_jws,
        )
