"""Routes, and what is sent on, as bodies."""

from typing import Any, Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Doubt, Shown
from api.models.exchanges import ExchangeRow
from exchange.people.record import Shape
from exchange.routing.table import Way
from exchange.wire.batch import NodeName
from exchange.wire.message import CountyCode

SEND_ON_EXAMPLE: dict[str, Any] = {"correct_entry": True}


class Pinning(Shape, frozen=True, kw_only=True):
    """The partner to which a code or a prefix goes."""

    partner: NodeName


class SendingOn(Shape, frozen=True, kw_only=True):
    """Where to send it, if not to the county that the answer names; whether to correct the entry's other side as well."""

    to: CountyCode | None = None
    correct_entry: bool = False


class WayShown(Shown):
    """One line of the routing table: the longest prefix decides; of two as long a pin, then an open link."""

    prefix: str = Field(description="2, 4 or 6 digits", examples=["42"])
    partner: str = Field(examples=["wuchang.example"])
    pinned: bool = Field(description="by an operator; else confirmed with the partner")
    own: bool = Field(description="a county of this node itself")
    active: bool = Field(description="false: the partner is suspended, and what is meant for it waits for the operator")

    @classmethod
    def of(cls, way: Way) -> Self:
        """From the table."""
        return cls(prefix=way.prefix, partner=way.partner, pinned=way.pinned, own=way.own, active=way.active)


class RouteFound(Shown):
    """Where a county's exchanges go."""

    code: str = Field(description="as it was asked", examples=["110104"])
    today: str = Field(description="what it stands for today", examples=["110102"])
    name: str = Field(examples=["北京市西城区"])
    way: WayShown
    notes: list[Doubt]


class SentShown(Shown):
    """What came of sending on."""

    before: str = Field(description="the exchange that was answered `wrong_jurisdiction`", examples=[EXAMPLE_ID])
    confirmed: bool = Field(description="whether it is confirmed by this; false where it had ended, or is being confirmed")
    entry_corrected: bool
    notes: list[Doubt]
    after: ExchangeRow
