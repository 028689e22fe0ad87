"""Two nodes that are equal but for one protected entry look the same to a partner and to whoever sees no persons."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, event

from adapters.database.engine import open_database
from exchange.auditing.event import NODE_WIDE
from exchange.codes import CloseReason
from exchange.ledger import AuditFilter, ExchangeFilter, Page
from exchange.verbs.enrol import enrol
from exchange.verbs.keep_entry import close_entry, protect_entry, reopen_entry
from tests.api.nodes import Neighbours, Served, neighbours
from tests.builders import WUCHANG, XICHENG, a_person, an_id_number
from tests.building.described import described
from tests.building.waiting import until
from tests.jobs.offices import HandClock
from tests.registers.support import a_draft

BEIJING = "110000"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SIGNED = r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
_DIGEST = re.compile(rf"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]{{43}}|[0-9a-f]{{12}}|{_SIGNED})(?![A-Za-z0-9_-])")
_URL = re.compile(r'127\.0\.0\.1:\d+|(?<="fingerprint":")[^"]+')
MONTH = {"month": "2026-03", "jurisdiction": XICHENG}


def plain(text: str) -> str:
    """Without ids, digests and addresses, which differ between any two nodes."""
    return _DIGEST.sub("D", _UUID.sub("I", _URL.sub("U", text)))


WAYS = ("entered", "protected later", "closed and reopened")


@contextmanager
def counties_twice(folder: Path, how: str) -> Iterator[tuple[Neighbours, Neighbours]]:
    """The same two counties twice; the second time Xicheng has one protected entry more."""
    with ExitStack() as stack:
        made = []
        for name in ("without", "within"):
            (folder / name).mkdir()
            database = open_database(f"sqlite:///{folder / name}.db")
            database.upgrade()
            stack.callback(database.close)
            made.append(stack.enter_context(neighbours(folder / name, HandClock(), xicheng=database)))
        for both in made:
            office = both.xicheng.office
            with office.ledgers.transaction() as ledger:
                drafts = [a_draft(n, destination=WUCHANG, protected=False) for n in (1, 2)]
                enrol(ledger, office.node, XICHENG, drafts, office.now())
                if both is made[1]:
                    hide(ledger, office, how)
        yield made[0], made[1]


@pytest.fixture(params=WAYS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Neighbours, Neighbours]]:
    """Those, for a test that does something with them."""
    with counties_twice(tmp_path, request.param) as made:
        yield made


@pytest.fixture(scope="module", params=WAYS)
def asked_pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Neighbours, Neighbours]]:
    """Those, to be looked at: Xicheng was asked about one of its people whom all may know of, and about the protected one."""
    with counties_twice(tmp_path_factory.mktemp("pair"), request.param) as made:
        for both in made:
            for n in (2, 3):
                ask_about(both, n)
        yield made


def hide(ledger: Any, office: Any, how: str) -> None:
    """One more person, protected before anybody has looked."""
    draft = replace(a_draft(3, destination=WUCHANG), protected=how != "protected later")
    (result,) = enrol(ledger, office.node, XICHENG, [draft], office.now())
    assert result.entry is not None
    own = frozenset({XICHENG})
    if how == "protected later":
        protect_entry(ledger, own, result.entry, True, office.now())
    if how == "closed and reopened":
        close_entry(ledger, own, result.entry, CloseReason.RETURNED, office.now())
        reopen_entry(ledger, own, result.entry, office.now())


def ask_about(both: Neighbours, n: int) -> str:
    """Wuchang asks Xicheng about a person, who applied for it."""
    person = a_person(n)
    body = {
        "person": {"name": person.name, "document": {"type": "id_number", "number": an_id_number(n)}},
        "origin": XICHENG,
        "destination": WUCHANG,
        "purpose": "public_service",
        "items": ["marital_status"],
        "requested_by_person": True,
        "application_date": "2026-03-01",
    }
    exchange: str = both.wuchang.post("/exchanges", body, status=201)["exchange"]
    both.deliver()
    return exchange


@cache
def readable() -> list[str]:
    """Every GET of the local API that needs nothing but what is given here."""
    paths = [path for path, methods in described()["paths"].items() if path.startswith("/api/v1") and "get" in methods]
    given = {"rate": "exchange", "worklist": "to_pair", "report": "feedback", "layout": "outflow", "year": "2026"}
    filled = []
    for path in paths:
        if all(name in given for name in re.findall(r"{(\w+)}", path)) and "templates" not in path:
            filled.append(path.format(**given).removeprefix("/api/v1"))
    return filled


def everything(node: Served, *, place: str, role: str) -> dict[str, tuple[int, str]]:
    """All that a caller can read, with the figures of all rates and the rows behind them."""
    found, refused = {}, refusals(node)
    for path in (*readable(), "/rates/confirmation/rows", "/rates/coverage/rows", "/rates/entry/rows"):
        figures = path.startswith(("/rates", "/reports", "/received-reports/sum"))
        answer = node.http.get(
            f"/api/v1{path}",
            params={**MONTH, "parts": "true", "rate": "feedback_given"} if figures else {},
            headers={"authorization": f"Bearer {node.key(role, place)}"},
        )
        found[path] = (answer.status_code, plain(said_by(answer)))
        if answer.status_code >= 400:  # told in the audit a moment later, and so before the next thing
            refused += 1
            assert until(partial(told, node, refused), pause=0.002)
    return found


def told(node: Served, number: int) -> bool:
    """Whether the audit tells of so many refusals."""
    return refusals(node) == number


def refusals(node: Served) -> int:
    """How many the audit tells of."""
    chains = frozenset({NODE_WIDE, *node.office.node.jurisdictions})
    with node.office.ledgers.transaction(read_only=True) as ledger:
        return len(ledger.audit.find(AuditFilter(jurisdictions=chains, refused=True), Page(limit=1000)))


def said_by(answer: httpx.Response) -> str:
    """What an answer says: of a workbook, which is packed with the time of its making, the sheets and their cells."""
    if not answer.content.startswith(b"PK"):
        return answer.text
    sheets = load_workbook(io.BytesIO(answer.content)).worksheets
    return "\n".join(f"{sheet.title}: {row}" for sheet in sheets for row in sheet.iter_rows(values_only=True))


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("auditor", XICHENG),
        ("auditor", BEIJING),
        ("coordinator", XICHENG),
        ("operator", XICHENG),
        ("coordinator", BEIJING),
    ],
)
def test_whoever_sees_no_persons_sees_no_difference(asked_pair: tuple[Neighbours, Neighbours], role: str, place: str) -> None:
    seen = [everything(both.xicheng, place=place, role=role) for both in asked_pair]
    assert seen[0] == seen[1]
    assert len([path for path, (status, _) in seen[0].items() if status == 200]) > 5


def test_a_partner_sees_no_difference(pair: tuple[Neighbours, Neighbours]) -> None:
    seen = []
    for both in pair:
        told = []
        for n in (1, 3):
            exchange = ask_about(both, n)
            told.append(plain(both.wuchang.call("GET", f"/exchanges/{exchange}").text))
        link = both.xicheng.office.ledgers
        with link.transaction(read_only=True) as ledger:
            findings = [(finding.kind, finding.detail) for finding in ledger.chores.findings(Page())]
            # Of nobody's in the register and of the protected one alike: nobody is found.
            paired = sorted(row.paired_at is None for row in ledger.exchanges.find(_all(both), Page()))
        seen.append((told, findings, paired))
    assert seen[0] == seen[1]


def test_a_query_about_a_protected_person_takes_the_same_work(pair: tuple[Neighbours, Neighbours]) -> None:
    taken = []
    for both in pair:
        ask_about(both, 1)
        statements: Counter[str] = Counter()

        def listen(_connection: object, _cursor: object, statement: str, *_: object, told: Counter[str] = statements) -> None:
            told[statement] += 1

        # Wuchang's books are in memory: what is asked of a database, Xicheng asks.
        event.listen(Engine, "before_cursor_execute", listen)
        ask_about(both, 3)
        event.remove(Engine, "before_cursor_execute", listen)
        taken.append(statements)
    assert taken[0] == taken[1]
    assert sum(taken[0].values()) > 5


def test_the_countys_own_clerk_sees_the_entry_and_cannot_pair_it(pair: tuple[Neighbours, Neighbours]) -> None:
    _, both = pair
    exchange = ask_about(both, 3)
    found = both.xicheng.post("/entries/search", {"document": {"type": "id_number", "number": an_id_number(3)}}, status=200)[
        "items"
    ]
    assert [entry["protected"] for entry in found] == [True]
    refused = both.xicheng.call("POST", f"/exchanges/{exchange}/pairing", json={"entry": found[0]["id"]})
    assert refused.json()["type"] == "urn:woshou:problem:entry-protected"
    assert both.xicheng.get(f"/exchanges/{exchange}/candidates")["items"] == []


def _all(both: Neighbours) -> Any:
    return ExchangeFilter(own=both.xicheng.office.node.jurisdictions)
