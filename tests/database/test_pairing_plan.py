"""On PostgreSQL, who is looked for is found by the indexes of the keys, in a register of some size."""

from collections.abc import Iterator

import psycopg
import pytest

from adapters.database.books.registers.pairing import _LOOKED_FOR, _SLOTS, _sharing
from adapters.database.works import PostgresWork
from exchange.codes import RegisterKind
from exchange.pairing.comparing import describe
from exchange.pairing.keys import Blinding
from tests.building.sealing import open_database
from tests.conftest import PostgresServer
from tests.pairing.people import entered, somebody

KEYED = "a key".__add__
BLINDING = Blinding(lambda data: KEYED(data.decode("latin-1"))[:43])


@pytest.fixture
def filled(postgresql_server: PostgresServer) -> Iterator[psycopg.Connection]:
    """Four thousand entries, and what the database knows of them."""
    with postgresql_server.database() as url:
        database = open_database(url, keyed=lambda data: KEYED(data.decode("latin-1"))[:43])
        database.upgrade()
        with database.transaction() as ledger:
            ledger.entries.add([entered(n, person_index=str(n)) for n in range(4000)])
        database.close()
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection


def _plan(connection: psycopg.Connection) -> list[str]:
    looked = BLINDING.looked("110102", RegisterKind.OUTFLOW, describe(somebody(7), None))
    values = {
        f"{each.value}_{slot}": key
        for each in _LOOKED_FOR
        for slot, key in enumerate((*looked.keys.get(each, ()), *(None,) * _SLOTS)[:_SLOTS])
    }
    text, constants = PostgresWork._written(_sharing)
    rows = connection.execute(f"EXPLAIN {text}", {**constants, **values, "most": 201}).fetchall()
    return [str(row[0]) for row in rows]


@pytest.mark.parametrize("analysed", [False, True])
def test_candidates_are_found_by_the_indexes_of_their_keys(filled: psycopg.Connection, analysed: bool):
    if analysed:
        filled.execute("ANALYZE pairing_keys")
    plan = _plan(filled)
    assert [step for step in plan if "Seq Scan" in step] == []
    used = {each.value for each in _LOOKED_FOR if any(f"pairing_keys_{each.value}" in step for step in plan)}
    assert used >= {"name", "sound", "sound_year", "birth_surname", "birth_given", "doc_head", "doc_tail", "doc_ends"}
