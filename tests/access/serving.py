"""The node with one of everything, served, with a key of every role and place; and put back to how it was."""

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from adapters.database.engine import open_database
from adapters.keys.tokens import access_token
from api.access import hash_secret
from api.rights import LocalRole, Place
from exchange.ledger import ApiKey
from tests.access.asking import Asking
from tests.access.world import CHAOYANG, PARTNER, TOWNSHIP, beijing, fill
from tests.api.nodes import Served, served
from tests.builders import WUCHANG, XICHENG
from tests.building.described import described
from tests.jobs.offices import HandClock

# The relation of the key's jurisdiction to Xicheng: by jurisdiction, and what that is to the node.
RELATIONS = {
    "own": (XICHENG, Place.COUNTY),
    "its township": (TOWNSHIP[XICHENG], Place.TOWNSHIP),
    "another township": ("110102003", Place.TOWNSHIP),
    "prefecture above": ("110100", Place.ABOVE),
    "province above": ("110000", Place.ABOVE),
    "another county": (CHAOYANG, Place.COUNTY),
    "a county not served": (WUCHANG, Place.ELSEWHERE),
    "a province not served": ("420000", Place.ELSEWHERE),
}
PATHS: dict[str, Any] = described()["paths"]


@dataclass(frozen=True)
class World:
    """The node, and what puts its books back to how they were; `other_clerk` is the key of a second clerk of Xicheng."""

    node: Served
    asking: Asking
    books: Path
    other_clerk: str

    def restore(self) -> None:
        """Undo all that was done to the books."""
        with sqlite3.connect(self.books.with_name("kept.db")) as kept, sqlite3.connect(self.books) as books:
            kept.backup(books)
        kept.close()
        books.close()

    def asked_once(self, name: str, credential: str | None) -> httpx.Response:
        """Call an operation, and undo what it did to the books; looking at them, and what is refused, leaves only its traces."""
        answer = self.asking(name, credential)
        if answer.is_success and not name.startswith("GET "):
            self.restore()
        return answer

    def token(self, *scopes: str) -> str:
        """A partner's access token."""
        office = self.node.office
        return access_token(office.node.name, PARTNER, list(scopes), office.now(), office.signing_key())[0]


@contextmanager
def world_in(folder: Path, *, births: bool = False) -> Iterator[World]:
    """The node on SQLite, until the block ends; with `births` what it exchanges about Xicheng are birth registrations."""
    database = open_database(f"sqlite:///{folder / 'books.db'}", lock_seconds=2, keyed=beijing().keyed)
    database.upgrade()
    with served(folder / "node", beijing(), HandClock(), database) as node:
        owner = node.key("clerk", XICHENG).split("_")[1]
        for role in LocalRole:
            for place, _ in RELATIONS.values():
                node.key(role, place)
        node.key("auditor", "110101")
        with database.transaction() as ledger:
            fill(ledger, node.clock.now(), owner, births=births)
            revoked = ledger.access.api_key(node.key("auditor", "110101").split("_")[1])
            assert revoked is not None
            ledger.access.save_api_key(replace(revoked, revoked_at=node.clock.now()))
            secret = secrets.token_hex(16)
            ledger.access.save_api_key(
                ApiKey(
                    id="other",
                    secret_hash=hash_secret(secret),
                    name="other",
                    jurisdiction=XICHENG,
                    role=LocalRole.CLERK,
                    created_at=node.clock.now(),
                )
            )
        with sqlite3.connect(folder / "books.db") as books, sqlite3.connect(folder / "kept.db") as kept:
            books.backup(kept)
        books.close()
        kept.close()
        yield World(node, Asking(node.http, PATHS), folder / "books.db", f"wsk_other_{secret}")
    database.close()
    shutil.rmtree(folder, ignore_errors=True)
