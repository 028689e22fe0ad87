"""Agreements: propose, take a partner's proposal, decide, take a partner's decision."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from exchange.admission import agreed_limits
from exchange.announcements import about_agreement, notification
from exchange.errors import Conflict, NotFound
from exchange.ledger import Ledger
from exchange.moments import format_moment, parse_moment
from exchange.node import Node, NotServed
from exchange.partners import Partner, PartnerStatus
from exchange.terms.agreement import (
    Agreement,
    AlreadyDecided,
    Decision,
    DecisionWord,
    MalformedAgreement,
    SignedAgreement,
    Standing,
    read_agreement,
    read_decision,
    write_terms,
)
from exchange.verbs.submit import NoRoute
from exchange.wire import ijson

Sign = Callable[[bytes], str]
_STANDING = {
    DecisionWord.ACCEPTED: Standing.ACCEPTED,
    DecisionWord.DECLINED: Standing.DECLINED,
    DecisionWord.ENDED: Standing.ENDED,
}


class NotYourDecision(Conflict):
    """Only the other side decides on a proposal; only what is accepted, or was proposed here, can be ended."""

    code = "not-your-decision"
    zh = "只能由对方决定提案；只有已生效的协议和本方尚未决定的提案可以终止。"
    en = "Only the other side decides on a proposal; only an accepted agreement or an own open proposal can be ended."


def propose(ledger: Ledger, node: Node, terms: Agreement, now: datetime, sign: Sign) -> SignedAgreement:
    """Sign a proposal and let it wait for delivery; between two of our own jurisdictions it waits for the second's word.

    NoRoute where the other party's node is no active partner, or serves nothing of the jurisdiction that it is to sign for:
    it would refuse the proposal whenever it came. RulesUnknown for a rule set that this node does not have.
    """
    partner = _partner_in(node, terms)
    agreed_limits(node, terms)
    if partner != node.name:
        _check_route(ledger, node, partner, terms)
    payload = write_terms(terms)
    signed = SignedAgreement(
        digest=ijson.digest(payload),
        agreement=terms,
        partner=partner,
        ours=True,
        proposal_jws=sign(payload),
        known_at=now,
        unsent=() if partner == node.name else ("proposal",),
    )
    if ledger.agreements.get(signed.digest) is None:
        ledger.agreements.add(signed)
    return signed


def take_proposal(ledger: Ledger, node: Node, partner: Partner, payload: bytes, jws: str, now: datetime) -> bool:
    """Keep a partner's verified proposal for our coordinator; False if it was known already.

    RulesUnknown for a rule set that this node does not have: nobody here could judge by it.
    """
    terms = read_agreement(payload)
    if _partner_in(node, terms) != partner.node:
        raise MalformedAgreement(zh="协议双方与发送节点不符。", en="The sender is no party.", pointer="/parties")
    digest = ijson.digest(payload)
    if ledger.agreements.get(digest) is not None:
        return False
    agreed_limits(node, terms)
    signed = SignedAgreement(digest=digest, agreement=terms, partner=partner.node, ours=False, proposal_jws=jws, known_at=now)
    ledger.agreements.add(signed)
    if node.webhooks:
        ledger.notifications.add([notification(about_agreement(signed, now), now)])
    return True


def decide(
    ledger: Ledger, node: Node, digest: str, decision: DecisionWord, jurisdiction: str, now: datetime, sign: Sign
) -> SignedAgreement:
    """Our coordinator's word: accept or decline a partner's proposal, end what is in force, or take an own proposal back.

    Between two of our own jurisdictions it is the word of the one that is named: who proposed cannot accept. A proposal is taken
    back by its end, which the partner is told once it may have the proposal.
    """
    held = ledger.agreements.get(digest)
    if held is None:
        raise NotFound
    if decision is DecisionWord.ACCEPTED:
        agreed_limits(node, held.agreement)
    if not any(party.node == node.name and party.jurisdiction == jurisdiction for party in held.agreement.parties):
        raise NotServed
    if decision not in held.words(jurisdiction):
        raise NotYourDecision
    payload = write_terms(Decision(agreement=digest, decision=decision, jurisdiction=jurisdiction, at=format_moment(now)))
    unsent = () if held.partner == node.name or "proposal" in held.unsent else ("decision",)
    decided = replace(_decided(held, decision, sign(payload), now, ours=True), unsent=unsent)
    ledger.agreements.save(decided)
    return decided


def take_decision(ledger: Ledger, partner: Partner, agreement_id: str, expected: DecisionWord, payload: bytes, jws: str) -> bool:
    """Keep a partner's verified decision; False if it changes nothing, AlreadyDecided if it contradicts a former one.

    It changes nothing if it was known, or if it crossed the end by which we took our proposal back: that end is told then.
    """
    word = read_decision(payload)
    held = ledger.agreements.get(word.agreement)
    if word.decision is not expected:
        raise MalformedAgreement(zh="决定与签名类型不符。", en="The decision is not what the signature's type says.")
    if held is None or held.partner != partner.node or held.agreement.id != agreement_id:
        raise NotFound
    if not any(party.node == partner.node and party.jurisdiction == word.jurisdiction for party in held.agreement.parties):
        raise MalformedAgreement(
            zh="决定须以本方地区的名义作出。", en="A party decides for its own jurisdiction.", pointer="/jurisdiction"
        )
    if word.decision is not DecisionWord.ENDED and not held.ours:
        raise NotYourDecision
    standing = _STANDING[word.decision]
    if held.standing is standing or (word.decision is DecisionWord.ENDED and held.standing is Standing.DECLINED):
        return False
    if held.ours and held.taken_back:
        ledger.agreements.save(replace(held, unsent=("decision",)))
        return False
    ends = word.decision is DecisionWord.ENDED and held.standing in (Standing.PROPOSED, Standing.ACCEPTED)
    answers = word.decision is not DecisionWord.ENDED and held.ours and held.standing is Standing.PROPOSED
    if not ends and not answers:
        raise AlreadyDecided
    # Who decides has the proposal, and who has ended it needs no word of ours any more.
    ledger.agreements.save(replace(_decided(held, word.decision, jws, parse_moment(word.at), ours=False), unsent=()))
    return True


def sent(ledger: Ledger, digest: str, document: str) -> None:
    """The partner has acknowledged the proposal or the decision."""
    held = ledger.agreements.get(digest)
    if held is not None:
        ledger.agreements.save(replace(held, unsent=tuple(name for name in held.unsent if name != document)))


def _decided(held: SignedAgreement, decision: DecisionWord, jws: str, at: datetime, *, ours: bool) -> SignedAgreement:
    ended = at if decision is DecisionWord.ENDED else held.ended_at
    taken_back = decision is DecisionWord.ENDED and held.standing is Standing.PROPOSED and held.ours is ours
    return replace(
        held,
        decision_jws=jws,
        standing=_STANDING[decision],
        decided_at=None if taken_back else held.decided_at or at,
        ended_at=ended,
        acceptance_jws=jws if decision is DecisionWord.ACCEPTED else held.acceptance_jws,
    )


def _check_route(ledger: Ledger, node: Node, name: str, terms: Agreement) -> None:
    partner = ledger.partners.get(name)
    if partner is None or partner.status is not PartnerStatus.ACTIVE:
        raise NoRoute(pointer="/partner")
    theirs = [party.jurisdiction for party in terms.parties if party.node == name]
    if not all(any(_meet(node, code, claim) for claim in {*partner.claimed, *partner.confirmed}) for code in theirs):
        raise NoRoute(
            zh="该协作方节点不服务该地区，协议会被其拒绝。",
            en="That partner's node does not serve that jurisdiction; it would refuse the agreement.",
            pointer="/with",
        )


def _meet(node: Node, one: str, other: str) -> bool:
    """Whether one of two places lies in the other: a node may claim counties, or all of a prefecture."""
    return node.divisions.contains(one, other) or node.divisions.contains(other, one)


def _partner_in(node: Node, terms: Agreement) -> str:
    """The other party's node, our own for an agreement between two of our jurisdictions; NotServed if we are no party."""
    nodes = [party.node for party in terms.parties]
    if node.name not in nodes:
        raise NotServed
    for party in terms.parties:
        if party.node == node.name and not _served(node, party.jurisdiction):
            raise NotServed
    others = [name for name in nodes if name != node.name]
    return others[0] if others else node.name


def _served(node: Node, jurisdiction: str) -> bool:
    return any(node.divisions.contains(jurisdiction, county) for county in node.jurisdictions)
