"""Somebody with an account of a node, and whatever browser comes with their session."""

from typing import Any

import httpx
from argon2 import PasswordHasher

from adapters.signin.passwords import Passwords
from adapters.signin.signing_in import hash_token
from api.rights import LocalRole
from exchange.ledger import ApiKey
from exchange.signin.account import NO_SECRET, Account
from exchange.signin.session import Session
from tests.api.nodes import PATIENCE, Served
from tests.builders import XICHENG

PASSWORD, WRONG = "correct horse battery", "a wrong guess altogether"
HASH = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)).hash(PASSWORD)
COOKIE = "woshou"


class Somebody:
    """An account of the node, and the browser of whoever uses it."""

    def __init__(self, node: Served, login: str, role: str = "clerk", *, name: str = "", of: str = XICHENG) -> None:
        self.node, self.login, self.key = node, login, f"key-of-{login}"
        now = node.clock.now()
        key = ApiKey(
            id=self.key, secret_hash=NO_SECRET, name=name or login, jurisdiction=of, role=LocalRole(role), created_at=now
        )
        with node.office.ledgers.transaction() as ledger:
            ledger.access.save_api_key(key)
            ledger.accounts.add(Account(key=self.key, login=login, password_hash=HASH))

    def browser(self, token: str = "") -> httpx.Client:
        cookies = {"cookie": f"{COOKIE}={token}"} if token else {}
        return httpx.Client(base_url=self.node.url, headers=cookies, timeout=PATIENCE, verify=False)

    def sign_in(self, password: str = PASSWORD, *, with_token: str = "", **fields: Any) -> httpx.Response:
        with self.browser(with_token) as browser:
            headers = fields.pop("headers", {})
            return browser.post("/sign-in", data={"login": self.login, "password": password, **fields}, headers=headers)

    def session(self) -> str:
        """A session that is open, without the work of a password; its token."""
        now = self.node.clock.now()
        with self.node.office.ledgers.transaction() as ledger:
            token = f"token-{len(ledger.accounts.sessions(self.key))}-of-{self.login}-{now.timestamp()}"
            session = Session(id=hash_token(token), key=self.key, csrf=f"csrf-{token}", opened_at=now, seen_at=now)
            ledger.accounts.open(session)
        return token

    def get(self, path: str, token: str, **request: Any) -> httpx.Response:
        with self.browser(token) as browser:
            return browser.get(path, **request)

    def post(self, path: str, token: str, form: Any = None, **request: Any) -> httpx.Response:
        """Send a form with the session's token."""
        with self.browser(token) as browser:
            return browser.post(path, data={"csrf": f"csrf-{token}", **(form or {})}, **request)
