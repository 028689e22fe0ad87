"""The peers: each finds the differences between two registers, and is believed only if it found exactly the planted ones."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from bench import environments
from bench.databases import postgresql_server
from bench.environments import NotInstalled
from bench.reconciling import debian
from bench.reconciling.meter import Client, Cost, metered, postmaster
from bench.reconciling.registers import PLAIN, Differences, Registers, place
from bench.reconciling.wire import Wire

# With tokens and digests as long as they are made; and cut as short as the leaves of docs/protocol-registers.md.
FULL_LIST, SHORT_LIST = "full list, 64 bytes each", "full list, 24 bytes each"
DATA_DIFF, RELADIFF, COMPARATOR = "data-diff 0.11.2", "reladiff 0.6", "pg_comparator 2.3.2"

# What data-diff's Python interface imports, and nothing more: its command needs dbt as well, and no longer starts with what
# it asks for (a dbt that fetches a binary from elsewhere, a pydantic that it does not work with).
_DATA_DIFF = (
    "data-diff==0.11.2",
    "attrs==26.*",
    "certifi",
    "charset-normalizer",
    "dsnparse==0.1.15",
    "idna",
    "markdown-it-py",
    "mdurl",
    "packaging",
    "psycopg2-binary==2.9.*",
    "pygments",
    "requests==2.*",
    "rich",
    "tabulate==0.*",
    "toml",
    "typing-extensions",
    "urllib3==1.*",
)
_RELADIFF = ("reladiff==0.6.0", "psycopg2-binary==2.9.*")


class WrongDifferences(Exception):
    """Others were found than were planted."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a peer said, and the peak of its largest process beside the servers."""

    differences: Differences
    memory: int


class Way(Protocol):
    """A way of finding the differences, of which the far side is reached only through the wire."""

    def find(self, registers: Registers, wire: Wire) -> Found: ...


@dataclass(frozen=True, slots=True)
class FullList:
    """One process sends all its leaves, of so many bytes of token and of content, the other compares."""

    token: int
    content: int

    def find(self, registers: Registers, wire: Wire) -> Found:
        program = (sys.executable, "-m", "bench.reconciling.full_list")
        layout = str(self.token), str(self.content)
        with Client(*program, "send", *layout, registers.right) as sender:
            wire.aim("127.0.0.1", sender.first_line())
            with Client(*program, "compare", *layout, registers.left, str(wire.port)) as comparer:
                told = json.loads(comparer.wait())
            sender.wait()
        differences = Differences(**{name: frozenset(persons) for name, persons in told.items()})
        return Found(differences, max(sender.memory, comparer.memory))


@dataclass(frozen=True, slots=True)
class Bisecting:
    """data-diff or reladiff, beside the left database."""

    python: Path
    module: str

    def find(self, registers: Registers, wire: Wire) -> Found:
        far = place(registers.right)
        wire.aim(far["host"], far["port"])
        across = {**far, "host": "127.0.0.1", "port": str(wire.port)}
        places = [json.dumps({**each, "password": ""}) for each in (place(registers.left), across)]
        with Client(self.python, Path(__file__).with_name("bisecting.py"), self.module, PLAIN, *places) as client:
            rows = json.loads(client.wait())
        left = frozenset(UUID(person).hex for sign, person in rows if sign == "-")
        right = frozenset(UUID(person).hex for sign, person in rows if sign == "+")
        return Found(Differences(left=left - right, right=right - left, changed=left & right), client.memory)


@dataclass(frozen=True, slots=True)
class Comparator:
    """pg_comparator, beside the left database."""

    installed: debian.Debian

    def find(self, registers: Registers, wire: Wire) -> Found:
        near, far = place(registers.left), place(registers.right)
        wire.aim(far["host"], far["port"])
        with Client(
            "perl",
            self.installed.comparator,
            f"--source-1=DBI:Pg:dbname={near['dbname']};host={near['host']};port={near['port']}",
            f"--source-2=DBI:Pg:dbname={far['dbname']};host=127.0.0.1;port={wire.port}",
            f"pgsql://postgres@near/{near['dbname']}/{PLAIN}?token:content",
            f"pgsql://postgres@far/{far['dbname']}/{PLAIN}?token:content",
            environment=self.installed.environment,
        ) as client:
            told = [line.split() for line in client.wait().splitlines() if line.startswith(("INSERT ", "DELETE ", "UPDATE "))]
        found = {
            word: frozenset(UUID(line[1]).hex for line in told if line[0] == word) for word in ("INSERT", "DELETE", "UPDATE")
        }
        differences = Differences(left=found["INSERT"], right=found["DELETE"], changed=found["UPDATE"])
        return Found(differences, client.memory)


@dataclass(frozen=True, slots=True)
class Peer:
    """A way on its registers."""

    way: Way
    registers: Registers
    server: int
    wire: Wire

    def prepare(self, differences: int) -> None:
        """Have the registers differ in so many persons; never fewer than before."""
        self.registers.plant(differences)

    def measure(self, differences: int) -> Cost:
        """Find them once; WrongDifferences if they are others than planted."""
        self.wire.forget()
        with metered([self.server]) as meter:
            found = self.way.find(self.registers, self.wire)
        if self.registers.planted != differences or found.differences != self.registers.differences():
            raise WrongDifferences(f"{differences} planted, found {found.differences}"[:300])
        sent, round_trips = self.wire.counted
        return Cost(bytes=sent, round_trips=round_trips, cpu=meter.cpu, seconds=meter.seconds, memory=found.memory)


@contextmanager
def peers(entries: int, notes: list[str]) -> Iterator[Mapping[str, Peer]]:
    """All peers that can be had; the notes say which cannot, and why."""
    found: dict[str, Peer] = {}
    with ExitStack() as stack:
        wire = stack.enter_context(Wire())
        databases = stack.enter_context(postgresql_server())
        registers = Registers(databases.url("register_left"), databases.url("register_right"), entries)
        server = postmaster(registers.left)
        found[FULL_LIST] = Peer(FullList(32, 32), registers, server, wire)
        found[SHORT_LIST] = Peer(FullList(16, 8), registers, server, wire)
        for name, module, packages, whole in (
            (DATA_DIFF, "data_diff", _DATA_DIFF, False),
            (RELADIFF, "reladiff", _RELADIFF, True),
        ):
            try:
                python = environments.python(packages, f"{module}, psycopg2", dependencies=whole)
            except NotInstalled as exc:
                notes.append(f"{name} is left out: {exc}")
            else:
                found[name] = Peer(Bisecting(python, module), registers, server, wire)
        try:
            other = stack.enter_context(debian.server())
        except NotInstalled as exc:
            notes.append(f"{COMPARATOR} is left out: {exc}")
        else:
            its = Registers(other.database("register_left"), other.database("register_right"), entries)
            found[COMPARATOR] = Peer(Comparator(other.debian), its, postmaster(its.left), wire)
        yield found
