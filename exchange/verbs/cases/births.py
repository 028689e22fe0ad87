"""Whose a birth registration (生育登记) is: one clerk's, who alone is shown of whom it is, and alone acts on it."""

from collections.abc import Iterable
from datetime import date

from exchange.cases.case import Case
from exchange.codes import Purpose, Role
from exchange.errors import Forbidden
from exchange.exchanges import Exchange, ExchangeKey
from exchange.ledger import Ledger
from exchange.verbs.cases.reading import cases_of


class NotYourExchange(Forbidden):
    """The exchange is another clerk's, or nobody's yet."""

    code = "not-your-exchange"
    zh = "该信息交换由其他经办人办理或尚未领办：未领办的可直接领办（POST …/clerk），已领办的可由其移交。"
    en = "The exchange is another clerk's, who can hand it over; one that is nobody's yet can be taken over (`POST …/clerk`)."


def may_see_people(case: Case | None, by: str) -> bool:
    """Whether a clerk of the county may see who the case is about: of a birth registration, its own clerk alone."""
    return case is None or case.service is not Purpose.BIRTH_REGISTRATION or case.owner == by


def hidden_from(ledger: Ledger, exchanges: Iterable[Exchange], by: str, today: date) -> frozenset[ExchangeKey]:
    """Which of these are birth registrations of others, so that their people are not shown and nothing is done with them.

    One that a case opened is its clerk's. Of any other it is the clerk who asked, or on the asked side who took it over; what
    nobody has taken over yet is nobody's. What is shown as another service is treated as one: else it would be told by that.
    """
    births = [each for each in exchanges if each.told_as_birth(today)]
    cases = cases_of(ledger, [each.key for each in births if each.key.role is Role.ASKER])
    owners = {each.key: cases[each.key].owner if each.key in cases else each.clerk for each in births}
    return frozenset(key for key, owner in owners.items() if owner != by)
