"""The interface as it describes itself, made once for all tests of a process: that takes a second."""

from functools import cache
from typing import Any

from api.app import create_app
from api.describing.openapi import describe


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document of a node's interface; to be read, not changed."""
    return describe(create_app())
