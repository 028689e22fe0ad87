"""The keys of the ledger on the command line: shown, rotated, forgotten, and missed by name."""

import json
import sys
from pathlib import Path

import pytest

from adapters.keys.jose import PrivateKey
from tests.builders import WUCHANG, an_id_number
from tests.building.sealing import KEY
from tests.keys.forge import PEM
from tests.keys.test_device import a_device

FILE = "keys/key-encryption.keys"
OTHER = "B" * 42 + "A="


@pytest.fixture
def filled(node, tmp_path: Path):
    """A node with two entries."""
    sheet = tmp_path / "outflow.csv"
    rows = [f"王小明,{an_id_number(n)},420106,110102,2026-01-05,务工,初婚" for n in (1, 2)]
    sheet.write_text("\n".join(["姓名,身份证号,户籍地,现居住地,流出日期,流出原因,婚姻状况", *rows]) + "\n", "utf-8")
    assert node("import", str(sheet), "--layout", "outflow").json["refused"] == 0
    return node


def test_the_data_keys_are_wrapped_anew_and_the_old_key_can_go(filled):
    ((old,), left) = (lambda told: (told["items"], told["left_to_wrap"]))(filled("keys", "data").json)
    # Two entries and the name of the file.
    assert (old["data_keys"], old["newest"], old["here"], old["source"], left) == (3, True, True, "file", 0)
    assert filled("keys", "forget", old["kek"]).refusal["code"] == "wrapping-key-in-use"
    told = filled("keys", "rotate", "--use", "data").json
    assert (told["wrapped"], told["left"]) == (3, 0)
    assert [item["data_keys"] for item in filled("keys", "data").json["items"]] == [0, 3]
    assert filled("keys", "forget", old["kek"]).json == {"kek": old["kek"]}
    assert [item["kek"] for item in filled("keys", "data").json["items"]] == [told["kek"]]
    assert len(filled("register", "list", "--jurisdiction", WUCHANG).json["items"]) == 2


def test_a_lost_key_file_is_named_and_never_made_anew(filled):
    (filled.data / FILE).unlink()
    for command in (("register", "list"), ("keys", "data"), ("serve",)):
        assert filled(*command).refusal["code"] == "wrapping-keys-unreadable"
    assert not (filled.data / FILE).exists()


def test_another_key_of_the_same_name_is_told_of(filled):
    text = (filled.data / FILE).read_text()
    (filled.data / FILE).write_text(f"{text.partition(':')[0]}:{OTHER}\n")
    assert filled("register", "list").refusal["code"] == "data-key-unreadable"


def test_a_lost_key_store_is_told_of(filled):
    (filled.data / "woshou-keys.sqlite3").unlink()
    assert filled("register", "list").refusal["code"] == "key-store-missing"


def test_keys_of_the_environment_and_of_a_command_take_the_place_of_the_file(filled, tmp_path, monkeypatch):
    old = (filled.data / FILE).read_text().strip()
    (filled.data / FILE).unlink()
    monkeypatch.setenv("WOSHOU_KEK", f"{old},second:{KEY}")
    assert filled("keys", "rotate", "--use", "data").json == {"kek": "second", "wrapped": 3, "left": 0}
    assert filled("keys", "forget", "second").refusal["code"] == "wrapping-key-in-use"
    assert filled("keys", "forget", old.partition(":")[0]).refusal["code"] == "wrapping-keys-elsewhere"
    monkeypatch.delenv("WOSHOU_KEK")
    script = tmp_path / "kms.py"
    script.write_text(f"print('second:{KEY}')")
    monkeypatch.setenv("WOSHOU_KEK_COMMAND", f"{sys.executable} {script}")
    assert [item["source"] for item in filled("keys", "data").json["items"]] == ["command"]
    assert len(filled("register", "list").json["items"]) == 2
    monkeypatch.setenv("WOSHOU_KEK", f"second:{KEY}")
    assert filled("register", "list").refusal["code"] == "settings-wrong", "either, not both"


def test_the_key_store_lies_where_the_setting_says(filled, tmp_path, monkeypatch):
    monkeypatch.setenv("WOSHOU_KEY_STORE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert filled("register", "list").refusal["code"] == "key-store-missing"
    (filled.data / "woshou-keys.sqlite3").rename(tmp_path / "elsewhere.db")
    assert len(filled("register", "list").json["items"]) == 2


def test_a_node_may_seal_by_the_other_suite(filled, monkeypatch):
    monkeypatch.setenv("WOSHOU_SUITE", "sm")
    assert filled("keys", "rotate", "--use", "data").json["wrapped"] == 3
    monkeypatch.delenv("WOSHOU_SUITE")
    assert len(filled("register", "list").json["items"]) == 2


def test_a_device_signs_once_it_is_adopted(node, tmp_path):
    public = PrivateKey.from_pem(PEM).public
    jwk = tmp_path / "public.jwk"
    jwk.write_text(json.dumps(public.jwk))
    command = ("--command", a_device(tmp_path))
    assert node("keys", "adopt", str(jwk), *command).json["kid"] == public.kid
    assert node("keys", "adopt", str(jwk), *command).refusal["code"] == "keyring-exists"
    for text in ("[]", "{", json.dumps({**public.jwk, "d": "x"})):
        jwk.write_text(text)
        assert node("keys", "adopt", str(jwk), *command).refusal["code"] == "key-unusable"


def test_a_key_that_there_never_was_is_not_asked_back(node):
    assert node("keys", "forget", "nope").refusal["code"] == "wrapping-key-unknown"
