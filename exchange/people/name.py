"""Personal names: stored as they are written on the document, mended only where keyboards and encodings did harm.

A stored name is never put through NFKC, nor NFC: both replace the compatibility ideographs that some people's documents
really show, and NFKC narrows full-width letters. Only `match_key`, which is never stored as a name, does that.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

from exchange.errors import Invalid

LONGEST_NAME: Final = 60
_LONGEST_INPUT: Final = 4 * LONGEST_NAME

# Python's gb18030 codec is the edition of 2000 and gives private-use characters where today's C library has these: 24
# vertical forms and rare ideographs, and ḿ. Both converters were run over every pair of bytes to find them.
GB18030_PRIVATE_USE: Final = {
    **dict(zip(range(0xE78D, 0xE797), "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19", strict=True)),
    0xE7C7: "\u1e3f",
    0xE816: "\U00020087",
    0xE817: "\U00020089",
    0xE818: "\U000200cc",
    0xE81E: "\u9fb4",
    0xE826: "\u9fb5",
    0xE82B: "\u9fb6",
    0xE82C: "\u9fb7",
    0xE831: "\U000215d7",
    0xE832: "\u9fb8",
    0xE83B: "\U0002298f",
    0xE843: "\u9fb9",
    0xE854: "\u9fba",
    0xE855: "\U000241fe",
    0xE864: "\u9fbb",
}

# By range, for Python 3.11 does not know the ideographs of Unicode 15 (extensions H and I) as letters. With 々, 〇, the
# compatibility ideographs, and the variation selectors that belong to the ideograph before them.
_VARIATION: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_IDEOGRAPH: Final = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HAN: Final = _IDEOGRAPH + _VARIATION

_PLAIN: Final = re.compile(r"[\u4e00-\u9fff]{1,60}")
_INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
# Of the invisible ones, these show what follows from right to left, so that a reader sees another text than is there.
TURNING: Final = re.compile("[\u202b\u202e\u2067]")
_DOT: Final = re.compile(r"\s*[\u00b7\u0387\u2022\u2027\u2219\u22c5\u30fb\uff65]\s*")
_STOP: Final = re.compile(rf"(?<=[{_HAN}])\s*[.\uff0e]\s*(?=[{_HAN}])")
_HAN_BLANK: Final = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_BLANK: Final = re.compile(r"\s+")
_HAS_IDEOGRAPH: Final = re.compile(f"[{_IDEOGRAPH}]")
_NOT_COMPARED: Final = re.compile(rf"[\s.\u00b7\u2022\u2027\u2219\u22c5\u30fb{_VARIATION}]+")


class NameFault(StrEnum):
    """Why a name cannot be taken."""

    MISSING = "missing"
    LENGTH = "length"
    NO_LETTER = "no-letter"
    CONTROL = "control-character"
    UNREADABLE = "unreadable-character"
    PRIVATE_USE = "private-use-character"


class NameRefused(Invalid):
    """A name that cannot be taken; `fault` says why. Never carries the name."""

    code = "name-refused"
    zh = "姓名不符合要求。"
    en = "The name is not valid."

    def __init__(self, fault: NameFault, *, zh: str, en: str, pointer: str | None = None) -> None:
        self.fault = fault
        super().__init__(zh=zh, en=en, pointer=pointer)


def read_name(raw: str) -> str:
    """Read a name of 1 to 60 characters as people write it.

    The many middle dots become U+00B7, as does a full stop between Han characters; blanks between Han characters and
    around dots go, others become one space; characters that only an old codec made private are mended. Raises
    NameRefused, whose text holds nothing of the name, for control, private-use and broken characters, for those that turn
    the order of what is shown, and for what has no letter in it. Reading a name that was read changes nothing.
    """
    if _PLAIN.fullmatch(raw):
        return raw
    if len(raw) > _LONGEST_INPUT:
        raise _too_long(len(raw))
    name = raw.translate(GB18030_PRIVATE_USE).strip(" \t\r\n")
    _refuse_unfit(name)
    name = _INVISIBLE.sub("", name).strip()
    name = _STOP.sub("·", _DOT.sub("·", name))
    name = _BLANK.sub(" ", _HAN_BLANK.sub("", name))
    if not name:
        raise NameRefused(NameFault.MISSING, zh="未填写姓名。", en="The name is missing.")
    if len(name) > LONGEST_NAME:
        raise _too_long(len(name))
    if not _HAS_IDEOGRAPH.search(name) and not any(map(str.isalpha, name)):
        raise NameRefused(
            NameFault.NO_LETTER,
            zh="姓名中没有文字，可能填错了列。",
            en="The name holds no letter; it may stand in the wrong column.",
        )
    return name


def match_key(name: str) -> str:
    """The form in which two spellings of one name are equal: width, case, dots, blanks and variants do not count.

    For comparing only: it is no name, and pairs of different names can share it.
    """
    if _PLAIN.fullmatch(name):
        return name
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return _NOT_COMPARED.sub("", folded)


def _refuse_unfit(name: str) -> None:
    for position, character in enumerate(name, start=1):
        match unicodedata.category(character):
            case "Cc":
                raise NameRefused(
                    NameFault.CONTROL,
                    zh=f"姓名第 {position} 个字符是控制字符（如换行或制表符）。",
                    en=f"Character {position} of the name is a control character, such as a line break.",
                )
            case "Co":
                raise NameRefused(
                    NameFault.PRIVATE_USE,
                    zh=f"姓名第 {position} 个字符是自造字，其他系统无法显示；请改用国家标准中的字（GB 18030-2022）。",
                    en=f"Character {position} of the name is a private-use character that no other system can show; "
                    "use the character of GB 18030-2022.",
                )
            case "Cs":
                raise _unreadable(position)
            case "Cf" if TURNING.match(character):
                raise NameRefused(
                    NameFault.CONTROL,
                    zh=f"姓名第 {position} 个字符看不见，却会颠倒文字的显示次序（如 U+202E）；请删除后重新填写。",
                    en=f"Character {position} of the name is invisible and turns the order in which the text is shown, as U+202E "
                    "does: delete it and type the name again.",
                )
            case _ if character == "\ufffd" or ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef":
                raise _unreadable(position)
            case _:
                pass


def _unreadable(position: int) -> NameRefused:
    return NameRefused(
        NameFault.UNREADABLE,
        zh=f"姓名第 {position} 个字符已损坏，可能是文件编码有误；请以 UTF-8 或 GB18030 编码重新导出。",
        en=f"Character {position} of the name is damaged, perhaps by a wrong encoding; export as UTF-8 or GB18030.",
    )


def _too_long(found: int) -> NameRefused:
    return NameRefused(
        NameFault.LENGTH,
        zh=f"姓名最多 {LONGEST_NAME} 个字符，实有 {found} 个。",
        en=f"A name has at most {LONGEST_NAME} characters, found {found}.",
    )
