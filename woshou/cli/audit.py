"""The trail that a command leaves: it begins when the node is opened, and what the command shows is told before it is shown."""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import typer

from adapters.auditing.ledgers import AuditedLedgers
from adapters.auditing.named import named
from adapters.auditing.trail import Trail, begin, current, leaving
from adapters.database.engine import Database
from adapters.office import Office
from exchange.auditing.event import NODE_WIDE, Actor, ActorKind
from exchange.codes import Purpose

# What people are called may look like the name of a node.
_OF_PERSONS = frozenset({"name", "login", "account"})
_called: ContextVar[tuple[str, Mapping[str, object]] | None] = ContextVar("called", default=None)
# What a row that is written after the node was closed opens once more.
_opened: ContextVar[list[Database] | None] = ContextVar("opened", default=None)


@contextmanager
def commanding(context: typer.Context, given: Mapping[str, object]) -> Iterator[None]:
    """One command with its options; the trail that it begins ends with it."""
    opened = list[Database]()
    before, nothing = _called.set((_words(context), given)), _opened.set(opened)
    try:
        with leaving(None):
            yield
    finally:
        _called.reset(before)
        _opened.reset(nothing)
        for database in opened:
            database.close()


def begin_trail(office: Office) -> None:
    """Leave a trail from now on: an operator's, by the account that runs the command."""
    called, served = _called.get(), office.node.jurisdictions
    if called is None:
        return
    words, given = called
    held, opened = office.ledgers, _opened.get()
    if opened is not None and isinstance(held, AuditedLedgers) and isinstance(held.unaudited, Database):
        opened.append(held.unaudited)
    trail = Trail(
        action=words,
        node=office.node,
        now=office.now,
        ledgers=office.ledgers,
        actor=Actor(kind=ActorKind.COMMAND, id=_account(), role="operator"),
        jurisdiction=next(iter(served)) if len(served) == 1 else NODE_WIDE,
    )
    begin(trail).about(named({name: value for name, value in given.items() if name not in _OF_PERSONS}))


def told_in(county: str) -> None:
    """The command works for this county."""
    trail = current()
    if trail is not None:
        trail.jurisdiction = county


def tell_given(*values: object) -> None:
    """Persons that the operator has given, by prompt or standard input; nothing is shown by that."""
    trail = current()
    if trail is not None:
        trail.sent(*values)


def told_for(purpose: Purpose) -> None:
    """The command serves this purpose: that of the exchange which it works on."""
    trail = current()
    if trail is not None:
        trail.purpose = purpose


def leave_row() -> None:
    """Write the command's row now."""
    trail = current()
    if trail is not None:
        trail.settle()


def _words(context: typer.Context) -> str:
    """The words by which the command was called, without the program and its options."""
    words: list[str] = []
    at: Any = context
    while at.parent is not None:
        words.insert(0, at.info_name or "")
        at = at.parent
    return " ".join(words)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return str(os.getuid())
