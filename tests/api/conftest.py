"""Nodes for the tests of the API."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.terms.agreement import Standing, write_terms
from exchange.wire import ijson
from tests.api.comparing import ask
from tests.api.hand import Hand
from tests.api.nodes import Neighbours, Served, neighbours, served
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, agreed_terms, an_agreement
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock, an_office, as_partner
from tests.life.two_nodes import LINK, a_node


@pytest.fixture
def xicheng(tmp_path: Path) -> Iterator[Served]:
    """One node with empty books."""
    with served(tmp_path / "xicheng", a_node(XICHENG_NODE, XICHENG), HandClock()) as node:
        yield node


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Neighbours]:
    """Two nodes that exchange."""
    with neighbours(tmp_path, HandClock()) as nodes:
        yield nodes


@pytest.fixture
def hand(tmp_path: Path, database_url: str) -> Iterator[Hand]:
    """Wuchang's node on each database, and Xicheng made by hand: onboarded, with an agreement in force."""
    clock = HandClock()
    database = open_database(database_url)
    database.upgrade()
    office = an_office(tmp_path / "hand", a_node(XICHENG_NODE, XICHENG), clock)
    with served(tmp_path / "node", a_node(WUCHANG_NODE, WUCHANG), clock, database) as node:
        with node.office.ledgers.transaction() as ledger:
            known = replace(as_partner(office), confirmed=(XICHENG,))
            ledger.partners.save(known)
            ledger.links.add(LINK, known.node)
            terms = agreed_terms()
            digest = ijson.digest(write_terms(terms))
            ledger.agreements.add(
                an_agreement(agreement=terms, digest=digest, partner=known.node, ours=False, standing=Standing.ACCEPTED)
            )
        yield Hand(node, XICHENG_NODE, office.keyring, LINK)
    database.close()


@pytest.fixture
def compared(tmp_path: Path, database_url: str) -> Iterator[Neighbours]:
    """Xicheng on each database, Wuchang in memory; three queries have gone across, and ten days by."""
    database = open_database(database_url)
    database.upgrade()
    with neighbours(tmp_path, HandClock(), xicheng=database) as nodes:
        ask(nodes, 1, 2, 3)
        nodes.xicheng.clock.move(timedelta(days=10))
        yield nodes
    database.close()
