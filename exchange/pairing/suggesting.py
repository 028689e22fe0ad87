"""What a linkage of many people at once takes for one person: suggestions for a clerk, never a pairing."""

from dataclasses import dataclass
from datetime import datetime

from exchange.exchanges import ExchangeKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An entry that may be that of an exchange's person.

    `linked` is what the linkage itself holds of it, `probability` what the node's own weights of version `rules` do: the same
    number that candidates have. Both to six decimals.
    """

    exchange: ExchangeKey
    entry: str
    linked: float
    probability: float
    rules: str
    at: datetime
