"""What is looked for: the blind keys of the entries and of their certificates, and what a linkage of many suggested."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, number, text


def _known(column: str) -> Index:
    """Only keys that there are: most entries have no spouse, and one in many carries the size."""
    filled = sql(f"{column} IS NOT NULL")
    return Index(f"pairing_keys_{column}", column, sqlite_where=filled, postgresql_where=filled)


class PairingKeyRow(Row, table=True):
    """The keys of one entry, a column for each pass. A protected entry has no row."""

    __tablename__ = "pairing_keys"
    __table_args__ = (
        Index("pairing_keys_name", "name"),
        Index("pairing_keys_sound", "sound"),
        _known("sound_year"),
        _known("birth_surname"),
        _known("birth_given"),
        _known("doc_head"),
        _known("doc_tail"),
        _known("doc_ends"),
        _known("spouse_document"),
        _known("couple"),
        _known("size"),
    )

    entry: str = text(primary_key=True)
    version: int = number()
    name: int = number()
    sound: int = number()
    sound_year: int | None = number()
    birth_surname: int | None = number()
    birth_given: int | None = number()
    doc_head: int | None = number()
    doc_tail: int | None = number()
    doc_ends: int | None = number()
    spouse_document: int | None = number()
    couple: int | None = number()
    size: int | None = number()


class CertificateKeyRow(Row, table=True):
    """The key of the certificate that an outflow entry holds, so that its county finds it. A protected entry has no row."""

    __tablename__ = "certificate_keys"
    __table_args__ = (Index("certificate_keys_number", "jurisdiction", "number"),)

    entry: str = text(primary_key=True)
    jurisdiction: str = text()
    number: int = number()


class PairingSuggestionRow(Row, table=True):
    """An entry that a linkage of many took for the person of an exchange: for a clerk to look at, nothing more."""

    __tablename__ = "pairing_suggestions"
    __table_args__ = (Index("pairing_suggestions_of_entry", "entry"),)

    exchange: str = text(primary_key=True)
    link: int = number(primary_key=True)
    role: str = text(primary_key=True)
    entry: str = text(primary_key=True)
    linked: int = number()
    probability: int = number()
    rules: str = text()
    at: int = number()
