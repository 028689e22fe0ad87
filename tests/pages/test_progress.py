"""Sheets that take their time: what is told of them while they go on, how they end, and what is left when they do not."""

import json
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.memory import MemoryLedgers
from adapters.sheets import ImportLayout, Layout
from api.serving.importing import Brought, Importing
from exchange.imports import SILENCE, ImportRun, RunProblem, Stage
from exchange.ledger import AuditFilter, Ledgers, Page
from tests.access.world import CHAOYANG, beijing
from tests.api.nodes import Served, served
from tests.builders import XICHENG, XICHENG_NODE, a_moment, a_run, an_id, an_id_number
from tests.building.sealing import open_database
from tests.conftest import PostgresServer
from tests.jobs.offices import HandClock, an_office
from tests.life.two_nodes import a_node
from tests.pages.support import Reader, refusal_of, signed_in, text_of
from tests.pages.test_imports import bring, dirty
from tests.sheets.workbooks import HEADER, a_csv, a_person

MINE = frozenset({XICHENG})
RUN = "/imports/runs/"


@contextmanager
def patiently(folder: Path, ledgers: Ledgers | None = None, quick_seconds: float = 0.0) -> Iterator[Served]:
    """A node that waits for no import, so that each is told of while it goes on."""
    with served(folder, a_node(XICHENG_NODE, XICHENG), HandClock(), ledgers, quick_seconds=quick_seconds) as node:
        yield node


@pytest.fixture
def xicheng(tmp_path: Path) -> Iterator[Served]:
    with patiently(tmp_path / "node") as node:
        yield node


@cache
def a_sheet(rows: int, first: int = 0) -> bytes:
    """A register of so many people."""
    return a_csv(HEADER, *(a_person(公民身份号码=a_number(n)) for n in range(first, first + rows)))


def a_number(n: int) -> str:
    """The ID number of the nth of many: `an_id_number` has 999."""
    born = a_moment(0) - timedelta(days=9000 + n // 900)
    return with_check_digit(f"{XICHENG}{born:%Y%m%d}{n % 900 + 100}")


def with_check_digit(body: str) -> str:
    weights = [2**n % 11 for n in range(17, 0, -1)]
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def put(node: Served, run: ImportRun) -> str:
    """The page of a run that another process of the node tells of."""
    with node.office.ledgers.transaction() as ledger:
        ledger.imports.put_run(run)
    return RUN + run.id


def ended(reader: Reader, path: str) -> httpx.Response:
    """The page of a run when it says no longer that it goes on."""
    until = time.monotonic() + 60
    while 'http-equiv="refresh"' in (page := reader.get(path)).text:
        assert time.monotonic() < until, text_of(page)
        time.sleep(0.1)
    return page


def events(reader: Reader, path: str) -> list[tuple[str, Any]]:
    """The first event of a stream with what it says."""
    with reader.http.stream("GET", f"{path}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream"), stream.status_code
        return [next(_events(stream.iter_lines()))]


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    for line in lines:
        if line.startswith("event: "):
            yield line.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


def entered(ledgers: Ledgers) -> int:
    """How many people are in the register: by the pages of a list."""
    found, page = 0, Page(limit=1000)
    with ledgers.transaction(read_only=True) as ledger:
        files = ledger.imports.find(MINE, page)
        for file in files:
            found += file.accepted + file.warned
    return found


def rows_told(ledgers: Ledgers) -> list[tuple[str, str | None, int]]:
    """The rows of the audit that tell of imports: action, problem, how many subjects."""
    with ledgers.transaction(read_only=True) as ledger:
        rows = ledger.audit.find(AuditFilter(jurisdictions=MINE, actions=frozenset({"import_sheet"})), Page(limit=100))
    return [(row.event.action, row.event.problem, len(row.event.subjects)) for row in rows]


def test_an_import_that_takes_longer_is_told_of_until_its_result_is_there(xicheng: Served):
    reader = signed_in(xicheng)
    page = bring(reader, dirty())
    assert page.url.path.startswith(RUN)
    assert "正在" in text_of(page)
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.text
    assert "<progress" in page.text
    result = ended(reader, page.url.path)
    assert result.url.path.startswith("/imports/0")
    assert "接收 2 / 4 行" in text_of(result)
    assert "正在导入和未完成的" not in reader.get("/imports").text
    assert rows_told(xicheng.office.ledgers) == [("import_sheet", None, 4)]  # two entries and their two persons


@pytest.mark.parametrize(
    ("run", "zh", "en", "event"),
    [
        (a_run(stage=Stage.WAITING, done=0, rows=0), "排队等候", "Waiting", {"done": 0, "of": None}),
        (a_run(stage=Stage.READING, done=0, rows=0), "正在读取文件", "Reading the file", {"done": 0, "of": None}),
        (a_run(), "已检查 3,000 / 20,000 行", "3,000 of 20,000 rows checked", {"done": 3000, "of": 20000}),
        (a_run(stage=Stage.TAKING), "已登记 3,000 / 20,000 行", "3,000 of 20,000 rows taken", {"done": 3000, "of": 20000}),
    ],
)
def test_how_far_it_is_stands_in_words_and_on_a_bar_and_in_the_stream(
    xicheng: Served, run: ImportRun, zh: str, en: str, event: dict[str, Any]
):
    path = put(xicheng, run)
    chinese = signed_in(xicheng)
    english = signed_in(xicheng, "li", language="en")
    for reader, words in ((chinese, zh), (english, en)):
        page = reader.get(path)
        assert words in text_of(page)
        assert ('max="20000" value="3000"' in page.text) == (event["of"] is not None)
        assert words in text_of(reader.get("/imports"))
        [(name, told)] = events(reader, path)
        assert (name, told.pop("words"), told) == ("progress", *(wanted for wanted in (text_words(page), event)))


def text_words(page: httpx.Response) -> str:
    return page.text.split("data-words>")[1].split("<")[0]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in (Stage.DONE, Stage.FAILED)])
def test_a_run_whose_process_has_gone_is_told_as_broken_off(xicheng: Served, stage: Stage):
    reader = signed_in(xicheng)
    path = put(xicheng, a_run(stage=stage, began_at=xicheng.clock.now(), seen_at=xicheng.clock.now()))
    assert 'http-equiv="refresh"' in reader.get(path).text
    xicheng.clock.move(SILENCE + timedelta(seconds=1))
    page = reader.get(path)
    assert ('http-equiv="refresh"' in page.text, refusal_of(page)) == (False, "import-broken")
    assert "再导入一次" in text_of(page)
    assert "未完成" in text_of(reader.get("/imports"))
    assert events(reader, path) == [("ended", {})]


def test_a_run_that_has_failed_is_told_with_its_reason_for_a_day(xicheng: Served):
    reader = signed_in(xicheng)
    problem = RunProblem(code="too-many-rows", zh="行数过多。", en="Too many rows.")
    path = put(xicheng, a_run(began_at=xicheng.clock.now(), stage=Stage.FAILED, problem=problem))
    assert refusal_of(reader.get(path)) == "too-many-rows"
    assert "行数过多" in text_of(reader.get("/imports"))
    assert events(reader, path) == [("ended", {})]
    xicheng.clock.move(timedelta(days=1, seconds=1))
    reader.sign_in()
    assert "行数过多" not in text_of(reader.get("/imports"))


def test_a_file_that_cannot_be_read_is_told_on_its_page_and_in_the_audit(xicheng: Served):
    reader = signed_in(xicheng)
    page = ended(reader, bring(reader, b"no sheet").url.path)
    assert refusal_of(page) == "header-not-found"
    assert rows_told(xicheng.office.ledgers) == [("import_sheet", "header-not-found", 0)]


def test_nobody_follows_the_import_of_another_county(tmp_path: Path):
    with served(tmp_path / "node", beijing(), HandClock()) as node:
        theirs, mine = signed_in(node, of=CHAOYANG), signed_in(node, "li", of=XICHENG)
        path = put(node, a_run())
        for address in (path, f"{path}/events", RUN + an_id(9), f"{RUN}{an_id(9)}/events"):
            assert theirs.get(address).status_code == 404
        assert mine.get(path).status_code == 200
        assert "正在导入和未完成的" in mine.get("/imports").text
        assert "正在导入和未完成的" not in theirs.get("/imports").text
        stranger = Reader(node)
        assert stranger.get(f"{path}/events").url.path == "/sign-in"
        auditor = signed_in(node, "zhao", role="auditor", of=XICHENG)
        assert [auditor.get(address).status_code for address in (path, f"{path}/events")] == [403, 403]


def test_four_windows_of_one_clerk_follow_imports_and_no_more(xicheng: Served):
    reader = signed_in(xicheng)
    path = put(xicheng, a_run(seen_at=xicheng.clock.now() + timedelta(hours=1)))
    before = len(told_of(xicheng))
    with ExitStack() as streams:
        open_ones = [streams.enter_context(reader.http.stream("GET", f"{path}/events")) for _ in range(4)]
        heard = [_events(stream.iter_lines()) for stream in open_ones]  # kept, for one that is forgotten is closed
        assert [next(each)[0] for each in heard] == ["progress"] * 4
        assert reader.get(f"{path}/events").status_code == 429
        assert reader.get(path).status_code == 200
    until = time.monotonic() + 20
    while not follows(reader, path):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert "follow_import_run" not in told_of(xicheng)[before:]


def follows(reader: Reader, path: str) -> bool:
    with reader.http.stream("GET", f"{path}/events") as stream:
        return stream.status_code == 200


def told_of(node: Served) -> list[str]:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        rows = ledger.audit.find(AuditFilter(jurisdictions=MINE), Page(limit=1000))
    return [row.event.action for row in reversed(rows) if row.event.problem is None]


def test_the_same_file_in_two_windows_at_once_is_taken_in_once(xicheng: Served):
    readers = [signed_in(xicheng), signed_in(xicheng, "li")]
    with ThreadPoolExecutor() as pool:
        paths = list(pool.map(lambda reader: bring(reader, a_sheet(500), name="a.csv").url.path, readers))
    results = [ended(reader, path) for reader, path in zip(readers, paths, strict=True)]
    assert len({result.url.path for result in results}) == 1
    assert all("接收 500 / 500 行" in text_of(result) for result in results)
    assert [file["accepted"] + file["warned"] for file in xicheng.get("/imports")["items"]] == [500]


def test_the_same_file_at_two_processes_at_once_is_taken_in_once(tmp_path: Path):
    books = MemoryLedgers(a_node(XICHENG_NODE, XICHENG).keyed)
    with patiently(tmp_path / "one", books) as one, patiently(tmp_path / "other", books) as other:
        readers = [signed_in(one), signed_in(other, "li")]
        with ThreadPoolExecutor() as pool:
            paths = list(pool.map(lambda reader: bring(reader, a_sheet(500), name="a.csv").url.path, readers))
        results = [ended(reader, path) for reader, path in zip(readers, paths, strict=True)]
        assert len(set(paths)) == 2
        assert len({result.url.path for result in results}) == 1
        assert entered(books) == 500


def test_a_county_has_two_files_under_way_and_another_one_is_told_to_wait(xicheng: Served):
    reader = signed_in(xicheng)
    paths = [bring(reader, a_sheet(rows), name="a.csv").url.path for rows in (600, 601)]
    refused = bring(reader, a_sheet(602), name="a.csv")
    assert (refused.status_code, refusal_of(refused)) == (429, "imports-waiting")
    for path in paths:
        assert ended(reader, path).url.path.startswith("/imports/0")
    assert bring(reader, a_sheet(602), name="a.csv").url.path.startswith(RUN)


def test_who_signs_out_in_the_middle_finds_the_result_after_signing_in_again(xicheng: Served):
    reader = signed_in(xicheng)
    path = bring(reader, a_sheet(500), name="a.csv").url.path
    reader.post("/sign-out")
    assert [reader.get(address).url.path for address in (path, f"{path}/events")] == ["/sign-in", "/sign-in"]
    reader.sign_in()
    assert "接收 500 / 500 行" in text_of(ended(reader, path))


def test_a_node_that_is_stopped_says_so_and_the_same_file_again_takes_the_rest(tmp_path: Path):
    books = MemoryLedgers(a_node(XICHENG_NODE, XICHENG).keyed)
    sheet = a_sheet(16_000)  # four parts
    office = an_office(tmp_path / "first", a_node(XICHENG_NODE, XICHENG), HandClock(), books)
    importing = Importing(office, quick_seconds=0.0)
    brought = Brought(jurisdiction=XICHENG, layout=Layout.OUTFLOW, filename="a.csv", data=sheet, key="k", within=None)
    run = importing.bring(brought)
    path, until = RUN + run.id, time.monotonic() + 60
    while done_of(books, run.id) < 5_000:
        assert time.monotonic() < until
        time.sleep(0.01)
    importing.close()
    with patiently(tmp_path / "again", books) as node:
        reader = signed_in(node)
        page = reader.get(path)
        assert refusal_of(page) == "import-broken"
        assert node.get("/imports")["items"] == []
        result = ended(reader, bring(reader, sheet, name="a.csv").url.path)
        [file] = node.get("/imports")["items"]
        assert "接收 16,000 / 16,000 行" in text_of(result)
        assert (file["accepted"] + file["warned"] + file["unchanged"], file["unchanged"] % 5000, file["unchanged"] > 0) == (
            16_000,
            0,
            True,
        )


def done_of(ledgers: Ledgers, run_id: str) -> int:
    """How many rows a run has told to be taken."""
    with ledgers.transaction(read_only=True) as ledger:
        run = ledger.imports.run(run_id)
    return run.done if run is not None and run.stage is Stage.TAKING else 0


@pytest.mark.parametrize("quick_seconds", [0.0, 30.0])
def test_what_fails_in_the_ledger_is_told_and_nothing_goes_on(tmp_path: Path, quick_seconds: float):
    file = tmp_path / "books.sqlite3"
    database = open_database(f"sqlite:///{file}", keyed=a_node(XICHENG_NODE, XICHENG).keyed)
    database.upgrade()
    with patiently(tmp_path / "node", database, quick_seconds) as node:
        reader = signed_in(node)
        with sqlite3.connect(file) as broken:
            broken.execute("DROP TABLE entry_facts")
        page = bring(reader, dirty())
        assert refusal_of(page if quick_seconds else ended(reader, page.url.path)) == "import-broken"
        assert node.get("/imports")["items"] == []
    database.close()


def test_a_county_follows_its_import_under_row_level_security(tmp_path: Path, postgresql_server: PostgresServer):
    with postgresql_server.database() as url:
        database = open_database(url, keyed=beijing().keyed)
        database.upgrade()
        with served(tmp_path / "node", beijing(), HandClock(), database, quick_seconds=0.0) as node:
            mine, theirs = signed_in(node, of=XICHENG), signed_in(node, "li", of=CHAOYANG)
            path = bring(mine, a_sheet(300), name="a.csv").url.path
            assert theirs.get(path).status_code == 404
            assert "接收 300 / 300 行" in text_of(ended(mine, path))
        database.close()


def test_every_layout_that_can_be_brought_has_its_word_on_the_page(xicheng: Served):
    reader = signed_in(xicheng)
    for n, layout in enumerate(ImportLayout, 1):
        assert reader.get(put(xicheng, a_run(n, layout=layout.value))).status_code == 200


def test_an_import_that_is_quick_leads_to_its_result_at_once(tmp_path: Path):
    with patiently(tmp_path / "node", quick_seconds=60.0) as node:
        reader = signed_in(node)
        page = bring(reader, a_csv(HEADER, a_person(公民身份号码=an_id_number(1))), name="a.csv")
        assert page.url.path.startswith("/imports/0")
        again = bring(reader, a_csv(HEADER, a_person(公民身份号码=an_id_number(1))), name="b.csv")
        assert again.url.path == page.url.path
        assert [subjects for _, _, subjects in rows_told(node.office.ledgers)] == [0, 2]
        with node.office.ledgers.transaction(read_only=True) as ledger:
            assert ledger.imports.runs(MINE, a_moment(-10)) == []
