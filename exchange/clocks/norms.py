"""What a node goes by: the rule sets and house rules that it knows and uses, and the working days.

Part of it comes with the release, part was added by administrators and stands in the ledger, where all processes of the node
find it. All of it is facts that are never changed, so their number tells whether anything is new.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from exchange.node import Node
from exchange.terms.calendar import DayKind, WorkingDays
from exchange.terms.daytable import LoadedDay
from exchange.terms.house import read_house_rules
from exchange.terms.rulebook import RulesFile, RulesKind, RulesUse
from exchange.terms.rules import read_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What administrators have added to what the release carries."""

    files: tuple[RulesFile, ...] = ()
    uses: tuple[RulesUse, ...] = ()
    days: tuple[LoadedDay, ...] = ()


NOTHING_ADDED = Added()


def node_with(node: Node, added: Added) -> Node:
    """The node with all that was added; which version is current, `node_on` says."""
    if added == NOTHING_ADDED:
        return node
    shared = {file.version: read_rules(file.content.encode()) for file in added.files if file.kind is RulesKind.SHARED}
    house = {file.version: read_house_rules(file.content.encode()) for file in added.files if file.kind is RulesKind.HOUSE}
    # A version that a later release carries as well is the release's: both were refused unless they were equal.
    return replace(
        node,
        rulebook=replace(node.rulebook, versions={**shared, **node.rulebook.versions}, uses=_of(added.uses, RulesKind.SHARED)),
        housebook=replace(node.housebook, versions={**house, **node.housebook.versions}, uses=_of(added.uses, RulesKind.HOUSE)),
        working_days=replace(node.working_days, loaded={**node.working_days.loaded, **days_of(added.days)}),
    )


def node_on(node: Node, today: date) -> Node:
    """The node with the versions that are in use on a day."""
    rules = node.rulebook.current(today) if node.rulebook.uses else node.rules
    house = node.housebook.current(today) if node.housebook.uses else node.house
    return node if (rules, house) == (node.rules, node.house) else replace(node, rules=rules, house=house)


def days_of(days: Iterable[LoadedDay]) -> Mapping[date, DayKind]:
    """The kind of each loaded day: of two words on one day the later known one counts."""
    return {loaded.day: loaded.kind for loaded in sorted(days, key=lambda loaded: loaded.known_at)}


def working_days_with(working_days: WorkingDays, days: Iterable[LoadedDay]) -> WorkingDays:
    """The calendar as it would be with these days."""
    return replace(working_days, loaded={**working_days.loaded, **days_of(days)})


def _of(uses: Iterable[RulesUse], kind: RulesKind) -> tuple[RulesUse, ...]:
    return tuple(use for use in uses if use.kind is kind)
