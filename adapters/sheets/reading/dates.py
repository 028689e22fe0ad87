"""Dates in all the forms in which clerks and spreadsheets write them, to ISO text; never a guessed day or month."""

import re
import unicodedata
from datetime import date, datetime, timedelta

from adapters.sheets.reading.cells import BLANKS, Cleaner, Finding, Value, refusal, warning
from adapters.sheets.reading.characters import repair

_UNKNOWN_DATES = frozenset({"不详", "未知", "不清楚", "待定"})
_DATE = re.compile(r"^(\d{4})\s*[-/.年\\]\s*(\d{1,2})\s*[-/.月\\]\s*(\d{1,2})\s*[日号]?(?:[T ]+[\d:.]+(?: ?[AP]M)?Z?)?$")
_EIGHT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_INCOMPLETE = re.compile(r"^\d{4}(\s*[-/.年]\s*\d{0,2}\s*月?|\d{2})?$")
_LAST_SERIAL = 73_050


def date_cleaner(*, date_1904: bool) -> Cleaner:
    """The cleaner of date columns: ISO text; serial numbers count in the workbook's own date system."""

    def as_date(value: Value) -> str | Finding:
        if isinstance(value, datetime):
            return _plausible(value, value.date())
        if isinstance(value, date):
            return _plausible(value, value)
        if isinstance(value, str):
            return _date_from_text(value, date_1904)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _date_from_number(value, float(value), date_1904)
        return _no_date(value)

    return as_date


def _date_from_text(value: str, date_1904: bool) -> str | Finding:
    text = unicodedata.normalize("NFKC", repair(value)).strip()
    if text in BLANKS or text in _UNKNOWN_DATES:
        return ""
    parts = _DATE.match(text) or _EIGHT.match(text)
    if parts:
        try:
            return _plausible(value, date(int(parts[1]), int(parts[2]), int(parts[3])))
        except ValueError:
            return refusal(
                "date-impossible",
                value,
                "存在的日期 / a date that exists",
                "日历上没有这一天，请核对。",
                "The calendar has no such day.",
            )
    if _INCOMPLETE.match(text):
        return _incomplete(value)
    if text.isdigit() and len(text) == 5:
        return _date_from_number(value, float(text), date_1904)
    return _no_date(value)


def _date_from_number(value: Value, number: float, date_1904: bool) -> str | Finding:
    whole = int(number)
    if 19_000_101 <= whole <= 21_001_231:
        return _date_from_text(str(whole), date_1904)
    if 1900 <= whole <= 2100 or 190_001 <= whole <= 210_012:
        return _incomplete(value)
    if not 2100 < whole <= _LAST_SERIAL:
        return _no_date(value)
    day = (date(1904, 1, 1) if date_1904 else date(1899, 12, 30)) + timedelta(days=whole)
    return warning(
        "date-serial",
        value,
        day.isoformat(),
        "日期格式，或 2023-05-01 / a date format, or 2023-05-01",
        "日期以 Excel 序列号存储，已换算，请核对。",
        "The date is an Excel serial number and was converted: check it.",
    )


def _plausible(value: Value, day: date) -> str | Finding:
    if 1900 <= day.year <= 2100:
        return day.isoformat()
    return refusal(
        "date-implausible",
        value,
        "1900—2100 年的日期 / a date of the years 1900–2100",
        "日期超出合理范围，请核对。",
        "The date lies outside the years 1900–2100.",
    )


def _incomplete(value: Value) -> Finding:
    return refusal(
        "date-incomplete",
        value,
        "年、月、日齐全 / year, month and day",
        "日期缺少月或日，请补全，例如 2023-05-01。",
        "The date lacks its month or day: complete it, as in 2023-05-01.",
    )


def _no_date(value: Value) -> Finding:
    return refusal(
        "not-a-date",
        value,
        "日期，例如 2023-05-01 / a date such as 2023-05-01",
        "无法识别为日期，请按 2023-05-01 的形式录入。",
        "This is not a date that can be read without doubt: write it as 2023-05-01.",
    )
