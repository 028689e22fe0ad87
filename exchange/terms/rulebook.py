"""The rule sets that a node knows, side by side, and which of them it goes by from which day on.

What a bilateral matter is judged by is the version that its agreement names; what a report is counted by is the node's own
current one. A version that was once added stays as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from exchange.errors import Conflict, NotFound, Refused, Retry


class RulesKind(StrEnum):
    """Rules that partners agree on, or the node's own."""

    SHARED = "shared"
    HOUSE = "house"


class RulesUnknown(Refused):
    """An agreement names a rule set that this node does not know, or knows with another digest."""

    code = "rules-unknown"
    retry = Retry.CONTACT
    zh = "协议所用规则集本节点没有，或摘要不符；请先由双方管理员加入同一版本。"
    en = "The agreement names a rule set that this node does not have, or has with another digest; both must add the same one."

    def __init__(self, known: Iterable[str] = ()) -> None:
        listed = "、".join(sorted(known))
        super().__init__(
            zh=f"{type(self).zh}已有：{listed}" if listed else None,
            en=f"{type(self).en} Known here: {listed.replace('、', ', ')}" if listed else None,
            pointer="/rules" if listed else None,
        )


class RulesTaken(Conflict):
    """The version exists with other contents: what was added is never changed."""

    code = "rules-taken"
    zh = "该版本已存在且内容不同；已加入的版本不再更改，请用新的版本号。"
    en = "This version exists with other contents. What was added is never changed: give the new rules a version of their own."


class RulesNotKnown(NotFound):
    """No rules of that version are packaged, and none were added."""

    code = "rules-not-found"
    zh = "没有该规则版本，请先用 add 加入。"
    en = "There are no rules of that version; add them first."


class UseInThePast(Conflict):
    """Rules are used from today on or later: a day that is over was judged already."""

    code = "use-in-the-past"
    zh = "启用日期不得早于今天。"
    en = "Rules are used from today on, or from a later day."


class Versioned(Protocol):
    """Rules of one version."""

    @property
    def version(self) -> str: ...

    @property
    def digest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesFile:
    """Rules as an administrator added them: the JSON text, word for word."""

    kind: RulesKind
    version: str
    digest: str
    content: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesUse:
    """An administrator's word on which version counts from the day `since` on."""

    kind: RulesKind
    version: str
    since: date
    known_at: datetime


R = TypeVar("R", bound=Versioned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook(Generic[R]):
    """All versions of one kind, and the words on their use; `first` is used before any such word."""

    versions: Mapping[str, R]
    uses: tuple[RulesUse, ...] = ()
    first: str

    def current(self, day: date) -> R:
        """The version in use on a day: of the uses that have begun the latest, and of two that begin together the later word."""
        begun = [use for use in self.uses if use.since <= day and use.version in self.versions]
        latest = max(begun, key=lambda use: (use.since, use.known_at), default=None)
        return self.versions[latest.version if latest is not None else self.first]

    def get(self, version: str) -> R:
        """The rules of a version; RulesNotKnown."""
        if version not in self.versions:
            raise RulesNotKnown
        return self.versions[version]

    def named(self, version: str, digest: str) -> R:
        """The rules that an agreement names; RulesUnknown, which says what is known."""
        found = self.versions.get(version)
        if found is None or found.digest != digest:
            raise RulesUnknown(f"{rules.version} ({rules.digest})" for rules in self.versions.values())
        return found
