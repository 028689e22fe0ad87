"""`woshou evidence`: one file that proves an exchange to a third party."""

import json
from pathlib import Path
from typing import Annotated

import typer

from adapters.auditing.trail import before_showing
from exchange.proving.file import EVIDENCE_TYPE, write_file
from exchange.verbs.proving.gather import gather
from woshou.cli.call import Call, command
from woshou.cli.files import check_free, write_private
from woshou.cli.sides import ExchangeId, RoleOption, side
from woshou.cli.words import say


def install(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "evidence", zh="为一项交换制作存证文件", en="Make a file that proves an exchange to a third party")
    def evidence(
        call: Call,
        exchange: ExchangeId,
        output: Annotated[Path, typer.Option("-o", "--output", help=say("存证文件，- 为标准输出", "the file; - for stdout"))],
        role: RoleOption = None,
        without_bodies: Annotated[
            bool, typer.Option("--without-bodies", help=say("不含消息内容，只含摘要", "digests only, no message's text"))
        ] = False,
        force: Annotated[bool, typer.Option("--force", help=say("覆盖已有文件", "write over a file"))] = False,
    ) -> None:
        check_free(output, force=force)
        with call.office() as office:
            us = office.myself()
            with office.ledgers.transaction(read_only=True) as ledger:
                parts = gather(ledger, us, side(ledger, exchange, role), bodies=not without_bodies)
            data = write_file(parts, us.node, office.now(), office.signer(EVIDENCE_TYPE))
            # A third party reads what the messages say: without them nobody is disclosed.
            before_showing([json.loads(each["line"]) for each in parts["messages"] if each["line"] is not None])
        write_private(output, data, force=force)
        if str(output) != "-":
            call.done({"file": str(output), "messages": len(parts["messages"])}, f"已写入：{output}", f"Written: {output}")
