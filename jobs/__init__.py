"""The clock and what it starts."""
