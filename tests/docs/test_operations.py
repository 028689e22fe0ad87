"""docs/operations.md has a row for every job and for every finding that an operator can meet."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from exchange.settling import evidence
from exchange.verbs.reconciling import doubles
from exchange.verbs.reporting import verify_report
from jobs.timetable import SCHEDULE, Daily

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
# Modules that build a finding of a kind that they are handed, with the kinds that come; a partner's own word has no list.
HANDED = {
    "exchange.verbs.reconciling.doubles": (doubles.TWO_INFLOWS, doubles.TWO_DESTINATIONS),
    "exchange.verbs.reporting.verify_report": (verify_report.ALTERED, verify_report.DIFFERS),
    "exchange.verbs.settling.noting": evidence.KINDS,
    "jobs.courier": ("sequence-gap", "link-forked", "rules-unknown"),
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    table = PAGE.partition(f"\n## {heading}")[2].partition("\n|---")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[1:]]


def built() -> Iterator[tuple[str, str | None]]:
    """Each place that builds a finding: its module, and the kind where it stands there."""
    for package in ("exchange", "adapters", "api", "jobs", "woshou"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Finding":
                    for kind in (word.value for word in call.keywords if word.arg == "kind"):
                        if isinstance(kind, ast.Constant):
                            yield name, str(kind.value)
                        else:
                            yield name, getattr(import_module(name), ast.unparse(kind), None)


def test_every_job_has_a_row_and_no_other_has():
    assert sorted(row[0] for row in rows("作业")) == sorted(job.name for job in SCHEDULE)


@pytest.mark.parametrize("job", [job for job in SCHEDULE if isinstance(job.when, Daily)], ids=lambda job: job.name)
def test_a_daily_job_begins_when_the_page_says(job):
    assert [row[1] for row in rows("作业") if row[0] == job.name] == [f"每日 {job.when.at:%H:%M}"]


def test_every_finding_has_a_row():
    kinds = list(built())
    assert {module for module, kind in kinds if kind is None} == set(HANDED)
    wanted = {kind for _, kind in kinds if kind is not None} | {kind for each in HANDED.values() for kind in each}
    told = {word for row in rows("看什么") for word in re.findall(r"`([a-z-]+)`", row[0])}
    assert wanted - told == set()
    assert len(told) >= 25
