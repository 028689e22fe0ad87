"""Cross-checks (比对) as bodies."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self

from msgspec import Meta
from pydantic import Field

from adapters.checking import RefusedDecision
from api.models.base import EXAMPLE_ID, Moment, Shown
from api.models.registers.imports import CellShown
from api.models.shapes import Shaped
from exchange.checking.check import (
    CheckField,
    CheckLayout,
    CheckOutcome,
    CheckRow,
    CrossCheck,
    Difference,
    DifferenceState,
    Doubt,
    EntryToCheck,
    FieldCounts,
    Settlement,
)
from exchange.codes import RegisterKind
from exchange.people.record import Child, Shape
from exchange.verbs.cross_check.settle import Settled, SettledAs
from exchange.wire.message import UUID

MOST_AT_ONCE = 1000
SETTLE_EXAMPLE: dict[str, Any] = {"settlement": "take", "differences": [EXAMPLE_ID]}
FIELDS_EXAMPLE: dict[str, Any] = {"settlement": "take", "fields": ["child_birth_date"]}


class Settling(Shape, frozen=True, kw_only=True):
    """A word on differences: on those named, or on all open ones of some fields, a thousand at a time.

    `after` is the `next` of the answer before.
    """

    settlement: Settlement
    differences: Annotated[tuple[UUID, ...], Meta(max_length=MOST_AT_ONCE)] = ()
    fields: Annotated[tuple[CheckField, ...], Meta(max_length=len(CheckField))] = ()
    after: UUID | None = None


class Counts(Shown):
    """Differences by where they stand."""

    open: int
    corrected: int
    kept: int
    lapsed: int

    @classmethod
    def of(cls, counts: Mapping[DifferenceState, int]) -> Self:
        """From the ledger."""
        return cls(**{state.value: counts.get(state, 0) for state in DifferenceState})


class CountsOfField(Counts):
    """The differences in one field."""

    field: CheckField


class CrossCheckShown(Shown):
    """One check. rows = refused + no_entry + equal + differing + ambiguous; matched = the last three."""

    id: str = Field(examples=[EXAMPLE_ID])
    jurisdiction: str = Field(examples=["110102"])
    layout: CheckLayout
    register_: RegisterKind | None = Field(alias="register", description="null: both registers")
    run: int = Field(description="1, and more for a check of the same file once more")
    at: Moment
    rows: int = Field(examples=[500])
    refused: int
    no_entry: int = Field(description="rows about nobody with an open entry; nothing of them is kept")
    matched: int
    equal: int
    differing: int
    ambiguous: int
    blank: int
    excluded_columns: int = Field(description="columns that were dropped unread")
    unknown_columns: int
    differences: Counts
    fields: list[CountsOfField]

    @classmethod
    def of(cls, check: CrossCheck, counts: FieldCounts) -> Self:
        """From the ledger."""
        totals: Counter[DifferenceState] = Counter()
        by_field: dict[CheckField, Counter[DifferenceState]] = {}
        for (name, state), count in counts.items():
            totals[state] += count
            by_field.setdefault(name, Counter())[state] += count
        fields = [CountsOfField(field=name, **Counts.of(by_field[name]).model_dump()) for name in CheckField if name in by_field]
        return cls.model_construct(
            id=check.id,
            jurisdiction=check.jurisdiction,
            layout=check.layout,
            register_=check.register,
            run=check.run,
            at=check.at,
            rows=check.rows,
            refused=check.refused,
            no_entry=check.no_entry,
            matched=check.matched,
            equal=check.equal,
            differing=check.differing,
            ambiguous=check.ambiguous,
            blank=check.blank,
            excluded_columns=check.excluded_columns,
            unknown_columns=check.unknown_columns,
            differences=Counts.of(totals),
            fields=fields,
        )


class RowOfCheck(Shown):
    """A row that was refused or could not be told, and why; nothing of what it says."""

    row: int = Field(description="the sheet's own number", examples=[4])
    outcome: CheckOutcome
    problems: list[CellShown]

    @classmethod
    def of(cls, row: CheckRow) -> Self:
        """From the ledger."""
        return cls(row=row.row, outcome=row.outcome, problems=[CellShown.of(problem) for problem in row.problems])


class DifferenceShown(Shown):
    """One field in which an entry and a row differ. What the two say is erased once it is settled, or after 30 days."""

    id: str = Field(examples=[EXAMPLE_ID])
    check: str = Field(examples=[EXAMPLE_ID])
    entry: str = Field(examples=[EXAMPLE_ID])
    row: int
    field: CheckField
    state: DifferenceState
    settlement: Settlement | None
    at: Moment
    settled_at: Moment | None
    found: str | None = Field(description="the entry's value, null where it has none", examples=["2018-01-02"])
    proposed: str | None = Field(description="the sheet's value; null once it is erased", examples=["2018-01-12"])
    child: Annotated[Child, Shaped(Child)] | None = Field(description="the child that it is about, as the sheet has it")
    on: date | None = Field(description="the day of the event")
    doubt: Doubt | None = Field(description="what to look at before the value is taken")

    @classmethod
    def of(cls, each: Difference) -> Self:
        """From the ledger."""
        told = each.proposal
        return cls(
            id=each.id,
            check=each.check,
            entry=each.entry,
            row=each.row,
            field=each.field,
            state=each.state,
            settlement=each.settlement,
            at=each.at,
            settled_at=each.settled_at,
            found=told.found if told else None,
            proposed=told.proposed if told else None,
            child=told.child if told else None,
            on=told.on if told else None,
            doubt=told.doubt if told else None,
        )


class ToCheckShown(Shown):
    """An entry with open differences, and in which fields."""

    entry: str = Field(examples=[EXAMPLE_ID])
    jurisdiction: str = Field(examples=["110102"])
    fields: list[CheckField]

    @classmethod
    def of(cls, row: EntryToCheck) -> Self:
        """From the ledger."""
        return cls(entry=row.entry, jurisdiction=row.jurisdiction, fields=list(row.fields))


class SettledShown(Shown):
    """What became of one difference; `code` and texts say why it was refused. Stale: the entry has changed, look again."""

    difference: str = Field(examples=[EXAMPLE_ID])
    entry: str | None
    field: CheckField | None
    outcome: SettledAs
    code: str | None = None
    zh: str | None = None
    en: str | None = None

    @classmethod
    def of(cls, result: Settled) -> Self:
        """From the verb."""
        why = result.refusal
        return cls(
            difference=result.difference,
            entry=result.entry,
            field=result.field,
            outcome=result.outcome,
            code=why.code if why else None,
            zh=why.zh if why else None,
            en=why.en if why else None,
        )


class SettledCounts(Shown):
    """How many came to what."""

    corrected: int
    kept: int
    left: int
    stale: int
    unchanged: int
    refused: int

    @classmethod
    def of(cls, results: Sequence[Settled]) -> Self:
        """From the verb."""
        counts = Counter(result.outcome for result in results)
        return cls(**{outcome.value: counts[outcome] for outcome in SettledAs})


class Settlements(Shown):
    """What became of the differences that were to be settled."""

    counts: SettledCounts
    results: list[SettledShown]
    next: str | None = Field(default=None, description="where to go on (`after`), if more differences of the fields are open")

    @classmethod
    def of(cls, results: Sequence[Settled], following: str | None = None) -> Self:
        """From the verb."""
        shown = [SettledShown.of(result) for result in results]
        return cls(counts=SettledCounts.of(results), results=shown, next=following)


class SheetRowRefused(Shown):
    """A row of the filled-in sheet that says nothing usable."""

    row: int
    problems: list[CellShown]

    @classmethod
    def of(cls, row: RefusedDecision) -> Self:
        """From the reader."""
        return cls(row=row.row, problems=[CellShown.of(problem) for problem in row.problems])


class SheetSettled(Settlements):
    """The same for a sheet that was filled in: `blank` rows decide nothing, `refused_rows` could not be read."""

    blank: int
    refused_rows: list[SheetRowRefused]
