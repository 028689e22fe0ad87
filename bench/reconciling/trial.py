"""Two real nodes with large registers: what was planted comes out, after a crash, and through a proxy that loses answers.

    python -m bench.reconciling.trial [--entries 200000] [--differences 500] [--database sqlite]

Each node is a process of its own with its own database; `woshou reconcile` asks. Four trials: as it is; killed with SIGKILL again
and again in the middle, then once to the end; through a proxy that drops one answer in five after the partner has given it; and
after everything was mended. Each must end with exactly the planted differences on both sides, entry by entry.
"""

import argparse
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.databases import KINDS
from bench.measure import say
from bench.nodes import free_port, served
from bench.reconciling.nodes import PAIR, Registers, Side, plant, repair, two_registers, writing
from exchange.ledger import Ledgers, Page, RegisterDifferenceFilter
from woshou.cli.exits import Exit

_BACKLOG = 64


class WrongResult(AssertionError):
    """What came out is not what was planted."""


def reconcile(side: Side) -> dict[str, Any]:
    """`woshou reconcile` at one node."""
    done = subprocess.run(_command(side), capture_output=True, check=False)
    if done.returncode not in (Exit.OK, Exit.UNSETTLED):
        raise RuntimeError(done.stderr.decode())
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _command(side: Side) -> list[str]:
    return [sys.executable, "-m", "woshou", "reconcile", "--json", "--data", str(side.node.settings.data)]


def check(registers: Registers) -> int:
    """How many differences stand, after each of them was found to be as planted; WrongResult."""
    total = 0
    for side in registers.sides:
        with writing(side) as (office, ledgers), ledgers.transaction(read_only=True) as ledger:
            own = office.node.jurisdictions
            standing = ledger.register_runs.differences(RegisterDifferenceFilter(own=own), Page(limit=1_000_000))
            found = {each.entry: each.kind.value for each in standing}
            last = ledger.register_runs.settled(own, office.now())
        if found != registers.expected(side):
            missing, extra = registers.expected(side).items() - found.items(), found.items() - registers.expected(side).items()
            raise WrongResult(f"{side.node.settings.node}: {len(missing)} missing, {len(extra)} too many of {len(found)}")
        (run,) = last
        tally = run.tally
        expected = (len(registers.outflow_only), len(registers.inflow_only), len(registers.changed))
        if tally is None or run.pair != PAIR or (tally.outflow_only, tally.inflow_only, tally.differing) != expected:
            raise WrongResult(f"{side.node.settings.node}: {tally}")
        total = tally.differences
    return total


def kill_in_the_middle(side: Side, moments: float) -> bool:
    """Begin a reconciliation and kill it so many seconds after its register run began; whether it was still running."""
    with (
        writing(side) as (_, ledgers),
        subprocess.Popen(_command(side), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,
    ):
        while process.poll() is None and not _run_is_open(ledgers):
            time.sleep(0.005)
        time.sleep(moments)
        was_running = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return was_running


def _run_is_open(ledgers: Ledgers) -> bool:
    with ledgers.transaction(read_only=True) as ledger:
        return any(
            run.outcome is None
            for begun in ledger.reconciliations.find(Page(limit=1))
            for run in ledger.register_runs.of_reconciliation(begun.id)
        )


@contextmanager
def dropping_proxy(side: Side, other: Side, share: float = 0.2) -> Iterator[list[int]]:
    """The other node is reached by a proxy that drops this share of its answers; yields how many those are."""
    port, dropped = free_port(), [0]
    stop = threading.Event()
    target = other.node.settings.port
    thread = threading.Thread(target=_proxy, args=(port, target, share, dropped, stop), daemon=True)
    thread.start()
    before = reach(side, other, f"http://127.0.0.1:{port}")
    try:
        yield dropped
    finally:
        reach(side, other, before)
        stop.set()
        thread.join()


def reach(side: Side, other: Side, url: str) -> str:
    """Have a node call the other one at an address; the address before."""
    with writing(side) as (_, ledgers), ledgers.transaction() as ledger:
        partner = ledger.partners.get(other.node.settings.node)
        if partner is None:
            raise RuntimeError("the nodes were not onboarded")
        ends = ("token_endpoint", "batches_endpoint", "agreements_endpoint", "links_endpoint")
        moved = {name: url + getattr(partner, name).removeprefix(partner.url) for name in ends}
        ledger.partners.save(replace(partner, url=url, **moved))
    return partner.url


def _proxy(port: int, target: int, share: float, dropped: list[int], stop: threading.Event) -> None:
    chance = random.Random(20260302)
    with socket.create_server(("127.0.0.1", port), backlog=_BACKLOG) as door:
        door.settimeout(0.2)
        while not stop.is_set():
            try:
                caller, _ = door.accept()
            except TimeoutError:
                continue
            threading.Thread(target=_carry, args=(caller, target, share, dropped, chance), daemon=True).start()


def _carry(caller: socket.socket, target: int, share: float, dropped: list[int], chance: random.Random) -> None:
    """Carry one connection; an answer that is dropped was given before its connection breaks."""
    with caller, socket.create_connection(("127.0.0.1", target)) as node:
        up = threading.Thread(target=_upwards, args=(caller, node), daemon=True)
        up.start()
        while part := node.recv(65536):
            # The first part of an answer begins with its status; the rest of one goes the way of its beginning.
            if part.startswith(b"HTTP/1.1 ") and chance.random() < share:
                dropped[0] += 1
                break
            caller.sendall(part)
        caller.shutdown(socket.SHUT_RDWR)


def _upwards(caller: socket.socket, node: socket.socket) -> None:
    try:
        while part := caller.recv(65536):
            node.sendall(part)
        node.shutdown(socket.SHUT_WR)
    except OSError:
        return


def trial(kind: str, entries: int, differences: int) -> dict[str, Any]:
    """All four, on one kind of database."""
    told: dict[str, Any] = {"database": kind, "entries": entries, "differences": differences}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="woshou-trial-")))
        databases = stack.enter_context(KINDS[kind]())
        registers = two_registers(folder, databases.url, entries)
        for side in registers.sides:
            stack.enter_context(served(side.node))
        plant(registers, range(differences))
        began = time.monotonic()
        reconcile(registers.origin)
        told["first"] = {"found": check(registers), "seconds": round(time.monotonic() - began, 1)}
        say(f"  {kind}: {told['first']['found']} of {differences} found, in {told['first']['seconds']} s with making the tokens")

        plant(registers, range(differences, 2 * differences))
        killed = sum(kill_in_the_middle(registers.destination, seconds) for seconds in (0.0, 0.05, 0.2))
        reconcile(registers.destination)
        told["killed"] = {"killed": killed, "found": check(registers)}
        say(f"  {kind}: killed {killed} times, then {told['killed']['found']} of {2 * differences} found")

        plant(registers, range(2 * differences, 3 * differences))
        with dropping_proxy(registers.origin, registers.destination) as dropped:
            reconcile(registers.origin)
            told["proxy"] = {"dropped": dropped[0], "found": check(registers)}
        say(f"  {kind}: {dropped[0]} answers dropped, {told['proxy']['found']} of {3 * differences} found")

        repair(registers)
        reconcile(registers.destination)
        told["mended"] = {"found": check(registers)}
        say(f"  {kind}: after everything was mended {told['mended']['found']} are left")
    return told


def main() -> None:
    """Run the trials and print what came of them as JSON."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    reader.add_argument("--entries", type=int, default=200_000)
    reader.add_argument("--differences", type=int, default=500)
    reader.add_argument("--database", choices=sorted(KINDS), action="append")
    options = reader.parse_args()
    kinds = options.database or sorted(KINDS)
    print(json.dumps([trial(kind, options.entries, options.differences) for kind in kinds], indent=2))


if __name__ == "__main__":
    main()
