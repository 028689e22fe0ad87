"""Sealing what is about a person: cipher suites, data keys, and the keys that wrap them (docs/decisions/sealing.md)."""
