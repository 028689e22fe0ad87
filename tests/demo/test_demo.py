"""The demonstration itself, as a user runs it; its rates are counted again from what it exports."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.building.traces import found_in
from tests.demo.leaks import named_in, needles, outputs, tables
from woshou.demo.people import invent
from woshou.demo.story import FIRST_DAY

WOSHOU = [sys.executable, "-m", "woshou"]
RATES = [
    "feedback_given",
    "feedback_obtained",
    "outflow_feedback",
    "inflow_feedback",
    "on_time",
    "key_information",
    "exchange",
    "confirmation",
    "handshake",
    "field_agreement",
    "entry",
    "certificate_verification",
    "coverage",
]
COUNTIES = {"xicheng": "110102", "wuchang": "420106", "yuyang": "610802"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


class Shown(NamedTuple):
    """What the demonstration printed, and nothing else on stdout; how its nodes answered after that, and how it ended."""

    stdout: bytes
    healthy: list[int]
    code: int


@pytest.fixture(scope="module")
def shown(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One demonstration, which goes on serving until it is interrupted."""
    said = tmp_path_factory.mktemp("said") / "stderr.txt"
    arguments = ["demo", "--json", "--people", "90", "--months", "1", "--seed", "7", "--folder", str(folder)]
    with said.open("wb") as errors:
        demo = subprocess.Popen([*WOSHOU, *arguments], stdout=subprocess.PIPE, stderr=errors)
    try:
        assert demo.stdout is not None
        stdout = demo.stdout.readline()
        while not stdout.endswith(b"}\n") or stdout.count(b"{") != stdout.count(b"}"):
            line = demo.stdout.readline()
            assert line, said.read_text("utf-8")
            stdout += line
        nodes = json.loads(stdout)["nodes"]
        healthy = [httpx.get(f"{node['url']}/healthz", trust_env=False, timeout=30).status_code for node in nodes]
        demo.send_signal(signal.SIGINT)
        more, _ = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.communicate()
    (folder / "stdout.txt").write_bytes(stdout + more)
    shutil.move(said, folder / "stderr.txt")
    return Shown(stdout + more, healthy, demo.returncode)


@pytest.fixture(scope="module")
def summary(shown: Shown) -> Any:
    """The document that it printed."""
    return json.loads(shown.stdout)


def exported(folder: Path, node: str, tmp_path: Path) -> list[dict[str, str]]:
    """A node's exchanges as `woshou export` writes them, by the English half of the headers."""
    file = tmp_path / f"{node}.csv"
    subprocess.run([*WOSHOU, "export", "exchanges", str(file), "--data", str(folder / node)], check=True, timeout=60)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [{name.split()[-1]: value for name, value in row.items()} for row in csv.DictReader(lines)]


def test_the_summary_has_the_published_keys(summary):
    assert set(summary) == {"nodes", "imports", "exchanges", "messages", "rates", "nights", "seconds"}
    assert [node["jurisdictions"] for node in summary["nodes"]] == [[county] for county in COUNTIES.values()]
    assert all(set(node) == {"node", "url", "jurisdictions"} for node in summary["nodes"])
    assert set(summary["imports"]) == {"rows", "accepted", "warned", "refused"}
    assert set(summary["exchanges"]) == {
        "submitted",
        "accepted",
        "rejected",
        "answered",
        "confirmed",
        "challenged",
        "withdrawn",
        "overdue",
    }
    assert set(summary["messages"]) == {"sent", "received"}
    assert [rate["rate"] for rate in summary["rates"]] == RATES * 3
    keys = {"rate", "jurisdiction", "cohort", "from", "to", "as_of", "numerator", "denominator", "value"}
    assert all(keys == set(rate) - {"reason"} for rate in summary["rates"])


def test_everything_that_was_sent_was_received(summary):
    assert summary["messages"]["sent"] == summary["messages"]["received"] > 0
    assert summary["exchanges"]["submitted"] == summary["exchanges"]["accepted"] + summary["exchanges"]["rejected"]
    assert min(summary["exchanges"][name] for name in ("answered", "confirmed", "withdrawn")) > 0


def test_the_sheets_hold_dirt_that_is_warned_of_and_refused(summary):
    imports = summary["imports"]
    assert imports["rows"] == imports["accepted"] + imports["warned"] + imports["refused"]
    assert min(imports.values()) > 0


def test_a_nights_repair_shows_in_the_handshake(summary):
    assert [told["jurisdiction"] for told in summary["nights"]] == [node["jurisdictions"][0] for node in summary["nodes"]]
    for told in summary["nights"]:
        (known, of), (then, of_then) = ((told[night]["numerator"], told[night]["denominator"]) for night in ("before", "after"))
        assert 0 < known < then <= of_then
        assert known / of < then / of_then


def test_all_thirteen_rates_are_counted(summary):
    for rate in summary["rates"]:
        expected = rate["numerator"] / rate["denominator"] if rate["denominator"] else None
        assert rate["value"] == expected
        assert "reason" not in rate


def test_certificates_were_verified_in_every_county(summary):
    verified = [rate for rate in summary["rates"] if rate["rate"] == "certificate_verification"]
    assert [0 < rate["numerator"] <= rate["denominator"] for rate in verified] == [True] * 3


def test_the_feedback_rates_come_out_of_the_exported_exchanges(summary, folder, tmp_path):
    told = {(rate["rate"], rate["jurisdiction"]): (rate["numerator"], rate["denominator"]) for rate in summary["rates"]}
    first, last = date.fromisoformat(summary["rates"][0]["from"]), date.fromisoformat(summary["rates"][0]["to"])
    for node, county in COUNTIES.items():
        answered, cohort = Counter[str](), Counter[str]()
        for row in exported(folder, node, tmp_path):
            # Due in the period and past; withdrawn before any answer is out; an open round counts once its own day is over.
            if not row["first_due"] or not first <= date.fromisoformat(row["first_due"]) < last:
                continue
            if row["state"] == "withdrawn" and not row["answered"]:
                continue
            overdue_again = row["state"] == "challenged" and date.fromisoformat(row["due"]) < last
            is_answered = bool(row["answered"]) and not overdue_again
            names = ["feedback_obtained"]
            if row["role"] == "asked":
                names = ["feedback_given", "outflow_feedback" if row["own"] == row["origin"] else "inflow_feedback"]
                if (row["kind"] == "query" and row["urgent"]) or row["event"] in ("birth", "marriage"):
                    names.append("key_information")
            cohort.update(names)
            answered.update(names if is_answered else [])
        for name in ("feedback_given", "feedback_obtained", "outflow_feedback", "inflow_feedback", "key_information"):
            assert told[name, county] == (answered[name], cohort[name]), (name, county)


def test_both_sides_count_the_same(summary):
    given = [rate for rate in summary["rates"] if rate["rate"] == "feedback_given"]
    obtained = [rate for rate in summary["rates"] if rate["rate"] == "feedback_obtained"]
    for count in ("numerator", "denominator"):
        assert sum(rate[count] for rate in given) == sum(rate[count] for rate in obtained) > 0


@pytest.fixture(scope="module")
def persons(summary) -> frozenset[str]:
    """Every name and number of the people that the demonstration invented."""
    return needles(invent(7, 90, tuple(COUNTIES.values()), FIRST_DAY))


def told(folder: Path, node: str, *words: str) -> str:
    """What a command prints, on both streams."""
    done = subprocess.run([*WOSHOU, *words, "--data", str(folder / node)], capture_output=True, check=True, timeout=60)
    return (done.stdout + done.stderr).decode()


def test_the_search_for_persons_finds_them_where_they_are(summary, folder, persons):
    shown = told(folder, "xicheng", "register", "list", "--people", "--json", "--limit", "500")
    assert len(named_in(shown, persons)) > 40


def test_no_file_that_the_nodes_wrote_and_nothing_that_was_printed_names_a_person(summary, folder, persons):
    seen = dict(outputs(folder))
    assert {"stdout.txt", "stderr.txt", "xicheng/serve.log", "xicheng/jobs.log"} <= seen.keys()
    assert "batch delivered" in seen["xicheng/jobs.log"]
    assert {place: found for place, text in seen.items() if (found := named_in(text, persons))} == {}


def test_nothing_that_operators_and_auditors_read_names_a_person(summary, folder, persons):
    kept = (
        "audit_rows",
        "audit_subjects",
        "audit_signed",
        "audit_witnessed",
        "findings",
        "troubles",
        "job_runs",
        "notifications",
    )
    seen = dict(tables(folder, *kept))
    assert len(seen["xicheng audit_rows"]) > 10_000
    assert "audit" in seen["xicheng job_runs"]
    for words in (("audit", "export", "-"), ("audit", "head", "--json"), ("partner", "findings", "--json"), ("exchange", "list")):
        seen[" ".join(words)] = told(folder, "xicheng", *words)
    assert {place: found for place, text in seen.items() if (found := named_in(text, persons))} == {}


def test_the_audit_of_the_demonstration_holds_and_partners_hold_its_ends(summary, folder):
    for node in COUNTIES:
        answer = json.loads(told(folder, node, "audit", "verify", "--json"))
        assert answer["faults"] == []
        assert answer["rows"] > 100
        heads = json.loads(told(folder, node, "audit", "head", "--json"))["items"]
        # Its own, and at least one partner: who was compared with last holds the ends of this node's days.
        assert {""} < {head["held_by"] for head in heads}


def test_no_refusal_no_metric_and_no_line_of_the_servers_log_names_a_person(summary, folder, persons, tmp_path):
    someone = next(each for each in invent(7, 90, tuple(COUNTIES.values()), FIRST_DAY))
    keys = json.loads((folder / "api-keys.json").read_text("utf-8"))["xicheng.demo"]
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    with (tmp_path / "serve.log").open("wb") as log:
        arguments = ["serve", "--data", str(folder / "xicheng"), "--port", str(port)]
        server = subprocess.Popen([*WOSHOU, *arguments], stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
            _await(http)
            clerk, operator = ({"authorization": f"Bearer {keys[role]}"} for role in ("system", "operator"))
            person = {"name": someone.name, "document": {"type": "id_number", "number": someone.number}}
            entry = {"register": "outflow", "origin": "110102", "destination": "110102", "person": person}
            answers = [
                http.post("/api/v1/entries", json=entry, headers=clerk),
                http.post("/api/v1/entries", json={**entry, someone.name: someone.number}, headers=clerk),
                http.post("/api/v1/entries", json={**entry, "person": {**person, "sex": someone.name}}, headers=clerk),
                http.post("/api/v1/entries", content=f'{{"{someone.number}'.encode(), headers=clerk),
                http.post("/api/v1/entries/search", json={"document": {"type": someone.name, "number": "1"}}, headers=clerk),
                http.post("/api/v1/entries/search", json={"document": person["document"]}, headers=operator),
                http.get("/api/v1/entries", params={"cursor": someone.number, "other": someone.name}, headers=clerk),
                http.get("/api/v1/entries", headers={**clerk, "purpose": someone.number}),
                http.get("/api/v1/nowhere", params={"q": someone.name}),
                http.post("/v1/batches", content=json.dumps(person).encode()),
            ]
            assert all(400 <= answer.status_code < 500 for answer in answers), [answer.status_code for answer in answers]
            metrics = http.get("/metrics", headers=operator)
            assert "woshou_refusals_total" in metrics.text
            pages = {}
            for role in keys["accounts"]:
                http.cookies.clear()
                home = http.post("/sign-in", data={"login": role, "password": keys["password"]}, follow_redirects=True)
                assert (home.status_code, home.url.path) == (200, "/"), role
                pages[role] = home.text + http.get("/worklists/to_answer", follow_redirects=True).text
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    seen = {str(number): answer.text + str(answer.headers) for number, answer in enumerate(answers)}
    # Clerks see persons on their pages, and nobody else.
    assert named_in(pages.pop("clerk"), persons)
    seen |= {
        **pages,
        "metrics": metrics.text,
        "log": (tmp_path / "serve.log").read_text("utf-8"),
        **dict(tables(folder, "audit_rows")),
    }
    assert "GET" in seen["log"]
    assert {place: found for place, text in seen.items() if (found := named_in(text, persons))} == {}


def _await(http: httpx.Client) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            http.get("/healthz")
            return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail("the node does not serve")


def test_an_interrupt_ends_every_process(tmp_path):
    arguments = ["demo", "--json", "--people", "10", "--months", "1", "--folder", str(tmp_path)]
    demo = subprocess.Popen([*WOSHOU, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert demo.stdout is not None
        ends = time.monotonic() + 120
        while not (tmp_path / "yuyang" / "jobs.log").exists() and time.monotonic() < ends:
            time.sleep(0.1)
        children = _children(demo.pid)
        assert children
        demo.send_signal(signal.SIGTERM)
        demo.wait(60)
    finally:
        demo.kill()
        demo.communicate()
    assert not [child for child in children if _is_alive(child)]


def test_it_serves_until_it_is_interrupted(shown, summary):
    assert shown.healthy == [200] * 3
    assert shown.code == 0
    for node in summary["nodes"]:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{node['url']}/healthz", trust_env=False)


def _children(parent: int) -> list[int]:
    told = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [int(child) for child in told.split()]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_no_person_stands_in_clear_in_any_database(summary, folder):
    people = invent(7, 90, tuple(COUNTIES.values()), FIRST_DAY)
    told = [(one.name, one.number, one.certificate, one.spouse_name, one.spouse_number) for one in people]
    words = {word for each in told for word in each if word}
    files = sorted(folder.glob("*/woshou*.sqlite3*"))
    assert len([file for file in files if file.suffix == ".sqlite3"]) == 6, "three ledgers and their key stores"
    assert {str(file.relative_to(folder)): found for file in files if (found := found_in(file.read_bytes(), words))} == {}
