"""The audit: who did what to whose record, for what, as a chain of rows in which nothing can be changed unseen."""
