"""Sheets are in memory: of one key two at one time, of all keys four, from the first byte of the body to the last use of it."""

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from adapters.sheets import Layout
from api.app import BODY_LIMITS, create_app
from api.local.imports import MAX_FORM
from api.serving.importing import Brought, Importing
from api.serving.limiting import ImportsWaiting, Limiter
from api.serving.routes import Route
from tests.api.nodes import Served
from tests.api.test_sheets import XLSX, a_register, upload
from tests.builders import XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock, an_office
from tests.life.two_nodes import a_node
from tests.pages.support import refusal_of, signed_in
from tests.pages.test_imports import bring
from tests.sheets.workbooks import a_person

FILES = {"file": ("a.xlsx", b"PK", XLSX)}
CALLS: dict[str, Callable[[Served, str], httpx.Response]] = {
    "POST /api/v1/imports": lambda node, role: node.call("POST", "/imports", role=role, files=FILES, data={"layout": "outflow"}),
    "POST /api/v1/imports/{id}/annotated": lambda node, role: node.call("POST", "/imports/1/annotated", role=role, files=FILES),
    "POST /api/v1/cross-checks": lambda node, role: node.call("POST", "/cross-checks", role=role, files=FILES),
    "POST /api/v1/cross-checks/settlement-sheets": lambda node, role: node.call(
        "POST", "/cross-checks/settlement-sheets", role=role, files=FILES
    ),
}


@contextmanager
def sending(node: Served, role: str, number: int) -> Iterator[Callable[[], None]]:
    """So many sheets that a key has begun to send and does not end."""
    host, port = node.url.removeprefix("http://").split(":")
    head = (
        f"POST /api/v1/imports HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {node.key(role, XICHENG)}\r\n"
        "content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000000\r\n\r\n--x\r\n"
    )

    def begin() -> socket.socket:
        line = socket.create_connection((host, int(port)), timeout=10)
        line.sendall(head.encode())
        return line

    lines = [begin() for _ in range(number)]

    def keep() -> None:
        """Begin anew what was answered already, since another sheet of the key came in between."""
        for line in select.select(lines, [], [], 0)[0]:
            line.close()
            lines[lines.index(line)] = begin()

    try:
        yield keep
    finally:
        for line in lines:
            line.close()


def answered(call: Callable[[], httpx.Response], *, waits: bool, keep: Callable[[], None] = lambda: None) -> httpx.Response:
    """The answer, once it is that sheets wait, or is not: what others send or have ended comes to be known in its time."""
    until = time.monotonic() + 10
    while ((answer := call()).status_code == 429) is not waits:
        assert time.monotonic() < until, answer.text
        keep()
        time.sleep(0.05)
    return answer


def told_to_wait(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["type"]) == (429, "urn:woshou:problem:imports-waiting")


def test_every_route_that_takes_a_sheet_has_few_places():
    routes = [route for route in create_app().router.routes if isinstance(route, Route) and route.takes_sheet]
    assert {route.path for route in routes} == {path for path, most in BODY_LIMITS.items() if most == MAX_FORM}
    assert {f"POST {route.path}" for route in routes if route.path.startswith("/api/")} == CALLS.keys()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_key_sends_two_sheets_at_one_time_and_others_go_on(xicheng: Served, call: Callable[[Served, str], httpx.Response]):
    with sending(xicheng, "clerk", 2) as keep:
        answer = answered(lambda: call(xicheng, "clerk"), waits=True, keep=keep)
        assert told_to_wait(answer)
        assert answer.headers["retry-after"] == "30"
        assert call(xicheng, "system").status_code in (201, 404, 422)
        assert xicheng.call("GET", "/imports").status_code == 200
    assert answered(lambda: call(xicheng, "clerk"), waits=False).status_code in (201, 404, 422)


def test_a_node_takes_four_sheets_at_one_time(xicheng: Served):
    with sending(xicheng, "clerk", 2), sending(xicheng, "system", 2):
        reader = signed_in(xicheng)
        answer = answered(lambda: bring(reader, a_register(a_person())), waits=True)
        assert refusal_of(answer) == "imports-waiting"
    assert answered(lambda: bring(reader, a_register(a_person())), waits=False).status_code == 200
    assert upload(xicheng, a_register(a_person())).status_code == 201


def test_an_import_that_goes_on_behind_its_page_keeps_its_place(tmp_path):
    office, limiter = an_office(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock()), Limiter()
    importing = Importing(office, quick_seconds=0.0)

    def begin(number: int) -> None:
        with ExitStack() as place:
            place.enter_context(limiter.reading("k"))
            sheet = a_register(*(a_person() for _ in range(number)))
            brought = Brought(
                jurisdiction=XICHENG, layout=Layout.OUTFLOW, filename="", data=sheet, key="k", within=None, place=place
            )
            importing.bring(brought)

    with importing._turn:  # whoever is at work has not ended yet
        begin(1)
        begin(2)
        begun = limiter._places["sheets"].copy()
        with pytest.raises(ImportsWaiting):
            begin(3)
    assert begun == {"k": 2}
    until = time.monotonic() + 20
    while limiter._places["sheets"]:
        assert time.monotonic() < until
        time.sleep(0.01)
    importing.close()
