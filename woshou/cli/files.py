"""Files that a command writes: only the owner reads them, for they may be about people, and none is written over unasked."""

import sys
from pathlib import Path

from adapters.auditing.trail import before_showing
from adapters.keys import files
from exchange.errors import Conflict, Invalid

STDOUT = Path("-")


class FileExists(Conflict):
    """There is such a file already."""

    code = "file-exists"
    zh = "该文件已存在，未覆盖；如需覆盖请加 --force。"
    en = "That file exists already and was not written over; add --force to do so."


class FileNotWritable(Invalid):
    """The file cannot be written there."""

    code = "file-not-writable"
    zh = "无法写入该文件：请检查文件夹是否存在、是否有权限。"
    en = "That file cannot be written: see whether its folder exists and may be written to."


def check_free(file: Path, *, force: bool) -> None:
    """Before the work begins: FileExists, FileNotWritable."""
    if file == STDOUT:
        return
    if not file.parent.is_dir():
        raise FileNotWritable
    if file.exists() and not force:
        raise FileExists


def write_private(file: Path, data: bytes, *, force: bool) -> None:
    """Write a file that nobody else can read, whatever one of that name could before; FileExists, FileNotWritable."""
    before_showing()
    if file == STDOUT:
        sys.stdout.buffer.write(data)
        return
    check_free(file, force=force)
    try:
        # A new file takes the place of what is there, which may be open to others.
        files.write_private(file, data)
    except OSError as exc:
        raise FileNotWritable from exc
