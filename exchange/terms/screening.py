"""Notes are short, rare and screened: what the domain keeps out must not come in as free text.

The list is versioned; a hit is refused at entry and at receipt, and never echoed.
"""

import re
import unicodedata

from exchange.errors import Refused, Retry

# The number of a document, a bank account or a telephone has no business in a note.
_LONG_NUMBER = re.compile(r"\d[\d\-]{9,}")
EXCLUDED_TERMS_VERSION = "2026.1"
EXCLUDED_TERMS = (
    "孕", "避孕", "节育", "结扎", "上环", "取环", "流产", "引产", "堕胎", "人流", "三查", "环检", "超生", "计划外",
    "政策内", "政策外", "社会抚养费", "抚养费", "罚款", "处罚", "指标", "二孩证", "准生", "胎", "指纹", "人脸", "虹膜",
    "pregnan", "contracepti", "abortion", "steriliz", "iud", "quota", "penalty", "fine of", "fingerprint",
)  # fmt: skip


class ExcludedContent(Refused):
    """A note that touches what the domain keeps out."""

    code = "excluded-content"
    retry = Retry.CORRECTED
    zh = "附言含有不予接收的内容（如孕情、避孕、检查、费用、处罚、指标等，或证件、电话等长号码），请删除后重试。"
    en = "The note touches what is not accepted here (pregnancy, examinations, fees, quotas …, or a long number); take it out."


def screen(note: str | None, pointer: str = "/body/note") -> None:
    """Let a note pass or raise ExcludedContent."""
    if note is None:
        return
    plain = unicodedata.normalize("NFKC", note).casefold().replace(" ", "")
    if _LONG_NUMBER.search(plain) or any(term.replace(" ", "") in plain for term in EXCLUDED_TERMS):
        raise ExcludedContent(pointer=pointer)
