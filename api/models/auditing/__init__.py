"""The audit as bodies."""
