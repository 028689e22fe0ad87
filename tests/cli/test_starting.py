"""How much a command loads before it does anything."""

import subprocess
import sys

_LOADED = "import sys, woshou.__main__; print(*sys.modules)"


def test_no_route_and_no_server_is_loaded_for_every_command():
    loaded = subprocess.run(
        [sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True, timeout=120
    ).stdout.split()
    assert "woshou.cli" in loaded
    assert not {"api.app", "api.local", "api.pages", "uvicorn"} & set(loaded)
