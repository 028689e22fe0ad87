"""How fast records get in, beside raw COPY (SQLite: executemany) and beside a plain FastAPI endpoint.

    python -m bench.ingest [--quick] [--json]

All over real HTTP to real processes, a thousand records a request, one request after the other, durable when answered.
"""

import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from adapters.keys import jose, tokens
from adapters.office import Office
from adapters.sheets.writer import OutColumn, write_sheet
from api.access import hash_secret
from bench import people
from bench.batches import Log
from bench.databases import KINDS, Databases
from bench.measure import Options, Rates, Report, Take, options, say
from bench.nodes import BenchNode, free_port, process, served, two_nodes, wait_for
from bench.people import COLUMNS, ORIGIN
from exchange.ledger import ApiKey
from exchange.wire.batch import Outcome, read_receipt
from woshou.wiring import open_office

BATCH = 1000
RAW, PARTNER, PAIRED, BULK, PLAIN, SHEET = (
    "raw",
    "partner batch",
    "partner batch, paired",
    "NDJSON bulk",
    "plain endpoint",
    "sheet",
)
_SECRET = "bench"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HEADERS = {
    "姓名": "name",
    "公民身份号码": "document_number",
    "现居住地": "destination",
    "户籍地": "origin",
    "婚姻状况": "marital_status",
    "结婚日期": "marriage_date",
    "结婚登记地": "marriage_place",
    "配偶姓名": "spouse_name",
    "配偶公民身份号码": "spouse_number",
    "流动日期": "moved_on",
    "文化程度": "education",
    "婚育证明编号": "certificate_number",
}


class Contenders:
    """The ways in, each with requests made beforehand, so that only taking them is measured."""

    def __init__(self, client: httpx.Client, node: BenchNode, sender: Office, requests: int) -> None:
        self._client, self._node, self._sender, self._requests = client, node, sender, requests
        self._log = Log(sender, node.settings.node)
        self._numbers = itertools.count(0, BATCH)
        self._token = {"authorization": f"Bearer {self._access_token()}", "content-type": "application/x-ndjson"}
        self._key = {"authorization": f"Bearer wsk_bench_{_SECRET}"}

    def batch(self, number: int | None = None) -> bytes:
        now = datetime.now(UTC)
        return self._log.batch(people.query_lines(self._thousand(number), now), now)

    def bulk(self) -> tuple[int, bytes]:
        numbers = self._thousand(None)
        return numbers.start, b"".join(people.entry_line(n) + b"\n" for n in numbers)

    def sheet(self) -> bytes:
        names = list(COLUMNS)
        places = [names.index(field) for field in _HEADERS.values()]
        rows = [[str(row[place]) for place in places] for row in people.rows(self._thousand(None))]
        return write_sheet([OutColumn(header=header) for header in _HEADERS], rows)

    def plain(self) -> bytes:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in people.rows(self._thousand(None))]
        return json.dumps(rows, default=str, ensure_ascii=False).encode()

    def rows(self) -> list[tuple[object, ...]]:
        return people.rows(self._thousand(None))

    def send_batch(self, data: bytes) -> None:
        answer = self._client.post(f"{self._node.url}/v1/batches", content=data, headers=self._token)
        answer.raise_for_status()
        self.receipt = answer.text

    def send_bulk(self, body: bytes) -> None:
        headers = {**self._key, "content-type": "application/x-ndjson"}
        answer = self._client.post(f"{self._node.url}/api/v1/entries/bulk", content=body, headers=headers)
        answer.raise_for_status()
        if answer.text.count('"opened"') != BATCH:
            raise RuntimeError(f"not all entries were opened: {answer.text[:300]}")

    def send_sheet(self, file: bytes) -> None:
        upload = {"file": ("台账.xlsx", file)}
        url = f"{self._node.url}/api/v1/imports"
        answer = self._client.post(url, files=upload, data={"layout": "outflow"}, headers=self._key)
        answer.raise_for_status()
        if answer.json()["refused"]:
            raise RuntimeError(f"rows were refused: {answer.text}")

    def check_receipt(self) -> None:
        """The last receipt accepts every message: what was measured was taken in."""
        receipt = read_receipt(jose.read_unverified(self.receipt).payload)
        if any(word.outcome is not Outcome.ACCEPTED for word in receipt.receipts):
            raise RuntimeError(f"messages were rejected: {receipt.receipts[0]}")

    def _thousand(self, number: int | None) -> range:
        start = next(self._numbers) if number is None else number
        return range(start, start + BATCH)

    def _access_token(self) -> str:
        office = self._sender
        assertion = tokens.client_assertion(office.node.name, self._node.settings.node, office.now(), office.signing_key())
        form = {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION, "client_assertion": assertion}
        answer = self._client.post(f"{self._node.url}/oauth/token", data=form)
        return str(answer.raise_for_status().json()["access_token"])


def main() -> None:
    chosen = options(__doc__ or "")
    report = Report(bench="ingest")
    for kind, opened in KINDS.items():
        say(f"{kind}:")
        with opened() as databases:
            _measure(kind, databases, chosen, report)
    report.show(chosen)


def _measure(kind: str, databases: Databases, chosen: Options, report: Report) -> None:
    rounds, requests = (3, 1) if chosen.quick else (7, 2)
    with _ways_in(databases, requests) as (contenders, plain, store):
        rates = Rates()
        rates.run(_works(contenders, plain, store, rounds + 1, requests), rounds)
        contenders.check_receipt()
    report.keep(f"{kind}: ", rates)
    report.compare(f"{kind}: partner batch / raw", rates, PARTNER, RAW, 0.15)
    report.compare(f"{kind}: NDJSON bulk / raw", rates, BULK, RAW, 0.30)
    report.compare(f"{kind}: NDJSON bulk / plain endpoint", rates, BULK, PLAIN, 12)


def _works(
    ways: Contenders,
    plain: Callable[[bytes], None],
    store: Callable[[list[tuple[object, ...]]], None],
    rounds: int,
    requests: int,
) -> dict[str, Take]:
    """Each contender with its requests for all rounds. The people of the bulk are asked about again in `PAIRED`."""
    say(f"  making {rounds} rounds of requests")
    times = rounds * requests
    bulks = [ways.bulk() for _ in range(times)]
    # The log takes its batches in their order: one about strangers and one about people of the register in turn.
    logs = [(ways.batch(), ways.batch(start)) for start, _ in bulks[:rounds]]
    strangers = [[first] for first, _ in logs]
    return {
        RAW: _take(store, [ways.rows() for _ in range(times)], requests),
        PARTNER: _take(ways.send_batch, [batch for batches in strangers for batch in batches], 1),
        BULK: _take(ways.send_bulk, [body for _, body in bulks], requests),
        PAIRED: _take(ways.send_batch, [paired for _, paired in logs], 1),
        PLAIN: _take(plain, [ways.plain() for _ in range(rounds)], 1),
        SHEET: _take(ways.send_sheet, [ways.sheet() for _ in range(rounds)], 1),
    }


def _take(work: Callable[..., None], requests: list[object], at_once: int) -> Take:
    waiting: Iterator[object] = iter(requests)

    def take() -> int:
        for request in itertools.islice(waiting, at_once):
            work(request)
        return at_once * BATCH

    return take


@contextmanager
def _ways_in(databases: Databases, requests: int) -> Iterator[tuple[Contenders, Callable[[bytes], None], Callable[..., None]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="woshou-bench-")))
        origin, destination = two_nodes(folder, databases.url)
        with open_office(origin.settings) as office:
            _add_key(office)
        stack.enter_context(served(origin))
        sender = stack.enter_context(open_office(destination.settings))
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=60))
        port = free_port()
        stack.enter_context(process([sys.executable, "-m", "bench.plain", databases.url("plain"), str(port)]))
        wait_for(f"http://127.0.0.1:{port}/openapi.json")
        raw = databases.raw("raw")
        stack.callback(raw.close)

        def plain(body: bytes) -> None:
            url = f"http://127.0.0.1:{port}/records"
            client.post(url, content=body, headers={"content-type": "application/json"}).raise_for_status()

        yield Contenders(client, origin, sender, requests), plain, raw.store


def _add_key(office: Office) -> None:
    key = ApiKey(
        id="bench",
        secret_hash=hash_secret(_SECRET),
        name="bench",
        jurisdiction=ORIGIN,
        role="system",
        created_at=office.now(),
    )
    with office.ledgers.transaction() as ledger:
        ledger.access.save_api_key(key)


if __name__ == "__main__":
    main()
