"""The webhooks' settings: an address that can be trusted, a secret that is never shown, both or neither."""

import base64

import pydantic
import pytest

from tests.builders import WUCHANG, WUCHANG_NODE
from woshou.cli.exits import SettingsWrong
from woshou.settings import Settings

KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def settings(tmp_path, **more):
    return Settings(data=tmp_path, node=WUCHANG_NODE, title="武昌区", jurisdictions=[WUCHANG], url="https://node.example", **more)


def test_by_default_nobody_is_told_anything(tmp_path):
    assert settings(tmp_path).webhooks is None


@pytest.mark.parametrize(
    "url", ["https://own.example/hooks?a=b", "http://127.0.0.1:9000/hooks", "http://localhost/x", "http://[::1]:9000/"]
)
def test_an_address_and_a_secret_turn_webhooks_on(tmp_path, url):
    address = settings(tmp_path, webhook_url=url, webhook_secret=SECRET).webhooks
    assert address is not None
    assert (address.url, address.key) == (url, KEY)


@pytest.mark.parametrize(
    "url",
    [
        "http://own.example/hooks",
        "ftp://127.0.0.1/",
        "https://",
        "own.example",
        "https://user:word@own.example/",
        "https://own.example/#here",
        "https://own.example/a b",
        "https://own.example:99999/",
        "http://127.0.0.1.own.example/",
    ],
)
def test_an_address_that_could_be_listened_in_to_is_refused(tmp_path, url):
    with pytest.raises(pydantic.ValidationError, match="webhook_url"):
        settings(tmp_path, webhook_url=url, webhook_secret=SECRET)


@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        SECRET.removeprefix("whsec_"),
        "whsec_",
        "whsec_" + base64.b64encode(KEY[:23]).decode(),
        "whsec_" + base64.b64encode(KEY * 3).decode(),
        SECRET + "!",
        "whsec_秘密",
    ],
)
def test_a_secret_that_is_none_is_refused_and_not_quoted(tmp_path, secret):
    with pytest.raises(pydantic.ValidationError, match="webhook_secret") as caught:
        settings(tmp_path, webhook_url="https://own.example/", webhook_secret=secret)
    for told in (str(caught.value), str(SettingsWrong(caught.value))):
        assert not secret or secret == "whsec_" or secret not in told


def test_the_secret_is_never_shown(tmp_path):
    held = settings(tmp_path, webhook_url="https://own.example/", webhook_secret=SECRET)
    for told in (repr(held), str(held), held.model_dump_json(), repr(held.webhooks)):
        assert SECRET not in told
        assert repr(KEY) not in told


def test_both_come_from_the_environment_before_the_file(tmp_path, monkeypatch):
    lines = ['webhook_url = "https://file.example/"', f'webhook_secret = "{SECRET}"', f'node = "{WUCHANG_NODE}"']
    lines += ['title = "x"', f'jurisdictions = ["{WUCHANG}"]', 'url = "https://node.example"']
    (tmp_path / "woshou.toml").write_text("\n".join(lines), "utf-8")
    monkeypatch.setenv("WOSHOU_WEBHOOK_URL", "https://environment.example/")
    address = Settings(data=tmp_path).webhooks  # type: ignore[call-arg] # the others come from the file
    assert address is not None
    assert (address.url, address.key) == ("https://environment.example/", KEY)
