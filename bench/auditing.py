"""What the audit costs a batch: the same thousand messages taken in one process, with it and without it.

python -m bench.auditing [--quick] [--json]
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from adapters.auditing.ledgers import AuditedLedgers
from adapters.auditing.trail import Trail, leaving
from adapters.inbox import take_batch
from adapters.office import Office
from bench import people
from bench.batches import Log
from bench.databases import KINDS, Databases
from bench.measure import Options, Rates, Report, options, say
from bench.nodes import two_nodes
from exchange.auditing.event import Actor, ActorKind
from woshou.wiring import open_office

BATCH = 1000
WITH, WITHOUT = "audited", "not audited"


@contextmanager
def unaudited(office: Office) -> Iterator[Office]:
    """An office whose transactions take no trail along. For measuring alone: no setting of a node does this."""
    held = office.ledgers
    if not isinstance(held, AuditedLedgers):
        raise TypeError("the office's ledgers are not audited")
    office.ledgers = held.unaudited
    try:
        yield office
    finally:
        office.ledgers = held


def measure(databases: Databases, chosen: Options) -> Rates:
    """Batches of one link, taken in turn with and without."""
    rates = Rates()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        origin, destination = two_nodes(Path(folder), databases.url)
        sender, office = (stack.enter_context(open_office(node.settings)) for node in (destination, origin))
        log, partner, numbers = Log(sender, office.node.name), sender.myself(), iter(range(0, 10**9, BATCH))

        def batch() -> bytes:
            first, now = next(numbers), datetime.now(UTC)
            return log.batch(people.query_lines(range(first, first + BATCH), now), now)

        def audited() -> int:
            actor = Actor(kind=ActorKind.PARTNER, id=partner.node)
            trail = Trail(action="send_batch", node=office.node, now=office.now, ledgers=office.ledgers, actor=actor)
            with leaving(trail):
                take_batch(office, partner, ready.pop())
            return BATCH

        def plain() -> int:
            with unaudited(office):
                take_batch(office, partner, ready.pop())
            return BATCH

        rounds = 3 if chosen.quick else 15
        # Made beforehand, the last first, so that only taking them is measured.
        ready = [batch() for _ in range(2 * (rounds + 1))][::-1]
        rates.run({WITH: audited, WITHOUT: plain}, rounds)
    return rates


def main() -> None:
    chosen = options("what the audit costs a batch")
    report = Report("auditing")
    for kind, opened in KINDS.items():
        say(kind)
        with opened() as databases:
            rates = measure(databases, chosen)
        report.compare(f"{kind}: audited to not audited", rates, WITH, WITHOUT, 0.9)
        report.keep(f"{kind}: ", rates)
    report.show(chosen)


if __name__ == "__main__":
    main()
