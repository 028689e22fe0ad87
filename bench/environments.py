"""Environments of peers that must not share the project's own: made once, beside it, in the user's cache."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

_DONE = "complete"


class NotInstalled(Exception):
    """A peer could not be had; the message says why."""


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "woshou-bench"


def python(
    packages: Sequence[str], imports: str, *, dependencies: bool = True, mend: Callable[[Path], None] | None = None
) -> Path:
    """The Python of the environment named after its first package, made if it is not there; NotInstalled if that fails."""
    folder = cache() / packages[0]
    executable = folder / "bin" / "python"
    if not (folder / _DONE).exists():
        print(f"making an environment for {packages[0]} …", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True, clear=True)
        alone = () if dependencies else ("--no-deps",)
        run(executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *alone, *packages)
        if mend is not None:
            mend(folder)
        run(executable, "-c", f"import {imports}")
        (folder / _DONE).touch()
    return executable


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run it to its end; NotInstalled with its last line if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    except OSError as exc:
        raise NotInstalled(f"{command[0]}: {exc.strerror}") from exc
    if done.returncode != 0:
        raise NotInstalled(((done.stderr.strip() or done.stdout.strip()).splitlines() or [f"{command[0]} failed"])[-1])
