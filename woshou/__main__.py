"""The entry point: the command line of a node, and the demonstration, which plays on that command line."""

from functools import cache

import typer

from woshou.cli import build
from woshou.demo import command as demonstration


@cache
def whole() -> typer.Typer:
    """Every command; made once in a process."""
    app = build()
    demonstration.install(app)
    return app


def main() -> None:
    """Run `woshou`."""
    whole()(prog_name="woshou")


if __name__ == "__main__":
    main()
