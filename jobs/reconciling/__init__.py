"""What keeps the registers ready to be reconciled, and reconciles them."""
