"""What the database's logins may do on PostgreSQL: seen before anything is made, so that a refusal leaves nothing half made."""

from sqlalchemy import URL, Connection, Engine

from adapters.database import migration
from adapters.database.connections import open_engine, read_url
from adapters.database.faults import LoginDenied, translated
from adapters.database.sealed.key_store import SCHEMA, key_store_url

_MAKES_TABLES = "SELECT has_schema_privilege('public', 'CREATE')"
_HAS_KEY_STORE = f"""
SELECT CASE WHEN to_regnamespace('{SCHEMA}') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
    ELSE has_schema_privilege(to_regnamespace('{SCHEMA}'), 'USAGE') END
"""
# The owner's own, as after REASSIGN OWNED: who does not own the key store cannot grant it either.
_OWNS_KEY_STORE = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s AND pg_has_role(nspowner, 'USAGE'))"


class TablesDenied(LoginDenied):
    """The login may not make the tables, which another role owns or is to own."""

    code = "database-owner-needed"
    zh = "数据库账号不能建表：请为本命令设置表所有者的地址 WOSHOU_DATABASE_OWNER_URL（docs/operations.md，数据库账号）。"
    en = (
        "The database's login may not create tables: set WOSHOU_DATABASE_OWNER_URL, the address of their owner, "
        "for this command (docs/operations.md, Database roles)."
    )


class KeyStoreDenied(LoginDenied):
    """The login may not use the schema of the data keys, or not make it."""

    code = "key-store-denied"
    zh = f"数据库账号不能使用或建立密钥库（模式 {SCHEMA}）：见 docs/operations.md，数据库账号。"
    en = f"The database's login may not use, or make, the key store (schema {SCHEMA}): see docs/operations.md, Database roles."


def check_logins(database: str, owner: str | None, key_store: str) -> None:
    """Look whether a node can be made, or brought to this release, with these addresses; TablesDenied, KeyStoreDenied."""
    for url, check in (
        (read_url(owner or database), check_tables),
        (key_store_url(read_url(database), key_store), check_key_store),
    ):
        if url.get_backend_name() == "sqlite":
            continue
        engine = open_engine(url)
        try:
            with translated():
                check(engine)
        finally:
            engine.dispose()


def check_tables(engine: Engine) -> None:
    """TablesDenied unless this login may make the tables that are still to be made."""
    with engine.connect() as connection:
        makes = _holds(connection, _MAKES_TABLES)
    if not makes and migration.revision(engine) != migration.newest():
        raise TablesDenied


def check_key_store(engine: Engine) -> None:
    """KeyStoreDenied unless this login may use the key store, or make the one that is not there."""
    with engine.connect() as connection:
        if not _holds(connection, _HAS_KEY_STORE):
            raise KeyStoreDenied


def lend_key_store(engine: Engine, login: URL) -> None:
    """Let a login use the key store where this one owns it, as REASSIGN OWNED leaves it; before a revision needs it."""
    with engine.begin() as connection:
        if connection.exec_driver_sql(_OWNS_KEY_STORE, (SCHEMA,)).scalar_one():
            role = connection.dialect.identifier_preparer.quote_identifier(login.username or "")
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
            connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}")


def _holds(connection: Connection, question: str) -> bool:
    return bool(connection.exec_driver_sql(question).scalar_one())
