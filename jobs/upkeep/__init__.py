"""What keeps the ledger no larger, and no longer readable, than it has to be."""
