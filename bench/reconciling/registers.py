"""Two registers in two databases, the second of which differs in exactly the persons that were planted."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import psycopg

from bench.measure import say

LEAVES, PLAIN = "leaves", "plain_leaves"
# 32 bytes of token and 32 of digest, as a node keeps them. The tools take no bytea as a key: for them the token's first half
# is a uuid, the type that they bisected fastest, and the digest is text.
_TABLES = (
    f"CREATE TABLE {LEAVES} (token bytea PRIMARY KEY, content bytea NOT NULL)",
    f"CREATE TABLE {PLAIN} (token uuid PRIMARY KEY, content text NOT NULL)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Who is in one register only, and whose fields differ: the first halves of their tokens, in hex."""

    left: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A person's token and the digest of the compared fields."""

    token: bytes
    content: bytes

    @property
    def person(self) -> str:
        return self.token[:16].hex()

    @property
    def plain(self) -> tuple[UUID, str]:
        return UUID(bytes=self.token[:16]), self.content.hex()


def leaf(person: int, edition: int = 0) -> Leaf:
    name = person.to_bytes(8, "big")
    return Leaf(
        blake2b(name, key=b"token", digest_size=32).digest(),
        blake2b(name, key=b"content", salt=edition.to_bytes(8, "big"), digest_size=32).digest(),
    )


def place(url: str) -> dict[str, str]:
    """Where a database is, as drivers take it: its socket's folder, or address and port, and its name."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {"host": host, "port": str(parts.port or 5432), "dbname": parts.path[1:], "user": parts.username or "postgres"}


class Registers:
    """Two registers of as many entries; the second is made to differ in ever more persons."""

    def __init__(self, left: str, right: str, entries: int) -> None:
        self.left, self.right, self.entries = left, right, entries
        self.planted = 0
        for url in (left, right):
            with psycopg.connect(url) as connection:
                for statement in _TABLES:
                    connection.execute(statement)
                _copy(connection, [leaf(n) for n in range(entries)])
            _settle(url)
            say(f"  {entries:,} entries in {place(url)['dbname']}")

    def plant(self, differences: int) -> None:
        """Have exactly so many persons differ: a quarter on the left only, a quarter on the right only, half in their fields."""
        if differences % 4 or not self.planted <= differences <= self.entries:
            raise ValueError(f"{differences} after {self.planted}")
        if differences == self.planted:
            return
        new = range(self.planted, differences)
        gone = [leaf(n) for n in new if n % 4 != 1]
        came = [leaf(self.entries + n) if n % 4 == 1 else leaf(n, edition=1) for n in new if n % 4 != 0]
        with psycopg.connect(self.right) as connection, connection.cursor() as cursor:
            cursor.executemany(f"DELETE FROM {LEAVES} WHERE token = %s", [(each.token,) for each in gone])
            cursor.executemany(f"DELETE FROM {PLAIN} WHERE token = %s", [(each.plain[0],) for each in gone])
            _copy(connection, came)
        self.planted = differences
        _settle(self.right)

    def differences(self) -> Differences:
        """What a comparison must find."""
        numbers = range(self.planted)
        return Differences(
            left=frozenset(leaf(n).person for n in numbers if n % 4 == 0),
            right=frozenset(leaf(self.entries + n).person for n in numbers if n % 4 == 1),
            changed=frozenset(leaf(n).person for n in numbers if n % 4 > 1),
        )


def _copy(connection: psycopg.Connection[Any], leaves: Sequence[Leaf]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {LEAVES} FROM STDIN") as copy:
            for each in leaves:
                copy.write_row((each.token, each.content))
        with cursor.copy(f"COPY {PLAIN} FROM STDIN") as copy:
            for each in leaves:
                copy.write_row(each.plain)


def _settle(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # as autovacuum does after so many rows, but not while somebody is measured
        connection.execute("CHECKPOINT")
