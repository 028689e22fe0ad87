"""The requests of persons, in memory."""
