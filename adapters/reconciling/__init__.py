"""What reconciling the registers needs from outside the rules: keys, calls, and the work between them."""
