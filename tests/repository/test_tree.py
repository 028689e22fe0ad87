"""What may lie in the repository."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("exchange", "adapters", "api", "jobs", "woshou")
# Spelt with gaps, so that this file does not find itself.
REGISTRY = re.compile(
    r"\b(?:py{0}pi\.org|python{0}hosted\.org|registry\.npm{0}js\.|deb\.debian\.{0}org)".format(""), re.IGNORECASE
)
OWN_PATH = re.compile(r"(?<![\w.~/-])/(?:work|root|home|farm|tmp|opt/(?:pypi|wheels)[\w-]*)/")


def committed_files() -> list[Path]:
    """Every file that git would take along, whether it is committed yet or not."""
    if not (ROOT / ".git").exists():
        pytest.fail("these rules are about the git checkout; run them there")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return sorted(path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file())


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in committed_files():
        data = path.read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    return found


def test_no_file_names_a_package_registry():
    assert lines_that_match(REGISTRY) == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    assert lines_that_match(OWN_PATH) == []


@pytest.mark.parametrize("text", ["see https://py{}pi.org/simple", "registry.npm{}js.org"])
def test_a_registry_is_recognised(text: str):
    assert REGISTRY.search(text.format(""))


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("in /wo{}rk/main", True),
        ("'/ro{}ot/x'", True),
        ("https://node.example/home/page", False),
        ("docs/work/x", False),
    ],
)
def test_a_path_of_a_machine_is_told_from_a_path_of_a_page(text: str, own: bool):
    assert bool(OWN_PATH.search(text.format(""))) is own


def test_a_module_has_at_most_400_lines():
    modules = [path for path in committed_files() if path.suffix == ".py"]
    assert modules
    assert [str(path.relative_to(ROOT)) for path in modules if len(path.read_bytes().splitlines()) > 400] == []


def test_a_folder_of_code_has_about_a_dozen_modules_at_most():
    """But the revisions of the tables, which are one list that only grows."""
    count: dict[str, int] = {}
    for path in committed_files():
        folder = path.parent.relative_to(ROOT)
        if "versions" in folder.parts or path.name == "__init__.py":
            continue
        if path.suffix == ".py" and folder.parts and folder.parts[0] in PACKAGES:
            count[str(folder)] = count.get(str(folder), 0) + 1
    assert {folder: modules for folder, modules in count.items() if modules > 15} == {}


def test_test_folders_are_no_packages():
    """A package tests/exchange would shadow the domain."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_every_folder_of_code_is_a_package():
    """Without __init__.py, setuptools and mypy would take a folder of code for something else."""
    modules = {path for path in committed_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES}
    folders = {path.parent for path in modules if "migrations" not in path.parts}  # Alembic runs these by file name
    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_shell_scripts_can_be_started():
    scripts = [path for path in committed_files() if path.read_bytes()[:2] == b"#!"]
    assert [str(path.relative_to(ROOT)) for path in scripts if not path.stat().st_mode & 0o100] == []
