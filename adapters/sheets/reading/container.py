"""What kind of file the bytes are, looked at before any parser touches them.

Zip containers are unpacked once into nothing, counting, because declared sizes can lie; that pass also tells whether a
worksheet holds formulas or errors, which the fast parser would show as blanks.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from enum import StrEnum

from adapters.sheets.sheet import Limits, SheetRefused

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MIB = 2**20
_MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<style")
_MARKS = (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/", b't="e"', b"t='e'")
_OVERLAP = 16


class Format(StrEnum):
    """The formats that are read."""

    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    CSV = "csv"


@dataclass(slots=True)
class Container:
    """A file whose outside is in order: its format, and of an .xlsx the parts with formulas or errors."""

    format: Format
    marked_parts: set[str] = field(default_factory=set)
    has_macros: bool = False
    has_external_links: bool = False


def look_at(data: bytes, limits: Limits) -> Container:
    """Tell the format; SheetRefused for anything that is no sheet, too large, encrypted or made to burst."""
    if not data.strip(b"\0\r\n\t "):
        raise SheetRefused("empty-file", zh="文件是空的。", en="The file is empty.")
    if len(data) > limits.file_bytes:
        raise SheetRefused(
            "file-too-large",
            zh=f"文件超过 {limits.file_bytes // _MIB} MiB，请拆分后再导入。",
            en=f"The file is larger than {limits.file_bytes // _MIB} MiB: split it.",
        )
    if data.startswith(_ZIP):
        return _look_at_zip(data, limits)
    if data.startswith(_OLE):
        return _look_at_ole(data)
    head = data[:2048].lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
    if head.startswith(_MARKUP):
        raise SheetRefused(
            "not-a-sheet",
            zh="这是以表格扩展名保存的网页或 XML 文件；请用 Excel 或 WPS 打开后另存为 .xlsx。",
            en="This is a web page or XML file under a sheet's name: open it in Excel or WPS and save it as .xlsx.",
        )
    if head.startswith((b"%pdf", b"\x89png", b"\xff\xd8\xff", b"{\\rtf", b"rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"gif8")):
        raise _not_a_sheet()
    return Container(format=Format.CSV)


def _not_a_sheet() -> SheetRefused:
    return SheetRefused(
        "not-a-sheet",
        zh="这不是表格文件；可导入 .xlsx、.xls、.ods 和 .csv。",
        en="This is not a sheet; .xlsx, .xls, .ods and .csv can be imported.",
    )


def encrypted() -> SheetRefused:
    """The refusal of a file with a password."""
    return SheetRefused(
        "encrypted",
        zh="文件设有打开密码；请取消密码后再导入。",
        en="The file is protected with a password: save it without one.",
    )


def _bomb() -> SheetRefused:
    return SheetRefused(
        "zip-bomb",
        zh="文件解压后大得异常，已拒绝打开。",
        en="The file would unpack to an abnormal size and was not opened.",
    )


def damaged() -> SheetRefused:
    """The refusal of a file that its own format does not hold together."""
    return SheetRefused(
        "damaged",
        zh="文件已损坏；请用 Excel 或 WPS 打开后另存为 .xlsx 再导入。",
        en="The file is damaged: open it in Excel or WPS and save it again as .xlsx.",
    )


def _look_at_ole(data: bytes) -> Container:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise encrypted()
    if not any(stream.encode("utf-16-le") in data for stream in ("Workbook", "Book")):
        raise _not_a_sheet()
    return Container(format=Format.XLS, has_macros="_VBA_PROJECT".encode("utf-16-le") in data)


def _look_at_zip(data: bytes, limits: Limits) -> Container:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_declared(entries, len(data), limits)
            container = Container(format=_format_of([entry.filename for entry in entries], archive))
            budget = limits.unpacked_bytes
            for entry in entries:
                budget -= _unpack_and_look(archive, entry, budget, container)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, KeyError, RuntimeError) as exc:
        raise damaged() from exc
    return container


def _check_declared(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    if any(entry.flag_bits & 1 for entry in entries):
        raise encrypted()
    declared = sum(entry.file_size for entry in entries)
    ratio_matters = declared > 20 * _MIB
    if len(entries) > limits.entries or declared > limits.unpacked_bytes:
        raise _bomb()
    if ratio_matters and declared > packed * limits.ratio:
        raise _bomb()
    if len({entry.filename for entry in entries}) < len(entries):
        raise damaged()


def _format_of(names: list[str], archive: zipfile.ZipFile) -> Format:
    if "xl/workbook.xml" in names:
        return Format.XLSX
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
        if archive.read("mimetype").startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
            if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise encrypted()
            return Format.ODS
    elif "xl/workbook.bin" in names:
        raise SheetRefused(
            "not-a-sheet",
            zh="不支持二进制工作簿（.xlsb）；请另存为 .xlsx。",
            en="Binary workbooks (.xlsb) are not read: save it as .xlsx.",
        )
    elif any(name.lower().endswith((".xlsx", ".xls", ".csv", ".ods", ".zip")) for name in names):
        raise SheetRefused(
            "archive-of-files",
            zh="这是压缩包；请解压后逐个导入其中的表格。",
            en="This is an archive: unpack it and import the sheets in it one by one.",
        )
    raise _not_a_sheet()


def _unpack_and_look(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: int, container: Container) -> int:
    name, size, tail = entry.filename, 0, b""
    is_xml = name.endswith((".xml", ".rels"))
    is_worksheet = name.startswith("xl/worksheets/") and is_xml
    container.has_macros |= name.endswith("vbaProject.bin")
    container.has_external_links |= name.startswith("xl/externalLinks/")
    with archive.open(entry) as part:
        while chunk := part.read(_MIB):
            if is_xml and size == 0 and b"\0" in chunk[:4]:
                raise damaged()
            size += len(chunk)
            if size > budget:
                raise _bomb()
            if is_xml:
                seam = tail + chunk[:_OVERLAP]
                if any(b"<!DOCTYPE" in seen or b"<!ENTITY" in seen for seen in (chunk, seam)):
                    raise SheetRefused(
                        "unsafe-xml",
                        zh="文件含有表格中不应出现的 XML 声明，已拒绝打开。",
                        en="The file holds XML declarations that no sheet needs, and was not opened.",
                    )
                if is_worksheet and any(mark in seen for mark in _MARKS for seen in (chunk, seam)):
                    container.marked_parts.add(name)
                tail = chunk[-_OVERLAP:]
    return size
