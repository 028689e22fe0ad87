"""Frozen reports, those on their way up, and those received, in memory."""

from collections.abc import Sequence

from adapters.memory.books import Books, KeyTaken, add
from exchange.ledger import LedgerBusy
from exchange.reporting.frozen.monthly import FrozenHead, FrozenReport
from exchange.reporting.frozen.upward import ReceivedHead, ReceivedReport, Sending


class MemoryReports:
    """`exchange.ledger.Reports` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def heads(self, *, month: str | None = None) -> list[FrozenHead]:
        found = (report.head for report in self._books.frozen_reports.values() if month in (None, report.head.month))
        return sorted(found, key=lambda head: (head.month, head.jurisdiction, head.edition))

    def frozen(self, digest: str) -> FrozenReport | None:
        return self._books.frozen_reports.get(digest)

    def freeze(self, reports: Sequence[FrozenReport]) -> None:
        taken = {(head.jurisdiction, head.month, head.edition) for head in self.heads()}
        for report in reports:
            edition = (report.head.jurisdiction, report.head.month, report.head.edition)
            if edition in taken:
                raise LedgerBusy
            taken.add(edition)
        add(self._books.frozen_reports, [(report.head.digest, report) for report in reports])

    def sending(self, digest: str, partner: str) -> Sending | None:
        return self._books.report_sendings.get((digest, partner))

    def sendings(self, digest: str) -> list[Sending]:
        found = (sending for sending in self._books.report_sendings.values() if sending.digest == digest)
        return sorted(found, key=lambda sending: sending.partner)

    def waiting(self) -> list[Sending]:
        found = (sending for sending in self._books.report_sendings.values() if sending.waits)
        return sorted(found, key=lambda sending: (sending.queued_at, sending.digest, sending.partner))

    def put_sending(self, sending: Sending) -> None:
        if sending.digest not in self._books.frozen_reports:
            raise KeyTaken("the report was never frozen")
        self._books.report_sendings[sending.digest, sending.partner] = sending

    def received_heads(self, *, month: str | None = None) -> list[ReceivedHead]:
        found = (report.head for report in self._books.received_reports.values() if month in (None, report.head.month))
        return sorted(found, key=lambda head: (head.month, head.jurisdiction, head.edition, head.sender))

    def received(self, digest: str) -> ReceivedReport | None:
        return self._books.received_reports.get(digest)

    def receive(self, report: ReceivedReport) -> None:
        wanted = _edition(report.head)
        if any(_edition(held.head) == wanted for held in self._books.received_reports.values()):
            raise LedgerBusy
        add(self._books.received_reports, [(report.head.digest, report)])


def _edition(head: ReceivedHead) -> tuple[str, str, str, int]:
    return head.sender, head.jurisdiction, head.month, head.edition
