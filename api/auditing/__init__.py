"""The audit between nodes."""
