"""The reconciliations, with their link steps and what they left out, in memory."""

from collections.abc import Sequence
from datetime import date

from adapters.memory.books import Books
from adapters.memory.listing import newest_first
from exchange.cursors import read_moment_cursor, reconciliation_cursor
from exchange.ledger import Page
from exchange.reconciling.reconciliation import By, LeftOut, LinkStep, PairFailed, Reconciliation, Scope


class MemoryReconciliations:
    """`exchange.ledger.Reconciliations` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def put(self, reconciliation: Reconciliation) -> None:
        self._books.reconciliations[reconciliation.id] = reconciliation

    def get(self, reconciliation: str) -> Reconciliation | None:
        return self._books.reconciliations.get(reconciliation)

    def find(self, page: Page) -> list[Reconciliation]:
        found = self._books.reconciliations.values()
        return newest_first(found, page, cursor=reconciliation_cursor, read=read_moment_cursor)

    def unfinished(self, by: By, scope: Scope, day: date) -> Reconciliation | None:
        begun = (
            each
            for each in self._books.reconciliations.values()
            if (each.by, each.scope, each.business_date, each.ended_at) == (by, scope, day, None)
        )
        return max(begun, key=reconciliation_cursor, default=None)

    def put_link(self, step: LinkStep) -> None:
        self._books.link_steps[step.reconciliation, step.partner] = step

    def links(self, reconciliation: str) -> list[LinkStep]:
        return [step for (of, _), step in sorted(self._books.link_steps.items()) if of == reconciliation]

    def put_failed(self, failed: PairFailed) -> None:
        self._books.failed_pairs[failed.reconciliation, failed.pair] = failed

    def failed(self, reconciliation: str) -> list[PairFailed]:
        return [failed for (of, _), failed in sorted(self._books.failed_pairs.items()) if of == reconciliation]

    def leave_out(self, reconciliation: str, left_out: Sequence[LeftOut]) -> None:
        self._books.left_out[reconciliation] = tuple(left_out)

    def left_out(self, reconciliation: str) -> list[LeftOut]:
        return list(self._books.left_out.get(reconciliation, ()))
