"""Somebody else's idempotency keys and API keys: fixed beforehand, guessed, kept, or used where they do not belong."""

from dataclasses import replace
from typing import Any

import pytest

from tests.api.nodes import Served
from tests.attacks.conftest import CHAOYANG
from tests.attacks.refusing import refused
from tests.builders import WUCHANG, XICHENG, an_id, an_id_number


def a_body(n: int, county: str = XICHENG) -> dict[str, Any]:
    person = {"name": "王小红", "document": {"type": "id_number", "number": an_id_number(n)}}
    return {"register": "outflow", "origin": county, "destination": WUCHANG, "person": person}


def enter(node: Served, n: int, key: str, *, of: str = XICHENG, role: str = "clerk") -> Any:
    return node.call("POST", "/entries", json=a_body(n, of), headers={"idempotency-key": key}, of=of, role=role)


def test_a_key_fixed_beforehand_by_another_county(full: Served):
    """Each caller has idempotency keys of its own: nobody gets, or spoils, what another one was answered."""
    planted = enter(full, 201, "fixed", of=CHAOYANG)
    own = enter(full, 202, "fixed")
    assert (planted.status_code, own.status_code) == (201, 201)
    assert own.json()["id"] != planted.json()["id"]
    assert "idempotency-replayed" not in own.headers


def test_a_key_of_a_colleague_of_another_role(full: Served):
    mine = enter(full, 203, "shared")
    other = enter(full, 203, "shared", role="system")
    assert (mine.status_code, other.status_code) == (201, 200)
    assert "idempotency-replayed" not in other.headers


def test_a_key_used_for_another_request(full: Served):
    assert enter(full, 204, "once").status_code == 201
    refused(enter(full, 205, "once"), 422, "idempotency-key-reused")
    headers = {"idempotency-key": "once"}
    answer = full.call("POST", f"/entries/{an_id(1)}/close", json={"reason": "returned"}, headers=headers, of=XICHENG)
    refused(answer, 422, "idempotency-key-reused")


@pytest.mark.parametrize(
    "key", [b"a" * 201, b"a b", "键".encode(), b"\x7f"], ids=["too long", "with a blank", "in other letters", "of a control"]
)
def test_a_key_that_is_none(full: Served, key: bytes):
    answer = full.call("POST", "/entries", json=a_body(206), headers={"idempotency-key": key}, of=XICHENG)
    refused(answer, 422, "invalid")


def test_a_remembered_answer_after_the_caller_was_shut_out(full: Served):
    key = full.key("system", CHAOYANG)
    headers = {"authorization": f"Bearer {key}", "idempotency-key": "later"}
    assert full.http.post("/api/v1/entries", json=a_body(207, CHAOYANG), headers=headers).status_code == 201
    with full.office.ledgers.transaction() as ledger:
        held = ledger.access.api_key(key.split("_")[1])
        assert held is not None
        ledger.access.save_api_key(replace(held, revoked_at=full.clock.now()))
    refused(full.http.post("/api/v1/entries", json=a_body(207, CHAOYANG), headers=headers), 401, "unauthorized")


def with_key(node: Served, key: str) -> Any:
    return node.http.get("/api/v1/exchanges", headers={"authorization": f"Bearer {key}"})


def test_keys_put_together_from_others(full: Served):
    clerk, auditor = full.key("clerk", XICHENG), full.key("auditor", XICHENG)
    prefix, number, secret = clerk.split("_")
    _, other, _ = auditor.split("_")
    wrong = [
        f"{prefix}_{other}_{secret}",
        f"{prefix}_{number}_{secret[:-1]}",
        f"{prefix}_{number}_{secret}0",
        f"{prefix}_{number}_{secret.upper()}",
        f"{prefix.upper()}_{number}_{secret}",
        f"{prefix}_{number}_",
        f"{prefix}__{secret}",
        f"{prefix}_{number}_{secret}_x",
        f"{prefix}_{number}' OR '1'='1_{secret}",
        f"{prefix}_%_{secret}",
        secret,
        number,
    ]
    for key in wrong:
        refused(with_key(full, key), 401, "unauthorized")
    assert with_key(full, clerk).status_code == 200


def test_what_is_stored_of_a_key_is_no_key(full: Served):
    key = full.key("clerk", XICHENG)
    prefix, number, _ = key.split("_")
    with full.office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.access.api_key(number)
    assert held is not None
    assert key.split("_")[2] not in held.secret_hash
    refused(with_key(full, f"{prefix}_{number}_{held.secret_hash}"), 401, "unauthorized")


def test_an_unknown_key_and_a_wrong_secret_look_the_same(full: Served):
    prefix, number, secret = full.key("clerk", XICHENG).split("_")
    answers = [with_key(full, f"{prefix}_{number}_{'0' * len(secret)}"), with_key(full, f"{prefix}_k999_{secret}")]
    assert answers[0].content == answers[1].content
    for answer in answers:
        refused(answer, 401, "unauthorized")


def test_a_role_that_the_caller_gives_itself(full: Served):
    key = full.key("clerk", XICHENG)
    headers = {"authorization": f"Bearer {key}", "x-role": "operator", "x-jurisdiction": "110000", "cookie": "role=operator"}
    refused(full.http.get("/api/v1/partners", params={"role": "operator"}, headers=headers), 403, "forbidden")


def test_a_version_that_was_never_read(full: Served):
    """A change without the ETag that was read, or with that of an older version, is refused."""
    made = full.post("/entries", a_body(208), of=XICHENG, status=201)["id"]
    change = {"protected": True}
    refused(full.call("PATCH", f"/entries/{made}", json=change, of=XICHENG), 428, "precondition-required")
    answer = full.call("PATCH", f"/entries/{made}", json=change, headers={"if-match": '"9"'}, of=XICHENG)
    refused(answer, 412, "version-differs")
    refused(
        full.call("PATCH", f"/entries/{made}", json=change, headers={"if-match": "*"}, of=XICHENG), 428, "precondition-required"
    )
