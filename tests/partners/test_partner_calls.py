"""A call to a partner ends in time and takes little, whatever the other side does; of its words hardly any are kept."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.calling.reach import Reach
from adapters.partner_calls import MAX_ANSWER, PartnerUnavailable, call
from adapters.partner_http import PartnerClient, asked_wait, http_client
from exchange.errors import PartnerTrouble
from exchange.wire.node import NodeDocumentRefused, check_node_address
from tests.builders import XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock, an_office, as_partner
from tests.life.two_nodes import a_node

HERE = Reach(loopback=True)
SECONDS = 0.4
Behaviour = Callable[[socket.socket, threading.Event], None]


@contextmanager
def a_server(behave: Behaviour) -> Iterator[str]:
    """A server that does as told with each connection, until the block ends."""
    over = threading.Event()

    def serve(door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = door.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            behave(connection, over)

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        threading.Thread(target=serve, args=(door,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            over.set()
            door.shutdown(socket.SHUT_RDWR)


def drip(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.05):
        connection.sendall(b"a")


def a_dripping_head(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    drip(connection, over)


def a_dripping_body(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    drip(connection, over)


def a_second_answer_that_drips(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    a_dripping_head(connection, over)


def no_answer(connection: socket.socket, over: threading.Event) -> None:
    over.wait(10)


def a_slow_reader(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.05):
        connection.recv(1024)


@pytest.mark.parametrize(
    ("behave", "length"), [(a_dripping_head, 1), (a_dripping_body, 1), (no_answer, 1), (a_slow_reader, 16 * 1024 * 1024)]
)
def test_a_call_ends_when_its_time_is_over(behave: Behaviour, length: int):
    with a_server(behave) as url, http_client(reach=HERE) as client:
        began = time.monotonic()
        with pytest.raises(PartnerUnavailable):
            call(client, "POST", url, seconds=SECONDS, content=bytes(length))
        assert time.monotonic() - began < 4 * SECONDS


def test_a_connection_that_is_used_again_minds_the_second_calls_time():
    with a_server(a_second_answer_that_drips) as url, http_client(reach=HERE) as client:
        assert call(client, "GET", url, seconds=5).content == b"ok"
        began = time.monotonic()
        with pytest.raises(PartnerUnavailable):
            call(client, "GET", url, seconds=SECONDS)
        assert time.monotonic() - began < 4 * SECONDS


def answering(*, status: int = 200, content: bytes = b"", **headers: str) -> httpx.Client:
    """A client whose partner always answers so."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http_client(httpx.MockTransport(lambda _: httpx.Response(status, content=content, headers=named)), reach=Reach())


def test_an_answer_that_unpacks_is_refused_unread():
    def bomb(connection: socket.socket, over: threading.Event) -> None:
        asked = connection.recv(65536).lower()
        packed = gzip.compress(bytes(4 * MAX_ANSWER))
        head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n"
        connection.sendall(head.encode() + packed if b"accept-encoding: identity" in asked else b"")

    with a_server(bomb) as url, http_client(reach=HERE) as client, pytest.raises(PartnerUnavailable, match="encoded"):
        call(client, "GET", url, seconds=5)


def test_an_answer_is_read_up_to_a_limit():
    assert len(call(answering(content=bytes(MAX_ANSWER)), "GET", "https://a.example", seconds=5).content) == MAX_ANSWER

    def endless(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not over.is_set():
            connection.sendall(bytes(65536))

    with a_server(endless) as url, http_client(reach=HERE) as client, pytest.raises(PartnerUnavailable, match="too large"):
        call(client, "GET", url, seconds=5)


def test_a_charset_does_not_unpack_an_answer():
    packed = zlib.compress(bytes(4 * MAX_ANSWER))
    client = answering(content=packed, content_type="text/plain; charset=zlib")
    assert call(client, "GET", "https://a.example", seconds=5).content == packed


def test_redirects_are_not_followed():
    client = answering(status=302, location="https://b.example/")
    assert call(client, "GET", "https://a.example", seconds=5).status_code == 302


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (b"", 5),  # the connection ends
        (b"HTTP/1.0 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", 5),
        (b"HTTP/1.0 503 Busy\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n", 1),
        (b"HTTP/1.0 429 Too Many\r\ncontent-length: 0\r\n\r\n", 1),
        (b"HTTP/1.0 302 Found\r\ncontent-length: 0\r\nlocation: /\r\n\r\n", 1),
        (b"HTTP/1.0 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n", 1),
        (b"HTTP/1.0 200 OK\r\n\r\n" + bytes(MAX_ANSWER + 1), 1),
    ],
)
def test_only_trouble_that_may_pass_makes_a_question_be_asked_again(tmp_path: Path, answer: bytes, asked: int):
    # HTTP/1.0: a connection that is used again may end before the question is heard.
    heard: list[bytes] = []
    token = b'{"access_token":"token","expires_in":600}'

    def talk(connection: socket.socket, over: threading.Event) -> None:
        question = connection.recv(65536)
        if question.startswith(b"POST /oauth/token"):
            connection.sendall(b"HTTP/1.0 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(token), token))
            while connection.recv(65536):  # the rest of the form; closed unread, the answer would be lost
                pass
        else:
            heard.append(question)
            connection.sendall(answer)

    office = an_office(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock())
    with a_server(talk) as url, http_client(reach=HERE) as http:
        partner = replace(as_partner(office), token_endpoint=f"{url}/oauth/token", links_endpoint=f"{url}/v1/links")
        with pytest.raises(PartnerTrouble):
            PartnerClient(office, http, pause=lambda _: None).link_heads(partner)
    assert len(heard) == asked


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("120", "", 120),
        ("0120", "", 120),
        ("9" * 5000, "", 86400),
        ("Mon, 02 Mar 2026 09:01:00 GMT", "Mon, 02 Mar 2026 09:00:00 GMT", 60),
        ("Mon, 02 Mar 2026 09:00:00 GMT", "Mon, 02 Mar 2026 09:01:00 GMT", 0),
        ("²", "", None),
        ("١٢٠", "", None),
        ("-1", "", None),
        ("soon", "now", None),
        ("Mon, 02 Mar 2026 09:01:00 -0000", "Mon, 02 Mar 2026 09:00:00 GMT", None),
        ("Mon, 99 Mar 2026 09:01:00 GMT", "Mon, 02 Mar 2026 09:00:00 GMT", None),
        ("", "", None),
    ],
)
def test_what_a_partner_asks_to_wait_is_a_number_or_a_date(retry_after: str, date: str, seconds: int | None):
    response = httpx.Response(503, headers=[(b"retry-after", retry_after.encode()), (b"date", date.encode())])
    assert asked_wait(response) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "url",
    [
        *("https://wuchang.example", "https://wuchang.example/", "https://wuchang.example:8443", "https://10.1.2.3"),
        *("https://[2001:db8::1]:8443", "http://localhost:8000", "http://127.0.0.1:8000", "http://127.9.9.9", "http://[::1]"),
        "http://[::ffff:127.0.0.1]:8000",
    ],
)
def test_an_address_is_a_scheme_a_host_and_a_port(url: str):
    check_node_address(url)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://wuchang.example",
            "http://10.1.2.3/admin?x=",
            "http://[::ffff:10.1.2.3]",
            "http://[2001:db8::1]",
            "http://127.1",
        ),
        *(
            "https://wuchang.example/admin",
            "https://wuchang.example?x=",
            "https://wuchang.example#x",
            "https://a:b@wuchang.example",
        ),
        *("https://wuchang.example\\@evil.example", "https://wuchang.example:99999", "https://wuchang.example:0", "https://a b"),
        *("https://wuchang.example:²", "ftp://wuchang.example", "https://", "https://wuchang.example\n", "https://武昌.example"),
        *("http://127.0.0.1.evil.example", "http://localhost.evil.example", "//wuchang.example", ""),
    ],
)
def test_any_other_address_is_refused(url: str):
    with pytest.raises(NodeDocumentRefused):
        check_node_address(url)
