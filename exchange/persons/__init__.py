"""One person's rights: who asks, where they occur, and what they asked for."""
