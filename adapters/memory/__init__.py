"""The in-memory ledger: the ledger port on dictionaries, for tests and for what needs no durability.

Proven equal to the SQL ledgers by one set of contract tests; it has their transactions, orders and uniqueness, not their speed.
"""

from adapters.memory.books import KeyTaken
from adapters.memory.ledgers import MemoryLedger, MemoryLedgers

__all__ = ["KeyTaken", "MemoryLedger", "MemoryLedgers"]
