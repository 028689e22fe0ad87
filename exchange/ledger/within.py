"""Whose records a transaction may touch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """A caller's own: the records of these areas (counties, or the files of a township), and its own remembered answers.

    It is a second line behind what the verbs ask for, and only PostgreSQL holds it; the others do not look at it.
    """

    areas: frozenset[str]
    caller: str
