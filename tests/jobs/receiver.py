"""Own systems: a tiny HTTP server that checks what it gets as the Standard Webhooks specification says, by its own code."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes, known to both.").decode()


@dataclass(frozen=True)
class Got:
    """One post: its id and its body; `authentic` says whether signature and time hold."""

    id: str
    body: dict[str, Any]
    authentic: bool
    headers: dict[str, str]


@dataclass
class Receiver:
    """What came, and what is answered: the statuses in turn, with their headers, then 204."""

    url: str
    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    heard: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.got]


def verified(headers: dict[str, str], body: bytes) -> bool:
    """The specification's own words, as a receiver would write them."""
    key = base64.b64decode(SECRET.split("_", 1)[1])
    signed = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [version.split(",", 1)[1] for version in headers["webhook-signature"].split(" ") if version.startswith("v1,")]
    recent = abs(time.time() - int(headers["webhook-timestamp"])) < 60
    return recent and any(hmac.compare_digest(expected, each) for each in given)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port until the block ends; while `silent` is set, nothing is answered."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append(Got(headers["webhook-id"], json.loads(body), verified(headers, body), headers))
            receiver.heard.set()
            while receiver.silent.is_set():
                time.sleep(0.01)
            status, more = receiver.answers.pop(0) if receiver.answers else (204, {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = Receiver(url=f"http://127.0.0.1:{server.server_address[1]}/hooks")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield receiver
        receiver.silent.clear()
        server.shutdown()
        thread.join()
