"""Subjects that an address or a command line names: ids, digests, division codes and nodes; nothing that could be a person's."""

import re
from collections.abc import Iterator, Mapping

# A document's number is none of these: it has neither 6 nor 9 digits nor a dot, and is no UUID.
_SUBJECT = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9_-]{43}|[0-9]{6}|[0-9]{9}|[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+", re.ASCII
)


def named(given: Mapping[str, object]) -> Iterator[str]:
    """What is named, each under its own name: ``entry:ID``, ``node:NAME``; whatever else it is stays out."""
    for name, value in given.items():
        if isinstance(value, str) and _SUBJECT.fullmatch(value):
            yield f"{name}:{value}"
