"""What keeps the counted verdicts up to date, reads them, and proves them."""
