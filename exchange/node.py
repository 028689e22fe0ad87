"""What a verb must know of the node that it runs on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from exchange.clocks.retention import Retention
from exchange.errors import Conflict
from exchange.jurisdiction import Divisions
from exchange.people.document import Document, index_input, read_document
from exchange.people.name import match_key
from exchange.people.record import Person
from exchange.terms.agreement import RulesRef
from exchange.terms.calendar import WorkingDays
from exchange.terms.house import HouseRules
from exchange.terms.rulebook import Rulebook
from exchange.terms.rules import RuleSet
from exchange.wire.ijson import digest
from exchange.work.assignment import InternalLimit
from exchange.work.daily import DailyLimits


class NotServed(Conflict):
    """The jurisdiction is not one that this node serves."""

    code = "not-served"
    zh = "该行政区划不由本节点服务。"
    en = "This node does not serve that jurisdiction."


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """This node: its name, the counties it serves, and the data that its rules rest on.

    `rules` and `house` are the versions in use today, `rulebook` and `housebook` all that are known.
    `keyed` is the node's keyed hash, for blind indexes and for whatever is only to be known again: bytes in, 43 characters
    out. `webhooks` is whether own systems are told
    of what happens. `internal_limit` is what townships are given where nothing else is said. `retention` is how long persons are
    kept, `daily_limits` what one clerk may do in a day.
    """

    name: str
    title: str
    environment: Literal["production", "sandbox"]
    jurisdictions: frozenset[str]
    divisions: Divisions
    rules: RuleSet
    rulebook: Rulebook[RuleSet]
    house: HouseRules
    housebook: Rulebook[HouseRules]
    working_days: WorkingDays
    keyed: Callable[[bytes], str]
    webhooks: bool = False
    internal_limit: InternalLimit = field(default_factory=InternalLimit)
    retention: Retention = field(default_factory=Retention)
    daily_limits: DailyLimits = field(default_factory=DailyLimits)

    def agreed_rules(self, named: RulesRef) -> RuleSet:
        """The rule set that an agreement names; RulesUnknown, which says what is known here."""
        return self.rulebook.named(named.version, named.digest)

    def person_index(self, person: Person) -> str:
        """The blind index by which this node finds a person again, without storing who it is.

        By document where there is a number; else by name, sex and birth date, which finds only the same spelling.
        """
        if person.document.number is not None:
            index = self.document_index(read_document(person.document.type, person.document.number))
            if index is not None:
                return index
        born = person.birth_date.isoformat() if person.birth_date else ""
        return self.keyed(b"attributes\x00" + f"{match_key(person.name)}\x00{person.sex}\x00{born}".encode())

    def file_digest(self, data: bytes) -> str:
        """By what this node knows the same bytes again. A plain digest of a sheet of one row gives away whose it is."""
        return self.keyed(b"file\x00" + digest(data).encode())

    def document_index(self, document: Document) -> str | None:
        """The blind index of whoever bears this document; None where there is no number."""
        identity = index_input(document)
        return None if identity is None else self.keyed(identity)
