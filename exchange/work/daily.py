"""What one clerk may do in one civil day (domain: a daily limit per clerk).

A sheet is no clerk's hour at the screen: its rows have their results, its file is known, and the agreement's own limit of
queries a day holds for the county as a whole.
"""

from dataclasses import dataclass
from enum import StrEnum

from exchange.errors import Refused, Retry


class Deed(StrEnum):
    """What is counted: queries that were started, persons that were shown, sheets with persons that were taken out."""

    QUERIES = "queries"
    PERSONS = "persons"
    SHEETS = "sheets"


class DailyLimit(Refused):
    """The clerk has done this often enough today."""

    code = "daily-limit"
    retry = Retry.LATER
    zh = "今日已达该密钥的上限，次日 0 时（北京时间）起可继续；成批工作请用表格导入，确有需要请运行单位调整设置。"
    en = (
        "This key has reached its limit of the day; it goes on at midnight in Shanghai. Bring work in bulk by a sheet, or have"
        " the node's operator change the setting."
    )


class AgreementLimit(Refused):
    """The county has sent as many queries as the agreement allows in a day."""

    code = "agreement-limit"
    retry = Retry.LATER
    zh = "今日协查数已达协议约定的上限，次日 0 时（北京时间）起可继续。"
    en = "The county has sent as many queries today as the agreement allows; it goes on at midnight in Shanghai."


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyLimits:
    """How often; the defaults are some times what a busy clerk does."""

    queries: int = 200
    persons: int = 5000
    sheets: int = 20

    def of(self, deed: Deed) -> int:
        """The limit of a kind of deeds."""
        return {Deed.QUERIES: self.queries, Deed.PERSONS: self.persons, Deed.SHEETS: self.sheets}[deed]
