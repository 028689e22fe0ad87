"""A block of Python or of commands below ``<!-- runs -->`` does run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- runs -->\n```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (f"{page.relative_to(ROOT)}:{number}", language, block)
    for page in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    for number, (language, block) in enumerate(BLOCK.findall(page.read_text("utf-8")), start=1)
]
PYTHON = [(name, block) for name, language, block in BLOCKS if language == "python"]
SHELL = [(name, block) for name, language, block in BLOCKS if language == "sh"]


def test_there_are_such_blocks():
    assert PYTHON
    assert SHELL
    marks = sum(page.read_text("utf-8").count("<!-- runs -->\n") for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
    assert marks == len(BLOCKS)


@pytest.mark.parametrize(("name", "block"), PYTHON, ids=[name for name, _ in PYTHON])
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # a page's example may be shorter than a program
def test_an_example_in_python_runs(name: str, block: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    exec(compile(block, name, "exec"), {})  # noqa: S102 - our own page, and running it is the test


@pytest.mark.parametrize(("name", "block"), SHELL, ids=[name for name, _ in SHELL])
def test_an_example_of_commands_runs(name: str, block: str, tmp_path: Path):
    programs = tmp_path / "bin"
    programs.mkdir()
    woshou = programs / "woshou"
    woshou.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from woshou.__main__ import main; main()" "$@"\n')
    woshou.chmod(0o700)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("WOSHOU_")},
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
    folder = tmp_path / "try"
    folder.mkdir()
    done = subprocess.run(["sh", "-eu", "-c", block], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
