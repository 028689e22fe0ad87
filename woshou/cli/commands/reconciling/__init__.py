"""The commands of reconciliation."""
