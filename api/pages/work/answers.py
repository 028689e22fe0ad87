"""What a clerk filled in, held against itself before anything is sent: each complaint stands beside its field."""

import re
from collections.abc import Iterator
from typing import Final

from api.pages.forms import Fields, misfit
from exchange.codes import Result
from exchange.errors import Invalid
from exchange.people.whereabouts import PlaceReader
from exchange.verbs.sheets.answers import AnswerContradicts, NothingCorrected, moved_to, right_county
from exchange.wire.message import ChallengeBody, FeedbackBody

# What each result needs, and no other may have: Chinese and English.
_NEEDED: Final = {
    "moved_to": (Result.MOVED_ON, "“已他往”须填写去向", "`moved on` needs where to"),
    "jurisdiction": (Result.WRONG_JURISDICTION, "“非本地区”须填写应询问的区县", "`another jurisdiction` needs the county to ask"),
    "reason": (Result.REFUSED, "“拒绝”须选择原因", "`refused` needs the reason"),
}
_RECORD: Final = "record."
_CHILD: Final = re.compile(r"record\.children\.(\d+)\.")
_OF_A_CHILD: Final = ("sex", "birth_date")


def feedback_in(fields: Fields, places: PlaceReader) -> FeedbackBody:
    """The answer of a form; Invalid, with where, for what is missing and for what belongs to another result."""
    given = fields.get("result", "")
    for complaint in _complaints(fields, given):
        raise complaint
    read = Fields.of(fields)
    for name, meant in (("moved_to", moved_to), ("jurisdiction", right_county)):
        if name in fields:
            try:
                read[name] = meant(places, _whole_code(fields[name]))
            except Invalid as refusal:
                refusal.pointer = f"/{name}"
                raise
    return read.shape(FeedbackBody)


def _whole_code(text: str) -> str:
    """The code of a province or prefecture in six digits, as the table has it; other text as it is."""
    return text.ljust(6, "0") if text.isdecimal() and len(text) in (2, 4) else text


def _complaints(fields: Fields, given: str) -> Iterator[Invalid]:
    for name, (result, zh, en) in _NEEDED.items():
        if given == result and name not in fields:
            yield misfit(f"/{name}", en, zh=f"{zh}。")
        if given != result and name in fields:
            yield AnswerContradicts(
                zh="这一栏与所选的结果不符：请改选结果，或清空这一栏。",
                en="This field belongs to another result: choose that one, or empty the field.",
                pointer=f"/{name}",
            )
    corrected = [name for name in fields if name.startswith(_RECORD)]
    if given != Result.CORRECTED and corrected:
        yield AnswerContradicts(
            zh="填写了更正的内容，而结果不是“有更正”：请改选结果，或清空更正的内容。",
            en="Corrections were filled in, and the result is not `corrected`: choose it, or empty them.",
            pointer="/result",
        )
    if given == Result.CORRECTED:
        if not corrected:
            yield NothingCorrected(
                zh="“有更正”须填写至少一项更正的内容。", en="`corrected` needs at least one corrected item.", pointer="/record"
            )
        for number in sorted({match[1] for name in corrected if (match := _CHILD.match(name)) is not None}):
            for part in _OF_A_CHILD:
                if (name := f"{_RECORD}children.{number}.{part}") not in fields:
                    yield misfit(
                        f"/{name.replace('.', '/')}",
                        "a child needs sex and date of birth: what you write takes the place of all that they said of it",
                        zh="子女须填全性别和出生日期：所填内容整项取代对方的内容。",
                    )


def challenge_in(fields: Fields) -> ChallengeBody:
    """The challenge of a form; Invalid if it names no items."""
    items = fields.several("items")
    if not items:
        raise misfit("/items", "tick at least one item that is wrong or incomplete", zh="请勾选至少一个有误或不完整的项目。")
    return fields.shape(ChallengeBody, items=items)
