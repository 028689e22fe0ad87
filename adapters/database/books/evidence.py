"""Evidence of what two sides of a link cannot settle."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from adapters.database.pages import newest_first
from adapters.database.tables import EvidenceRow
from adapters.database.values import moment_of, stored
from adapters.database.work import AnyRow, Work, table_of
from exchange.ledger import Page
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.settling.evidence import Evidence, EvidenceKind
from exchange.settling.heads import Log

_EVIDENCE = table_of(EvidenceRow)


class SqlEvidence:
    """`exchange.ledger.Evidences` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, evidence: Evidence) -> None:
        if not self._work.claim(EvidenceRow, stored(evidence)) and evidence.settled_at is None:
            again = _EVIDENCE.c.id == evidence.id, _EVIDENCE.c.settled_at.is_not(None)
            self._work.change(_EVIDENCE.update().where(*again).values(settled_at=None))

    def standing(self, partner: str) -> list[Evidence]:
        held = _EVIDENCE.c
        open_ = select(_EVIDENCE).where(held.partner == partner, held.settled_at.is_(None))
        return [_evidence(row) for row in self._work.rows(open_.order_by(held.at, held.id))]

    def settle(self, ids: Iterable[str], at: datetime) -> None:
        standing = (self._work.one_of(_EVIDENCE.c.id, ids), _EVIDENCE.c.settled_at.is_(None))
        self._work.change(_EVIDENCE.update().where(*standing).values(settled_at=to_milliseconds(at)))

    def find(self, partner: str | None, page: Page) -> list[Evidence]:
        held = _EVIDENCE.c
        found = select(_EVIDENCE)
        if partner is not None:
            found = found.where(held.partner == partner)
        return [_evidence(row) for row in self._work.rows(newest_first(found, held.at, held.id, page))]


def _evidence(row: AnyRow) -> Evidence:
    return Evidence(
        **{
            **row._mapping,
            "kind": EvidenceKind(row.kind),
            "log": Log(row.log),
            "at": from_milliseconds(row.at),
            "settled_at": moment_of(row.settled_at),
        }
    )
