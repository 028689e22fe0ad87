"""Which headers mean which field: the spellings table, compiled per layout.

The table is data (`data/spellings.json`, versioned): a spelling is added there, never here.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from adapters.sheets.sheet import Layout

_NOISE = re.compile("[\\s*:、。,.·'\"`\u200b-\u200f\u2060\ufeff_-]+")
_BRACKETED = re.compile(r"[(\[【〔《<{].*?[)\]】〕》>}]")
_BRACKETS = re.compile(r"[()\[\]【】〔〕《》<>{}/]")
_HAN_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a layout: `zh` is its main header, `cleaning` the way in which its cells are read."""

    name: str
    zh: str
    cleaning: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spellings:
    """The headers of one layout.

    Headers that begin with `for_information` stand over what the clerk is told, and are passed over.
    `ranks` maps a flattened spelling to (field, rank): of two columns for one field the lower rank is read, so that
    codes go before the main header, and that before other spellings.
    """

    version: str
    layout: Layout
    zh: str
    fields: dict[str, Field]
    ranks: dict[str, tuple[str, int]]
    excluded: tuple[str, ...]
    for_information: str
    neutral_groups: frozenset[str]
    group_suffixes: tuple[str, ...]
    summary: tuple[str, ...]

    @property
    def headers(self) -> dict[str, str]:
        """The main header of each field, by the field's name."""
        return {name: field.zh for name, field in self.fields.items()}

    def field_of(self, header: str) -> tuple[str, int] | None:
        """The field that goes by this header, with its rank; None for a header that is unknown or excluded."""
        flat = flatten(header)
        found = self.ranks.get(flat)
        if found or self.is_excluded(header):
            return found
        return self.ranks.get(flatten(_BRACKETED.sub("", unicodedata.normalize("NFKC", header))))

    def is_told(self, header: str) -> bool:
        """Whether the column only tells the clerk something."""
        return header.lstrip().startswith(self.for_information)

    def is_excluded(self, header: str) -> bool:
        """Whether the column must be dropped unread. A spelling of an accepted field is never excluded."""
        flat = flatten(header)
        return flat not in self.ranks and any(stem in flat for stem in self.excluded)


def flatten(header: str) -> str:
    """A header without what its spellings differ by: width, blanks, line breaks, asterisks, brackets, case."""
    return _BRACKETS.sub("", _NOISE.sub("", unicodedata.normalize("NFKC", header))).casefold()


@cache
def spellings_for(layout: Layout) -> Spellings:
    """The compiled table for a layout."""
    table: dict[str, Any] = json.loads(files("adapters.sheets").joinpath("data/spellings.json").read_text("utf-8"))
    own = table["layouts"][layout.value]
    fields: dict[str, Field] = {}
    ranks: dict[str, tuple[str, int]] = {}
    for name in own["fields"]:
        spelled = _children(table["child"]) if name == "children" else {name: table["fields"][name]}
        for field, entry in spelled.items():
            fields[field] = Field(name=field, zh=entry["zh"], cleaning=entry["as"], required=field in own["required"])
            for rank, words in enumerate((entry.get("codes", []), [entry["zh"], field], entry["also"])):
                for word in words:
                    ranks.setdefault(flatten(word), (field, rank))
    return Spellings(
        version=table["version"],
        layout=layout,
        zh=own["zh"],
        fields=fields,
        ranks=ranks,
        excluded=tuple(flatten(stem) for stem in table["excluded"]),
        for_information=table["for_information"],
        neutral_groups=frozenset(flatten(group) for group in table["neutral_groups"]),
        group_suffixes=tuple(table["group_suffixes"]),
        summary=tuple(table["summary"]),
    )


def _children(child: dict[str, Any]) -> dict[str, dict[str, Any]]:
    fields = {}
    for n in range(1, child["most"] + 1):
        for part, entry in child["parts"].items():
            main = child["zh"].format(n=n) + entry["zh"]
            words = [
                prefix.format(n=n, c=_HAN_DIGITS[n]) + ending
                for prefix in child["prefixes"]
                for ending in (entry["zh"], *entry["also"])
            ]
            fields[f"child{n}_{part}"] = {"zh": main, "as": entry["as"], "also": words}
    return fields
