"""CSV: from bytes to rows of text, whatever encoding and delimiter the file came in."""

import codecs
import csv
import io
from collections.abc import Iterator

from adapters.sheets.sheet import Limits, SheetRefused

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_DELIMITERS = ",\t;|"


def decode(data: bytes) -> str:
    """The text: by its byte order mark, else UTF-16 by its zero bytes, else strict UTF-8, else strict GB 18030 or GBK."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strictly(data, (encoding,))
    head = data[:4096]
    if head.count(0) > len(head) // 5:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        return _strictly(data, ("utf-16-be" if even > odd else "utf-16-le",))
    return _strictly(data, ("utf-8", "gb18030"))


def _strictly(data: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise SheetRefused(
                "not-a-sheet",
                zh="文件含有空字符，不是文本表格；可导入 .xlsx、.xls、.ods 和 .csv。",
                en="The file holds null characters and is no text; .xlsx, .xls, .ods and .csv can be imported.",
            )
        return text.lstrip("\ufeff")
    raise SheetRefused(
        "wrong-encoding",
        zh="无法识别文件的编码；请另存为“CSV UTF-8”或 .xlsx。",
        en="The encoding cannot be told: save the file as CSV UTF-8 or .xlsx.",
    )


def delimiter_of(text: str) -> str:
    """The delimiter that occurs most steadily in the first lines; a comma if none does."""
    lines = [line for line in text[:50_000].splitlines()[:40] if line.strip()]
    return max(_DELIMITERS, key=lambda mark: (sum(line.count(mark) > 1 for line in lines), mark == ","))


def rows_of(text: str, limits: Limits) -> Iterator[list[str]]:
    """The rows; SheetRefused where quotes do not match or a line is too long to be one."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        if end - start > limits.line_characters and text.find("\r", start, start + limits.line_characters) < 0:
            raise SheetRefused(
                "line-too-long",
                zh=f"有一行超过 {limits.line_characters} 个字符，不是表格的一行；请检查换行。",
                en=f"A line of more than {limits.line_characters} characters cannot be a row: check the line breaks.",
            )
        start = end + 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        yield from reader
    except csv.Error as exc:
        line = reader.line_num
        raise SheetRefused(
            "csv-malformed",
            zh=f"第 {line} 行附近的引号不配对，无法分列；请检查或另存为 .xlsx。",
            en=f"Quotes do not match near line {line}: mend it or save the file as .xlsx.",
        ) from exc
