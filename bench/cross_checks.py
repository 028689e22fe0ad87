"""How long a sheet of 100,000 births takes against a register of as many, and how much memory of the node.

    python -m bench.cross_checks [--quick] [--json]

Every second row is about somebody in the register, of these every second one differs. The sheet is a real .xlsx; `--quick`
takes a tenth of everything.
"""

import json
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

from adapters.checking import compare_file
from adapters.office import Office
from adapters.sheets.writer import OutColumn, write_sheet
from bench.databases import KINDS
from bench.measure import options, say
from bench.nodes import two_nodes
from bench.people import DESTINATION, ORIGIN
from exchange.checking.check import CheckLayout
from exchange.codes import RegisterKind, Sex
from exchange.people.document import DocumentType
from exchange.people.record import Child, DocumentRef, Person, Record
from exchange.people.register import EntryDraft
from exchange.verbs.cross_check.run import CheckKey
from exchange.verbs.enrol import enrol
from exchange.wire import ijson
from woshou.wiring import open_office

ROWS = 100_000
_HEADER = ("母亲身份证号", "新生儿性别", "新生儿出生日期", "新生儿出生地", "出生医学证明编号", "出生体重")


def number_of(n: int) -> str:
    """An ID number of an invented person; the check digit is not judged here."""
    return f"420106{1970 + n // 100_000:04d}{1 + n // 1_000 % 12:02d}{1 + n // 12_000 % 28:02d}{n % 1_000:03d}0"


def a_draft(n: int) -> EntryDraft:
    """A mother with one child."""
    person = Person(name="某某", document=DocumentRef(type=DocumentType.ID_NUMBER, number=number_of(n)), sex=Sex.FEMALE)
    record = Record(children=[Child(sex=Sex.MALE, birth_date=date(2020, 1, 2))])
    return EntryDraft(register=RegisterKind.OUTFLOW, origin=ORIGIN, destination=DESTINATION, person=person, record=record)


def a_sheet(rows: int) -> bytes:
    """Births of people in the register and of as many others."""
    told = ((number_of(n), "男", "2020-01-12" if n % 4 == 0 else "2020-01-02", None, None, "3.2") for n in range(rows))
    return write_sheet([OutColumn(header=name) for name in _HEADER], told)


def take(office: Office, rows: int, data: bytes) -> dict[str, float]:
    """Fill the register, then check the sheet; seconds of the parts."""
    for start in range(0, rows, 10_000):
        drafts = [a_draft(n) for n in range(start, start + 10_000, 2)]
        with office.ledgers.transaction() as ledger:
            enrol(ledger, office.node, ORIGIN, drafts, office.now())
    key = CheckKey(jurisdiction=ORIGIN, layout=CheckLayout.BIRTHS, register=None, digest=ijson.digest(data))
    began = time.perf_counter()
    comparison = compare_file(office, key, data)
    compared = time.perf_counter()
    with office.ledgers.transaction() as ledger:
        check = comparison.store(ledger, office.now())
    stored = time.perf_counter()
    if (check.rows, check.no_entry, check.differing) != (rows, rows // 2, rows // 4):
        raise SystemExit(f"the counts are wrong: {check}")
    return {"read and compare": compared - began, "store": stored - compared, "all": stored - began}


def main() -> None:
    chosen = options(__doc__.splitlines()[0])
    rows = ROWS // 10 if chosen.quick else ROWS
    data, found = a_sheet(rows), {}
    for kind, opened in KINDS.items():
        with opened() as databases, tempfile.TemporaryDirectory(prefix="woshou-bench-") as folder:
            node, _ = two_nodes(Path(folder), databases.url)
            with open_office(node.settings) as office:
                say(f"{kind}: {rows} rows")
                found[kind] = {name: round(seconds, 2) for name, seconds in take(office, rows, data).items()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {"bench": "cross_checks", "rows": rows, "seconds": found, "node_mib": memory}
    print(json.dumps(told) if chosen.as_json else json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
