"""Find candidates for a clerk, one exchange at a time or many; nothing here pairs."""
