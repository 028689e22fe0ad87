"""Imports as bodies."""

from typing import Literal, Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from exchange.counting.share import percent_of
from exchange.imports import ImportedFile, RowOutcome, RowProblem, RowResult


class ImportShown(Shown):
    """One file that was taken in. `entered` counts rows that were accepted, warned of, or unchanged."""

    id: str = Field(examples=[EXAMPLE_ID])
    jurisdiction: str = Field(examples=["110102"])
    layout: str = Field(examples=["outflow"])
    filename: str = Field(examples=["流出台账.xlsx"])
    at: Moment
    rows: int = Field(examples=[500])
    accepted: int
    unchanged: int
    warned: int
    refused: int
    blank: int
    entered: int
    percent: str = Field(description="entered of rows", examples=["98.40 %"])
    excluded_columns: int = Field(description="columns that were dropped unread")
    unknown_columns: list[str]

    @classmethod
    def of(cls, file: ImportedFile) -> Self:
        """From the ledger."""
        return cls(
            id=file.id,
            jurisdiction=file.jurisdiction,
            layout=file.layout,
            filename=file.filename,
            at=file.at,
            rows=file.rows,
            accepted=file.accepted,
            unchanged=file.unchanged,
            warned=file.warned,
            refused=file.refused,
            blank=file.blank,
            entered=file.entered,
            percent=percent_of(file.entered, file.rows),
            excluded_columns=file.excluded_columns,
            unknown_columns=list(file.unknown_columns),
        )


class CellShown(Shown):
    """What is wrong with one cell; `found` describes it and never quotes it."""

    column: str = Field(examples=["D"])
    field: str = Field(examples=["document_number"])
    severity: Literal["warning", "refusal"]
    code: str = Field(examples=["check-digit"])
    found: str
    expected: str
    zh: str
    en: str

    @classmethod
    def of(cls, problem: RowProblem) -> Self:
        """From the ledger."""
        return cls(
            column=problem.column,
            field=problem.field,
            severity=problem.severity,
            code=problem.code,
            found=problem.found,
            expected=problem.expected,
            zh=problem.zh,
            en=problem.en,
        )


class RowOfFile(Shown):
    """What became of one row; `made` is the entry's or the exchange's id."""

    row: int = Field(description="the sheet's own number", examples=[4])
    outcome: RowOutcome
    made: str | None
    problems: list[CellShown]

    @classmethod
    def of(cls, result: RowResult) -> Self:
        """From the ledger."""
        return cls(
            row=result.row,
            outcome=result.outcome,
            made=result.made,
            problems=[CellShown.of(problem) for problem in result.problems],
        )
