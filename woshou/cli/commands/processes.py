"""`woshou serve` and `woshou jobs`: the two processes of a node."""

import gc
import signal
import socket
import sys
import threading
from typing import Annotated

import structlog
import typer

from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from exchange.errors import Conflict
from jobs.runner import run, run_once
from woshou import logging
from woshou.cli.call import Call, command
from woshou.cli.exits import Exit
from woshou.cli.words import say
from woshou.wiring import open_office

_LEAD = "jobs"


class SomebodyLeads(Conflict):
    """Another jobs process of this node is at work."""

    code = "jobs-running"
    zh = "本节点已有作业进程在运行。"
    en = "Another jobs process of this node is at work already."


class AddressNotFree(Conflict):
    """Something listens there already, or the machine has no such address."""

    code = "address-not-free"
    zh = "无法在该地址和端口监听：可能已被占用，或本机没有该地址。"
    en = "Nothing can listen on that address and port: another program does already, or the machine has no such address."


def _listening(host: str, port: int) -> socket.socket:
    """Listen before the node begins to serve: Uvicorn would end with a code that here means a partner's trouble."""
    from api.serving.server import listening

    try:
        return listening(host, port)
    except OSError as exc:
        raise AddressNotFree from exc


def _calm_collector() -> None:
    """Spare the garbage collector what stays for good, and let it look less often.

    A batch makes some ten thousand values without a cycle among them. By default they bring on walks over all that the
    process has loaded, the division table included, which took a tenth of the batch's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _tell_weaknesses(office: Office) -> None:
    """Have in the log what should protect the database and does not (`woshou db check`)."""
    for weakness in office.weaknesses():
        structlog.get_logger("database").warning("database unprotected", weakness=weakness.value)


def install(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "serve", zh="运行接口进程（API）", en="Run the API process")
    def serve(
        call: Call,
        host: Annotated[str | None, typer.Option(help=say("监听地址", "address to listen on"))] = None,
        port: Annotated[int | None, typer.Option(help=say("监听端口", "port to listen on"))] = None,
    ) -> None:
        # Only this command needs the web stack; the others start faster without it.
        from api.app import create_app
        from api.serving.server import server

        settings = call.settings()
        logging.configure(settings.log_format)
        # Uvicorn stops by itself and then raises the signal again: this lets the node be closed in order.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        address = (host or settings.host, port or settings.port)
        with open_office(settings) as office, http_client(reach=office.reach) as client, _listening(*address) as door:
            _tell_weaknesses(office)
            structlog.get_logger("serve").info("serving", node=settings.node, host=address[0], port=address[1])
            app = create_app(office, client=client, host_names=settings.host_names, security_contact=settings.security_contact)
            _calm_collector()
            serving = server(app, trusted_proxies=settings.trusted_proxies)
            serving.run(sockets=[door])
            if not serving.started:
                raise typer.Exit(Exit.INTERNAL)

    @command(app, "jobs", zh="运行作业进程：投递、催办、清理", en="Run the jobs process: deliveries, reminders, tidying")
    def jobs(
        call: Call,
        once: Annotated[bool, typer.Option("--once", help=say("只做一遍", "one pass, then end"), show_default=False)] = False,
    ) -> None:
        settings = call.settings()
        logging.configure(settings.log_format)
        stop = threading.Event()
        with open_office(settings) as office, http_client(reach=office.reach) as client:
            lead = office.ledgers.advisory_leader(_LEAD)
            try:
                if not once:
                    _tell_weaknesses(office)
                    for number in (signal.SIGTERM, signal.SIGINT):
                        signal.signal(number, lambda *_: stop.set())
                    run(office, PartnerClient(office, client), lead, stop, deliver_seconds=settings.deliver_seconds)
                    return
                if not lead.held():
                    raise SomebodyLeads
                batches = run_once(office, PartnerClient(office, client))
                call.done({"batches": batches}, f"已投递 {batches} 个批次。", f"{batches} batches delivered.")
            finally:
                lead.release()
