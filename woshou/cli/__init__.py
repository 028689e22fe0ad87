"""The command line `woshou`."""

import typer

from woshou.cli.call import group
from woshou.cli.commands import (
    agreement,
    apikey,
    exchange,
    node,
    openapi,
    partner,
    processes,
    register,
    report,
    sheets,
    upkeep,
)
from woshou.cli.words import translate_frame

# In the order in which they are first needed.
_MODULES = (node, processes, partner, agreement, sheets, register, exchange, report, apikey, upkeep, openapi)


def build() -> typer.Typer:
    """The command line of a node."""
    translate_frame()
    app = group("握手：流动人口婚育信息双向协作节点", "Woshou: a node that exchanges records between origin and destination")
    for module in _MODULES:
        module.install(app)
    return app
