"""What erases or changes on the command line leaves its row: which command, by whom, about what, for what and how much."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from adapters.clock import set_clock
from adapters.keys.jose import PrivateKey
from exchange.codes import Kind, Result
from exchange.wire.message import FeedbackBody
from tests.builders import WUCHANG, XICHENG, a_moment, a_person, a_record, an_id, an_id_number
from tests.cli.conftest import Answer, Terminal
from tests.cli.two_counties import ask, closed, keep, say, two_counties
from tests.keys.forge import PEM
from tests.keys.test_device import a_device

NUMBER = an_id_number(1)


class Place(NamedTuple):
    """A node of two counties, with what a deed needs."""

    node: Terminal
    folder: Any
    exchange: str

    def agreement(self) -> str:
        """The one in force."""
        (held,) = self.node("agreement", "list").json["items"]
        return str(held["digest"])


def _retain(at: Place) -> Answer:
    keep(at.node, 9, a_person(9), **{**closed(), "opened_at": a_moment(-20)})
    set_clock(at.folder / "clock", a_moment() + timedelta(days=3 * 366))
    return at.node("retention", "run")


def _erase(at: Place) -> Answer:
    say(at.node, at.exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    say(at.node, at.exchange, Kind.CONFIRMATION)
    keep(at.node, 8, a_person(8), **closed())
    return at.node("subject", "erase", "--yes", stdin=an_id_number(8))


def _correct(at: Place) -> Answer:
    fields = at.folder / "fields.json"
    fields.write_text(json.dumps({"person": {"name": "王大明"}}), "utf-8")
    return at.node("subject", "correct", "--fields", str(fields), stdin=NUMBER)


def _revoke_api_key(at: Place) -> Answer:
    made = at.node("apikey", "create", "--name", "desk", "--role", "clerk", "--jurisdiction", WUCHANG).json
    return at.node("apikey", "revoke", made["id"])


def _revoke_key(at: Place) -> Answer:
    at.node("keys", "rotate")
    kid = at.node("keys", "show").json["items"][0]["kid"]
    return at.node("keys", "revoke", kid, "--reason", "lost")


def _forget_key(at: Place) -> Answer:
    (old,) = at.node("keys", "data").json["items"]
    assert at.node("keys", "rotate", "--use", "data").json["left"] == 0
    return at.node("keys", "forget", old["kek"])


def _adopt(at: Place) -> Answer:
    jwk = at.folder / "public.jwk"
    jwk.write_text(json.dumps(PrivateKey.from_pem(PEM).public.jwk))
    return at.node("keys", "adopt", str(jwk), "--command", a_device(at.folder))


def _check(at: Place) -> Answer:
    county = ("--jurisdiction", WUCHANG)
    number = {"number": "A420123456"}
    assert at.node("certificate", "check", "--entry", an_id(1), *county, stdin=json.dumps(number)).code == 0
    holder = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(2)}}
    words = ("--issuer", XICHENG, "--application-date", "2026-03-02", *county)
    return at.node("certificate", "check", *words, stdin=json.dumps({**number, "holder": holder}))


class Told(NamedTuple):
    """How a command is called, and what its rows name: kinds of subjects, and a purpose where it has one."""

    call: Callable[[Place], Answer]
    kinds: set[str]
    purpose: str | None = None


DEEDS = {
    "retention run": Told(_retain, {"entry"}),
    "subject erase": Told(_erase, {"entry", "person"}),
    "subject correct": Told(_correct, {"entry", "person"}),
    "evidence": Told(
        lambda at: at.node("evidence", at.exchange, "--role", "asked", "-o", str(at.folder / "e.json")),
        {"exchange"},
        "public_service",
    ),
    "apikey create": Told(
        lambda at: at.node("apikey", "create", "--name", "desk", "--role", "clerk", "--jurisdiction", WUCHANG), {"key"}
    ),
    "apikey revoke": Told(_revoke_api_key, {"key"}),
    "agreement end": Told(
        lambda at: at.node("agreement", "end", at.agreement(), "--jurisdiction", XICHENG), {"digest", "jurisdiction"}
    ),
    "register close": Told(lambda at: at.node("register", "close", an_id(1), "--reason", "returned"), {"entry", "person"}),
    "certificate check": Told(_check, {"entry", "person"}, "certificate_verification"),
    "keys rotate": Told(lambda at: at.node("keys", "rotate"), set()),
    "keys adopt": Told(_adopt, set()),
    "keys revoke": Told(_revoke_key, set()),
    "keys forget": Told(_forget_key, set()),
}


@pytest.fixture
def place(empty: Terminal, tmp_path: Any) -> Place:
    node = two_counties(empty, tmp_path, "")
    keep(node, 1, a_person(1), record=a_record())
    return Place(node, tmp_path, ask(node, 1, entry=an_id(1), person=None))


def rows(place: Place, action: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.node("audit", "list", "--action", action).json["items"]
    return found


@pytest.mark.parametrize("action", DEEDS)
def test_a_deed_leaves_its_row(place: Place, action: str):
    assert not rows(place, action)
    answer = DEEDS[action].call(place)
    assert answer.code == 0, answer.err
    found = rows(place, action)
    assert found
    assert {row["outcome"] for row in found} == {"done"}
    assert all(row["actor"].startswith("command ") and row["count"] >= 1 for row in found)
    assert DEEDS[action].kinds <= {subject.split(":")[0] for row in found for subject in row["subjects"]}
    assert DEEDS[action].purpose in {row["purpose"] for row in found}
