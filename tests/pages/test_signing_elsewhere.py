"""Signing in with a provider, there and back, as a browser goes; the provider is a process's own server."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.calling.reach import Reach
from adapters.partner_http import http_client
from tests.api.nodes import Served, served
from tests.builders import WUCHANG, WUCHANG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.pages.support import Reader, refusal_of, text_of
from tests.signin.provider import Issuer, serving
from tests.signin.test_oidc import provider_of


class Two(NamedTuple):
    """A node, and where its people sign in."""

    node: Served
    issuer: Issuer


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    clock = HandClock()
    with (
        serving(lambda: clock.now().timestamp()) as issuer,
        http_client(reach=Reach(loopback=True)) as calling,
        served(tmp_path / "node", a_node(WUCHANG_NODE, WUCHANG), clock, calling=calling, provider=provider_of(issuer)) as node,
    ):
        yield Two(node, issuer)


def test_who_signs_in_there_is_signed_in_here(two: Two):
    reader = Reader(two.node)
    assert "统一身份认证" in reader.get("/sign-in").text
    home = reader.get("/sign-in/oidc/start")
    assert (home.status_code, home.url.path) == (200, "/")
    assert "张三" in home.text
    assert "密码" not in text_of(reader.get("/account"))


@pytest.mark.parametrize("lie", ["state", "cookie"])
def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(two: Two, lie: str):
    reader = Reader(two.node)
    begun = reader.http.get("/sign-in/oidc/start", follow_redirects=False)
    answer = two.issuer.visit(begun.headers["location"])
    if lie == "cookie":
        reader.http.cookies.clear()
    told = reader.get("/sign-in/oidc", **{**answer, **({"state": "another"} if lie == "state" else {})})
    assert (told.status_code, refusal_of(told)) == (400, "sign-in-failed")
    assert reader.get("/").url.path == "/sign-in"


def test_who_is_given_no_role_there_is_told_so(two: Two):
    two.issuer.claims["realm_access"] = {"roles": ["offline"]}
    told = Reader(two.node).get("/sign-in/oidc/start")
    assert refusal_of(told) == "claims-unfit"


def test_a_provider_that_is_away_is_told_and_passwords_still_work(two: Two):
    two.issuer.document = lambda _: []
    told = Reader(two.node).get("/sign-in/oidc/start")
    assert (told.status_code, refusal_of(told)) == (502, "provider-away")
