"""Whatever a node takes in, no name and no number stands in its databases: neither in files nor in rows."""

import base64
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from adapters.memory import MemoryLedgers
from exchange.checking.check import CheckLayout
from exchange.codes import Kind, Result
from exchange.ledger import EntryFilter, Page
from exchange.wire import ijson
from exchange.wire.message import FeedbackBody
from tests.api.test_cross_checks import a_birth
from tests.builders import WUCHANG, a_check, a_difference, a_person, a_record, an_answer
from tests.building.cases import a_case
from tests.building.sealing import open_database
from tests.building.traces import found_in
from tests.checking.support import a_file
from tests.demo.leaks import needles
from tests.life.two_nodes import Two
from woshou.__main__ import whole
from woshou.demo.people import invent
from woshou.demo.sheets import SheetWriter

PLACE = "湖北省武汉市武昌区"


def bytes_of(url: str) -> bytes:
    """Everything that the database holds, and its key store."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.stem}*") if each.is_file())
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert ("woshou_keys", "data_keys") in tables
        every = []
        for place in tables:
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(*place))):
                every += [value if isinstance(value, bytes) else str(value).encode() for value in row]
        return b"\n".join(every)


@pytest.mark.parametrize("word", ["阿依古丽·买买提", "110102199003071234"])
def test_a_word_is_found_however_it_is_written(word: str):
    text = word.encode()
    for around in (b"", b"x", b"xy"):
        in_base64 = base64.b64encode(around + text), base64.urlsafe_b64encode(around + text + b"z")
        for written in (text, word.encode("utf-16-le"), *in_base64):
            assert found_in(b"\0" + written + b"\0", [word]) == {word}
    assert found_in(text[:-1], [word]) == set()


def test_a_sheet_that_is_imported_leaves_no_person_in_clear(database_url: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("WOSHOU_DATABASE_URL", database_url)
    people = [each for each in invent(7, 120, (WUCHANG, "110102"), date(2026, 1, 8)) if each.origin == WUCHANG]
    named = tmp_path / f"{people[0].name}的台账.xlsx"
    named.write_bytes(SheetWriter(7, WUCHANG, PLACE).register("outflow", people))

    def run(*words: str) -> None:
        ended = CliRunner().invoke(whole(), [*words, "--json", "--data", str(tmp_path / "node")])
        assert ended.exit_code == 0, ended.output

    run("init", "--node", "a.example", "--title", "武昌区", "--jurisdiction", WUCHANG, "--url", "http://127.0.0.1:8000")
    run("import", str(named), "--layout", "outflow")
    # All but the number of a sheet of one row can be guessed, and a plain digest then gives that away.
    single = tmp_path / "one.xlsx"
    single.write_bytes(a_file(CheckLayout.BIRTHS, a_birth()))
    run("cross-check", "run", str(single), "--layout", "births")
    database = open_database(database_url)
    with pytest.raises(Exception, match="missing"), database.transaction(read_only=True) as ledger:
        # There they are; these are not the node's keys.
        ledger.entries.find(EntryFilter(jurisdictions=frozenset({WUCHANG})), Page(limit=1))
    database.close()
    digests = {ijson.digest(file.read_bytes()) for file in (named, single)}
    assert found_in(bytes_of(database_url), needles(people) | digests) == set()


def test_what_is_exchanged_decided_and_answered_leaves_no_person_in_clear(database_url: str):
    database = open_database(database_url)
    database.upgrade()
    two = Two.of(MemoryLedgers(), database)
    asked = [two.xicheng.ask(n) for n in (1, 2)]
    two.carry(two.xicheng)
    for exchange in asked:
        two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    two.carry(two.wuchang)
    with database.transaction() as ledger:
        ledger.cases.add(a_case())
        ledger.cross_checks.add(a_check(), [], [a_difference()])
        ledger.access.remember(an_answer(body=a_person(3).name.encode() + str(a_person(3).document.number).encode()))
    database.close()
    spouse = a_record().spouse
    assert spouse is not None
    words = {str(a_person(n).document.number) for n in (1, 2, 3)} | {
        a_person().name,
        str(spouse.name),
        "R420000001",
        "2018-01-12",
    }
    assert found_in(bytes_of(database_url), words) == set()
