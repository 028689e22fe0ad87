"""The commands about cases and routes."""
