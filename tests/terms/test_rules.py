import base64
import hashlib
import json
from typing import Any

import pytest

from adapters.rules import CURRENT_VERSION, RulesNotFound, packaged_rules, packaged_versions
from exchange.codes import Event, Kind, MovingReason, Purpose, UrgentReason
from exchange.terms.deadline import Limit, LimitUnit
from exchange.terms.rules import LimitRule, MigrantRule, RuleSet, RulesRefused, read_rules

RULES = packaged_rules()
SEVEN, FIFTEEN, THIRTY = Limit(days=7), Limit(days=15), Limit(days=30)
FIFTEEN_WORKING = Limit(days=15, unit=LimitUnit.WORKING)


def rules_data(**changes: Any) -> bytes:
    data = {
        "version": "test-1",
        "legal_basis": [],
        "feedback_wanted": ["birth"],
        "urgent_reasons": ["appointment"],
        "limits": [{"name": "query", "kind": "query", "days": 3, "unit": "working"}],
        "lapse_days": 15,
        "max_challenges": 3,
        "statistical_month_first_day": 21,
        "default_as_of_day": 27,
        "migrant": {"adult_age": 18, "reasons_excluded": ["travel"]},
    }
    return json.dumps(data | changes).encode()


@pytest.mark.parametrize(
    ("purpose", "urgent", "limit"),
    [
        (Purpose.CERTIFICATE_VERIFICATION, False, SEVEN),
        (Purpose.CERTIFICATE_VERIFICATION, True, SEVEN),
        (Purpose.BIRTH_REGISTRATION, False, FIFTEEN_WORKING),
        (Purpose.BIRTH_REGISTRATION, True, FIFTEEN_WORKING),
        (Purpose.PUBLIC_SERVICE, True, FIFTEEN),
        (Purpose.BENEFIT, True, FIFTEEN),
        (Purpose.PUBLIC_SERVICE, False, THIRTY),
        (Purpose.BENEFIT, False, THIRTY),
    ],
)
def test_the_first_matching_limit_of_a_query_counts(purpose: Purpose, urgent: bool, limit: Limit) -> None:
    assert RULES.limit_for(Kind.QUERY, None, purpose, urgent) == limit


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("event", Event)
def test_four_notices_want_feedback_within_thirty_days_and_the_others_none(event: Event, purpose: Purpose) -> None:
    wanted = event in {Event.MARRIAGE, Event.DIVORCE, Event.BIRTH, Event.ADOPTION}
    assert RULES.wants_feedback(Kind.NOTICE, event) is wanted
    for urgent in (True, False):
        assert RULES.limit_for(Kind.NOTICE, event, purpose, urgent) == (THIRTY if wanted else None)


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.QUERY, Kind.NOTICE}))
def test_only_queries_and_notices_have_a_limit_of_their_own(kind: Kind) -> None:
    assert RULES.limit_for(kind, None, Purpose.PUBLIC_SERVICE, False) is None


def test_the_packaged_rules_are_those_of_the_domain() -> None:
    assert packaged_rules() == RuleSet(
        version="woshou-2026.1",
        digest=RULES.digest,
        legal_basis=RULES.legal_basis,
        feedback_wanted=frozenset({Event.MARRIAGE, Event.DIVORCE, Event.BIRTH, Event.ADOPTION}),
        urgent_reasons=frozenset(UrgentReason),
        limits=RULES.limits,
        lapse_days=15,
        max_challenges=3,
        statistical_month_first_day=21,
        default_as_of_day=27,
        migrant=MigrantRule(
            adult_age=18,
            reasons_excluded=frozenset(
                {
                    MovingReason.BUSINESS_TRIP,
                    MovingReason.MEDICAL_CARE,
                    MovingReason.STUDY,
                    MovingReason.TRAVEL,
                    MovingReason.VISIT,
                }
            ),
        ),
    )


# Published, so every agreement that names it holds this digest: a change of the file is a new version beside it.
def test_a_published_rule_set_never_changes() -> None:
    assert {version: packaged_rules(version).digest for version in packaged_versions()} == {
        "woshou-2026.1": "B507MawjQOgcYIs9PmmlYe4GG6PGSUo8ezx6cv8NcNk"
    }


def test_the_current_version_is_packaged() -> None:
    assert CURRENT_VERSION in packaged_versions()
    assert packaged_rules().version == CURRENT_VERSION


@pytest.mark.parametrize("version", ["woshou-1999.1", "../../pyproject", "", "woshou-2026.1.json"])
def test_a_version_that_is_not_packaged_is_not_found(version: str) -> None:
    with pytest.raises(RulesNotFound):
        packaged_rules(version)


def test_every_limit_of_a_packaged_version_is_reachable_and_every_message_has_one() -> None:
    reached = {
        RULES.limit_for(kind, event, purpose, urgent)
        for kind, event in ((Kind.QUERY, None), (Kind.NOTICE, Event.BIRTH))
        for purpose in Purpose
        for urgent in (True, False)
    }
    assert reached == {SEVEN, FIFTEEN, THIRTY, FIFTEEN_WORKING}


def test_an_agreement_overrides_limits_by_name() -> None:
    agreed = RULES.with_limits({"normal_query": Limit(days=20), "birth_registration": Limit(days=10)})
    assert agreed.limit_for(Kind.QUERY, None, Purpose.BENEFIT, False) == Limit(days=20)
    assert agreed.limit_for(Kind.QUERY, None, Purpose.BIRTH_REGISTRATION, False) == Limit(days=10)
    assert agreed.limit_for(Kind.QUERY, None, Purpose.BENEFIT, True) == FIFTEEN
    assert (agreed.version, agreed.digest) == (RULES.version, RULES.digest)


def test_no_override_changes_nothing() -> None:
    assert RULES.with_limits({}) == RULES


def test_an_override_of_no_known_limit_is_refused() -> None:
    with pytest.raises(RulesRefused):
        RULES.with_limits({"slow_query": Limit(days=20)})


@pytest.mark.parametrize("reason", MovingReason)
def test_business_care_study_travel_and_visits_make_no_migrant(reason: MovingReason) -> None:
    assert RULES.counts_as_migrant(reason) is (reason not in RULES.migrant.reasons_excluded)


def test_an_unknown_reason_makes_a_migrant() -> None:
    assert RULES.counts_as_migrant(None)


def test_layout_does_not_count_for_the_digest() -> None:
    data = json.loads(rules_data())
    spread = json.dumps(dict(reversed(data.items())), indent=4).encode()
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    expected = base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
    assert read_rules(spread).digest == read_rules(rules_data()).digest == expected


def test_a_changed_rule_changes_the_digest() -> None:
    assert read_rules(rules_data(lapse_days=16)).digest != read_rules(rules_data()).digest


def test_rules_are_read_as_written() -> None:
    assert read_rules(rules_data()).limits == (LimitRule(name="query", kind=Kind.QUERY, days=3, unit=LimitUnit.WORKING),)


def test_a_notice_without_a_line_has_no_limit() -> None:
    assert read_rules(rules_data()).limit_for(Kind.NOTICE, Event.BIRTH, Purpose.BENEFIT, False) is None


LINE = {"name": "query", "kind": "query", "days": 3, "unit": "working"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": "\xff"}',
        rules_data(quota=2),
        rules_data(lapse_days=0),
        rules_data(version="Version 1"),
        rules_data(feedback_wanted=["pregnancy"]),
        rules_data(limits=[]),
        rules_data(limits=[LINE, LINE]),
        rules_data(limits=[LINE | {"days": 0}]),
        rules_data(limits=[LINE | {"unit": "weeks"}]),
        rules_data(statistical_month_first_day=31),
    ],
)
def test_what_is_no_rule_set_is_refused(data: bytes) -> None:
    with pytest.raises(RulesRefused):
        read_rules(data)
