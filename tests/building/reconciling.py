"""Reconciliations and what came of them; import them from `tests.builders`."""

from dataclasses import replace
from typing import Any

from exchange.codes import Item
from exchange.reconciling.keys import TokenKey
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import EVERYTHING, By, LinkStep, PairFailed, Reconciliation
from tests.building.basics import WUCHANG, WUCHANG_NODE, XICHENG, a_day, a_digest, a_moment, an_id

PAIR = Pair(origin=XICHENG, destination=WUCHANG)


def a_reconciliation(n: int = 1, **changes: Any) -> Reconciliation:
    """A night's, of one link and one pair, that has come to its end."""
    reconciliation = Reconciliation(
        id=an_id(n),
        by=By.NIGHT,
        scope=EVERYTHING,
        business_date=a_day(),
        began_at=a_moment(n),
        ended_at=a_moment(n + 10),
        links=1,
        pairs=1,
    )
    return replace(reconciliation, **changes)


def a_link_step(n: int = 1, **changes: Any) -> LinkStep:
    """What the ledgers of the link with Wuchang came to in a reconciliation: all well."""
    step = LinkStep(
        reconciliation=an_id(n),
        partner=WUCHANG_NODE,
        at=a_moment(n),
        comparison=an_id(90),
        equal=True,
        differ=0,
        resent=2,
        adopted=1,
        settled=True,
    )
    return replace(step, **changes)


def a_failed_pair(n: int = 1, **changes: Any) -> PairFailed:
    """Xicheng's people in Wuchang could not be compared: the partner was away."""
    failed = PairFailed(reconciliation=an_id(n), partner=WUCHANG_NODE, pair=PAIR, at=a_moment(n), trouble="partner-unavailable")
    return replace(failed, **changes)


def a_token_key(**changes: Any) -> TokenKey:
    """Xicheng's for March, not stored yet."""
    key = TokenKey(
        agreement=a_digest("agreement"),
        partner=WUCHANG_NODE,
        pair=PAIR,
        own=XICHENG,
        month="2026-03",
        kids=(a_digest("origin"), a_digest("destination")),
        items=(Item.NAME, Item.CHILDREN),
        made_at=a_moment(),
    )
    return replace(key, **changes)
