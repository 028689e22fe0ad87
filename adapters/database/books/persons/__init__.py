"""The requests of persons, in SQL."""
