"""Every ledger that there is, as the contract tests have it."""

from tests.ledger.conftest import ledgers, migrated_postgresql

__all__ = ["ledgers", "migrated_postgresql"]
