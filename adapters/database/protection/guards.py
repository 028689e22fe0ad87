"""The triggers that keep the audit: whether they are there and say what they should, and how they are put back."""

from collections.abc import Iterator

from sqlalchemy import Connection

KEPT = ("audit_rows", "audit_subjects", "audit_signed", "audit_witnessed")
_REFUSAL = "the audit is only added to"
_BODY = f" BEGIN RAISE EXCEPTION '{_REFUSAL}'; END "
# Of PostgreSQL's: before UPDATE, DELETE and TRUNCATE of a whole statement, not switched off, and with the function's own words.
_HELD = """
SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE relnamespace = current_schema()::regnamespace AND tgname = relname || '_kept' AND tgtype = 2 + 8 + 16 + 32
    AND tgenabled IN ('O', 'A') AND tgqual IS NULL AND prosrc = %s
"""


def unguarded(connection: Connection) -> frozenset[str]:
    """The tables of the audit whose rows could be changed or taken out, for a trigger was dropped, changed or switched off."""
    if connection.dialect.name == "postgresql":
        held = {str(row[0]) for row in connection.exec_driver_sql(_HELD, (_BODY,))}
        return frozenset(set(KEPT) - held)
    there = {
        str(row[0]): row[1] for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    }
    return frozenset(table for table in KEPT if any(there.get(name) != made for name, made in _sqlite(table)))


def put_back(connection: Connection) -> None:
    """Guard anew what is unguarded."""
    for table in sorted(unguarded(connection)):
        for statement in _postgresql(table) if connection.dialect.name == "postgresql" else _sqlite_anew(table):
            connection.exec_driver_sql(statement)


def _sqlite(table: str) -> Iterator[tuple[str, str]]:
    """The triggers of a table, by name."""
    for deed in ("UPDATE", "DELETE"):
        name = f"{table}_no_{deed.lower()}"
        yield name, f"CREATE TRIGGER {name} BEFORE {deed} ON {table} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"


def _sqlite_anew(table: str) -> Iterator[str]:
    for name, made in _sqlite(table):
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield made


def _postgresql(table: str) -> Iterator[str]:
    yield f"CREATE OR REPLACE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$"
    yield f"DROP TRIGGER IF EXISTS {table}_kept ON {table}"
    yield (
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()"
    )
