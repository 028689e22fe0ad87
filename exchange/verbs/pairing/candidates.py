"""Who of the own register may be the person of an exchange: a few candidates with a probability and the reasons, for a clerk.

Looks under the person's blind keys, reads the few entries that share the rarest of them, and compares those. Never pairs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2

from exchange.codes import RegisterKind, Role
from exchange.errors import Conflict
from exchange.exchanges import Direction, Exchange
from exchange.jurisdiction import Divisions
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.pairing.comparing import Described, describe, described
from exchange.pairing.keys import SAMPLED, Blinding, Looked, Pass
from exchange.pairing.scoring import Candidate, Crowd, rank
from exchange.people.register import Entry
from exchange.verbs.pair import register_asked
from exchange.wire.message import Notice, Query, read_message

# A key that more entries share says less than the floor of probability: its pass is left out.
CAP = 200
# So many entries, those that share the rarest keys, are read and compared.
READ = 60
_COUNTED = 20_000


class BodiesErased(Conflict):
    """The messages of the exchange are erased: nobody can be compared."""

    code = "bodies-erased"
    zh = "该交换的消息正文已删除，无法比对人员。"
    en = "The messages of this exchange are erased; there is nobody left to compare."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A person who is looked for, and the register to look in."""

    jurisdiction: str
    register: RegisterKind
    person: Described


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A candidate, and what a linkage of many held of it, if there was one."""

    candidate: Candidate
    linked: float | None = None


def candidates(ledger: Ledger, node: Node, exchange: Exchange) -> list[Found]:
    """The candidates for an exchange, open entries first, the most probable first; BodiesErased.

    Only entries of the own register in which the person should be; protected ones never.
    """
    wanted = wanted_of(ledger, node, exchange)
    linked = {each.entry: each.linked for each in ledger.pairing.suggested(exchange.key)}
    found = find(ledger, node, Blinding(node.keyed), wanted, also=linked)
    return [Found(candidate=each, linked=linked.get(each.entry.id)) for each in found]


def wanted_of(ledger: Ledger, node: Node, exchange: Exchange) -> Wanted:
    """Whom the opening message of an exchange speaks of; BodiesErased."""
    direction = Direction.IN if exchange.key.role is Role.ASKED else Direction.OUT
    opening = ledger.messages.known(exchange.key.link, direction, [exchange.opening]).get(exchange.opening)
    message = read_message(opening.line) if opening is not None and opening.line is not None else None
    if not isinstance(message, Query | Notice):
        raise BodiesErased
    person = describe(
        message.body.person,
        message.body.record,
        place=place(node.divisions, exchange.other),
        township=exchange.handled_by,
    )
    return Wanted(jurisdiction=exchange.own, register=register_asked(exchange), person=person)


def find(ledger: Ledger, node: Node, blinding: Blinding, wanted: Wanted, *, also: Iterable[str] = ()) -> list[Candidate]:
    """The candidates for a person in a register; `also` names entries to compare whatever their keys."""
    looked = blinding.looked(wanted.jurisdiction, wanted.register, wanted.person)
    crowd = crowd_of(ledger, looked)
    worth_reading = rarest(ledger.pairing.sharing(looked, CAP + 1), crowd.size)
    entries = ledger.entries.load([*dict.fromkeys([*also, *worth_reading])])
    return rank(wanted.person, _comparable(node, wanted, entries.values()), crowd)


def crowd_of(ledger: Ledger, looked: Looked) -> Crowd:
    """How many the register has, told by its sample, and how many share the person's name and sound."""
    sampled = ledger.pairing.bearing(Pass.SIZE, looked.size, 1_000_000)
    return Crowd(
        size=sampled * SAMPLED + SAMPLED // 2,
        same_name=ledger.pairing.bearing(Pass.NAME, looked.name, _COUNTED),
        same_sound=ledger.pairing.bearing(Pass.SOUND, looked.sound, _COUNTED),
    )


def rarest(sharing: Mapping[Pass, list[str]], size: int) -> list[str]:
    """The entries that share the rarest keys with the person, the most promising first."""
    promise: defaultdict[str, float] = defaultdict(float)
    for entries in sharing.values():
        if len(entries) <= CAP:
            rare = log2(1 + size / len(entries))
            for entry in entries:
                promise[entry] += rare
    return sorted(promise, key=lambda entry: (-promise[entry], entry))[:READ]


def place(divisions: Divisions, code: str) -> tuple[str, ...]:
    """A division and those that it lies in, the nearest first."""
    return (code, *divisions.ancestors(code)) if divisions.is_known(code) else (code,)


def _comparable(node: Node, wanted: Wanted, entries: Iterable[Entry]) -> Iterable[tuple[Entry, Described]]:
    for entry in entries:
        if not entry.protected and (entry.jurisdiction, entry.register) == (wanted.jurisdiction, wanted.register):
            yield entry, described(entry, place(node.divisions, entry.other))
