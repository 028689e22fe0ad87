"""Every ledger that there is, as the contract tests have it."""

from tests.ledger.conftest import ledgers, migrated_postgresql, migrated_sqlite

__all__ = ["ledgers", "migrated_postgresql", "migrated_sqlite"]
