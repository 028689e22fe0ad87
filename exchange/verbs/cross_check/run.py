"""Run a cross-check: read the rows, look up whose entries they are about, a thousand at a time, and store what differs.

Reading and looking up happen before the transaction that stores: a sheet of a hundred thousand rows would block every clerk.
An entry that changes in between is compared anew when its difference is settled. Protected entries are not there at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.checking.check import (
    CheckLayout,
    CheckOutcome,
    CheckRow,
    CrossCheck,
    Difference,
)
from exchange.checking.children import ChildrenAlike
from exchange.checking.compare import Claim, compare
from exchange.checking.judging import Judging
from exchange.codes import RegisterKind
from exchange.errors import Refused
from exchange.ids import new_id
from exchange.imports import RowOutcome, RowProblem
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.register import Entry
from exchange.verbs.cross_check.claims import ClaimReader
from exchange.verbs.sheets.facts import SheetFacts, SheetRow, refusal_problem

CHUNK = 1_000
_DATED = frozenset({CheckLayout.MARRIAGES, CheckLayout.HOUSEHOLD_MOVES})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKey:
    """What makes two checks the same: the bytes, read in one way for one county's registers. `register` None: both."""

    jurisdiction: str
    layout: CheckLayout
    register: RegisterKind | None
    digest: str


class Comparison:
    """A sheet on its way through the registers; NotServed if the county is another node's."""

    def __init__(self, node: Node, key: CheckKey, facts: SheetFacts, now: datetime) -> None:
        self.key = key
        self._facts = facts
        self._reader = ClaimReader(node, key.jurisdiction, key.layout, civil_day(now))
        self._judging = Judging(dated=key.layout in _DATED)

    def read(self, rows: Sequence[SheetRow]) -> list[Claim]:
        """What some rows say; no ledger is needed."""
        claims: list[Claim] = []
        for row in rows:
            if row.refused:
                self._refuse(row, ())
                continue
            try:
                claims += self._reader.read(row)
            except Refused as refusal:
                self._refuse(row, (refusal_problem(refusal),))
        return claims

    def look_up(self, ledger: Ledger, claims: Sequence[Claim]) -> None:
        """Compare the claims with the open entries of their persons: one look-up."""
        found = ledger.entries.by_person([self.key.jurisdiction], {claim.person_index for claim in claims})
        for claim in claims:
            entries = [entry for entry in found.get(claim.person_index, ()) if self._compares(entry)]
            if not entries:
                self._judging.no_entry(claim.row)
            for entry in entries:
                self._compare(entry, claim)

    def store(self, ledger: Ledger, now: datetime, *, again: bool = False) -> CrossCheck:
        """Store the check with its differences; the same bytes again give the last check, unless a new one is asked for.

        A new check of the same bytes takes the place of what was left open by the one before.
        """
        before = known_check(ledger, self.key)
        if before is not None and not again:
            return before
        differing = self._judging.finish()
        check = self._check(new_id(now), now, run=1 if before is None else before.run + 1)
        if before is not None:
            ledger.cross_checks.lapse(check=before.id)
        rows = [
            CheckRow(check=check.id, row=row, outcome=outcome, problems=problems)
            for row, outcome, problems in self._judging.told()
        ]
        # Protected since the entries were looked at: nothing about them is kept.
        held = ledger.entries.load({each.entry for each in differing})
        differences = [
            Difference(
                id=new_id(now),
                check=check.id,
                jurisdiction=check.jurisdiction,
                entry=each.entry,
                entry_version=each.entry_version,
                row=each.row,
                field=each.field,
                at=now,
                proposal=each.proposal,
            )
            for each in sorted(differing, key=lambda each: (each.row, each.entry, each.field))
            if not held[each.entry].protected
        ]
        ledger.cross_checks.add(check, rows, differences)
        return check

    def _compares(self, entry: Entry) -> bool:
        register = self.key.register
        return entry.is_open and not entry.protected and (register is None or entry.register is register)

    def _compare(self, entry: Entry, claim: Claim) -> None:
        try:
            for found in compare(entry, claim, self._reader.places):
                self._judging.compared(found)
        except ChildrenAlike as refusal:
            problem = replace(refusal_problem(refusal), field="child", expected="可辨认的子女 / a child that can be told")
            self._judging.ambiguous(claim.row, problem)

    def _refuse(self, row: SheetRow, problems: tuple[RowProblem, ...]) -> None:
        told = self._facts.result("", row, RowOutcome.REFUSED, problems).problems
        self._judging.refused(row.number, told)

    def _check(self, check_id: str, now: datetime, *, run: int) -> CrossCheck:
        counts: Mapping[CheckOutcome, int] = self._judging.counts()
        return CrossCheck(
            id=check_id,
            jurisdiction=self.key.jurisdiction,
            layout=self.key.layout,
            register=self.key.register,
            digest=self.key.digest,
            run=run,
            at=now,
            rows=sum(counts.values()),
            refused=counts[CheckOutcome.REFUSED],
            no_entry=counts[CheckOutcome.NO_ENTRY],
            equal=counts[CheckOutcome.EQUAL],
            differing=counts[CheckOutcome.DIFFERING],
            ambiguous=counts[CheckOutcome.AMBIGUOUS],
            blank=self._facts.blank,
            excluded_columns=self._facts.excluded_columns,
            unknown_columns=len(self._facts.unknown_columns),
        )


def known_check(ledger: Ledger, key: CheckKey) -> CrossCheck | None:
    """The last check of these bytes, if there is one."""
    return ledger.cross_checks.latest(key.jurisdiction, key.layout, key.register, key.digest)
