"""Tokens of the registers, and what reconciling them found."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, NUMBER, nullable=nullable) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "register_token_keys",
        sa.Column("id", NUMBER, nullable=False),
        *_texts("agreement", "partner", "origin", "destination", "own", "month", "origin_kid", "destination_kid", "items"),
        *_numbers("revision"),
        *_texts("made_through", nullable=True),
        *_numbers("made_at", "noted"),
        *_numbers("noted_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="register_token_keys_pkey"),
        sa.UniqueConstraint(
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
    op.create_table(
        "register_tokens",
        *_numbers("key"),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        *_numbers("added"),
        *_numbers("removed", nullable=True),
        *_texts("entry"),
        sa.Column("numbered", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("key", "leaf", "added", name="register_tokens_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("register_tokens_of_entry", "register_tokens", ["entry"])
    ended = sa.text("removed IS NOT NULL")
    op.create_index("register_tokens_ended", "register_tokens", ["key", "removed"], sqlite_where=ended, postgresql_where=ended)
    op.create_table(
        "untokened",
        sa.Column("id", NUMBER, nullable=False),
        *_texts("entry"),
        sa.PrimaryKeyConstraint("id", name="untokened_pkey"),
    )
    op.create_table(
        "register_runs",
        *_texts("id"),
        *_texts("reconciliation", nullable=True),
        *_texts("partner", "agreement", "origin", "destination", "items", "started_by"),
        *_numbers("began_at"),
        *_numbers("ended_at", "as_of", nullable=True),
        *_texts("outcome", "trouble", nullable=True),
        *_numbers("outflow_size", "inflow_size", "numberless_outflow", "numberless_inflow", "coarse_left", nullable=True),
        *_numbers("estimate", "agreeing", "differing", "coarse", "coarse_differing", nullable=True),
        *_numbers("outflow_only", "inflow_only", nullable=True),
        *_numbers("repaired", "calls", "bytes"),
        *_texts("bound"),
        sa.PrimaryKeyConstraint("id", name="register_runs_pkey"),
    )
    op.create_index("register_runs_of_pair", "register_runs", ["origin", "destination", "began_at"])
    op.create_index("register_runs_of_reconciliation", "register_runs", ["reconciliation"])
    settled, unsettled = sa.text("outcome = 'settled'"), sa.text("outcome <> 'settled'")
    for name, place, where in (
        ("settled", ["origin"], settled),
        ("settled_there", ["destination"], settled),
        ("settled_with", ["partner"], settled),
        ("settled_pairs", ["origin", "destination", "partner"], settled),
        ("settled_pairs_there", ["destination", "origin", "partner"], settled),
        ("unsettled", ["origin", "destination", "partner"], unsettled),
    ):
        name, place = f"register_runs_{name}", [*place, "ended_at"]
        op.create_index(name, "register_runs", place, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "register_differences",
        *_texts("entry", "origin", "destination", "own", "partner", "kind", "fields"),
        *_numbers("first_at"),
        *_numbers("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("entry", "origin", "destination", name="register_differences_pkey"),
    )
    standing = sa.text("settled_at IS NULL")
    for name, place in (("of_pair", ["origin", "destination", "own"]), ("standing", ["own", "entry"])):
        name = f"register_differences_{name}"
        op.create_index(name, "register_differences", place, sqlite_where=standing, postgresql_where=standing)
    op.create_index("register_differences_settled", "register_differences", ["settled_at"])
    op.create_table(
        "register_releases",
        *_texts("partner", "origin", "destination"),
        *_numbers("limit"),
        *_texts("by"),
        *_numbers("at", "until"),
        sa.PrimaryKeyConstraint("partner", "origin", "destination", name="register_releases_pkey"),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "entries_paired",
        "entries",
        ["jurisdiction", "origin", "destination", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("uncounted_of_exchange", "uncounted", ["exchange", "link", "role"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("uncounted_of_exchange", "uncounted")
    op.drop_index("entries_paired", "entries")
    for table in (
        "register_releases",
        "register_differences",
        "register_runs",
        "untokened",
        "register_tokens",
        "register_token_keys",
    ):
        op.drop_table(table)
