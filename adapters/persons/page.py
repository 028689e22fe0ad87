"""The answer to a person as one page in both languages: no script, no outside asset, everything from outside escaped."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.sheets.words import codes, is_coded, label
from exchange.certificates.check import CheckAnswer
from exchange.codes import Item, Kind, RegisterKind
from exchange.conversation import State
from exchange.exchanges import Acceptance
from exchange.jurisdiction import Divisions
from exchange.moments import SHANGHAI
from exchange.persons.report import SubjectReport
from exchange.persons.request import RequestKind
from exchange.persons.subject import Relation

_RELATIONS: Final = {
    Relation.PERSON: "本人 yourself",
    Relation.SPOUSE: "配偶 a spouse",
    Relation.CHILD: "子女 a child",
}
_KINDS: Final = {Kind.QUERY: "协查 a query", Kind.NOTICE: "通报 a notice", Kind.FEEDBACK: "反馈 an answer"}
_STATES: Final = {
    Acceptance.PENDING: "尚未送达 not delivered yet",
    Acceptance.REJECTED: "对方未受理 rejected",
    State.OPEN: "待反馈 not answered yet",
    State.ANSWERED: "已反馈 answered",
    State.CHALLENGED: "再交流中 sent back to be checked again",
    State.NOTED: "已收悉 noted",
    State.CLOSED: "已办结 closed",
    State.LAPSED: "逾期未确认 lapsed",
    State.WITHDRAWN: "已撤回 withdrawn",
}
_REQUESTS: Final = {RequestKind.CORRECTION: "更正 correction", RequestKind.ERASURE: "删除 erasure"}
_NAMES: Final = {
    **{item.value: f"{label('items', item)} {item.value.replace('_', ' ')}" for item in Item},
    "person": "本人 yourself",
    "record": "婚育信息 facts",
    "child": "子女 child",
    "commitments": "承诺事项 commitments",
    "document": "证件 document",
    "type": "种类 type",
    "number": "号码 number",
    "reason": "原因 reason",
    "moved_on": "离开日期 moved on",
    "returned_on": "返回日期 returned on",
    "date": "日期 date",
    "place": "地点 place",
    "birth_place": "出生地 birth place",
    "certificate_number": "出生医学证明编号 birth certificate",
    "issued_by": "签发机关 issued by",
    "issued_on": "签发日期 issued on",
    "valid_until": "有效期至 valid until",
    "revoked_on": "注销日期 revoked on",
}
_LISTS: Final = {"type": "document_type", "reason": "moving_reason"}
_CODE: Final = re.compile("[0-9]{6}|[0-9]{9}", re.ASCII)
_REGISTERS: Final = {RegisterKind.OUTFLOW: "流出台账 outflow register", RegisterKind.INFLOW: "流入台账 inflow register"}


def write_page(report: SubjectReport, divisions: Divisions, today: date) -> bytes:
    """The bytes of the page, in UTF-8."""

    def place(code: str) -> str:
        return f"{divisions.full_name(code, today)} {code}"

    environment = _environment().overlay()

    def facts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, value in flat(content):
            yield name, place(value) if "place" in name and _is_division(value, divisions) else value

    environment.filters = {**environment.filters, "place": place, "facts": facts}
    return environment.get_template("page.html").render(report=report).encode("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"clock": _clock, "word": _word, "relation": _RELATIONS.get, "register": _REGISTERS.get}
    environment.filters |= {"kind": _KINDS.get, "request": _REQUESTS.get, "purpose": _purpose, "answer": _answer}
    environment.filters |= {"state": _STATES.get, "result": _result, "event": _event}
    return environment


def _clock(moment: datetime | None) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment is not None else "—"


def flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested facts as lines: each with the names of what it stands in."""
    for name, value in content.items():
        path = f"{before}{'' if not before else ' / '}{_word(name)}"
        if isinstance(value, Mapping):
            yield from flat(value, path)
        elif isinstance(value, list | tuple):
            for number, member in enumerate(value, 1):
                if isinstance(member, Mapping):
                    yield from flat(member, f"{path} {number}")
                else:
                    yield f"{path} {number}", _said(name, str(member))
        elif value is not None:
            yield path, _said(name, str(value))


def _word(name: str) -> str:
    return _NAMES.get(name, name)


def _said(name: str, value: str) -> str:
    """A code in its word; the code stands beside it, for who reads no Chinese."""
    field = _LISTS.get(name, name)
    return f"{label(field, value)} {value}" if is_coded(field) and value in codes(field) else value


def _purpose(code: str) -> str:
    return _said("purpose", code)


def _result(code: str) -> str:
    return _said("result", code)


def _event(code: str) -> str:
    return _said("event", code)


def _answer(answer: CheckAnswer) -> str:
    return f"{answer.zh} {answer.en}"


def _is_division(code: str, divisions: Divisions) -> bool:
    return _CODE.fullmatch(code) is not None and divisions.is_known(code)
