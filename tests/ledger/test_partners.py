"""Partners, and the agreements with them."""

from dataclasses import replace

import pytest

from exchange.jurisdiction import Category
from exchange.partners import PartnerStatus
from exchange.terms.agreement import DayLimit, RegisterComparison, Standing
from tests.builders import (
    WUCHANG,
    YUYANG,
    YUYANG_NODE,
    a_digest,
    a_moment,
    a_partner,
    a_partner_key,
    agreed_terms,
    an_agreement,
)
from tests.ledger.support import TAKEN

KEYS = (
    a_partner_key(3, not_after=a_moment(9), revoked_from=a_moment(8)),
    a_partner_key(1, use="enc"),
    a_partner_key(2),
)


def test_a_partner_comes_back_as_it_was_saved_keys_in_their_order(ledgers):
    partner = a_partner(keys=KEYS, claimed=(YUYANG, WUCHANG), confirmed=())
    with ledgers.transaction() as ledger:
        ledger.partners.save(partner)
    with ledgers.transaction() as ledger:
        assert ledger.partners.get(partner.node) == partner
        assert ledger.partners.get("nobody.example") is None


def test_a_partner_that_is_saved_again_is_what_was_saved_last(ledgers):
    first, other = a_partner(keys=KEYS[:2]), a_partner(YUYANG_NODE, keys=KEYS)
    then = replace(first, status=PartnerStatus.SUSPENDED, document_version=2, keys=(*KEYS[:2], a_partner_key(4)))
    with ledgers.transaction() as ledger:
        ledger.partners.save(first)
        ledger.partners.save(other)
    with ledgers.transaction() as ledger:
        ledger.partners.save(then)
    with ledgers.transaction() as ledger:
        assert ledger.partners.all() == [then, other]


def test_an_assertion_is_used_once_by_each_issuer(ledgers):
    with ledgers.transaction() as ledger:
        assert ledger.partners.use_assertion("a.example", "jti-1", a_moment(5))
        assert not ledger.partners.use_assertion("a.example", "jti-1", a_moment(5))
    with ledgers.transaction() as ledger:
        assert not ledger.partners.use_assertion("a.example", "jti-1", a_moment(6))
        assert ledger.partners.use_assertion("a.example", "jti-2", a_moment(5))
        assert ledger.partners.use_assertion("b.example", "jti-1", a_moment(5))


FULL = an_agreement(
    2,
    agreement=agreed_terms(
        2,
        directions="first_to_second",
        categories=[Category.MIGRANT, Category.INTRA_CITY],
        register_comparison=RegisterComparison(allowed=True, items=(), difference_limit=1000),
        queries_per_day=50,
        limits=[DayLimit(rule="normal_query", days=20, unit="working")],
        valid_until=None,
        supersedes=a_digest("earlier"),
    ),
    ours=False,
    decision_jws="header.decision.signature",
    standing=Standing.ENDED,
    decided_at=a_moment(5),
    ended_at=a_moment(6),
    unsent=("proposal", "decision"),
)


@pytest.mark.parametrize("signed", [an_agreement(), FULL], ids=["proposed", "full"])
def test_an_agreement_comes_back_as_it_was_added(ledgers, signed):
    with ledgers.transaction() as ledger:
        ledger.agreements.add(signed)
    with ledgers.transaction() as ledger:
        assert ledger.agreements.get(signed.digest) == signed
        assert ledger.agreements.get(a_digest("unknown")) is None


def test_agreements_are_listed_as_they_became_known_of_one_partner_or_all(ledger):
    third, first, second = an_agreement(3), an_agreement(1), an_agreement(2, partner=YUYANG_NODE)
    for signed in (third, first, second):
        ledger.agreements.add(signed)
    assert ledger.agreements.all() == [first, second, third]
    assert ledger.agreements.all(first.partner) == [first, third]
    assert ledger.agreements.all("nobody.example") == []


def test_a_decision_is_saved_with_its_agreement_and_no_other(ledgers):
    decided = an_agreement(
        1, standing=Standing.ACCEPTED, decision_jws="header.decision.signature", decided_at=a_moment(9), unsent=("decision",)
    )
    with ledgers.transaction() as ledger:
        ledger.agreements.add(an_agreement(1))
        ledger.agreements.add(an_agreement(2))
    with ledgers.transaction() as ledger:
        ledger.agreements.save(decided)
    with ledgers.transaction() as ledger:
        assert ledger.agreements.all() == [decided, an_agreement(2)]


def test_a_proposal_is_held_once(ledgers):
    with ledgers.transaction() as ledger:
        ledger.agreements.add(an_agreement())
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.agreements.add(an_agreement(standing=Standing.ACCEPTED))
    with ledgers.transaction() as ledger:
        assert ledger.agreements.all() == [an_agreement()]


def test_who_saves_an_agreement_that_was_never_added_is_told(ledgers):
    with pytest.raises(KeyError), ledgers.transaction() as ledger:
        ledger.agreements.save(an_agreement())
