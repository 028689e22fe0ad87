"""What a node keeps for itself: files taken in, callers, findings; import them from `tests.builders`."""

from dataclasses import replace
from typing import Any

from exchange.announcements import Notification
from exchange.codes import Kind
from exchange.comparing.comparison import Comparison
from exchange.imports import ImportedFile, ImportRun, RowOutcome, RowProblem, RowResult, Stage
from exchange.jurisdiction import Category
from exchange.ledger import ApiKey, Finding, RememberedAnswer
from exchange.signin.account import Account
from exchange.signin.session import Session
from exchange.wire.figures import FigureCell, FigureCounts, LinkFigures, LogLines, StateCounts
from tests.building.basics import WUCHANG, WUCHANG_NODE, XICHENG, a_day, a_digest, a_moment, an_id


def an_import(n: int = 1, **changes: Any) -> ImportedFile:
    """A sheet of Xicheng's outflow register with four rows, one for each outcome."""
    file = ImportedFile(
        id=an_id(n),
        jurisdiction=XICHENG,
        layout="outflow",
        filename=f"流出人口台账（{n}）.xlsx",
        digest=a_digest(f"file {n}"),
        at=a_moment(n),
        rows=4,
        accepted=1,
        unchanged=1,
        warned=1,
        refused=1,
        blank=2,
        excluded_columns=1,
        unknown_columns=("备注",),
    )
    return replace(file, **changes)


def a_run(n: int = 1, **changes: Any) -> ImportRun:
    """A sheet of Xicheng's outflow register of which 3,000 of 20,000 rows are judged."""
    run = ImportRun(
        id=an_id(n),
        jurisdiction=XICHENG,
        layout="outflow",
        began_at=a_moment(n),
        seen_at=a_moment(n + 1),
        stage=Stage.JUDGING,
        done=3_000,
        rows=20_000,
    )
    return replace(run, **changes)


def a_row(row: int, n: int = 1, **changes: Any) -> RowResult:
    """The result of an accepted row of `an_import(n)`."""
    return replace(RowResult(import_id=an_id(n), row=row, outcome=RowOutcome.ACCEPTED, made=an_id(row)), **changes)


def a_row_problem(**changes: Any) -> RowProblem:
    """A warning of a wrong check digit."""
    problem = RowProblem(
        column="D",
        field="document",
        severity="warning",
        code="check-digit",
        found="18 位",
        expected="末位校验码相符",
        zh="身份证号校验码不符。",
        en="The check digit of the ID number is wrong.",
    )
    return replace(problem, **changes)


def an_api_key(n: int = 1, **changes: Any) -> ApiKey:
    """A clerk's key of Xicheng."""
    key = ApiKey(
        id=f"key-{n}",
        secret_hash=a_digest(f"secret {n}"),
        name="经办系统",
        jurisdiction=XICHENG,
        role="clerk",
        created_at=a_moment(n),
    )
    return replace(key, **changes)


def an_account(n: int = 1, **changes: Any) -> Account:
    """The account of that key, with a password that nobody has."""
    return replace(Account(key=f"key-{n}", login=f"clerk-{n}", password_hash=f"$argon2id${n}"), **changes)


def a_session(n: int = 1, **changes: Any) -> Session:
    """A session of the first account, opened at the moment of that number."""
    session = Session(id=a_digest(f"token {n}"), key="key-1", csrf=f"csrf {n}", opened_at=a_moment(n), seen_at=a_moment(n))
    return replace(session, **changes)


def an_answer(n: int = 1, **changes: Any) -> RememberedAnswer:
    """A remembered 201 with a body."""
    answer = RememberedAnswer(
        caller="key-1",
        key=f"idempotency-{n}",
        request_digest=a_digest(f"request {n}"),
        status=201,
        body=b'{"id":"\xe4\xb8\xaa\xe6\xa1\x88"}\x00\xff',
        content_type="application/json",
        headers='{"Location":"/api/v1/entries/1"}',
        at=a_moment(n),
    )
    return replace(answer, **changes)


def a_comparison(n: int = 1, **changes: Any) -> Comparison:
    """A comparison with Wuchang's node in which `n` exchanges here stand beside nine there."""
    counts = FigureCounts(all=n, answered=1, on_time=1, key=0, key_answered=0, apart=0)
    cell = FigureCell(
        asked=WUCHANG,
        asking=XICHENG,
        kind=Kind.QUERY,
        event=None,
        category=Category.MIGRANT,
        due=counts,
        submitted=counts,
    )
    logs = {"sent": LogLines(lines=3, accepted=2), "received": LogLines(lines=1, accepted=1)}
    comparison = Comparison(
        id=an_id(n),
        partner=WUCHANG_NODE,
        at=a_moment(n),
        since=a_day(-500),
        as_of=a_day(9),
        first=a_day(),
        last=a_day(20),
        sent=3,
        received=1,
        rules_ours="woshou-2026.1",
        rules_theirs="woshou-2026.2",
        equal=False,
        whole=True,
        differ=1,
        ours=LinkFigures(**logs, exchanges=n, states=StateCounts(open=n), cells=[cell], cells_left=0),
        theirs=LinkFigures(**logs, exchanges=9, states=StateCounts(), cells=[], cells_left=2),
        answer_jws="header.payload.signature",
    )
    return replace(comparison, **changes)


def a_finding(n: int = 1, **changes: Any) -> Finding:
    """A batch whose stamps are far apart."""
    finding = Finding(
        id=f"finding-{n:04d}",
        kind="clock-skew",
        partner=WUCHANG_NODE,
        subject=f"batch {n}",
        detail="sent_at and received_at differ by 400 s",
        at=a_moment(n),
    )
    return replace(finding, **changes)


def a_notification(n: int = 1, **changes: Any) -> Notification:
    """An exchange that came in, to be told of."""
    body = f'{{"type":"exchange.received","timestamp":"2026-03-02T01:00:00.000Z","data":{{"exchange":"{an_id(n)}"}}}}'
    made = Notification(id=an_id(n), type="exchange.received", body=body, created_at=a_moment(n), retry_at=a_moment(n))
    return replace(made, **changes)
