"""ETag and If-Match (RFC 9110, 13.1): a change says which version it changes."""

import re
from typing import Annotated

from fastapi import Depends, Header

from api.problems import PreconditionMissing
from exchange.errors import VersionDiffers

_TAG = re.compile(r'"([0-9]{1,9})"', re.ASCII)
_Given = Annotated[str | None, Header(alias="If-Match", max_length=100, description="the ETag that was read", examples=['"3"'])]


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def version_expected(if_match: _Given = None) -> int | None:
    """The version that a change expects, None if it does not say; VersionDiffers for a tag that no version has."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        raise VersionDiffers
    return int(tag[1])


def version_required(version: Annotated[int | None, Depends(version_expected)]) -> int:
    """The version that a change expects; PreconditionMissing if it does not say."""
    if version is None:
        raise PreconditionMissing
    return version


IfMatch = Annotated[int | None, Depends(version_expected)]
RequiredIfMatch = Annotated[int, Depends(version_required)]
