"""The pages on security name only evidence that there is, and leave out no requirement twice."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("threat-model.md", "asvs.md", "security.md", "safeguards.md")
FOLDERS = r"(?:adapters|api|docs|exchange|jobs|openapi|scripts|tests|woshou|\.ci)/[^`\s:]+"
NAMED = re.compile(rf"`({FOLDERS}|[A-Z][A-Za-z]+(?:\.md)?)(?:::(\w+))?`")
TOP = {"Dockerfile", "Makefile", "CONTRIBUTING.md"}
STATE = "✓|—|✗|部分 in part|部署 the deployer's"
ROW = re.compile(rf"^\| (\d+\.\d+(?:\.\d+)?)(?:–[\d.]+)? \| ([12]) \| .+ \| ({STATE}) \| (.+) \|$", re.MULTILINE)


def text(page: str) -> str:
    return (ROOT / "docs" / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_evidence_that_is_named_exists(page: str):
    missing = []
    for path, test in NAMED.findall(text(page)):
        file = ROOT / path
        if "/" not in path and path not in TOP:
            continue
        if not file.exists() or (test and f"def {test}(" not in file.read_text("utf-8")):
            missing.append(f"{path}::{test}")
    assert missing == []


def test_every_threat_has_its_answer():
    rows = re.findall(r"^\| ([STRIDE]) \| (.+?) \| (.+?) \| (.+?) \|$", text("threat-model.md"), re.MULTILINE)
    assert {kind for kind, *_ in rows} == set("STRIDE")
    assert [threat for _, threat, _, answer in rows if "`tests/" not in answer] == []
    assert len(rows) > 30


def test_every_row_of_the_table_of_asvs_says_a_state_and_why():
    lines = [line for line in text("asvs.md").splitlines() if re.match(r"\| \d", line)]
    rows = ROW.findall(text("asvs.md"))
    assert len(rows) == len(lines), [line for line in lines if not ROW.match(line)]
    numbers = [row[0] for row in rows]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers, key=lambda number: [int(part) for part in number.split(".")])
    assert [row[0] for row in rows if row[2] == "✓" and not row[3].strip()] == []


def test_the_bill_of_materials_holds_every_pin():
    said = subprocess.run(
        [sys.executable, "-m", "scripts.bill_of_materials"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    bill = json.loads(said)
    pins = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    assert (bill["bomFormat"], [part["name"] for part in bill["components"]]) == ("CycloneDX", pins)
