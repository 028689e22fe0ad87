"""What operators pinned, and the trail of what was sent on."""

from collections.abc import Iterable

from sqlalchemy import Column, select

from adapters.database.tables import PartnerRow, PinRow, SentOnRow
from adapters.database.values import list_of, stored
from adapters.database.work import Asked, Work, table_of
from exchange.codes import Role
from exchange.exchanges import ExchangeKey
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.partners import PartnerStatus
from exchange.routing.table import Confirmed, Pin
from exchange.routing.trail import SentOn

_PINS = table_of(PinRow)
_SENT_ON = table_of(SentOnRow)
_PARTNERS = table_of(PartnerRow)
# Every batch that opens exchanges asks these two, so no more of the partners is read than routing needs.
_confirmed = Asked(lambda _: select(_PARTNERS.c.node, _PARTNERS.c.status, _PARTNERS.c.confirmed).order_by(_PARTNERS.c.node))
_pins = Asked(lambda _: select(_PINS).order_by(_PINS.c.prefix))


class SqlRoutes:
    """`exchange.ledger.Routes` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def confirmed(self) -> list[Confirmed]:
        active = PartnerStatus.ACTIVE.value
        return [
            Confirmed(partner=node, active=status == active, codes=list_of(confirmed, str))
            for node, status, confirmed in self._work.ask(_confirmed)
        ]

    def pins(self) -> list[Pin]:
        rows = self._work.ask(_pins)
        return [Pin(prefix=prefix, partner=partner, at=from_milliseconds(at)) for prefix, partner, at in rows]

    def pin(self, pin: Pin) -> None:
        self._work.put(PinRow, stored(pin))

    def unpin(self, prefix: str) -> bool:
        return self._work.change(_PINS.delete().where(_PINS.c.prefix == prefix)) > 0

    def follow(self, step: SentOn) -> None:
        before, after = step.before, step.after
        row = (before.exchange, before.link, after.exchange, after.link, to_milliseconds(step.at))
        self._work.insert(SentOnRow, [row])

    def onward(self, exchanges: Iterable[str]) -> list[SentOn]:
        return self._steps(_SENT_ON.c.before_exchange, exchanges)

    def backward(self, exchanges: Iterable[str]) -> list[SentOn]:
        return self._steps(_SENT_ON.c.after_exchange, exchanges)

    def _steps(self, column: Column[str], exchanges: Iterable[str]) -> list[SentOn]:
        wanted = sorted(set(exchanges))
        if not wanted:
            return []
        found = select(_SENT_ON).where(self._work.one_of(column, wanted))
        in_order = found.order_by(_SENT_ON.c.before_exchange, _SENT_ON.c.before_link)
        return [
            SentOn(
                before=ExchangeKey(row.before_link, row.before_exchange, Role.ASKER),
                after=ExchangeKey(row.after_link, row.after_exchange, Role.ASKER),
                at=from_milliseconds(row.at),
            )
            for row in self._work.rows(in_order)
        ]
