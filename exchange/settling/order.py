"""In which order two logs' batches are given back: each after what its sender had seen of the other log when it cut it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from exchange.wire.proven import ProvenBatch


@dataclass(slots=True, kw_only=True)
class Lost:
    """One log as the side holds it that lost batches: `head` is the last one with a receipt, `upto` the last to be given back.

    `read` gives the batch of a sequence, None if it cannot be had.
    """

    head: int
    upto: int
    read: Callable[[int], ProvenBatch | None]
    _next: ProvenBatch | None = field(default=None, init=False)

    @property
    def whole(self) -> bool:
        """Whether nothing is left to be given back."""
        return self.head >= self.upto

    def peek(self) -> ProvenBatch | None:
        """The next batch, read once."""
        if self._next is None and not self.whole:
            self._next = self.read(self.head + 1)
        return self._next

    def take(self) -> None:
        """The next batch was given back."""
        self._next, self.head = None, self.head + 1


def in_order(ours: Lost, theirs: Lost) -> Iterator[ProvenBatch]:
    """The batches of both logs, each once it can be taken, until all is through or neither log goes on.

    Ask for the next one only when the last has been given back.
    """
    while True:
        for log, across in ((ours, theirs), (theirs, ours)):
            batch = log.peek()
            if batch is not None and batch.manifest.seen <= across.head:
                yield batch
                log.take()
                break
        else:
            return
