"""The evidence file: signed words of both sides about one exchange, in a form of which any changed byte is seen.

One JSON document. Its bytes follow from its contents (names in order, an indent of one blank), and the node that makes it signs
the digest of each part, so that a reader need not trust whoever hands it on. What the parts prove rests on the signatures
within them, of both nodes; docs/evidence.md describes it for those who write a verifier.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from exchange.moments import format_moment
from exchange.wire import ijson

FORMAT = "woshou-evidence-1"
EVIDENCE_TYPE = "woshou-evidence+jws"
Parts = Mapping[str, Any]


def write_file(parts: Parts, node: str, now: datetime, sign: Callable[[bytes], str]) -> bytes:
    """The bytes of the file; `sign` makes a JWS of `EVIDENCE_TYPE`."""
    seal = {
        "format": FORMAT,
        "made_at": format_moment(now),
        "made_by": node,
        "parts": {name: part_digest(part) for name, part in sorted(parts.items())},
    }
    document = {"format": FORMAT, "parts": parts, "seal": sign(ijson.dumps(seal))}
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n").encode("utf-8")


def part_digest(part: Any) -> str:
    """The digest of one part: of its JSON without blanks, names in order."""
    return ijson.digest(
        json.dumps(part, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode("utf-8")
    )
