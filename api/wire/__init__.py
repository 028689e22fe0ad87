"""Calls of the wire API beside batches and reconciliation."""
