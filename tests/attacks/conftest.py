"""Real nodes to attack, made once for each module; what was theirs before an attempt is theirs after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.database.engine import open_database
from exchange.exchanges import Direction
from exchange.terms.agreement import Standing, write_terms
from exchange.wire import ijson
from tests.api.hand import Hand
from tests.api.nodes import Neighbours as Two
from tests.api.nodes import Served, neighbours, served
from tests.attacks.people import fill
from tests.attacks.somebody import Somebody
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_query, agreed_terms, an_agreement
from tests.jobs.offices import HandClock, an_office, as_partner
from tests.life.two_nodes import LINK, a_node

CHAOYANG = "110105"


@contextmanager
def by_hand(folder: Path) -> Iterator[Hand]:
    """Wuchang's node, and Xicheng made by hand, from which it has one batch."""
    clock = HandClock()
    database = open_database(f"sqlite:///{folder / 'woshou.db'}")
    database.upgrade()
    office = an_office(folder / "hand", a_node(XICHENG_NODE, XICHENG), clock)
    with served(folder / "node", a_node(WUCHANG_NODE, WUCHANG), clock, database) as node:
        with node.office.ledgers.transaction() as ledger:
            known = replace(as_partner(office), confirmed=(XICHENG,))
            ledger.partners.save(known)
            ledger.links.add(LINK, known.node)
            terms = agreed_terms()
            digest = ijson.digest(write_terms(terms))
            ledger.agreements.add(
                an_agreement(agreement=terms, digest=digest, partner=known.node, ours=False, standing=Standing.ACCEPTED)
            )
        hand = Hand(node, XICHENG_NODE, office.keyring, LINK)
        hand.push(a_query(1))
        yield hand
    database.close()


@pytest.fixture(scope="module")
def _wuchang(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hand]:
    with by_hand(tmp_path_factory.mktemp("wire")) as hand:
        yield hand


@pytest.fixture(scope="module")
def taking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hand]:
    """The same, where batches are taken: their lines are what is hostile."""
    with by_hand(tmp_path_factory.mktemp("taking")) as hand:
        hand.served.clock.move(timedelta(days=1))  # what it sends is not from a time to come
        yield hand


def log_of(node: Served) -> tuple[object, ...]:
    """What a node holds of a link: its head, the signed lines, and how many exchanges there are."""
    with node.office.ledgers.transaction(read_only=True) as ledger:
        (link,) = ledger.links.all()
        held = ledger.links.batch(link.id, Direction.IN, link.in_sequence)
        return link, held, len(list(ledger.exchanges.named(a_query(1).exchange)))


@pytest.fixture
def hand(_wuchang: Hand) -> Iterator[Hand]:
    """Wuchang's node, and Xicheng made by hand, from which it has one batch; after the attempt it holds what it held."""
    keyring, before = _wuchang.keyring, log_of(_wuchang.served)
    yield _wuchang
    _wuchang.keyring = keyring
    assert log_of(_wuchang.served) == before


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two nodes that exchange."""
    with neighbours(tmp_path_factory.mktemp("two"), HandClock()) as nodes:
        yield nodes


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('books') / 'woshou.db'}"
        return
    with request.getfixturevalue("postgresql_server").database() as url:
        yield url


@contextmanager
def filled_with(folder: Path, url: str) -> Iterator[Served]:
    """A node of two counties, Xicheng with one of everything and Chaoyang with nothing."""
    database = open_database(url)
    database.upgrade()
    node = replace(a_node("beijing.example", XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))
    with served(folder / "node", node, HandClock(), database) as made:
        fill(made)
        yield made
    database.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """That node, on SQLite."""
    folder = tmp_path_factory.mktemp("full")
    with filled_with(folder, f"sqlite:///{folder / 'woshou.db'}") as made:
        yield made


@pytest.fixture(scope="module")
def filled(books: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """That node, on each database."""
    with filled_with(tmp_path_factory.mktemp("filled"), books) as made:
        yield made


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    """A node of its own for each attempt: what is counted of one is not counted against the next."""
    with served(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as made:
        yield made


@pytest.fixture
def wang(node: Served) -> Somebody:
    """A clerk of that node's county."""
    return Somebody(node, "wang")
