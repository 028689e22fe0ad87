"""Forms become the domain's shapes: a field `holder.name` is the name of the holder, and what is left empty was not given."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self, TypeVar

import msgspec
from fastapi import Depends, Request
from starlette.datastructures import FormData

from api.models.shapes import complaint
from exchange.errors import Invalid
from exchange.people.name import TURNING

S = TypeVar("S", bound=msgspec.Struct)

# A field of a page of ours lies less deep, and has a shorter name.
_DEEP: Final = 5
_LONG: Final = 100
_UNSEEN: Final = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|{TURNING.pattern}")


_MISSING: Final = re.compile(r"Object missing required field `([a-z_]+)`")
# What msgspec complains of, in words: by what the complaint holds.
_EXPECTED: Final = {
    "RFC3339": ("须为日历上有的日期。", "it must be a day of the calendar"),
    "enum value": ("请从列出的选项中选择。", "choose one of those listed"),
    "matching regex": ("格式不对。", "it is not written as it must be"),
    "length <=": ("太长。", "it is too long"),
    "length >=": ("太短，或没有填写。", "it is too short, or empty"),
    "Expected `int`": ("须为整数。", "it must be a whole number"),
}


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    version: int


class UnseenCharacter(Invalid):
    """A control character in a field, or one that turns the order in which a text is shown: what is read is not what is there."""

    code = "unseen-character"
    zh = "填写的内容含有看不见的控制字符（如颠倒显示次序的 U+202E），请删除后重新填写。"
    en = "A field holds characters that nobody sees, such as U+202E, which turns the order of a text: type it again without them."


class Fields(dict[str, str]):
    """The text fields of a form; the last one of a name counts, but for those that are lists. UnseenCharacter."""

    def __init__(self, form: FormData) -> None:
        texts = [(name, value.strip()) for name, value in form.multi_items() if isinstance(value, str)]
        for name, value in texts:
            if _UNSEEN.search(value):
                raise UnseenCharacter(pointer=f"/{name.replace('.', '/')}")
        super().__init__({name: value for name, value in texts if value})
        self._form = form

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Self:
        """The same from fields that were read before."""
        return cls(FormData(fields))

    def several(self, name: str) -> list[str]:
        """All values of a name, as of checked boxes."""
        return [value for value in self._form.getlist(name) if isinstance(value, str)]

    def version(self) -> int:
        """The version of what the page showed on which the form stood, so that no change of somebody else's is lost."""
        return self.shape(_Seen).version

    def shape(self, kind: type[S], **lists: object) -> S:
        """The fields as a shape; Invalid, with where, for what does not fit. `lists` are fields with several values."""
        known = set(kind.__struct_encode_fields__)
        nested = _nested({name: value for name, value in self.items() if name.partition(".")[0] in known})
        try:
            return msgspec.convert({**nested, **{name: values for name, values in lists.items() if values}}, kind, strict=False)
        except msgspec.ValidationError as exc:
            told, pointer = complaint(exc)
            missing = _MISSING.match(told)
            if missing is not None:
                raise misfit(f"{pointer}/{missing[1]}", "it must be filled in", zh="此项必填。") from None
            zh, en = next((words for begins, words in _EXPECTED.items() if begins in told), ("", told))
            raise misfit(pointer, en, zh=zh) from None  # the cause may quote a person


def misfit(pointer: str, told: str = "it does not fit", *, zh: str = "") -> Invalid:
    """A field that cannot be taken as it is, and what is wanted of it."""
    wanted = f"：{zh}" if zh else "，请检查标出的栏目。"
    return Invalid(
        zh=f"有一项填写不符合要求{wanted}", en=f"A field cannot be taken as it is: {told.rstrip('.')}.", pointer=pointer or None
    )


def _nested(fields: Mapping[str, str]) -> Any:
    made: dict[str, Any] = {}
    for name, value in fields.items():
        *path, last = name.split(".")
        if len(path) > _DEEP or len(name) > _LONG:
            raise misfit("")
        place = made
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):  # `holder` beside `holder.name`: no page of ours has both
                raise misfit("")
        place[last] = value
    return _with_lists(made)


def _with_lists(value: Any) -> Any:
    """What is numbered, as `children.0.sex`, is a list."""
    if not isinstance(value, dict):
        return value
    parts = {name: _with_lists(part) for name, part in value.items()}
    return [parts[name] for name in sorted(parts, key=int)] if parts and all(name.isdecimal() for name in parts) else parts


async def _fields(request: Request) -> Fields:
    return Fields(await request.form())


FieldsDep = Annotated[Fields, Depends(_fields)]
