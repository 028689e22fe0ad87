"""Links and their batches."""

from sqlalchemy import and_, bindparam, select

from adapters.database.faults import or_busy
from adapters.database.tables import BatchRow, LinkRow
from adapters.database.values import moment_of, stored, words
from adapters.database.work import AnyRow, Asked, Work, named, table_of
from exchange.exchanges import Direction, Link, StoredBatch
from exchange.moments import from_milliseconds

_LINKS = table_of(LinkRow)
_BATCHES = table_of(BatchRow)
_DIRECTION = words(Direction)
_OF = select(_LINKS).where(_LINKS.c.partner == bindparam("partner"))
_IS = and_(
    _BATCHES.c.link == bindparam("of_link"),
    _BATCHES.c.direction == bindparam("way"),
    _BATCHES.c.sequence == bindparam("number"),
)
_RECEIPT = ("received_at", "receipt_jws", "receipt_digest")

_link_of = Asked(lambda _: _OF)
# NO KEY UPDATE lets those pass who only refer to the link. On SQLite the one writer has locked everything.
_locked_link_of = Asked(lambda _: _OF.with_for_update(key_share=True))
_save_link = Asked(
    lambda _: _LINKS.update().where(_LINKS.c.id == bindparam("this")),
    sets=tuple(column.name for column in _LINKS.columns if not column.primary_key),
)
_batch_of = Asked(lambda _: select(_BATCHES).where(_IS))
_add_batch = Asked(lambda _: _BATCHES.insert(), sets=tuple(_BATCHES.columns.keys()))
_drop_batch = Asked(lambda _: _BATCHES.delete().where(_IS))
_save_receipt = Asked(lambda _: _BATCHES.update().where(_IS), sets=_RECEIPT)


class SqlLinks:
    """`exchange.ledger.Links` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def all(self) -> list[Link]:
        return [_link(row) for row in self._work.rows(select(_LINKS).order_by(_LINKS.c.id))]

    def of(self, partner: str, *, lock: bool = False) -> Link | None:
        row = self._work.ask_one(_locked_link_of if lock else _link_of, partner=partner)
        return None if row is None else _link(row)

    def add(self, uuid: str, partner: str) -> Link:
        values = stored(Link(id=0, uuid=uuid, partner=partner))
        del values["id"]
        with or_busy():
            row = self._work.rows(_LINKS.insert().values(values).returning(_LINKS.c.id))[0]
        return Link(id=row.id, uuid=uuid, partner=partner)

    def save(self, link: Link) -> None:
        if self._work.tell(_save_link, {**stored(link), "this": link.id}) != 1:
            raise KeyError(f"link {link.id} was never added")

    def batch(self, link: int, direction: Direction, sequence: int) -> StoredBatch | None:
        row = self._work.ask_one(_batch_of, of_link=link, way=direction.value, number=sequence)
        return None if row is None else _batch(row)

    def add_batch(self, batch: StoredBatch) -> None:
        self._work.tell(_add_batch, stored(batch))

    def save_receipt(self, batch: StoredBatch) -> None:
        values = stored(batch)
        found = {"of_link": batch.link, "way": batch.direction.value, "number": batch.sequence}
        if self._work.tell(_save_receipt, {**found, **{name: values[name] for name in _RECEIPT}}) != 1:
            raise KeyError(f"batch {batch.sequence} of link {batch.link} was never added")

    def drop_batch(self, batch: StoredBatch) -> None:
        found = {"of_link": batch.link, "way": batch.direction.value, "number": batch.sequence}
        if self._work.tell(_drop_batch, found) != 1:
            raise KeyError(f"batch {batch.sequence} of link {batch.link} was never added")


def _link(row: AnyRow) -> Link:
    moments = ("last_received_at", "retry_at", "last_contact_at")
    values = named(_LINKS, row)
    return Link(**{**values, **{name: moment_of(values[name]) for name in moments}})


def _batch(row: AnyRow) -> StoredBatch:
    values = named(_BATCHES, row)
    values["direction"] = _DIRECTION[values["direction"]]
    values["sent_at"] = from_milliseconds(values["sent_at"])
    values["received_at"] = moment_of(values["received_at"])
    return StoredBatch(**values)
