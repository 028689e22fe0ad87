"""The rule set: what the parties of an agreement, and every report, name by version and digest.

A rule set is data, so that a changed limit or definition is a new version beside the old one and no change of code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from exchange.codes import Event, Kind, MovingReason, Purpose, UrgentReason
from exchange.errors import Invalid
from exchange.moments import Period, default_as_of, statistical_month
from exchange.terms.deadline import LONGEST_LIMIT, Limit, LimitUnit
from exchange.wire import ijson

_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_DayOfMonth = Annotated[int, Meta(ge=1, le=28)]


class RulesRefused(Invalid):
    """A rule set that cannot be read, or an override of a limit that it does not have."""

    code = "rules-refused"
    zh = "规则集不符合规定格式。"
    en = "The rule set is not valid."


class LegalBasis(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A law, order or standard that a rule follows, and for what."""

    reference: _Text
    zh: _Text
    en: _Text
    used_for: _Text


class LimitRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the table of limits; what is None matches everything. `name` is what an agreement overrides it by."""

    name: Annotated[str, Meta(pattern=r"^[a-z_]{1,60}$")]
    kind: Kind
    purpose: Purpose | None = None
    urgent: bool | None = None
    days: Annotated[int, Meta(ge=1, le=LONGEST_LIMIT)]
    unit: LimitUnit

    def matches(self, kind: Kind, purpose: Purpose, urgent: bool) -> bool:
        """Whether this line speaks of such a message."""
        return (
            self.kind is kind
            and (self.purpose is None or self.purpose is purpose)
            and (self.urgent is None or self.urgent is urgent)
        )


class MigrantRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who counts as a migrant, apart from the place: from which age, and which reasons for being away do not count."""

    adult_age: Annotated[int, Meta(ge=0, le=120)]
    reasons_excluded: frozenset[MovingReason]


class _RulesFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")]
    legal_basis: tuple[LegalBasis, ...]
    feedback_wanted: frozenset[Event]
    urgent_reasons: frozenset[UrgentReason]
    limits: Annotated[tuple[LimitRule, ...], Meta(min_length=1)]
    lapse_days: Annotated[int, Meta(ge=1, le=LONGEST_LIMIT)]
    max_challenges: Annotated[int, Meta(ge=0, le=20)]
    statistical_month_first_day: _DayOfMonth
    default_as_of_day: _DayOfMonth
    migrant: MigrantRule


_DECODER: Final = msgspec.json.Decoder(_RulesFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of one version.

    `digest` is SHA-256, base64url, of the data as canonical JSON (names sorted, no blanks, UTF-8), so layout does not
    count. `limits` are in first-match order. `statistical_month_first_day` belongs to the month before, or
    is 1; the default as-of moment is 24:00 of `default_as_of_day`, in the month after if the statistical one ends later.
    """

    version: str
    digest: str
    legal_basis: tuple[LegalBasis, ...]
    feedback_wanted: frozenset[Event]
    urgent_reasons: frozenset[UrgentReason]
    limits: tuple[LimitRule, ...]
    lapse_days: int
    max_challenges: int
    statistical_month_first_day: int
    default_as_of_day: int
    migrant: MigrantRule

    def wants_feedback(self, kind: Kind, event: Event | None) -> bool:
        """Whether such a message opens an exchange that must be answered: every query, and some notices."""
        return kind is Kind.QUERY or (kind is Kind.NOTICE and event in self.feedback_wanted)

    def limit_for(self, kind: Kind, event: Event | None, purpose: Purpose, urgent: bool) -> Limit | None:
        """The limit of the first line that matches; None where no feedback is wanted. Later rounds have the same."""
        if not self.wants_feedback(kind, event):
            return None
        for rule in self.limits:
            if rule.matches(kind, purpose, urgent):
                return Limit(days=rule.days, unit=rule.unit)
        return None

    def with_limits(self, overrides: Mapping[str, Limit]) -> "RuleSet":
        """These rules with the limits of an agreement, by the names of the lines; RulesRefused for an unknown name.

        Version and digest stay those of the data: an agreement names them, and its own limits, apart.
        """
        unknown = overrides.keys() - {rule.name for rule in self.limits}
        if unknown:
            raise RulesRefused(zh="规则集中没有该时限名称。", en="The rule set has no limit of this name.", pointer="/limits")
        return replace(self, limits=tuple(_overridden(rule, overrides.get(rule.name)) for rule in self.limits))

    def statistical_month(self, month: str) -> Period:
        """The days of the statistical month `YYYY-MM`; ValueError for no month."""
        return statistical_month(month, self.statistical_month_first_day)

    def default_as_of(self, month: str) -> datetime:
        """The customary as-of moment of a statistical month: never before its last day has ended."""
        last = self.statistical_month(month).last
        return default_as_of(month, self.default_as_of_day, within=self.default_as_of_day >= last.day)

    def month_of(self, day: date) -> str:
        """The statistical month `YYYY-MM` that a day belongs to."""
        first = self.statistical_month_first_day
        into_next = first > 1 and day.day >= first
        return f"{(day.replace(day=1) + timedelta(days=31)) if into_next else day:%Y-%m}"

    def counts_as_migrant(self, reason: MovingReason | None) -> bool:
        """Whether this reason for being away makes a migrant; an unknown reason does."""
        return reason not in self.migrant.reasons_excluded


def read_rules(data: bytes) -> RuleSet:
    """Read a rule set from its JSON form; RulesRefused with the place of the first fault."""
    try:
        rules = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise RulesRefused(zh=f"规则集不符合规定格式：{fault}", en=f"The rule set is not valid: {fault}") from fault
    names = [rule.name for rule in rules.limits]
    if len(set(names)) < len(names):
        raise RulesRefused(zh="规则集中时限名称重复。", en="The rule set names a limit twice.", pointer="/limits")
    return RuleSet(digest=digest_of(data), **msgspec.structs.asdict(rules))


def digest_of(data: bytes) -> str:
    """SHA-256, base64url, of JSON data in its canonical form: names sorted, no blanks, UTF-8."""
    canonical = msgspec.json.encode(msgspec.json.decode(data), order="sorted")
    return ijson.digest(canonical)


def _overridden(rule: LimitRule, limit: Limit | None) -> LimitRule:
    return msgspec.structs.replace(rule, days=limit.days, unit=limit.unit) if limit else rule
