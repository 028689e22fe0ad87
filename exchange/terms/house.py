"""The house rules: what a node decides for itself, without a partner's consent, as a small versioned data file.

When its clerks are reminded, when an overdue exchange goes to a higher coordinator, and what is trouble enough for an alert.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from exchange.terms.rules import RulesRefused, digest_of

_Days = Annotated[int, Meta(ge=1, le=365)]
_Minutes = Annotated[int, Meta(ge=1, le=10_080)]
_Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class ReminderRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reminders (催办). The partner gets none before the limit unless `partner_before_days` says so."""

    clerks_before_days: _Days | None
    partner_before_days: _Days | None
    again_after_days: _Days
    after_expected_date: bool


class LapsingRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long before an answer lapses the asker's clerks are told."""

    notice_days: _Days | None


class EscalationRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Escalation (督办): so many days after the due date, and so many more until the next level; None for never."""

    after_days: _Days | None
    next_after_days: _Days | None


class AlertRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when on something is trouble. More overdue exchanges than these counts are; None for never."""

    unreachable_minutes: _Minutes
    silent_days: _Days
    job_minutes: _Minutes
    owed_overdue: _Count | None
    awaited_overdue: _Count | None


class _HouseFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")]
    reminders: ReminderRules
    lapsing: LapsingRules
    escalation: EscalationRules
    alerts: AlertRules


class HouseRules(_HouseFile, frozen=True, kw_only=True):
    """The house rules of one version; `digest` as a rule set's."""

    digest: str


_DECODER: Final = msgspec.json.Decoder(_HouseFile)


def read_house_rules(data: bytes) -> HouseRules:
    """Read house rules from their JSON form; RulesRefused with the place of the first fault."""
    try:
        rules = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise RulesRefused(zh=f"内部规则不符合规定格式：{fault}", en=f"The house rules are not valid: {fault}") from fault
    return HouseRules(digest=digest_of(data), **msgspec.structs.asdict(rules))
