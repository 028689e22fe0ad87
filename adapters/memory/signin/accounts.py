"""Accounts and sessions, in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from adapters.memory.books import Books, add, save
from exchange.ledger import LedgerBusy
from exchange.signin.account import Account
from exchange.signin.session import Session


class MemoryAccounts:
    """`exchange.ledger.Accounts` on dictionaries; there is one writer, so that nobody waits for a lock."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def all(self) -> list[Account]:
        return sorted(self._books.accounts.values(), key=lambda account: account.login)

    def named(self, login: str, *, lock: bool = False) -> Account | None:
        return next((account for account in self._books.accounts.values() if account.login == login), None)

    def of_key(self, key: str, *, lock: bool = False) -> Account | None:
        return self._books.accounts.get(key)

    def of_subject(self, subject: str, *, lock: bool = False) -> Account | None:
        return next((account for account in self._books.accounts.values() if account.subject == subject), None)

    def add(self, account: Account) -> None:
        taken = self.named(account.login), account.subject and self.of_subject(account.subject), self.of_key(account.key)
        if any(taken):
            raise LedgerBusy
        add(self._books.accounts, [(account.key, account)])

    def save(self, account: Account) -> None:
        save(self._books.accounts, [(account.key, account)])

    def open(self, session: Session) -> None:
        add(self._books.sessions, [(session.id, session)])

    def session(self, session_id: str) -> Session | None:
        return self._books.sessions.get(session_id)

    def sessions(self, key: str) -> list[Session]:
        theirs = [session for session in self._books.sessions.values() if session.key == key]
        return sorted(theirs, key=lambda session: (session.opened_at, session.id), reverse=True)

    def seen(self, session_id: str, at: datetime) -> bool:
        return self._change(session_id, lambda session: replace(session, seen_at=at))

    def close(self, session_id: str, at: datetime) -> bool:
        return self._change(session_id, lambda session: replace(session, closed_at=at))

    def close_all(self, key: str, at: datetime, *, but: str = "") -> int:
        return sum(self.close(session.id, at) for session in self.sessions(key) if session.id != but)

    def forget_sessions(self, before: datetime) -> int:
        old = [session.id for session in self._books.sessions.values() if session.opened_at < before]
        for session_id in old:
            del self._books.sessions[session_id]
        return len(old)

    def _change(self, session_id: str, change: Callable[[Session], Session]) -> bool:
        session = self._books.sessions.get(session_id)
        if session is None or session.closed_at is not None:
            return False
        self._books.sessions[session_id] = change(session)
        return True
