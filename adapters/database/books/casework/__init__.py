"""The books of cases, routes and what was sent on, in SQL."""
