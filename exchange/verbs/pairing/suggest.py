"""Look at all unpaired exchanges of a county at once, for people whom no document tells apart, and write suggestions.

Nothing is paired: a suggestion stands among the candidates of its exchange until a clerk has decided.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from exchange.codes import RegisterKind, Role
from exchange.cursors import entry_cursor, exchange_cursor
from exchange.exchanges import Exchange, ExchangeKey
from exchange.ledger import EntryFilter, ExchangeFilter, Ledger, Page
from exchange.node import Node, NotServed
from exchange.pairing.comparing import described
from exchange.pairing.keys import Blinding
from exchange.pairing.linking import Flat, Linked, flat
from exchange.pairing.scoring import rank
from exchange.pairing.suggesting import Suggestion
from exchange.pairing.weights import VERSION
from exchange.verbs.pairing.candidates import BodiesErased, Wanted, crowd_of, place, wanted_of

_PAGE = 1000
_EACH = 5


class Gathered(NamedTuple):
    """The two lists of one register: whom it was asked about without finding them, and whom it holds."""

    register: RegisterKind
    wanted: dict[ExchangeKey, Wanted]
    asked: list[Flat]
    entered: list[Flat]


class Suggested(NamedTuple):
    """What came of it, in numbers: exchanges looked at, exchanges with a suggestion, suggestions."""

    exchanges: int
    with_suggestion: int
    suggestions: int


def gather(ledger: Ledger, node: Node, jurisdiction: str) -> list[Gathered]:
    """What a linkage of the county's registers needs; NotServed. Reading only: linking takes its time outside a transaction."""
    if jurisdiction not in node.jurisdictions:
        raise NotServed
    by_register: defaultdict[RegisterKind, dict[ExchangeKey, Wanted]] = defaultdict(dict)
    for exchange in _unpaired(ledger, jurisdiction):
        try:
            wanted = wanted_of(ledger, node, exchange)
        except BodiesErased:
            continue  # nobody left to compare
        by_register[wanted.register][exchange.key] = wanted
    return [
        Gathered(
            register=register,
            wanted=wanted,
            asked=[flat(_name(key), each.person) for key, each in wanted.items()],
            entered=list(_entered(ledger, node, jurisdiction, register)),
        )
        for register, wanted in by_register.items()
    ]


def suggest(ledger: Ledger, node: Node, gathered: Gathered, found: Sequence[Linked], now: datetime) -> Suggested:
    """Judge each linked pair by the node's own weights, and write the best few of each exchange in place of earlier ones.

    What was paired, or protected, while the linkage ran is left out.
    """
    linked: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for left, right, probability in found:
        linked[left][right] = probability
    blinding = Blinding(node.keyed)
    suggestions: list[Suggestion] = []
    for key, wanted in gathered.wanted.items():
        ledger.pairing.forget(key)
        held = linked.get(_name(key), {}) if _is_unpaired(ledger, key) else {}
        entries = [entry for entry in ledger.entries.load(held).values() if not entry.protected]
        if not entries:
            continue
        crowd = crowd_of(ledger, blinding.looked(wanted.jurisdiction, wanted.register, wanted.person))
        among = [(entry, described(entry, place(node.divisions, entry.other))) for entry in entries]
        suggestions += [
            Suggestion(
                exchange=key,
                entry=candidate.entry.id,
                linked=round(held[candidate.entry.id], 6),
                probability=round(candidate.probability, 6),
                rules=VERSION,
                at=now,
            )
            for candidate in rank(wanted.person, among, crowd)[:_EACH]
        ]
    ledger.pairing.suggest(suggestions)
    told = {suggestion.exchange for suggestion in suggestions}
    return Suggested(exchanges=len(gathered.wanted), with_suggestion=len(told), suggestions=len(suggestions))


def _is_unpaired(ledger: Ledger, key: ExchangeKey) -> bool:
    exchange = ledger.exchanges.load(key.link, key.role, [key.exchange]).get(key.exchange)
    return exchange is not None and exchange.entry is None


def _unpaired(ledger: Ledger, jurisdiction: str) -> Iterator[Exchange]:
    wanted = ExchangeFilter(own=frozenset({jurisdiction}), role=Role.ASKED, paired=False)
    after = ""
    while page := ledger.exchanges.find(wanted, Page(after=after, limit=_PAGE)):
        yield from page
        after = exchange_cursor(page[-1])


def _entered(ledger: Ledger, node: Node, jurisdiction: str, register: RegisterKind) -> Iterator[Flat]:
    wanted = EntryFilter(jurisdictions=frozenset({jurisdiction}), register=register)
    after = ""
    while page := ledger.entries.find(wanted, Page(after=after, limit=_PAGE)):
        for entry in page:
            if not entry.protected:
                yield flat(entry.id, described(entry, place(node.divisions, entry.other)))
        after = entry_cursor(page[-1])


def _name(key: ExchangeKey) -> str:
    return f"{key.link}~{key.exchange}~{key.role.value}"
