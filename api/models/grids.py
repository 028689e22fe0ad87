"""A grid as a body: columns of one length, so that a program reads it as a table without a loop."""

import csv
import io
from typing import Self

import msgspec
import numpy as np
from pydantic import Field

from api.models.base import Moment, Shown
from exchange.counting.grid import By, Grid
from exchange.rates import Cohort, RateName


class GridColumns(Shown):
    """One cell at each place of all columns: by jurisdiction, then by period, then by matter."""

    jurisdiction: list[str] = Field(examples=[["110102"]])
    from_: list[str] = Field(alias="from", examples=[["2026-01-21"]])
    to: list[str] = Field(examples=[["2026-02-20"]])
    matter: list[str] = Field(examples=[["query"]])
    numerator: list[int]
    denominator: list[int]


class GridShown(Shown):
    """One rate of many jurisdictions and periods, with what it rests on."""

    rate: RateName
    cohort: Cohort
    by: By
    as_of: Moment
    rules: str = Field(examples=["woshou-2026.1"])
    rules_digest: str
    divisions: str = Field(description="edition of the division table")
    columns: GridColumns

    @classmethod
    def of(cls, grid: Grid) -> Self:
        """From the counts. Nothing of it is looked at again: there may be a hundred thousand cells."""
        places, periods, matters = grid.numerator.shape
        query = grid.query

        def column(values: list[str], each: int, times: int) -> list[str]:
            told: list[str] = np.tile(np.repeat(np.array(values, object), each), times).tolist()
            return told

        columns = GridColumns.model_construct(
            jurisdiction=column(list(query.jurisdictions), periods * matters, 1),
            from_=column([period.first.isoformat() for period in query.periods], matters, places),
            to=column([period.last.isoformat() for period in query.periods], matters, places),
            matter=column(list(grid.matters), 1, places * periods),
            numerator=grid.numerator.ravel().tolist(),
            denominator=grid.denominator.ravel().tolist(),
        )
        return cls.model_construct(
            rate=query.rate,
            cohort=query.cohort,
            by=query.by,
            as_of=query.as_of,
            rules=grid.rules,
            rules_digest=grid.rules_digest,
            divisions=grid.divisions,
            columns=columns,
        )

    def table(self) -> dict[str, list[str] | list[int]]:
        """The columns by name."""
        held = self.columns
        return {
            "jurisdiction": held.jurisdiction,
            "from": held.from_,
            "to": held.to,
            "matter": held.matter,
            "numerator": held.numerator,
            "denominator": held.denominator,
        }

    def json_bytes(self) -> bytes:
        """The whole as JSON."""
        head = self.model_dump(mode="json", exclude={"columns"})
        return msgspec.json.encode({**head, "columns": self.table()})

    def ndjson(self) -> bytes:
        """A JSON object for each cell."""
        table = self.table()
        lines = (dict(zip(table, cell, strict=True)) for cell in zip(*table.values(), strict=True))
        return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)

    def csv(self) -> str:
        """A line for each cell below one of names; codes and days hold nothing that a sheet would take for a formula."""
        table, text = self.table(), io.StringIO()
        writer = csv.writer(text)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
        return text.getvalue()
