"""Who signs in to the pages, and their sessions."""

from datetime import datetime

from sqlalchemy import ColumnElement, select

from adapters.database.faults import or_busy
from adapters.database.tables import AccountRow, SessionRow
from adapters.database.values import moment_of, stored
from adapters.database.work import AnyRow, Values, Work, named, table_of
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.signin.account import Account
from exchange.signin.session import Session
from exchange.signin.totp import LOST

_ACCOUNTS = table_of(AccountRow)
_SESSIONS = table_of(SessionRow)


class SqlAccounts:
    """`exchange.ledger.Accounts` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def all(self) -> list[Account]:
        rows = self._work.rows(select(_ACCOUNTS).order_by(_ACCOUNTS.c.login))
        return [_account(row, values) for row, values in zip(rows, self._work.opened(AccountRow, rows), strict=True)]

    def named(self, login: str, *, lock: bool = False) -> Account | None:
        return self._one(_ACCOUNTS.c.login == login, lock)

    def of_key(self, key: str, *, lock: bool = False) -> Account | None:
        return self._one(_ACCOUNTS.c.key == key, lock)

    def of_subject(self, subject: str, *, lock: bool = False) -> Account | None:
        return self._one(_ACCOUNTS.c.subject == subject, lock)

    def add(self, account: Account) -> None:
        with or_busy():
            self._work.insert(AccountRow, [_values(account)])

    def save(self, account: Account) -> None:
        self._work.update(AccountRow, [_values(account)])

    def open(self, session: Session) -> None:
        self._work.insert(SessionRow, [tuple(stored(session).values())])

    def session(self, session_id: str) -> Session | None:
        row = self._work.first(select(_SESSIONS).where(_SESSIONS.c.id == session_id))
        return None if row is None else _session(row)

    def sessions(self, key: str) -> list[Session]:
        theirs = select(_SESSIONS).where(_SESSIONS.c.key == key)
        return [_session(row) for row in self._work.rows(theirs.order_by(_SESSIONS.c.opened_at.desc(), _SESSIONS.c.id.desc()))]

    def seen(self, session_id: str, at: datetime) -> bool:
        return self._changed(_SESSIONS.c.id == session_id, seen_at=to_milliseconds(at)) == 1

    def close(self, session_id: str, at: datetime) -> bool:
        return self._changed(_SESSIONS.c.id == session_id, closed_at=to_milliseconds(at)) == 1

    def close_all(self, key: str, at: datetime, *, but: str = "") -> int:
        return self._changed(_SESSIONS.c.key == key, _SESSIONS.c.id != but, closed_at=to_milliseconds(at))

    def forget_sessions(self, before: datetime) -> int:
        return self._work.change(_SESSIONS.delete().where(_SESSIONS.c.opened_at < to_milliseconds(before)))

    def _one(self, where: ColumnElement[bool], lock: bool) -> Account | None:
        wanted = select(_ACCOUNTS).where(where)
        rows = self._work.rows(wanted.with_for_update() if lock else wanted)
        return _account(rows[0], self._work.opened(AccountRow, rows)[0]) if rows else None

    def _changed(self, *where: ColumnElement[bool], **changed: int) -> int:
        return self._work.change(_SESSIONS.update().where(*where, _SESSIONS.c.closed_at.is_(None)).values(changed))


def _values(account: Account) -> Values:
    columns = stored(account)
    totp = account.totp
    return tuple({**columns, "totp": None if totp is None else totp.encode("ascii")}.values())


def _account(row: AnyRow, values: Values) -> Account:
    opened = named(_ACCOUNTS, values)
    totp = opened["totp"]
    # Sealed by a key that was destroyed, when another second factor took its place: the row came back from an older copy.
    lost = totp is None and row.totp is not None
    secret = totp.decode("ascii") if totp is not None else LOST if lost else None
    return Account(**{**opened, "totp": secret, "locked_until": moment_of(row.locked_until)})


def _session(row: AnyRow) -> Session:
    opened, seen = from_milliseconds(row.opened_at), from_milliseconds(row.seen_at)
    return Session(**{**row._mapping, "opened_at": opened, "seen_at": seen, "closed_at": moment_of(row.closed_at)})
