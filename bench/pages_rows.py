"""A province's hundred counties with a million exchanges under way and past, for the pages to show.

Exchanges, facts and versions are those of `bench.rates_rows`, as the engine derives them; the exchanges' present state and the
messages that opened them are written beside them, by sets too. Every county's register has an entry for each exchange in which
it asks about one, opened by facts and settled as the nightly closing does, but for the last; persons stand in one county's alone.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from msgspec import structs

from adapters.database.engine import Database
from bench.crowd import entry, people
from bench.people import ORIGIN, query
from bench.rates import Postgres, indexes
from bench.rates_rows import AS_OF, helpers, statements
from bench.rates_rows import a_node as of_the_country
from exchange.moments import civil_day
from exchange.node import Node
from exchange.partners import Partner, PartnerStatus
from exchange.verbs.counting.settle import settle_entries
from exchange.verbs.pairing.index import index_some
from exchange.wire.message import write_message

NOW = AS_OF + timedelta(hours=10)
COUNTY, PROVINCE, OTHER = ORIGIN, "420000", "110102"
_CHUNK, _REGISTER = 250_000, 2_000
_TABLES = ("exchanges", "facts", "verdicts", "messages")
# What `statements` makes the number of an exchange into.
_N = "CAST(substr(exchange, 25) AS BIGINT)"
# One in ten is under way, or stands where it was left: about a month's of a year's. All others were answered and confirmed.
_CONFIRMED = "CASE {n} / 31 % 4 WHEN 0 THEN 0 WHEN 1 THEN 1 WHEN 2 THEN 4 ELSE 9 END"
_GOES = f"CASE WHEN {{n}} / 310 % 10 > 0 THEN {_CONFIRMED} ELSE {{n}} / 31 % 10 END"
_SHAPE = f"({_GOES.format(n=_N)})"
_DAY_MS = 86_400_000


def a_node() -> Node:
    """A node that serves all counties of a province."""
    country = of_the_country()
    counties = frozenset(country.divisions.counties_within(PROVINCE))
    return replace(country, name="pages.bench", title="湖北省试用节点", jurisdictions=counties)


def fill(raw: Any, database: Database, node: Node, number: int) -> dict[str, str]:
    """Write all of it; the names that addresses give to what is there."""
    counties = sorted(node.jurisdictions)
    for table, columns, rows in helpers(of_the_country()):
        held = [(place, counties[place % len(counties)]) for place, _ in rows] if table == "bench_counties" else rows
        raw.fill(table, columns, held)
    raw.run("CREATE INDEX bench_by_day ON bench_days (day)")
    made = dict(index for table in _TABLES for index in indexes(raw, table))
    for name in made:
        raw.run(f"DROP INDEX {name}")
    shape = _GOES.format(n="n.n")
    for first in range(0, number, _CHUNK):
        for statement in statements(first, min(first + _CHUNK, number) - 1, numbers=raw.numbers, padded=raw.padded, shape=shape):
            raw.run(statement)
    for statement in (*_present(), _openings(raw), *_registers(node)):
        raw.run(statement)
    for statement in made.values():
        raw.run(statement)
    raw.settle()
    _settle(raw, database)
    _know(database)
    return _names(raw)


def _present() -> list[str]:
    """Every second exchange is the county's own question; each stands where its shape leads, those under way around today."""
    asker = f"UPDATE {{}} SET role = 'asker' WHERE {_N} % 2 = 1"
    today, received = civil_day(AS_OF).toordinal(), "received_at"

    def day(offset: str) -> str:
        return f"(SELECT iso FROM bench_days WHERE day = {today} + {offset})"

    return [
        *(asker.format(table) for table in ("exchanges", "facts", "verdicts")),
        f"""UPDATE exchanges SET kind = 'query', event = NULL, opening = replace(exchange, '-8000-', '-9000-'),
                items = '["children"]',
                round = CASE {_SHAPE} WHEN 7 THEN 2 ELSE 1 END, turn = 1, turn_sender = 'x', turn_position = 1,
                challenges = CASE {_SHAPE} WHEN 7 THEN 1 ELSE 0 END,
                state = CASE WHEN {_SHAPE} IN (0, 1, 4, 9) THEN 'closed' WHEN {_SHAPE} = 6 THEN 'open'
                    WHEN {_SHAPE} = 7 THEN 'challenged' ELSE 'answered' END""",
        f"""UPDATE exchanges SET result = 'confirmed', fed_back_at = {received} + 10 * {_DAY_MS}, due = first_due
            WHERE state IN ('closed', 'answered')""",
        "UPDATE exchanges SET closed_on = first_due WHERE state = 'closed'",
        f"UPDATE exchanges SET lapses_on = {day(f'{_N} / 3100 % 30 - 5')} WHERE state = 'answered'",
        f"UPDATE exchanges SET due = {day(f'{_N} / 3100 % 50 - 20')} WHERE state IN ('open', 'challenged')",
        f"""UPDATE exchanges SET paired_at = {received}, pairing = 'exact', entry = exchange
            WHERE {_N} / 2 % 3 > 0 AND state <> 'closed'""",
        f"UPDATE exchanges SET entry = exchange WHERE {_N} / 2 % 80 = 0 AND state = 'closed' AND role = 'asker'",
    ]


def _registers(node: Node) -> list[str]:
    """The entries that are asked about, each opened ten days before; of those confirmed one in ten is closed again.

    Nothing about a person: they are counted, and not looked at.
    """
    townships = ", ".join(f"'{code}'" for county in sorted(node.jurisdictions) for code in node.divisions.children(county))
    ends = f"CASE WHEN state = 'closed' AND {_N} / 160 % 10 = 0 THEN {{}} END"
    return [
        f"""INSERT INTO entries (id, jurisdiction, register, origin, destination, township, person_index, protected, opened_at,
                closed_at, close_reason, version)
            SELECT entry, own, CASE own WHEN origin THEN 'outflow' ELSE 'inflow' END, origin, destination,
                CASE WHEN {_N} / 160 % 8 > 0 THEN own || '00' || CAST({_N} / 160 % 8 AS TEXT) END, entry, FALSE,
                received_at - 10 * {_DAY_MS}, {ends.format(f"received_at + 20 * {_DAY_MS}")}, {ends.format("'returned'")}, 1
            FROM exchanges WHERE role = 'asker' AND entry IS NOT NULL""",
        f"UPDATE entries SET township = NULL WHERE township NOT IN ({townships})",
        """INSERT INTO entry_facts (entry, what, happened_at, known_at)
            SELECT id, 'opened', opened_at, opened_at FROM entries""",
        """INSERT INTO entry_facts (entry, what, happened_at, known_at, reason)
            SELECT id, 'closed', closed_at, closed_at, close_reason FROM entries WHERE closed_at IS NOT NULL""",
        "UPDATE facts SET result = 'confirmed' WHERE what = 'confirmed' AND exchange IN (SELECT id FROM entries)",
        "INSERT INTO unsettled (entry) SELECT id FROM entries",
    ]


def _settle(raw: Any, database: Database) -> None:
    """What the nightly closings did, all but the last: what was asked in the week before waits for it, as if all on one day."""
    done = 1
    while done:
        with database.transaction() as ledger:
            done = settle_entries(ledger)
    last = f"(SELECT max(received_at) FROM exchanges) - 7 * {_DAY_MS}"
    raw.run(f"INSERT INTO unsettled (entry) SELECT id FROM entries WHERE opened_at + 10 * {_DAY_MS} > {last}")


def _openings(raw: Any) -> str:
    """The messages; those of one county have their text, so that its clerk sees whom they are about."""
    asked = query(1, NOW)
    line = write_message(structs.replace(asked, body=structs.replace(asked.body, record=None)))
    text = f"'\\x{line.hex()}'::bytea" if isinstance(raw, Postgres) else f"X'{line.hex()}'"
    return f"""
        INSERT INTO messages (link, direction, id, exchange, kind, digest, line, created_at, sequence, position, turn, sent_at,
            received_at, known_at, outcome, due)
        SELECT link, CASE role WHEN 'asked' THEN 'in' ELSE 'out' END, opening, exchange, kind, '',
            CASE WHEN own = '{COUNTY}' THEN {text} END, submitted_at, 1, 1, 1, submitted_at, received_at, received_at,
            'accepted', first_due FROM exchanges"""


def _know(database: Database) -> None:
    """The partner of the link, and a register of the county."""
    url = "http://127.0.0.1:1"
    partner = Partner(
        node="other.bench",
        name="西城区节点",
        url=url,
        status=PartnerStatus.ACTIVE,
        environment="sandbox",
        fingerprint="0123 4567 89ab cdef",
        document_version=1,
        document_jws="",
        token_endpoint=url,
        batches_endpoint=url,
        agreements_endpoint=url,
        links_endpoint=url,
        claimed=(OTHER,),
        confirmed=(OTHER,),
        keys=(),
        known_at=NOW,
    )
    with database.transaction() as ledger:
        ledger.partners.save(partner)
        ledger.links.add("00000000-0000-7000-8000-000000000001", partner.node)
        ledger.entries.add([entry(n, one) for n, one in enumerate(people(_REGISTER, 1))])
        index_some(ledger, limit=_REGISTER)


def _names(raw: Any) -> dict[str, str]:
    wanted = f"own = '{COUNTY}' AND role = 'asked' AND state = 'open' AND entry IS NULL"
    ((exchange,),) = raw.run(f"SELECT exchange FROM exchanges WHERE {wanted} LIMIT 1")
    ((register,),) = raw.run("SELECT id FROM entries WHERE sealed IS NOT NULL LIMIT 1")
    return {
        "exchange": exchange,
        "role": "asked",
        "entry": register,
        "what_for": "benefit",
        "node": "other.bench",
        "report": "feedback",
        "rate": "feedback_given",
        "name": "feedback_given",
        "layout": "outflow",
        "year": "2027",
    }
