"""Parsing in a process of its own: a file made to burst memory or to hang takes that process along, never the node.

The parent sends one request on standard input and gets one answer on standard output; the environment, and so every
secret of the node, stays behind.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

import msgspec

from adapters.sheets.sheet import Layout, Limits, RowResult, Sheet, SheetRefused

_MODULE = "adapters.sheets.reading.isolated"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the process shall do: read the file, or, given results, mark them in a copy of it."""

    data: bytes
    layout: Layout
    limits: Limits
    results: tuple[RowResult, ...] | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one of the four is meant: a sheet, a file, or a refusal by code and texts."""

    sheet: Sheet | None = None
    file: bytes | None = None
    refused: tuple[str, str, str] | None = None


def read_sheet(data: bytes, layout: Layout, limits: Limits | None = None) -> Sheet:
    """Read a register or a sheet of matters: .xlsx, .xlsm, .xls, .ods or .csv, told by content and not by name.

    SheetRefused, with a code of docs/sheets.md, if the file as a whole cannot be read; problems of single cells stand
    with their rows.
    """
    limits = limits or Limits()
    answer = _ask(Request(data=data, layout=layout, limits=limits))
    if answer.sheet is None:
        raise _stopped()
    return answer.sheet


def annotate(data: bytes, layout: Layout, results: Iterable[RowResult], limits: Limits | None = None) -> bytes:
    """The user's own .xlsx with a column of results, coloured cells and comments, and without what is not accepted.

    SheetRefused for other formats and for sheets above `limits.annotated_rows`: those get a list of problems instead.
    """
    limits = limits or Limits()
    answer = _ask(Request(data=data, layout=layout, limits=limits, results=tuple(results)))
    if answer.file is None:
        raise _stopped()
    return answer.file


def _ask(request: Request) -> Answer:
    limits = request.limits
    if len(request.data) > limits.file_bytes:
        from adapters.sheets.reading.container import look_at

        look_at(request.data, limits)
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-B", "-m", _MODULE],
            input=msgspec.msgpack.encode(request),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": path, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise _stopped() from exc
    if done.returncode != 0:
        raise _stopped()
    answer = msgspec.msgpack.decode(done.stdout, type=Answer)
    if answer.refused:
        code, zh, en = answer.refused
        raise SheetRefused(code, zh=zh, en=en)
    return answer


def _stopped() -> SheetRefused:
    return SheetRefused(
        "too-costly",
        zh="读取该文件需要的内存或时间过多，已停止；请删除数据区以外的内容，或拆分文件。",
        en="Reading the file took too much memory or time and was stopped: delete what lies outside the data, or split it.",
    )


def _answer(request: Request) -> Answer:
    try:
        if request.results is not None:
            from adapters.sheets.annotation import annotated

            return Answer(file=annotated(request.data, request.layout, request.results, request.limits))
        from adapters.sheets.reading.reader import parse_sheet

        return Answer(sheet=parse_sheet(request.data, request.layout, request.limits))
    except SheetRefused as refusal:
        return Answer(refused=(refusal.code, refusal.zh, refusal.en))


def _limit_this_process(limits: Limits) -> None:
    import resource

    for what, most in ((resource.RLIMIT_AS, limits.memory_bytes), (resource.RLIMIT_CPU, limits.seconds)):
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Serve one request on the standard streams."""
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Request)
    _limit_this_process(request.limits)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_answer(request)))


if __name__ == "__main__":
    main()
