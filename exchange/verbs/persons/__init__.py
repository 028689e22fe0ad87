"""What an operator does for a person who asks."""
