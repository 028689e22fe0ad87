"""What the rates are counted from, in SQL."""
