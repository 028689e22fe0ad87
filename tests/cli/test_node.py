"""Making a node and keeping it: nothing is written over, nothing private is readable, every refusal has its exit code."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.sheets import ImportLayout, Severity
from api.rights import LocalRole
from exchange.checking.check import CheckField, CheckLayout, DifferenceState, Settlement
from exchange.codes import CloseReason, Event, Kind, Purpose, RegisterKind, Result, Role, Sex, UrgentReason
from exchange.conversation import Effect, State
from exchange.exchanges import Acceptance, Direction
from exchange.imports import RowOutcome
from exchange.jurisdiction import Category
from exchange.partners import PartnerStatus
from exchange.rates import Cohort
from exchange.settling.evidence import EvidenceKind
from exchange.settling.heads import Log, Stand
from exchange.terms.agreement import Standing
from exchange.verbs.cross_check.settle import SettledAs
from exchange.wire.batch import Outcome
from tests.builders import WUCHANG, WUCHANG_NODE
from tests.building.sealing import open_database
from woshou.__main__ import whole
from woshou.cli.exits import Exit
from woshou.cli.values import WORDS
from woshou.cli.words import chosen_language


def test_init_makes_a_node_that_others_on_the_machine_cannot_read(node):
    assert stat.S_IMODE(node.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((node.data / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((node.data / "woshou.sqlite3").stat().st_mode) == 0o600


def test_init_tells_the_fingerprint_and_where_the_recovery_key_lies(empty):
    made = empty(
        "init",
        *("--node", WUCHANG_NODE, "--title", "武昌区", "--jurisdiction", WUCHANG, "--url", "http://127.0.0.1:8000"),
    ).json
    assert made["recovery_key"] == str(empty.data / "keys" / "recovery.pem")
    assert made["fingerprint"] == empty("keys", "fingerprint").json["fingerprint"]


def test_a_node_is_never_written_over(node):
    again = node("init", "--node", "x.example", "--title", "x", "--jurisdiction", WUCHANG, "--url", "http://127.0.0.1:1")
    assert (again.code, again.refusal["code"]) == (Exit.REFUSED, "node-exists")


@pytest.mark.parametrize(
    ("changed", "code", "refusal"),
    [
        (("--node", "UPPER"), Exit.NOT_INITIALISED, "settings-wrong"),
        (("--jurisdiction", "999999"), Exit.REFUSED, "unknown-jurisdiction"),
        (("--jurisdiction", "420100"), Exit.REFUSED, "not-county-level"),
        (("--jurisdiction", "420000"), Exit.REFUSED, "not-county-level"),
        (("--clock", "/nowhere/clock"), Exit.REFUSED, "clock-not-allowed"),
    ],
)
def test_a_node_that_cannot_be_is_refused_and_leaves_nothing(empty, changed, code, refusal):
    wanted = {"--node": WUCHANG_NODE, "--title": "武昌区", "--jurisdiction": WUCHANG, "--url": "http://127.0.0.1:8000"}
    wanted[changed[0]] = changed[1]
    answer = empty("init", *(word for pair in wanted.items() for word in pair))
    assert (answer.code, answer.refusal["code"]) == (code, refusal)
    assert not empty.data.exists()


def test_commands_without_a_node_say_so(empty):
    answer = empty("partner", "list")
    assert (answer.code, answer.refusal["code"]) == (Exit.NOT_INITIALISED, "not-initialised")


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "nonsense", "sqlite://"])
def test_a_database_that_no_ledger_is_kept_in_is_a_wrong_setting(node, monkeypatch, url):
    monkeypatch.setenv("WOSHOU_DATABASE_URL", url)
    answer = node("partner", "list")
    assert (answer.code, answer.refusal["code"]) == (Exit.NOT_INITIALISED, "settings-wrong")
    assert set(answer.refusal) == {"code", "retry", "zh", "en", "pointer"}


@pytest.mark.parametrize("text", [b"node = [", b"\xff"])
def test_a_broken_settings_file_is_told_as_such(node, text):
    (node.data / "woshou.toml").write_bytes(text)
    answer = node("partner", "list")
    assert (answer.code, answer.refusal["code"]) == (Exit.NOT_INITIALISED, "settings-wrong")
    assert "woshou.toml" in answer.refusal["en"]


@pytest.mark.parametrize("url", ["postgresql://nobody@/nowhere?host=/nonexistent", "sqlite:////nonexistent/x.sqlite3"])
def test_a_database_that_is_away_is_not_called_busy(node, monkeypatch, url):
    monkeypatch.setenv("WOSHOU_DATABASE_URL", url)
    answer = node("partner", "list")
    assert (answer.code, answer.refusal["retry"]) == (Exit.BUSY, "later")
    assert "cannot be reached" in answer.refusal["en"]


def test_a_port_that_is_taken_is_refused(node):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        # A process of its own, for this command sets signals.
        command = [sys.executable, "-m", "woshou", "serve", "--port", port, "--json", "--data", str(node.data)]
        ended = subprocess.run(command, capture_output=True, check=False)
    assert (ended.returncode, json.loads(ended.stderr)["error"]["code"]) == (Exit.REFUSED, "address-not-free")


def test_who_stops_reading_ends_a_command_without_a_word(node):
    command = f"{sys.executable} -m woshou partner list --data {node.data} | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (ended.stdout.strip(), ended.stderr) == ("0", "")


@pytest.mark.parametrize(
    "words", [("exchange", "confirm"), ("nothing",), ("register", "list", "--limit", "0"), ("export", "outflow", "x.txt")]
)
def test_wrong_usage_is_exit_code_two_and_told_in_the_form_of_every_refusal(node, words):
    answer = node(*words)
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert {**answer.refusal, "zh": "", "en": ""} == {"code": "usage", "retry": "corrected", "zh": "", "en": "", "pointer": None}
    assert answer.refusal["en"]


def test_a_node_at_an_address_of_this_machine_listens_on_its_port(empty, tmp_path):
    wanted = [*WANTED]
    wanted[wanted.index("--url") + 1] = "http://127.0.0.1:18431"
    assert empty("init", *wanted).code == 0
    assert "port = 18431" in (empty.data / "woshou.toml").read_text()


@pytest.mark.parametrize("name", ["woshou.sqlite3", "woshou-keys.sqlite3"])
def test_a_file_that_others_may_read_is_told(node, name):
    (node.data / name).chmod(0o644)
    answer = node("db", "check")
    assert (answer.code, json.loads(answer.out)["weaknesses"]) == (Exit.UNPROTECTED, ["file-readable"])


def test_a_key_store_elsewhere_that_others_may_read_is_told(empty, tmp_path, monkeypatch):
    apart = tmp_path / "apart.sqlite3"
    monkeypatch.setenv("WOSHOU_KEY_STORE_URL", f"sqlite:///{apart}")
    assert empty("init", *WANTED).code == 0
    assert empty("db", "check").code == 0
    apart.chmod(0o644)
    answer = empty("db", "check")
    assert (answer.code, json.loads(answer.out)["weaknesses"]) == (Exit.UNPROTECTED, ["file-readable"])


def test_the_database_is_current_and_answers(node):
    assert node("db", "check").json == {"current": True, "weaknesses": []}
    revision = node("db", "revision").json
    assert revision["current"]
    assert node("db", "upgrade").json == {"revision": revision["revision"], "erased_again": 0}


def test_rotation_keeps_the_old_keys_valid_for_the_overlap(node):
    before = node("keys", "show").json["items"]
    node("keys", "rotate", "--overlap-days", "5")
    after = node("keys", "show").json
    assert [key["kid"] for key in after["items"]][: len(before)] == [key["kid"] for key in before]
    assert len(after["items"]) == 4
    assert all(key["not_after"] is not None for key in after["items"][:2])
    assert after["recovery_still_here"]


def test_a_revoked_key_is_shown_as_revoked(node):
    node("keys", "rotate", "--overlap-days", "5")
    kid = node("keys", "show").json["items"][0]["kid"]
    node("keys", "revoke", kid, "--reason", "lost laptop", "--since", "2026-03-01T00:00")
    assert node("keys", "show").json["items"][0]["revoked_from"] == "2026-02-28T16:00:00.000Z"


def test_an_unknown_key_cannot_be_revoked(node):
    assert node("keys", "revoke", "nobody", "--reason", "x").refusal["code"] == "own-key-unknown"


def test_a_simulated_clock_moves_by_moments_and_by_lengths(node):
    node("clock", "set", "2026-04-01T09:00")
    assert node("clock", "show").json["now"].startswith("2026-04-01T01:00:0")
    node("clock", "set", "+3d")
    assert node("clock", "show").json["now"].startswith("2026-04-04T01:00:0")
    assert node("clock", "set", "tomorrow").refusal["code"] == "no-moment"


def test_an_api_key_is_shown_once_and_kept_as_a_hash(node):
    made = node("apikey", "create", "--name", "经办系统", "--role", "system").json
    prefix, key, secret = made["key"].split("_")
    assert (prefix, key) == ("wsk", made["id"])
    assert secret not in (node.data / "woshou.sqlite3").read_bytes().decode("latin-1")
    listed = node("apikey", "list").json["items"]
    assert [each["id"] for each in listed] == [key]
    assert all("hash" not in name and name != "key" for name in listed[0])
    assert node("apikey", "revoke", key).json["revoked_at"] is not None


def test_an_api_key_is_bound_within_what_the_node_serves(node):
    wanted = ("--name", "省级", "--role", "coordinator", "--jurisdiction")
    assert node("apikey", "create", *wanted, "420000").json["jurisdiction"] == "420000"
    assert node("apikey", "create", *wanted, "110102").refusal["code"] == "not-served"


def test_a_node_lives_on_either_database(empty, database_url):
    wanted = ("--node", WUCHANG_NODE, "--title", "武昌区", "--jurisdiction", WUCHANG, "--url", "http://127.0.0.1:8000")
    assert empty("init", *wanted, "--database-url", database_url).code == 0
    # The tests' login owns its tables on PostgreSQL.
    owns = not database_url.startswith("sqlite")
    answer = empty("db", "check")
    assert json.loads(answer.out) == {"current": True, "weaknesses": ["owner"] if owns else []}
    assert answer.code == (Exit.UNPROTECTED if owns else Exit.OK)
    assert empty("jobs", "--once").json == {"batches": 0}
    assert empty("register", "list").json == {"items": [], "next": None}


def test_one_pass_of_the_jobs_can_be_had_on_demand(node):
    assert node("jobs", "--once").json == {"batches": 0}


def test_of_two_processes_one_runs_the_jobs(empty, database_url):
    assert empty("init", *WANTED, "--database-url", database_url).code == 0
    database = open_database(database_url)
    other = database.advisory_leader("jobs")
    assert other.held()
    assert empty("jobs", "--once").refusal["code"] == "jobs-running"
    other.release()
    assert empty("jobs", "--once").json == {"batches": 0}
    assert other.held()
    other.release()
    database.close()


def test_the_language_follows_the_first_locale_that_is_set():
    assert chosen_language({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert chosen_language({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}) == "en"
    assert chosen_language({"LC_ALL": "", "LC_MESSAGES": "zh", "LANG": "C"}) == "zh"
    assert chosen_language({}) == "en"


def test_the_version_is_told():
    told = CliRunner().invoke(whole(), ["--version"])
    assert (told.exit_code, told.stdout.split()[0]) == (0, "woshou")


def test_tables_say_in_chinese_what_every_listed_code_means():
    listed: dict[str, Iterable[str]] = {
        "role": [*Role, *LocalRole],
        "kind": [*Kind, *EvidenceKind],
        "log": Log,
        "ours": Stand,
        "theirs": Stand,
        "kinds": [Kind.QUERY, *Event],
        "event": Event,
        "urgent": UrgentReason,
        "matter": [*Kind, *Event, *RegisterKind],
        "purposes": Purpose,
        "acceptance": Acceptance,
        "state": State,
        "result": Result,
        "direction": Direction,
        "outcome": [*Outcome, *RowOutcome],
        "effect": Effect,
        "register": RegisterKind,
        "layout": ImportLayout,
        "check_layout": CheckLayout,
        "check_field": CheckField,
        "difference_state": DifferenceState,
        "settlement": Settlement,
        "settled_as": SettledAs,
        "close_reason": CloseReason,
        "severity": Severity,
        "standing": Standing,
        "categories": Category,
        "status": PartnerStatus,
        "cohort": Cohort,
        "sex": Sex,
    }
    assert {column: [code for code in codes if code not in WORDS[column]] for column, codes in listed.items()} == {
        column: [] for column in listed
    }


@pytest.mark.parametrize(("locale", "word"), [("zh_CN.UTF-8", "投递"), ("C.UTF-8", "deliveries")])
def test_help_speaks_the_language_of_the_locale(locale, word):
    environment = {**os.environ, "LC_ALL": locale}
    told = subprocess.run([sys.executable, "-m", "woshou", "--help"], env=environment, stdout=subprocess.PIPE, check=True)
    assert word in told.stdout.decode()


WANTED = ("--node", WUCHANG_NODE, "--title", "武昌区", "--jurisdiction", WUCHANG, "--url", "http://127.0.0.1:8000")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_settings_and_folder_are_for_their_owner_only(empty):
    empty.data.mkdir(mode=0o755)
    assert empty("init", *WANTED).code == 0
    assert (mode(empty.data), mode(empty.data / "woshou.toml")) == (0o700, 0o600)


def test_a_shared_folder_is_refused_and_left_as_it_is(empty):
    empty.data.mkdir(mode=0o755)
    (empty.data / "theirs").touch()
    assert empty("init", *WANTED).refusal["code"] == "data-folder-open"
    assert (mode(empty.data), [path.name for path in empty.data.iterdir()]) == (0o755, ["theirs"])


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://woshou:geheim@localhost:bad/woshou",
        "postgresql://woshou:geheim@localhost:99999/woshou",
        "mysql://woshou:geheim@localhost/woshou",
        "sqlite://",
        "geheim",
    ],
)
def test_an_address_that_is_no_databases_is_refused_without_its_password(node, monkeypatch, url):
    monkeypatch.setenv("WOSHOU_DATABASE_URL", url)
    for answer in (node("db", "check"), node("jobs", "--once")):
        assert (answer.code, answer.refusal["code"]) == (Exit.NOT_INITIALISED, "settings-wrong")
        assert "geheim" not in answer.out + answer.err


def test_a_database_that_is_named_in_the_environment_is_not_written_down(empty, monkeypatch, tmp_path):
    monkeypatch.setenv("WOSHOU_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}")
    assert empty("init", *WANTED).code == 0
    assert "elsewhere" not in (empty.data / "woshou.toml").read_text()
    assert empty("db", "check").json == {"current": True, "weaknesses": []}


def test_a_partner_is_not_asked_before_its_address_is_checked(node):
    answer = node("partner", "add", "http://partner.example/admin?x=")
    assert (answer.code, answer.refusal["code"]) == (Exit.PARTNER, "node-document-refused")
