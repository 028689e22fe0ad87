"""What the answer is, how long it takes, and when people are told: without any ledger."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from adapters.certificates.pacing import Pace
from exchange.certificates.check import CheckAnswer, judged
from exchange.certificates.limits import OF_CERTIFICATE, OF_HOLDER, OF_KEY, Misses
from exchange.people.document import DocumentType
from exchange.people.record import Certificate, DocumentRef
from tests.builders import a_day, a_moment, a_person, an_id_number
from tests.certificates.support import CERTIFICATE, EXPIRED, NUMBER, REVOKED, a_question, issued

VALID, NOT_VALID, UNKNOWN = CheckAnswer.VALID, CheckAnswer.NOT_VALID, CheckAnswer.UNKNOWN
TODAY = a_day()


@pytest.mark.parametrize(
    ("certificate", "answer"),
    [
        (CERTIFICATE, VALID),
        (REVOKED, NOT_VALID),
        (EXPIRED, NOT_VALID),
        (Certificate(number=NUMBER), VALID),
        (structs.replace(CERTIFICATE, valid_until=TODAY), VALID),
        (structs.replace(CERTIFICATE, revoked_on=TODAY), NOT_VALID),
        (structs.replace(CERTIFICATE, revoked_on=TODAY + timedelta(days=1)), VALID),
        (structs.replace(CERTIFICATE, number="WC-2026-00018"), UNKNOWN),
        (structs.replace(REVOKED, number="WC-2026-00018"), UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_a_certificate_that_was_found_is_valid_unless_it_was_revoked_or_has_expired(certificate, answer):
    assert judged(a_question(), [issued(certificate=certificate)], TODAY) is answer


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "WC-2026-00018"},
        {"name": "王小红"},
        {"document": DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(2))},
        {"document": DocumentRef(type=DocumentType.PASSPORT, number=an_id_number(1))},
    ],
)
@pytest.mark.parametrize("certificate", [CERTIFICATE, REVOKED, EXPIRED])
def test_all_three_must_fit_or_nothing_is_known_of_it(changes, certificate):
    assert judged(replace(a_question(), **changes), [issued(certificate=certificate)], TODAY) is UNKNOWN


def test_spelling_that_does_not_change_a_name_or_a_number_does_not_count():
    entry = issued(person=a_person(name="阿依古丽·买买提"))
    assert judged(a_question(name="阿依古丽·买买提", number=NUMBER.lower()), [entry], TODAY) is VALID


def test_a_protected_person_is_not_found():
    assert judged(a_question(), [issued(protected=True)], TODAY) is UNKNOWN


def test_of_several_entries_of_the_person_the_open_one_tells_and_then_the_latest():
    closed = replace(issued(1, REVOKED), closed_at=a_moment(9), opened_at=a_moment(8))
    older = replace(issued(2, EXPIRED, person=a_person()), closed_at=a_moment(7), opened_at=a_moment(5))
    open_ = issued(3, person=a_person(), opened_at=a_moment(1))
    for several in permutations([closed, older, open_]):
        assert judged(a_question(), several, TODAY) is VALID
    assert judged(a_question(), [older, closed], TODAY) is NOT_VALID


days = st.none() | st.dates(date(2026, 2, 20), date(2026, 3, 20))


@given(
    number=st.sampled_from([NUMBER, "X-1"]),
    name=st.sampled_from([a_person().name, "李四"]),
    document=st.sampled_from([an_id_number(1), an_id_number(2)]),
    until=days,
    revoked=days,
    protected=st.booleans(),
    today=st.dates(date(2026, 2, 20), date(2026, 3, 20)),
)
def test_the_answer_is_what_a_clerk_would_say_who_looks_at_the_register(number, name, document, until, revoked, protected, today):
    held = Certificate(number=number, valid_until=until, revoked_on=revoked)
    entry = issued(certificate=held, person=a_person(name=name), protected=protected)
    question = a_question(document=DocumentRef(type=DocumentType.ID_NUMBER, number=document))
    fits = number == NUMBER and name == a_person().name and document == an_id_number(1) and not protected
    ended = (until is not None and today > until) or (revoked is not None and today >= revoked)
    assert judged(question, [entry], today) is (UNKNOWN if not fits else NOT_VALID if ended else VALID)


@given(st.integers(0, 100), st.integers(0, 12), st.integers(0, 12))
def test_people_are_told_exactly_when_a_miss_reaches_a_limit(caller, certificate, holder):
    misses = Misses(caller, certificate, holder)
    told = misses.reached_by_one_more(OF_KEY)
    assert ("caller" in told, "certificate" in told, "holder" in told) == (
        caller == OF_KEY - 1,
        certificate == OF_CERTIFICATE - 1,
        holder == OF_HOLDER - 1,
    )
    assert misses.hold_back is (certificate >= OF_CERTIFICATE or holder >= OF_HOLDER)


class Watch:
    """A clock that shows what it is told, and passes when somebody sleeps."""

    def __init__(self) -> None:
        self.shown = 100.0

    def now(self) -> float:
        return self.shown

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.shown += seconds


@given(st.floats(0, 3, exclude_max=True))
def test_an_answer_leaves_on_the_beat_whatever_the_work_took(took):
    watch = Watch()
    with Pace(0.25, clock=watch.now, sleep=watch.sleep).steady():
        watch.shown += took
    beats = (watch.shown - 100) / 0.25
    assert beats == pytest.approx(round(beats), abs=1e-6)
    assert took < watch.shown - 100 <= took + 0.25 + 1e-6


@given(st.floats(0, 3, exclude_max=True))
def test_an_answer_for_which_no_thread_waits_leaves_on_the_beat_too(took):
    watch = Watch()

    async def rest(seconds: float) -> None:
        watch.sleep(seconds)

    async def work() -> None:
        async with Pace(0.25, clock=watch.now, rest=rest).steadily():
            watch.shown += took

    asyncio.run(work())
    beats = (watch.shown - 100) / 0.25
    assert beats == pytest.approx(round(beats), abs=1e-6)
    assert took < watch.shown - 100 <= took + 0.25 + 1e-6


def test_a_refusal_waits_for_nothing():
    watch = Watch()
    with pytest.raises(ValueError, match="refused"), Pace(0.25, clock=watch.now, sleep=watch.sleep).steady():
        raise ValueError("refused")
    assert watch.shown == 100
