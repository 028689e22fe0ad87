"""One cell at a time: from what the file holds to clean text, or to a finding that says what was expected.

A cleaner takes a non-blank value (str, float, int, bool, date, datetime, time, timedelta) and gives text, "" for a
value that only says "nothing here", or a `Finding`. Findings describe shapes, never contents.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from adapters.sheets.reading.characters import CONTROL, PRIVATE, repair
from adapters.sheets.sheet import Severity
from exchange.people.name import TURNING

Value = object

BLANKS = frozenset(
    {
        "",
        "-",
        "--",
        "---",
        "—",
        "——",
        "–",
        "/",
        "\\",
        "无",
        "暂无",
        "空",
        "null",
        "NULL",
        "None",
        "nan",
        "NaN",
        "N/A",
        "#N/A",
    }
)
_SCIENTIFIC = re.compile(r"^[+-]?\d+(\.\d+)?[Ee]\+?\d+$")
_DECIMAL = re.compile(r"^\d{6,}\.0+$")
_QUOTED_FORMULA = re.compile(r'^="([^"]*)"$')


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a cleaner found amiss; `text` is the value that still stands, None when the cell is lost."""

    code: str
    severity: Severity
    found: str
    expected: str
    zh: str
    en: str
    text: str | None = None


Cleaner = Callable[[Value], "str | Finding"]


def shape_of(value: Value) -> str:
    """How a value looks without what it says, in Chinese and English: digits as 9, letters as A, others counted."""
    if isinstance(value, str):
        if len(value) <= 20 and value.isascii():
            shown = "".join("9" if c.isdigit() else "A" if c.isalpha() else c for c in value if c.isprintable())
            return f"文本 {shown} / text {shown}"
        return f"文本，{len(value)} 个字符 / text of {len(value)} characters"
    if isinstance(value, bool):
        return "逻辑值 / a truth value"
    if isinstance(value, int | float):
        return f"数字，{len(str(int(abs(value))))} 位 / a number of {len(str(int(abs(value))))} digits"
    if isinstance(value, date):
        return "日期 / a date"
    return "时间 / a time"


def refusal(code: str, value: Value, expected: str, zh: str, en: str) -> Finding:
    """A finding that keeps the row from being taken; the cell is lost."""
    return Finding(code=code, severity=Severity.REFUSAL, found=shape_of(value), expected=expected, zh=zh, en=en, text=None)


def warning(code: str, value: Value, text: str, expected: str, zh: str, en: str) -> Finding:
    """A finding beside which the value `text` stands."""
    return Finding(code=code, severity=Severity.WARNING, found=shape_of(value), expected=expected, zh=zh, en=en, text=text)


def _strange(value: Value, text: str) -> Finding | None:
    if isinstance(value, str) and TURNING.search(value):
        return refusal(
            "control-character",
            value,
            "可见字符 / visible characters",
            "单元格含有看不见、却会颠倒显示次序的字符（如 U+202E），请删除后重新录入。",
            "The cell holds invisible characters that turn the order in which it is shown, as U+202E does: delete them and type "
            "the value again.",
        )
    if CONTROL.search(text):
        return refusal(
            "control-character",
            value,
            "可见字符 / visible characters",
            "单元格含有控制字符，请删除后重新录入。",
            "The cell holds control characters: delete them and type the value again.",
        )
    if PRIVATE.search(text):
        return refusal(
            "private-character",
            value,
            "国家标准字符 / characters of the national standard",
            "单元格含有造字区字符，无法识别，请用标准字符（GB 18030）重新录入。",
            "The cell holds private-use characters without a known meaning: type it in standard ones (GB 18030).",
        )
    return None


def _half_width(text: str) -> str:
    """NFKC without blanks; normalised once more when they are gone, for what they separated may combine."""
    return unicodedata.normalize("NFKC", "".join(unicodedata.normalize("NFKC", text).split()))


def as_name(value: Value) -> str | Finding:
    """A name as it is written; its own rules stand in the domain."""
    if isinstance(value, str):
        if value.isalnum():
            return "" if value in BLANKS else value
        text = repair(value)
        return "" if text in BLANKS else _strange(value, text) or text
    return refusal("not-text", value, "文本 / text", "姓名应为文本。", "A name has to be text, not a number or a date.")


def as_text(value: Value) -> str | Finding:
    """Any short text; whole numbers lose their decimal point."""
    if isinstance(value, str):
        text = repair(value)
        return "" if text in BLANKS else _strange(value, text) or text
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return str(int(value)) if value == int(value) else str(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def as_word(value: Value) -> str | Finding:
    """A word of a code list, or its code: half width, without blanks."""
    text = as_text(value)
    if isinstance(text, Finding):
        return text
    text = _half_width(text)
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def as_place(value: Value) -> str | Finding:
    """A division code or a path of names; which of them, the division table says."""
    text = as_word(value)
    return text.strip("'") if isinstance(text, str) else text


def as_number(value: Value) -> str | Finding:
    """The number of an identity document: half width, upper case, no blanks; never a number of more than 15 digits."""
    if isinstance(value, str):
        if value.isascii() and value.isalnum() and not _SCIENTIFIC.match(value):
            return "" if value in BLANKS else value.upper()
        text = repair(value)
        if text in BLANKS:
            return ""
        text = _half_width(repair(_half_width(text)).upper())
        return _unwrapped(value, text)
    return _from_number(value)


def as_text_number(value: Value) -> str | Finding:
    """The number of a certificate: text as written, but no number that has lost digits."""
    if isinstance(value, str):
        text = repair(value)
        return "" if text in BLANKS else _unwrapped(value, repair(unicodedata.normalize("NFKC", text)))
    return _from_number(value)


def _unwrapped(value: str, text: str) -> str | Finding:
    if quoted := _QUOTED_FORMULA.match(text):
        text = quoted[1].strip()
    if _SCIENTIFIC.match(text):
        return _lost(value)
    if _DECIMAL.match(text):
        text = text.partition(".")[0]
        return _lost(value) if len(text) > 15 and text.endswith("00") else _stored_as_number(value, text)
    return _strange(value, text) or text


def _from_number(value: Value) -> str | Finding:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
        return refusal(
            "not-text",
            value,
            "文本格式的证件号码 / a document number as text",
            "证件号码列须设为“文本”格式。",
            "The column of document numbers has to be formatted as text.",
        )
    return _lost(value) if value >= 10**15 else _stored_as_number(value, str(int(value)))


def _lost(value: Value) -> Finding:
    return refusal(
        "number-lost-digits",
        value,
        "文本格式的证件号码 / a document number as text",
        "证件号码被存为数字，第 15 位以后已丢失；请将该列设为“文本”格式并从原件重新录入。",
        "The number was stored as a numeric value and lost its digits after the 15th: format the column as text and "
        "type the numbers again from the source.",
    )


def _stored_as_number(value: Value, text: str) -> Finding:
    return warning(
        "number-not-text",
        value,
        text,
        "文本格式的证件号码 / a document number as text",
        "证件号码被存为数字，可能缺少开头的 0；请将该列设为“文本”格式。",
        "The number was stored as a numeric value, so leading zeros may be missing: format the column as text.",
    )


def too_long(value: Value, limit: int) -> Finding:
    """What is found in a cell of more than `limit` characters."""
    return refusal(
        "too-long",
        value,
        f"不超过 {limit} 个字符 / at most {limit} characters",
        "单元格内容过长，请检查是否错位。",
        "The cell is too long: check whether columns have shifted.",
    )


MARKED = {
    "formula-without-value": Finding(
        code="formula-without-value",
        severity=Severity.REFUSAL,
        found="没有保存结果的公式 / a formula without a saved value",
        expected="值 / a value",
        zh="单元格是没有保存结果的公式；请在 Excel 或 WPS 中打开并保存，或粘贴为值。",
        en="The cell is a formula without a saved value: open and save the file in Excel or WPS, or paste values.",
    ),
    "cell-error": Finding(
        code="cell-error",
        severity=Severity.REFUSAL,
        found="错误值（如 #N/A） / an error such as #N/A",
        expected="值 / a value",
        zh="单元格是错误值（如 #N/A、#REF!），请改正。",
        en="The cell shows an error such as #N/A or #REF!: correct it.",
    ),
}
