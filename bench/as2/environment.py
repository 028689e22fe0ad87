"""The environment that django-pyas2 runs in: made once, beside the project's own, in the user's cache."""

import os
import subprocess
import sys
import venv
from pathlib import Path

PACKAGES = ("django-pyas2==1.2.3", "django==5.2.*", "gunicorn==23.*")
_DONE = "complete"
# oscrypto 1.3.0 reads OpenSSL's version with one digit after each dot: Debian 12 has 3.0.19. No newer release mends it.
_NARROW, _WIDE = r"(\\d\\.\\d\\.\\d[a-z]*)", r"(\\d+\\.\\d+\\.\\d+[a-z]*)"


class NotInstalled(Exception):
    """The environment could not be made; the message says why."""


def python() -> Path:
    """The Python of the environment, which is made if it is not there; NotInstalled if that fails."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "woshou-bench" / PACKAGES[0]
    executable = folder / "bin" / "python"
    if not (folder / _DONE).exists():
        print(f"making an environment for {PACKAGES[0]} …", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True, clear=True)
        _run(executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
        _mend(folder)
        _run(executable, "-c", "import oscrypto.asymmetric, pyas2lib, django, gunicorn")
        (folder / _DONE).touch()
    return executable


def _run(executable: Path, *arguments: str) -> None:
    done = subprocess.run([executable, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise NotInstalled((done.stderr.strip() or done.stdout.strip()).splitlines()[-1])


def _mend(folder: Path) -> None:
    for file in folder.glob("lib/python*/site-packages/oscrypto/_openssl/_libcrypto_c*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(_NARROW, _WIDE), encoding="utf-8")
