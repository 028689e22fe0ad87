"""What the clock starts of reconciliation."""
