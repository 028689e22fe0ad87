"""`woshou demo`: three nodes on this machine, months of exchange in about a minute."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from woshou.cli.call import Call, command
from woshou.cli.exits import Exit
from woshou.cli.words import say
from woshou.demo.nodes import DemoFailed
from woshou.demo.story import Script, play


def install(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "demo", zh="演示：三个节点在本机交换虚构台账", en="Demonstration: three nodes exchange invented registers")
    def demo(
        call: Call,
        people: Annotated[int, typer.Option(min=10, max=100_000, help=say("人数", "how many people"))] = 500,
        seed: Annotated[int, typer.Option(help=say("随机种子", "seed"))] = 1,
        months: Annotated[int, typer.Option(min=1, max=24, help=say("模拟月数", "months of history"))] = 3,
        once: Annotated[bool, typer.Option("--once", help=say("打印结果后结束", "end after the summary"))] = False,
        folder: Annotated[
            Path | None, typer.Option(help=say("保留数据的目录（须为空）", "keep everything in this folder, which is empty"))
        ] = None,
    ) -> None:
        if folder is not None and folder.exists() and any(folder.iterdir()):
            raise typer.BadParameter(say("目录不为空", "the folder is not empty"), param_hint="--folder")
        script = Script(people=people, seed=seed, months=months, once=once, as_json=call.json, folder=folder)
        try:
            play(script)
        except DemoFailed as failure:
            print(say(f"演示失败：{failure}", f"The demonstration failed: {failure}"), file=sys.stderr)
            raise typer.Exit(Exit.INTERNAL) from None
