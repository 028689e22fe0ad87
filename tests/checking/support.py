"""Other departments' sheets for tests, and Xicheng's registers that they are checked against."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from adapters.sheets import Layout, Limits
from adapters.sheets.reading.reader import parse_sheet
from adapters.taking import facts_of
from exchange.checking.check import CheckLayout, CheckRow, CrossCheck, Difference, DifferenceFilter, DifferenceState
from exchange.codes import RegisterKind, Sex
from exchange.ledger import Ledgers, Page
from exchange.people.record import Child
from exchange.people.register import Entry, EntryDraft
from exchange.verbs.cross_check.run import CheckKey, Comparison
from exchange.verbs.enrol import enrol
from exchange.wire import ijson
from tests.builders import XICHENG, a_moment
from tests.registers.support import NODE
from tests.sheets.workbooks import a_workbook

BIRTHS = ("母亲身份证号", "父亲身份证号", "新生儿性别", "新生儿出生日期", "出生地", "出生医学证明编号", "疫苗接种", "孕周")
MARRIAGES = ("登记类别", "登记日期", "登记机关", "男方姓名", "男方身份证号", "女方姓名", "女方身份证号")
MOVES = ("姓名", "身份证号", "迁出地", "迁入地", "迁移日期")
JABS = ("监护人身份证号", "儿童性别", "儿童出生日期", "现居住地乡镇街道", "乙肝疫苗", "卡介苗")
HEADERS = {
    CheckLayout.BIRTHS: BIRTHS,
    CheckLayout.MARRIAGES: MARRIAGES,
    CheckLayout.HOUSEHOLD_MOVES: MOVES,
    CheckLayout.IMMUNISATION: JABS,
}
OWN = frozenset({XICHENG})
A_CHILD = Child(sex=Sex.FEMALE, birth_date=date(2018, 1, 2), birth_place="湖北省武汉市")


def a_file(layout: CheckLayout, *rows: Sequence[Any]) -> bytes:
    """A workbook with a title row, the header and these rows."""
    return a_workbook([["某部门导出", *[None] * 3], HEADERS[layout], *rows])


def enter(ledgers: Ledgers, *drafts: EntryDraft) -> list[str]:
    """Put people into Xicheng's registers; their entries' ids."""
    with ledgers.transaction() as ledger:
        return [result.entry or "" for result in enrol(ledger, NODE, XICHENG, drafts, a_moment())]


def check(
    ledgers: Ledgers,
    layout: CheckLayout,
    data: bytes,
    *,
    register: RegisterKind | None = None,
    again: bool = False,
    now: int = 10,
    chunk: int = 2,
    meanwhile: Callable[[], None] | None = None,
) -> CrossCheck:
    """Run a check as the edge does, a few rows at a time; `meanwhile` happens before it is stored."""
    key = CheckKey(jurisdiction=XICHENG, layout=layout, register=register, digest=ijson.digest(data))
    facts = facts_of(parse_sheet(data, Layout(layout.value), Limits()), "", digest=key.digest)
    comparison = Comparison(NODE, key, facts, a_moment(now))
    rows = list(facts.rows)
    for start in range(0, len(rows), chunk):
        claims = comparison.read(rows[start : start + chunk])
        with ledgers.transaction(read_only=True) as ledger:
            comparison.look_up(ledger, claims)
    if meanwhile is not None:
        meanwhile()
    with ledgers.transaction() as ledger:
        return comparison.store(ledger, a_moment(now), again=again)


def counts(check: CrossCheck) -> tuple[int, int, int, int, int, int]:
    """rows, refused, no entry, equal, differing, ambiguous."""
    return check.rows, check.refused, check.no_entry, check.equal, check.differing, check.ambiguous


def differences(ledgers: Ledgers, check: CrossCheck, state: DifferenceState | None = None) -> list[Difference]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.cross_checks.differences(DifferenceFilter(own=OWN, check=check.id, state=state), Page(limit=1000))


def said(found: Iterable[Difference]) -> list[tuple[int, str, str | None, str | None]]:
    """Row, field, the entry's and the sheet's value of each."""
    told = [(each, each.proposal) for each in found]
    return [(d.row, d.field.value, p.found if p else None, p.proposed if p else None) for d, p in told]


def rows_to_look_at(ledgers: Ledgers, check: CrossCheck) -> list[CheckRow]:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.cross_checks.rows(check.id, Page(limit=1000))


def held(ledgers: Ledgers, entry: str) -> Entry:
    with ledgers.transaction(read_only=True) as ledger:
        found = ledger.entries.get(entry)
    assert found is not None
    return found
