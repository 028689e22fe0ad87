"""Who connects and does not come to the point, and what no two servers must read apart."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.serving.server import HeadInTime, listening
from tests.api.nodes import Served, served
from tests.builders import XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

SECONDS = 0.5


class Hasty(HeadInTime):
    seconds = SECONDS


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("heads")
    with served(folder / "node", a_node(XICHENG_NODE, XICHENG), HandClock(), protocol=Hasty) as made:
        yield made


def connected(node: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(node.url.rsplit(":", 1)[1])), timeout=10)


def answered(line: socket.socket) -> bytes:
    """One whole answer of /healthz."""
    answer = b""
    while not answer.endswith(b'"}'):
        answer += line.recv(65536)
    return answer


def test_who_says_nothing_is_left(node: Served):
    with connected(node) as line:
        begun = time.monotonic()
        assert line.recv(1) == b""
        assert SECONDS * 0.8 < time.monotonic() - begun < SECONDS * 6


@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"], ids=["first", "second"])
def test_a_head_that_drips_is_not_waited_for(node: Served, before: bytes):
    with connected(node) as line:
        if before:
            line.sendall(before)
            assert b"200" in answered(line)
        begun = time.monotonic()
        line.sendall(b"GET /healthz HTTP/1.1\r\n")
        line.settimeout(SECONDS / 10)
        while time.monotonic() - begun < 10:
            try:
                line.sendall(b"x: y\r\n")
                if line.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert time.monotonic() - begun < SECONDS * 6


def test_a_connection_is_used_again_within_the_time(node: Served):
    with connected(node) as line:
        for _ in range(3):
            line.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert b"200" in answered(line)
            time.sleep(SECONDS / 2)


def test_a_request_under_way_is_not_cut_short(node: Served):
    """Its body may come later than a head might: it has a time of its own."""
    with connected(node) as line:
        line.sendall(b"POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\n")
        time.sleep(SECONDS * 2)
        line.sendall(b"x")
        assert line.recv(65536).startswith(b"HTTP/1.1 422")


HOST = b"host: localhost\r\n"
SMUGGLED = {
    "a length beside chunks": b"POST /healthz HTTP/1.1\r\n" + HOST + b"content-length: 4\r\ntransfer-encoding: gzip\r\n\r\nabcd",
    "two lengths": b"POST /healthz HTTP/1.1\r\n" + HOST + b"content-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
    "two hosts": b"GET /healthz HTTP/1.1\r\n" + HOST + b"host: evil.example\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "a length with a sign": b"POST /healthz HTTP/1.1\r\n" + HOST + b"content-length: +4\r\n\r\nabcd",
    "a name with a blank": b"POST /healthz HTTP/1.1\r\n" + HOST + b"content-length : 4\r\n\r\nabcd",
    "a folded coding": b"POST /healthz HTTP/1.1\r\n" + HOST + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"POST /healthz HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk without a number": b"POST /oauth/token HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\nzz\r\nab\r\n",
    "a head without an end": b"GET /healthz HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 70_000,
}


@pytest.mark.parametrize("request_", SMUGGLED.values(), ids=SMUGGLED)
def test_what_two_servers_could_read_apart_is_refused_and_the_connection_closed(node: Served, request_: bytes):
    with connected(node) as line:
        line.sendall(request_)
        answer = b""
        try:
            while piece := line.recv(65536):
                answer += piece
        except ConnectionResetError:  # it was closed before all of a long head was read
            pass
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_chunks_win_over_no_length_and_leave_nothing_behind(node: Served):
    """The end of the chunks is the end of the request; what follows is a request of its own."""
    with connected(node) as line:
        line.sendall(
            b"POST /healthz HTTP/1.1\r\n"
            + HOST
            + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n"
            + HOST
            + b"\r\n"
        )
        answer = b""
        while answer.count(b"HTTP/1.1 ") < 2:
            answer += line.recv(65536)
    assert [answer.split(b"HTTP/1.1 ")[n][:3] for n in (1, 2)] == [b"405", b"200"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_answered_leaves_at_once(host: str):
    """An answer is two writes; with Nagle's algorithm the second would wait for the other side to confirm the first."""
    with listening(host, 0) as door, socket.create_connection(door.getsockname()[:2]):
        line, _ = door.accept()
        with line:
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
