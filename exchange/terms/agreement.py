"""The agreement (双向协作协议) between two jurisdictions: what may be exchanged, by whom, why, and what of it.

None in force, no exchange. The most specific pair of jurisdictions wins, then what `SignedAgreement.newness` orders.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from exchange.codes import Event, Item, Kind, Purpose
from exchange.errors import Conflict, Invalid, Refused, Retry
from exchange.jurisdiction import Category, Divisions
from exchange.moments import civil_day, parse_moment
from exchange.people.record import Shape, whole
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import UUID, Digest, WireMoment

PROPOSAL_TYPE = "mx-agreement+jws"
Subject = Annotated[str, Meta(pattern=whole("|".join(["query", *(event.value for event in Event)])))]
# A node, and which of its counties is concerned.
Side: TypeAlias = tuple[str, str]


class NoAgreement(Refused):
    """No agreement in force covers this exchange."""

    code = "no-agreement"
    retry = Retry.CONTACT
    zh = "没有生效的双向协作协议允许该项交换。"
    en = "No agreement in force covers this exchange."


class ItemNotAgreed(Refused):
    """An item that the agreement does not let be asked or sent for this purpose."""

    code = "item-not-agreed"
    retry = Retry.CORRECTED
    zh = "协议不允许就该用途查询或发送该项目。"
    en = "The agreement does not let this item be asked or sent for this purpose."


class NoteNotAllowed(Refused):
    """The agreement allows no notes."""

    code = "note-not-allowed"
    retry = Retry.CORRECTED
    zh = "协议不允许附言。"
    en = "The agreement allows no notes."


class MalformedAgreement(Invalid):
    """A proposal or decision that does not fit the protocol."""

    code = "malformed-agreement"
    zh = "协议文本不符合规定格式。"
    en = "The agreement does not fit the protocol."


class AlreadyDecided(Conflict):
    """The agreement was decided otherwise before."""

    code = "already-decided"
    zh = "该协议已作出其他决定。"
    en = "The agreement was decided otherwise before."


class Party(Shape, frozen=True, kw_only=True):
    """One side: a node and the jurisdiction for which it signs (a county, or a prefecture or province for all within)."""

    node: NodeName
    jurisdiction: Annotated[str, Meta(pattern=whole("[0-9]{6}"))]

    def signs_for(self, divisions: Divisions, side: Side) -> bool:
        """Whether it is the node of a side, and the side's county lies in its jurisdiction."""
        node, county = side
        return self.node == node and divisions.contains(self.jurisdiction, county)


class FieldRule(Shape, frozen=True, kw_only=True):
    """The items that may be asked, sent and compared for one subject and purpose."""

    subject: Subject
    purpose: Purpose
    items: list[Item]


class RegisterComparison(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Whether the two registers may be compared, on which items, and up to how many differences."""

    allowed: bool = False
    items: tuple[Item, ...] = ()
    difference_limit: int | None = None


class DayLimit(Shape, frozen=True, kw_only=True):
    """A limit that departs from the rule set's: `days` calendar or working days."""

    rule: Annotated[str, Meta(max_length=60)]
    days: Annotated[int, Meta(ge=1, le=365)]
    unit: Literal["calendar", "working"]


class RulesRef(Shape, frozen=True, kw_only=True):
    """The rule set that the parties agreed on."""

    version: Annotated[str, Meta(max_length=60)]
    digest: Digest


class Agreement(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What both parties sign. `directions` says who may open exchanges: both, or only one party towards the other."""

    id: UUID
    version: Annotated[int, Meta(ge=1)]
    parties: Annotated[list[Party], Meta(min_length=2, max_length=2)]
    directions: Literal["both", "first_to_second", "second_to_first"]
    kinds: Annotated[list[Subject], Meta(min_length=1)]
    purposes: Annotated[list[Purpose], Meta(min_length=1)]
    fields: list[FieldRule]
    categories: Annotated[list[Category], Meta(min_length=1)]
    notes_allowed: bool
    register_comparison: RegisterComparison
    queries_per_day: Annotated[int, Meta(ge=1)] | None
    limits: list[DayLimit]
    rules: RulesRef
    valid_from: date
    valid_until: date | None
    supersedes: Digest | None

    def items_for(self, subject: str, purpose: Purpose) -> frozenset[Item]:
        """The items that may be asked or sent for this subject (``query`` or a notice's event) and purpose."""
        return frozenset(
            item for rule in self.fields if rule.subject == subject and rule.purpose == purpose for item in rule.items
        )

    def direction(
        self, divisions: Divisions, sender: Side, receiver: Side
    ) -> Literal["first_to_second", "second_to_first"] | None:
        """How what one side sends another runs between the parties; None where the two are not the parties."""
        first, second = self.parties
        if first.signs_for(divisions, sender) and second.signs_for(divisions, receiver):
            return "first_to_second"
        if second.signs_for(divisions, sender) and first.signs_for(divisions, receiver):
            return "second_to_first"
        return None


class DecisionWord(StrEnum):
    """What can be said to a proposal, or later to an agreement in force."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


class Decision(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The other side's signed word on a proposal, or either side's later end of it."""

    agreement: Digest
    decision: DecisionWord
    jurisdiction: Annotated[str, Meta(pattern=whole("[0-9]{6}"))]
    at: WireMoment


DECISION_TYPES = {
    DecisionWord.ACCEPTED: "mx-agreement-acceptance+jws",
    DecisionWord.DECLINED: "mx-agreement-decline+jws",
    DecisionWord.ENDED: "mx-agreement-end+jws",
}


class Standing(StrEnum):
    """How far an agreement has come at this node."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAgreement:
    """An agreement as this node holds it: the proposal's signed text, the decision's, and what of both is still unsent.

    `digest` is that of the proposal's payload bytes. `ours` says whether this node proposed it; `unsent` names the
    documents that the partner has not yet acknowledged (``proposal``, ``decision``). `acceptance_jws` stays when a later decision
    has ended it: what ran under it can still be proven.
    """

    digest: str
    agreement: Agreement
    partner: str
    ours: bool
    proposal_jws: str
    decision_jws: str | None = None
    standing: Standing = Standing.PROPOSED
    known_at: datetime
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    unsent: tuple[str, ...] = ()
    acceptance_jws: str | None = None

    @property
    def taken_back(self) -> bool:
        """Ended by the side that had proposed it, before it was decided on: it has an end and no decision."""
        return self.standing is Standing.ENDED and self.decided_at is None

    @property
    def newness(self) -> tuple[date, str, str]:
        """Of two for one pair of jurisdictions the greater counts: both nodes find the same, whichever they heard of first."""
        return self.agreement.valid_from, self.agreement.id, self.digest

    def words(self, jurisdiction: str) -> frozenset[DecisionWord]:
        """What our party of that jurisdiction may say now: who did not propose decides, who did takes back, either ends.

        Of two parties of one node the first has proposed, as the own side stands first in what a node proposes.
        """
        if self.standing is Standing.ACCEPTED:
            return frozenset({DecisionWord.ENDED})
        if self.standing is not Standing.PROPOSED:
            return frozenset()
        first, second = self.agreement.parties
        proposed = self.ours and (first.node != second.node or first.jurisdiction == jurisdiction)
        return frozenset({DecisionWord.ENDED} if proposed else {DecisionWord.ACCEPTED, DecisionWord.DECLINED})

    def in_force(self, day: date) -> bool:
        """Both proposal and acceptance are held, and the day lies within the dates."""
        return self.standing is Standing.ACCEPTED and self._within(day)

    def was_in_force(self, moment: datetime) -> bool:
        """Whether it was in force at a moment, by the times that the decisions on it bear, whatever became of it since."""
        if self.standing not in (Standing.ACCEPTED, Standing.ENDED) or self.decided_at is None:
            return False
        ended = self.ended_at is not None and self.ended_at <= moment
        return self.known_at <= moment and self.decided_at <= moment and not ended and self._within(civil_day(moment))

    def _within(self, day: date) -> bool:
        until = self.agreement.valid_until
        return self.agreement.valid_from <= day and (until is None or day <= until)


def read_agreement(payload: bytes) -> Agreement:
    """Read a proposal's payload; MalformedAgreement if it does not fit."""
    try:
        ijson.loads(payload)
        agreement = msgspec.json.decode(payload, type=Agreement)
    except (ijson.NotIJSON, msgspec.ValidationError) as exc:
        raise MalformedAgreement(en=f"The agreement does not fit the protocol: {exc}") from exc
    if agreement.valid_until is not None and agreement.valid_until < agreement.valid_from:
        raise MalformedAgreement(
            zh="协议终止日期早于生效日期。", en="The agreement ends before it begins.", pointer="/valid_until"
        )
    first, second = agreement.parties
    if first.jurisdiction == second.jurisdiction:
        raise MalformedAgreement(zh="协议双方不能是同一地区。", en="The parties are the same jurisdiction.", pointer="/parties")
    return agreement


def read_decision(payload: bytes) -> Decision:
    """Read a decision's payload; MalformedAgreement if it does not fit."""
    try:
        ijson.loads(payload)
        decision = msgspec.json.decode(payload, type=Decision)
        parse_moment(decision.at)
        return decision
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise MalformedAgreement(en=f"The decision does not fit the protocol: {exc}") from exc


def write_terms(value: Agreement | Decision) -> bytes:
    """The payload bytes to sign and to hash."""
    return msgspec.json.encode(value)


def subject_of(kind: Kind, event: Event | None) -> str:
    """What an agreement calls an opening: ``query``, or the notice's event."""
    return event.value if event is not None else kind.value


def deciding(
    agreements: Iterable[SignedAgreement], divisions: Divisions, one: Side, other: Side, day: date
) -> SignedAgreement | None:
    """The agreement that decides between two sides on a day: of those in force the most specific, then the newest."""

    def rank(signed: SignedAgreement) -> tuple[int, tuple[date, str, str]]:
        depth = sum(len(divisions.ancestors(party.jurisdiction)) for party in signed.agreement.parties)
        return depth, signed.newness

    fitting = [signed for signed in agreements if signed.in_force(day) and signed.agreement.direction(divisions, one, other)]
    return max(fitting, key=rank, default=None)


def covering(
    agreements: Iterable[SignedAgreement],
    divisions: Divisions,
    *,
    sender: Side,
    receiver: Side,
    subject: str,
    purpose: Purpose,
    category: Category,
    day: date,
) -> SignedAgreement:
    """The agreement in force for an opening from one side to another; NoAgreement if there is none.

    A more specific agreement that forbids is not got round by a wider one that allows.
    """
    signed = deciding(agreements, divisions, sender, receiver, day)
    if signed is None:
        raise NoAgreement
    terms = signed.agreement
    permits = (
        terms.directions in ("both", terms.direction(divisions, sender, receiver))
        and subject in terms.kinds
        and purpose in terms.purposes
        and category in terms.categories
    )
    if not permits:
        raise NoAgreement
    return signed
