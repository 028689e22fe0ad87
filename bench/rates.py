"""How fast a report over 3,000 counties, 12 months and 3 kinds of matter is had from ten million exchanges.

    python -m bench.rates [--quick] [--json]

The engine's grid beside a GROUP BY over the raw rows in the same database, and beside the same in DuckDB over the same rows
exported. All three must say the same before anything is timed. `--quick` takes 200,000 exchanges.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg

from adapters.database.engine import Database, open_database
from bench.databases import postgresql_server
from bench.measure import Rates, Report, options, say
from bench.rates_rows import AS_OF, GROUP_BY, KINDS, a_node, helpers, months, statements
from exchange.codes import Role
from exchange.counting.grid import By, Grid, GridQuery
from exchange.exchanges import ExchangeKey
from exchange.node import Node
from exchange.rates import Cohort, RateName
from exchange.verbs.counting.close import close_pages, make_page
from exchange.verbs.counting.grid import grid
from exchange.verbs.counting.recount import recount_exchanges, recount_page

ENGINE, RAW, DUCK = "engine", "GROUP BY over raw rows", "DuckDB over the same rows"
_CHUNK = 1_000_000
_CALLS = 15
_SAMPLE = 2_000
_HELPFUL = ("bench_counties (place)", "bench_days (day)", "bench_days (iso)", "bench_facts (shape)", "bench_versions (shape)")
Cells = dict[tuple[str, int, str, str | None], tuple[int, int]]


class Store(Protocol):
    """A database under the bench's hands, past the node's own door."""

    url: str

    def run(self, statement: str) -> list[tuple[Any, ...]]: ...
    def fill(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None: ...
    def export(self, columns: str, table: str, file: Path) -> None: ...


class Postgres:
    numbers = "(SELECT n::int AS n FROM generate_series({first}, {last}) AS n) AS n"
    padded = "'00000000-0000-7000-8000-' || lpad(n.n::text, 12, '0')"

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute("SET maintenance_work_mem = '512MB'")
        self._connection.execute("SET work_mem = '256MB'")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    def fill(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self.run(f"CREATE TABLE {table} ({columns})")
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def export(self, columns: str, table: str, file: Path) -> None:
        copied = f"COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT CSV, HEADER)".encode()
        with file.open("wb") as out, self._connection.cursor() as cursor, cursor.copy(copied) as copy:
            for data in copy:
                out.write(data)

    def settle(self) -> None:
        self.run("VACUUM ANALYZE")

    def close(self) -> None:
        self._connection.close()


class Sqlite:
    numbers = (
        "(WITH RECURSIVE each(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM each WHERE n < {last}) SELECT n FROM each) AS n"
    )
    padded = "printf('00000000-0000-7000-8000-%012d', n.n)"

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA cache_size = -500000")
        # What a GROUP BY over millions of rows sorts goes to files beside the database.
        self._connection.execute("PRAGMA temp_store = FILE")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def fill(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self.run(f"CREATE TABLE {table} ({columns})")
        marks = ", ".join("?" for _ in columns.split(","))
        self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    def settle(self) -> None:
        self.run("ANALYZE")
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._connection.close()


def main() -> None:
    chosen = options(__doc__ or "")
    report = Report(bench="rates")
    # The raw rows of ten millions are read once: that takes minutes, and the engine's milliseconds are the median of many.
    number, rounds = (200_000, 3) if chosen.quick else (10_000_000, 1)
    node = a_node()
    with tempfile.TemporaryDirectory(prefix="woshou-bench-") as folder:
        duck = duckdb.connect(str(Path(folder) / "rates.duckdb"))
        duck.execute("SET memory_limit = '3GB'")
        with postgresql_server() as server:
            store: Any = Postgres(_made(server.url("rates")))
            _measure("postgresql", store, node, number, rounds, duck, report, export=Path(folder))
        store = Sqlite(_made(f"sqlite:///{Path(folder) / 'rates.sqlite3'}"))
        _measure("sqlite", store, node, number, rounds, duck, report, export=None)
        duck.close()
    report.notes.append("rates are reports a second; the exchanges and their facts are the same in all three")
    report.show(chosen)


def _made(url: str) -> str:
    database = open_database(url)
    database.upgrade()
    database.close()
    return url


def _measure(
    kind: str, store: Any, node: Node, number: int, rounds: int, duck: Any, report: Report, *, export: Path | None
) -> None:
    say(f"{kind}: filling {number:,} exchanges")
    filled = _fill(store, node, number)
    if export is not None:
        _export(store, duck, export)
    with _opened(store.url) as database:
        pages, paged = _pages(database, node)
        _prove(database, node, store, duck, number)
        rates = Rates()
        slow: dict[str, Callable[[], Any]] = {RAW: lambda: store.run(GROUP_BY), DUCK: lambda: duck.execute(GROUP_BY).fetchall()}
        for turn in range(rounds):
            times = [_timed(lambda: _grid(database, node)) for _ in range(_CALLS)]
            rates.rounds.setdefault(ENGINE, []).append(1 / statistics.median(times))
            for name, work in slow.items():
                rates.rounds.setdefault(name, []).append(1 / _timed(work))
            say(f"  round {turn + 1} of {rounds}")
    store.close()
    for name in (ENGINE, RAW, DUCK):
        report.rates[f"{kind}: {name}, ms"] = round(1000 / rates.median(name), 1)
    report.compare(f"{kind}: engine / GROUP BY", rates, ENGINE, RAW, 50)
    report.compare(f"{kind}: engine / DuckDB", rates, ENGINE, DUCK, 5)
    report.notes.append(f"{kind}: filled in {filled:.0f} s; {pages} pages of totals made in {paged:.0f} s")


def _fill(store: Any, node: Node, number: int) -> float:
    began = time.perf_counter()
    for table, columns, rows in helpers(node):
        store.fill(table, columns, rows)
    for place, index in enumerate(_HELPFUL):
        store.run(f"CREATE INDEX bench_{place} ON {index}")
    made = dict(index for table in ("exchanges", "facts", "verdicts") for index in indexes(store, table))
    for name in made:
        store.run(f"DROP INDEX {name}")
    for first in range(0, number, _CHUNK):
        for statement in statements(first, min(first + _CHUNK, number) - 1, numbers=store.numbers, padded=store.padded):
            store.run(statement)
        say(f"  {min(first + _CHUNK, number):,}")
    for statement in made.values():
        store.run(statement)
    store.settle()
    return time.perf_counter() - began


def indexes(store: Any, table: str) -> list[tuple[str, str]]:
    """The indexes of a table, but for its key: their names, and the statements that make them."""
    if isinstance(store, Postgres):
        found = store.run(f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '{table}'")
        return [(name, text) for name, text in found if not name.endswith("_pkey")]
    found = store.run(f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL")
    return [(name, text) for name, text in found]


def _export(store: Any, duck: Any, folder: Path) -> None:
    """The rows that the GROUP BY reads, by way of CSV."""
    columns = {
        "exchanges": "exchange VARCHAR, link BIGINT, role VARCHAR, own VARCHAR, category VARCHAR, kind VARCHAR, event VARCHAR",
        "facts": (
            "exchange VARCHAR, link BIGINT, role VARCHAR, what VARCHAR, round BIGINT, happened_at BIGINT, known_at BIGINT, "
            "voided_at BIGINT, due VARCHAR"
        ),
        "bench_days": "day INTEGER, iso VARCHAR, nine BIGINT, period INTEGER",
    }
    for table, wanted in columns.items():
        file = folder / f"{table}.csv"
        store.export(", ".join(column.split()[0] for column in wanted.split(", ")), table, file)
        duck.execute(f"CREATE TABLE {table} ({wanted})")
        duck.execute(f"COPY {table} FROM '{file}' (FORMAT CSV, HEADER)")
        file.unlink()


def _pages(database: Database, node: Node) -> tuple[int, float]:
    began = time.perf_counter()
    with database.transaction() as ledger:
        missing = [key for key in close_pages(ledger, node, AS_OF) if (key.cohort, key.role) == (Cohort.DUE, Role.ASKED)]
    for key in missing:
        with database.transaction() as ledger:
            make_page(ledger, node, key, AS_OF)
    return len(missing), time.perf_counter() - began


def _grid(database: Database, node: Node) -> Grid:
    wanted = GridQuery(
        rate=RateName.FEEDBACK_GIVEN,
        jurisdictions=tuple(sorted(node.jurisdictions)),
        periods=months(),
        as_of=AS_OF,
        by=By.EVENT,
    )
    with database.transaction(read_only=True) as ledger:
        return grid(ledger, node, wanted)


def _prove(database: Database, node: Node, store: Any, duck: Any, number: int) -> None:
    """All three say the same, the stored versions of a sample are those of its facts, and every page is its sums."""
    made = _grid(database, node)
    cells: Cells = {}
    matters = {(event.value if event else kind.value): (kind.value, event and event.value) for kind, event in KINDS}
    for place, own in enumerate(made.query.jurisdictions):
        for period in range(len(made.query.periods)):
            for column, matter in enumerate(made.matters):
                if made.denominator[place, period, column]:
                    key = (own, period, *matters[matter])
                    cells[key] = (int(made.denominator[place, period, column]), int(made.numerator[place, period, column]))
    for name, rows in ((RAW, store.run(GROUP_BY)), (DUCK, duck.execute(GROUP_BY).fetchall())):
        others = {(own, int(period), *matter): (int(all_), int(answered)) for own, period, *matter, all_, answered in rows}
        if others != cells:
            raise RuntimeError(f"the engine and {name} differ in {len(set(others.items()) ^ set(cells.items()))} cells")
    with database.transaction(read_only=True) as ledger:
        middle = ExchangeKey(1, f"00000000-0000-7000-8000-{number // 2:012d}", Role.ASKED)
        if recount_exchanges(ledger, middle, _SAMPLE).differences:
            raise RuntimeError("the stored versions are not those of the facts")
        pages = list(ledger.counting.all_pages())
        if any(recount_page(ledger, page, AS_OF) for page in pages[:2]):
            raise RuntimeError("a page is not the sum of its versions")
    say(f"  {len(cells):,} cells, {sum(all_ for all_, _ in cells.values()):,} exchanges: the same in all three")


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


if __name__ == "__main__":
    main()
