"""`woshou openapi`: write the published description of the API, or check that it is current."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from woshou.cli.call import Call, command
from woshou.cli.exits import Exit
from woshou.cli.words import say

FILE = Path("openapi/openapi.json")


def install(app: typer.Typer) -> None:
    """Add the command."""

    @command(
        app,
        "openapi",
        zh="写出接口说明（OpenAPI），或检查其是否最新",
        en="Write the OpenAPI description, or check that it is current",
    )
    def openapi(
        call: Call,
        file: Annotated[Path, typer.Argument(help=say("文件，- 为标准输出", "the file; - for stdout"))] = FILE,
        check: Annotated[bool, typer.Option("--check", help=say("只检查", "only check"), show_default=False)] = False,
    ) -> None:
        from api.describing.published import render  # only this command needs the whole application

        text = render()
        if str(file) == "-":
            sys.stdout.write(text)
            return
        current = file.exists() and file.read_text(encoding="utf-8") == text
        if check and not current:
            call.done(
                {"current": False}, f"{file} 不是最新，请运行 woshou openapi。", f"{file} is not current: run `woshou openapi`."
            )
            raise typer.Exit(Exit.REFUSED)
        if not check and not current:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        call.done({"current": True, "file": str(file)}, f"{file} 为最新。", f"{file} is current.")
