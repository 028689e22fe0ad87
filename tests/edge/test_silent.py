"""A partner that accepts calls and says nothing holds few threads: who asks it is refused at once, and all else is answered."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from exchange.routing.table import NoRoute
from tests.api.nodes import Neighbours, neighbours
from tests.builders import WUCHANG_NODE, XICHENG, an_id
from tests.certificates.support import NUMBER, living, put
from tests.jobs.offices import HandClock

ASKING = 44  # more than the pool has threads


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[Neighbours, str]]:
    """Xicheng, whose partner Wuchang accepts connections and says nothing; and the silent address."""
    with neighbours(tmp_path, HandClock()) as both, socket.create_server(("127.0.0.1", 0), backlog=200) as line:
        away = f"http://127.0.0.1:{line.getsockname()[1]}"
        office = both.xicheng.office
        put(office.ledgers, office.node, living())
        with office.ledgers.transaction() as ledger:
            known = ledger.partners.get(WUCHANG_NODE)
            if known is None:
                raise NoRoute
            ledger.partners.save(
                replace(known, url=away, token_endpoint=f"{away}/oauth/token", agreements_endpoint=f"{away}/v1/agreements")
            )
        yield both, away


@pytest.mark.parametrize(("path", "role"), [("/certificate-checks", "clerk"), ("/partners", "operator")])
def test_a_silent_partner_holds_up_nobody_but_two_who_ask_it(silent: tuple[Neighbours, str], path: str, role: str):
    both, away = silent
    node = both.xicheng
    key, watcher = node.key(role, XICHENG), node.key("auditor", XICHENG)
    body = {"url": away} if path == "/partners" else {"number": NUMBER, "entry": an_id(101)}

    def ask(_: int) -> tuple[int, bool, bool]:
        begun = time.monotonic()
        headers = {"authorization": f"Bearer {key}"}
        answer = httpx.post(f"{node.url}/api/v1{path}", json=body, headers=headers, timeout=60)
        return answer.status_code, time.monotonic() - begun < 6, "retry-after" in answer.headers

    with ThreadPoolExecutor(ASKING) as pool:
        asked = [pool.submit(ask, n) for n in range(ASKING)]
        time.sleep(2)
        begun = time.monotonic()
        headers = {"authorization": f"Bearer {watcher}"}
        seen = [
            httpx.get(f"{node.url}{path}", headers=headers, timeout=60).status_code
            for path in ("/healthz", "/readyz", "/.well-known/migrant-exchange", "/api/v1/certificate-checks")
        ]
        waited = time.monotonic() - begun
        answers = Counter(one.result() for one in asked)
    assert (seen, waited < 4) == ([200] * 4, True)
    assert answers[429, True, True] == ASKING - 2
