"""What kind of matter an exchange is, as one small number: a place in it for each of the things that a report tells apart.

The numbers are stored. A new word of a code list takes the next free place of its list here; none is ever moved.
"""

from typing import Final, NamedTuple

from exchange.codes import Event, Kind, PriorityLevel, Purpose, RegisterKind
from exchange.counting.query import Narrowing, register_of
from exchange.exchanges import Exchange
from exchange.jurisdiction import Category

KEY_EVENTS: Final = frozenset({Event.BIRTH, Event.MARRIAGE})
_KINDS: Final = (Kind.QUERY, Kind.NOTICE)
_CATEGORIES: Final = (Category.MIGRANT, Category.INTRA_CITY)
_EVENTS: Final[tuple[Event | None, ...]] = (
    None,
    Event.ARRIVAL,
    Event.DEPARTURE,
    Event.RETURN,
    Event.MARRIAGE,
    Event.DIVORCE,
    Event.BIRTH,
    Event.ADOPTION,
    Event.DEATH,
    Event.HOUSEHOLD_MOVED,
    Event.IDENTITY_CHANGED,
    Event.CERTIFICATE_ISSUED,
    Event.CERTIFICATE_REVOKED,
    Event.REGISTERED,
    Event.CORRECTION,
)
_PURPOSES: Final = (
    Purpose.BIRTH_REGISTRATION,
    Purpose.CERTIFICATE_VERIFICATION,
    Purpose.PUBLIC_SERVICE,
    Purpose.BENEFIT,
)

OUTFLOW: Final = 1
KEY: Final = 1 << 1
_CATEGORY, _KIND, _EVENT, _URGENT, _PURPOSE = 2, 4, 7, 12, 13
# Without urgency and purpose, which would make ten times as many cells: what the pages of totals tell apart.
PAGE_MASK: Final = (1 << _URGENT) - 1
GROUP_MASK: Final = OUTFLOW | KEY


def is_key_information(exchange: Exchange) -> bool:
    """Whether it is key information (重点信息): an urgent query, or a notice of a birth or a marriage."""
    return _is_key(exchange.kind, exchange.event, urgent=exchange.urgent is not None)


def sort_of(exchange: Exchange) -> int:
    """The number of an exchange's sort."""
    return sort_number(
        outflow=register_of(exchange) is RegisterKind.OUTFLOW,
        category=exchange.category,
        kind=exchange.kind,
        event=exchange.event,
        urgent=exchange.urgent is not None,
        purpose=exchange.purpose,
    )


def sort_number(*, outflow: bool, category: Category, kind: Kind, event: Event | None, urgent: bool, purpose: Purpose) -> int:
    """The number of a sort, from what it is made of."""
    return (
        (OUTFLOW if outflow else 0)
        | (KEY if _is_key(kind, event, urgent=urgent) else 0)
        | _CATEGORIES.index(category) << _CATEGORY
        | _KINDS.index(kind) << _KIND
        | _EVENTS.index(event) << _EVENT
        | urgent << _URGENT
        | _PURPOSES.index(purpose) << _PURPOSE
    )


def _is_key(kind: Kind, event: Event | None, *, urgent: bool) -> bool:
    return urgent if kind is Kind.QUERY else kind is Kind.NOTICE and event in KEY_EVENTS


def kind_of(sort: int) -> Kind:
    """The kind of a sort."""
    return _KINDS[sort >> _KIND & 7]


def event_of(sort: int) -> Event | None:
    """The event of a sort; None for a query."""
    return _EVENTS[sort >> _EVENT & 31]


def page_sorts() -> list[int]:
    """Every number that a page of totals can hold: queries first, then the events in the order of their list."""
    matters = [(Kind.QUERY, None), *((Kind.NOTICE, event) for event in _EVENTS[1:])]
    return [
        rest | category << _CATEGORY | _KINDS.index(kind) << _KIND | _EVENTS.index(event) << _EVENT
        for kind, event in matters
        for category in range(len(_CATEGORIES))
        for rest in range(GROUP_MASK + 1)
    ]


class SortFilter(NamedTuple):
    """Which sorts are wanted: those whose bits in `mask` are those of `value`."""

    mask: int
    value: int

    def takes(self, sort: int) -> bool:
        """Whether a sort is wanted."""
        return sort & self.mask == self.value

    def joined(self, other: "SortFilter") -> "SortFilter | None":
        """What both want; None if nothing can be both."""
        if (self.value ^ other.value) & self.mask & other.mask:
            return None
        return SortFilter(self.mask | other.mask, self.value | other.value)

    @property
    def fits_pages(self) -> bool:
        """Whether it asks for nothing that the pages of totals do not tell apart."""
        return not self.mask & ~PAGE_MASK


def sorts_of(narrowing: Narrowing) -> SortFilter:
    """The sorts that a narrowing takes, as `Narrowing.takes` does."""
    asked = (
        (1, 0, None if narrowing.register is None else narrowing.register is RegisterKind.OUTFLOW),
        (3, _CATEGORY, None if narrowing.category is None else _CATEGORIES.index(narrowing.category)),
        (7, _KIND, None if narrowing.kind is None else _kind_index(narrowing.kind)),
        (31, _EVENT, None if narrowing.event is None else _EVENTS.index(narrowing.event)),
        (1, _URGENT, None if narrowing.priority is None else narrowing.priority is PriorityLevel.URGENT),
        (15, _PURPOSE, None if narrowing.purpose is None else _PURPOSES.index(narrowing.purpose)),
    )
    mask = value = 0
    for width, place, wanted in asked:
        if wanted is not None:
            mask |= width << place
            value |= int(wanted) << place
    return SortFilter(mask, value)


def _kind_index(kind: Kind) -> int:
    """The place of a kind; one that opens no exchange is no exchange's."""
    return _KINDS.index(kind) if kind in _KINDS else 7
