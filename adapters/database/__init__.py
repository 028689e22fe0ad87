"""The SQL ledger: the ledger port on SQLite and PostgreSQL.

`engine.open_database` is the door; nothing outside this package sees a table, a row or an SQL statement.
"""
