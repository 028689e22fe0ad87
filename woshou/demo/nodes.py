"""A node of the demonstration: its data folder, its two processes, and its API as clerks, coordinators and operators call it."""

import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from typer.main import get_command

from woshou.cli import build

# A process that has ended is seen at once; a machine that is only busy is waited for.
_PATIENCE_SECONDS = 300.0
_STOP_SECONDS = 15.0
# Quick rounds: the demonstration waits for every delivery.
_DELIVER_SECONDS = "0.3"
ACCOUNTS = ("clerk", "coordinator", "operator", "auditor")
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


class DemoFailed(Exception):
    """Something that the demonstration relies on did not happen; the text says what, for the terminal."""


def woshou(*arguments: str) -> Any:
    """A command of the public command line with `--json`, run in this process to spare the start of another one."""
    said, out = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        code = _command_line()([*arguments, "--json"], prog_name="woshou", standalone_mode=False)
    if code:
        raise DemoFailed(f"woshou {arguments[0]}: {said.getvalue().strip()}")
    return json.loads(out.getvalue())


@cache
def _command_line() -> Any:
    return get_command(build())


def clean_environment() -> dict[str, str]:
    """The environment without what is set for another node."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WOSHOU_")}


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _signals_later() -> Iterator[None]:
    """A signal that comes meanwhile counts afterwards: a process that was started and is not yet known would be left behind."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for each in came:
            signal.raise_signal(each)


@dataclass(kw_only=True)
class DemoNode:
    """One of the three."""

    name: str
    title: str
    place: str
    county: str
    folder: Path
    client: httpx.Client
    port: int = field(default_factory=free_port)
    keys: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://127.0.0.1:{self.port}"

    def make(self, clock: Path) -> str:
        """Make the node and a key for each role; its fingerprint."""
        data = str(self.folder)
        made = woshou(
            "init",
            *("--data", data, "--node", self.name, "--title", self.title, "--jurisdiction", self.county),
            *("--environment", "sandbox", "--url", self.url, "--port", str(self.port), "--clock", str(clock)),
        )
        for role in ("system", "coordinator", "operator"):
            self.keys[role] = woshou("apikey", "create", "--data", data, "--name", f"demo {role}", "--role", role)["key"]
        return str(made["fingerprint"])

    def make_accounts(self, password: str) -> None:
        """An account for each role, named like it: made on the command line, its first password changed on the page for it."""
        for role in ACCOUNTS:
            words = ("--login", role, "--role", role, "--name", f"demo {role}", "--jurisdiction", self.county)
            first = woshou("account", "create", "--data", str(self.folder), *words)["password"]
            with httpx.Client(base_url=self.url, follow_redirects=True, timeout=60, trust_env=False) as browser:
                page = browser.post("/sign-in", data={"login": role, "password": first})
                token = _TOKEN.search(page.text)
                changed = {"csrf": token[1] if token else "", "password": first, "new": password, "again": password}
                if not browser.post("/account/password", data=changed).is_success:
                    raise DemoFailed(f"{self.name}: the first password of {role} was not changed")

    def start(self) -> None:
        """Start both processes; their logs stand in the data folder."""
        environment = clean_environment() | {"WOSHOU_DATA": str(self.folder), "WOSHOU_DELIVER_SECONDS": _DELIVER_SECONDS}
        for command in ("serve", "jobs"):
            with (self.folder / f"{command}.log").open("ab") as log, _signals_later():
                started = subprocess.Popen(
                    [sys.executable, "-m", "woshou", command],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
                self.processes.append(started)

    def await_ready(self) -> None:
        """Wait until the API answers."""

        def ready() -> bool:
            self.check_alive()
            with contextlib.suppress(httpx.TransportError):
                return self.client.get(f"{self.url}/readyz").is_success
            return False

        await_until(ready, f"{self.name} does not answer; see {self.folder / 'serve.log'}")

    def check_alive(self) -> None:
        """DemoFailed if a process has ended."""
        for process in self.processes:
            if process.poll() is not None:
                raise DemoFailed(f"a process of {self.name} ended with {process.returncode}; see the logs in {self.folder}")

    def stop(self) -> None:
        """End both processes."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def call(self, method: str, path: str, by: str = "system", **request: Any) -> httpx.Response:
        """A request to the node's API with the key of a role; DemoFailed with the problem for any refusal."""
        headers = {"authorization": f"Bearer {self.keys[by]}", **request.pop("headers", {})}
        response = self.client.request(method, f"{self.url}{path}", headers=headers, **request)
        if not response.is_success:
            raise DemoFailed(f"{self.name}: {method} {path} → {response.status_code} {response.text[:500]}")
        return response

    def get(self, path: str, by: str = "system", **query: Any) -> Any:
        """What the API has there."""
        return self.call("GET", path, by, params=query).json()

    def post(self, path: str, body: Mapping[str, Any], by: str = "system") -> Any:
        """Do something through the API."""
        return self.call("POST", path, by, json=body).json()

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All rows of a listing."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **query, limit=1000, **cursor)
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def take_in(self, layout: str, file: Path) -> dict[str, Any]:
        """Import a sheet."""
        upload = {"file": (file.name, file.read_bytes())}
        taken: dict[str, Any] = self.call("POST", "/api/v1/imports", files=upload, data={"layout": layout}).json()
        return taken

    def say(self, replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Say something about many exchanges; a result for each."""
        lines = b"".join(json.dumps(reply, ensure_ascii=False).encode() + b"\n" for reply in replies)
        answer = self.call(
            "POST", "/api/v1/exchanges/bulk-replies", content=lines, headers={"content-type": "application/x-ndjson"}
        )
        return [json.loads(line) for line in answer.content.splitlines()]

    def is_quiet(self) -> bool:
        """Whether everything that was queued has its receipt."""
        self.check_alive()
        links = [partner["link"] for partner in self.get("/api/v1/partners", "operator")["items"] if partner["link"]]
        return all(link["queued"] == 0 and link["sent"] == link["receipted"] for link in links)


def await_until(true: Callable[[], bool], otherwise: str) -> None:
    """Wait until that is true; DemoFailed with the sentence if it never is."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        if time.monotonic() > ends:
            raise DemoFailed(otherwise)
        time.sleep(0.1)


def await_quiet(nodes: list[DemoNode]) -> None:
    """Wait until nothing is under way anywhere."""
    quiet = "the deliveries do not come to an end; see jobs.log in the data folders"
    await_until(lambda: all(node.is_quiet() for node in nodes), quiet)
