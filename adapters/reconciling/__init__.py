"""Reconciling with partners: their questions answered, and our own asked."""
