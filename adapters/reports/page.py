"""A report as a page to be printed: no script, no outside asset, and one style sheet that a strict policy names by its hash."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.reports.about import DEFINITION_HEADS, both, definitions_of, facts_of, groups_of
from exchange.reporting.table import Column, ColumnKind, Document, shown

_FOLDER: Final = Path(__file__).parent
_FIGURES: Final = frozenset({ColumnKind.COUNT, ColumnKind.PERCENT, ColumnKind.POINTS, ColumnKind.DAYS})


def write_page(document: Document) -> bytes:
    """The bytes of the page, in UTF-8."""
    page = (
        _environment()
        .get_template("page.html")
        .render(
            document=document,
            style=_style(),
            policy=page_policy(),
            facts=facts_of(document.basis),
            definition_heads=DEFINITION_HEADS,
            definitions=definitions_of(document),
        )
    )
    return page.encode("utf-8")


@cache
def page_policy() -> str:
    """The Content-Security-Policy that the page holds to, and that is sent with it: its own style sheet and nothing else."""
    hashed = base64.b64encode(hashlib.sha256(_style().encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"shown": shown, "both": both, "groups": groups_of, "figure": _is_figure}
    return environment


def _is_figure(column: Column) -> bool:
    return column.kind in _FIGURES
