"""What the node keeps for itself: keys, accounts, sessions, remembered answers, job runs, findings, notifications, requests."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, blob, flag, number, sealed, text

_WAITING, _DONE = sql("retry_at IS NOT NULL"), sql("retry_at IS NULL")
_UNSETTLED = sql("settled_at IS NULL")


class ApiKeyRow(Row, table=True):
    """A local caller's key; only its hash."""

    __tablename__ = "api_keys"

    id: str = text(primary_key=True)
    secret_hash: str = text()
    name: str = text()
    jurisdiction: str = text()
    role: str = text()
    created_at: int = number()
    revoked_at: int | None = number()


class AccountRow(Row, table=True):
    """Who signs in with an API key's rights; the secret of the second factor is sealed, for whoever has it makes its codes."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("accounts_by_login", "login", unique=True),
        Index("accounts_by_subject", "subject", unique=True),
    )

    key: str = text(primary_key=True)
    login: str = text()
    password_hash: str | None = text()
    must_change: bool = flag()
    subject: str | None = text()
    totp: bytes | None = sealed()
    totp_step: int = number()
    failures: int = number()
    locked_until: int | None = number()


class SessionRow(Row, table=True):
    """A person signed in; `id` is the hash of the token."""

    __tablename__ = "sessions"
    __table_args__ = (Index("sessions_of_key", "key", "opened_at", "id"),)

    id: str = text(primary_key=True)
    key: str = text()
    csrf: str = text()
    opened_at: int = number(index=True)
    seen_at: int = number()
    closed_at: int | None = number()


class DeedCountRow(Row, table=True):
    """How often a key did something on a civil day."""

    __tablename__ = "deed_counts"

    caller: str = text(primary_key=True)
    day: str = text(primary_key=True)
    deed: str = text(primary_key=True)
    times: int = number()


class RememberedAnswerRow(Row, table=True):
    """The answer to an idempotent request."""

    __tablename__ = "remembered_answers"

    caller: str = text(primary_key=True)
    key: str = text(primary_key=True)
    request_digest: str = text()
    status: int = number()
    body: bytes = sealed()
    content_type: str = text()
    headers: str = text()
    at: int = number(index=True)


class UsedAssertionRow(Row, table=True):
    """A client assertion that was used, until it would have expired by itself."""

    __tablename__ = "used_assertions"

    issuer: str = text(primary_key=True)
    jti: str = text(primary_key=True)
    expires: int = number(index=True)


class JobRunRow(Row, table=True):
    """One run of a job for one business day."""

    __tablename__ = "job_runs"

    job: str = text(primary_key=True)
    business_date: str = text(primary_key=True)
    claimed_at: int = number()
    finished_at: int | None = number()
    outcome: str | None = text()


class FindingRow(Row, table=True):
    """Something that a person should look at."""

    __tablename__ = "findings"
    __table_args__ = (
        Index("findings_listed", "at", "id"),
        Index("findings_open", "partner", "kind", sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED),
    )

    id: str = text(primary_key=True)
    kind: str = text()
    partner: str | None = text()
    subject: str = text()
    detail: str = text()
    at: int = number()
    settled_at: int | None = number()


class NotificationRow(Row, table=True):
    """What own systems are to be told; one that waits has a time to be tried at."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("notifications_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("notifications_done", "created_at", sqlite_where=_DONE, postgresql_where=_DONE),
    )

    id: str = text(primary_key=True)
    type: str = text()
    body: str = text()
    created_at: int = number()
    attempts: int = number()
    retry_at: int | None = number()
    sent_at: int | None = number()


class LedgerIdentityRow(Row, table=True):
    """The ledger's own id, by which the key store knows it; one row for ever."""

    __tablename__ = "ledger_identity"

    id: str = text(primary_key=True)


class DoomedKeyRow(Row, table=True):
    """A data key that is to be destroyed, since what it sealed was erased; gone from here once it is."""

    __tablename__ = "doomed_keys"

    id: bytes = blob(primary_key=True)


class SubjectRequestRow(Row, table=True):
    """One request: blind index and ids, nothing of the person. `recipients` is JSON."""

    __tablename__ = "subject_requests"
    __table_args__ = (
        Index("subject_requests_of_person", "person_index"),
        Index("subject_requests_listed", "at", "id"),
    )

    id: str = text(primary_key=True)
    kind: str = text()
    person_index: str = text()
    at: int = number()
    reason: str = text()
    entries: str = text()
    exchanges: str = text()
    recipients: str = text()
