"""None in force, no exchange: which agreement covers an opening, and what crosses between signing and deciding."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given
from msgspec import structs

from adapters.divisions import load_divisions
from adapters.memory import MemoryLedgers
from exchange.codes import Purpose
from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.moments import day_end, day_start
from exchange.node import NotServed
from exchange.partners import PartnerStatus
from exchange.reconciling.pairs import Pair as Registers
from exchange.reconciling.pairs import governing
from exchange.terms.agreement import (
    Agreement,
    AlreadyDecided,
    DecisionWord,
    MalformedAgreement,
    NoAgreement,
    Party,
    SignedAgreement,
    Standing,
    covering,
    read_agreement,
    read_decision,
    write_terms,
)
from exchange.verbs import agree
from exchange.verbs.submit import NoRoute
from exchange.wire import ijson
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_moment, a_partner, agreed_terms, an_agreement, an_id
from tests.life.two_nodes import a_node, payload_of, signed

HUBEI, WUHAN = "420000", "420100"


def in_force(**terms: Any) -> SignedAgreement:
    """An accepted agreement with these terms."""
    agreement = agreed_terms(**terms)
    return replace(an_agreement(), agreement=agreement, digest=ijson.digest(write_terms(agreement)), standing=Standing.ACCEPTED)


def between(wuchang_side: str, **terms: Any) -> SignedAgreement:
    """Xicheng with Wuchang, its city or its province."""
    parties = [Party(node=XICHENG_NODE, jurisdiction=XICHENG), Party(node=WUCHANG_NODE, jurisdiction=wuchang_side)]
    return in_force(parties=parties, **terms)


def found(*agreements: SignedAgreement, day: date = date(2026, 3, 2)) -> SignedAgreement:
    """The agreement that covers a query of Xicheng's to Wuchang."""
    return covering(
        agreements,
        load_divisions(),
        sender=(XICHENG_NODE, XICHENG),
        receiver=(WUCHANG_NODE, WUCHANG),
        subject="query",
        purpose=Purpose.PUBLIC_SERVICE,
        category=Category.MIGRANT,
        day=day,
    )


def test_the_most_specific_pair_wins_then_the_latest_start() -> None:
    province, city = between(HUBEI, valid_from=date(2026, 2, 1)), between(WUHAN)
    county, later = between(WUCHANG), between(WUCHANG, valid_from=date(2026, 2, 1))
    assert found(province, city) == city
    assert found(city, county, province) == county
    assert found(county, later) == later


@pytest.mark.parametrize("fresh", [{"id": an_id(9)}, {"queries_per_day": 7}])
def test_of_two_alike_both_sides_take_the_same_one_whichever_came_first(fresh: dict[str, Any]) -> None:
    # Both sides proposed at once: either node knew its own proposal before the other's.
    one, two = between(WUCHANG), between(WUCHANG, **fresh)
    counts = max(one, two, key=lambda signed: (signed.agreement.id, signed.digest))
    assert found(one, two) == found(two, one) == counts
    pair, sides = Registers(origin=XICHENG, destination=WUCHANG), (XICHENG_NODE, WUCHANG_NODE)
    for order in ((one, two), (two, one)):
        assert governing(order, load_divisions(), pair, sides, date(2026, 3, 2)) == counts


def test_a_wider_agreement_does_not_get_round_a_narrower_one_that_forbids() -> None:
    with pytest.raises(NoAgreement):
        found(between(HUBEI), between(WUCHANG, kinds=["birth"]))


# How deep in the division table each lies; Hanyang is Wuchang's neighbour and holds nothing of it.
XICHENG_SIDES = {"110000": 0, XICHENG: 1}
WUCHANG_SIDES = {HUBEI: 0, WUHAN: 1, WUCHANG: 2, "420105": None}
signed_by_both = st.builds(
    lambda ours, theirs, step, start, **terms: in_force(
        parties=[Party(node=XICHENG_NODE, jurisdiction=ours), Party(node=WUCHANG_NODE, jurisdiction=theirs)][::step],
        valid_from=date(2026, 1, start),
        **terms,
    ),
    ours=st.sampled_from(sorted(XICHENG_SIDES)),
    theirs=st.sampled_from(sorted(WUCHANG_SIDES)),
    step=st.sampled_from([1, -1]),
    start=st.integers(1, 4),
    kinds=st.sampled_from([["query"], ["birth"]]),
    directions=st.sampled_from(["both", "first_to_second", "second_to_first"]),
)


def depth(signed: SignedAgreement) -> int | None:
    """How specific it is; None if it is no agreement of Xicheng with Wuchang."""
    at = {party.node: party.jurisdiction for party in signed.agreement.parties}
    theirs = WUCHANG_SIDES[at[WUCHANG_NODE]]
    return None if theirs is None else XICHENG_SIDES[at[XICHENG_NODE]] + theirs


def may_send(signed: SignedAgreement) -> bool:
    """Whether Xicheng may open towards Wuchang."""
    first = signed.agreement.parties[0].node == XICHENG_NODE
    return signed.agreement.directions in ("both", "first_to_second" if first else "second_to_first")


@given(st.lists(signed_by_both, max_size=6))
def test_one_agreement_decides_about_exchanges_and_registers_and_it_alone_permits(held: list[SignedAgreement]) -> None:
    in_time = [signed for signed in held if signed.agreement.valid_from <= date(2026, 1, 3) and depth(signed) is not None]
    decides = max(in_time, key=lambda signed: (depth(signed), signed.newness), default=None)
    pair, sides = Registers(origin=XICHENG, destination=WUCHANG), (XICHENG_NODE, WUCHANG_NODE)
    turned = Registers(origin=WUCHANG, destination=XICHENG)
    assert governing(held, load_divisions(), pair, sides, date(2026, 1, 3)) == decides
    assert governing(held, load_divisions(), turned, sides[::-1], date(2026, 1, 3)) == decides
    if decides is not None and "query" in decides.agreement.kinds and may_send(decides):
        assert found(*held, day=date(2026, 1, 3)) == decides
    else:
        with pytest.raises(NoAgreement):
            found(*held, day=date(2026, 1, 3))


def test_only_the_named_direction_may_open() -> None:
    allowed = between(WUCHANG, directions="first_to_second")
    assert found(allowed) == allowed
    with pytest.raises(NoAgreement):
        found(between(WUCHANG, directions="second_to_first"))


@given(st.dates(date(2025, 6, 1), date(2027, 6, 1)))
def test_an_agreement_holds_on_its_first_and_last_day_and_between(day: date) -> None:
    agreement = between(WUCHANG)
    holds = date(2026, 1, 1) <= day <= date(2026, 12, 31)
    assert agreement.in_force(day) is holds
    accepted = replace(agreement, known_at=day_start(date(2025, 1, 1)), decided_at=day_start(date(2025, 1, 1)))
    assert accepted.was_in_force(day_start(day)) is accepted.was_in_force(day_end(day) - timedelta(milliseconds=1)) is holds


@pytest.mark.parametrize("standing", [Standing.PROPOSED, Standing.DECLINED, Standing.ENDED])
def test_what_is_not_accepted_is_not_in_force(standing: Standing) -> None:
    assert not replace(between(WUCHANG), standing=standing).in_force(date(2026, 3, 2))


def test_terms_are_read_as_they_were_written() -> None:
    assert read_agreement(write_terms(agreed_terms())) == agreed_terms()


@pytest.mark.parametrize(
    "change",
    [
        {"valid_until": "2025-12-31"},
        {"parties": [{"node": "a.example", "jurisdiction": "110102"}]},
        {"parties": [{"node": "a.example", "jurisdiction": "110102"}, {"node": "b.example", "jurisdiction": "110102"}]},
        {"kinds": ["pregnancy"]},
        {"kinds": []},
        {"purposes": ["statistics"]},
        {"fields": [{"subject": "query", "purpose": "benefit", "items": ["contraception"]}]},
        {"unknown": 1},
        {"limits": [{"rule": "normal_query", "days": 0, "unit": "calendar"}]},
    ],
)
def test_malformed_terms_are_refused(change: dict[str, Any]) -> None:
    tree = msgspec.json.decode(write_terms(agreed_terms())) | change
    with pytest.raises(MalformedAgreement):
        read_agreement(ijson.dumps(tree))


class Pair:
    """Xicheng's and Wuchang's books, and the documents that pass between them."""

    def __init__(self) -> None:
        self.xicheng, self.wuchang = MemoryLedgers(), MemoryLedgers()
        self.nodes = a_node(XICHENG_NODE, XICHENG), a_node(WUCHANG_NODE, WUCHANG)
        with self.xicheng.transaction() as ledger:
            ledger.partners.save(a_partner())

    def propose(self, terms: Agreement) -> SignedAgreement:
        """Xicheng proposes, Wuchang takes the proposal."""
        with self.xicheng.transaction() as ledger:
            proposed = agree.propose(ledger, self.nodes[0], terms, a_moment(), signed)
        assert self.take(proposed)
        return proposed

    def take(self, proposed: SignedAgreement) -> bool:
        """Wuchang takes the proposal, perhaps again."""
        with self.wuchang.transaction() as ledger:
            jws = proposed.proposal_jws
            return agree.take_proposal(ledger, self.nodes[1], a_partner(XICHENG_NODE), payload_of(jws), jws, a_moment())

    def decide(self, digest: str, word: DecisionWord) -> SignedAgreement:
        """Wuchang's coordinator decides."""
        with self.wuchang.transaction() as ledger:
            return agree.decide(ledger, self.nodes[1], digest, word, WUCHANG, a_moment(5), signed)

    def tell(self, decided: SignedAgreement, word: DecisionWord, sender: str = WUCHANG_NODE) -> bool:
        """Xicheng hears of it, perhaps again."""
        jws = decided.decision_jws
        assert jws is not None
        with self.xicheng.transaction() as ledger:
            payload = payload_of(jws)
            return agree.take_decision(ledger, a_partner(sender), decided.agreement.id, word, payload, jws)

    def standings(self, digest: str) -> list[Standing]:
        """How far it has come on both sides."""
        standings = []
        for ledgers in (self.xicheng, self.wuchang):
            with ledgers.transaction(read_only=True) as ledger:
                held = ledger.agreements.get(digest)
                assert held is not None
                standings.append(held.standing)
        return standings


def test_a_proposal_is_accepted_told_and_ended() -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    assert (proposed.unsent, pair.take(proposed)) == (("proposal",), False)
    decided = pair.decide(proposed.digest, DecisionWord.ACCEPTED)
    assert decided.unsent == ("decision",)
    assert [pair.tell(decided, DecisionWord.ACCEPTED) for _ in range(2)] == [True, False]
    assert pair.standings(proposed.digest) == [Standing.ACCEPTED, Standing.ACCEPTED]
    ended = pair.decide(proposed.digest, DecisionWord.ENDED)
    assert pair.tell(ended, DecisionWord.ENDED)
    assert pair.standings(proposed.digest) == [Standing.ENDED, Standing.ENDED]


def test_a_declined_proposal_cannot_be_accepted_any_more() -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    declined = pair.decide(proposed.digest, DecisionWord.DECLINED)
    with pytest.raises(agree.NotYourDecision):
        pair.decide(proposed.digest, DecisionWord.ACCEPTED)
    assert pair.tell(declined, DecisionWord.DECLINED)
    accepted = replace(declined, decision_jws=signed(payload_of(declined.decision_jws or "").replace(b"declined", b"accepted")))
    with pytest.raises(AlreadyDecided):
        pair.tell(accepted, DecisionWord.ACCEPTED)


def test_the_proposer_does_not_accept_its_own_proposal() -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    with pair.xicheng.transaction() as ledger, pytest.raises(agree.NotYourDecision):
        agree.decide(ledger, pair.nodes[0], proposed.digest, DecisionWord.ACCEPTED, XICHENG, a_moment(), signed)


def test_what_the_partner_does_not_serve_is_not_proposed_to_it() -> None:
    pair = Pair()
    for code, serves in ((WUCHANG, True), (WUHAN, True), ("420102", False), ("430000", False)):
        parties = [Party(node=XICHENG_NODE, jurisdiction=XICHENG), Party(node=WUCHANG_NODE, jurisdiction=code)]
        with pair.xicheng.transaction() as ledger:
            if serves:
                assert agree.propose(ledger, pair.nodes[0], agreed_terms(parties=parties), a_moment(), signed).unsent
                continue
            with pytest.raises(NoRoute) as refused:
                agree.propose(ledger, pair.nodes[0], agreed_terms(parties=parties), a_moment(), signed)
            assert refused.value.pointer == "/with"


def test_a_county_can_sign_with_a_node_that_claims_its_province() -> None:
    pair = Pair()
    parties = [Party(node=XICHENG_NODE, jurisdiction=XICHENG), Party(node=WUCHANG_NODE, jurisdiction="420502")]
    with pair.xicheng.transaction() as ledger:
        ledger.partners.save(a_partner(claimed=("420000",), confirmed=("420000",)))
        assert agree.propose(ledger, pair.nodes[0], agreed_terms(parties=parties), a_moment(), signed).unsent


def test_nothing_is_proposed_to_a_partner_that_is_unknown_or_suspended() -> None:
    pair = Pair()
    with pair.xicheng.transaction() as ledger:
        ledger.partners.save(a_partner(status=PartnerStatus.SUSPENDED))
        with pytest.raises(NoRoute):
            agree.propose(ledger, pair.nodes[0], agreed_terms(), a_moment(), signed)


def withdraw(pair: Pair, digest: str) -> SignedAgreement:
    """Xicheng takes its proposal back."""
    with pair.xicheng.transaction() as ledger:
        return agree.decide(ledger, pair.nodes[0], digest, DecisionWord.ENDED, XICHENG, a_moment(7), signed)


def hear_of_the_end(pair: Pair, ended: SignedAgreement) -> bool:
    """Wuchang is told that the proposal was taken back."""
    jws = ended.decision_jws
    assert jws is not None
    with pair.wuchang.transaction() as ledger:
        sender = a_partner(XICHENG_NODE)
        return agree.take_decision(ledger, sender, ended.agreement.id, DecisionWord.ENDED, payload_of(jws), jws)


def test_a_proposal_that_never_left_is_taken_back_without_a_word() -> None:
    pair = Pair()
    with pair.xicheng.transaction() as ledger:
        proposed = agree.propose(ledger, pair.nodes[0], agreed_terms(), a_moment(), signed)
    ended = withdraw(pair, proposed.digest)
    assert (ended.standing, ended.unsent, ended.taken_back) == (Standing.ENDED, (), True)
    with pytest.raises(agree.NotYourDecision):
        withdraw(pair, proposed.digest)


def test_a_partner_hears_that_a_delivered_proposal_was_taken_back() -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    with pair.xicheng.transaction() as ledger:
        agree.sent(ledger, proposed.digest, "proposal")
    ended = withdraw(pair, proposed.digest)
    assert ended.unsent == ("decision",)
    assert [hear_of_the_end(pair, ended) for _ in range(2)] == [True, False]
    assert pair.standings(proposed.digest) == [Standing.ENDED, Standing.ENDED]
    with pytest.raises(agree.NotYourDecision):
        pair.decide(proposed.digest, DecisionWord.ACCEPTED)


@pytest.mark.parametrize(("word", "after"), [(DecisionWord.ACCEPTED, Standing.ENDED), (DecisionWord.DECLINED, Standing.DECLINED)])
def test_a_decision_that_crosses_the_withdrawal_leaves_nothing_in_force(word: DecisionWord, after: Standing) -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    withdraw(pair, proposed.digest)
    decided = pair.decide(proposed.digest, word)
    assert not pair.tell(decided, word)
    with pair.xicheng.transaction() as ledger:
        held = ledger.agreements.get(proposed.digest)
    assert held is not None
    assert held.unsent == ("decision",)
    hear_of_the_end(pair, held)
    assert pair.standings(proposed.digest) == [Standing.ENDED, after]


def test_a_third_node_decides_nothing_and_learns_nothing() -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    decided = pair.decide(proposed.digest, DecisionWord.ACCEPTED)
    with pytest.raises(NotFound):
        pair.tell(decided, DecisionWord.ACCEPTED, sender="third.example")


def test_a_proposal_that_names_others_is_refused() -> None:
    pair = Pair()
    strangers = [Party(node="third.example", jurisdiction="610802"), Party(node=WUCHANG_NODE, jurisdiction=WUCHANG)]
    terms = structs.replace(agreed_terms(), parties=strangers)
    payload = write_terms(terms)
    with pair.wuchang.transaction() as ledger, pytest.raises(MalformedAgreement):
        agree.take_proposal(ledger, pair.nodes[1], a_partner(XICHENG_NODE), payload, signed(payload), a_moment())
    with pair.xicheng.transaction() as ledger, pytest.raises(NotServed):
        agree.propose(ledger, pair.nodes[0], terms, a_moment(), signed)


def test_a_node_signs_only_for_where_it_serves() -> None:
    elsewhere = [Party(node=XICHENG_NODE, jurisdiction="610802"), Party(node=WUCHANG_NODE, jurisdiction=WUCHANG)]
    pair = Pair()
    with pair.xicheng.transaction() as ledger, pytest.raises(NotServed):
        agree.propose(ledger, pair.nodes[0], agreed_terms(parties=elsewhere), a_moment(), signed)


def test_a_decision_is_what_its_signature_says() -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    declined = pair.decide(proposed.digest, DecisionWord.DECLINED)
    with pytest.raises(MalformedAgreement):
        pair.tell(declined, DecisionWord.ACCEPTED)
    with pytest.raises(MalformedAgreement):
        read_decision(b'{"agreement":"x"}')


def test_a_party_decides_for_its_own_jurisdiction_and_never_on_its_own_proposal() -> None:
    pair = Pair()
    proposed = pair.propose(agreed_terms())
    decided = pair.decide(proposed.digest, DecisionWord.ACCEPTED)
    for_others = payload_of(decided.decision_jws or "").replace(WUCHANG.encode(), XICHENG.encode())
    with pytest.raises(MalformedAgreement):
        pair.tell(replace(decided, decision_jws=signed(for_others)), DecisionWord.ACCEPTED)
    with pair.wuchang.transaction() as ledger, pytest.raises(agree.NotYourDecision):
        agree.take_decision(
            ledger, a_partner(XICHENG_NODE), proposed.agreement.id, DecisionWord.ACCEPTED, for_others, signed(for_others)
        )
