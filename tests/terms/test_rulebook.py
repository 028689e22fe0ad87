"""Several rule sets side by side: which one counts on a day, and what an agreement may name."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rules import packaged_house_rules, packaged_rulebook, packaged_rules
from exchange.moments import day_end
from exchange.terms.house import read_house_rules
from exchange.terms.rulebook import RulesKind, RulesNotKnown, RulesUnknown, RulesUse
from exchange.terms.rules import RulesRefused, read_rules
from tests.builders import a_day, a_moment
from tests.building.clocks import some_house_rules, some_rules

PACKAGED = packaged_rulebook()
NEXT, LAST = read_rules(some_rules("next")), read_rules(some_rules("last"))
BOOK = replace(PACKAGED, versions={**PACKAGED.versions, "next": NEXT, "last": LAST})


def use(version: str, since: int, known: int = 0) -> RulesUse:
    return RulesUse(kind=RulesKind.SHARED, version=version, since=a_day(since), known_at=a_moment(known))


@pytest.mark.parametrize(
    ("uses", "day", "version"),
    [
        ((), 0, "woshou-2026.1"),
        ((use("next", 5),), 4, "woshou-2026.1"),
        ((use("next", 5),), 5, "next"),
        ((use("next", 5), use("last", 9)), 8, "next"),
        ((use("next", 5), use("last", 9)), 9, "last"),
        ((use("last", 9), use("next", 5, known=1)), 9, "last"),  # said later, but for an earlier day
        ((use("next", 5), use("last", 5, known=1)), 5, "last"),  # for the same day the later word counts
        ((use("next", 5), use("woshou-2026.1", 7, known=1)), 7, "woshou-2026.1"),
        ((use("gone", 1),), 5, "woshou-2026.1"),
    ],
)
def test_the_latest_use_that_has_begun_counts(uses: tuple[RulesUse, ...], day: int, version: str) -> None:
    assert replace(BOOK, uses=uses).current(a_day(day)).version == version


def test_an_agreement_names_version_and_digest_and_a_refusal_says_what_is_known() -> None:
    assert BOOK.named("next", NEXT.digest) == NEXT
    for version, digest in (("next", LAST.digest), ("nowhere", NEXT.digest)):
        with pytest.raises(RulesUnknown) as refused:
            BOOK.named(version, digest)
        for known in ("woshou-2026.1", "next", "last", NEXT.digest):
            assert known in refused.value.en
            assert known in refused.value.zh
        assert "nowhere" not in refused.value.en
    with pytest.raises(RulesNotKnown):
        BOOK.get("nowhere")


@pytest.mark.parametrize(
    ("first", "as_of", "month", "days", "moment"),
    [
        (21, 27, "2026-03", ("2026-02-21", "2026-03-20"), "2026-03-27"),
        (21, 27, "2026-01", ("2025-12-21", "2026-01-20"), "2026-01-27"),
        (1, 5, "2026-02", ("2026-02-01", "2026-02-28"), "2026-03-05"),
        (1, 5, "2026-12", ("2026-12-01", "2026-12-31"), "2027-01-05"),
        (26, 28, "2026-03", ("2026-02-26", "2026-03-25"), "2026-03-28"),
        (26, 2, "2026-03", ("2026-02-26", "2026-03-25"), "2026-04-02"),
    ],
)
def test_the_statistical_month_is_the_rule_sets(first: int, as_of: int, month: str, days: tuple[str, str], moment: str) -> None:
    rules = read_rules(some_rules(statistical_month_first_day=first, default_as_of_day=as_of))
    period = rules.statistical_month(month)
    assert (period.first.isoformat(), period.last.isoformat()) == days
    assert rules.default_as_of(month) == day_end(date.fromisoformat(moment))


@given(
    first=st.integers(1, 28),
    as_of=st.integers(1, 28),
    day=st.dates(date(2000, 1, 1), date(2090, 1, 1)),
)
def test_every_day_belongs_to_one_statistical_month_which_is_over_at_its_as_of(first: int, as_of: int, day: date) -> None:
    rules = read_rules(some_rules(statistical_month_first_day=first, default_as_of_day=as_of))
    month = rules.month_of(day)
    period = rules.statistical_month(month)
    assert day in period
    assert rules.month_of(period.last + timedelta(days=1)) > month > rules.month_of(period.first - timedelta(days=1))
    assert rules.default_as_of(month) >= day_end(period.last)


def test_no_month_is_no_month() -> None:
    for text in ("2026-13", "2026-3", "March"):
        with pytest.raises(ValueError, match="YYYY-MM"):
            packaged_rules().statistical_month(text)


def test_house_rules_are_read_whole_or_refused() -> None:
    assert read_house_rules(some_house_rules(packaged_house_rules().version)) == packaged_house_rules()
    for wrong in (b"", b"{}", some_house_rules(escalation={"after_days": 0}), some_house_rules(alerts={"more": 1})):
        with pytest.raises(RulesRefused):
            read_house_rules(wrong)
