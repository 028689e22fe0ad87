"""Notes are short, rare and screened: what the domain keeps out must not come in as free text.

The list is versioned; a hit is refused at entry and at receipt, and never echoed. A note is looked at as it is meant, not as it
is spelled: full-width forms, traditional characters, variants and letters that only look Latin are one, and what nobody sees or
reads between two characters is left out. Words of every day that hold an excluded one, such as 轮胎, pass.
"""

import re
import unicodedata

from exchange.errors import Refused, Retry
from exchange.pairing.variants import folded

EXCLUDED_TERMS_VERSION = "2026.2"
EXCLUDED_TERMS = (
    "孕", "避孕", "节育", "结扎", "上环", "取环", "流产", "引产", "堕胎", "人流", "三查", "环检", "超生", "计划外",
    "政策内", "政策外", "社会抚养费", "抚养费", "罚款", "处罚", "指标", "二孩证", "准生", "胎", "指纹", "人脸", "虹膜",
    "pregnan", "contracepti", "abortion", "steriliz", "sterilis", "quota", "penalty", "fingerprint",
)  # fmt: skip
_WORDS = re.compile(r"(?<![a-z])i[\W_]*u[\W_]*d(?![a-z])|\bfines?\W+of\b")
# Words of every day that hold an excluded one. A name that holds one is no such word: the note is refused, and can do without the
# name, which stands in the message's own field.
_HARMLESS = (
    "轮胎", "车胎", "坯胎", "人流量", "人流大", "人流高峰", "人流密集", "环检察", "物流产", "交流产", "引产业",
    "上环城", "上环路", "上环保", "取环保", "政策内容", "标准生", "批准生效",
)  # fmt: skip
# Letters of other scripts that look like Latin ones.
_LOOKALIKE = str.maketrans("аеорсухіјѕԁԛԝһӏαορνικτυ", "aeopcyxijsdqwhlaopviktu")
_WRITTEN_DIGITS = str.maketrans("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖", "00123456789123456789")
# The number of a document, a bank account or a telephone has no business in a note; a date and a time of day have.
_LONG_NUMBER = re.compile(r"\d(?:[\W_]*\d){9,}")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-./年]\d{1,2}[-./月]\d{1,2}(?!\d)日?|(?<!\d)\d{1,2}:\d\d(?!\d)")


class ExcludedContent(Refused):
    """A note that touches what the domain keeps out."""

    code = "excluded-content"
    retry = Retry.CORRECTED
    zh = "附言含有不予接收的内容（如孕情、避孕、检查、费用、处罚、指标等，或证件、电话等长号码），请删除后重试。"
    en = "The note touches what is not accepted here (pregnancy, examinations, fees, quotas …, or a long number); take it out."


def screen(note: str | None, pointer: str = "/body/note") -> None:
    """Let a note pass or raise ExcludedContent."""
    if note is not None and _is_excluded(note):
        raise ExcludedContent(pointer=pointer)


def _is_excluded(note: str) -> bool:
    text = folded(_seen(note).casefold().translate(_LOOKALIKE))
    number = _DATE.sub(" ", text).translate(_WRITTEN_DIGITS)
    if _LONG_NUMBER.search(number) or _WORDS.search(text):
        return True
    close = "".join(each for each in text if unicodedata.category(each)[0] in "LN")
    for word in _HARMLESS:
        close = close.replace(word, " ")
    return any(term in close for term in EXCLUDED_TERMS)


def _seen(note: str) -> str:
    """What a reader sees: one form of each character, without accents and what has no width."""
    return "".join(
        each for each in unicodedata.normalize("NFKD", note) if unicodedata.category(each) not in ("Cf", "Mn", "Cc", "Co", "Cn")
    )
