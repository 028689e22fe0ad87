"""Commands about one person's rights, and about what can be proven."""
