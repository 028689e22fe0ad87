"""Ten million exchanges by sets: raw rows written by the database itself, and the versions that the engine derives from them.

Every exchange follows one of a few shapes. What the engine stores for a shape is asked of the engine once
(`versions_of`) and moved by days; a sample is proven afterwards by a recount of the whole path.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adapters.divisions import load_divisions
from adapters.rules import packaged_house_book, packaged_house_rules, packaged_rulebook, packaged_rules
from exchange.codes import Event, Kind, Purpose, Result, Role
from exchange.conversation import Fact, FactKind
from exchange.counting.history import History, KeptFact
from exchange.counting.sorts import sort_number
from exchange.counting.version import FOREVER, versions_of
from exchange.exchanges import Acceptance, Exchange, ExchangeKey
from exchange.jurisdiction import Category, Level
from exchange.moments import Period, day_start, to_milliseconds
from exchange.node import Node
from exchange.terms.calendar import WorkingDays

COUNTIES = 3_000
MONTHS = 12
KINDS: tuple[tuple[Kind, Event | None], ...] = (
    (Kind.QUERY, None),
    (Kind.NOTICE, Event.BIRTH),
    (Kind.NOTICE, Event.MARRIAGE),
)
FIRST = date(2025, 11, 15)
DAYS = 380
_DAY = "CAST(86400000 AS BIGINT)"
AS_OF = day_start(date(2027, 1, 28))
# Of ten: confirmed, answered, answered late, never answered, challenged and never answered again.
_SHAPES: tuple[tuple[tuple[FactKind, int, int, int | None], ...], ...] = (
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 10, None), (FactKind.CONFIRMED, 1, 12, None)),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 20, None), (FactKind.CONFIRMED, 1, 25, None)),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 29, None)),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 5, None)),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 40, None), (FactKind.CONFIRMED, 1, 44, None)),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 75, None)),
    ((FactKind.OPENED, 1, 0, 30),),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 12, None), (FactKind.CHALLENGED, 2, 15, 45)),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 14, None)),
    ((FactKind.OPENED, 1, 0, 30), (FactKind.ANSWERED, 1, 28, None), (FactKind.CONFIRMED, 1, 50, None)),
)


def a_node() -> Node:
    """A node that serves three thousand counties, some of them former ones."""
    divisions = load_divisions()
    provinces = [code for number in range(11, 66) if divisions.is_known(code := f"{number}0000")]
    of_today = [code for province in provinces for code in divisions.counties_within(province)]
    held = set(of_today)
    codes = (f"{province[:2]}{number:04d}" for province in provinces for number in range(101, 10_000))
    former = [
        code for code in codes if code not in held and divisions.is_known(code) and divisions.level_of(code) is Level.COUNTY
    ]
    return Node(
        name="rates.bench",
        title="rates.bench",
        environment="sandbox",
        jurisdictions=frozenset(sorted({*of_today, *former[: COUNTIES - len(of_today)]})[:COUNTIES]),
        divisions=divisions,
        rules=packaged_rules(),
        rulebook=packaged_rulebook(),
        house=packaged_house_rules(),
        housebook=packaged_house_book(),
        working_days=WorkingDays(),
        keyed=lambda data: data.hex(),
    )


def months() -> tuple[Period, ...]:
    """Twelve statistical months: those of 2026."""
    starts = [date(2025, 12, 21), *(date(2026, month, 21) for month in range(1, 12))]
    return tuple(Period(first=start, last=(start + timedelta(days=31)).replace(day=20)) for start in starts)


def helpers(node: Node) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
    """Small tables from which the large ones are made: name, columns, rows."""
    yield "bench_counties", "place INTEGER, own TEXT", list(enumerate(sorted(node.jurisdictions)))
    period_of = {
        day: number for number, month in enumerate(months()) for day in range(month.first.toordinal(), month.last.toordinal() + 1)
    }
    first = FIRST.toordinal()
    days = [
        (
            day,
            date.fromordinal(day).isoformat(),
            to_milliseconds(day_start(date.fromordinal(day))) + 9 * 3_600_000,
            period_of.get(day),
        )
        for day in range(first, first + DAYS + 100)
    ]
    yield "bench_days", "day INTEGER, iso TEXT, nine BIGINT, period INTEGER", days
    kinds = [
        (
            place,
            kind.value,
            event and event.value,
            sort_number(
                outflow=True, category=Category.MIGRANT, kind=kind, event=event, urgent=False, purpose=Purpose.PUBLIC_SERVICE
            ),
        )
        for place, (kind, event) in enumerate(KINDS)
    ]
    yield "bench_kinds", "place INTEGER, kind TEXT, event TEXT, sort INTEGER", kinds
    facts = [
        (shape, what.value, round_, after, due, Result.CONFIRMED.value if what is FactKind.ANSWERED else None)
        for shape, told in enumerate(_SHAPES)
        for what, round_, after, due in told
    ]
    yield "bench_facts", "shape INTEGER, what TEXT, round INTEGER, after INTEGER, due INTEGER, result TEXT", facts
    columns = "shape INTEGER, since INTEGER, until INTEGER, marks INTEGER, days INTEGER, answered INTEGER, waiting INTEGER"
    yield "bench_versions", columns, [row for shape in range(len(_SHAPES)) for row in _versions(shape)]


def _versions(shape: int) -> Iterator[tuple[int, ...]]:
    """The engine's versions of a shape, as days after the receipt; FOREVER and 0 stay what they are."""
    received = FIRST.toordinal()
    for one in versions_of(History(exchange=_exchange(), facts=tuple(KeptFact(fact=fact) for fact in _facts(shape)))):
        assert (one.received, one.first_due) == (received, received + 30)
        until, answered, waiting = (
            day if day in (0, FOREVER) else day - received for day in (one.until, one.answered_on, one.waiting_due)
        )
        yield shape, one.since - received, until, int(one.marks), one.days, answered, waiting


def _facts(shape: int) -> list[Fact]:
    def at(after: int) -> datetime:
        return day_start(FIRST) + timedelta(days=after, hours=9)

    return [
        Fact(
            what=what,
            round=round_,
            happened_at=at(after),
            known_at=at(after),
            message="m",
            due=None if due is None else FIRST + timedelta(days=due),
        )
        for what, round_, after, due in _SHAPES[shape]
    ]


def _exchange() -> Exchange:
    return Exchange(
        key=ExchangeKey(1, "x", Role.ASKED),
        own="420106",
        other="110102",
        origin="420106",
        destination="110102",
        category=Category.MIGRANT,
        kind=Kind.QUERY,
        event=None,
        purpose=Purpose.PUBLIC_SERVICE,
        urgent=None,
        items=(),
        agreement="",
        opening="",
        submitted_at=datetime(2025, 1, 1, tzinfo=UTC),
        acceptance=Acceptance.ACCEPTED,
        person_index="",
    )


def statements(first: int, last: int, *, numbers: str, padded: str, shape: str = "n.n / 31 % 10") -> list[str]:
    """What fills the three tables with the exchanges of these numbers; `numbers` and `padded` are as the database says it.

    `shape` is which way each of them went.
    """
    several = f"""
        SELECT n.n AS n, {padded} AS exchange, c.own AS own, k.kind AS kind, k.event AS event, k.sort AS sort,
               d.day AS day, d.nine AS at, due.iso AS due, {shape} AS shape
        FROM {numbers.format(first=first, last=last)}
        JOIN bench_counties c ON c.place = n.n % {COUNTIES}
        JOIN bench_kinds k ON k.place = n.n / 7 % 3
        JOIN bench_days d ON d.day = {FIRST.toordinal()} + n.n / {COUNTIES} * 7 % {DAYS}
        JOIN bench_days due ON due.day = d.day + 30"""
    whole = f"CASE WHEN v.until = {FOREVER} THEN {FOREVER} ELSE s.day + v.until END"
    answered = f"CASE WHEN v.answered = {FOREVER} THEN {FOREVER} ELSE s.day + v.answered END"
    waiting = f"CASE WHEN v.waiting IN (0, {FOREVER}) THEN v.waiting ELSE s.day + v.waiting END"
    return [
        f"""INSERT INTO exchanges (exchange, link, role, own, other, origin, destination, category, kind, event, purpose, items,
                agreement, opening, submitted_at, acceptance, received_at, known_at, first_due, person_index, version)
            SELECT exchange, 1, 'asked', own, '110102', own, '110102', 'migrant', kind, event, 'public_service', '[]',
                '', '', at, 'accepted', at, at, due, '', 1 FROM ({several}) AS s ORDER BY n""",
        f"""INSERT INTO facts (exchange, link, role, what, round, happened_at, known_at, message, due, result)
            SELECT s.exchange, 1, 'asked', f.what, f.round, s.at + f.after * {_DAY}, s.at + f.after * {_DAY}, '',
                due.iso, f.result
            FROM ({several}) AS s JOIN bench_facts f ON f.shape = s.shape
            LEFT JOIN bench_days due ON due.day = s.day + f.due ORDER BY s.n""",
        f"""INSERT INTO verdicts (exchange, link, role, since_day, until_day, own, other, township, sort, received, first_due,
                marks, days, answered_on, waiting_due)
            SELECT s.exchange, 1, 'asked', s.day + v.since, {whole}, s.own, '110102', NULL, s.sort, s.day, s.day + 30,
                v.marks, v.days, {answered}, {waiting}
            FROM ({several}) AS s JOIN bench_versions v ON v.shape = s.shape ORDER BY s.n""",
    ]


# The same for all three databases: the due cohort of the twelve months, judged from the facts as of a midnight.
GROUP_BY = f"""
    WITH rounds AS (
        SELECT exchange, link, role, round,
            MAX(CASE WHEN what IN ('opened', 'challenged') THEN due END) AS due,
            MIN(CASE WHEN what = 'answered' THEN happened_at END) AS answered_at,
            MIN(CASE WHEN what IN ('confirmed', 'withdrawn') THEN happened_at END) AS ended_at
        FROM facts
        WHERE happened_at <= {to_milliseconds(AS_OF)} AND known_at <= {to_milliseconds(AS_OF)}
            AND (voided_at IS NULL OR voided_at > {to_milliseconds(AS_OF)})
        GROUP BY exchange, link, role, round
    ), ended AS (
        SELECT exchange, link, role, round, due, answered_at,
            MIN(ended_at) OVER (PARTITION BY exchange, link, role) AS ended_at
        FROM rounds
    ), judged AS (
        SELECT exchange, link, role, MAX(CASE WHEN round = 1 THEN due END) AS first_due,
            MAX(CASE WHEN answered_at IS NOT NULL THEN 2 * round + 1
                     WHEN due < '2027-01-28' AND (ended_at IS NULL OR ended_at >= e.nine + {15 * 3_600_000}) THEN 2 * round
                     END) % 2 AS answered
        FROM ended LEFT JOIN bench_days e ON e.iso = due
        GROUP BY exchange, link, role
    )
    SELECT x.own, d.period, x.kind, x.event, COUNT(*), SUM(COALESCE(j.answered, 0))
    FROM judged j
    JOIN exchanges x ON x.exchange = j.exchange AND x.link = j.link AND x.role = j.role
    JOIN bench_days d ON d.iso = j.first_due
    WHERE x.role = 'asked' AND x.category = 'migrant' AND d.period IS NOT NULL AND j.first_due < '2027-01-28'
    GROUP BY x.own, d.period, x.kind, x.event
"""
