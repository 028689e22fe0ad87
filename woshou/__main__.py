"""The entry point: the command line of a node, and the demonstration, which plays on that command line."""

import typer

from woshou.cli import build
from woshou.demo import command as demonstration


def whole() -> typer.Typer:
    """Every command."""
    app = build()
    demonstration.install(app)
    return app


def main() -> None:
    """Run `woshou`."""
    whole()(prog_name="woshou")


if __name__ == "__main__":
    main()
