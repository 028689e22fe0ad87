"""Finding the header: which row (or two merged rows) names the most fields, and what stands in each column."""

from collections.abc import Iterable
from dataclasses import dataclass

from adapters.sheets.layout import Spellings, flatten
from adapters.sheets.reading.grid import Merges, Row
from adapters.sheets.sheet import Column, SheetRefused, column_letter

_ENOUGH = 3
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header that was found: `last` is the index (from 0) of its lower row; columns are counted from A as 0."""

    last: int
    columns: dict[str, Column]
    unknown: tuple[str, ...]
    excluded: frozenset[int]
    education_code_set: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    last: int
    labels: dict[int, str]
    fields: int
    excluded: int

    def better_than(self, other: "_Candidate | None") -> bool:
        return other is None or (self.fields, self.excluded) > (other.fields, other.excluded)


def find_header(first: list[Row], merges: Merges, offset: int, spellings: Spellings) -> Header | None:
    """The best header among the first rows; None if no row names three fields of the layout.

    SheetRefused if two columns go by the same name, or a column that the layout needs is missing.
    """
    best: _Candidate | None = None
    texts = [{offset + i: str(value).strip() for i, value in enumerate(row) if _is_label(value)} for row in first]
    for number, labels in enumerate(texts):
        single = _rate(number, labels, spellings)
        if single.better_than(best):
            best = single
        if number + 1 < len(texts):
            joined, helped = _join(_spread(labels, texts[number + 1], merges, number), texts[number + 1], spellings)
            pair = _rate(number + 1, joined, spellings)
            if helped and pair.better_than(best):
                best = pair
    if best is None or best.fields < min(_ENOUGH, len(spellings.fields)):
        return None
    return _header_from(best, spellings)


def no_header(rows: int, sheets: Iterable[str], spellings: Spellings) -> SheetRefused:
    """The refusal of a file in which no header was found: says what was looked for, and where."""
    wanted = "、".join(field.zh for field in spellings.fields.values() if field.required)
    where = "、".join(name for name in sheets if name)
    return SheetRefused(
        "header-not-found",
        zh=f"前 {rows} 行中没有找到“{spellings.zh}”的表头；至少应有三列，其中包括：{wanted}。"
        + (f"已查看的工作表：{where}。" if where else ""),
        en=f"No header of this layout in the first {rows} rows; at least three known columns are needed, "
        f"among them: {wanted}." + (f" Sheets looked at: {where}." if where else ""),
    )


def _is_label(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _SHOWN


def _rate(last: int, labels: dict[int, str], spellings: Spellings) -> _Candidate:
    known = {found[0] for label in labels.values() if (found := spellings.field_of(label))}
    excluded = sum(spellings.is_excluded(label) for label in labels.values())
    return _Candidate(last=last, labels=labels, fields=len(known), excluded=excluded)


def _spread(top: dict[int, str], bottom: dict[int, str], merges: Merges, number: int) -> dict[int, tuple[str, bool]]:
    """The upper row with merged cells repeated: column → (text, whether it heads several columns)."""
    spread: dict[int, tuple[str, bool]] = {index: (text, False) for index, text in top.items()}
    if merges:
        for (first_row, first), (last_row, last) in merges:
            if first_row <= number <= last_row and first in top and last > first:
                spread.update(dict.fromkeys(range(first, last + 1), (top[first], True)))
        return spread
    text = None
    for index in range(max([*top, *bottom], default=-1) + 1):
        if index in top:
            text, start = top[index], index
        elif text is not None and index in bottom:
            spread[index] = (text, True)
            spread[start] = (text, True)
    return spread


def _join(top: dict[int, tuple[str, bool]], bottom: dict[int, str], spellings: Spellings) -> tuple[dict[int, str], bool]:
    labels: dict[int, str] = {}
    helped = False
    for index in sorted({*top, *bottom}):
        above, is_group = top.get(index, ("", False))
        below = bottom.get(index, "")
        label = _joined(above, is_group, below, spellings)
        labels[index] = label
        helped = helped or bool(below and above and label != above and spellings.field_of(label))
    return labels, helped


def _joined(above: str, is_group: bool, below: str, spellings: Spellings) -> str:
    if not above or not below:
        return above or below
    flat = flatten(above)
    stems = [above] + [above[: -len(end)] for end in spellings.group_suffixes if above.endswith(end)]
    for stem in stems:
        if spellings.field_of(stem + below):
            return stem + below
    if flat in spellings.neutral_groups:
        return below
    if not is_group and spellings.field_of(above):
        return above
    return f"{above}/{below}"


def _header_from(best: _Candidate, spellings: Spellings) -> Header:
    chosen: dict[str, tuple[int, Column]] = {}
    unknown: list[str] = []
    excluded: set[int] = set()
    code_set = "2006"
    for index, label in sorted(best.labels.items()):
        found = spellings.field_of(label)
        if found is None:
            if spellings.is_excluded(label):
                excluded.add(index)
            elif not spellings.is_told(label):
                unknown.append(" ".join(label.split())[:_SHOWN])
            continue
        field, rank = found
        zh = spellings.fields[field].zh
        column = Column(index=index, letter=column_letter(index), header=" ".join(label.split()))
        earlier = chosen.get(field)
        if earlier and earlier[0] == rank:
            raise SheetRefused(
                "column-twice",
                zh=f"{earlier[1].letter} 列和 {column.letter} 列都是“{zh}”，请只保留一列。",
                en=f"Columns {earlier[1].letter} and {column.letter} are both “{zh}” ({field}): keep one.",
            )
        if earlier is None or rank < earlier[0]:
            chosen[field] = (rank, column)
        superseded = earlier[1] if earlier and rank < earlier[0] else column if earlier else None
        if superseded:
            unknown.append(superseded.header[:_SHOWN])
    columns = {field: column for field, (_, column) in chosen.items()}
    if "education" in columns and "1984" in columns["education"].header:
        code_set = "1984"
    _check_complete(columns, best.last, spellings)
    return Header(
        last=best.last,
        columns=columns,
        unknown=tuple(unknown),
        excluded=frozenset(excluded),
        education_code_set=code_set,
    )


def _check_complete(columns: dict[str, Column], last: int, spellings: Spellings) -> None:
    missing = [field for field in spellings.fields.values() if field.required and field.name not in columns]
    if missing:
        zh = "、".join(field.zh for field in missing)
        en = ", ".join(field.name for field in missing)
        raise SheetRefused(
            "columns-missing",
            zh=f"表头（第 {last + 1} 行）缺少：{zh}。",
            en=f"The header (row {last + 1}) lacks: {zh} ({en}).",
        )
