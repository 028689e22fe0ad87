"""Commands without `--json`."""

from typer.testing import CliRunner

from tests.cli.conftest import Terminal
from woshou.__main__ import whole


def on_screen(node: Terminal, *words: str, stdin: str | None = None, code: int = 0) -> str:
    """What a person sees: what the command prints, then what it says on stderr."""
    result = CliRunner().invoke(whole(), [*words, "--data", str(node.data)], input=stdin)
    assert result.exit_code == code, result.stderr
    return result.stdout + result.stderr
