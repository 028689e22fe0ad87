"""Reports, in SQL."""
