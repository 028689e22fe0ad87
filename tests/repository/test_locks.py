"""The lock files: complete, hashed, and saying nothing about where packages come from."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(line) for line in PYPROJECT["project"]["dependencies"]]
DEV = [Requirement(line) for line in PYPROJECT["project"]["optional-dependencies"]["dev"]]
BUILD = [Requirement(line) for line in PYPROJECT["build-system"]["requires"]]
# What the domain may use (docs: only the standard library and libraries that do no I/O).
PURE = {"chinesecalendar", "msgspec", "numpy", "pypinyin", "python-stdnum"}


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of every package in the lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = {}
    for line in lines:
        pin = re.fullmatch(r"([a-z0-9-]+)==(\S+)((?: +--hash=sha256:[0-9a-f]{64})+) *", line)
        assert pin, f"{lock}: not a pin with hashes: {line[:80]}"
        found[pin[1]] = (pin[2], pin[3].count("--hash"))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_nothing_but_pins_with_hashes(lock: str):
    assert pins(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address(lock: str):
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lock", "wanted"), [("requirements.lock", RUNTIME + BUILD), ("requirements-dev.lock", RUNTIME + BUILD + DEV)]
)
def test_a_lock_file_pins_what_pyproject_asks_for(lock: str, wanted: list[Requirement]):
    pinned = pins(lock)
    missing = [
        str(need)
        for need in wanted
        if (pin := pinned.get(canonicalize_name(need.name))) is None or not need.specifier.contains(pin[0])
    ]
    assert missing == [], "run: make lock"


def test_both_lock_files_agree():
    runtime, dev = (pins(lock) for lock in LOCKS)
    assert {name: pin for name, pin in dev.items() if name in runtime} == runtime


def test_every_dependency_is_either_pure_or_forbidden_to_the_domain():
    """A library that is added later must not slip past the import contract."""
    contract = next(each for each in PYPROJECT["tool"]["importlinter"]["contracts"] if each["id"] == "pure-domain")
    impure = {canonicalize_name(need.name) for need in RUNTIME} - PURE
    modules = {
        module
        for module, owners in packages_distributions().items()
        if not module.startswith("_") and impure & {canonicalize_name(owner) for owner in owners}
    }
    assert modules - set(contract["forbidden_modules"]) == set()
