"""Logs: one JSON object a line on stderr, or plain text; never a person.

Who logs names nodes, codes and ids only. What others log is cut down here: exceptions to their type and place, since a
database's error quotes the row, and requests to their path without the query.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from exchange.errors import WoshouError

Event = MutableMapping[str, Any]
_QUIET = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "apscheduler": logging.ERROR,
    "uvicorn.error": logging.WARNING,
    "alembic": logging.WARNING,
}


def configure(form: Literal["json", "text"], *, level: str = "info") -> None:
    """Send all logs of this process to stderr in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_persons,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_without_query)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):  # which may have been given handlers and levels of their own
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
        server.setLevel(logging.NOTSET)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)


def _without_persons(_logger: object, _method: str, event: Event) -> Event:
    """An exception as its type and the places it came through; its text only if it is a refusal of ours."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__name__}: {error.code}" if isinstance(error, WoshouError) else type(error).__name__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    event.pop("stack_info", None)
    return event


def _without_query(record: logging.LogRecord) -> bool:
    """Uvicorn's access line with the path alone: (client, method, path, version, status)."""
    if record.name == "uvicorn.access" and isinstance(record.args, tuple) and len(record.args) == 5:
        client, method, path, http, status = record.args
        record.args = (client, method, str(path).split("?", 1)[0], http, status)
    if record.exc_info and record.exc_info[1] is not None and record.name.startswith("apscheduler"):
        # The scheduler quotes the job and the exception's text in its message.
        record.msg, record.args = "job failed", ()
    return True
