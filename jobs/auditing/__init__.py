"""What keeps the audit provable."""
