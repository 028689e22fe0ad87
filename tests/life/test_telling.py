"""What own systems are told: each fact once, to the side that did not make it, in the transaction that makes it known."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory import MemoryLedgers
from exchange.announcements import AgreementTold, ExchangeTold
from exchange.codes import ChallengeReason, Item, Kind, Result, WithdrawalReason
from exchange.ledger import Ledger, Within
from exchange.terms.agreement import write_terms
from exchange.verbs import agree
from exchange.verbs.reply import NOTHING
from exchange.wire import ijson
from exchange.wire.message import ChallengeBody, FeedbackBody, WithdrawalBody
from tests.builders import WUCHANG, XICHENG, agreed_terms
from tests.life.two_nodes import Side, Two, signed

ANSWER = FeedbackBody(result=Result.CONFIRMED)
INCOMPLETE = ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN])
WITHDRAWN = WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE)

CONVERSATION = (
    ("wuchang", Kind.FEEDBACK, ANSWER),
    ("xicheng", Kind.CHALLENGE, INCOMPLETE),
    ("wuchang", Kind.FEEDBACK, ANSWER),
    ("xicheng", Kind.CONFIRMATION, NOTHING),
    ("xicheng", Kind.WITHDRAWAL, WITHDRAWN),
)


class Failing(MemoryLedgers):
    """Books whose writing transactions can fail at their end."""

    failing = False

    @contextmanager
    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> Iterator[Ledger]:
        with super().transaction(read_only=read_only, within=within) as ledger:
            yield ledger
            if self.failing and not read_only:
                raise ConnectionError


def listening(two: Two) -> Two:
    """Both nodes with webhooks."""
    for side in (two.xicheng, two.wuchang):
        side.node = replace(side.node, webhooks=True)
    return two


def told(side: Side) -> list[dict[str, Any]]:
    """What waits to be told, in order."""
    with side.ledgers.transaction(read_only=True) as ledger:
        return [json.loads(each.body) for each in ledger.notifications.due(side.now + timedelta(days=1), 100)]


def events(side: Side) -> list[str]:
    return [each["type"] for each in told(side)]


def test_each_side_is_told_what_the_other_did(two: Two) -> None:
    listening(two)
    exchange = two.xicheng.ask()
    two.calm()
    for speaker, kind, body in CONVERSATION:
        two.pass_time(timedelta(hours=1))
        (two.xicheng if speaker == "xicheng" else two.wuchang).say(exchange, kind, body)
        two.calm()
    assert events(two.xicheng) == ["exchange.answered", "exchange.answered"]
    assert events(two.wuchang) == ["exchange.received", "exchange.challenged", "exchange.confirmed", "exchange.withdrawn"]
    assert told(two.wuchang)[0] == {
        "type": "exchange.received",
        "timestamp": "2026-03-02T01:00:00.000Z",
        "data": {"exchange": exchange, "role": "asked", "own": WUCHANG, "other": XICHENG},
    }
    assert told(two.xicheng)[0]["data"] == {"exchange": exchange, "role": "asker", "own": XICHENG, "other": WUCHANG}


def test_without_webhooks_nothing_is_written(two: Two) -> None:
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, ANSWER)
    two.calm()
    assert (told(two.xicheng), told(two.wuchang)) == ([], [])


def test_a_batch_that_comes_again_is_told_of_once(two: Two) -> None:
    listening(two)
    two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    assert two.wuchang.take(data) == two.wuchang.take(data)
    assert events(two.wuchang) == ["exchange.received"]


def test_what_crossed_on_the_way_is_told_of_once_although_the_exchange_is_folded_anew(two: Two) -> None:
    listening(two)
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, ANSWER)
    two.xicheng.say(exchange, Kind.WITHDRAWAL, WITHDRAWN)
    from_xicheng, from_wuchang = two.xicheng.cut(), two.wuchang.cut()
    assert from_xicheng is not None
    assert from_wuchang is not None
    to_wuchang, to_xicheng = two.xicheng.take(from_wuchang), two.wuchang.take(from_xicheng)
    two.wuchang.settle(to_wuchang)
    two.xicheng.settle(to_xicheng)
    two.calm()
    assert two.xicheng.see(exchange).conversation == two.wuchang.see(exchange).conversation
    assert events(two.wuchang) == ["exchange.received", "exchange.withdrawn"]
    assert events(two.xicheng) == ["exchange.answered"]


def test_what_is_not_kept_is_not_told_of() -> None:
    books = Failing()
    two = listening(Two.of(MemoryLedgers(), books))
    two.xicheng.ask()
    data = two.xicheng.cut()
    assert data is not None
    books.failing = True
    with pytest.raises(ConnectionError):
        two.wuchang.take(data)
    books.failing = False
    assert told(two.wuchang) == []
    two.wuchang.take(data)
    assert events(two.wuchang) == ["exchange.received"]


def test_a_proposal_is_told_of_once(two: Two) -> None:
    listening(two)
    side = two.wuchang
    payload = write_terms(agreed_terms(2))
    for fresh in (True, False):
        with side.ledgers.transaction() as ledger:
            assert agree.take_proposal(ledger, side.node, side.partner(), payload, signed(payload), side.now) is fresh
    assert told(side) == [
        {
            "type": "agreement.proposed",
            "timestamp": "2026-03-02T01:00:00.000Z",
            "data": {"agreement": ijson.digest(payload), "partner": side.other_node},
        }
    ]


def test_an_announcement_has_no_place_for_a_person() -> None:
    assert ExchangeTold.__struct_fields__ == ("exchange", "role", "own", "other")
    assert AgreementTold.__struct_fields__ == ("agreement", "partner")
