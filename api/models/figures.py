"""The bodies of the comparison call, as OpenAPI shows them: shapes of the wire (`exchange.wire.figures`)."""

from typing import Any

from msgspec import Struct

from api.models.shapes import REFERENCE

FIGURES_EXAMPLE: dict[str, Any] = {
    "link": "220118f5-8b6b-865c-868c-f22f93c29636",
    "sender": "xicheng.example",
    "receiver": "wuchang.example",
    "asked_at": "2026-03-28T17:30:00.000Z",
    "sent": 2,
    "received": 1,
    "since": "2024-10-09",
    "as_of": "2026-03-28",
    "first": "2026-02-21",
    "last": "2026-03-20",
    "rules": "woshou-2026.1",
}
ROWS_EXAMPLE: dict[str, Any] = {
    **FIGURES_EXAMPLE,
    "look": [{"bucket": 23, "held": ["MmG0qPvlS0fAEJscxxqctQ", "w6aoUw27R4-3CmyoxyY6lA"]}],
}


def question(shape: type[Struct], example: dict[str, Any]) -> dict[str, Any]:
    """A JSON body of this shape, with an example."""
    schema = {"$ref": REFERENCE + shape.__name__}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}
