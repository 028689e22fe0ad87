"""A node with one account on a clock that is moved by hand, its books in memory."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from adapters.office import Office
from adapters.signin.passwords import Passwords
from adapters.signin.signing_in import Opened, SigningIn
from exchange.auditing.event import AuditEvent
from exchange.ledger import Ledgers
from exchange.signin.account import Account, AccountRole
from exchange.signin.totp import code_at, step_of
from exchange.verbs.signin.keep import open_account
from tests.builders import WUCHANG, WUCHANG_NODE
from tests.jobs.offices import HandClock, an_office
from tests.life.two_nodes import a_node

LOGIN, PASSWORD = "zhangsan", "梅花香自苦寒来 2026"
# What takes its time is tested by itself.
LIGHT = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class Desk:
    """One account, `key-1`, and who signs in with it."""

    def __init__(self, folder: Path, ledgers: Ledgers | None = None) -> None:
        self.clock = HandClock()
        self.office: Office = an_office(folder / "node", a_node(WUCHANG_NODE, WUCHANG), self.clock, ledgers)
        self.passwords = Passwords(LIGHT)
        self.signing = SigningIn(self.office, self.passwords)
        account = Account(key="key-1", login=LOGIN, password_hash=self.passwords.hash(PASSWORD))
        with self.office.ledgers.transaction() as ledger:
            open_account(ledger, account, name="张三", role=AccountRole.CLERK, jurisdiction=WUCHANG, now=self.clock.now())

    def sign_in(self, password: str = PASSWORD, code: str = "", login: str = LOGIN) -> Opened:
        return self.signing.by_password(login, password, code)

    @property
    def account(self) -> Account:
        with self.office.ledgers.transaction(read_only=True) as ledger:
            found = ledger.accounts.of_key("key-1")
        assert found is not None
        return found

    def has_factor(self) -> bool:
        return self.account.totp is not None

    def change(self, **changes: Any) -> None:
        """The account as no deed of a person leaves it."""
        with self.office.ledgers.transaction() as ledger:
            held = ledger.accounts.of_key("key-1")
            assert held is not None
            ledger.accounts.save(replace(held, **changes))

    def told(self, chain: str = WUCHANG) -> list[AuditEvent]:
        """What the audit tells, the first first."""
        with self.office.ledgers.transaction(read_only=True) as ledger:
            return [row.event for row in ledger.audit.rows(chain)]

    def deeds(self) -> list[tuple[str, str | None]]:
        return [(event.action, event.problem) for event in self.told()]

    def code(self, secret: str, later: int = 0) -> str:
        return code_at(secret, step_of(self.clock.now()) + later)

    def with_factor(self) -> str:
        """A second factor, taken half a minute ago; its secret."""
        opened = self.sign_in()
        offered = self.signing.enrol_totp(opened.token)
        self.signing.confirm_totp(opened.token, PASSWORD, offered.secret, self.code(offered.secret))
        self.clock.move(timedelta(minutes=1))
        return offered.secret


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
