"""Find the way to a county by the routing table as the ledger holds it."""

from collections.abc import Callable, Container
from functools import cached_property

from exchange.ledger import Ledger
from exchange.node import Node
from exchange.routing.table import RoutingTable, Way


def table_of(ledger: Ledger, node: Node) -> RoutingTable:
    """The routing table of this node."""
    return RoutingTable(node.name, node.jurisdictions, ledger.routes.confirmed(), ledger.routes.pins())


def route(ledger: Ledger, node: Node, other: str) -> Way:
    """The way to a county; NoRoute if no active partner holds it."""
    return table_of(ledger, node).way(other)


class Counties(Container[object]):
    """The counties that a partner speaks for: those whose way leads to it."""

    def __init__(self, table: RoutingTable | Callable[[], RoutingTable], partner: str) -> None:
        """`table` may be a function: a batch of replies never asks, and should not have it read."""
        self._read, self._partner = table, partner
        self._known: dict[object, bool] = {}

    @cached_property
    def _table(self) -> RoutingTable:
        return self._read if isinstance(self._read, RoutingTable) else self._read()

    def __contains__(self, county: object) -> bool:
        if county not in self._known:
            self._known[county] = isinstance(county, str) and self._table.leads_to(county, self._partner)
        return self._known[county]
