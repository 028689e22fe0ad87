"""Leave out of an answer what tells of another person who is protected: it says where they live, and can endanger them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from exchange.auditing.event import of_case, of_entry, of_exchange
from exchange.exchanges import ExchangeKey
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.persons.subject import Relation
from exchange.verbs.persons.find import Found, index_of

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerable:
    """What was found and may be told. `withheld` is what may not, as subjects of the audit: nothing of it is handed over."""

    found: Found
    withheld: frozenset[str]


def protected_among(ledger: Ledger, node: Node, indexes: Iterable[str]) -> frozenset[str]:
    """Those of the persons who have a protected entry in some county of this node, be it closed."""
    wanted, found = sorted(set(indexes) - {""}), set[str]()
    for start in range(0, len(wanted), _AT_ONCE):
        held = ledger.entries.by_person(node.jurisdictions, wanted[start : start + _AT_ONCE])
        found |= {index for index, entries in held.items() if any(entry.protected for entry in entries)}
    return frozenset(found)


def answerable(ledger: Ledger, node: Node, found: Found) -> Answerable:
    """Without any entry, message, case or difference of another person who is protected.

    A case of the two goes whole, with what it had sent about the subject: each of these names the other one's county.
    """
    own = {each.entry.id for each in found.entries if each.occurrence.relation is Relation.PERSON}
    others = {each.entry.id: each.entry for each in found.entries if each.entry.id not in own}
    others |= ledger.entries.load({*found.perhaps, *(each.entry for each in found.differences)} - own)
    couples = {case.id: [index_of(node, each.person) for each in case.spouses] for case in found.cases}
    strangers = {each.exchange.person_index for each in found.messages} | {entry.person_index for entry in others.values()}
    strangers = strangers.union(*couples.values())
    protected = protected_among(ledger, node, strangers - {found.subject.index or ""})
    entries = {name for name, entry in others.items() if entry.person_index in protected}
    cases = {name for name, couple in couples.items() if protected.intersection(couple)}
    exchanges: set[ExchangeKey] = {
        each.exchange.key for each in found.messages if each.exchange.person_index in protected or each.exchange.entry in entries
    }
    named = {key.exchange for case in found.cases if case.id in cases for key in case.exchanges()}
    exchanges |= {each.key for each in found.exchanges if each.key.exchange in named}
    return Answerable(
        found=replace(
            found,
            entries=tuple(each for each in found.entries if each.entry.id not in entries),
            exchanges=tuple(each for each in found.exchanges if each.key not in exchanges),
            messages=tuple(each for each in found.messages if each.exchange.key not in exchanges),
            cases=tuple(case for case in found.cases if case.id not in cases),
            differences=tuple(each for each in found.differences if each.entry not in entries),
            perhaps=tuple(each for each in found.perhaps if each not in entries),
        ),
        withheld=frozenset({*map(of_entry, entries), *map(of_case, cases), *(of_exchange(key.exchange) for key in exchanges)}),
    )
