"""The databases' own errors, translated once: into what the ledger port knows, or not at all if the program is wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy.exc

from exchange.errors import Retry, WoshouError
from exchange.ledger import LedgerAway, LedgerBusy

_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
Fault = (sqlite3.Error, psycopg.Error, sqlalchemy.exc.SQLAlchemyError)


class LoginDenied(WoshouError):
    """The database's login may not do what the program needs: a matter of the set-up, which an operator must mend."""

    code = "database-login-denied"
    retry = Retry.CONTACT
    zh = "数据库账号权限不足：请以表的所有者运行 woshou db upgrade（docs/operations.md，数据库账号）。"
    en = "The database's login lacks a right: run woshou db upgrade as the tables' owner (docs/operations.md, Database roles)."


@contextmanager
def translated() -> Iterator[None]:
    """The border of a transaction.

    LedgerBusy for a lock that did not come in time and for a deadlock, LedgerAway for a database that is away; LoginDenied where
    the login has no right to a table; PermissionError for a write in a read-only transaction. Everything else is a fault of the
    program, and passes as it is.
    """
    try:
        yield
    except Fault as exc:
        fault = _original(exc)
        if _away(fault):
            raise LedgerAway from exc
        if _busy(fault):
            raise LedgerBusy from exc
        if _denied(fault):
            raise LoginDenied from exc
        if _read_only(fault):
            raise PermissionError("a read-only transaction cannot write") from exc
        raise


@contextmanager
def or_busy() -> Iterator[None]:
    """LedgerBusy where a row with the same key can only come from another transaction that went first."""
    try:
        yield
    except Fault as exc:
        if taken(exc) is None:
            raise
        raise LedgerBusy from exc


def taken(exc: BaseException) -> str | None:
    """What was to be unique and is not: PostgreSQL names the constraint, SQLite its columns; None for any other fault."""
    fault = _original(exc)
    if isinstance(fault, psycopg.errors.UniqueViolation):
        return fault.diag.constraint_name
    if isinstance(fault, sqlite3.IntegrityError) and fault.sqlite_errorname in _UNIQUE:
        return str(fault)
    return None


_UNIQUE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})


def _original(exc: BaseException) -> BaseException:
    """The driver's own error beneath SQLAlchemy's."""
    return exc.orig if isinstance(exc, sqlalchemy.exc.DBAPIError) and exc.orig is not None else exc


def _away(fault: BaseException) -> bool:
    if isinstance(fault, sqlite3.OperationalError):
        return fault.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CANTOPEN
    # The server names its own faults by a state; without one, none answered. Class 08 is a connection that broke.
    return isinstance(fault, psycopg.OperationalError) and (fault.sqlstate is None or fault.sqlstate.startswith("08"))


def _busy(fault: BaseException) -> bool:
    if isinstance(fault, sqlite3.OperationalError):
        return fault.sqlite_errorcode & 0xFF in _SQLITE_BUSY
    # Lock and statement timeouts, deadlocks, failed serialisation and a lost server all come as OperationalError.
    return isinstance(fault, psycopg.OperationalError | sqlalchemy.exc.TimeoutError)


def _denied(fault: BaseException) -> bool:
    # A policy's refusal has the same state, and is the program's own fault; the names of functions are in no locale's language.
    return isinstance(fault, psycopg.errors.InsufficientPrivilege) and fault.diag.source_function == "aclcheck_error"


def _read_only(fault: BaseException) -> bool:
    if isinstance(fault, sqlite3.OperationalError):
        return fault.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY
    return isinstance(fault, psycopg.errors.ReadOnlySqlTransaction)
