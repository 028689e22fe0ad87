"""pg_comparator and the PostgreSQL server that it was built for, from Debian 12's packages, unpacked into a folder of their own.

Its functions in the server (pgcmp) are a library for PostgreSQL 15; no other server loads it, and without it neither of its
checksums works, md5 included, whose casts are in the same library.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import environments
from bench.environments import NotInstalled

_PACKAGES = (
    "postgresql-comparator",
    "postgresql-15",
    "libdbi-perl",
    "libdbd-pg-perl",
    "libpq5",
    "libldap-2.5-0",
    "libicu72",
    "libxml2",
)
_USER = "pgserver"  # whom the other server of the bench runs as if this process is root's


@dataclass(frozen=True, slots=True)
class Debian:
    """The unpacked packages."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        libraries = next((self.root / "usr/lib").glob("*-linux-gnu"))
        perl = next(libraries.glob("perl5/*"))
        return {"LD_LIBRARY_PATH": str(libraries), "PERL5LIB": f"{perl}:{self.root / 'usr/share/perl5'}", "LC_ALL": "C"}

    @property
    def comparator(self) -> Path:
        return self.root / "usr/bin/pg_comparator"

    @property
    def server(self) -> Path:
        return self.root / "usr/lib/postgresql/15/bin"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; its socket is in `folder`."""

    debian: Debian
    folder: Path

    def database(self, name: str) -> str:
        """The address of a new database with pg_comparator's functions."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        with psycopg.connect(self._url(name)) as connection:
            connection.execute("CREATE EXTENSION pgcmp")
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"


@contextmanager
def server() -> Iterator[Server]:
    """Debian's server with its durable defaults; NotInstalled if it cannot be had."""
    with tempfile.TemporaryDirectory(prefix="woshou-bench-debian-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        debian = Debian(folder / "root")
        for package in _packages():
            environments.run("dpkg-deb", "-x", package, debian.root)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(data, _USER)
        _as_server(debian, "initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8")
        # The other server of the bench is built without just-in-time compilation.
        _as_server(debian, "pg_ctl", "-D", str(data), "-w", "-l", str(data / "log"), "-o", f"-h '' -k {data} -c jit=off", "start")
        data.chmod(0o711)  # for the socket in it
        try:
            yield Server(debian, data)
        finally:
            _as_server(debian, "pg_ctl", "-D", str(data), "-w", "-m", "fast", "stop")


def _packages() -> list[Path]:
    folder = environments.cache() / "debian"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PACKAGES:
        if not list(folder.glob(f"{name}_*.deb")):
            environments.run("apt-get", "download", name, cwd=folder)
    return [next(folder.glob(f"{name}_*.deb")) for name in _PACKAGES]


def _as_server(debian: Debian, program: str, *arguments: str) -> None:
    user = _USER if os.geteuid() == 0 else None
    done = subprocess.run(
        [debian.server / program, *arguments],
        env={**os.environ, **debian.environment},
        cwd="/",
        user=user,
        stdout=subprocess.DEVNULL,  # a pipe would be held open by the server that this starts
        stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
        text=True,
    )
    if done.returncode != 0:
        raise NotInstalled(f"{program} ended with {done.returncode} {(done.stderr or '').strip()[-200:]}".strip())
