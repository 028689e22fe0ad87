"""Add rules, and say from when on they are used: facts that every process of the node goes by."""

from datetime import date, datetime

from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.terms.house import HouseRules, read_house_rules
from exchange.terms.rulebook import Rulebook, RulesFile, RulesKind, RulesTaken, RulesUse, UseInThePast
from exchange.terms.rules import RuleSet, read_rules


def read_any(kind: RulesKind, data: bytes) -> RuleSet | HouseRules:
    """Read rules of a kind; RulesRefused with the place of the first fault."""
    return read_rules(data) if kind is RulesKind.SHARED else read_house_rules(data)


def book_of(node: Node, kind: RulesKind) -> Rulebook[RuleSet] | Rulebook[HouseRules]:
    """All versions of a kind that the node knows."""
    return node.rulebook if kind is RulesKind.SHARED else node.housebook


def add_rules(ledger: Ledger, node: Node, kind: RulesKind, data: bytes, now: datetime) -> RuleSet | HouseRules:
    """Keep the rules of a new version beside the others; the same again changes nothing.

    RulesRefused for what is not valid, RulesTaken for a version that exists with other contents. They are not used yet.
    """
    rules = read_any(kind, data)
    held = book_of(node, kind).versions.get(rules.version)
    if held is not None:
        if held.digest != rules.digest:
            raise RulesTaken(pointer="/version")
        return held
    content = data.decode("utf-8")
    ledger.norms.add_file(RulesFile(kind=kind, version=rules.version, digest=rules.digest, content=content, added_at=now))
    return rules


def use_rules(ledger: Ledger, node: Node, kind: RulesKind, version: str, since: date | None, now: datetime) -> RulesUse:
    """Go by a version from a day on, today unless told; RulesNotKnown, UseInThePast."""
    today = civil_day(now)
    book_of(node, kind).get(version)
    if since is not None and since < today:
        raise UseInThePast(pointer="/since")
    use = RulesUse(kind=kind, version=version, since=since or today, known_at=now)
    ledger.norms.add_use(use)
    return use
