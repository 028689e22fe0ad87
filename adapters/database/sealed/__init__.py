"""What tells of persons in the ledger, sealed: values, their data keys, and the store that these lie in."""
