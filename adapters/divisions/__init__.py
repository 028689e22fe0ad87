"""The division table's data, and its reader; made by `scripts/build_divisions.py`, described in docs/divisions.md."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from exchange.jurisdiction import Divisions, DivisionType, Jurisdiction, Level

LEVELS = {level.value: level for level in Level}
TYPES = {kind.value: kind for kind in DivisionType}


@cache
def load_divisions() -> Divisions:
    """The table, read once in a process; townships when one is first asked for."""
    edition: str = json.loads(files(__name__).joinpath("edition.json").read_text(encoding="utf-8"))["edition"]
    return Divisions(_read_divisions(), edition=edition, townships=_read_townships)


def _read_divisions() -> Iterator[Jurisdiction]:
    text = files(__name__).joinpath("divisions.csv").read_text(encoding="utf-8")
    rows = csv.reader(io.StringIO(text, newline=""))
    next(rows)
    for code, name, level, kind, parent, start, end, successors, basis in rows:
        yield Jurisdiction(
            code=code,
            name=name,
            level=LEVELS[level],
            type=TYPES[kind],
            parent=parent or None,
            valid_from=int(start) if start else None,
            valid_until=int(end) if end else None,
            successors=tuple(successors.split()),
            basis=basis,
        )


def _read_townships() -> Iterator[Jurisdiction]:
    text = gzip.decompress(files(__name__).joinpath("townships.csv.gz").read_bytes()).decode()
    rows = csv.reader(io.StringIO(text, newline=""))
    next(rows)
    for code, name, kind, parent, end in rows:
        yield Jurisdiction(
            code=code,
            name=name,
            level=Level.TOWNSHIP,
            type=TYPES[kind],
            parent=parent,
            valid_until=int(end) if end else None,
        )
