"""Another department's sheet in, its check out; and the differences as a sheet that comes back with what a clerk decided.

Parsing and comparing happen before the transaction that stores, a thousand rows at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from adapters.auditing.trail import showing
from adapters.office import Office
from adapters.sheets import Layout, Limits, read_sheet
from adapters.sheets.words import label, labels
from adapters.sheets.writer import Cell, OutColumn, write_sheet
from adapters.taking import facts_of
from exchange.checking.check import FIELD_NAMES, CheckField, CrossCheck, Difference, Doubt, Settlement
from exchange.checking.compare import summary_of
from exchange.imports import RowProblem
from exchange.jurisdiction import Divisions
from exchange.ledger import Within
from exchange.verbs.cross_check.run import CHUNK, CheckKey, Comparison

_COLUMNS = (
    OutColumn(header="差异编号", width=38),
    OutColumn(header="个案编号 entry", width=38),
    OutColumn(header="表格行 row", width=8),
    OutColumn(header="字段 field", width=24),
    OutColumn(header="个案的值 entry's value", width=30),
    OutColumn(header="表格的值 sheet's value", width=30),
    OutColumn(header="所涉子女 child", width=40),
    OutColumn(header="提示 look at", width=24),
    OutColumn(header="处理", width=20, choices=labels("decision")),
)
_DOUBTS = {Doubt.FROM_ELSEWHERE: "迁出地与个案户籍地不同 moved from elsewhere"}
_WORDS = {CheckField.MARITAL_STATUS: "marital_status", CheckField.CHILD_SEX: "sex"}
_PLACES = frozenset({CheckField.ORIGIN, CheckField.TOWNSHIP})
_NOTES = ("在“处理”列选择；空白为暂不处理。 Choose in the column 处理; a blank leaves the difference open.",)


def compare_file(
    office: Office,
    key: CheckKey,
    data: bytes,
    *,
    within: Within | None = None,
    limits: Limits | None = None,
    told: Callable[[int, int], None] = lambda done, rows: None,
) -> Comparison:
    """Read a sheet and compare it with the registers; SheetRefused, NotServed. No transaction may be open.

    `told` hears how many of how many rows are done.
    """
    sheet = read_sheet(data, Layout(key.layout.value), limits)
    facts = facts_of(sheet, "", digest=key.digest)
    comparison = Comparison(office.node, key, facts, office.now())
    rows, done = iter(facts.rows), 0
    while chunk := list(islice(rows, CHUNK)):
        claims = comparison.read(chunk)
        with office.ledgers.transaction(read_only=True, within=within) as ledger:
            comparison.look_up(ledger, claims)
        done += len(chunk)
        told(done, sheet.data_rows)
    return comparison


def write_differences(check: CrossCheck, differences: Iterable[Difference], divisions: Divisions) -> bytes:
    """The open differences of a check as an .xlsx, to be filled in and read again."""
    title = f"比对差异 Differences {check.layout.value}"
    rows = list(differences)
    showing(rows)
    return write_sheet(_COLUMNS, (_row(each, divisions) for each in rows), title=title, notes=_NOTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedDecision:
    """A row of the sheet that says nothing usable."""

    row: int
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What came back: a clerk's word on differences, by their ids; blank ones are left out."""

    wanted: dict[str, Settlement]
    blank: int
    refused: tuple[RefusedDecision, ...]


def read_decisions(data: bytes, limits: Limits | None = None) -> Decisions:
    """Read the sheet of differences that a clerk filled in; SheetRefused. Two different words on one are refused."""
    facts = facts_of(read_sheet(data, Layout.DECISIONS, limits), "", digest="")
    wanted: dict[str, Settlement] = {}
    refused: list[RefusedDecision] = []
    blank = 0
    for row in facts.rows:
        number, word = row.cells.get("difference"), row.cells.get("decision")
        if row.refused:
            refused.append(RefusedDecision(row=row.number, problems=row.problems))
        elif word is None:
            blank += 1
        elif number is None:
            refused.append(RefusedDecision(row=row.number, problems=(_problem(facts.columns["difference"], *_NO_NUMBER),)))
        elif wanted.setdefault(number, Settlement(word)) != word:
            refused.append(RefusedDecision(row=row.number, problems=(_problem(facts.columns["decision"], *_TWICE),)))
    return Decisions(wanted=wanted, blank=blank, refused=tuple(refused))


def parts(wanted: dict[str, Settlement], size: int = CHUNK) -> Iterator[dict[str, Settlement]]:
    """The decisions, at most `size` at a time: each is settled in a transaction of its own."""
    items = iter(wanted.items())
    while part := dict(islice(items, size)):
        yield part


_NO_NUMBER = ("difference", "missing-cell", "差异编号 / the difference's id", "缺少差异编号。", "The difference's id is missing.")
_TWICE = (
    "decision",
    "decision-twice",
    "每项差异一种处理 / one word on each difference",
    "同一差异在前面的行有不同的处理。",
    "An earlier row says something else about this difference.",
)


def _problem(column: str, field: str, code: str, expected: str, zh: str, en: str) -> RowProblem:
    return RowProblem(column=column, field=field, severity="refusal", code=code, found="", expected=expected, zh=zh, en=en)


def _row(each: Difference, divisions: Divisions) -> list[Cell]:
    proposal = each.proposal
    if proposal is None:
        return [each.id, each.entry, each.row, " ".join(FIELD_NAMES[each.field])]
    return [
        each.id,
        each.entry,
        each.row,
        " ".join(FIELD_NAMES[each.field]),
        _shown(each.field, proposal.found, divisions),
        _shown(each.field, proposal.proposed, divisions),
        summary_of(proposal.child) if proposal.child else None,
        _DOUBTS[proposal.doubt] if proposal.doubt else None,
        None,
    ]


def _shown(name: CheckField, value: str | None, divisions: Divisions) -> str | None:
    if value is None:
        return None
    if name in _WORDS:
        return label(_WORDS[name], value)
    return f"{value} {divisions.full_name(value)}" if name in _PLACES and divisions.is_known(value) else value
