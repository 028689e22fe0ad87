"""The settings of a provider of OpenID Connect: what is told when they are wrong, and what comes of them when they are right."""

from pathlib import Path

import pytest

from adapters.signin.provider import Provider
from exchange.signin.account import AccountRole
from tests.cli.conftest import Terminal
from woshou.cli.call import Call

SET = {"ISSUER": "https://id.example/realms/x", "CLIENT_ID": "woshou", "ROLES": "cb-clerk = clerk, a=b=auditor"}


def given(monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    for name, value in {**SET, **changed}.items():
        monkeypatch.setenv(f"WOSHOU_OIDC_{name}", value)


def provider(node: Terminal) -> Provider | None:
    with Call(data=node.data, json=True).office() as office:
        return office.provider


def test_without_an_issuer_there_is_no_provider(node: Terminal):
    assert provider(node) is None


def test_the_secret_is_read_from_its_file(node: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "secret").write_text("s3cret\n", "utf-8")
    given(monkeypatch, CLIENT_SECRET_FILE=str(tmp_path / "secret"), ROLE_CLAIM="realm_access.roles")
    assert provider(node) == Provider(
        issuer="https://id.example/realms/x",
        client_id="woshou",
        client_secret="s3cret",
        role_claim="realm_access.roles",
        jurisdiction_claim="jurisdiction",
        roles={"cb-clerk": AccountRole.CLERK, "a=b": AccountRole.AUDITOR},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"ISSUER": "http://id.example"},
        {"ISSUER": "id.example"},
        {"ISSUER": "https://id.example/?tenant=1"},
        {"CLIENT_ID": ""},
        {"ROLES": ""},
        {"ROLES": "cb-clerk"},
        {"ROLES": "cb-clerk=mayor"},
        {"ROLES": "cb-system=system"},
        {"ROLES": "x=clerk,x=auditor"},
        {"ROLES": "=clerk"},
        {"CLIENT_SECRET_FILE": "/nowhere/secret"},
    ],
)
def test_what_is_no_provider_is_told(node: Terminal, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]):
    given(monkeypatch, **wrong)
    answer = node("account", "list")
    assert (answer.code, answer.refusal["code"]) == (4, "settings-wrong")
