"""The program itself, killed in the middle of a long import or without room on its disk: what the clerk sees then."""

import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from adapters.clock import set_clock
from exchange.imports import SILENCE
from tests.api.nodes import Served
from tests.builders import XICHENG, XICHENG_NODE, a_moment
from tests.cli.conftest import Terminal
from tests.jobs.offices import HandClock
from tests.pages.support import Reader, account, refusal_of, text_of
from tests.pages.test_imports import bring
from tests.pages.test_progress import RUN, a_sheet, ended
from woshou.demo.nodes import free_port
from woshou.settings import Settings
from woshou.wiring import open_office

ROWS, FEWER = 30_000, 6_000
PART = 5_000
SOME = re.compile(r"正在登记：已登记 (5|10|15|20|25),000")
# Later than any process has given a sign of life, and earlier than a session ends.
LATER = a_moment() + 10 * SILENCE


class Node:
    """A node in a folder on a simulated clock, with one clerk."""

    def __init__(self, folder: Path) -> None:
        self.port, self.clock, self.data = free_port(), folder / "clock", folder / "node"
        self.url = f"http://127.0.0.1:{self.port}"
        set_clock(self.clock, a_moment())
        made = Terminal(self.data)(
            *("init", "--node", XICHENG_NODE, "--title", "西城区", "--jurisdiction", XICHENG, "--environment", "sandbox"),
            *("--url", self.url, "--clock", str(self.clock)),
        )
        assert made.code == 0, made.err
        with open_office(Settings(data=self.data)) as office:  # type: ignore[call-arg] # the others come from the file
            account(Served(office=office, clock=HandClock(), url=self.url, http=httpx.Client()))

    @contextmanager
    def serving(self, limit: Callable[[], None] | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """The program, until the block ends."""
        process = woshou("serve", "--port", str(self.port), "--data", str(self.data), limit=limit)
        try:
            until = time.monotonic() + 60
            while not answers(self.url):
                assert time.monotonic() < until
                assert process.poll() is None
                time.sleep(0.05)
            yield process
        finally:
            process.kill()
            process.wait()

    def reader(self) -> Reader:
        """The clerk, signed in."""
        reader = Reader(Served(None, HandClock(), self.url, httpx.Client()))  # type: ignore[arg-type] # its address alone
        assert reader.sign_in().status_code == 200
        return reader


def woshou(*words: str, limit: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "woshou", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limit
    )


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return Node(tmp_path_factory.mktemp("killed"))


def test_a_disk_that_is_full_is_told_and_the_same_file_is_taken_when_there_is_room(node: Node):
    """While the ledger is still small: what it has of free room in its file would be used first."""
    full = sum(file.stat().st_size for file in node.data.glob("*.sqlite3")) + 2**18

    def without_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (full, full))

    with node.serving(without_room):
        reader = node.reader()
        page = bring(reader, a_sheet(FEWER, ROWS), name="a.csv")
        until = time.monotonic() + 60
        while page.is_success and "正在" in text_of(page):
            assert time.monotonic() < until
            time.sleep(0.1)
            page = reader.get(page.url.path)
        # Where no look at a page can be told in the audit, none is shown: 500 is all that is left to say.
        assert refusal_of(page) == "import-broken" or page.status_code == 500
    with node.serving():
        result = ended(reader, bring(reader, a_sheet(FEWER, ROWS), name="a.csv").url.path)
        assert f"接收 {FEWER:,} / {FEWER:,} 行" in text_of(result)


def test_a_node_that_is_killed_tells_of_the_import_and_takes_the_rest_from_the_same_file(node: Node):
    with node.serving() as process:
        reader = node.reader()
        path = bring(reader, a_sheet(ROWS), name="a.csv").url.path
        assert path.startswith(RUN)
        until = time.monotonic() + 60
        while not SOME.search(text := text_of(reader.get(path))):
            assert time.monotonic() < until, text
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with node.serving():
        assert "正在登记：已登记" in text_of(reader.get(path))  # as far as anybody can know
        set_clock(node.clock, LATER)
        page = reader.get(path)
        assert (refusal_of(page), 'http-equiv="refresh"' in page.text) == ("import-broken", False)
        assert "未完成" in text_of(reader.get("/imports"))
        result = ended(reader, bring(reader, a_sheet(ROWS), name="a.csv").url.path)
        assert f"接收 {ROWS:,} / {ROWS:,} 行" in text_of(result)
        before = int(text_of(result).split("无变化 ")[1].split(" ")[0].replace(",", ""))
        assert before in range(PART, ROWS, PART)
