"""The node with one of everything, as its pages show it: a session of every role and place, opened without a password."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from adapters.signin.signing_in import hash_token
from api.pages import ROUTERS
from api.pages.route import PageRoute
from api.rights import LocalRole, PartnerRight, Right
from exchange.signin.account import Account, AccountRole
from exchange.signin.session import Session
from tests.access import asking
from tests.access.asking import ASKED, QUERY
from tests.access.serving import RELATIONS, World, world_in
from tests.access.world import NODE, agreement_of
from tests.api.nodes import PATIENCE
from tests.builders import XICHENG, a_frozen, a_received, an_id_number

ROUTES: dict[str, PageRoute] = {
    f"{method} {route.path}": route
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, PageRoute)
    for method in sorted((route.methods or set()) - {"HEAD"})
}
OPEN: dict[str, Right] = {name: route.right for name, route in sorted(ROUTES.items()) if isinstance(route.right, Right)}
assert not [name for name, route in ROUTES.items() if isinstance(route.right, PartnerRight)]
POSTS = [name for name in OPEN if name.startswith("POST ")]

# Records by the names that paths give them; a page with a new name needs its line here, or in `asking.NAMES`.
NAMES = {
    **asking.NAMES,
    "exchange": ASKED,
    "role": "asked",
    "kind": "coarse",
    "digest": agreement_of(XICHENG).digest,
    "name": "woshou.css",
    "what_for": "benefit",
}
# What the county itself asked.
_ASKERS = ("challenge", "confirmation", "reminder", "withdrawal")
_EXCHANGE = "POST /exchanges/{exchange}/{role}/"
# Forms that would be taken, had they the session's token; where there is none an empty one is sent.
FORMS: dict[str, dict[str, Any]] = {
    f"{_EXCHANGE}feedback": {"result": "confirmed"},
    f"{_EXCHANGE}interim": {"reason": "field_visit", "expected": "2026-03-20"},
    f"{_EXCHANGE}challenge": {"reason": "incomplete", "items": ["marital_status"]},
    f"{_EXCHANGE}withdrawal": {"reason": "entered_by_mistake"},
    f"{_EXCHANGE}pairing": {"entry": QUERY},
    f"{_EXCHANGE}assignment": {"township": "110102003"},
    f"{_EXCHANGE}return": {"reason": "need_help"},
    "POST /certificates": {
        "number": "X-1",
        "holder.name": "王小明",
        "holder.document.type": "id_number",
        "holder.document.number": an_id_number(1),
        "issuer": "420106",
        "application_date": "2026-03-01",
    },
}
# What changes whenever somebody looks: the audit, and when a session was seen.
_ALWAYS = re.compile(r"audit_|sqlite_|sessions$")


def address(name: str) -> tuple[str, str]:
    """Method and path of a page, its path about a record of Xicheng."""
    method, path = name.split()
    names = NAMES | ({"exchange": QUERY, "role": "asker"} if name.removeprefix(_EXCHANGE) in _ASKERS else {})
    if "/frozen/" in path:
        names["digest"] = a_frozen(XICHENG, node=NODE).head.digest
    elif "/received/" in path:
        names["digest"] = a_received(XICHENG).head.digest
    # What a page has to be asked for, and of whom.
    query = f"?jurisdiction={XICHENG}&month=2026-02" if path.startswith("/reports/received/sum") else ""
    return method, path.format(**names) + query


@dataclass
class Desks:
    """Who works on the pages: a browser for every role and place."""

    world: World
    _clients: dict[str, tuple[httpx.Client, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def seat(self, who: str, key: str) -> None:
        """Open a session for a key that is held already, in the books as they are."""
        node, token, csrf = self.world.node, f"token of {who}".replace(" ", "-"), f"csrf of {who}"
        now = node.clock.now()
        with node.office.ledgers.transaction() as ledger:
            # A hash of no password: nobody signs in with it.
            ledger.accounts.add(Account(key=key, login=f"of-{key}", password_hash="-"))
            ledger.accounts.open(Session(id=hash_token(token), key=key, csrf=csrf, opened_at=now, seen_at=now))
        headers, self.tokens[who] = {"cookie": f"woshou={token}; lang=zh"}, token
        self._clients[who] = (httpx.Client(base_url=node.url, headers=headers, timeout=PATIENCE, verify=False), csrf)

    def csrf(self, who: str) -> str:
        """What the forms of that person's session carry."""
        return self._clients[who][1]

    def ask(self, name: str, who: str, form: dict[str, Any] | None = None, **request: Any) -> httpx.Response:
        """Open a page, or send its form with the session's token; `form` instead of the usual one, as it is."""
        method, path = address(name)
        client, csrf = self._clients[who]
        if method == "POST":
            seen = {"version": "1"} if name.startswith(_EXCHANGE) else {}
            request["data"] = form if form is not None else {**FORMS.get(name, {}), **seen, "csrf": csrf}
        answer = client.request(method, path, **request)
        client.cookies.clear()  # who signs out is there again when the books are put back
        return answer

    def books(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that is in the books, but for what every look leaves there."""
        with sqlite3.connect(self.world.books) as books:
            tables = [name for (name,) in books.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            held = {name: books.execute(f"SELECT * FROM {name}").fetchall() for name in tables if not _ALWAYS.match(name)}
        books.close()
        return held

    def close(self) -> None:
        """Close all browsers."""
        for client, _ in self._clients.values():
            client.close()


def who(role: str, relation: str) -> str:
    """Somebody with a role, whose place stands so to Xicheng."""
    return f"{role}, {relation}"


@contextmanager
def desks_in(folder: Path, *, births: bool = False) -> Iterator[Desks]:
    """The node of tests/access, and whoever works on its pages, until the block ends."""
    with world_in(folder, births=births) as world:
        made = Desks(world)
        for relation, (place, _) in RELATIONS.items():
            for role in AccountRole:
                made.seat(who(role, relation), world.node.key(role, place).split("_")[1])
        made.seat("another clerk", world.other_clerk.split("_")[1])
        with sqlite3.connect(world.books) as books, sqlite3.connect(world.books.with_name("kept.db")) as kept:
            books.backup(kept)
        books.close()
        kept.close()
        yield made
        made.close()


OWN_CLERK = who(AccountRole.CLERK, "own")


def allowed(right: Right) -> str:
    """Somebody of Xicheng who has a right."""
    return next(who(role, "own") for role in AccountRole if right.covers(LocalRole(role), RELATIONS["own"][1]))
