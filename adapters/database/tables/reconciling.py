"""What reconciling keeps: tokens, runs, what they found, and the reconciliations that they were part of."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, blob, flag, number, text

_STANDING = sql("settled_at IS NULL")
_SETTLED = sql("outcome = 'settled'")
_UNSETTLED = sql("outcome <> 'settled'")
_UNFINISHED = sql("ended_at IS NULL")
_ENDED = sql("removed IS NOT NULL")


def _settled(name: str, *place: str) -> Index:
    return Index(f"register_runs_settled{name}", *place, sqlite_where=_SETTLED, postgresql_where=_SETTLED)


class TokenKeyRow(Row, table=True):
    """What names one key that tokens are made under, and how far they are. The key itself is nowhere: it is derived."""

    __tablename__ = "register_token_keys"
    __table_args__ = (
        UniqueConstraint(
            "agreement",
            "origin",
            "destination",
            "own",
            "month",
            "origin_kid",
            "destination_kid",
            name="register_token_keys_once",
        ),
    )

    id: int | None = number(primary_key=True)
    agreement: str = text()
    partner: str = text()
    origin: str = text()
    destination: str = text()
    own: str = text()
    month: str = text()
    origin_kid: str = text()
    destination_kid: str = text()
    items: str = text()
    revision: int = number()
    made_through: str | None = text()
    made_at: int = number()
    noted: int = number()
    noted_at: int | None = number()


class TokenRow(Row, table=True):
    """One entry's token and content digest under one key, from the revision that it came with to the one that it went with."""

    __tablename__ = "register_tokens"
    __table_args__ = (
        Index("register_tokens_of_entry", "entry"),
        Index("register_tokens_ended", "key", "removed", sqlite_where=_ENDED, postgresql_where=_ENDED),
        {"sqlite_with_rowid": False},
    )

    key: int = number(primary_key=True)
    leaf: bytes = blob(primary_key=True)
    added: int = number(primary_key=True)
    removed: int | None = number()
    entry: str = text()
    numbered: bool = flag()


class UntokenedRow(Row, table=True):
    """An entry that changed since its tokens were made."""

    __tablename__ = "untokened"

    id: int | None = number(primary_key=True)
    entry: str = text()


class RegisterRunRow(Row, table=True):
    """One comparison of one pair."""

    __tablename__ = "register_runs"
    __table_args__ = (
        Index("register_runs_of_pair", "origin", "destination", "began_at"),
        Index("register_runs_of_reconciliation", "reconciliation"),
        # The last settled run of a county, of a partner, and of each of their pairs, which the rates ask for.
        _settled("", "origin", "ended_at"),
        _settled("_there", "destination", "ended_at"),
        _settled("_with", "partner", "ended_at"),
        _settled("_pairs", "origin", "destination", "partner", "ended_at"),
        _settled("_pairs_there", "destination", "origin", "partner", "ended_at"),
        Index(
            *("register_runs_unsettled", "origin", "destination", "partner", "ended_at"),
            sqlite_where=_UNSETTLED,
            postgresql_where=_UNSETTLED,
        ),
    )

    id: str = text(primary_key=True)
    reconciliation: str | None = text()
    partner: str = text()
    agreement: str = text()
    origin: str = text()
    destination: str = text()
    items: str = text()
    started_by: str = text()
    began_at: int = number()
    ended_at: int | None = number()
    as_of: int | None = number()
    outcome: str | None = text()
    trouble: str | None = text()
    outflow_size: int | None = number()
    inflow_size: int | None = number()
    numberless_outflow: int | None = number()
    numberless_inflow: int | None = number()
    coarse_left: int | None = number()
    estimate: int | None = number()
    agreeing: int | None = number()
    differing: int | None = number()
    coarse: int | None = number()
    coarse_differing: int | None = number()
    outflow_only: int | None = number()
    inflow_only: int | None = number()
    repaired: int = number()
    calls: int = number()
    bytes: int = number()
    bound: str = text()


class RegisterDifferenceRow(Row, table=True):
    """One entry of ours of which something is to be settled with the other side."""

    __tablename__ = "register_differences"
    __table_args__ = (
        Index("register_differences_of_pair", "origin", "destination", "own", sqlite_where=_STANDING, postgresql_where=_STANDING),
        Index("register_differences_standing", "own", "entry", sqlite_where=_STANDING, postgresql_where=_STANDING),
        Index("register_differences_settled", "settled_at"),
    )

    entry: str = text(primary_key=True)
    origin: str = text(primary_key=True)
    destination: str = text(primary_key=True)
    own: str = text()
    partner: str = text()
    kind: str = text()
    fields: str = text()
    first_at: int = number()
    settled_at: int | None = number()


class ReleaseRow(Row, table=True):
    """A person's word that a pair may show more differences than the agreement's limit, for a time."""

    __tablename__ = "register_releases"

    partner: str = text(primary_key=True)
    origin: str = text(primary_key=True)
    destination: str = text(primary_key=True)
    limit: int = number()
    by: str = text()
    at: int = number()
    until: int = number()


class ReconciliationRow(Row, table=True):
    """One night's reconciliation, or one that an operator started; what it was narrowed down to, if it was."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        Index("reconciliations_listed", "began_at", "id"),
        Index("reconciliations_unfinished", "business_date", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    )

    id: str = text(primary_key=True)
    by: str = text()
    partner: str | None = text()
    origin: str | None = text()
    destination: str | None = text()
    business_date: str = text()
    began_at: int = number()
    ended_at: int | None = number()
    links: int = number()
    pairs: int = number()


class LinkStepRow(Row, table=True):
    """What reconciling one link's ledgers came to."""

    __tablename__ = "reconciliation_links"

    reconciliation: str = text(primary_key=True)
    partner: str = text(primary_key=True)
    at: int = number()
    trouble: str | None = text()
    comparison: str | None = text()
    equal: bool | None = flag()
    differ: int = number()
    resent: int = number()
    adopted: int = number()
    findings: int = number()
    settled: bool = flag()


class FailedPairRow(Row, table=True):
    """A pair that could not be compared, and what ended it."""

    __tablename__ = "reconciliation_failed"

    reconciliation: str = text(primary_key=True)
    origin: str = text(primary_key=True)
    destination: str = text(primary_key=True)
    partner: str = text()
    at: int = number()
    trouble: str = text()


class LeftOutRow(Row, table=True):
    """A link or a pair that was not reconciled, and why."""

    __tablename__ = "reconciliation_left_out"

    reconciliation: str = text(primary_key=True)
    place: int = number(primary_key=True)
    partner: str | None = text()
    origin: str | None = text()
    destination: str | None = text()
    why: str = text()
