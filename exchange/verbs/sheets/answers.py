"""A row of an answers sheet: the feedback that it gives, as far as it can be told without a ledger.

A fact that a register sheet would leave out with a warning is refused here: half an answer is another answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from exchange.codes import Event, Item, RefusalReason, Result, Sex
from exchange.errors import Invalid
from exchange.exchanges import Exchange
from exchange.imports import RowProblem
from exchange.jurisdiction import Level, UnknownJurisdiction
from exchange.people.plausible import kept_record
from exchange.people.record import Record
from exchange.people.register import NOTHING_KNOWN
from exchange.people.whereabouts import PlaceReader
from exchange.verbs.sheets.judging import Judged
from exchange.verbs.sheets.matters import EVENT_ITEMS
from exchange.verbs.sheets.rows import MissingCell, coded, date_in, record_in, required
from exchange.wire.message import FeedbackBody

# The columns in which an item is corrected.
FIELDS_OF: dict[Item, tuple[str, ...]] = {
    Item.NAME: ("name",),
    Item.SEX: ("sex",),
    Item.BIRTH_DATE: ("birth_date",),
    Item.EDUCATION: ("education",),
    Item.HOUSEHOLD_TYPE: ("household_type",),
    Item.MOVING: ("moving_reason", "moved_on", "returned_on"),
    Item.MARITAL_STATUS: ("marital_status",),
    Item.MARRIAGE: ("married_on", "marriage_place"),
    Item.SPOUSE: ("spouse_name", "spouse_document_type", "spouse_document_number"),
    Item.CHILDREN: tuple(
        f"child{n}_{part}" for n in range(1, 5) for part in ("sex", "birth_date", "birth_place", "certificate_number")
    ),
    Item.CERTIFICATE: ("certificate_number", "certificate_issued_by", "certificate_issued_on", "certificate_valid_until"),
}
IDENTIFYING = frozenset({"exchange", "asked_message"})
_OF_RESULT = {
    "moved_to": Result.MOVED_ON,
    "right_county": Result.WRONG_JURISDICTION,
    "refusal_reason": Result.REFUSED,
}
_LEFT_OUT = frozenset({"unknown-word", "certificate-number", "date-implausible"})


class AnswerContradicts(Invalid):
    """A cell that belongs to another result than the one that is given."""

    code = "answer-contradicts"
    zh = "该列与反馈结果不符：只有“有更正”填写更正内容，只有“已他往、非本地区、拒绝”填写相应的去向、应办地、原因。"
    en = "The cell belongs to another result: only `corrected` has values, only `moved_on` a place, and so on."


class NothingCorrected(Invalid):
    """`corrected` without a corrected value."""

    code = "nothing-corrected"
    zh = "反馈结果为“有更正”，但没有填写更正内容。"
    en = "The result is `corrected`, and no corrected value is given."


class NotAsked(Invalid):
    """A correction of what was not asked about."""

    code = "not-asked"
    zh = "对方没有询问该项目，不得提供；请清空该单元格。"
    en = "That item was not asked about and must not be told: empty the cell."


def is_blank(cells: Mapping[str, str]) -> bool:
    """Whether nobody has written an answer in the row."""
    return cells.keys() <= IDENTIFYING


def items_to_correct(exchange: Exchange) -> frozenset[Item]:
    """What an answer by sheet can correct: the items asked about, or those that a notice of the event tells."""
    if exchange.event is None:
        return frozenset(exchange.items) & FIELDS_OF.keys()
    return EVENT_ITEMS.get(Event(exchange.event), frozenset()) & FIELDS_OF.keys()


def read_answer(cells: Mapping[str, str], places: PlaceReader, warnings: list[RowProblem]) -> FeedbackBody:
    """The feedback of a row that is not blank; a Refused leaf for the first cell that cannot stand."""
    required(cells, "exchange")
    required(cells, "asked_message")
    result = coded(cells, "result", Result)
    if result is None:
        raise MissingCell(pointer="/result")
    for field, meant in _OF_RESULT.items():
        _require_fitting(cells, field, wanted=result is meant)
    if result is not Result.CORRECTED:
        _require_no_correction(cells)
    return FeedbackBody(
        result=result,
        record=_record(cells, places, warnings) if result is Result.CORRECTED else None,
        moved_to=moved_to(places, cells["moved_to"]) if result is Result.MOVED_ON else None,
        jurisdiction=right_county(places, cells["right_county"]) if result is Result.WRONG_JURISDICTION else None,
        reason=coded(cells, "refusal_reason", RefusalReason),
    )


def judge_answer(judged: Judged, places: PlaceReader) -> None:
    """All that is wrong with a row that cannot be read."""
    cells = judged.cells
    for field in ("exchange", "asked_message", "result"):
        judged.part(partial(required, cells, field))
    if (result := judged.part(lambda: coded(cells, "result", Result))) is None:
        return
    for field, meant in _OF_RESULT.items():
        judged.part(partial(_require_fitting, cells, field, wanted=result is meant))
    if result is Result.CORRECTED:
        if not judged.row.lost or any(field in cells for fields in FIELDS_OF.values() for field in fields):
            judged.part(lambda: _record(cells, places, judged.warnings))
    else:
        judged.part(lambda: _require_no_correction(cells))
    if result is Result.MOVED_ON and "moved_to" in cells:
        judged.part(lambda: moved_to(places, cells["moved_to"]))
    if result is Result.WRONG_JURISDICTION and "right_county" in cells:
        judged.part(lambda: right_county(places, cells["right_county"]))


def _require_no_correction(cells: Mapping[str, str]) -> None:
    for fields in FIELDS_OF.values():
        for field in fields:
            _require_fitting(cells, field, wanted=False)


def _require_fitting(cells: Mapping[str, str], field: str, *, wanted: bool) -> None:
    """A cell that the result wants is there, and none that it has no use for."""
    if wanted:
        required(cells, field)
    elif field in cells:
        raise AnswerContradicts(pointer=f"/{field}")


def check_asked(exchange: Exchange, body: FeedbackBody) -> None:
    """NotAsked at the first column of an item that a query did not ask about."""
    if body.record is None or exchange.event is not None:
        return
    for item in sorted(body.record.items() - frozenset(exchange.items)):
        raise NotAsked(pointer=f"/{FIELDS_OF[item][0]}")


def as_refusal(problem: RowProblem) -> RowProblem:
    """A value that would have been left out, as what keeps the row from being taken."""
    return replace(problem, severity="refusal") if problem.code in _LEFT_OUT else problem


def _record(cells: Mapping[str, str], places: PlaceReader, warnings: list[RowProblem]) -> Record:
    told = record_in(cells, warnings)
    more: dict[str, Any] = {
        "name": cells.get("name"),
        "sex": coded(cells, "sex", Sex),
        "birth_date": date_in(cells, "birth_date"),
    }
    record = told.updated(Record(**more))
    if record == NOTHING_KNOWN and not warnings:
        raise NothingCorrected(pointer="/result")
    doubts: list[RowProblem] = []
    kept = kept_record(record, None, places.today, doubts)
    lost = record.spouse is not None and (
        kept.spouse is None or (record.spouse.document is not None and kept.spouse.document is None)
    )
    warnings.extend(
        replace(doubt, severity="refusal") if lost and doubt.field.startswith("spouse_") else doubt for doubt in doubts
    )
    return kept


def moved_to(places: PlaceReader, text: str) -> str:
    """Where the person moved, as coarsely as the wire says it: the province, or the prefecture."""
    code, divisions = _code(places, text, "moved_to"), places.divisions
    within = [place for place in (code, *divisions.ancestors(code)) if divisions.level_of(place) is Level.PREFECTURE]
    return within[0][:4] if within else code[:2]


def right_county(places: PlaceReader, text: str) -> str:
    """The county that is to be asked instead: another than the own."""
    county = places.divisions.county_of(_code(places, text, "right_county"))
    if county is None or county == places.own:
        raise UnknownJurisdiction(
            zh="应填写另一个区县的代码或全称。", en="Give the code or the full name of another county.", pointer="/right_county"
        )
    return county


def _code(places: PlaceReader, text: str, field: str) -> str:
    try:
        return places.divisions.normalise(places.code(text, "destination"))
    except Invalid as refusal:
        refusal.pointer = f"/{field}"
        raise
