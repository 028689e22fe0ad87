"""The bodies of the questions about registers, as OpenAPI shows them: shapes of the wire (`exchange.wire.registers`)."""

from typing import Any

OPEN_EXAMPLE: dict[str, Any] = {
    "run": "019abbf0-5a7c-7c3e-9d55-0c1d2e3f4a5b",
    "link": "220118f5-8b6b-865c-868c-f22f93c29636",
    "sender": "xicheng.example",
    "receiver": "wuchang.example",
    "asked_at": "2026-03-28T18:00:00.000Z",
    "agreement": "k1J8Gq6fYc3nQ0bXl2sV7tRzWm4uHd9aPe5iTo6xByE",
    "origin": "420106",
    "destination": "110102",
    "month": "2026-03",
    "origin_kid": "Zs3vJ1c0Yw8uQd7eKf2mXh6tRa9bLp4nGi5oVj0kMzA",
    "destination_kid": "Hq2nT7yBc4eRk9wPz1mXs6uLd0aJf3gVi8oQb5tYhCI",
    "nonce": "c2FsdC1vZi10aGUtcnVuIQ",
    "size": 200000,
    "digest": "yJ4b0m8sQe2rT6uWx1zAc5vDf7gHk9pLn3oRi0tYqBM",
    "numberless": 12,
}
CELLS_EXAMPLE: dict[str, Any] = {**OPEN_EXAMPLE, "snapshot": 41, "attempt": 0, "cells": 873, "first": 0}
SETTLE_EXAMPLE: dict[str, Any] = {
    **OPEN_EXAMPLE,
    "snapshot": 41,
    "attempt": 0,
    "mine": "AAECAwQFBgc",
    "yours": "CAkKCwwNDg8",
    "changed": "EBESExQVFhcYGRobHB0eHw",
    "coarse": "",
    "agreeing": 199998,
    "matched": "yJ4b0m8sQe2rT6uWx1zAc5vDf7gHk9pLn3oRi0tYqBM",
}
