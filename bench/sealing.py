"""What sealing and the audit cost: batches with both, with sealing alone and with neither; bytes, and wrapping keys anew.

    python -m bench.sealing [--quick] [--json]

A thousand messages a batch, taken in within this process as `woshou serve` takes them: signature, digests, validation, log,
facts, durable signed receipt, the audit's row. The ledger that is not sealed is opened past the wiring, and where no trail is
left nothing is audited: no setting of a node does either.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from adapters.auditing.trail import Trail, leaving
from adapters.database.connections import open_engine, read_url
from adapters.database.engine import open_database
from adapters.database.sealed.data_keys import DataKeys
from adapters.inbox import take_batch
from adapters.office import Office
from bench import people
from bench.batches import Log
from bench.databases import KINDS, Databases
from bench.measure import Options, Rates, Report, Take, options, say
from bench.nodes import BenchNode, two_nodes
from exchange.auditing.event import Actor, ActorKind
from exchange.codes import RegisterKind
from exchange.ids import new_id
from exchange.people.register import Entry
from woshou.wiring import open_office

BATCH = 1000
# One batch alone takes a fifth of a second, and whatever else the machine does shows in it.
IN_A_TURN = 4
BOTH, SEALED, PLAIN = "sealed and audited", "sealed", "neither"
READ_SEALED, READ_PLAIN = "entries read, sealed", "entries read, not sealed"
_TARGET, _READING = 0.6, 0.3


class Receiver:
    """An origin's node and what its partner sends it."""

    def __init__(self, office: Office, sender: Office, batches: int) -> None:
        self._office = office
        with office.ledgers.transaction(read_only=True) as ledger:
            (self._caller,) = ledger.partners.all()
        log, now = Log(sender, office.node.name), datetime.now(UTC)
        self._waiting: Iterator[bytes] = iter(
            [log.batch(people.query_lines(range(n * BATCH, (n + 1) * BATCH), now), now) for n in range(batches)]
        )
        self._ids: list[str] = []

    def take(self) -> int:
        for _ in range(IN_A_TURN):
            self._take_one()
        return IN_A_TURN * BATCH

    def take_audited(self) -> int:
        """The same as requests of which each leaves its row in the audit."""
        office, actor = self._office, Actor(kind=ActorKind.PARTNER, id=self._caller.node)
        for _ in range(IN_A_TURN):
            with leaving(Trail(action="send_batch", node=office.node, now=office.now, ledgers=office.ledgers, actor=actor)):
                self._take_one()
        return IN_A_TURN * BATCH

    def _take_one(self) -> None:
        take_batch(self._office, self._caller, next(self._waiting))

    def enter(self) -> None:
        """A thousand entries, to be read."""
        now = self._office.now()
        made = [
            Entry(
                id=new_id(now),
                jurisdiction=people.ORIGIN,
                register=RegisterKind.OUTFLOW,
                origin=people.ORIGIN,
                destination=people.DESTINATION,
                person=people.person(n),
                record=people.record(n),
                person_index=f"bench-{n}",
                opened_at=now,
            )
            for n in range(BATCH)
        ]
        with self._office.ledgers.transaction() as ledger:
            ledger.entries.add(made)
        self._ids = [entry.id for entry in made]

    def read(self) -> int:
        """Pages of a hundred, each in a transaction of its own."""
        for start in range(0, BATCH, 100):
            with self._office.ledgers.transaction(read_only=True) as ledger:
                ledger.entries.load(self._ids[start : start + 100])
        return BATCH


def main() -> None:
    chosen = options(__doc__ or "")
    report = Report(bench="sealing")
    for kind, opened in KINDS.items():
        say(f"{kind}:")
        with opened() as databases:
            _measure(kind, databases, chosen, report)
    report.show(chosen)


def _measure(kind: str, databases: Databases, chosen: Options, report: Report) -> None:
    rounds = 3 if chosen.quick else 7
    turns = IN_A_TURN * (rounds + 1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="woshou-bench-")))
        sealed_node, sealed = stack.enter_context(_receiver(folder / "sealed", databases, "sealed", 2 * turns, sealed=True))
        _, plain = stack.enter_context(_receiver(folder / "plain", databases, "plain", turns, sealed=False))
        for receiver in (sealed, plain):
            receiver.enter()
        works: dict[str, Take] = {
            PLAIN: plain.take,
            SEALED: sealed.take,
            BOTH: sealed.take_audited,
            READ_PLAIN: plain.read,
            READ_SEALED: sealed.read,
        }
        rates = Rates()
        rates.run(works, rounds)
        report.keep(f"{kind}: ", rates)
        report.compare(f"{kind}: batches, sealed and audited / neither", rates, BOTH, PLAIN, _TARGET)
        report.compare(f"{kind}: batches, sealed / neither", rates, SEALED, PLAIN, _TARGET)
        report.compare(f"{kind}: batches, sealed and audited / sealed", rates, BOTH, SEALED, _TARGET)
        report.compare(f"{kind}: reading, sealed / not sealed", rates, READ_SEALED, READ_PLAIN, _READING)
        ledger = sealed_node.settings.database
        report.notes.append(f"{kind}: {_bytes_added(ledger, databases)} bytes more a value in the ledger")
        with open_office(sealed_node.settings) as office:
            report.rates[f"{kind}: data keys wrapped anew"] = _rewrapped(office.data_keys)


def _bytes_added(sealed: str, databases: Databases) -> float:
    """How much longer the lines of the same messages are, sealed."""
    lengths = []
    for url in (sealed, databases.url("plain-origin")):
        engine = open_engine(read_url(url))
        with engine.begin() as connection:
            # The first batch: the same people on both sides, and salts and ids of the same length.
            asked = text("SELECT avg(length(line)) FROM messages WHERE sequence = 1")
            lengths.append(float(connection.execute(asked).scalar_one()))
        engine.dispose()
    return round(lengths[0] - lengths[1], 1)


def _rewrapped(keys: DataKeys | None) -> float:
    if keys is None:
        raise LookupError("a node's ledger is always sealed")
    began = time.perf_counter()
    _, count = keys.rotate(lambda *_: None)
    return round(count / (time.perf_counter() - began), 1)


@contextmanager
def _receiver(
    folder: Path, databases: Databases, name: str, batches: int, *, sealed: bool
) -> Iterator[tuple[BenchNode, Receiver]]:
    folder.mkdir()
    url: Callable[[str], str] = lambda side: databases.url(f"{name}-{side}")  # noqa: E731  # a name for what is handed on
    origin, destination = two_nodes(folder, url)
    with open_office(destination.settings) as sender, open_office(origin.settings) as office:
        say(f"  making {batches} batches")
        if sealed:
            yield origin, Receiver(office, sender, batches)
            return
        plain = open_database(origin.settings.database, keyed=office.node.keyed)
        try:
            taking = Office(
                node=office.node,
                ledgers=plain,
                keyring=office.keyring,
                clock=office.clock,
                documents=office.documents,
                folder=office.folder,
            )
            yield origin, Receiver(taking, sender, batches)
        finally:
            plain.close()


if __name__ == "__main__":
    main()
