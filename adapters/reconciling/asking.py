"""Our questions to a partner about a pair's registers, one after the other.

No transaction is open while the partner is called. However the partner answers, the calls and the memory of a run are bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import numpy as np

from adapters.office import Office
from adapters.partner_http import PartnerClient, PartnerRefused
from adapters.renewal import Renewals
from exchange.partners import Partner
from exchange.reconciling.apart import Apart, Side
from exchange.reconciling.pairs import Comparable
from exchange.reconciling.results import RegisterRun
from exchange.reconciling.sketch import Cells, Salt, cells_for, digest_of, estimate, sketch_of
from exchange.reconciling.tokens import Tokening
from exchange.verbs.compare_figures import active_partner
from exchange.verbs.reconciling import answer, ask
from exchange.verbs.reconciling.answer import DoesNotSettle
from exchange.verbs.reconciling.ask import Ended
from exchange.verbs.reconciling.asked import TooManyDifferences, most_cells
from exchange.verbs.reconciling.registers import Snapshot, limit_of, stands
from exchange.wire import registers as wire
from exchange.wire.registers import (
    ATTEMPTS,
    CELLS_AT_ONCE,
    CELLS_TYPE,
    REGISTERS_TYPE,
    SETTLED_TYPE,
    CellsTold,
    RegistersAsked,
    RegistersDoNotFit,
    RegistersTold,
    SettledTold,
)

Step = Callable[[str], None]
A = TypeVar("A", RegistersTold, CellsTold, SettledTold)
# How far above twice the limit an estimate must lie for there to be no doubt.
_SURELY = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Our side of a run: its leaves at one revision, and what makes field digests."""

    snapshot: Snapshot
    tokening: Tokening
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """One round: whom we ask, what we asked and were told, and our leaves."""

    partner: Partner
    ours: Ours
    run: RegisterRun
    asked: RegistersAsked
    told: RegistersTold
    limit: int


class Asking:
    """One run with one partner; `calls` and `bytes` are what crossed the wire so far."""

    def __init__(
        self,
        office: Office,
        client: PartnerClient,
        renewals: Renewals,
        what: Comparable,
        run: RegisterRun,
        *,
        step: Step,
    ) -> None:
        self._office, self._client, self._renewals = office, client, renewals
        self._run = run
        self.what, self.step = what, step
        self.calls = self.bytes = 0

    def counted(self, run: RegisterRun) -> RegisterRun:
        """The run with what crossed the wire."""
        return replace(run, calls=self.calls, bytes=self.bytes)

    def compare(self, ours: Ours, *, dry_run: bool) -> Ended:
        """One round; a dry run ends before anything is settled.

        PartnerTrouble, among it PartnerRefused for registers that have changed meanwhile; DoesNotSettle where ours has;
        NotAuthentic.
        """
        opened = self._open(ours)
        if opened.told.digest == opened.asked.digest:
            if opened.told.size != opened.asked.size:
                raise RegistersDoNotFit
            return Ended(run=answer.equal(opened.run))
        nonce, sketch = ask.opened(opened.told)
        salts = [Salt.of(wire.nonce_bytes(opened.asked.nonce), nonce, attempt) for attempt in range(ATTEMPTS)]
        side = Side(opened.ours.snapshot.words, salts[0])
        about = estimate(sketch_of(side.elements, salts[0]), sketch)
        run = replace(opened.run, estimate=about)
        if about > 2 * opened.limit * _SURELY:
            return Ended(run=answer.counted_only(run))
        most, size = most_cells(opened.limit), cells_for(about)
        for attempt, salt in enumerate(salts):
            side = side if attempt == 0 else Side(opened.ours.snapshot.words, salt)
            try:
                table = self._table(opened, attempt, min(size, most), salt)
            except PartnerRefused as refusal:
                if refusal.problem != TooManyDifferences.code:
                    raise
                return Ended(run=answer.counted_only(run))
            apart = side.apart(table)
            if apart is not None:
                return self._end(replace(opened, run=run), attempt, side, apart, dry_run=dry_run)
            size *= 2
        raise RegistersDoNotFit(
            zh="对方给出的数据无法解出差异。", en="What the partner told does not come apart into differences."
        )

    def _open(self, ours: Ours) -> _Opened:
        office, snapshot = self._office, ours.snapshot
        with office.ledgers.transaction(read_only=True) as ledger:
            partner = active_partner(ledger, self.what.partner)
            asked = ask.question(ledger, office.node, self._run, snapshot, digest_of(snapshot.words), office.now())
        self.step("open")
        told = self._call(partner, asked, REGISTERS_TYPE, RegistersTold)
        with office.ledgers.transaction(read_only=True) as ledger:
            limit = min(limit_of(ledger, self.what, told.size, office.now()), told.limit)
        run = ask.as_told(replace(self._run, as_of=ours.as_of), snapshot, told)
        return _Opened(partner=partner, ours=ours, run=run, asked=asked, told=told, limit=limit)

    def _table(self, opened: _Opened, attempt: int, size: int, salt: Salt) -> Cells:
        keys, checks = np.empty(size, np.uint64), np.empty(size, np.uint32)
        for first in range(0, size, CELLS_AT_ONCE):
            self.step("cells")
            asked = ask.cells_question(opened.asked, opened.told.snapshot, attempt, size, first, self._office.now())
            told = self._call(opened.partner, asked, CELLS_TYPE, CellsTold)
            part = slice(first, min(first + CELLS_AT_ONCE, size))
            try:
                keys[part], checks[part] = wire.unpack_cells(told.cells)
            except ValueError as exc:  # a part of a cell, or fewer or more than were asked for
                raise RegistersDoNotFit from exc
        return Cells(keys, checks, salt)

    def _end(self, opened: _Opened, attempt: int, side: Side, apart: Apart, *, dry_run: bool) -> Ended:
        office, ours, told = self._office, opened.ours, opened.told
        if told.size != len(side.words) - len(apart.mine) + len(apart.yours):
            raise RegistersDoNotFit
        if apart.persons > opened.limit:
            return Ended(run=answer.counted_only(opened.run))
        with office.ledgers.transaction(read_only=True) as ledger:
            if not stands(ledger, ours.snapshot):
                raise DoesNotSettle
            prepared = ask.prepare(ledger, office.node, ours.snapshot, ours.tokening, side, apart)
        if dry_run:
            return Ended(run=ask.foreseen(opened.run, ours.snapshot, prepared))
        self.step("settle")
        asked = ask.settle_question(opened.asked, told.snapshot, attempt, side, prepared, office.now())
        settled = self._call(opened.partner, asked, SETTLED_TYPE, SettledTold)
        word = ask.word_of(settled, ours.snapshot, prepared)
        with office.ledgers.transaction(read_only=True) as ledger:
            return ask.ended(ledger, opened.run, ours.snapshot, ours.tokening, side, prepared, word)

    def _call(self, partner: Partner, asked: RegistersAsked, typ: str, kind: type[A]) -> A:
        body = wire.write(asked)
        payload, size = self._renewals.trusting(partner, lambda known: self._client.ask_registers(known, body, typ))
        self.calls += 1
        self.bytes += len(body) + size
        told = wire.read_answer(payload, kind)
        wire.check_answer(body, told)
        return told
