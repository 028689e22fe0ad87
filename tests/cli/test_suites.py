"""A node made with either suite finds a person by that suite's keyed hash, whatever suite it seals by later."""

import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from exchange.wire.ijson import b64url_encode
from tests.builders import WUCHANG, WUCHANG_NODE, an_id_number
from tests.cli.conftest import Terminal

HASHES: dict[str, hashes.HashAlgorithm] = {"aes": hashes.SHA256(), "sm": hashes.SM3()}


@pytest.mark.parametrize(("suite", "later"), [("aes", "sm"), ("sm", "aes")])
def test_the_index_is_of_the_suite_that_the_node_was_made_with(
    empty: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite: str, later: str
):
    place = ("--node", WUCHANG_NODE, "--title", "武昌区", "--jurisdiction", WUCHANG, "--url", "http://127.0.0.1:8000")
    assert empty("init", *place, "--environment", "sandbox", "--suite", suite).code == 0
    monkeypatch.setenv("WOSHOU_SUITE", later)
    number = an_id_number(1)
    sheet = tmp_path / "流出.csv"
    sheet.write_text(f"姓名,身份证号,现居住地\n示例·样本,{number},北京市西城区\n", "utf-8")
    assert empty("import", str(sheet), "--layout", "outflow").json["accepted"] == 1
    assert len(empty("register", "find", stdin=f"{number}\n").json["items"]) == 1

    digest = HMAC((empty.data / "keys" / "blind-index.key").read_bytes(), HASHES[suite])
    digest.update(b"id_number\0" + number.encode())
    with sqlite3.connect(empty.data / "woshou.sqlite3") as database:
        assert database.execute("SELECT person_index FROM entries").fetchall() == [(b64url_encode(digest.finalize()),)]
    database.close()
