"""How a name sounds: the pinyin of its characters, by pypinyin's table of readings (the first one of each character).

A surname is read as surnames are (单 shàn, 曾 zēng). What is no Han character stands for itself, in lower case.
"""

import unicodedata
from functools import lru_cache
from typing import Final

from pypinyin.constants import PINYIN_DICT

from exchange.pairing.variants import folded
from exchange.people.name import match_key

DOT: Final = "\u00b7"
# Surnames that are read otherwise than the character usually is (通用规范汉字字典; 现代汉语词典, as surnames).
_AS_SURNAME: Final = {
    **{"单": "shàn", "曾": "zēng", "仇": "qiú", "解": "xiè", "查": "zhā", "区": "ōu", "盖": "gě", "任": "rén", "朴": "piáo"},
    **{"乐": "yuè", "尉": "yù", "冼": "xiǎn", "宓": "mì", "缪": "miào", "召": "shào", "折": "shé", "繁": "pó", "员": "yùn"},
    **{"华": "huà", "葛": "gě", "宁": "nìng", "燕": "yān", "覃": "qín", "翟": "zhái", "秘": "bì", "牟": "mù", "逄": "páng"},
}


@lru_cache(maxsize=20_000)
def parts(name: str) -> tuple[str, ...]:
    """The parts of a name between its dots, each with its variants folded; one for most names."""
    return tuple(part for each in name.split(DOT) if (part := folded(match_key(each)))) or (folded(match_key(name)),)


@lru_cache(maxsize=20_000)
def spoken(part: str) -> tuple[str, ...]:
    """The syllables of one part of a folded name, with their tones."""
    if not part:
        return ()
    first = _AS_SURNAME.get(part[0]) or _reading(part[0])
    return _joined((first, *map(_reading, part[1:])))


@lru_cache(maxsize=20_000)
def toneless(part: str) -> tuple[str, ...]:
    """The same without tones."""
    return tuple(map(_flat, spoken(part)))


def sound(name: str) -> str:
    """The one sound under which the spellings of a name meet: toneless, in any order, the part before the first dot."""
    return " ".join(sorted(toneless(parts(name)[0])))


def _joined(syllables: tuple[str, ...]) -> tuple[str, ...]:
    """Letters that follow each other are one word: Latin names have no syllables here."""
    if not any(len(each) == 1 for each in syllables):
        return syllables
    words: list[str] = []
    spelling = False
    for syllable in syllables:
        letter = len(syllable) == 1 and syllable.isascii()
        if letter and spelling:
            words[-1] += syllable
        else:
            words.append(syllable)
        spelling = letter
    return tuple(words)


@lru_cache(maxsize=20_000)
def _reading(character: str) -> str:
    known: str | None = PINYIN_DICT.get(ord(character))
    return known.split(",")[0] if known else character


@lru_cache(maxsize=5_000)
def _flat(syllable: str) -> str:
    """Without the tone, which pinyin writes as an accent; ü becomes u, for keyboards often make it so."""
    return "".join(each for each in unicodedata.normalize("NFD", syllable) if unicodedata.category(each) != "Mn")
