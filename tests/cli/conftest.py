"""A node in a folder, and the command line as a function."""

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from typer.testing import CliRunner

from adapters.clock import set_clock
from tests.builders import WUCHANG, WUCHANG_NODE, a_moment
from woshou.__main__ import whole


class Answer(NamedTuple):
    """How a command ended: its exit code, what it printed, and what it said on stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def refusal(self) -> dict[str, Any]:
        """The document on stderr."""
        assert self.code != 0
        told: dict[str, Any] = json.loads(self.err)["error"]
        return told


class Terminal:
    """Runs commands with `--json` on one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *arguments: str, stdin: str | None = None) -> Answer:
        options = arguments.index("--") if "--" in arguments else len(arguments)
        words = [*arguments[:options], "--json", "--data", str(self.data), *arguments[options:]]
        result = CliRunner().invoke(whole(), words, input=stdin)
        return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch):
    """No settings from outside, and logs that go where they went before once the test is over."""
    for name in [name for name in os.environ if name.startswith("WOSHOU_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def empty(tmp_path: Path) -> Terminal:
    """A data folder without a node."""
    return Terminal(tmp_path / "node")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Wuchang's sandbox was made, to be copied; its clock stands beside it."""
    folder = tmp_path_factory.mktemp("made")
    set_clock(folder / "clock", a_moment())
    with pytest.MonkeyPatch.context() as alone:
        for name in [name for name in os.environ if name.startswith("WOSHOU_")]:
            alone.delenv(name)
        made = Terminal(folder / "node")(
            "init",
            *("--node", WUCHANG_NODE, "--title", "武昌区", "--jurisdiction", WUCHANG, "--environment", "sandbox"),
            *("--url", "http://127.0.0.1:8000", "--clock", str(folder / "clock")),
        )
    assert made.code == 0, made.err
    return folder


@pytest.fixture
def node(empty: Terminal, made_once: Path) -> Terminal:
    """Wuchang's sandbox on a simulated clock that shows Monday 2 March 2026, 09:00."""
    shutil.copytree(made_once, empty.data.parent, dirs_exist_ok=True)
    settings = empty.data / "woshou.toml"
    settings.write_text(settings.read_text("utf-8").replace(str(made_once), str(empty.data.parent)), "utf-8")
    return empty
