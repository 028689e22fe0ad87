"""Pins, and the trail of what was sent on."""

from dataclasses import replace

import pytest

from exchange.codes import Role
from exchange.exchanges import ExchangeKey
from exchange.partners import PartnerStatus
from exchange.routing.table import Confirmed, Pin
from exchange.routing.trail import SentOn
from tests.builders import WUCHANG, WUCHANG_NODE, YUYANG, YUYANG_NODE, a_moment, a_partner, an_id
from tests.ledger.support import TAKEN

PIN = Pin(prefix="42", partner=WUCHANG_NODE, at=a_moment(1))


def key(n: int, link: int = 1) -> ExchangeKey:
    return ExchangeKey(link, an_id(n), Role.ASKER)


def step(before: int, after: int, link: int = 1) -> SentOn:
    return SentOn(before=key(before, link), after=key(after, 2), at=a_moment(after))


def test_a_prefix_is_pinned_once_and_to_whom_it_was_pinned_last(ledgers):
    other, again = replace(PIN, prefix="4201"), replace(PIN, partner=YUYANG_NODE, at=a_moment(2))
    with ledgers.transaction() as ledger:
        for pin in (other, PIN, again):
            ledger.routes.pin(pin)
    with ledgers.transaction() as ledger:
        assert ledger.routes.pins() == [again, other]
        assert ledger.routes.unpin("42")
        assert not ledger.routes.unpin("42")
    with ledgers.transaction() as ledger:
        assert ledger.routes.pins() == [other]


def test_what_was_confirmed_of_each_partner_is_told_without_the_rest(ledgers):
    with ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(YUYANG_NODE, status=PartnerStatus.SUSPENDED, confirmed=(YUYANG, "610000")))
        ledger.partners.save(a_partner())
    with ledgers.transaction() as ledger:
        assert ledger.routes.confirmed() == [
            Confirmed(partner=WUCHANG_NODE, active=True, codes=(WUCHANG,)),
            Confirmed(partner=YUYANG_NODE, active=False, codes=(YUYANG, "610000")),
        ]


def test_a_trail_is_found_from_both_ends(ledgers):
    first, second = step(1, 2), step(2, 3, link=2)
    with ledgers.transaction() as ledger:
        for each in (second, first):
            ledger.routes.follow(each)
    with ledgers.transaction() as ledger:
        assert ledger.routes.onward([an_id(1), an_id(2), an_id(9)]) == [first, second]
        assert ledger.routes.backward([an_id(2)]) == [first]
        assert ledger.routes.backward([an_id(3), an_id(2)]) == [first, second]
        assert ledger.routes.onward([an_id(3)]) == ledger.routes.backward([an_id(1)]) == ledger.routes.onward([]) == []


def test_an_exchange_is_followed_by_one(ledgers):
    with ledgers.transaction() as ledger:
        ledger.routes.follow(step(1, 2))
        ledger.routes.follow(step(1, 3, link=7))
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.routes.follow(step(1, 4))
    with ledgers.transaction() as ledger:
        assert ledger.routes.onward([an_id(1)]) == [step(1, 2), step(1, 3, link=7)]
