"""Reconciliation as bodies."""
