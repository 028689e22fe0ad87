"""Woshou's own part of the bench: two real nodes, one of which asks the other over HTTP, each from its database."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from adapters.reconciling.tokens import TokenKeeper
from bench.databases import Databases
from bench.measure import say
from bench.nodes import served
from bench.reconciling.meter import Cost, forget_peak, metered, peak, postmaster, resident
from bench.reconciling.nodes import Registers, compared_by, plant, two_registers, writing
from bench.reconciling.trial import check, reach
from bench.reconciling.wire import Wire
from exchange.reconciling.pairs import month_of

_AT_ONCE = 100_000


@dataclass
class Ours:
    """Two nodes with registers, the asking one in a process that waits for its word."""

    registers: Registers
    wire: Wire
    asker: subprocess.Popen[str]
    server: int
    planted: int = 0

    def prepare(self, differences: int) -> None:
        """Have so many persons differ, and all tokens made, as at night."""
        if differences > self.planted:
            plant(self.registers, range(self.planted, differences))
            self.planted = differences
        for side in self.registers.sides:
            with writing(side) as (office, ledgers):
                keeper = TokenKeeper(office)
                what = compared_by(office, ledgers)
                now = office.now()
                key = keeper.key_for(what, side.county, month_of(now), keeper.kids(what, side.county, now))
                while keeper.prepare(key, _AT_ONCE) is None:
                    pass
            with psycopg.connect(side.node.settings.database, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE register_tokens")
        # What is not measured: the first call fetches an access token.
        self._ask()
        check(self.registers)

    def measure(self, differences: int) -> Cost:
        """One run; it must find what was planted."""
        servers = [postmaster(self.registers.origin.node.settings.database), self.server, self.asker.pid]
        before = {process: resident(process) for process in servers[1:]}
        for process in before:
            forget_peak(process)
        self.wire.forget()
        with metered(servers) as meter:
            self._ask()
        counted, trips = self.wire.counted
        more = max(peak(process) - held for process, held in before.items())
        if check(self.registers) != differences:
            raise RuntimeError(f"{differences} were planted")
        return Cost(bytes=counted, round_trips=trips, cpu=meter.cpu, seconds=meter.seconds, memory=more)

    def _ask(self) -> None:
        # A pair is compared four times a day: the bench has more days than one.
        for side in self.registers.sides:
            with psycopg.connect(side.node.settings.database) as connection:
                connection.execute("DELETE FROM register_runs")
        stdin, stdout = self.asker.stdin, self.asker.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the asker has no pipes")
        stdin.write("\n")
        stdin.flush()
        if not stdout.readline():
            raise RuntimeError(f"the asker has ended with {self.asker.wait()}")


@contextmanager
def ours(databases: Databases, entries: int, name: str = "") -> Iterator[Ours]:
    """Two nodes with so many entries on this server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="woshou-bench-")))
        registers = two_registers(folder, lambda side: databases.url(f"{side}{name}"), entries)
        wire = stack.enter_context(Wire())
        wire.aim("127.0.0.1", str(registers.destination.node.settings.port))
        reach(registers.origin, registers.destination, f"http://127.0.0.1:{wire.port}")
        server = stack.enter_context(served(registers.destination.node))
        command = [sys.executable, "-m", "bench.reconciling.asker", str(registers.origin.node.settings.data)]
        asker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(asker.wait)
        stack.callback(asker.kill)
        assert asker.stdout is not None
        if asker.stdout.readline().strip() != "ready":
            raise RuntimeError("the asker did not start")
        say(f"  two nodes of {entries:,} are up")
        yield Ours(registers, wire, asker, server.pid)
