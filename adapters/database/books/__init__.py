"""The books of the ledger port, one module each, on whichever database a `Work` stands for."""
