"""Two django-pyas2 sites: one served by gunicorn, one sending to it from a process that stays."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.as2.environment import python
from bench.nodes import free_port, process, wait_for

_PROJECT = Path(__file__).with_name("project.py")


class Sender:
    """The sending site."""

    def __init__(self, child: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._child, self._folder = child, folder

    def send(self, lines: list[bytes], size: int) -> None:
        """Send these records, `size` a message, each message with its signed receipt."""
        file = self._folder / "records.ndjson"
        file.write_bytes(b"".join(line + b"\n" for line in lines))
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps([str(file), size]).encode() + b"\n")
        self._child.stdin.flush()
        if self._child.stdout.readline() != b"sent\n":
            raise RuntimeError("django-pyas2 did not deliver")


@contextmanager
def two_sites(folder: Path) -> Iterator[Sender]:
    """Set both up and serve the receiving one; NotInstalled if django-pyas2 cannot be had."""
    executable, port = str(python()), free_port()
    homes = {name: folder / name for name in ("origin", "destination")}
    environments = {name: {**os.environ, "AS2_HOME": str(home)} for name, home in homes.items()}
    keys = folder / "keys"
    for made in (keys, *homes.values()):
        made.mkdir(parents=True)
    url = f"http://127.0.0.1:{port}/pyas2/as2receive"
    _call(executable, environments["origin"], "keys", str(keys))
    _call(executable, environments["origin"], "setup", str(keys), "origin", "destination", "http://127.0.0.1:9/none")
    _call(executable, environments["destination"], "setup", str(keys), "destination", "origin", url)
    served = [executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--log-level", "error"]
    sending = [executable, str(_PROJECT), "send", "destination", "origin"]
    with process([*served, "project:application"], cwd=_PROJECT.parent, env=environments["origin"]):
        wait_for(url)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with process(sending, env=environments["destination"], **pipes) as child:
            yield Sender(child, folder)


def _call(executable: str, environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([executable, str(_PROJECT), *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)
