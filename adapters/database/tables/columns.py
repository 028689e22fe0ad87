"""The few kinds of column that the tables are made of, so that each kind is stored one way everywhere.

- words, UUIDs, digests, ISO dates and JSON: TEXT, compared by code point. PostgreSQL's default collation would compare
  by the rules of a language, which is slower and puts keys in another order than SQLite and Python do
- days of what is counted: INTEGER, proleptic ordinals, of which SQL can reckon
- moments: BIGINT, milliseconds since 1970-01-01T00:00:00Z
- what is about a person: one blob for each row, sealed as one value
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, MetaData, Text
from sqlmodel import Field, SQLModel

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite counts rows up only in a column of its own INTEGER type, which holds 64 bits as well.
SMALL = Integer()
SEALED = "sealed"
NUMBER = BigInteger().with_variant(Integer(), "sqlite")


class Row(SQLModel):
    """Base of all tables. Every constraint has a name that a later migration can call it by."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "ix": "%(table_name)s_%(column_0_name)s_idx",
        }
    )


def text(**more: Any) -> Any:
    """Words, identifiers, dates and JSON."""
    return Field(sa_type=TEXT, **more)


def number(**more: Any) -> Any:
    """A count, a sequence, or a moment in milliseconds."""
    return Field(sa_type=NUMBER, **more)


def small(**more: Any) -> Any:
    """A number that fits into 31 bits, such as the ordinal of a day; half as wide where there are millions of them."""
    return Field(sa_type=SMALL, **more)


def flag(**more: Any) -> Any:
    """Yes or no."""
    return Field(sa_type=Boolean, **more)


def blob(**more: Any) -> Any:
    """Bytes."""
    return Field(sa_type=LargeBinary, **more)


def sealed(**more: Any) -> Any:
    """All that a row tells of a person, as one sealed value (`adapters.database.sealed.seals`); at most one column of a table."""
    return Field(sa_type=LargeBinary, sa_column_kwargs={"info": {SEALED: True}}, **more)
