"""The routing table: which node a county's exchanges go to, and whose word is taken for that county.

Operators confirm what a partner serves, county by county or for a whole prefecture or province; they can also pin a code or a
prefix to a partner. The longest prefix decides. Digits serve this table alone: everything else asks `Divisions.contains`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from exchange.errors import Refused, Retry


class NoRoute(Refused):
    """No active partner has been confirmed for the other jurisdiction."""

    code = "no-route"
    retry = Retry.CONTACT
    zh = "尚无已确认服务该地区的协作方节点。"
    en = "No active partner is confirmed for that jurisdiction."


class RouteClosed(NoRoute):
    """The partner that the county's route leads to is suspended; what is meant for it goes to nobody else."""

    zh = "该地区的协作方节点已暂停联络，请联系管理员。"
    en = "The partner that serves that jurisdiction is suspended; ask the operator."


class RouteUndecided(NoRoute):
    """Two active partners hold the same prefix: the operator pins it to one of them."""

    zh = "有两个节点声明服务该地区，须由管理员指定其一。"
    en = "Two partners claim that jurisdiction; the operator has to pin it to one of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An operator's word that a prefix (2, 4 or 6 digits) goes to a partner."""

    prefix: str
    partner: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What operators confirmed of one partner: all that routing needs of it."""

    partner: str
    active: bool
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One line of the table. `own` are the node's own counties; a way that is not `active` leads nowhere for now."""

    prefix: str
    partner: str
    pinned: bool = False
    own: bool = False
    active: bool = True

    @property
    def rank(self) -> tuple[bool, int, bool, bool]:
        """What decides between two ways to one county: own, then the longer prefix, then a pin, then an open link."""
        return self.own, len(self.prefix), self.pinned, self.active


def prefix_of(code: str) -> str:
    """The digits that a division code stands for: 42 of 420000, 4201 of 420100, all of a county's.

    The headings of the national list stay what they are: 4290 of 429000 are the counties directly under Hubei, not Hubei.
    """
    for end in (2, 4):
        if code[end:].strip("0") == "":
            return code[:end]
    return code


class RoutingTable:
    """All ways of one node; `way` chooses among them."""

    def __init__(self, node: str, own: Iterable[str], confirmed: Iterable[Confirmed], pins: Iterable[Pin]) -> None:
        known = {each.partner: each for each in confirmed}
        lines: dict[Way, None] = dict.fromkeys(Way(prefix=code, partner=node, own=True) for code in sorted(own))
        for name in sorted(known):
            active = known[name].active
            lines.update((Way(prefix=prefix_of(code), partner=name, active=active), None) for code in sorted(known[name].codes))
        for pin in sorted(pins, key=lambda pin: pin.prefix):
            active = pin.partner in known and known[pin.partner].active
            lines[Way(prefix=pin.prefix, partner=pin.partner, pinned=True, active=active)] = None
        self.ways: tuple[Way, ...] = tuple(lines)
        self._by_prefix: defaultdict[str, list[Way]] = defaultdict(list)
        for way in self.ways:
            self._by_prefix[way.prefix].append(way)

    def way(self, county: str) -> Way:
        """The way to a county; NoRoute, RouteClosed or RouteUndecided where there is none to take."""
        leading = [way for end in (6, 4, 2) for way in self._by_prefix.get(county[:end], ())]
        if not leading:
            raise NoRoute
        best = max(way.rank for way in leading)
        way, *others = [way for way in leading if way.rank == best]
        if not way.active:
            raise RouteClosed
        if others:
            raise RouteUndecided
        return way

    def leads_to(self, county: str, partner: str) -> bool:
        """Whether the county's exchanges go to this partner, so that its word is taken for the county."""
        try:
            return self.way(county).partner == partner
        except NoRoute:
            return False
