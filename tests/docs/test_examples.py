"""A block of Python below ``<!-- runs -->`` does run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- runs -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (f"{page.relative_to(ROOT)}:{number}", block)
    for page in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")), start=1)
]


def test_there_are_such_blocks():
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize(("name", "block"), BLOCKS, ids=[name for name, _ in BLOCKS])
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # a page's example may be shorter than a program
def test_an_example_runs(name: str, block: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    exec(compile(block, name, "exec"), {})  # noqa: S102 - our own page, and running it is the test
