"""What keeps the registers ready to be reconciled, reconciles them, and finds who is in two of them."""
