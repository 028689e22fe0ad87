"""Refusals in the form that crosses the wire (RFC 9457)."""

from exchange.errors import WoshouError
from exchange.wire.batch import WireProblem

TYPE_BASE = "urn:woshou:problem:"


def problem_type(code: str) -> str:
    """The problem type of a refusal; it ends in the refusal's code."""
    return TYPE_BASE + code


def wire_problem(error: WoshouError) -> WireProblem:
    """A refusal as it stands in a receipt: Chinese title, English detail, pointer, and what to do."""
    return WireProblem(
        type=problem_type(error.code),
        title=error.zh[:200],
        detail=error.en[:500],
        retry=error.retry,
        pointer=error.pointer,
    )
