"""Reconciliation: what it found, and what comes of it."""
