"""Frozen reports, those on their way up, and those received."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from adapters.database.faults import or_busy
from adapters.database.tables import FrozenReportRow, ReceivedReportRow, ReportSendingRow
from adapters.database.values import moment_of, stored
from adapters.database.work import AnyRow, Work, named, table_of
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.reporting.frozen.monthly import FrozenHead, FrozenReport
from exchange.reporting.frozen.upward import ReceivedHead, ReceivedReport, Sending

_FROZEN = table_of(FrozenReportRow)
_SENDINGS = table_of(ReportSendingRow)
_RECEIVED = table_of(ReceivedReportRow)
_f, _s, _r = _FROZEN.c, _SENDINGS.c, _RECEIVED.c
# Without their bytes, which a listing does not need.
_FROZEN_HEADS = select(_f.digest, _f.jurisdiction, _f.month, _f.edition, _f.supersedes, _f.frozen_at).order_by(
    _f.month, _f.jurisdiction, _f.edition
)
_RECEIVED_HEADS = select(_r.digest, _r.sender, _r.jurisdiction, _r.month, _r.edition, _r.signed_at, _r.received_at).order_by(
    _r.month, _r.jurisdiction, _r.edition, _r.sender
)


class SqlReports:
    """`exchange.ledger.Reports` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def heads(self, *, month: str | None = None) -> list[FrozenHead]:
        found = _FROZEN_HEADS if month is None else _FROZEN_HEADS.where(_f.month == month)
        return [_frozen_head(row) for row in self._work.rows(found)]

    def frozen(self, digest: str) -> FrozenReport | None:
        row = self._work.first(select(_FROZEN).where(_f.digest == digest))
        return None if row is None else FrozenReport(head=_frozen_head(row), payload=bytes(row.payload))

    def freeze(self, reports: Sequence[FrozenReport]) -> None:
        rows = []
        for report in reports:
            head = report.head
            frozen_at = to_milliseconds(head.frozen_at)
            rows.append((head.digest, head.jurisdiction, head.month, head.edition, head.supersedes, frozen_at, report.payload))
        with or_busy():
            self._work.insert(FrozenReportRow, rows)

    def sending(self, digest: str, partner: str) -> Sending | None:
        row = self._work.first(select(_SENDINGS).where(_s.digest == digest, _s.partner == partner))
        return None if row is None else _sending(row)

    def sendings(self, digest: str) -> list[Sending]:
        return self._listed(select(_SENDINGS).where(_s.digest == digest).order_by(_s.partner))

    def waiting(self) -> list[Sending]:
        waiting = select(_SENDINGS).where(_s.sent_at.is_(None), _s.refused.is_(None))
        return self._listed(waiting.order_by(_s.queued_at, _s.digest, _s.partner))

    def put_sending(self, sending: Sending) -> None:
        self._work.put(ReportSendingRow, stored(sending))

    def received_heads(self, *, month: str | None = None) -> list[ReceivedHead]:
        found = _RECEIVED_HEADS if month is None else _RECEIVED_HEADS.where(_r.month == month)
        return [_received_head(row) for row in self._work.rows(found)]

    def received(self, digest: str) -> ReceivedReport | None:
        row = self._work.first(select(_RECEIVED).where(_r.digest == digest))
        return None if row is None else ReceivedReport(head=_received_head(row), payload=bytes(row.payload), jws=row.jws)

    def receive(self, report: ReceivedReport) -> None:
        values = {**stored(report.head), "payload": report.payload, "jws": report.jws}
        with or_busy():
            self._work.change(_RECEIVED.insert().values(values))

    def _listed(self, found: Select[Any]) -> list[Sending]:
        return [_sending(row) for row in self._work.rows(found)]


def _frozen_head(row: AnyRow) -> FrozenHead:
    return FrozenHead(
        digest=row.digest,
        jurisdiction=row.jurisdiction,
        month=row.month,
        edition=row.edition,
        supersedes=row.supersedes,
        frozen_at=from_milliseconds(row.frozen_at),
    )


def _received_head(row: AnyRow) -> ReceivedHead:
    return ReceivedHead(
        digest=row.digest,
        sender=row.sender,
        jurisdiction=row.jurisdiction,
        month=row.month,
        edition=row.edition,
        signed_at=from_milliseconds(row.signed_at),
        received_at=from_milliseconds(row.received_at),
    )


def _sending(row: AnyRow) -> Sending:
    values = named(_SENDINGS, row)
    values["queued_at"] = from_milliseconds(row.queued_at)
    values["sent_at"] = moment_of(row.sent_at)
    return Sending(**values)
