"""Rules and days that were added, escalations and troubles; import them from `tests.builders`."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

from exchange.clocks.escalation import Escalation, EscalationWhy
from exchange.clocks.troubles import Trouble, TroubleKind
from exchange.codes import Role
from exchange.exchanges import ExchangeKey
from exchange.terms.calendar import DayKind
from exchange.terms.daytable import LoadedDay
from exchange.terms.rulebook import RulesFile, RulesKind, RulesUse
from exchange.terms.rules import read_rules
from tests.building.basics import WUCHANG, WUCHANG_NODE, XICHENG, a_day, a_moment, an_id


def some_rules(version: str = "test-2026.2", **changes: Any) -> bytes:
    """A rule set's JSON: the packaged limits, but queries in ten days and an answer's fate in five."""
    data: dict[str, Any] = {
        "version": version,
        "legal_basis": [],
        "feedback_wanted": ["birth"],
        "urgent_reasons": ["appointment", "benefit_deadline", "expiring_certificate"],
        "limits": [
            {"name": "query", "kind": "query", "days": 10, "unit": "calendar"},
            {"name": "notice", "kind": "notice", "days": 30, "unit": "calendar"},
        ],
        "lapse_days": 5,
        "max_challenges": 1,
        "statistical_month_first_day": 1,
        "default_as_of_day": 5,
        "migrant": {"adult_age": 18, "reasons_excluded": ["travel"]},
    }
    return json.dumps(data | changes).encode()


def some_house_rules(version: str = "house-test", **changes: Any) -> bytes:
    """House rules' JSON: the packaged ones, changed by name of the part."""
    data: dict[str, Any] = {
        "version": version,
        "reminders": {
            "clerks_before_days": 3,
            "partner_before_days": None,
            "again_after_days": 7,
            "after_expected_date": True,
        },
        "lapsing": {"notice_days": 3},
        "escalation": {"after_days": 10, "next_after_days": 10},
        "alerts": {
            "unreachable_minutes": 60,
            "silent_days": 7,
            "job_minutes": 60,
            "owed_overdue": 50,
            "awaited_overdue": 50,
        },
    }
    for part, values in changes.items():
        data[part] = data[part] | values
    return json.dumps(data).encode()


def a_rules_file(n: int = 1, **changes: Any) -> RulesFile:
    """A rule set as an administrator added it."""
    data = some_rules(f"test-{n}")
    rules = read_rules(data)
    file = RulesFile(
        kind=RulesKind.SHARED, version=rules.version, digest=rules.digest, content=data.decode(), added_at=a_moment(n)
    )
    return replace(file, **changes)


def a_rules_use(n: int = 1, **changes: Any) -> RulesUse:
    """The word that version `test-n` is used from the nth day on."""
    return replace(RulesUse(kind=RulesKind.SHARED, version=f"test-{n}", since=a_day(n), known_at=a_moment(n)), **changes)


def a_loaded_day(n: int = 1, **changes: Any) -> LoadedDay:
    """A holiday in January 2027."""
    day = LoadedDay(day=date(2027, 1, n), kind=DayKind.HOLIDAY, name="元旦", issued_on=date(2026, 2, 1), known_at=a_moment(n))
    return replace(day, **changes)


def an_escalation(n: int = 1, *, link: int = 1, **changes: Any) -> Escalation:
    """Exchange `n` of Xicheng, which waits for the answer, before its own coordinator."""
    escalation = Escalation(
        id=an_id(n),
        key=ExchangeKey(link, an_id(n), Role.ASKER),
        own=XICHENG,
        other=WUCHANG,
        level=1,
        to=XICHENG,
        stays=True,
        why=EscalationWhy.OVERDUE,
        due=a_day(30),
        raised_at=a_moment(n),
    )
    return replace(escalation, **changes)


def a_trouble(n: int = 1, **changes: Any) -> Trouble:
    """Wuchang's node cannot be reached."""
    trouble = Trouble(id=an_id(n), kind=TroubleKind.PARTNER_UNREACHABLE, subject=WUCHANG_NODE, began_at=a_moment(n))
    return replace(trouble, **changes)
