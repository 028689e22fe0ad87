"""A register of the crowd in a database: with the keys of pairing, and beside it in plain columns to be scanned."""

import itertools
import time
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b

import psycopg

from adapters.database.engine import Database, open_database
from adapters.divisions import load_divisions
from adapters.rules import packaged_house_book, packaged_house_rules, packaged_rulebook, packaged_rules
from bench.crowd import One, entry, people
from bench.databases import Databases
from bench.measure import say
from bench.people import ORIGIN, ORIGIN_NODE
from exchange.node import Node
from exchange.terms.calendar import WorkingDays

AT_ONCE = 5_000
SEED = 20260302


def keyed(data: bytes) -> str:
    return blake2b(data, key=b"bench", digest_size=32).hexdigest()[:43]


@dataclass(frozen=True)
class Bench:
    """One register in a database, and who is in it."""

    database: Database
    node: Node
    crowd: dict[int, One]
    url: str


def node_of_the_bench() -> Node:
    return Node(
        name=ORIGIN_NODE,
        title="bench",
        environment="sandbox",
        jurisdictions=frozenset({ORIGIN}),
        divisions=load_divisions(),
        rules=packaged_rules(),
        rulebook=packaged_rulebook(),
        house=packaged_house_rules(),
        housebook=packaged_house_book(),
        working_days=WorkingDays(),
        keyed=keyed,
    )


def fill(databases: Databases, name: str, count: int, keep: frozenset[int], *, plain: bool) -> Bench:
    """Enter the people; `keep` are remembered, who will be asked about. `plain`: also into a table to be scanned."""
    url = databases.url(name)
    database = open_database(url, keyed=keyed)
    database.upgrade()
    crowd: dict[int, One] = {}
    began = time.perf_counter()
    numbered = enumerate(people(count, SEED))
    with psycopg.connect(url) if plain else nullcontext() as connection:
        if connection is not None:
            connection.execute("CREATE TABLE plain_people (entry text PRIMARY KEY, name text, number text, birth_date date)")
        while batch := list(itertools.islice(numbered, AT_ONCE)):
            entries = [entry(n, who) for n, who in batch]
            with database.transaction() as ledger:
                ledger.entries.add(entries)
            if connection is not None:
                with connection.cursor() as cursor, cursor.copy("COPY plain_people FROM STDIN") as copy:
                    for each in entries:
                        who = each.person
                        copy.write_row((each.person_index, who.name, who.document.number, who.birth_date))
            crowd |= {n: who for n, who in batch if n in keep}
        if connection is not None:
            connection.commit()
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE")  # as autovacuum does after so many rows
    say(f"  {count:,} people entered in {time.perf_counter() - began:.0f} s")
    return Bench(database=database, node=node_of_the_bench(), crowd=crowd, url=url)
