"""The commands that the pages name are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_exists(name: str):
    named = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
    wanted = {one or other for one, other in named}
    assert {"demo", "test"} <= wanted
    assert wanted - TARGETS == set()


def test_the_two_commands_come_first():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert [line.split("#")[0].strip() for line in lines[3:5]] == ["make demo", "make test"]


@pytest.mark.parametrize("script", ["scripts.draw_states", "scripts.wire_example"])
def test_the_scripts_that_make_parts_of_pages_exist(script: str):
    assert (ROOT / f"{script.replace('.', '/')}.py").is_file()
    assert f"python -m {script}" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
