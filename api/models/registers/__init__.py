"""Entries, imports, candidates and cross-checks as bodies."""
