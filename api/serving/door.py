"""What holds for a request before anything of it is served: which host it is for, what its path looks like, how often a
stranger asks; and the headers that every answer leaves with.
"""

import re
from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from api.problems import HeadTooLarge, HostUnknown
from api.serving.limiting import Limiter, address_of
from exchange.errors import NotFound

# No answer is a page with scripts, but for the two that describe the API; those bring a policy of their own.
POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_HOST: Final = re.compile(r"(?:\[(?P<number>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]*))(?::[0-9]{1,5})?")
_TWO_YEARS: Final = 2 * 365 * 86400
# A token of a partner has less than a kilobyte.
_MOST_HEADERS: Final = 100
HEAD_BYTES: Final = 32 * 1024
# What a path has in no plain way, and what one reader of it takes for a step or an end where another one does not.
_CROOKED: Final = (b"//", b"/./", b"/../", b"\\", b"%2e", b"%2f", b"%5c", b"%00", b"%25", b";")
# Here callers have to say who they are, and what fails of that is counted where it fails.
_CLOSED: Final = ("/api/v1/", "/v1/", "/oauth/token", "/metrics")
_SESSION: Final = re.compile(rb"(?:^|;\s*)(?:__Host-)?woshou=[^;]")
# Where a session begins, a cookie that says there is one counts for nothing.
SIGN_IN: Final = "/sign-in"
# Each of these has its own count: a flood at one leaves the others open.
_KNOWN: Final = frozenset(
    {"/healthz", "/readyz", "/.well-known/migrant-exchange", "/.well-known/jwks.json", "/.well-known/security.txt"}
)


class Door:
    """The door of a node at `url`, which is also called by `names`; an application that only describes itself has none."""

    def __init__(self, *, url: str, names: Collection[str], limiter: Limiter) -> None:
        home = urlsplit(url)
        self._names = {"localhost", *(name.lower() for name in names), home.hostname or "localhost"}
        self._limiter = limiter
        secure = {"strict-transport-security": f"max-age={_TWO_YEARS}"} if home.scheme == "https" else {}
        self.headers = {**_HEADERS, **secure}

    def check(self, scope: Scope) -> None:
        """HeadTooLarge, HostUnknown, NotFound for a crooked path, TooManyRequests for strangers beyond their share."""
        headers = scope["headers"]
        if len(headers) > _MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES:
            raise HeadTooLarge
        self._check_host(Headers(scope=scope).get("host", ""))
        path, raw = scope["path"], scope.get("raw_path", b"").lower()
        if any(part in raw for part in _CROOKED) or raw.endswith((b"/.", b"/..")):
            raise NotFound
        if not path.startswith(_CLOSED) and (path.startswith(SIGN_IN) or not _brings_session(headers)):
            client = scope.get("client")
            self._limiter.opened(path if path in _KNOWN else "", address_of(client[0] if client else ""))

    def _check_host(self, host: str) -> None:
        """By name the node answers to its own only, so that no page on another name can be led to it; by number to any."""
        form = _HOST.fullmatch(host)
        if form is None:
            raise HostUnknown
        name = (form["number"] or form["name"]).lower()
        if not name or name in self._names:
            return
        try:
            ip_address(name)
        except ValueError:
            raise HostUnknown from None


def _brings_session(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a session's cookie comes with it: who signed in is no stranger, and a false one is counted where it fails."""
    return any(name == b"cookie" and _SESSION.search(value) is not None for name, value in headers)
