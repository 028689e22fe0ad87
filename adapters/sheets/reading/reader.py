"""Reading a sheet: a plan is compiled from the header once, then every row runs through it.

Only planned columns are touched. The cells of excluded columns pass by in the parser's own rows and are never looked
at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

import msgspec

from adapters.sheets.layout import Spellings, spellings_for
from adapters.sheets.reading import cells
from adapters.sheets.reading.cells import Cleaner, Finding
from adapters.sheets.reading.container import Container, look_at
from adapters.sheets.reading.dates import date_cleaner
from adapters.sheets.reading.grid import Grid, Row, open_grids, too_many
from adapters.sheets.reading.header import Header, find_header, no_header
from adapters.sheets.sheet import CellProblem, Layout, Limits, Note, Severity, Sheet, SheetRow

_CHUNK = 1_000
_REMEMBERED = 50_000
# How many, as a total tells: never the number of a document.
_COUNT = re.compile(r"\d{1,6}(\.0+)?[人名户行条件个]?")
_pack = msgspec.msgpack.Encoder().encode
_Memo = dict[str, str | Finding]


def parse_sheet(data: bytes, layout: Layout, limits: Limits) -> Sheet:
    """Read the first visible sheet that has the layout's header; SheetRefused if there is none or the file is unsound.

    This runs in the calling process; `read_sheet` puts it into one of its own.
    """
    place = locate(data, layout, limits)
    grid, header, spellings = place.grid, place.header, place.spellings
    reading = _Reading(grid=grid, header=header, spellings=spellings, limits=limits)
    packed = tuple(_chunks(reading.rows(place.rows)))
    return Sheet(
        layout=layout,
        spellings=spellings.version,
        sheet_name=grid.name,
        header_row=header.last + 1,
        columns=header.columns,
        unknown_columns=header.unknown,
        excluded_columns=len(header.excluded),
        education_code_set="1984" if header.education_code_set == "1984" else "2006",
        data_rows=reading.taken,
        blank_rows=reading.blank,
        skipped_rows=reading.skipped,
        notes=tuple(_notes(place.container, place.others)),
        packed=packed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the data stand in a file: the sheet, its header, the rows below; `others` are the sheets not read."""

    container: Container
    spellings: Spellings
    grid: Grid
    header: Header
    rows: Iterator[Row]
    others: tuple[str, ...]


def locate(data: bytes, layout: Layout, limits: Limits) -> Place:
    """Find the first visible sheet that has the layout's header."""
    container = look_at(data, limits)
    spellings = spellings_for(layout)
    sheets = list(open_grids(data, container, limits))
    for position, (_, parse) in enumerate(sheets):
        grid = parse()
        first = list(islice(grid.rows, limits.header_rows))
        if header := find_header(first, grid.merges, grid.offset, spellings):
            return Place(
                container=container,
                spellings=spellings,
                grid=grid,
                header=header,
                rows=chain(first[header.last + 1 :], grid.rows),
                others=tuple(name for index, (name, _) in enumerate(sheets) if index != position),
            )
    raise no_header(limits.header_rows, [name for name, _ in sheets], spellings)


def _chunks(rows: Iterator[SheetRow]) -> Iterator[bytes]:
    while chunk := list(islice(rows, _CHUNK)):
        yield _pack(chunk)


def _notes(container: Container, others: tuple[str, ...]) -> Iterator[Note]:
    if container.has_macros:
        yield Note(code="macros-ignored", zh="文件含有宏，未运行。", en="The file holds macros; they were not run.")
    if container.has_external_links:
        yield Note(
            code="links-ignored",
            zh="文件引用了其他文件，未打开；公式取保存时的结果。",
            en="The file refers to other files; they were not opened, and formulas count with their saved values.",
        )
    if others:
        names = "、".join(others)
        yield Note(
            code="other-sheets-ignored",
            zh=f"只读取了一张工作表；未读取：{names}。",
            en=f"One sheet was read; not read: {names}.",
        )


@dataclass(slots=True)
class _Reading:
    grid: Grid
    header: Header
    spellings: Spellings
    limits: Limits
    taken: int = 0
    blank: int = 0
    skipped: int = 0
    _seen: dict[tuple[str, ...], int] = field(default_factory=dict)

    def rows(self, source: Iterator[Row]) -> Iterator[SheetRow]:
        """The data rows: cleaned, without blanks, totals and repeated headers."""
        plan = self._plan()
        limit, longest = self.limits.rows, self.limits.cell_characters
        width = max((index for index, *_ in plan), default=-1) + 1
        marks = self.grid.marks
        for number, raw in enumerate(source, self.header.last + 2):
            if len(raw) < width:
                raw = raw + [""] * (width - len(raw))
            texts: dict[str, str] = {}
            problems: list[CellProblem] = []
            for index, name, clean, memo in plan:
                value = raw[index]
                if value == "":
                    continue
                if memo is not None and type(value) is str:
                    got = memo.get(value)
                    if got is None:
                        got = clean(value)
                        if len(memo) < _REMEMBERED and len(value) <= 64:
                            memo[value] = got
                else:
                    got = clean(value)
                if isinstance(got, Finding):
                    problems.append(self._problem(number, name, got))
                    if got.text:
                        texts[name] = got.text
                elif len(got) > longest:
                    problems.append(self._problem(number, name, cells.too_long(got, longest)))
                elif got:
                    texts[name] = got
            if not texts and not problems:
                self.blank += 1
                continue
            if marks and number in marks:
                problems += self._marked(number)
            if self._is_no_data(raw, texts):
                self.skipped += 1
                continue
            self.taken += 1
            if self.taken > limit:
                raise too_many("rows", limit)
            self._note_duplicate(number, texts, problems)
            yield SheetRow(number=number, cells=texts, problems=tuple(problems))

    def _plan(self) -> list[tuple[int, str, Cleaner, _Memo | None]]:
        as_date = date_cleaner(date_1904=self.grid.date_1904)
        cleaners: dict[str, tuple[Cleaner, bool]] = {
            "name": (cells.as_name, False),
            "number": (cells.as_number, False),
            "text_number": (cells.as_text_number, False),
            "text": (cells.as_text, True),
            "word": (cells.as_word, True),
            "place": (cells.as_place, True),
            "date": (as_date, True),
        }
        plan: list[tuple[int, str, Cleaner, _Memo | None]] = []
        for name, column in self.header.columns.items():
            clean, repeats = cleaners[self.spellings.fields[name].cleaning]
            memo: _Memo | None = {} if repeats else None
            plan.append((column.index - self.grid.offset, name, clean, memo))
        return plan

    def _problem(self, number: int, name: str, finding: Finding) -> CellProblem:
        return CellProblem(
            row=number,
            column=self.header.columns[name].letter,
            field=name,
            severity=finding.severity,
            code=finding.code,
            found=finding.found,
            expected=finding.expected,
            zh=finding.zh,
            en=finding.en,
        )

    def _marked(self, number: int) -> Iterator[CellProblem]:
        fields = {column.index: name for name, column in self.header.columns.items()}
        for index, code in self.grid.marks[number]:
            if name := fields.get(index):
                yield self._problem(number, name, cells.MARKED[code])

    def _is_no_data(self, raw: Row, texts: dict[str, str]) -> bool:
        """Whether the row is a total, a signature line or the header once more."""
        if exchange := texts.get("exchange"):
            return self._names(exchange, "exchange")
        number, name = texts.get("document_number", ""), texts.get("name", "")
        if number and not _COUNT.fullmatch(number):
            return not number.isascii() and self._names(number, "document_number")
        if name and len(texts) > 1 and self._names(name, "name"):
            return True
        excluded = {index - self.grid.offset for index in self.header.excluded}
        labels = [v.strip() for i, v in enumerate(raw) if i not in excluded and isinstance(v, str)]
        labels = [label for label in labels if label and not _COUNT.fullmatch(label)]  # 序号 stands before what the row says
        if not labels:
            return False
        start = "".join(labels[0].split()).replace("：", ":")
        if start.startswith(self.spellings.summary):
            # A count, or who signs, may stand under 姓名. Nobody without a number and a birth date could be entered anyway.
            return not name or name == labels[0] or "birth_date" not in texts
        return not (name or number) and any(self.spellings.field_of(label) for label in labels if len(label) <= 20)

    def _names(self, text: str, name: str) -> bool:
        found = self.spellings.field_of(text)
        return found is not None and found[0] == name

    def _note_duplicate(self, number: int, texts: dict[str, str], problems: list[CellProblem]) -> None:
        identity = _identity(texts, self.spellings.layout)
        if identity is None:
            return
        first = self._seen.setdefault(identity, number)
        if first != number:
            name = next(each for each in ("exchange", "document_number", "name") if each in texts)
            problems.append(
                CellProblem(
                    row=number,
                    column=self.header.columns[name].letter,
                    field=name,
                    severity=Severity.WARNING,
                    code="duplicate-row",
                    found=f"与第 {first} 行相同 / the same as in row {first}",
                    expected="每人（事项）一行 / one row for each person, or matter",
                    zh=f"与第 {first} 行是同一人（事项）。",
                    en=f"The same person (and matter) stands in row {first}.",
                )
            )


def _identity(texts: dict[str, str], layout: Layout) -> tuple[str, ...] | None:
    document = texts.get("document_number")
    if layout is Layout.ANSWERS:
        return (texts["exchange"],) if "exchange" in texts else None
    if document:
        person: tuple[str, ...] = (_without_century(document),)
    elif "name" in texts and "birth_date" in texts:
        person = (texts["name"], texts["birth_date"])
    else:
        return None
    if layout is Layout.MATTERS:
        person += tuple(texts.get(part, "") for part in ("kind", "event", "event_date", "purpose", "items"))
    return person


def _without_century(number: str) -> str:
    """An ID number in its 15-digit form where it has one, so that the old and the new number of a person are equal."""
    if len(number) == 18 and number[6:8] == "19":
        return number[:6] + number[8:17]
    return number
