"""Hand exchanges to townships, and read the worklists."""
