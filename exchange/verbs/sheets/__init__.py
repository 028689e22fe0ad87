"""Sheets of people and matters, from cleaned cells to the ledger."""
