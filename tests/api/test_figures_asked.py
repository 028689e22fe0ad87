"""A partner made by hand asks for figures: every refusal of the protocol, and answers that any language can check."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapters.keys import jose
from exchange.partners import PartnerStatus
from exchange.wire import figures as wire
from exchange.wire import ijson
from exchange.wire.figures import BUCKETS, FIGURES_TYPE, MAX_HELD, FiguresTold, RowsTold
from tests.api.hand import Hand, problem, set_status
from tests.builders import WUCHANG_NODE, XICHENG_NODE, a_query, an_id


def question(hand: Hand, **changes: Any) -> dict[str, Any]:
    """What Xicheng's hand asks Wuchang's node."""
    return {
        "link": hand.link,
        "sender": XICHENG_NODE,
        "receiver": WUCHANG_NODE,
        "asked_at": "2026-03-12T01:00:00.000Z",
        "sent": hand.sequence,
        "received": 0,
        "since": "2024-10-09",
        "as_of": "2026-03-11",
        "first": "2026-02-21",
        "last": "2026-03-20",
        "rules": "woshou-2026.1",
    } | changes


def post(hand: Hand, body: Any, *, path: str = f"/v1/links/{XICHENG_NODE}/figures", scope: str = "reconcile") -> httpx.Response:
    """Call with a token of that scope."""
    token = hand.ask_token(scope=scope).json()["access_token"]
    content = body if isinstance(body, bytes) else ijson.dumps(body)
    return hand.served.http.post(path, content=content, headers={"authorization": f"Bearer {token}"})


ROWS = f"/v1/links/{XICHENG_NODE}/figures/rows"


def test_an_answer_is_signed_and_tells_which_request_it_answers(hand: Hand):
    hand.push(a_query(1), a_query(2))
    hand.served.clock.move(timedelta(days=10))
    body = ijson.dumps(question(hand))
    response = post(hand, body)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/jose")
    verified = jose.read_unverified(response.text)
    assert verified.header.typ == FIGURES_TYPE
    told = wire.read_answer(verified.payload, FiguresTold)
    assert (told.request, told.sender, told.receiver) == (ijson.digest(body), WUCHANG_NODE, XICHENG_NODE)
    assert (told.sent, told.received, told.figures.exchanges) == (1, 0, 2)
    assert sum(each is not None for each in told.buckets) in (1, 2)
    look = [{"bucket": number, "held": ["A" * 22]} for number, each in enumerate(told.buckets) if each is not None]
    rows = wire.read_answer(jose.read_unverified(post(hand, question(hand, look=look), path=ROWS).text).payload, RowsTold)
    assert {row.exchange for row in rows.rows} == {a_query(1).exchange, a_query(2).exchange}
    assert (rows.unknown, rows.left) == (["A" * 22], 0)


def test_positions_ahead_of_what_is_held_are_answered_at_what_is_held_and_rows_are_refused(hand: Hand):
    told = wire.read_answer(jose.read_unverified(post(hand, question(hand, sent=7, received=9)).text).payload, FiguresTold)
    assert (told.sent, told.received) == (0, 0)
    look = [{"bucket": 0, "held": []}]
    response = post(hand, question(hand, sent=7, look=look), path=ROWS)
    assert problem(response) == (409, "positions-not-held", "corrected")


def test_401_for_another_scope(hand: Hand):
    assert problem(post(hand, question(hand), scope="exchange")) == (401, "unauthorized", "corrected")
    token = hand.ask_token(scope="reconcile")
    assert token.json()["scope"] == "reconcile"
    assert problem(hand.send(hand.cut(a_query()), token=token.json()["access_token"])) == (401, "unauthorized", "corrected")
    assert hand.ask_token(scope="reconcile exchange check").json()["scope"] == "check exchange reconcile"
    assert hand.ask_token(scope="exchange reconcile unheard-of").json()["scope"] == "exchange reconcile"
    assert problem(hand.ask_token(scope="unheard-of")) == (401, "unauthorized", "corrected")
    assert hand.served.http.post(f"/v1/links/{XICHENG_NODE}/figures", content=b"{}").status_code == 401


@pytest.mark.parametrize("changes", [{"link": an_id(5)}, {"sender": "other.example"}, {"receiver": "other.example"}])
def test_403_for_another_link(hand: Hand, changes: dict[str, Any]):
    assert problem(post(hand, question(hand, **changes))) == (403, "not-your-link", "contact")


def test_403_for_anothers_name_in_the_address_and_when_suspended(hand: Hand):
    assert problem(post(hand, question(hand), path=f"/v1/links/{WUCHANG_NODE}/figures")) == (403, "not-your-link", "contact")
    token = hand.ask_token(scope="reconcile").json()["access_token"]
    set_status(hand, PartnerStatus.SUSPENDED)
    response = hand.served.http.post(
        f"/v1/links/{XICHENG_NODE}/figures",
        content=ijson.dumps(question(hand)),
        headers={"authorization": f"Bearer {token}"},
    )
    assert problem(response) == (403, "not-your-link", "contact")


def test_422_for_a_question_that_does_not_fit(hand: Hand):
    bodies: list[bytes | dict[str, Any]] = [
        b"",
        b"{}",
        b'{"link":1,"link":2}',
        {"more": 1},
        {"sent": -1},
        {"sent": 1.5},
        {"as_of": "2026-02-30"},
        {"as_of": "0001-01-01"},
        {"since": "9999-01-01"},
        {"first": "2026-03-21"},
        {"first": "2020-01-01"},
        {"asked_at": "2026-13-01T00:00:00.000Z"},
        {"rules": "x" * 99},
    ]
    for body in bodies:
        sent = body if isinstance(body, bytes) else question(hand, **body)
        assert problem(post(hand, sent)) == (422, "malformed-comparison", "corrected"), body


def test_422_for_a_look_beyond_the_limits(hand: Hand):
    looks: list[list[dict[str, Any]]] = [
        [],
        [{"bucket": 256, "held": []}],
        [{"bucket": 1, "held": ["short"]}],
        [{"bucket": 1, "held": []}, {"bucket": 1, "held": []}],
        [{"bucket": n, "held": ["A" * 22] * (MAX_HELD // 2 + 1)} for n in (1, 2)],
        [{"bucket": n, "held": []} for n in range(BUCKETS + 1)],
    ]
    for look in looks:
        assert problem(post(hand, question(hand, look=look), path=ROWS)) == (422, "malformed-comparison", "corrected"), look


def test_413_for_a_body_that_is_larger_than_any_question(hand: Hand):
    assert problem(post(hand, b" " * (300 * 1024))) == (413, "request-too-large", "corrected")


def test_429_for_a_partner_that_asks_without_end(hand: Hand):
    token = hand.ask_token(scope="reconcile").json()["access_token"]
    body, headers = ijson.dumps(question(hand)), {"authorization": f"Bearer {token}"}
    statuses = [
        hand.served.http.post(f"/v1/links/{XICHENG_NODE}/figures", content=body, headers=headers).status_code for _ in range(101)
    ]
    assert statuses == [200] * 100 + [429]
