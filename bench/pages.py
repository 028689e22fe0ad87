"""How long the node takes for each of its pages, over a ledger with a million exchanges.

    python -m bench.pages [--quick] [--json]

A node of a province's hundred counties; every page that is served (`api.pages.ROUTERS`) is opened by each role that may, at one
county and above all of them. What is measured is the whole request over loopback, to the last byte of the HTML, one at a time, on
SQLite and on PostgreSQL; beside it is said how much of that this process worked. `--quick` takes 20,000 exchanges.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from adapters.database.engine import Database, open_database
from adapters.keys.keyring import Keyring
from adapters.node_document import NodeDocuments
from adapters.office import Office
from adapters.signin.signing_in import hash_token
from api.app import create_app
from api.pages import ROUTERS
from api.pages.route import PageRoute
from api.rights import LocalRole, Place, Right
from api.serving.server import listening, server
from bench.databases import postgresql_server
from bench.measure import Report, options, say
from bench.pages_rows import COUNTY, NOW, PROVINCE, a_node, fill
from bench.rates import Postgres, Sqlite
from exchange.ledger import ApiKey
from exchange.signin.account import NO_SECRET, Account
from exchange.signin.session import Session
from exchange.work.daily import DailyLimits
from exchange.work.worklists import Worklist

_AIM = 150.0
_CALLS = 15
# Of more than this many seconds in all nothing new is learned.
_ENOUGH = 6.0
_SEATS = (
    (LocalRole.CLERK, Place.COUNTY, COUNTY),
    (LocalRole.COORDINATOR, Place.COUNTY, COUNTY),
    (LocalRole.COORDINATOR, Place.ABOVE, PROVINCE),
    (LocalRole.AUDITOR, Place.ABOVE, PROVINCE),
    (LocalRole.OPERATOR, Place.ABOVE, PROVINCE),
)


class StillClock:
    """The moment that the rows are made for."""

    simulated = True

    def now(self) -> datetime:
        return NOW


def main() -> None:
    chosen = options(__doc__ or "")
    report = Report(bench="pages", unit="milliseconds of a page, median")
    number = 20_000 if chosen.quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="woshou-bench-") as folder:
        _measure("sqlite", Sqlite, f"sqlite:///{Path(folder) / 'pages.sqlite3'}", number, report, Path(folder) / "one")
        with postgresql_server() as databases:
            _measure("postgresql", Postgres, databases.url("pages"), number, report, Path(folder) / "other")
    report.show(chosen)


def _measure(kind: str, store: Any, url: str, number: int, report: Report, folder: Path) -> None:
    node = replace(a_node(), daily_limits=DailyLimits(persons=10**9, sheets=10**9))
    database = open_database(url)
    database.upgrade()
    say(f"{kind}: filling {number:,} exchanges")
    began = time.perf_counter()
    raw = store(url)
    names = fill(raw, database, node, number)
    raw.settle()
    raw.close()
    report.notes.append(
        f"{kind}: {number:,} exchanges in {len(node.jurisdictions)} counties, made in {time.perf_counter() - began:.0f} s"
    )
    folder.mkdir()
    keyring = Keyring.create(folder / "keys", NOW)
    documents = NodeDocuments(folder, node, "http://127.0.0.1", StillClock(), keyring)
    office = Office(node=node, ledgers=database, keyring=keyring, clock=StillClock(), documents=documents, folder=folder)
    slowest, left_out = dict[Place, float](), set[str]()
    with _served(office) as client:
        for role, place, of in _SEATS:
            client.cookies.set("woshou", _seat(database, role, of))
            for label, path in _pages(role, place, names):
                times, cpu, status = _times(client, path)
                if status != 200:
                    left_out.add(f"{label} ({status})")
                    continue
                median = statistics.median(times) * 1000
                say(f"  {median:8.1f} ms, {statistics.median(cpu) * 1000:8.1f} of this process  {label}, {role} {place}")
                report.rates[f"{kind}: {label}, {role} {place}"] = round(median, 1)
                slowest[place] = max(slowest.get(place, 0), median)
    database.close()
    for place, found in slowest.items():
        label = f"{kind}: {_AIM:.0f} ms / slowest page, {place}"
        report.ratios[label] = {"value": round(_AIM / found, 4), "target": 1, "better": "higher", "spread": 0.0}
    if left_out:
        report.notes.append(f"{kind}: not measured: {', '.join(sorted(left_out))}")


def _pages(role: LocalRole, place: Place, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every page that the role may open from there, by its pattern; the worklists one by one."""
    for router in ROUTERS:
        for route in router.routes:
            if not isinstance(route, PageRoute) or "GET" not in (route.methods or ()) or not isinstance(route.right, Right):
                continue
            if not route.right.covers(role, place):
                continue
            if "{worklist}" in route.path:
                yield from ((path := route.path.format(worklist=each.value), path) for each in Worklist)
                continue
            try:
                yield route.path, route.path.format(**names)
            except KeyError:
                yield route.path, "/no-name-for-it"


def _times(client: httpx.Client, path: str) -> tuple[list[float], list[float], int]:
    """Seconds of a few calls, one before them not counted, and of those this process's own; and what was answered.

    A page that leads to another one is measured as that one.
    """
    times, cpu = list[float](), list[float]()
    answer = client.get(path)
    path = answer.url.raw_path.decode()
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return times, cpu, 0
    while len(times) < _CALLS and (sum(times) < _ENOUGH or len(times) < 3):
        began, worked = time.perf_counter(), time.process_time()
        answer = client.get(path)
        times.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
    return times, cpu, answer.status_code


def _seat(database: Database, role: LocalRole, of: str) -> str:
    """An account with a session; its token."""
    key, token = f"{role}-{of}", f"token-of-{role}-{of}"
    with database.transaction() as ledger:
        made = ApiKey(id=key, secret_hash=NO_SECRET, name=key, jurisdiction=of, role=role, created_at=NOW)
        ledger.access.save_api_key(made)
        ledger.accounts.add(Account(key=key, login=key, password_hash=None))
        ledger.accounts.open(Session(id=hash_token(token), key=key, csrf="csrf", opened_at=NOW, seen_at=NOW))
    return token


@contextmanager
def _served(office: Office) -> Iterator[httpx.Client]:
    """The node as it is served in production, in a thread of this process."""
    with listening("127.0.0.1", 0) as door:
        serving = server(create_app(office))
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        while not serving.started:
            time.sleep(0.01)
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=120, trust_env=False, follow_redirects=True) as client:
            yield client
        serving.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
