"""Two served nodes of which one can be put back to a backup of its database, and what a night does about it."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from psycopg import sql

from adapters.comparing import Comparer
from adapters.database.connections import read_url
from adapters.database.engine import Database
from adapters.database.sealed.key_store import key_store_url
from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.reconciling.ledgers import LedgerReconciler
from adapters.renewal import Renewals
from exchange.codes import ChallengeReason, Item, Kind, Result, WithdrawalReason
from exchange.exchanges import Exchange, LoggedMessage
from exchange.ledger import Candidate, Ledger, Page, Within
from exchange.settling.outcome import LedgerOutcome
from exchange.verbs.reply import NOTHING, Body, Said, reply
from exchange.wire.message import ChallengeBody, FeedbackBody, WithdrawalBody
from jobs.runner import on_shift
from jobs.upkeep.tidy import tidy
from tests.api.comparing import ask
from tests.api.nodes import Neighbours, Served, agree, onboard, served
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_moment
from tests.building.sealing import ENCRYPTION, open_database
from tests.conftest import PostgresServer
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

_copies = count(1)


class Restorable:
    """The books of a node in a real database, which can be copied as a backup is, and put back beside today's key store."""

    def __init__(self, url: str, server: PostgresServer | None) -> None:
        self._url, self._server = url, server
        self._encryption = replace(ENCRYPTION, key_store_url=str(key_store_url(read_url(url))))
        self._database: Database = self._open()

    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> AbstractContextManager[Ledger]:
        return self._database.transaction(read_only=read_only, within=within)

    def advisory_leader(self, name: str) -> Candidate:
        return self._database.advisory_leader(name)

    def backup(self) -> str:
        """A copy of the database as it is now; its address."""
        self._database.close()
        copy = self._copy(self._url)
        self._database = self._open()
        return copy

    def restore(self, backup: str) -> None:
        """What a backup has: all that came after it is gone."""
        self._database.close()
        self._url = self._copy(backup)
        self._database = self._open()

    def close(self) -> None:
        self._database.close()

    def _open(self) -> Database:
        database = open_database(self._url, encryption=self._encryption)
        database.upgrade()
        return database

    def _copy(self, url: str) -> str:
        if self._server is None:
            path = Path(url.removeprefix("sqlite:///"))
            copy = path.with_name(f"copy-{next(_copies)}.db")
            shutil.copy(path, copy)
            return f"sqlite:///{copy}"
        name, parts = f"copy_{next(_copies)}", urlsplit(url)
        with self._server.connect() as connection:
            made = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
            template, owner = parts.path.lstrip("/"), parts.username or ""
            connection.execute(made.format(sql.Identifier(name), sql.Identifier(template), sql.Identifier(owner)))
        return parts._replace(path=f"/{name}").geturl()


@dataclass
class Pair:
    """Xicheng asks Wuchang; one of the two stands on a database that can be put back."""

    nodes: Neighbours
    books: Restorable
    restored: Served
    other: Served
    told: list[str] = field(default_factory=list)

    def pass_days(self, days: float = 1) -> None:
        """Move the clock of both."""
        self.nodes.xicheng.clock.move(timedelta(days=days))

    def ask(self, *people: int) -> list[str]:
        """Xicheng asks about these people, and all is delivered."""
        return ask(self.nodes, *people)

    def say(self, node: Served, exchange: str, kind: Kind, body: Body = NOTHING) -> None:
        """One side says something, and all is delivered."""
        with node.office.ledgers.transaction() as ledger:
            (held,) = ledger.exchanges.named(exchange)
            reply(ledger, node.office.node, held, Said(kind=kind, body=body), node.office.now())
        self.pass_days(0.01)
        self.nodes.deliver()

    def live(self, first: int = 1) -> list[str]:
        """A week of exchange of every kind: answered, challenged, confirmed, withdrawn and erased on both sides."""
        asking, asked = self.nodes.xicheng, self.nodes.wuchang
        one, two, three = self.ask(first, first + 1, first + 2)
        self.pass_days()
        self.say(asked, one, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
        self.say(asked, two, Kind.FEEDBACK, FeedbackBody(result=Result.NOT_FOUND))
        challenge = ChallengeBody(reason=next(iter(ChallengeReason)), items=[Item.MARITAL_STATUS])
        self.say(asking, two, Kind.CHALLENGE, challenge)
        self.say(asking, one, Kind.CONFIRMATION)
        self.pass_days()
        self.say(asked, two, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
        self.say(asked, three, Kind.FEEDBACK, FeedbackBody(result=Result.NOT_FOUND))
        self.say(asking, three, Kind.WITHDRAWAL, WithdrawalBody(reason=next(iter(WithdrawalReason))))
        for node in (asking, asked):
            with on_shift(node.office, PartnerClient(node.office, node.http)) as shift:
                tidy(shift)
        return [one, two, three]


@contextmanager
def a_pair(folder: Path, url: str, restored: str, server: PostgresServer | None) -> Iterator[Pair]:
    """Two nodes with an agreement in force, of which the named one can be restored."""
    clock, books = HandClock(), Restorable(url, server)
    ours, theirs = (books, None) if restored == XICHENG_NODE else (None, books)
    with (
        served(folder / "xicheng", a_node(XICHENG_NODE, XICHENG), clock, ours) as one,
        served(folder / "wuchang", a_node(WUCHANG_NODE, WUCHANG), clock, theirs) as two,
    ):
        onboard(one, two)
        onboard(two, one)
        nodes = Neighbours(xicheng=one, wuchang=two)
        agree(nodes)
        here, there = (one, two) if restored == XICHENG_NODE else (two, one)
        yield Pair(nodes=nodes, books=books, restored=here, other=there)
    books.close()


def reconcile(node: Served, http: object = None) -> LedgerOutcome:
    """What the night does with the other node."""
    office = node.office
    client = PartnerClient(office, node.http if http is None else http)  # type: ignore[arg-type] # a client that a test made
    renewals = Renewals(office, client)
    other = WUCHANG_NODE if office.node.name == XICHENG_NODE else XICHENG_NODE
    return LedgerReconciler(office, client, renewals, Comparer(office, client, renewals)).reconcile(other)


def log_of(office: Office) -> list[LoggedMessage]:
    """All that was delivered, without when this side came to know it: a restored one has that from its receipt."""
    with office.ledgers.transaction(read_only=True) as ledger:
        links = ledger.links.all()
        exchanges = {exchange.key.exchange for exchange in exchanges_of(office)}
        found = [
            replace(message, known_at=None, line=None)
            for link in links
            for messages in ledger.messages.of_exchanges(link.id, exchanges).values()
            for message in messages
        ]
    return sorted(found, key=lambda message: (message.direction, message.id))


def exchanges_of(office: Office) -> list[Exchange]:
    """All exchanges as one side counts them, without what only it can know: its own stamps and counters."""
    with office.ledgers.transaction(read_only=True) as ledger:
        keys = ledger.exchanges.keys(None, 1000)
        found = [held for key in keys for held in ledger.exchanges.named(key.exchange)]
    return [replace(held, known_at=None, version=0, person_index="", entry=None, paired_at=None, pairing=None) for held in found]


def facts_of(office: Office) -> list[object]:
    """All facts that hold, without when this side came to know them."""
    epoch = a_moment(-100_000)
    with office.ledgers.transaction(read_only=True) as ledger:
        return [
            (key, sorted((replace(fact, known_at=epoch) for fact in ledger.exchanges.facts(key)), key=repr))
            for key in ledger.exchanges.keys(None, 1000)
        ]


def positions(office: Office) -> tuple[object, ...]:
    """Where both logs stand."""
    with office.ledgers.transaction(read_only=True) as ledger:
        (link,) = ledger.links.all()
    return (
        link.out_sequence,
        link.out_digest,
        link.out_turn,
        link.receipted,
        link.receipt_digest,
        link.in_sequence,
        link.in_digest,
        link.in_turn,
        link.issued_receipt_digest,
        link.last_received_at,
    )


def everything(office: Office) -> tuple[object, ...]:
    """All that a restored node must come to hold again."""
    return positions(office), log_of(office), exchanges_of(office), facts_of(office)


def open_kinds(node: Served) -> list[str]:
    """The kinds of the findings that stand."""
    with node.office.ledgers.transaction(read_only=True) as ledger:
        return sorted(finding.kind for finding in ledger.chores.findings(Page()) if finding.settled_at is None)
