"""What the API says of reconciliations."""
