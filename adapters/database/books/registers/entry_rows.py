"""An entry as one row, and back."""

from collections.abc import Iterable

import msgspec

from adapters.database.tables import EntryRow
from adapters.database.values import moment_of, number_of, words, words_or_none
from adapters.database.work import AnyRow, Values, Work, shape_of
from exchange.codes import CloseReason, RegisterKind
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.people.record import Person, Record, Shape
from exchange.people.register import Entry

_SEALED = shape_of(EntryRow).columns.index("sealed")
_REGISTER = words(RegisterKind)
_REASON = words_or_none(CloseReason)


class Sealed(Shape, frozen=True):
    """What of an entry is about the person: stored as one value."""

    person: Person
    record: Record


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Sealed)


def entry_values(entry: Entry) -> Values:
    """The row of an entry."""
    return (
        entry.id,
        entry.jurisdiction,
        entry.register.value,
        entry.origin,
        entry.destination,
        entry.township,
        _encoder.encode(Sealed(person=entry.person, record=entry.record)),
        entry.person_index,
        entry.protected,
        to_milliseconds(entry.opened_at),
        number_of(entry.closed_at),
        entry.close_reason,
        entry.version,
    )


def entries_of(work: Work, rows: Iterable[AnyRow]) -> list[Entry]:
    """The entries of rows; without those whose data key was destroyed, erased before an older copy of the ledger came back."""
    return [_entry(row) for row in work.opened(EntryRow, rows) if row[_SEALED] is not None]


def _entry(row: Values) -> Entry:
    (
        id_,
        jurisdiction,
        register,
        origin,
        destination,
        township,
        sealed,
        person_index,
        protected,
        opened_at,
        closed_at,
        close_reason,
        version,
    ) = row
    about = _decoder.decode(sealed)
    return Entry(
        id=id_,
        jurisdiction=jurisdiction,
        register=_REGISTER[register],
        origin=origin,
        destination=destination,
        township=township,
        person=about.person,
        record=about.record,
        person_index=person_index,
        protected=bool(protected),  # SQLite knows no flags, only 0 and 1
        opened_at=from_milliseconds(opened_at),
        closed_at=moment_of(closed_at),
        close_reason=_REASON[close_reason],
        version=version,
    )
