"""Count what a clerk does today."""

from datetime import datetime

from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.work.daily import DailyLimit, Deed


def count_deed(ledger: Ledger, node: Node, key: str, deed: Deed, times: int, now: datetime) -> None:
    """Count it under the clerk's key, and let it pass or raise DailyLimit; refused, nothing is counted.

    `times` below 0 take back what was counted, and are never refused.
    """
    if times and ledger.access.count(key, civil_day(now), deed, times) > node.daily_limits.of(deed) and times > 0:
        ledger.access.count(key, civil_day(now), deed, -times)  # the transaction may go on without it
        raise DailyLimit
