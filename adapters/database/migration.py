"""Bringing the tables to a revision, with Alembic and without its configuration file.

One process migrates at a time; the others wait, and then find nothing to do. A revision is one transaction: it is there, or not.
"""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from adapters.database import policies
from adapters.database.protection import guards
from adapters.database.sealed.seals import Seals

SCRIPTS = Path(__file__).parent / "migrations"
# Up to here digests of files and requests stood as they were.
KEYED = "0024"
_MIGRATION_LOCK = 0x6D696772  # "migr": any number that nothing else locks in this database


def upgrade(
    engine: Engine,
    seals: Seals | None = None,
    application: str | None = None,
    keyed: Callable[[bytes], str] | None = None,
) -> None:
    """Bring the tables to the newest revision, and put back the audit's triggers; `seals` seals what was not sealed before.

    `keyed` is the node's keyed hash, for what had only a plain one.
    `application` is the role that may then use what the engine's role owns.
    """
    _alone(engine, seals, lambda config: command.upgrade(config, "head"), application, keyed)


def downgrade(engine: Engine, to: str, seals: Seals | None = None) -> None:
    """Bring the tables back to an older revision; `seals` opens what is not sealed there."""
    _alone(engine, seals, lambda config: command.downgrade(config, to))


def revision(engine: Engine) -> str | None:
    """The revision that the tables are at; None for an empty database."""
    with engine.connect() as connection:
        return _revision_of(connection)


def newest() -> str | None:
    """The revision that this program was written for."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _alone(
    engine: Engine,
    seals: Seals | None,
    change: Callable[[Config], None],
    application: str | None = None,
    keyed: Callable[[bytes], str] | None = None,
) -> None:
    with engine.begin() as connection:
        _lock(connection)
        config = _config()
        config.attributes["connection"] = connection
        config.attributes["seals"], config.attributes["keyed"] = seals, keyed
        change(config)
        if _revision_of(connection) == newest():
            guards.put_back(connection)
        if application is not None:
            for statement in policies.granted(connection.dialect.identifier_preparer.quote_identifier(application)):
                connection.exec_driver_sql(statement)


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _lock(connection: Connection) -> None:
    # SQLite's BEGIN IMMEDIATE has locked the file already.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        # The owner is under the policies too, and a revision may have to change rows.
        connection.exec_driver_sql(policies.SETTING, policies.said(None))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
