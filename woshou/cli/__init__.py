"""The command line `woshou`."""

from importlib.metadata import version
from typing import Annotated

import typer

from woshou.cli.call import group
from woshou.cli.commands import agreement, apikey, exchange, node, openapi, partner, processes, rates, report, retention, upkeep
from woshou.cli.commands.auditing import audit
from woshou.cli.commands.casework import case, route
from woshou.cli.commands.clocks import alerts, norms
from woshou.cli.commands.cross_check import checks
from woshou.cli.commands.persons import evidence, subject
from woshou.cli.commands.reconciling import differences, reconcile
from woshou.cli.commands.registers import certificate, imports, pairing, register, sheets
from woshou.cli.commands.signin import account
from woshou.cli.commands.work import assign, worklist
from woshou.cli.words import say, translate_frame

# In the order in which they are first needed.
_MODULES = (
    node,
    processes,
    partner,
    route,
    agreement,
    sheets,
    imports,
    checks,
    register,
    exchange,
    certificate,
    pairing,
    case,
    worklist,
    differences,
    assign,
    report,
    rates,
    reconcile,
    evidence,
    subject,
    alerts,
    norms,
    apikey,
    account,
    audit,
    retention,
    upkeep,
    openapi,
)


def build() -> typer.Typer:
    """The command line of a node."""
    translate_frame()
    app = group("握手：流动人口婚育信息双向协作节点", "Woshou: a node that exchanges records between origin and destination")
    app.callback()(_front)
    for module in _MODULES:
        module.install(app)
    return app


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"woshou {version('woshou')}")
        raise typer.Exit


def _front(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, show_default=False, help=say("显示版本", "show the version")
        ),
    ] = False,
) -> None:
    pass
