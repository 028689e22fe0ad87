"""The pages' own style sheet, script and icon: three small files, served with what they hold in their address."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Response

from exchange.errors import NotFound

_FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_YEAR: Final = 365 * 86400


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _KINDS}


@cache
def address(name: str) -> str:
    """Where a file is; another address whenever it is another file. KeyError for none of ours."""
    return f"/assets/{name}?v={hashlib.sha256(_files()[name]).hexdigest()[:12]}"


def asset(name: str) -> Response:
    """A file, which may be kept for a year; NotFound for none of ours."""
    held = _files().get(name)
    if held is None:
        raise NotFound
    headers = {"cache-control": f"public, max-age={_YEAR}, immutable"}
    return Response(held, media_type=_KINDS[Path(name).suffix], headers=headers)
