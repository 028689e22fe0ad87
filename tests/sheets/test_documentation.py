"""docs/sheets.md says what the code does."""

import json
import re
from pathlib import Path

import pytest

from adapters.sheets.sheet import Limits

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sheets.md").read_text("utf-8")
SOURCES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "adapters" / "sheets").rglob("*.py")))
TABLE = json.loads((ROOT / "adapters" / "sheets" / "data" / "spellings.json").read_text("utf-8"))


def test_every_code_is_explained():
    raised = set(re.findall(r'(?:SheetRefused|refusal|warning)\(\s*"([a-z-]+)"', SOURCES))
    written = set(re.findall(r'code="([a-z-]+)"', SOURCES)) - {"macros-ignored", "links-ignored", "other-sheets-ignored"}
    assert len(raised) > 20
    assert sorted(code for code in raised | written | {"too-many-rows", "too-many-columns"} if f"`{code}`" not in PAGE) == []


@pytest.mark.parametrize("field", TABLE["fields"])
def test_every_field_and_spelling_is_listed(field):
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{field}` |"))
    entry = TABLE["fields"][field]
    assert [word for word in (entry["zh"], *entry.get("codes", []), *entry["also"]) if word not in line] == []


def test_the_version_and_the_excluded_words_are_listed():
    assert TABLE["version"] in PAGE
    assert "、".join(TABLE["excluded"]) in PAGE


def test_the_limits_are_those_of_the_code():
    limits = Limits()
    assert f"| {limits.rows:,}, {limits.columns} |" in PAGE
    assert f"| {limits.file_bytes // 2**20} MiB |" in PAGE
    assert f"| {limits.unpacked_bytes // 2**20} MiB, {limits.ratio}, {limits.entries:,} |" in PAGE
    assert f"| {limits.cell_characters:,}, {limits.line_characters:,} |" in PAGE
    assert f"| {limits.annotated_rows:,} |" in PAGE
    assert f"| {limits.memory_bytes // 2**30} GiB, {limits.seconds} s |" in PAGE
