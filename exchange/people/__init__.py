"""People: their identity documents, records and register entries, and finding one among the other."""
