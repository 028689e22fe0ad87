"""Links and their batches."""

from sqlalchemy import ColumnElement, and_, select

from adapters.database.faults import or_busy
from adapters.database.tables import BatchRow, LinkRow
from adapters.database.values import moment_of, stored, words
from adapters.database.work import AnyRow, Work, table_of
from exchange.exchanges import Direction, Link, StoredBatch
from exchange.moments import from_milliseconds

_LINKS = table_of(LinkRow)
_BATCHES = table_of(BatchRow)
_DIRECTION = words(Direction)


class SqlLinks:
    """`exchange.ledger.Links` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def all(self) -> list[Link]:
        return [_link(row) for row in self._work.rows(select(_LINKS).order_by(_LINKS.c.id))]

    def of(self, partner: str, *, lock: bool = False) -> Link | None:
        statement = select(_LINKS).where(_LINKS.c.partner == partner)
        if lock:
            # NO KEY UPDATE lets those pass who only refer to the link. On SQLite the one writer has locked everything.
            statement = statement.with_for_update(key_share=True)
        row = self._work.first(statement)
        return None if row is None else _link(row)

    def add(self, uuid: str, partner: str) -> Link:
        values = stored(Link(id=0, uuid=uuid, partner=partner))
        del values["id"]
        with or_busy():
            row = self._work.rows(_LINKS.insert().values(values).returning(_LINKS.c.id))[0]
        return Link(id=row.id, uuid=uuid, partner=partner)

    def save(self, link: Link) -> None:
        if self._work.change(_LINKS.update().where(_LINKS.c.id == link.id).values(stored(link))) != 1:
            raise KeyError(f"link {link.id} was never added")

    def batch(self, link: int, direction: Direction, sequence: int) -> StoredBatch | None:
        row = self._work.first(select(_BATCHES).where(_is(link, direction, sequence)))
        return None if row is None else _batch(row)

    def add_batch(self, batch: StoredBatch) -> None:
        self._work.change(_BATCHES.insert().values(stored(batch)))

    def save_receipt(self, batch: StoredBatch) -> None:
        values = stored(batch)
        receipt = {name: values[name] for name in ("received_at", "receipt_jws", "receipt_digest")}
        found = _is(batch.link, batch.direction, batch.sequence)
        if self._work.change(_BATCHES.update().where(found).values(receipt)) != 1:
            raise KeyError(f"batch {batch.sequence} of link {batch.link} was never added")


def _is(link: int, direction: Direction, sequence: int) -> ColumnElement[bool]:
    batches = _BATCHES.c
    return and_(batches.link == link, batches.direction == direction.value, batches.sequence == sequence)


def _link(row: AnyRow) -> Link:
    moments = ("last_received_at", "retry_at", "last_contact_at")
    values = dict(row._mapping)
    return Link(**{**values, **{name: moment_of(values[name]) for name in moments}})


def _batch(row: AnyRow) -> StoredBatch:
    values = dict(row._mapping)
    values["direction"] = _DIRECTION[row.direction]
    values["sent_at"] = from_milliseconds(row.sent_at)
    values["received_at"] = moment_of(row.received_at)
    return StoredBatch(**values)
