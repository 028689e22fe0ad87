"""What Alembic runs for each command: the migrations, on the connection and in the transaction that `migration` holds."""

from alembic import context

from adapters.database.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite alters a table only by copying it.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
