"""The published file `openapi/openapi.json`: what the application says of itself, without any node being open."""

import json

from api.app import create_app
from api.describing.openapi import describe


def render() -> str:
    """The text of the file, the same bytes from the same code."""
    return json.dumps(describe(create_app()), ensure_ascii=False, indent=1) + "\n"
