"""What reconciling the registers keeps, in memory."""
