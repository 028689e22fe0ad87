"""How long the node takes for each of its pages, over a ledger with a million exchanges.

    python -m bench.pages [--quick] [--json]

A node of a province's hundred counties; every page that is served (`api.pages.ROUTERS`) is opened by each role that may, at one
county and above all of them; those of reports also for the last whole month. What is measured is the whole request over loopback,
to the last byte of the HTML, one at a time, on SQLite and on PostgreSQL; and beside it the work: the processor time of this
process and of the database's, which other work on the machine does not lengthen so. The first call is told apart, for what is
kept of the past is counted by it. `--quick` takes 20,000 exchanges.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from bench.reconciling.meter import postmaster, spent
from exchange.ledger import ApiKey
from exchange.signin.account import NO_SECRET, Account
from exchange.signin.session import Session
from exchange.work.daily import DailyLimits
from exchange.work.worklists import Worklist

_AIM = 150.0
_CALLS = 15
_MONTH = "2026-12"
# Of more than this many milliseconds in all nothing new is learned.
_ENOUGH = 6000.0
_SEATS = (
    (LocalRole.CLERK, Place.COUNTY, COUNTY),
    (LocalRole.COORDINATOR, Place.COUNTY, COUNTY),
    (LocalRole.COORDINATOR, Place.ABOVE, PROVINCE),
    (LocalRole.AUDITOR, Place.ABOVE, PROVINCE),
    (LocalRole.OPERATOR, Place.ABOVE, PROVINCE),
)


@dataclass(slots=True)
class Calls:
    """What the calls of one page took, in milliseconds; the first one apart."""

    status: int
    first: tuple[float, float]
    clock: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)


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
    backends = postmaster(url) if kind == "postgresql" else None
    taken, left_out = dict[Place, dict[str, Calls]](), set[str]()
    with _served(office) as client:
        for role, place, of in _SEATS:
            client.cookies.set("woshou", _seat(database, role, of))
            for label, path in _pages(role, place, names):
                calls = _called(client, path, backends)
                if calls.status != 200:
                    left_out.add(f"{label} ({calls.status})")
                    continue
                name = f"{kind}: {label}, {role} {place}"
                clock, work = statistics.median(calls.clock), statistics.median(calls.work)
                say(f"  {clock:8.1f} ms, work {work:7.1f}, first {calls.first[0]:8.1f}, work {calls.first[1]:7.1f}  {name}")
                report.rates[name], report.rates[f"{name}; work"] = round(clock, 1), round(work, 1)
                taken.setdefault(place, {})[name] = calls
    database.close()
    for place, pages in taken.items():
        _judge(report, f"{kind}, {place}", pages)
    if left_out:
        report.notes.append(f"{kind}: not measured: {', '.join(sorted(left_out))}")


def _judge(report: Report, where: str, pages: dict[str, Calls]) -> None:
    """The slowest page against the aim, by its work and by the clock; and the slowest first call."""
    by_work = max(pages, key=lambda name: statistics.median(pages[name].work))
    by_clock = max(pages, key=lambda name: statistics.median(pages[name].clock))
    at_first = max(pages, key=lambda name: pages[name].first[1])
    for what, slowest, times in (("work", by_work, pages[by_work].work), ("clock", by_clock, pages[by_clock].clock)):
        median = statistics.median(times)
        spread = round((max(times) - min(times)) / median, 3)
        label = f"{where}: {_AIM:.0f} ms / {what} of the slowest page"
        report.ratios[label] = {"value": round(_AIM / median, 4), "target": 1, "better": "higher", "spread": spread}
        report.notes.append(f"{where}: slowest by {what}: {slowest}, {median:.0f} ms")
    over = [name for name, calls in pages.items() if statistics.median(calls.work) > _AIM]
    report.notes.append(f"{where}: {len(over)} of {len(pages)} pages work for more than {_AIM:.0f} ms")
    clock, work = pages[at_first].first
    report.notes.append(f"{where}: the first call that worked longest: {at_first}, {work:.0f} ms, by the clock {clock:.0f} ms")


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
                path = route.path.format(**names)
            except KeyError:
                yield route.path, "/no-name-for-it"
                continue
            yield route.path, path
            if path.startswith("/reports") and "frozen" not in path:
                yield f"{route.path}?month={_MONTH}", f"{path}?month={_MONTH}"


def _called(client: httpx.Client, path: str, backends: int | None) -> Calls:
    """What a few calls took. A page that leads to another one is measured as that one."""
    answer, *first = _call(client, path, backends)
    calls = Calls(
        answer.status_code if answer.headers.get("content-type", "").startswith("text/html") else 0, (first[0], first[1])
    )
    path = answer.url.raw_path.decode()
    while calls.status == 200 and len(calls.clock) < _CALLS and (sum(calls.clock) < _ENOUGH or len(calls.clock) < 3):
        _, clock, work = _call(client, path, backends)
        calls.clock.append(clock)
        calls.work.append(work)
    return calls


def _call(client: httpx.Client, path: str, backends: int | None) -> tuple[httpx.Response, float, float]:
    """The answer, and how long it took: by the clock, and in work."""
    of_others = spent(backends) if backends else 0
    worked, began = time.process_time(), time.perf_counter()
    answer = client.get(path)
    clock, work = time.perf_counter() - began, time.process_time() - worked
    return answer, clock * 1000, (work + (spent(backends) if backends else 0) - of_others) * 1000


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
