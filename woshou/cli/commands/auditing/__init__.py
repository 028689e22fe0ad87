"""`woshou audit`."""
