"""Sending the full list: one process sends all its leaves over HTTP, the other compares them with its own, page by page.

    python -m bench.reconciling.full_list send TOKEN CONTENT DATABASE              # tells its port, answers one request
    python -m bench.reconciling.full_list compare TOKEN CONTENT DATABASE PORT      # tells the differences as JSON

TOKEN and CONTENT say how many bytes of either make a leaf. A page is all leaves whose token begins with the same byte; both sides
hold one page at a time.
"""

import http.client
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg

from bench.reconciling.registers import LEAVES

_PERSON = 16
_LENGTH = 4
_LAST = 256
_PAGES = (
    "SELECT get_byte(token, 0) AS page, string_agg(substr(token, 1, %s) || substr(content, 1, %s), '') "
    f"FROM {LEAVES} GROUP BY page ORDER BY page"
)


@dataclass(frozen=True)
class Layout:
    """How many bytes of token and of content make a leaf."""

    token: int
    content: int

    def pages(self, url: str) -> Iterator[tuple[int, bytes]]:
        """The first byte, and the leaves one after the other."""
        with psycopg.connect(url) as connection, connection.cursor(binary=True) as cursor:
            yield from cursor.stream(_PAGES, (self.token, self.content))

    def frames(self, url: str) -> Iterator[bytes]:
        for page, leaves in self.pages(url):
            yield bytes([page]) + len(leaves).to_bytes(_LENGTH, "big") + leaves

    def leaves(self, page: bytes) -> set[bytes]:
        length = self.token + self.content
        return {page[start : start + length] for start in range(0, len(page), length)}


def send(layout: Layout, url: str) -> None:
    class Sender(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.end_headers()
            for frame in layout.frames(url):
                self.wfile.write(frame)

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Sender) as server:
        print(server.server_port, flush=True)
        server.handle_request()


def received(port: int) -> Iterator[tuple[int, bytes]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/leaves")
    answer = connection.getresponse()
    while head := answer.read(1 + _LENGTH):
        yield head[0], answer.read(int.from_bytes(head[1:], "big"))


def compare(layout: Layout, url: str, port: int) -> dict[str, list[str]]:
    only_left: set[bytes] = set()
    only_right: set[bytes] = set()
    for mine, theirs in side_by_side(layout.pages(url), received(port)):
        left, right = layout.leaves(mine), layout.leaves(theirs)
        only_left |= left - right
        only_right |= right - left
    lefts, rights = ({leaf[:_PERSON].hex() for leaf in leaves} for leaves in (only_left, only_right))
    return {"left": list(lefts - rights), "right": list(rights - lefts), "changed": list(lefts & rights)}


def side_by_side(mine: Iterator[tuple[int, bytes]], theirs: Iterator[tuple[int, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """The pages of both in their order; b"" where a side has none."""
    none = (_LAST, b"")
    one, other = next(mine, none), next(theirs, none)
    while (page := min(one[0], other[0])) < _LAST:
        yield one[1] if one[0] == page else b"", other[1] if other[0] == page else b""
        one, other = (next(mine, none) if one[0] == page else one), (next(theirs, none) if other[0] == page else other)


def main(what: str, token: str, content: str, url: str, port: str = "0") -> None:
    layout = Layout(int(token), int(content))
    if what == "send":
        send(layout, url)
    else:
        print(json.dumps(compare(layout, url, int(port))))


if __name__ == "__main__":
    main(*sys.argv[1:])
