"""Reconciliations, and what came of them."""
