"""`woshou evidence` between two counties of one node, whose log is one."""

import json

import pytest
from typer.testing import CliRunner

from exchange.codes import Kind, Result
from exchange.wire.message import FeedbackBody
from tests.cli.two_counties import ask, opened, say, two_counties
from tests.proving.making import as_others_do, documents
from woshou.__main__ import whole


@pytest.fixture
def both(empty, tmp_path, database_url):
    return two_counties(empty, tmp_path, database_url)


def test_evidence_of_a_local_exchange_holds_and_is_written_once(both, tmp_path):
    exchange = ask(both)
    say(both, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    say(both, exchange, Kind.CONFIRMATION)
    file = tmp_path / "evidence.json"
    assert both("evidence", exchange, "-o", str(file)).refusal["code"] == "conflict"  # both sides are held here
    assert both("evidence", exchange, "--role", "asked", "-o", str(file)).json == {"file": str(file), "messages": 3}
    with opened(both) as office:
        known = documents(tmp_path, office)
    ran = as_others_do(file, *known)
    assert ran.returncode == 0, ran.stdout
    assert "signed by wuchang.example" in ran.stdout
    assert "王小明" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "✔ 成立 HOLDS"
    assert as_others_do(file).returncode == 3
    assert both("evidence", exchange, "--role", "asked", "-o", str(file)).refusal["code"] == "file-exists"
    assert file.stat().st_mode & 0o077 == 0
    bare = tmp_path / "bare.json"
    assert both("evidence", exchange, "--role", "asker", "--without-bodies", "-o", str(bare)).code == 0
    ran = as_others_do(bare, *known)
    assert (ran.returncode, "ERASED" in ran.stdout, "LEFT OUT" in ran.stdout) == (0, False, True)
    assert as_others_do(tmp_path / "none.json").returncode == 2
    page = tmp_path / "page.html"
    page.write_text("<html>no node</html>", "ascii")
    assert as_others_do(bare, "--document", str(page)).returncode == 2
    assert {row["body"] for row in json.loads(bare.read_bytes())["parts"]["messages"]} == {"left-out"}


def test_an_exchange_that_is_not_there_has_no_evidence(both, tmp_path):
    told = both("evidence", "019caf00-0000-7000-8000-00000000abcd", "-o", str(tmp_path / "e.json")).refusal
    assert told["code"] == "not-found"


def rows_of(both, action):
    return [row for row in both("audit", "list").json["items"] if row["action"] == action]


def test_evidence_with_bodies_is_told_as_shown_and_without_them_is_not(both, tmp_path):
    exchange = ask(both)
    for words in ((), ("--without-bodies",)):
        assert both("evidence", exchange, "--role", "asker", *words, "-o", str(tmp_path / f"e{len(words)}.json")).code == 0
    (row,) = [each for each in rows_of(both, "evidence") if each["shown"]]
    assert "person" in row["shown"]
    assert row["purpose"] == "public_service"
    assert {"person", "exchange"} <= {subject.split(":")[0] for subject in row["subjects"]}


def test_an_exchange_on_the_screen_leaves_one_row(both):
    exchange = ask(both)
    words = ["exchange", "show", exchange, "--role", "asker", "--people", "--data", str(both.data)]
    assert CliRunner().invoke(whole(), words).exit_code == 0
    (row,) = rows_of(both, "exchange show")
    assert row["purpose"] == "public_service"
    assert "person" in row["shown"]
