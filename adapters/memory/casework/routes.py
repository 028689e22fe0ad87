"""What operators pinned, and the trail of what was sent on, in memory."""

from collections.abc import Iterable

from adapters.memory.books import Books, add
from exchange.partners import PartnerStatus
from exchange.routing.table import Confirmed, Pin
from exchange.routing.trail import SentOn


class MemoryRoutes:
    """`exchange.ledger.Routes` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def confirmed(self) -> list[Confirmed]:
        partners = self._books.partners
        return [
            Confirmed(partner=node, active=partners[node].status is PartnerStatus.ACTIVE, codes=partners[node].confirmed)
            for node in sorted(partners)
        ]

    def pins(self) -> list[Pin]:
        return [self._books.pins[prefix] for prefix in sorted(self._books.pins)]

    def pin(self, pin: Pin) -> None:
        self._books.pins[pin.prefix] = pin

    def unpin(self, prefix: str) -> bool:
        return self._books.pins.pop(prefix, None) is not None

    def follow(self, step: SentOn) -> None:
        add(self._books.sent_on, [(step.before, step)])

    def onward(self, exchanges: Iterable[str]) -> list[SentOn]:
        wanted = set(exchanges)
        return self._in_order(step for step in self._books.sent_on.values() if step.before.exchange in wanted)

    def backward(self, exchanges: Iterable[str]) -> list[SentOn]:
        wanted = set(exchanges)
        return self._in_order(step for step in self._books.sent_on.values() if step.after.exchange in wanted)

    @staticmethod
    def _in_order(steps: Iterable[SentOn]) -> list[SentOn]:
        return sorted(steps, key=lambda step: (step.before.exchange, step.before.link))
